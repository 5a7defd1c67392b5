"""What ``scores.json`` files say, as one table: a row a figure, with its noise.

``python -m explorer evaluate`` writes the files (``explorer.evaluation`` says what is in them);
nothing is computed here but intervals and differences. Comparisons (``results.comparison``) read
their runs by the same function. To show a new figure: a line in ``MEASURES``.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from explorer.catalog.looks import MODEL_LABELS
from explorer.checkpoints import (
    CONFIG,
    CheckpointError,
    checkpoint_directory,
    list_pretrained,
    read_scores,
)
from explorer.files.own.differences import differences
from explorer.results.measures import MEASURES

Z = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""

LARGEST = 1e300
"""No figure is larger."""

DEEPEST = 12
"""Levels of tables within tables, at most, in a file of scores."""


class ScoresError(ValueError):
    """Scores that are not of the shape that ``evaluate`` writes; says where."""


class Score(NamedTuple):
    """One figure of one model: a row of :func:`tidy`.

    Parameters
    ----------
    model, measure
        Keys of ``MODELS`` and ``MEASURES``.
    given
        What was observed: a number of modalities (the mean over subsets of that size), a subset
        like ``m0+m2``, ``joint``, a task like ``many_to_one``, or empty.
    target
        The modality that was generated or compared, ``mean`` over them, a judge, or empty.
    value, standard_error
        The figure and its error over test tuples; None where none is recorded.
    n
        How many test tuples or draws it rests on; None where that is not recorded.
    """

    model: str
    measure: str
    given: str
    target: str
    value: float
    standard_error: float | None
    n: int | None

    @property
    def interval(self) -> tuple[float, float, float]:
        """Value, and the ends of its 95 % interval; the value thrice where no error is recorded."""
        half = Z * (self.standard_error or 0.0)
        return self.value, self.value - half, self.value + half

    def __str__(self) -> str:
        digits = MEASURES[self.measure].digits
        if self.standard_error is None:
            return f"{self.value:.{digits}f}"
        return f"{self.value:.{digits}f} ± {Z * self.standard_error:.{digits}f}"


class Evaluation(NamedTuple):
    """A model's scores.json and the provenance of its weights; or why there is none.

    Parameters
    ----------
    model
        Key of ``MODELS``.
    scores
        What the file holds; None without one.
    trained
        Budget, device, versions and commit of the training run.
    problem, remedy
        Why there are no scores and the command that mends it; empty when all is well.
    """

    model: str
    scores: dict | None
    trained: dict
    problem: str = ""
    remedy: str = ""


# ---- reading


def read_evaluations(dataset: str, root: Path | str | None = None) -> list[Evaluation]:
    """Scores of every model on a dataset, those without scores too, in the order of ``MODELS``.

    Checkpoints of one's own (``mopoe-2``) come last.
    """
    found = [name for _, name, _ in list_pretrained(dataset, root)]
    own = [name for name in found if name not in MODEL_LABELS and MODEL_LABELS.get(name)]
    every = [_read(dataset, model, root) for model in [*MODEL_LABELS, *own]]
    return _of_one_table(dataset, every, root)


def tidy(evaluations: Iterable[Evaluation]) -> pd.DataFrame:
    """Every figure as a row (columns as in :class:`Score`), measure by measure.

    There is none for what a model does not define. Missing errors and counts are NaN.
    """
    found = [(e.model, dict(figures(e.scores))) for e in evaluations if e.scores is not None]
    rows = [
        (model, *name, *figure)
        for measure in MEASURES
        for model, every in found
        for name, figure in every.items()
        if name[0] == measure
    ]
    table = pd.DataFrame(rows, columns=list(Score._fields))
    return table.astype({"value": float, "standard_error": float, "n": float})


Figure = tuple[float, float | None, int | None]
"""Value, standard error and what it rests on."""


def figures(scores: dict) -> Iterator[tuple[tuple[str, str, str], Figure]]:
    """Every figure of a file of scores: (measure, given, target), and its figure.

    The one place that knows how the files are laid out.

    Raises
    ------
    ScoresError
        A number or a table stands where another thing belongs.
    """
    for key, measure in MEASURES.items():
        counted = [node for _, node in _expand(scores, measure.n.split("/"))] if measure.n else []
        n = next((node for node in counted if isinstance(node, int)), None)
        for names, node in _expand(scores, measure.path.split("/")):
            figure = _figure(node, measure.path)
            if figure is not None:
                yield (key, names.get("given", ""), names.get("target", "")), (*figure, n)


def _figure(node: object, path: str) -> tuple[float, float | None] | None:
    """Value and error of ``{"mean", "standard_error"}`` or of a plain number; None for a reason."""
    if isinstance(node, Mapping):
        if "absent" in node:
            return None
        value, error = node.get("mean"), node.get("standard_error")
    else:
        value, error = node, None
    if not _is_number(value) or not (error is None or _is_number(error) and error >= 0):
        raise ScoresError(f"{path} holds no figure")
    return float(value), None if error is None else float(error)


def _is_number(value: object) -> bool:
    kind = isinstance(value, int | float) and not isinstance(value, bool)
    return kind and abs(value) < LARGEST


def _expand(node: object, keys: list[str]) -> Iterator[tuple[dict[str, str], object]]:
    """What stands at a path, once for every key that ``{given}`` and ``{target}`` may be.

    Nothing where the path ends before, as in files from before a measure was added, and where a
    reason stands why a model does not define it. Beside tables that are asked for by a free key
    stand sentences and counts: only tables and shares are gone into.
    """
    if not keys:
        yield {}, node
        return
    head, *rest = keys
    if not isinstance(node, Mapping):
        raise ScoresError(f"there is no table above {'/'.join(keys)}")
    if "absent" in node:
        return
    if not head.startswith("{"):
        if head in node:
            yield from _expand(node[head], rest)
        return
    for key, child in node.items():
        if isinstance(child, Mapping) or not rest and isinstance(child, float):
            for names, figure in _expand(child, rest):
                yield {head.strip("{}"): key} | names, figure


def check(scores: object) -> None:
    """Raise :class:`ScoresError` unless ``scores`` is of the shape that ``evaluate`` writes."""
    if not isinstance(scores, Mapping):
        raise ScoresError("it is no table")
    _check_tree(scores, "", DEEPEST)
    computed = scores.get("computed")
    if not isinstance(computed, Mapping) or not {"commit", "cpu", "torch"} <= computed.keys():
        raise ScoresError("it does not say where it was computed")
    if not list(figures(scores)):  # all of them: one that is none is told here
        raise ScoresError("it holds no figure")


def _check_tree(node: object, path: str, deepest: int) -> None:
    if isinstance(node, Mapping):
        if not deepest:
            raise ScoresError(f"tables nest too deep at {path[:80]}")
        if not isinstance(node.get("absent", ""), str) or not isinstance(node.get("how", ""), str):
            raise ScoresError(f"a reason at {path[:80] or 'the top'} is no sentence")
        for key, branch in node.items():
            _check_tree(branch, f"{path}/{key}", deepest - 1)
    elif isinstance(node, float) and not math.isfinite(node):
        raise ScoresError(f"{path[:80]} is no finite number")


def provenance(config: object) -> dict:
    """What config.json tells of the training, with values of other types than ours left out."""
    told = config.get("provenance") if isinstance(config, Mapping) else None
    kinds = {"steps": int, "seed": int, "core_minutes": float | int, "commit": str, "data": dict}
    return {
        key: value
        for key, value in (told if isinstance(told, Mapping) else {}).items()
        if key not in kinds or isinstance(value, kinds[key]) and not isinstance(value, bool)
    }


def _read(dataset: str, model: str, root: Path | str | None) -> Evaluation:
    command = f"--dataset {dataset} --model {model}"
    remedy = f"python -m explorer evaluate {command}"
    try:
        folder = checkpoint_directory(dataset, model, root)
    except CheckpointError:
        return Evaluation(model, None, {}, "not trained yet", f"python -m explorer train {command}")
    trained: dict = {}
    try:
        trained = provenance(json.loads((folder / CONFIG).read_text("utf-8")))
        found = read_scores(folder)
        if found is None:
            return Evaluation(model, None, trained, "not evaluated yet", remedy)
        check(found)
    except ScoresError as error:
        problem = f"its scores are of another version ({error})"
        return Evaluation(model, None, trained, problem, remedy)
    except (ValueError, OSError, RecursionError):  # of json, of utf-8, or CheckpointError
        return Evaluation(model, None, trained, "its files are damaged", remedy)
    return Evaluation(model, found, trained)


def _of_one_table(
    dataset: str, evaluations: list[Evaluation], root: Path | str | None
) -> list[Evaluation]:
    """Take away the scores of models that were trained on a visitor's data before they changed.

    The model that was trained last says what the data are; figures about other rows are never
    compared with its own.
    """
    known = {e.model: e.trained["data"] for e in evaluations if e.trained.get("data")}
    if not known:
        return evaluations
    last = known[max(known, key=lambda model: _when(dataset, model, root))]
    kept = []
    for each in evaluations:
        other = each.model in known and differences(known[each.model], last)
        kept.append(
            each._replace(
                scores=None,
                problem="trained on other data than the last model",
                remedy=f"python -m explorer train --dataset {dataset} --model {each.model}",
            )
            if other
            else each
        )
    return kept


def _when(dataset: str, model: str, root: Path | str | None) -> float:
    return (checkpoint_directory(dataset, model, root) / CONFIG).stat().st_mtime


# ---- choosing


def rows(table: pd.DataFrame) -> list[Score]:
    """The rows of a table of figures; what is NaN there is None."""
    return [
        Score(
            *row[:5],
            None if math.isnan(row[5]) else row[5],
            None if math.isnan(row[6]) else int(row[6]),
        )
        for row in table[list(Score._fields)].itertuples(index=False, name=None)
    ]


def select(table: pd.DataFrame, measure: str, **where: str) -> dict[str, list[Score]]:
    """Figures of one measure by model; ``where`` fixes ``given`` or ``target``."""
    asked = table["measure"] == measure
    for column, value in where.items():
        asked &= table[column] == value
    found: dict[str, list[Score]] = {}
    for score in rows(table[asked]):
        found.setdefault(score.model, []).append(score)
    return found


MOST_SUBSETS = 7
"""Subsets that have a column each in a first table: those of three modalities."""

ALL_LABELS = "all labels"
"""What the mean over modalities that are labels is called."""


def headline(table: pd.DataFrame, model: str) -> dict[str, Score]:
    """Return the figures of a model worth a first table, by column.

    The number in a column's name says how many modalities were given. log p(x) is that of the
    proposal that bounds it best, with that proposal's effective draws. A column is left out where
    its measure is not defined for the model. Of many subsets the first, one modality alone, and
    the last, all of them, have a column, and the tasks of translation as in the MAC-WAE study.
    """
    by_measure: dict[str, list[Score]] = {}
    for score in rows(table[table["model"] == model]):
        by_measure.setdefault(score.measure, []).append(score)

    def found(measure: str, **where: str) -> list[Score]:
        own = by_measure.get(measure, [])
        return [s for s in own if all(getattr(s, k) == v for k, v in where.items())]

    cells = [
        (f"{name}, {score.given}", score)
        for name, measure in (("accuracy", "latent_accuracy"), ("coherence", "coherence"))
        for score in found(measure)[:1] + found(measure)[-1:]
    ]
    latent = found("latent_precision")
    drawn = [score for score in found("precision") if score.target not in score.given.split("+")]
    if len(latent) <= MOST_SUBSETS:
        cells += [(f"latent {score.given}", score) for score in latent]
        cells += [(f"{score.target}|{score.given}", score) for score in drawn]
    else:
        cells += [(f"latent {latent[0].given}", latent[0]), ("latent all", latent[-1])]
        cells += [(f"{score.target}|all others", score) for score in drawn[-1:]]
        translated = found("translation_ssim") + found("translation_label", target=ALL_LABELS)
        cells += [(f"{s.target}, {s.given.replace('_', ' ')}", s) for s in translated]
    cells += [("joint", score) for score in found("joint_coherence")]
    tightest = max(found("log_likelihood"), key=lambda score: score.value, default=None)
    if tightest is not None:
        draws = found("effective_draws", given=tightest.given)
        cells += [("log p(x)", tightest), *(("draws", score) for score in draws)]
    return dict(cells + [("SSIM", score) for score in found("ssim", target="mean")])


def columns(rows: Iterable[dict[str, Score]]) -> list[str]:
    """Return the columns of several headlines, in the order of the fullest."""
    by_length = sorted(rows, key=len, reverse=True)
    return list(dict.fromkeys(column for row in by_length for column in row))


def absences(evaluation: Evaluation) -> dict[str, str]:
    """Why figures are missing: path in the file, joined by ``/``, to the reason it gives."""

    def walk(node: object, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, dict):
            if "absent" in node:
                yield path, node["absent"]
            for key, child in node.items():
                yield from walk(child, f"{path}/{key}" if path else key)

    return dict(walk(evaluation.scores, ""))


TRANSLATIONS = ("translation_ssim", "translation_bleu", "translation_rmse", "translation_label")
"""Measures of translation; a modality is compared by the first that it has, and of labels only
their mean is, where there are several, as in the study of the MAC-WAE paper."""


def translation_outcomes(
    table: pd.DataFrame,
) -> tuple[dict[tuple[str, str, str], dict[str, float]], dict[tuple[str, str, str], int]]:
    """What ``results.ranking`` compares models by: their translations, as in the MAC-WAE paper.

    Returns
    -------
    outcomes, better
        (task, modality, measure) to model to value, where two models or more have it; and 1 where
        more is better, -1 where less is.
    """
    of_all_labels = table["target"] == ALL_LABELS
    asked = table["measure"].isin(TRANSLATIONS) & (table["target"] != "mean")
    own = table[asked & (of_all_labels == (table["measure"] == "translation_label"))]
    place = own["measure"].map(TRANSLATIONS.index)
    return outcomes(own[place == place.groupby(own["target"]).transform("min")], order=(1, 2, 0))


def outcomes(
    table: pd.DataFrame, order: tuple[int, int, int] = (0, 1, 2)
) -> tuple[dict[tuple[str, str, str], dict[str, float]], dict[tuple[str, str, str], int]]:
    """What ``results.ranking`` takes: (measure, given, target) to model to value, and better.

    Only what two models or more have. ``order`` is that of the three in the keys.
    """
    found, better = {}, {}
    for name, own in table.groupby(["measure", "given", "target"], sort=False):
        if len(own) > 1:
            key = tuple(name[place] for place in order)
            found[key] = dict(zip(own["model"], own["value"], strict=True))
            better[key] = MEASURES[name[0]].better
    return found, better


# ---- differences


def difference(a: Score, b: Score) -> tuple[float, float, float]:
    """How much larger a is than b, and the ends of a 95 % interval of that.

    The two errors are taken as independent. Models are scored on the same test tuples, where
    errors tend to go together; the true interval is then narrower.
    """
    gap = a.value - b.value
    half = Z * math.hypot(a.standard_error or 0.0, b.standard_error or 0.0)
    return gap, gap - half, gap + half


def is_clear(a: Score, b: Score) -> bool:
    """Whether two scores differ by more than the noise of the test tuples."""
    _, low, high = difference(a, b)
    return low > 0 or high < 0


def leaders(column: Iterable[Score]) -> set[str]:
    """Models that are best by a measure, or not clearly worse than the best; none if neither."""
    column = list(column)
    if not column:
        return set()
    better = MEASURES[column[0].measure].better
    if better == 0 or column[0].standard_error is None:
        return set()
    best = max(column, key=lambda score: better * score.value)
    return {score.model for score in column if not is_clear(best, score)}


# ---- to take away


def with_origin(table: pd.DataFrame, evaluations: Iterable[Evaluation]) -> pd.DataFrame:
    """The same figures with the ends of their intervals, and where each comes from."""
    origins = pd.DataFrame(
        [
            (
                e.model,
                e.trained.get("seed"),
                e.scores["computed"].get("commit"),
                e.trained.get("commit"),
                e.scores["computed"].get("cpu"),
                e.scores["computed"].get("torch"),
            )
            for e in evaluations
            if e.scores is not None
        ],
        columns=["model", "training_seed", "evaluation_commit", "training_commit", "cpu", "torch"],
    )
    half = Z * table["standard_error"]
    ends = table.assign(
        n=table["n"].astype("Int64"), low=table["value"] - half, high=table["value"] + half
    )
    return ends.merge(origins, on="model", how="left")


def as_csv(table: pd.DataFrame, evaluations: Iterable[Evaluation]) -> str:
    """Every figure with its interval and origin, as comma-separated values."""
    return with_origin(table, evaluations).to_csv(index=False, float_format="%.6g")


def as_json(evaluations: Iterable[Evaluation]) -> str:
    """The files themselves, by model, with how each model was trained."""
    return json.dumps(
        {e.model: {"scores": e.scores, "trained": e.trained} for e in evaluations}, indent=2
    )


def as_latex(table: pd.DataFrame) -> str:
    """The headline table for a paper; best figures, and those not clearly worse, in bold."""
    by_model = {model: headline(table, model) for model in dict.fromkeys(table["model"])}
    names = columns(by_model.values())
    bold = {n: leaders(row[n] for row in by_model.values() if n in row) for n in names}
    cells = {
        MODEL_LABELS.get(model, model): {
            name: math_cell(str(score), model in bold[name]) for name, score in row.items()
        }
        for model, row in by_model.items()
    }
    return "% 95 % intervals over test tuples; one training run a model\n" + latex(cells, names)


def latex(cells: Mapping[str, Mapping[str, str]], names: list[str]) -> str:
    """A booktabs table of texts that are LaTeX already: row to column to text."""
    table = pd.DataFrame.from_dict(dict(cells), orient="index").reindex(columns=names)
    return table.style.format(na_rep="--").to_latex(
        hrules=True, column_format="l" + "c" * len(names)
    )


def math_cell(text: str, bold: bool) -> str:
    """A figure in LaTeX, in bold where asked."""
    text = text.replace("±", r"\pm")
    return rf"$\mathbf{{{text}}}$" if bold else f"${text}$"
