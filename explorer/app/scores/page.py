"""Scores: what the figures say in three sentences, the tables they rest on, and every figure."""

from functools import partial

import pandas as pd
import streamlit as st

from explorer.app.links import Field, bind, choice, keep, some
from explorer.app.scores import figures as drawn
from explorer.app.scores.comparisons import show_comparisons
from explorer.app.scores.every_figure import how, show_everything
from explorer.app.scores.loaded import Shelf, shelf
from explorer.app.scores.rankings import PUBLISHED, show_published, show_rankings
from explorer.app.scores.which_rule import show_which_rule
from explorer.app.shared.choices import SUBJECTS, choose_dataset, say_nothing_is_trained
from explorer.catalog.looks import LABELS, MODEL_LABELS
from explorer.catalog.subjects import in_markdown
from explorer.results.findings import leading_judge
from explorer.results.scores import (
    MEASURES,
    Evaluation,
    Score,
    absences,
    as_csv,
    as_json,
    as_latex,
    difference,
    is_clear,
    leaders,
    rows,
    select,
)
from explorer.results.scores import columns as headline_columns

PAGE = "scores"
GUESSES = {"clear": "Larger than noise", "noise": "Within noise"}
ASKED = ("latent_accuracy", "coherence", "self_coherence", "joint_coherence", "ssim")
SECTIONS = {"accuracy": "latent_accuracy", "log p(x)": "likelihood", "draws": "likelihood"}
SECTIONS |= {"coherence": "coherence", "joint": "coherence", "SSIM": "reconstruction"}
TASKS = ("reconstruction", "many to one", "one to one")
UNTRAINED = "not trained yet"
DRAWN = 8
"""Models that are drawn until others are chosen; more are hard to tell apart."""

FIGURES: dict[str, tuple[str, str]] = {
    "judges": ("Coherence by judge", "judged_coherence"),
    "coherence": ("Coherence", "coherence"),
    "targets": ("Target by target", "coherence_by_target"),
    "latent": ("Latent accuracy", "latent_accuracy_by_subset"),
    "trade": ("Coherence against the rest", "coherence"),
    "likelihood": ("log p(x)", "log_likelihood"),
    "sizes": ("log p(x) by size", "log_likelihood_by_size"),
    "reconstruction": ("Reconstruction", "ssim"),
}
"""What can be drawn of the chosen models: its name, and the measure that it takes."""

MORE: dict[str, str] = {
    "noise": "Is it noise?",
    "ranks": "Ranks and wins",
    "papers": "What papers print",
    "every": "Every figure",
}
"""What stands at the end of the page, one at a time."""


def main() -> None:
    st.title("Scores")
    dataset = choose_dataset()
    found = shelf(dataset)
    trained = [e for e in found.evaluations if e.problem != UNTRAINED]
    st.markdown(in_markdown(SUBJECTS[dataset].idea))
    for sentence in found.sentences:
        st.markdown(sentence)
    if found.sentences:
        st.caption(
            "One training run a model, intervals over test samples; budgets are in the details of "
            "the table. Every figure is read from the file that the command *evaluate* "
            "writes beside a checkpoint."
        )
    models = [e.model for e in trained if e.scores is not None]
    fields = state(found, models)
    bind(PAGE, fields, dataset)
    show_which_rule(found.table)
    show_comparisons(dataset)
    if trained:
        show_leaderboard(found, trained, dataset)
    else:
        say_nothing_is_trained(dataset)
    say_what_is_not_trained(found, trained, dataset)
    scores = found.table
    if models:
        chosen = choose_shown(models)
        scores = found.table[found.table["model"].isin(chosen)]
        show_figure(scores, dataset)
    shown = [e for e in trained if e.scores is not None and e.model in set(scores["model"])]
    show_more(found, scores, shown, dataset)
    keep(PAGE, fields, dataset)


def state(found: Shelf, models: list[str]) -> list[Field]:
    """What a link to the page holds, of the models and figures of this dataset."""
    default = [model for model in models if model in LABELS] or models[:DRAWN]
    figures = there(found.table) or ["coherence"]
    return [
        Field("shown", some(models), tuple(default)),
        Field("figure", choice(figures), figures[0]),
        Field("labels", choice(drawn.LABELLED), "all"),
        Field("against", choice(drawn.AGAINST), next(iter(drawn.AGAINST))),
        Field("more", choice(MORE), "noise"),
        Field("measure", choice(MEASURES), next(iter(MEASURES))),
        Field("paper", choice(PUBLISHED), next(iter(PUBLISHED))),
        *(
            [
                Field("ask", choice(list(asked)), next(iter(asked))),
                Field("one", choice(models), (default * 2)[-1]),
                Field("other", choice(models), (default * 2)[-2]),
            ]
            if (asked := questions(found.table))
            else []
        ),
    ]


def questions(scores: pd.DataFrame) -> dict[str, Score]:
    """What can be asked about noise: a key, and one score of the kind."""
    return {
        f"{score.measure}.{score.given}": score
        for score in rows(scores[scores["measure"].isin(ASKED)])
        if score.target in ("", "mean")
    }


def there(scores: pd.DataFrame) -> list[str]:
    """Figures that the scores have something to draw for."""
    measures = set(scores["measure"])
    return [key for key, (_, measure) in FIGURES.items() if measure in measures]


def show_leaderboard(found: Shelf, evaluations: list[Evaluation], dataset: str) -> None:
    """All models with a checkpoint, a row each."""
    rows = found.headlines
    columns = headline_columns(rows.values())
    st.header("All models")
    cells = [[rows.get(evaluation.model, {}).get(c) for c in columns] for evaluation in evaluations]
    values = [[score and score.value for score in row] for row in cells]
    table = pd.DataFrame(values, columns=columns, dtype=float)
    table.insert(0, "model", [MODEL_LABELS[evaluation.model] for evaluation in evaluations])
    st.dataframe(
        styled(table, cells, columns, rows, evaluations),
        hide_index=True,
        height=420 if len(table) > 11 else "content",
        placeholder="–",
        alt="Headline scores, one row a model; the same figures are in the downloads below.",
        column_config={
            "model": st.column_config.Column(pinned=True),
            **{
                column: st.column_config.NumberColumn(help=how(evaluations, section_of(column)))
                for column in columns
            },
        },
        key="headline",
    )
    problems = [e for e in evaluations if e.problem]
    for evaluation in problems:
        st.warning(f"**{MODEL_LABELS[evaluation.model]}** has no figures: `{evaluation.remedy}`")
        st.text(evaluation.problem)
    with st.expander("How to read it, budgets, what is missing, and the files"):
        show_budgets(evaluations)
        show_reasons(evaluations)
        if rows:
            show_origin(evaluations, found.table)
            show_downloads(evaluations, found.table, dataset)


def styled(
    table: pd.DataFrame,
    cells: list[list[Score | None]],
    columns: list[str],
    rows: dict[str, dict[str, Score]],
    evaluations: list[Evaluation],
) -> object:
    """The table with intervals written out, and what leads a column in bold."""
    styler = table.style
    for c, column in enumerate(columns):
        own = [row[c] for row in cells]
        texts = {score.value: str(score) for score in own if score is not None}
        styler.format(lambda value, texts=texts: texts.get(value, ""), subset=[column])
        for r, score in enumerate(own):
            if score is not None and texts[score.value] != str(score):  # equal, but less certain
                styler.format(lambda _, text=str(score): text, subset=(r, column))
        best = leaders(row[column] for row in rows.values() if column in row)
        weights = ["font-weight: bold" if e.model in best else "" for e in evaluations]
        styler.apply(lambda _, weights=weights: weights, subset=[column])
    return styler


def show_budgets(evaluations: list[Evaluation]) -> None:
    """Steps, minutes, seed and commit of each training."""
    names = ("steps", "core_minutes", "seed", "commit")
    table = pd.DataFrame(
        {"model": MODEL_LABELS[e.model], **{n.replace("_", "-"): e.trained.get(n) for n in names}}
        for e in evaluations
    )
    if table["steps"].nunique() > 1:
        st.markdown(
            "**Budgets differ**: rows compare fairly only with others of as many steps, or in a "
            "comparison on equal terms."
        )
    st.dataframe(table, hide_index=True, placeholder="–", key="budgets")


def show_reasons(evaluations: list[Evaluation]) -> None:
    """Why cells are empty."""
    reasons: dict[str, list[str]] = {}
    for evaluation in evaluations:
        for reason in dict.fromkeys(absences(evaluation).values()):
            reasons.setdefault(reason, []).append(MODEL_LABELS[evaluation.model])
    if reasons:
        st.markdown("A dash stands where a figure is not defined, or not measured:")
        st.dataframe(
            pd.DataFrame({"reason": r, "models": "; ".join(m)} for r, m in reasons.items()),
            hide_index=True,
            key="reasons",
        )


def say_what_is_not_trained(found: Shelf, trained: list[Evaluation], dataset: str) -> None:
    missing = [MODEL_LABELS[e.model] for e in found.evaluations if e.problem == UNTRAINED]
    if trained and missing:
        with st.expander(f"Not trained on this dataset: {len(missing)}"):
            st.markdown("; ".join(missing))
            st.code(
                f"python -m explorer train --dataset {dataset} --model KEY --minutes 4\n"
                f"python -m explorer evaluate --dataset {dataset} --model KEY",
                language="bash",
            )


def show_origin(evaluations: list[Evaluation], scores: pd.DataFrame) -> None:
    origins = [e.scores["computed"] for e in evaluations if e.scores is not None]
    commits = ", ".join(sorted({str(origin["commit"]) for origin in origins}))
    machines = ", ".join(sorted({f"torch {o['torch']} on {o['cpu']}" for o in origins}))
    judge = leading_judge(scores)
    st.caption(
        "After the comma: how many modalities were given. Bold: the best, and every model that is "
        "not clearly worse. Click a column to sort, or hold the pointer on it for how it was "
        f"computed. ± is a 95 % interval over test samples ({resting_on(scores)}). It leaves out "
        "what a second training run would change, and samples share source material, so it is "
        "rather too narrow. Coherence in this table is read by our own judge"
        + ("; the figure below has others. " if judge else ". ")
    )
    st.text(f"Evaluated at commit {commits} with {machines}.")


def show_downloads(evaluations: list[Evaluation], scores: pd.DataFrame, dataset: str) -> None:
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


def choose_shown(models: list[str]) -> list[str]:
    """The models that figures show."""
    return st.pills(
        "Models in the figures below",
        models,
        selection_mode="multi",
        format_func=MODEL_LABELS.get,
        key="scores_shown",
        help="More than eight are hard to tell apart. The link to this page keeps the choice.",
        wrap=True,
    )


def show_figure(scores: pd.DataFrame, dataset: str) -> None:
    """One figure of the chosen models at a time."""
    figures = there(scores)
    if not figures:
        st.info("Nothing to draw: choose at least one evaluated model above.")
        return
    if st.session_state.scores_figure not in figures:
        st.session_state.scores_figure = figures[0]
    key = st.segmented_control(
        "Figure", figures, required=True, format_func=lambda key: FIGURES[key][0],
        key="scores_figure",
    )  # fmt: skip
    subject = SUBJECTS[dataset]
    {
        "judges": partial(drawn.show_judges, dataset=dataset),
        "coherence": partial(drawn.show_coherence, subject=subject),
        "targets": partial(drawn.show_targets, subject=subject),
        "latent": partial(drawn.show_latent_accuracy, subject=subject),
        "trade": drawn.show_trade_off,
        "likelihood": drawn.show_likelihood,
        "sizes": drawn.show_by_size,
        "reconstruction": drawn.show_reconstruction,
    }[key](scores)


def show_more(found: Shelf, scores: pd.DataFrame, shown: list[Evaluation], dataset: str) -> None:
    """What most visitors do not need, one at a time."""
    asked = st.segmented_control(
        "More", list(MORE), required=True, format_func=MORE.get, key="scores_more"
    )
    if asked == "noise":
        show_noise(scores)
    elif asked == "ranks":
        show_rankings(found.table, dataset)
    elif asked == "papers":
        show_published(scores, dataset)
    elif shown:
        show_everything(scores, shown)


def show_noise(scores: pd.DataFrame) -> None:
    options = questions(scores)
    if not options:
        st.info("The chosen models have no figure to ask about.")
        return
    st.header("Is this difference larger than noise?")
    st.markdown(
        "Two numbers always differ. Choose a measure and two models, decide from the table, then "
        "look."
    )
    left, middle, right = st.columns(3)
    if st.session_state.scores_ask not in options:
        st.session_state.scores_ask = next(iter(options))
    asked = left.selectbox(
        "Measure", list(options), format_func=lambda key: name(options[key]), key="scores_ask"
    )
    measure, given, target = options[asked].measure, options[asked].given, options[asked].target
    found = select(scores, measure, given=given, target=target)
    models = list(found)
    if len(models) < 2:
        st.info("Choose at least two models above that have this figure.")
        return
    for key, place in (("scores_one", -1), ("scores_other", -2)):
        if st.session_state[key] not in models:
            st.session_state[key] = models[place]
    pair = [
        column.selectbox(label, models, format_func=MODEL_LABELS.get, key=key)
        for column, label, key in (
            (middle, "One model", "scores_one"),
            (right, "Another", "scores_other"),
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
        key=f"guess-{asked}-{'-'.join(pair)}",
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


def resting_on(scores: pd.DataFrame) -> str:
    """On how many test samples or draws the headline figures rest."""
    asked = ("latent_accuracy", "coherence", "joint_coherence", "log_likelihood", "ssim")
    asked += ("latent_precision", "precision")
    known = scores.dropna(subset="n")
    counts = {m: sorted(set(known[known["measure"] == m]["n"].astype(int))) for m in asked}
    return ", ".join(
        f"{' or '.join(map(str, numbers))} for {MEASURES[m].label.split(',')[0]}"
        for m, numbers in counts.items()
        if numbers
    )


main()
