"""Scores: every figure of every scores.json, as tables and pictures, beside what papers print."""

from functools import partial

import pandas as pd
import streamlit as st

from explorer.pages.score_figures import (
    show_coherence,
    show_latent_accuracy,
    show_likelihood,
    show_reconstruction,
    show_trade_off,
)
from explorer.palette import LABELS
from explorer.published import PUBLISHED
from explorer.scores import (
    MEASURES,
    Evaluation,
    Score,
    as_csv,
    as_json,
    as_latex,
    difference,
    headline,
    is_clear,
    leaders,
    read_evaluations,
    select,
    tidy,
)
from explorer.scores import columns as headline_columns

DATASET = "polydigits"
GUESSES = {"clear": "Larger than noise", "noise": "Within noise"}
ASKED = ("latent_accuracy", "coherence", "self_coherence", "joint_coherence", "ssim")
SECTIONS = {"accuracy": "latent_accuracy", "log p(x)": "likelihood", "draws": "likelihood"}
SECTIONS |= {"coherence": "coherence", "joint": "coherence", "SSIM": "reconstruction"}


def main() -> None:
    st.title("Scores")
    st.markdown(
        "What the same network learns when only the rule changes by which it averages beliefs: "
        "real handwritten digits, held-out test tuples, one training run for each rule. "
        "No figure here is typed in by hand; each is read from the file that "
        "`python -m explorer evaluate` writes beside a checkpoint."
    )
    every = read_evaluations(DATASET)
    models = st.pills(
        "Rules",
        [evaluation.model for evaluation in every],
        selection_mode="multi",
        default=[evaluation.model for evaluation in every],
        format_func=LABELS.get,
        key="shown",
        bind="query-params",
        help="Tables and figures show these only; so does the link to this page.",
    )
    evaluations = [evaluation for evaluation in every if evaluation.model in models]
    scores = tidy(evaluations)
    if not evaluations:
        st.info("Choose at least one rule above.")
        return
    show_headline(evaluations, scores)
    if not scores:
        st.info("No rule has been evaluated yet, so there is nothing to draw below this table.")
        return
    show_noise(scores)
    show_latent_accuracy(scores)
    show_coherence(scores)
    show_trade_off(scores)
    show_likelihood(scores)
    show_reconstruction(scores)
    show_published(scores)
    show_everything(scores, evaluations)


def show_headline(evaluations: list[Evaluation], scores: list[Score]) -> None:
    rows = {
        evaluation.model: headline(scores, evaluation.model)
        for evaluation in evaluations
        if evaluation.scores is not None
    }
    columns = headline_columns(rows.values())
    cells = [[rows.get(evaluation.model, {}).get(c) for c in columns] for evaluation in evaluations]
    values = [[score and score.value for score in row] for row in cells]
    table = pd.DataFrame(values, columns=columns, dtype=float)
    table.insert(0, "rule", [LABELS[evaluation.model] for evaluation in evaluations])
    table["training"] = [training(evaluation) for evaluation in evaluations]
    styler = table.style
    for c, column in enumerate(columns):
        best = leaders(row[column] for row in rows.values() if column in row)
        for r, evaluation in enumerate(evaluations):
            if cells[r][c] is not None:
                styler.format(lambda _, score=cells[r][c]: str(score), subset=(r, column))
            if evaluation.model in best:
                styler.set_properties(subset=(r, column), **{"font-weight": "bold"})
    st.dataframe(
        styler,
        hide_index=True,
        height="content",
        placeholder="–",
        alt="Headline scores, one row a rule; the same figures are in the downloads below.",
        column_config={
            "rule": st.column_config.Column(pinned=True),
            **{
                column: st.column_config.NumberColumn(
                    help=how(evaluations, SECTIONS[column.split(",")[0]])
                )
                for column in columns
            },
        },
        key="headline",
    )
    problems = [
        f"- **{LABELS[evaluation.model]}** has no figures, {evaluation.problem}: "
        f"`{evaluation.remedy}`"
        for evaluation in evaluations
        if evaluation.problem
    ]
    if problems:
        st.warning("\n".join(problems))
    if rows:
        computed = next(e.scores["computed"] for e in evaluations if e.scores is not None)
        st.caption(
            "After the comma: how many modalities were given. Bold: the best, and every rule that "
            "is not clearly worse. Click a column to sort, or hold the pointer on it for how it "
            "was computed. "
            f"± is a 95 % interval over test tuples ({resting_on(scores)}). It leaves out what a "
            "second training run would change, as each rule was trained once, and tuples share "
            f"source digits, so it is rather too narrow. Evaluated at commit {computed['commit']} "
            f"with torch {computed['torch']} on {computed['cpu']}."
        )
        show_downloads(evaluations, scores)


def show_downloads(evaluations: list[Evaluation], scores: list[Score]) -> None:
    files = {
        "CSV": (
            "csv",
            "text/csv",
            "Every figure, a row each",
            partial(as_csv, scores, evaluations),
        ),
        "JSON": ("json", "application/json", "The files themselves", partial(as_json, evaluations)),
        "LaTeX": ("tex", "application/x-tex", "This table, booktabs", partial(as_latex, scores)),
    }
    with st.container(horizontal=True):
        for label, (ending, mime, what, text) in files.items():
            st.download_button(
                f"Download {label}", text, f"scores.{ending}", mime, help=what, on_click="ignore"
            )


def show_noise(scores: list[Score]) -> None:
    st.header("Is this difference larger than noise?")
    st.markdown(
        "Two numbers always differ. Choose a measure and two rules, decide from the table, then "
        "look."
    )
    models = list(dict.fromkeys(score.model for score in scores))
    if len(models) < 2:
        st.info("Choose at least two evaluated rules above.")
        return
    left, middle, right = st.columns(3)
    options = {
        f"{measure}.{score.given}": score
        for measure in ASKED
        for score in select(scores, measure)[models[0]]
        if score.target in ("", "mean")
    }
    asked = left.selectbox(
        "Measure", list(options), format_func=lambda key: name(options[key]), key="measure",
        bind="query-params",
    )  # fmt: skip
    pair = [
        column.selectbox(label, models, index, format_func=LABELS.get, key=key, bind="query-params")
        for column, label, index, key in (
            (middle, "One rule", len(models) - 1, "one"),
            (right, "Another", len(models) - 2, "other"),
        )
    ]
    measure, given, target = options[asked].measure, options[asked].given, options[asked].target
    a, b = (select(scores, measure, given=given, target=target)[model][0] for model in pair)
    if a.model == b.model:
        st.info("Choose two different rules.")
        return
    guess = st.segmented_control(
        "Your answer",
        list(GUESSES),
        format_func=GUESSES.get,
        key=f"guess-{asked}-{'-'.join(pair)}",
    )
    if guess is not None:
        reveal(a, b, guess)


def reveal(a: Score, b: Score, guess: str) -> None:
    gap, low, high = difference(a, b)
    truth = "clear" if is_clear(a, b) else "noise"
    first, second = LABELS[a.model], LABELS[b.model]
    verdict = "Yes." if guess == truth else "No."
    digits = MEASURES[a.measure].digits
    st.markdown(
        f"**{verdict}** {first} has {a}, {second} has {b}. The difference is "
        f"{gap:+.{digits}f}, with a 95 % interval from {low:+.{digits}f} to {high:+.{digits}f}: "
        + (
            "zero is outside, so other test tuples would very likely show the same order."
            if truth == "clear"
            else "zero is inside, so these test tuples do not tell which is better."
        )
    )
    st.caption(
        f"From {a.n} test tuples (or draws). Errors are taken as independent, though both rules "
        "were asked about the same tuples, so the true interval is rather narrower. What it cannot "
        "hold: another seed would train other weights. One run of each rule says which of these "
        "two *checkpoints* is better; to compare the *rules*, train several seeds of each."
    )


def show_published(scores: list[Score]) -> None:
    st.header("What the papers print")
    st.warning(
        "**Not rerun by us, and on other data.** Compare the order of rules and the shape of "
        "curves, not digits.",
        icon=":material/history_edu:",
    )
    titles = {key: f"{table.dataset}: {table.measure}" for key, table in PUBLISHED.items()}
    key = st.selectbox(
        "Published table", list(titles), format_func=titles.get, key="paper", bind="query-params"
    )
    table = PUBLISHED[key]
    rows = [[LABELS[model], *numbers.split(), source] for model, source, numbers in table.rows]
    for model in dict.fromkeys(score.model for score in scores if table.ours):
        nearest = [select(scores, m, given=given)[model][0] for m, given in table.ours]
        rows.append([LABELS[model], *map(str, nearest), f"ours, on {DATASET}"])
    st.dataframe(
        pd.DataFrame(rows, columns=["rule", *table.columns, "from"]).sort_values(
            "rule", key=lambda rules: rules.map(list(LABELS.values()).index), kind="stable"
        ),
        hide_index=True,
        height="content",
        column_config={"rule": st.column_config.Column(pinned=True)},
        key="published",
    )
    st.markdown(
        "What is known to be wrong with these numbers, or different here:\n\n"
        + "\n".join(f"- {caveat}" for caveat in table.caveats)
    )
    st.caption(
        "Published log-likelihoods are left out: the released code takes the mean of importance "
        "weights over different images, so those are not estimates of log p(x). On a model with a "
        "known answer of -17.06 it gives -11.69."
    )


def show_everything(scores: list[Score], evaluations: list[Evaluation]) -> None:
    st.header("Every figure")
    measure = st.selectbox(
        "Show",
        list(MEASURES),
        format_func=lambda key: MEASURES[key].label,
        key="figures",
        bind="query-params",
    )
    computed = {e.model: e.scores["computed"] for e in evaluations if e.scores is not None}
    rows = [
        {
            "rule": LABELS[score.model],
            "given": score.given,
            "target": score.target,
            "value": score.value,
            "low": score.interval[1] if score.standard_error is not None else None,
            "high": score.interval[2] if score.standard_error is not None else None,
            "n": score.n,
            "training runs": 1,
            "evaluated at commit": computed[score.model]["commit"],
            "hardware": computed[score.model]["cpu"],
        }
        for score in scores
        if score.measure == measure
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="every")
    st.caption(how(evaluations, MEASURES[measure].path.split("/")[0]))


def name(score: Score) -> str:
    """A measure in words: ``coherence, 1 given``."""
    return MEASURES[score.measure].label + (f", {score.given} given" if score.given else "")


def training(evaluation: Evaluation) -> str:
    if evaluation.problem:
        return f"{evaluation.problem}: {evaluation.remedy}"
    of = evaluation.trained
    return (
        f"{of.get('steps')} steps, {of.get('core_minutes')} core-minutes, seed {of.get('seed')}, "
        f"commit {of.get('commit')}"
    )


def how(evaluations: list[Evaluation], section: str) -> str:
    """How the evaluation says a section was computed, as a sentence."""
    text = next(e.scores for e in evaluations if e.scores is not None)[section]["how"]
    return f"{text[0].upper()}{text[1:]}."


def resting_on(scores: list[Score]) -> str:
    """On how many test tuples or draws the headline figures rest."""
    asked = ("latent_accuracy", "coherence", "joint_coherence", "log_likelihood", "ssim")
    counts = {measure: next(s.n for s in scores if s.measure == measure) for measure in asked}
    return ", ".join(f"{n} for {MEASURES[m].label.split(',')[0]}" for m, n in counts.items())


main()
