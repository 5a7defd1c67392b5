"""Figures of the full latent space beside its maps, and questions that they answer."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from explorer.app.latent_space import maps as atlas
from explorer.app.shared.loaded import outline
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.subjects import SUBJECTS, in_markdown, plural
from explorer.evaluation.maps import Embedding
from explorer.subsets import subset_title


def show_figures(maps: dict[str, Embedding], word: str) -> None:
    """Figures of the full latent space, beside what the maps keep of it."""
    st.header("What the maps leave out")
    first = next(iter(maps.values())).report
    st.markdown(
        f"Computed in all {first['fitted']['dimensions']} dimensions. Neighbors are the "
        f"{first['neighbors']['k']} nearest of {first['neighbors']['among']}, none of which shares "
        "its sources with the test set. The maps were fitted to the "
        f"{first['fitted']['points']} ({first['fitted']['method']})."
    )
    for column, (key, each) in zip(st.columns(len(maps)), maps.items(), strict=True):
        with column:
            st.subheader(MODEL_LABELS[key])
            show_by_number(each, word)
            show_faithfulness(each)
    with st.expander("Every subset, every figure"):
        key = (
            next(iter(maps))
            if len(maps) == 1
            else st.radio(
                "Model",
                list(maps),
                format_func=MODEL_LABELS.get,
                horizontal=True,
                key="latent_every",
            )
        )
        show_every_subset(maps[key], word)


FIGURES = {
    "accuracy": "neighbors name the {word}",
    "accuracy_shuffled_labels": "the same, labels dealt at random",
    "silhouette": "silhouette by {word}",
    "shift_to_all": "distance to the belief from everything",
    "variance_of_means": "variance of the means",
    "posterior_variance": "mean variance of the beliefs",
}
FIGURE_HELP = """
**Distance to the belief from everything**: mean distance between a dot and the dot of the same
tuple with everything seen, over the radius of the cloud of the latter. **Variance of the means**
plus **mean variance of the beliefs** is 1 per dimension where the beliefs together fill the prior
N(0, 1); much less, and draws from the prior land where no tuple ever did. For a mixture of experts
a belief's variance counts how far its experts lie apart. **Silhouette**: 1 where classes are
compact and apart, 0 where they touch, negative where they interleave.
"""


def show_by_number(each: Embedding, word: str) -> None:
    """Averages by the number of modalities seen."""
    figures = atlas.by_number(each, list(FIGURES))
    titles = named(word)
    table = pd.DataFrame({titles[key]: values for key, values in figures.items()}).T
    table.loc["both variances together"] = table.iloc[-2:].sum()
    table.columns = [f"{n} seen" for n in atlas.sizes(each)]
    st.table(table.style.format("{:.2f}"))
    with st.popover("What these mean"):
        st.markdown(FIGURE_HELP)


def named(word: str) -> dict[str, str]:
    """Figures of the report and what they are called."""
    return {key: title.format(word=word) for key, title in FIGURES.items()}


def show_faithfulness(each: Embedding) -> None:
    report = each.report
    maps, overlap = report["layouts"], report["seed_overlap"]["shared_neighbors"]
    fits = [each for name, each in maps.items() if name.startswith("umap")]
    kept = sum(fit["neighbors_kept"] for fit in fits) / len(fits)
    trust = sum(fit["trustworthiness"] for fit in fits) / len(fits)
    gaps = pd.DataFrame(each.gaps, report["subsets"], report["subsets"])
    widest = gaps.stack().idxmax()
    ends = [titled(each)(subset) for subset in widest]
    agree = f"Two seeds agree on {sum(overlap) / len(overlap):.0%} of them. " if overlap else ""
    st.markdown(
        f"Of the {report['neighbors']['k']} dots nearest to a dot in all dimensions, UMAP keeps "
        f"{kept:.0%} and PCA {maps['pca']['neighbors_kept']:.0%}. {agree}Trustworthiness is "
        f"{trust:.2f} for UMAP and {maps['pca']['trustworthiness']:.2f} for PCA. The clouds of "
        f"{ends[0]} and {ends[1]} lie furthest apart: {gaps.loc[widest]:.2f} of their radius."
    )


def show_every_subset(each: Embedding, word: str) -> None:
    titles = named(word)
    subsets = map(titled(each), each.report["subsets"])
    table = pd.DataFrame(each.report["by_subset"], index=list(subsets))
    table = table[list(FIGURES)].rename(columns=titles)
    st.dataframe(
        table,
        height=420,
        column_config={
            titles["accuracy"]: st.column_config.ProgressColumn(
                titles["accuracy"], min_value=0, max_value=1, format="%.3f"
            )
        },
    )


@st.fragment
def ask(name: str, key: str) -> None:
    """Questions whose answers the map only suggests."""
    st.header("Look first, then check")
    each, word = atlas.embedding(name, key), SUBJECTS[name].word
    names, subsets = outline(name).classes, each.report["subsets"]
    st.subheader(f"Which two {plural(word)} are really closest?")
    left, right = st.columns([1, 2])
    with left:
        st.markdown(f"In {MODEL_LABELS[key]}. Choose a subset, look at the map, name the pair.")
        subset = st.selectbox(
            "Seen", subsets, format_func=titled(each), key=f"latent_pairs_{name}_{key}"
        )
        guess = st.multiselect(
            "The closest two", names, max_selections=2, key=f"latent_guess_{name}_{key}"
        )
    counts = each.table[subsets.index(subset)].astype(float)
    totals = counts.sum(1, keepdims=True).clip(min=1)  # a class may have no tuple on the map
    mixed = pd.DataFrame(counts / totals, names, names)
    if len(guess) == 2:
        pairs = {(a, b): mixed.loc[a, b] + mixed.loc[b, a] for a in names for b in names if a < b}
        ranked = sorted(pairs, key=pairs.get, reverse=True)
        place = ranked.index(tuple(sorted(guess))) + 1
        with left:
            if place == 1:
                st.success(f"Yes: no two {plural(word)} share more neighbors.")
            else:
                a, b = map(in_markdown, ranked[0])
                st.info(f"Your pair is number {place} of {len(ranked)}: {a} and {b} share most.")
        with right:
            st.markdown(
                f"Of the neighbors of each {word} (row), how many are of which {word} (column):"
            )
            st.table(mixed.style.format("{:.0%}").map(shade))
    st.subheader(f"Which subset lost the most about the {word}?")
    guess = st.selectbox(
        "The subset",
        subsets,
        index=None,
        format_func=titled(each),
        key=f"latent_lost_{name}_{key}",
        width=300,
    )
    if guess:
        accuracy = pd.Series(each.report["by_subset"]["accuracy"], subsets)
        worst = accuracy.idxmin()
        text = (
            f"Neighbors name {accuracy[guess]:.0%} of the {plural(word)} from {titled(each)(guess)}"
        )
        if guess == worst:
            st.success(f"{text}: the least of all {len(subsets)}.")
        else:
            st.info(f"{text}, but only {accuracy[worst]:.0%} from {titled(each)(worst)}.")
    st.subheader("If labels were dealt at random, how often would neighbors be right?")
    chance = f"1 in {len(names)}"
    guess = st.radio(
        "How often",
        list(dict.fromkeys(["never", chance, "1 in 2", "as often as now"])),
        index=None,
        horizontal=True,
        label_visibility="collapsed",
        key=f"latent_chance_{name}_{key}",
    )
    if guess:
        control = each.report["by_subset"]["accuracy_shuffled_labels"][-1]
        tell = st.success if guess == chance else st.info
        tell(
            f"{control:.0%} with everything seen: chance, since the map is the same and the labels "
            "say nothing. Shuffle the labels above: clusters stay, their meaning is gone."
        )


def titled(each: Embedding) -> Callable[[str], str]:
    """How the subsets on a map are called."""
    names = each.report["subsets"][-1].split("+")
    return lambda subset: subset_title(subset, names)


def shade(share: float) -> str:
    return f"background-color: rgba(90, 110, 220, {0.4 * share:.2f})"
