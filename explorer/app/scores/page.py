"""Scores: every figure of every scores.json, as tables and pictures, beside what papers print."""

from collections import Counter
from functools import partial

import pandas as pd
import streamlit as st

from explorer.app.scores.comparisons import show_comparisons
from explorer.app.scores.every_figure import how, show_everything
from explorer.app.scores.figures import (
    show_coherence,
    show_latent_accuracy,
    show_likelihood,
    show_reconstruction,
    show_trade_off,
)
from explorer.app.scores.rankings import show_published, show_rankings
from explorer.app.scores.which_rule import show_which_rule
from explorer.app.shared.choices import SUBJECTS, choose_dataset, say_nothing_is_trained
from explorer.catalog.looks import LABELS, MODEL_LABELS
from explorer.catalog.subjects import in_markdown
from explorer.results.scores import (
    MEASURES,
    Evaluation,
    Score,
    absences,
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
from explorer.results.scores import columns as headline_columns

GUESSES = {"clear": "Larger than noise", "noise": "Within noise"}
ASKED = ("latent_accuracy", "coherence", "self_coherence", "joint_coherence", "ssim")
SECTIONS = {"accuracy": "latent_accuracy", "log p(x)": "likelihood", "draws": "likelihood"}
SECTIONS |= {"coherence": "coherence", "joint": "coherence", "SSIM": "reconstruction"}
TASKS = ("reconstruction", "many to one", "one to one")
UNTRAINED = "not trained yet"
DRAWN = 8
"""Models that are drawn until others are chosen; more are hard to tell apart."""


def main() -> None:
    st.title("Scores")
    st.markdown(
        "What the same networks learn when only the model around them changes, on held-out test "
        "samples. No figure is typed in by hand: each is read from the file that "
        "`python -m explorer evaluate` writes beside a checkpoint."
    )
    dataset = choose_dataset()
    st.markdown(in_markdown(SUBJECTS[dataset].idea))
    every = read_evaluations(dataset)
    trained = [evaluation for evaluation in every if evaluation.problem != UNTRAINED]
    figures = tidy(trained)
    show_which_rule(figures)
    if trained:
        show_leaderboard(trained, figures, dataset)
    else:
        say_nothing_is_trained(dataset)
    missing = [MODEL_LABELS[e.model] for e in every if e.problem == UNTRAINED]
    if trained and missing:
        with st.expander(f"Not trained on this dataset: {len(missing)}"):
            st.markdown("; ".join(missing))
            st.code(
                f"python -m explorer train --dataset {dataset} --model KEY --minutes 4\n"
                f"python -m explorer evaluate --dataset {dataset} --model KEY",
                language="bash",
            )
    shown = choose_shown(trained)
    chosen = {evaluation.model for evaluation in shown}
    scores = [score for score in figures if score.model in chosen]
    if scores:
        show_noise(scores, dataset)
        show_latent_accuracy(scores, SUBJECTS[dataset])
        show_coherence(scores, SUBJECTS[dataset])
        show_trade_off(scores)
        show_likelihood(scores)
        show_reconstruction(scores)
    elif trained:
        st.info("Nothing to draw: choose at least one evaluated model above.")
    show_comparisons(dataset)
    show_rankings(figures, dataset)
    show_published(scores, dataset)
    if scores:
        show_everything(scores, shown)


def show_leaderboard(evaluations: list[Evaluation], scores: list[Score], dataset: str) -> None:
    """All models with a checkpoint, a row each."""
    rows = {
        evaluation.model: headline(scores, evaluation.model)
        for evaluation in evaluations
        if evaluation.scores is not None
    }
    columns = headline_columns(rows.values())
    st.header("All models")
    st.markdown(budgets(evaluations))
    cells = [[rows.get(evaluation.model, {}).get(c) for c in columns] for evaluation in evaluations]
    values = [[score and score.value for score in row] for row in cells]
    table = pd.DataFrame(values, columns=columns, dtype=float)
    table.insert(0, "model", [MODEL_LABELS[evaluation.model] for evaluation in evaluations])
    for name in ("steps", "core_minutes", "seed", "commit"):
        table[name.replace("_", "-")] = [e.trained.get(name) for e in evaluations]
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
        alt="Headline scores, one row a model; the same figures are in the downloads below.",
        column_config={
            "model": st.column_config.Column(pinned=True),
            "core-minutes": st.column_config.NumberColumn(format="%.1f"),
            **{
                column: st.column_config.NumberColumn(help=how(evaluations, section_of(column)))
                for column in columns
            },
        },
        key="headline",
    )
    show_reasons(evaluations)
    if rows:
        show_origin(evaluations, scores)
        show_downloads(evaluations, scores, dataset)


def budgets(evaluations: list[Evaluation]) -> str:
    """What the rows had to learn with, and that they are not equal where they are not."""
    counts = Counter(e.trained.get("steps") for e in evaluations if e.trained.get("steps"))
    if len(counts) == 1:
        steps = next(iter(counts))
        return f"Every model was trained for {steps:,} steps, once."
    groups = [
        f"**{steps:,} steps**: "
        + "; ".join(MODEL_LABELS[e.model] for e in evaluations if e.trained.get("steps") == steps)
        for steps in sorted(counts, reverse=True)
    ]
    return (
        "**Budgets differ**, so rows compare fairly only with others of the same one. "
        + ". ".join(groups)
        + ". Each was trained once. For equal budgets and several seeds, see the comparisons below."
    )


def show_reasons(evaluations: list[Evaluation]) -> None:
    """Why cells and rows are empty."""
    problems = [
        f"- **{MODEL_LABELS[evaluation.model]}** has no figures, {evaluation.problem}: "
        f"`{evaluation.remedy}`"
        for evaluation in evaluations
        if evaluation.problem
    ]
    if problems:
        st.warning("\n".join(problems))
    reasons: dict[str, list[str]] = {}
    for evaluation in evaluations:
        for reason in dict.fromkeys(absences(evaluation).values()):
            reasons.setdefault(reason, []).append(MODEL_LABELS[evaluation.model])
    if reasons:
        st.markdown(
            "A dash stands where a figure is not defined, or not measured:\n\n"
            + "\n".join(
                f"- {'; '.join(models)}: {reason.rstrip('.')}."
                for reason, models in reasons.items()
            )
        )


def show_origin(evaluations: list[Evaluation], scores: list[Score]) -> None:
    origins = [e.scores["computed"] for e in evaluations if e.scores is not None]
    commits = ", ".join(sorted({str(origin["commit"]) for origin in origins}))
    machines = ", ".join(sorted({f"torch {o['torch']} on {o['cpu']}" for o in origins}))
    st.caption(
        "After the comma: how many modalities were given. Bold: the best, and every model that is "
        "not clearly worse. Click a column to sort, or hold the pointer on it for how it was "
        f"computed. ± is a 95 % interval over test samples ({resting_on(scores)}). It leaves out "
        "what a second training run would change, and samples share source material, so it is "
        f"rather too narrow. Evaluated at commit {commits} with {machines}."
    )


def show_downloads(evaluations: list[Evaluation], scores: list[Score], dataset: str) -> None:
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
                f"Download {label}", text, f"scores-{dataset}.{ending}", mime, help=what,
                on_click="ignore",
            )  # fmt: skip


def choose_shown(evaluations: list[Evaluation]) -> list[Evaluation]:
    """The models that figures show; those of page 1 until others are chosen."""
    models = [e.model for e in evaluations if e.scores is not None]
    if not models:
        return []
    default = [model for model in models if model in LABELS] or models[:DRAWN]
    chosen = st.pills(
        "Models in the figures below",
        models,
        selection_mode="multi",
        default=default,
        format_func=MODEL_LABELS.get,
        key="shown",
        bind="query-params",
        help="More than eight are hard to tell apart. The link to this page keeps the choice.",
        wrap=True,
    )
    return [evaluation for evaluation in evaluations if evaluation.model in chosen]


def show_noise(scores: list[Score], dataset: str) -> None:
    options = {
        f"{score.measure}.{score.given}": score
        for score in scores
        if score.measure in ASKED and score.target in ("", "mean")
    }
    if not options:
        return
    st.header("Is this difference larger than noise?")
    st.markdown(
        "Two numbers always differ. Choose a measure and two models, decide from the table, then "
        "look."
    )
    left, middle, right = st.columns(3)
    asked = left.selectbox(
        "Measure", list(options), format_func=lambda key: name(options[key]),
        key=f"measure-{dataset}" if dataset != "polydigits" else "measure", bind="query-params",
    )  # fmt: skip
    measure, given, target = options[asked].measure, options[asked].given, options[asked].target
    found = select(scores, measure, given=given, target=target)
    models = list(found)
    if len(models) < 2:
        st.info("Choose at least two models above that have this figure.")
        return
    pair = [
        column.selectbox(
            label, models, index, format_func=MODEL_LABELS.get, key=key, bind="query-params"
        )
        for column, label, index, key in (
            (middle, "One model", len(models) - 1, "one"),
            (right, "Another", len(models) - 2, "other"),
        )
    ]
    a, b = (found[model][0] for model in pair)
    if a.model == b.model:
        st.info("Choose two different models.")
        return
    guess = st.segmented_control(
        "Your answer",
        list(GUESSES),
        format_func=GUESSES.get,
        key=f"guess-{dataset}-{asked}-{'-'.join(pair)}",
    )
    if guess is not None:
        reveal(a, b, guess)


def reveal(a: Score, b: Score, guess: str) -> None:
    gap, low, high = difference(a, b)
    truth = "clear" if is_clear(a, b) else "noise"
    first, second = MODEL_LABELS[a.model], MODEL_LABELS[b.model]
    verdict = "Yes." if guess == truth else "No."
    digits = MEASURES[a.measure].digits
    st.markdown(
        f"**{verdict}** {first} has {a}, {second} has {b}. The difference is "
        f"{gap:+.{digits}f}, with a 95 % interval from {low:+.{digits}f} to {high:+.{digits}f}: "
        + (
            "zero is outside, so other test samples would very likely show the same order."
            if truth == "clear"
            else "zero is inside, so these test samples do not tell which is better."
        )
    )
    st.caption(
        f"From {a.n} test samples (or draws). Errors are taken as independent, though both models "
        "were asked about the same samples, so the true interval is rather narrower. What it "
        "cannot hold: another seed would train other weights. One run of each says which of these "
        "two *checkpoints* is better; to compare the *models*, train several seeds of each."
    )


def name(score: Score) -> str:
    """A measure in words: ``coherence, 1 given``."""
    return MEASURES[score.measure].label + (f", {score.given} given" if score.given else "")


def section_of(column: str) -> str:
    """Section of scores.json that a headline is from; of attributes where modalities name it."""
    if column.endswith(tuple(TASKS)):
        return "translation"
    return SECTIONS.get(column.split(",")[0], "average_precision")


def resting_on(scores: list[Score]) -> str:
    """On how many test samples or draws the headline figures rest."""
    asked = ("latent_accuracy", "coherence", "joint_coherence", "log_likelihood", "ssim")
    asked += ("latent_precision", "precision")
    counts = {m: sorted({s.n for s in scores if s.measure == m and s.n}) for m in asked}
    return ", ".join(
        f"{' or '.join(map(str, numbers))} for {MEASURES[m].label.split(',')[0]}"
        for m, numbers in counts.items()
        if numbers
    )


main()
