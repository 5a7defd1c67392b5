"""Latent space: where models put what they see, subset by subset."""

import html
from dataclasses import replace

import pandas as pd
import streamlit as st

from explorer.aggregations import AGGREGATIONS
from explorer.evaluation.embedding import Embedding
from explorer.models import MODELS
from explorer.pages import atlas
from explorer.pages.lab import dataset
from explorer.pages.views import (
    Known,
    View,
    from_browser,
    read_view,
    settle,
    to_browser,
    write_view,
)
from explorer.palette import LABELS
from explorer.widgets.maps import pack, scatter, thumbnails

NOTHING = "nothing"
state = st.session_state

CAUTIONS = """
- **Size and density of a cluster mean nothing.** UMAP stretches sparse regions and shrinks dense
  ones. How widely a model spreads its beliefs is in the table below, not in the picture.
- **Distance between clusters means little.** UMAP keeps near neighbors near; gaps between clusters
  are not to scale. Compare with PCA, and check which digits are close in the table of neighbors.
- **Seeds agree more than they deserve.** Every fit starts from the same spectral layout; the seed
  only decides what follows. How many neighbors two seeds share is given below.
- **Clusters prove nothing, noise can cluster too.** Deal the labels at random: the same clusters,
  no meaning. Believe a cluster when the figures of the full latent space show it too.
- **Small knots are single tuples.** Each tuple is on the map 31 times, and many of a dot's nearest
  neighbors are the same tuple seen in other ways. That shapes the map, not only digits do.
- **Two maps share nothing but the tuples.** Each model has its own latent space. The right map is
  only turned to resemble the left one; positions cannot be compared, neighborhoods can.
- **A dot is only the mean of a belief.** How sure the model is cannot be seen. For the mixture of
  experts the dot lies between its experts, where the model may believe nothing at all.
"""


def main() -> None:
    st.title("Where does a model put what it sees?")
    st.markdown(
        "A thousand tuples of five pictures, each seen in all 31 ways: one picture alone, any two, "
        "up to all five. Each dot is the belief that a model forms, a point in 64 dimensions, "
        "flattened to two."
    )
    found = {key: atlas.embedding(key) for key in MODELS}
    maps = {key: each for key, each in found.items() if isinstance(each, Embedding)}
    reasons = {key: each for key, each in found.items() if key not in maps}
    if not maps:
        st.info("There is no map yet. Make the maps of all checkpoints, in a few minutes, with:")
        st.code("python -m explorer embed --dataset polydigits --model all", language="bash")
        excuse(reasons)
        return
    known = Known(
        list(maps),
        sorted({name for each in maps.values() for name in each.layouts}),
        [modality.name for modality in dataset(atlas.DATASET).modalities],
        min(len(each.tuples) for each in maps.values()),
    )
    take_link(known)
    view = choose_models(known)
    if reasons:
        excuse(reasons)
    if view.other and len(maps[view.other].tuples) != len(maps[view.model].tuples):
        st.warning("The two maps were made of different tuples; make both again to compare them.")
        view = state.latent_view = replace(view, other="")
    keys = tuple(filter(None, (view.model, view.other)))
    explore(pack(atlas.header(keys) | {"view": to_browser(view, known)}), known)
    st.header("What you may not conclude")
    st.markdown(CAUTIONS)
    show_figures({key: maps[key] for key in keys})
    ask(maps[view.model], view.model)
    thumbnails(atlas.sheet(view.model), key="latent_thumbnails")


def take_link(known: Known) -> None:
    """The view of the URL, when it is another than the one at hand."""
    names = View.__dataclass_fields__
    link = {name: value for name, value in st.query_params.items() if name in names}
    at_hand = state.get("latent_view")
    if at_hand is None or not {at_hand.model, at_hand.other} <= {"", *known.models}:
        at_hand = None
    if at_hand is None or (link and link != write_view(at_hand, known)):
        state.latent_view, notices = read_view(link, known)
        state.latent_model, state.latent_other = state.latent_view.model, state.latent_view.other
        for notice in notices:
            st.warning(notice)


def choose_models(known: Known) -> View:
    view = state.latent_view
    state.setdefault("latent_model", view.model)
    state.setdefault("latent_other", view.other)
    with st.container(horizontal=True, gap="medium"):
        model = st.selectbox(
            "Model", known.models, format_func=describe, key="latent_model", width=340
        )
        others = ["", *(key for key in known.models if key != model)]
        if state.latent_other not in others:
            state.latent_other = ""
        other = st.selectbox(
            "Beside it", others, format_func=describe, key="latent_other", width=340
        )
    state.latent_view = settle(replace(view, model=model, other=other), known)
    return state.latent_view


def describe(key: str) -> str:
    return f"{LABELS[key]} ({key})" if key else NOTHING


def excuse(reasons: dict[str, str]) -> None:
    count = "One model has" if len(reasons) == 1 else f"{len(reasons)} models have"
    with st.expander(f"{count} no map: why, and what to do", icon=":material/info:"):
        for key, reason in reasons.items():
            st.markdown(f"**{AGGREGATIONS[key].label}** (`{key}`)")
            st.text(reason)


@st.fragment
def explore(data: bytes, known: Known) -> None:
    """The maps, and what comes out of the picked point."""
    said = scatter(data, key="latent_maps")
    if said is not None:
        state.latent_view = from_browser(said, state.latent_view, known)
    view = state.latent_view
    link = write_view(view, known)
    if link != dict(st.query_params):
        st.query_params.from_dict(link)
    if view.item >= 0:
        show_outcome(view)


def show_outcome(view: View) -> None:
    """A table of pictures: what went in, and what each model makes of it."""
    given = tuple(view.given.split("+"))
    item = int(atlas.embedding(view.model).tuples[view.item])
    label = dataset(atlas.DATASET).test.labels[item]
    st.subheader(f"Digit {dataset(atlas.DATASET).classes[label]}, {' and '.join(given)} seen")
    show_table([row("what went in", atlas.went_in(item), given)])
    keys = list(filter(None, (view.model, view.other)))
    for column, key in zip(st.columns(len(keys)), keys, strict=True):
        made = atlas.outcome(key, item, given)
        with column:
            st.markdown(f"**What {LABELS[key]} makes of it**")
            if isinstance(made, str):
                st.warning(made)
            else:
                show_table([row(kind, cells) for kind, cells in made.items()])


def show_table(rows: list[str]) -> None:
    heads = "".join(
        f'<th scope="col">{html.escape(m.name)}</th>' for m in dataset(atlas.DATASET).modalities
    )
    st.html(
        f"<style>{TABLE}</style><div class='outcome'><table>"
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


TABLE = """
.outcome { overflow-x: auto }
.outcome table { border-collapse: collapse; border: 0 }
.outcome td, .outcome th {
  border: 0; padding: 0.25rem 0.5rem; text-align: center; font-weight: 400;
}
.outcome tbody th { text-align: left; min-width: 7rem; padding-left: 0 }
.outcome img {
  width: 56px; height: 56px; image-rendering: pixelated; border-radius: 5px; display: block;
  margin: 0 auto 0.2rem;
}
.outcome .hidden img { opacity: 0.35 }
.outcome .seen img { outline: 3px solid currentColor }
.outcome small { font-size: 0.8125rem }
@media (max-width: 44rem) {
  .outcome img { width: 44px; height: 44px }
  .outcome td, .outcome th { padding: 0.2rem 0.15rem }
  .outcome tbody th { min-width: 4.5rem }
}
"""


def row(title: str, cells: list[dict], given: tuple[str, ...] | None = None) -> str:
    """One line of the table; with ``given``, what was hidden is pale."""
    out = []
    for cell in cells:
        seen = given is None or cell["name"] in given
        kind = "" if given is None else "seen" if seen else "hidden"
        reads = "" if cell["reads"] is None else f"reads {cell['reads']}"
        note = f"{'seen, ' if seen else 'hidden, '}{reads}".rstrip(", ") if given else reads
        alt = html.escape(f"{title}, {cell['name']}, {note}")
        out.append(
            f'<td class="{kind}"><img src="{cell["png"]}" alt="{alt}"><small>{note}</small></td>'
        )
    return f'<tr><th scope="row">{html.escape(title)}</th>{"".join(out)}</tr>'


def show_figures(maps: dict[str, Embedding]) -> None:
    """Figures of the full latent space, beside what the maps keep of it."""
    st.header("What the maps leave out")
    first = next(iter(maps.values())).report
    st.markdown(
        f"Computed in all {first['fitted']['dimensions']} dimensions. Neighbors are the "
        f"{first['neighbors']['k']} nearest of {first['neighbors']['among']}, none of which shows "
        "a digit picture of the test set. The maps were fitted to the "
        f"{first['fitted']['points']} ({first['fitted']['method']})."
    )
    for column, (key, each) in zip(st.columns(len(maps)), maps.items(), strict=True):
        with column:
            st.subheader(LABELS[key])
            show_by_number(each)
            show_faithfulness(each)
    with st.expander("Every subset, every figure"):
        key = (
            next(iter(maps))
            if len(maps) == 1
            else st.radio(
                "Model", list(maps), format_func=describe, horizontal=True, key="latent_every"
            )
        )
        show_every_subset(maps[key])


FIGURES = {
    "accuracy": "neighbors name the digit",
    "accuracy_shuffled_labels": "the same, labels dealt at random",
    "silhouette": "silhouette of the digits",
    "shift_to_all": "distance to the belief from all five",
    "variance_of_means": "variance of the means",
    "posterior_variance": "mean variance of the beliefs",
}
FIGURE_HELP = """
**Distance to the belief from all five**: mean distance between a dot and the dot of the same tuple
with everything seen, over the radius of the cloud of the latter. **Variance of the means** plus
**mean variance of the beliefs** is 1 per dimension where the beliefs together fill the prior
N(0, 1); much less, and draws from the prior land where no tuple ever did. For the mixture of
experts a belief's variance counts how far its experts lie apart. **Silhouette**: 1 where digits are
compact and apart, 0 where they touch, negative where they interleave.
"""


def show_by_number(each: Embedding) -> None:
    """Averages by the number of modalities seen."""
    figures = atlas.by_number(each)
    table = pd.DataFrame({name: figures[key] for key, name in FIGURES.items()}).T
    table.loc["both variances together"] = table.loc[list(FIGURES.values())[-2:]].sum()
    table.columns = [f"{n} seen" for n in range(1, table.shape[1] + 1)]
    st.table(table.style.format("{:.2f}"))
    with st.popover("What these mean"):
        st.markdown(FIGURE_HELP)


def show_faithfulness(each: Embedding) -> None:
    report = each.report
    maps, overlap = report["layouts"], report["seed_overlap"]["shared_neighbors"]
    fits = [each for name, each in maps.items() if name != "pca"]
    kept = sum(fit["neighbors_kept"] for fit in fits) / len(fits)
    trust = sum(fit["trustworthiness"] for fit in fits) / len(fits)
    gaps = pd.DataFrame(each.gaps, report["subsets"], report["subsets"])
    widest = gaps.stack().idxmax()
    agree = f"Two seeds agree on {sum(overlap) / len(overlap):.0%} of them. " if overlap else ""
    st.markdown(
        f"Of the {report['neighbors']['k']} dots nearest to a dot in all dimensions, UMAP keeps "
        f"{kept:.0%} and PCA {maps['pca']['neighbors_kept']:.0%}. {agree}Trustworthiness is "
        f"{trust:.2f} for UMAP and {maps['pca']['trustworthiness']:.2f} for PCA. The clouds of "
        f"{widest[0]} and {widest[1]} lie furthest apart: {gaps.loc[widest]:.2f} of their radius."
    )


def show_every_subset(each: Embedding) -> None:
    table = pd.DataFrame(each.report["by_subset"], index=each.report["subsets"])
    table = table[list(FIGURES)].rename(columns=FIGURES)
    st.dataframe(
        table,
        height=420,
        column_config={
            FIGURES["accuracy"]: st.column_config.ProgressColumn(
                FIGURES["accuracy"], min_value=0, max_value=1, format="%.3f"
            )
        },
    )


@st.fragment
def ask(each: Embedding, key: str) -> None:
    """Questions whose answers the map only suggests."""
    st.header("Look first, then check")
    names, subsets = dataset(atlas.DATASET).classes, each.report["subsets"]
    st.subheader("Which two digits are really closest?")
    left, right = st.columns([1, 2])
    with left:
        st.markdown(f"In {LABELS[key]}. Choose a subset, look at the map, name the pair.")
        subset = st.selectbox("Seen", subsets, key=f"latent_pairs_{key}")
        guess = st.multiselect(
            "The closest two", names, max_selections=2, key=f"latent_guess_{key}"
        )
    counts = each.table[subsets.index(subset)].astype(float)
    mixed = pd.DataFrame(counts / counts.sum(1, keepdims=True), names, names)
    if len(guess) == 2:
        pairs = {(a, b): mixed.loc[a, b] + mixed.loc[b, a] for a in names for b in names if a < b}
        ranked = sorted(pairs, key=pairs.get, reverse=True)
        place = ranked.index(tuple(sorted(guess))) + 1
        with left:
            if place == 1:
                st.success("Yes: no two digits share more neighbors.")
            else:
                a, b = ranked[0]
                st.info(f"Your pair is number {place} of {len(ranked)}: {a} and {b} share most.")
        with right:
            st.markdown("Of the neighbors of a digit (row), how many are of which digit (column):")
            st.table(mixed.style.format("{:.0%}").map(shade))
    st.subheader("Which subset lost the most about the digit?")
    guess = st.selectbox("The subset", subsets, index=None, key=f"latent_lost_{key}", width=300)
    if guess:
        accuracy = pd.Series(each.report["by_subset"]["accuracy"], subsets)
        worst = accuracy.idxmin()
        text = f"Neighbors name {accuracy[guess]:.0%} of the digits from {guess}"
        if guess == worst:
            st.success(f"{text}: the least of all {len(subsets)}.")
        else:
            st.info(f"{text}, but only {accuracy[worst]:.0%} from {worst}.")
    st.subheader("If labels were dealt at random, how often would neighbors be right?")
    guess = st.radio(
        "How often",
        ["never", "1 in 10", "1 in 2", "as often as now"],
        index=None,
        horizontal=True,
        label_visibility="collapsed",
        key=f"latent_chance_{key}",
    )
    if guess:
        control = each.report["by_subset"]["accuracy_shuffled_labels"][-1]
        tell = st.success if guess == "1 in 10" else st.info
        tell(
            f"{control:.0%} with everything seen: chance, since the map is the same and the labels "
            "say nothing. Shuffle the labels above: clusters stay, their meaning is gone."
        )


def shade(share: float) -> str:
    return f"background-color: rgba(90, 110, 220, {0.4 * share:.2f})"


main()
