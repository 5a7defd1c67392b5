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

import json
from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from statistics import fmean
from typing import NamedTuple

import pandas as pd

from explorer.catalog.looks import MODEL_LABELS
from explorer.results.comparison.runs import ComparisonError, Result, Settings
from explorer.results.ranking import average_ranks, win_loss
from explorer.results.scores import MEASURES, figures, latex, math_cell
from explorer.results.scores import outcomes as outcomes_of


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


PICKS = {"mean": "mean", "best": "max", "first": "first", "last": "last"}
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
    "joint coherence against log-likelihood": (
        Axis("log_likelihood", "best"),
        Axis("joint_coherence"),
    ),
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
"""Curves over beta, (x, y): figure 1 of the MoPoE paper (Sutter et al. 2021), which has joint
coherence, and figures 3 to 5 of the MM-VAMP paper (Sutter et al. 2024), which show what one
modality alone tells."""

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


NAME = ["measure", "given", "target"]
MEAN = {"value": "mean", "standard_error": "sem", "n_runs": "count"}
"""What is made of the runs: columns of the tables below, as in :class:`Mean`."""


def tidy(results: Iterable[Result]) -> pd.DataFrame:
    """Every figure of every finished run: model, beta, seed, measure, given, target, value."""
    rows = [
        (*result.run, *name, figure[0])
        for result in results
        if result.scores is not None
        for name, figure in figures(result.scores)
    ]
    return pd.DataFrame(rows, columns=["model", "beta", "seed", *NAME, "value"])


def summarize(results: Iterable[Result]) -> pd.DataFrame:
    """Every figure of every model and beta over its finished runs: means as :class:`Mean` has."""
    by_figure = tidy(results).groupby(["model", "beta", *NAME], sort=False)["value"]
    return by_figure.agg(**MEAN).reset_index()


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
    table = tidy(selected(results))
    found: dict[str, dict[str, Mean]] = {model: {} for model in dict.fromkeys(table["model"])}
    for column, axis in HEADLINE.items():
        for model, mean in _means(_along(table, axis), ["model"]).items():
            found[model][column] = mean
    return {model: row for model, row in found.items() if row}


def trade_off(results: Iterable[Result], x: Axis, y: Axis) -> dict[str, list[Point]]:
    """Model to its curve over beta, smallest first; runs without either measure are out."""
    table = tidy(results)
    pairs = pd.concat({"x": _along(table, x), "y": _along(table, y)}, axis=1).dropna()
    xs, ys = (_means(pairs[axis], ["model", "beta"]) for axis in ("x", "y"))
    curves: dict[str, list[Point]] = {}
    for model, beta in xs:
        curves.setdefault(model, []).append(Point(beta, xs[model, beta], ys[model, beta]))
    return {model: sorted(points) for model, points in curves.items()}


def by_number(results: Iterable[Result], measure: str = "coherence") -> dict[str, list[Mean]]:
    """Model to a measure's mean for 1, 2, ... given modalities, at the selected beta."""
    table = summarize(selected(results))
    own = table[(table["measure"] == measure) & table["given"].str.isdecimal()]
    own = own.assign(number=own["given"].astype(int)).sort_values("number", kind="stable")
    return {
        model: [_mean(*row) for row in curve[list(Mean._fields)].itertuples(index=False)]
        for model, curve in own.groupby("model", sort=False)
    }


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
    table = summarize(selected(results))
    together = table["given"].isin(TOGETHER) | table["target"].isin(TOGETHER)
    return outcomes_of(table[table["measure"].isin(measures) & ~together])


def as_csv(results: Iterable[Result]) -> str:
    """Every figure of every model and beta, as comma-separated values, with deviations over runs.

    A standard deviation is what papers print after ``±`` (table 6 of Sutter et al. 2021).
    """
    results = list(results)
    table, selection = summarize(results), select_beta(results)
    table["standard_deviation"] = table["standard_error"] * table["n_runs"] ** 0.5
    table["selected"] = (table["model"].map(selection) == table["beta"]).astype(int)
    return table.to_csv(index=False, float_format="%.6g")


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
        "figures": json.loads(summarize(results).to_json(orient="records", double_precision=10)),
        "failed": {str(result.run): result.reason for result in results if result.reason},
    }
    return json.dumps(table, indent=1, allow_nan=False) + "\n"


def as_latex(results: Iterable[Result]) -> str:
    """The one table for a paper, the best mean of a column in bold."""
    results = list(results)
    rows, selection = headline(results), select_beta(results)
    names = [column for column in HEADLINE if any(column in row for row in rows.values())]
    measures = {column: MEASURES[HEADLINE[column].measure] for column in names}
    best = {
        column: max(
            measures[column].better * row[column].value for row in rows.values() if column in row
        )
        for column in names
    }
    cells = {
        MODEL_LABELS.get(model, model): {
            "runs": str(max(mean.n_runs for mean in row.values())),
            r"$\beta$": f"{selection[model]:g}",
        }
        | {
            column: math_cell(
                shown(mean, measures[column].digits),
                measures[column].better * mean.value == best[column],
            )
            for column, mean in row.items()
        }
        for model, row in rows.items()
    }
    head = (
        "% mean and standard error over training runs; best mean of a column in bold, clear or not"
    )
    return f"{head}\n" + latex(cells, ["runs", r"$\beta$", *names])


def shown(mean: Mean, digits: int) -> str:
    """A mean and its standard error, as people read it."""
    error = mean.standard_error
    return f"{mean.value:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")


def _along(table: pd.DataFrame, axis: Axis) -> pd.Series:
    """One number a run, by model, beta and seed; runs without the measure are not in it."""
    own = table[(table["measure"] == axis.measure) & (table["target"] == axis.target)]
    if axis.given not in PICKS:
        own = own[own["given"] == axis.given]
    runs = own.groupby(["model", "beta", "seed"], sort=False)["value"]
    return runs.agg(PICKS.get(axis.given, "first"))


def _means(values: pd.Series, by: list[str]) -> Mapping:
    """Mean over runs by what is in ``by``, in the order of the runs."""
    table = values.groupby(by if len(by) > 1 else by[0], sort=False).agg(**MEAN)
    return {
        key: _mean(*row)
        for key, row in zip(table.index, table.itertuples(index=False), strict=True)
    }


def _mean(value: float, error: float, n_runs: int) -> Mean:
    return Mean(value, None if isnan(error) else error, n_runs)
