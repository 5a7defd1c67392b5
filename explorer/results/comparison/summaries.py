"""What a comparison says: means over training runs, the beta of each model, tables and curves.

The unit is the training run. A figure of a run is a mean over test tuples; a figure here is a mean
over runs that differ in nothing but the seed, and its standard error is theirs, None for a single
run. Of three runs it is itself uncertain by half.

**How beta is selected**: by the mean of latent accuracy and conditional coherence, each averaged
over the numbers of given modalities, on training tuples held out for it. Both are shares between
0 and 1 that mean the same under every objective, and what the models are compared for; an ELBO
would not do, since beta is in it and not every model has one. Betas with fewer failed runs go
first. Where a model has one beta only, nothing is selected.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from explorer.catalog.looks import MODEL_LABELS
from explorer.results.comparison.runs import ComparisonError, Result, Settings
from explorer.results.ranking import average_ranks, win_loss
from explorer.results.scores import MEASURES


class Mean(NamedTuple):
    """A mean over runs, its standard error (None for a single run) and their number."""

    value: float
    standard_error: float | None
    n_runs: int

    @property
    def interval(self) -> tuple[float, float, float]:
        """Value, and one standard error below and above it, as figures take it."""
        error = self.standard_error or 0.0
        return self.value, self.value - error, self.value + error


class Figure(NamedTuple):
    """A number of one run: a key of ``MEASURES``, what was given, what was generated from it."""

    measure: str
    given: str
    target: str
    value: float


class Summary(NamedTuple):
    """A figure of a model at a beta, over its runs."""

    model: str
    beta: float
    measure: str
    given: str
    target: str
    value: float
    standard_error: float | None
    n_runs: int


class Axis(NamedTuple):
    """One number a run: a measure, and what of it.

    Parameters
    ----------
    measure
        Key of ``explorer.results.scores.MEASURES``.
    given
        Key of ``PICKS``, or a number of modalities, or a subset.
    target
        A modality, ``mean`` over them, or empty.
    """

    measure: str
    given: str = "mean"
    target: str = ""


class Point(NamedTuple):
    """Two measures of a model at one beta."""

    beta: float
    x: Mean
    y: Mean


PICKS: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": fmean,
    "best": max,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
}
"""What one number is made of those for each given: of log p(x), whose proposals are all lower
bounds, the best."""

HEADLINE: dict[str, Axis] = {
    "accuracy, one given": Axis("latent_accuracy", "first"),
    "accuracy, all given": Axis("latent_accuracy", "last"),
    "coherence, one given": Axis("coherence", "first"),
    "coherence, all but one": Axis("coherence", "last"),
    "joint coherence": Axis("joint_coherence"),
    "log p(x), nats": Axis("log_likelihood", "best"),
    "SSIM": Axis("ssim", target="mean"),
}
"""Columns of the one table."""

TRADE_OFFS: dict[str, tuple[Axis, Axis]] = {
    "coherence against log-likelihood": (
        Axis("log_likelihood", "best"),
        Axis("coherence", "mean"),
    ),
    "coherence against reconstruction error": (
        Axis("absolute_error", target="mean"),
        Axis("coherence", "first"),
    ),
    "latent accuracy against reconstruction error": (
        Axis("absolute_error", target="mean"),
        Axis("latent_accuracy", "first"),
    ),
}
"""Curves over beta, (x, y): figure 1 of the MoPoE paper (Sutter et al. 2021), and figures 3 to 5
of the MM-VAMP paper (Sutter et al. 2024), which show what one modality alone tells."""

RANKED = (
    "latent_accuracy",
    "coherence_by_target",
    "self_coherence",
    "joint_coherence",
    "log_likelihood",
    "ssim",
)
"""Measures whose figures are the outcomes of ranks and win-loss."""

TOGETHER = {"mean", "joint"}
"""Targets and subsets that repeat others, and count no second time as outcomes."""


def summarize(results: Iterable[Result]) -> list[Summary]:
    """Every figure of every model and beta, over its finished runs."""
    values: dict[tuple, list[float]] = {}
    for result, figures in _measured(results):
        for *name, value in figures:
            values.setdefault((*result.run[:2], *name), []).append(value)
    return [Summary(*key, *_mean(runs)) for key, runs in values.items()]


def select_beta(results: Iterable[Result]) -> dict[str, float]:
    """Each model's beta, by the rule at the top of this module; models that always failed are out.

    Raises
    ------
    ComparisonError
        Several betas and nothing to choose by.
    """
    found: dict[str, dict[float, list[Result]]] = {}
    for result in results:
        found.setdefault(result.run.model, {}).setdefault(result.run.beta, []).append(result)

    def merit(runs: list[Result]) -> tuple[int, float]:
        finished = [run for run in runs if run.scores is not None]
        try:
            score = fmean(run.validation["score"] for run in finished)
        except KeyError:
            raise ComparisonError(
                f"no validation score to select the beta of {runs[0].run.model} by; give one beta"
            ) from None
        return len(finished) - len(runs), score

    selection = {}
    for model, by_beta in found.items():
        finished = {
            beta: runs
            for beta, runs in by_beta.items()
            if any(run.scores is not None for run in runs)
        }
        if len(finished) == 1:
            selection[model] = next(iter(finished))
        elif finished:
            selection[model] = max(finished, key=lambda beta: merit(finished[beta]))
    return selection


def selected(results: Iterable[Result]) -> list[Result]:
    """Finished runs at each model's selected beta."""
    results = list(results)
    selection = select_beta(results)
    return [r for r in results if r.scores is not None and selection[r.run.model] == r.run.beta]


def headline(results: Iterable[Result]) -> dict[str, dict[str, Mean]]:
    """Return the one table: model to column to mean; a column is left out where it is undefined."""
    values: dict[str, dict[str, list[float]]] = {}
    for result, figures in _measured(selected(results)):
        row = values.setdefault(result.run.model, {})
        for column, axis in HEADLINE.items():
            value = _along(figures, axis)
            if value is not None:
                row.setdefault(column, []).append(value)
    return {
        model: {column: _mean(row[column]) for column in HEADLINE if column in row}
        for model, row in values.items()
    }


def trade_off(results: Iterable[Result], x: Axis, y: Axis) -> dict[str, list[Point]]:
    """Model to its curve over beta, smallest first; models without either measure are out."""
    values: dict[str, dict[float, list[tuple[float, float]]]] = {}
    for result, figures in _measured(results):
        pair = _along(figures, x), _along(figures, y)
        if None not in pair:
            curve = values.setdefault(result.run.model, {})
            curve.setdefault(result.run.beta, []).append(pair)
    return {
        model: [
            Point(beta, *(_mean(list(part)) for part in zip(*curve[beta], strict=True)))
            for beta in sorted(curve)
        ]
        for model, curve in values.items()
    }


def by_number(results: Iterable[Result], measure: str = "coherence") -> dict[str, list[Mean]]:
    """Model to a measure's mean for 1, 2, ... given modalities, at the selected beta."""
    curves: dict[str, dict[int, Mean]] = {}
    for row in summarize(selected(results)):
        if row.measure == measure and row.given.isdecimal():
            curves.setdefault(row.model, {})[int(row.given)] = Mean(*row[-3:])
    return {model: [curve[n] for n in sorted(curve)] for model, curve in curves.items()}


def outcomes(
    results: Iterable[Result], measures: Sequence[str] = RANKED
) -> tuple[dict[tuple[str, str, str], dict[str, float]], dict[tuple[str, str, str], int]]:
    """What ``explorer.results.ranking`` compares models by, at the selected betas.

    Returns
    -------
    outcomes, better
        (measure, given, target) to model to the mean over its runs, where two models or more have
        it; and 1 where more is better, -1 where less is.
    """
    found: dict[tuple[str, str, str], dict[str, float]] = {}
    for row in summarize(selected(results)):
        if row.measure in measures and not {row.given, row.target} & TOGETHER:
            found.setdefault((row.measure, row.given, row.target), {})[row.model] = row.value
    found = {key: values for key, values in found.items() if len(values) > 1}
    return found, {key: MEASURES[key[0]].better for key in found}


def as_csv(results: Iterable[Result]) -> str:
    """Every figure of every model and beta, as comma-separated values."""
    results = list(results)
    selection = select_beta(results)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*Summary._fields, "selected"])
    for row in summarize(results):
        figures = [f"{row.value:.6g}", "" if row.standard_error is None else f"{row[6]:.6g}"]
        writer.writerow([*row[:5], *figures, row.n_runs, int(selection[row.model] == row.beta)])
    return file.getvalue()


def as_json(results: Iterable[Result], settings: Settings) -> str:
    """The one table, ranks, every figure, and what failed."""
    results = list(results)
    ranked, better = outcomes(results)
    table = {
        "settings": settings._asdict(),
        "selected_beta": select_beta(results),
        "headline": {
            model: {column: mean._asdict() for column, mean in row.items()}
            for model, row in headline(results).items()
        },
        "average_rank": {m: r._asdict() for m, r in average_ranks(ranked, better).items()},
        "win_loss": [
            {"row": row, "column": column, **count._asdict(), "p_value": count.p_value}
            for (row, column), count in win_loss(ranked, better).items()
        ],
        "outcomes": [
            {"measure": m, "given": g, "target": t, "better": better[m, g, t], "values": values}
            for (m, g, t), values in ranked.items()
        ],
        "figures": [row._asdict() for row in summarize(results)],
        "failed": {str(result.run): result.reason for result in results if result.reason},
    }
    return json.dumps(table, indent=1) + "\n"


def as_latex(results: Iterable[Result]) -> str:
    """The one table for a paper, the best mean of a column in bold."""
    results = list(results)
    rows, selection = headline(results), select_beta(results)
    columns = [column for column in HEADLINE if any(column in row for row in rows.values())]
    best = {
        column: max(
            MEASURES[HEADLINE[column].measure].better * row[column].value
            for row in rows.values()
            if column in row
        )
        for column in columns
    }

    def cell(row: dict[str, Mean], column: str) -> str:
        if column not in row:
            return "--"
        measure, mean = MEASURES[HEADLINE[column].measure], row[column]
        text = shown(mean, measure.digits, r" \pm ")
        bold = measure.better * mean.value == best[column]
        return rf"$\mathbf{{{text}}}$" if bold else f"${text}$"

    lines = [
        "% mean and standard error over training runs; best mean of a column in bold, clear or not",
        rf"\begin{{tabular}}{{lrr{'c' * len(columns)}}}",
        r"\toprule",
        " & ".join(["", "runs", r"$\beta$", *columns]) + r" \\",
        r"\midrule",
    ]
    for model, row in rows.items():
        n_runs = max(mean.n_runs for mean in row.values())
        cells = [str(n_runs), f"{selection[model]:g}", *(cell(row, c) for c in columns)]
        lines.append(" & ".join([MODEL_LABELS.get(model, model), *cells]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def shown(mean: Mean, digits: int, between: str = " ± ") -> str:
    """A mean and its standard error, as people read it."""
    error = mean.standard_error
    return f"{mean.value:.{digits}f}" + ("" if error is None else f"{between}{error:.{digits}f}")


def _measured(results: Iterable[Result]) -> Iterator[tuple[Result, list[Figure]]]:
    for result in results:
        if result.scores is not None:
            yield result, list(_figures(result.scores))


def _figures(scores: dict) -> Iterator[Figure]:
    """Every measure that these scores have."""
    for key, measure in MEASURES.items():
        for names, value in _expand(scores, measure.path.split("/")):
            yield Figure(key, names.get("{given}", ""), names.get("{target}", ""), value)


def _expand(node: object, keys: list[str]) -> Iterator[tuple[dict[str, str], float]]:
    """Numbers at a path, for every key in the place of ``{given}`` and ``{target}``."""
    if not keys:
        number = node.get("mean") if isinstance(node, dict) else node
        if isinstance(number, int | float):
            yield {}, float(number)
        return
    head, *rest = keys
    branches = node if isinstance(node, dict) else {}
    for key in branches if head.startswith("{") else branches.keys() & {head}:
        for names, number in _expand(branches[key], rest):
            yield {head: key} | names, number


def _along(figures: list[Figure], axis: Axis) -> float | None:
    found = {
        figure.given: figure.value
        for figure in figures
        if (figure.measure, figure.target) == (axis.measure, axis.target)
    }
    if axis.given in PICKS:
        return PICKS[axis.given](list(found.values())) if found else None
    return found.get(axis.given)


def _mean(values: Sequence[float]) -> Mean:
    error = stdev(values) / sqrt(len(values)) if len(values) > 1 else None
    return Mean(fmean(values), error, len(values))
