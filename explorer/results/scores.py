"""What ``scores.json`` files say, as tables: one row a figure, with its noise and its origin.

``python -m explorer evaluate`` writes the files (``explorer.evaluation`` says what is in them);
nothing is computed here but intervals and differences. Used by the Scores page, the table of the
README and notebooks. To show a new figure: a line in ``MEASURES``.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from explorer.catalog.looks import MODEL_LABELS
from explorer.checkpoints import (
    CONFIG,
    CheckpointError,
    checkpoint_directory,
    list_pretrained,
    read_scores,
)
from explorer.results.measures import MEASURES

Z = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""


class Score(NamedTuple):
    """One figure of one model.

    Parameters
    ----------
    model, measure
        Keys of ``MODELS`` and ``MEASURES``.
    given
        What was observed: a number of modalities (the mean over subsets of that size), a subset
        like ``m0+m2``, ``joint``, a task like ``many_to_one``, or empty.
    target
        The modality that was generated or compared, ``mean`` over them, or empty.
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


def read_evaluations(dataset: str, root: Path | str | None = None) -> list[Evaluation]:
    """Scores of every model on a dataset, those without scores too, in the order of ``MODELS``.

    Checkpoints of one's own (``mopoe-2``) come last.
    """
    found = [name for _, name, _ in list_pretrained(dataset, root)]
    own = [name for name in found if name not in MODEL_LABELS and MODEL_LABELS.get(name)]
    return [_read(dataset, model, root) for model in [*MODEL_LABELS, *own]]


def tidy(evaluations: Iterable[Evaluation]) -> list[Score]:
    """Every figure as a row, measure by measure; none for what a model does not define."""
    return list(_rows(list(evaluations)))


def select(scores: Iterable[Score], measure: str, **where: str) -> dict[str, list[Score]]:
    """Scores of one measure by model; ``where`` fixes ``given`` or ``target``."""
    found: dict[str, list[Score]] = {}
    for score in scores:
        if score.measure == measure and all(getattr(score, k) == v for k, v in where.items()):
            found.setdefault(score.model, []).append(score)
    return found


MOST_SUBSETS = 7
"""Subsets that have a column each in a first table: those of three modalities."""


def headline(scores: Iterable[Score], model: str) -> dict[str, Score]:
    """Return the figures of a model worth a first table, by column.

    The number in a column's name says how many modalities were given. log p(x) is that of the
    proposal that bounds it best, with that proposal's effective draws. A column is left out where
    its measure is not defined for the model. Of many subsets the first, one modality alone, and
    the last, all of them, have a column, and the tasks of translation as in the MAC-WAE study.
    """
    own = [score for score in scores if score.model == model]

    def found(measure: str, **where: str) -> list[Score]:
        return select(own, measure, **where).get(model, [])

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
        cells += [
            (f"{score.target}, {score.given.replace('_', ' ')}", score) for score in translated
        ]
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

ALL_LABELS = "all labels"


def translation_outcomes(
    scores: Iterable[Score],
) -> tuple[dict[tuple[str, str, str], dict[str, float]], dict[tuple[str, str, str], int]]:
    """What ``results.ranking`` compares models by: their translations, as in the MAC-WAE paper.

    Returns
    -------
    outcomes, better
        (task, modality, measure) to model to value, where two models or more have it; and 1 where
        more is better, -1 where less is.
    """
    rows = [
        score
        for score in scores
        if score.measure in TRANSLATIONS
        and score.target != "mean"
        and (score.target == ALL_LABELS) == (score.measure == "translation_label")
    ]
    compared = {
        target: min((row.measure for row in rows if row.target == target), key=TRANSLATIONS.index)
        for target in dict.fromkeys(row.target for row in rows)
    }
    found: dict[tuple[str, str, str], dict[str, float]] = {}
    for row in rows:
        if row.measure == compared[row.target]:
            found.setdefault((row.given, row.target, row.measure), {})[row.model] = row.value
    found = {key: values for key, values in found.items() if len(values) > 1}
    return found, {key: MEASURES[key[2]].better for key in found}


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


def as_csv(scores: Iterable[Score], evaluations: Iterable[Evaluation]) -> str:
    """Every figure with its interval and origin, as comma-separated values."""
    computed = {e.model: e.scores["computed"] for e in evaluations if e.scores is not None}
    trained = {e.model: e.trained for e in evaluations}
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        [*Score._fields, "low", "high", "training_seed", "evaluation_commit", "training_commit"]
        + ["cpu", "torch"]
    )
    for score in scores:
        origin = computed[score.model]
        _, low, high = score.interval
        interval = ["", ""] if score.standard_error is None else [f"{low:.6g}", f"{high:.6g}"]
        writer.writerow(
            [*score, *interval, trained[score.model].get("seed"), origin["commit"]]
            + [trained[score.model].get("commit"), origin["cpu"], origin["torch"]]
        )
    return file.getvalue()


def as_json(evaluations: Iterable[Evaluation]) -> str:
    """The files themselves, by model, with how each model was trained."""
    return json.dumps(
        {e.model: {"scores": e.scores, "trained": e.trained} for e in evaluations}, indent=2
    )


def as_latex(scores: Iterable[Score]) -> str:
    """The headline table for a paper; best figures, and those not clearly worse, in bold."""
    scores = list(scores)
    rows = {model: headline(scores, model) for model in dict.fromkeys(s.model for s in scores)}
    names = columns(rows.values())
    bold = {name: leaders(row[name] for row in rows.values() if name in row) for name in names}
    lines = [
        "% 95 % intervals over test tuples; one training run a model",
        rf"\begin{{tabular}}{{l{'c' * len(names)}}}",
        r"\toprule",
        " & ".join(["", *names]) + r" \\",
        r"\midrule",
    ]
    for model, row in rows.items():
        cells = [_cell(row[name], model in bold[name]) if name in row else "--" for name in names]
        lines.append(" & ".join([MODEL_LABELS.get(model, model), *cells]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _cell(score: Score, bold: bool) -> str:
    text = str(score).replace("±", r"\pm")
    return rf"$\mathbf{{{text}}}$" if bold else f"${text}$"


def _read(dataset: str, model: str, root: Path | str | None) -> Evaluation:
    command = f"--dataset {dataset} --model {model}"
    remedy = f"python -m explorer evaluate {command}"
    try:
        folder = checkpoint_directory(dataset, model, root)
    except CheckpointError:
        return Evaluation(model, None, {}, "not trained yet", f"python -m explorer train {command}")
    try:
        trained = json.loads((folder / CONFIG).read_text()).get("provenance", {})
        found = read_scores(folder)
    except ValueError:  # of json, of utf-8, or CheckpointError
        return Evaluation(model, None, {}, "its files are damaged", remedy)
    if found is None:
        return Evaluation(model, None, trained, "not evaluated yet", remedy)
    evaluation = Evaluation(model, found, trained)
    try:
        known = any(_rows([evaluation]))
    except (KeyError, TypeError, AttributeError):
        known = False
    if not known:
        return Evaluation(model, None, trained, "its scores are of another version", remedy)
    return evaluation


def _rows(evaluations: list[Evaluation]) -> Iterator[Score]:
    for key, measure in MEASURES.items():
        for model, found, *_ in evaluations:
            if found is None:
                continue
            n = next((n for _, n in _expand(found, measure.n.split("/"))), None)
            for names, figure in _expand(found, measure.path.split("/")):
                plain = not isinstance(figure, dict)
                mean, error = (
                    (figure, None) if plain else (figure["mean"], figure["standard_error"])
                )
                yield Score(
                    model, key, names.get("given", ""), names.get("target", ""), mean, error, n
                )


def _expand(node: object, keys: list[str]) -> Iterator[tuple[dict[str, str], object]]:
    """What stands at a path, once for every key that ``{given}`` and ``{target}`` may be.

    Nothing where the path ends before, as in files from before a measure was added, and where a
    reason stands why a model does not define it.
    """
    if isinstance(node, dict) and "absent" in node:
        return
    if not keys:
        yield {}, node
        return
    head, *rest = keys
    if not head.startswith("{"):
        if head in node:
            yield from _expand(node[head], rest)
        return
    for key, child in node.items():
        if isinstance(child, dict) or not rest and isinstance(child, float):
            for names, figure in _expand(child, rest):
                yield {head.strip("{}"): key} | names, figure
