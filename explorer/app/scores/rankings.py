"""Who is best over many outcomes, in the papers and here; and the tables that papers print."""

import pandas as pd
import streamlit as st

from explorer.app.scores.figures import draw, theme
from explorer.app.shared.downloads import offer
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.published import PUBLISHED, translation
from explorer.catalog.subjects import SUBJECTS, in_markdown
from explorer.drawing import plots
from explorer.results.ranking import Outcomes, average_ranks, times_best, win_loss
from explorer.results.scores import select, translation_outcomes

MEANING = (
    "Within each outcome (one measure of one modality in one task) models are ranked from 1, "
    "best, to 0, worst; the average rank is the mean over outcomes. The win-loss table counts in "
    "how many the row's model beats the column's. A star marks p below .05 in a one-sided "
    "binomial test, which takes outcomes for independent. Those of one trained model are not, so "
    "p is too small; and nothing is said of by how much."
)
Z = 1.959964


def show_rankings(scores: pd.DataFrame, dataset: str) -> None:
    st.markdown(MEANING)
    st.subheader("As published: 42 outcomes of the MAC-WAE study")
    st.warning(
        "**Not rerun by us, and on other data.** " + " ".join(published_in_words()),
        icon=":material/history_edu:",
    )
    without = st.toggle("Leave M-WAE out, as the paper's own count does", key="without")
    outcomes = {
        key: {m: value for m, value in values.items() if not (without and m == "m_wae")}
        for key, values in translation.OUTCOMES.items()
    }
    show_ranking(outcomes, translation.BETTER, "published")
    st.markdown("What is known of these numbers:\n\n" + bullets(translation_caveats()))
    st.subheader(f"Our own models on {in_markdown(SUBJECTS[dataset].label)}")
    own, better = translation_outcomes(scores)
    if not own:
        st.info(
            "The evaluations at hand hold no translations yet; write them with "
            f"`python -m explorer evaluate --dataset {dataset} --model all`."
        )
        return
    st.markdown(
        f"{len(own)} outcomes: reconstruction, many to one and one to one of every modality, by "
        "SSIM for images, BLEU-3 of characters for text, RMSE for the rest, and the mean accuracy "
        "of labels where there are several. One training run a model, and budgets differ where "
        "the first table says so."
    )
    ranked = {model for values in own.values() for model in values}
    others = [model for model in dict.fromkeys(scores["model"]) if model not in ranked]
    if others:
        st.markdown(
            "Left out, because their evaluations are older than this measure: "
            + "; ".join(MODEL_LABELS[model] for model in others)
            + ". `python -m explorer evaluate` adds it."
        )
    show_ranking(own, better, "own")


def published_in_words() -> list[str]:
    """What the 42 outcomes give, recomputed."""
    outcomes, better = translation.OUTCOMES, translation.BETTER
    without = {k: {m: v for m, v in o.items() if m != "m_wae"} for k, o in outcomes.items()}
    against = win_loss(outcomes, better)["mac_wae", "mopoe"]
    return [
        f"Recomputed from the printed table, MAC-WAE is best of all in "
        f"{times_best(outcomes, better)['mac_wae']} of {len(outcomes)}, and in "
        f"{times_best(without, better)['mac_wae']} once M-WAE is left out, which is the number the "
        "paper gives.",
        f"It beats Mixture of products in {against.wins} of {against.n} "
        f"(p = {against.p_value:.3f}).",
    ]


def translation_caveats() -> tuple[str, ...]:
    return PUBLISHED["mac_wae_reconstruction"].caveats


def show_ranking(outcomes: Outcomes, better: dict, name: str) -> None:
    """Average ranks as dots, wins and losses as a matrix, both to take away."""
    found = average_ranks(outcomes, better)
    best = times_best(outcomes, better)
    ranks = pd.DataFrame(
        {
            "model": MODEL_LABELS[model],
            "average rank": rank.mean,
            "standard error": rank.standard_error,
            "outcomes": rank.n,
            "best of all": best[model],
        }
        for model, rank in sorted(found.items(), key=lambda item: -item[1].mean)
    )
    intervals = {
        model: (
            rank.mean,
            rank.mean - Z * (rank.standard_error or 0),
            rank.mean + Z * (rank.standard_error or 0),
        )
        for model, rank in found.items()
    }
    draw(
        plots.plot_ranks(intervals, theme=theme()),
        "Dots with 95 % intervals of average ranks: "
        + "; ".join(f"{row['model']} {row['average rank']:.2f}" for _, row in ranks.iterrows()),
        key=f"ranks-{name}",
    )
    counts = win_loss(outcomes, better)
    draw(
        plots.plot_win_loss(counts, theme=theme()),
        "Matrix of wins, the row's model over the column's: "
        + "; ".join(
            f"{MODEL_LABELS[row]} over {MODEL_LABELS[column]} {count.wins} of {count.n}"
            for (row, column), count in counts.items()
        ),
        key=f"wins-{name}",
    )
    offer(ranks, "Ranks", f"ranks-{name}")
    pairs = pd.DataFrame(
        {
            "model": MODEL_LABELS[row],
            "against": MODEL_LABELS[column],
            **count._asdict(),
            "p": count.p_value,
        }
        for (row, column), count in counts.items()
    )
    offer(pairs, "Wins and losses", f"wins-{name}")


def show_published(scores: pd.DataFrame, dataset: str) -> None:
    st.warning(
        "**Not rerun by us, and on other data,** or on the same data prepared otherwise. Compare "
        "the order of models and the shape of curves, not digits.",
        icon=":material/history_edu:",
    )
    nearest_first = sorted(PUBLISHED, key=lambda key: dataset not in PUBLISHED[key].ours)
    titles = {key: f"{PUBLISHED[key].dataset}: {PUBLISHED[key].measure}" for key in nearest_first}
    chosen = st.selectbox(
        "Published table", list(titles), format_func=titles.get, key="scores_paper"
    )
    table = PUBLISHED[chosen]
    rows = [
        [MODEL_LABELS[model], *numbers.split(), source] for model, source, numbers in table.rows
    ]
    ours = table.ours.get(dataset, ())
    for model in dict.fromkeys(scores["model"]) if ours else ():
        nearest = [
            select(scores, measure, given=given, target=target).get(model, ["–"])[0]
            for measure, given, target in ours
        ]
        rows.append(
            [MODEL_LABELS[model], *map(str, nearest), f"ours, on {SUBJECTS[dataset].label}"]
        )
    order = [row[0] for row in rows]
    shown = pd.DataFrame(rows, columns=["model", *table.columns, "from"]).sort_values(
        "model", key=lambda models: models.map(order.index), kind="stable"
    )
    st.dataframe(
        shown,
        hide_index=True,
        height="content",
        column_config={"model": st.column_config.Column(pinned=True)},
        key="published",
    )
    st.markdown(
        "What is known to be wrong with these numbers, or different here:\n\n"
        + bullets(table.caveats)
    )
    offer(shown, "This table", chosen)


def bullets(sentences: tuple[str, ...]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)
