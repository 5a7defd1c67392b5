"""What a comparison is made of, and how it lies on disk."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from explorer.catalog.looks import MODEL_LABELS
from explorer.checkpoints import CheckpointError, runs_directory
from explorer.files.whole import write_whole
from explorer.results.scores import figures

if TYPE_CHECKING:
    from explorer.datasets import Modality

SETTINGS, RESULT, STOP, LOCK = "comparison.json", "result.json", "stop", ".lock"


WITHOUT = {"optimizer": "adamw"}
"""Settings of comparisons that were begun before these could be asked for."""


class ComparisonError(CheckpointError):
    """A comparison that cannot go on as asked; says what is in the way and the remedy."""


class Settings(NamedTuple):
    """What all runs of a comparison have in common.

    Parameters
    ----------
    dataset
        Key of ``DATASETS``; its networks are the same for every model.
    steps, latent_dim, batch_size, learning_rate, optimizer
        As in ``explorer.training.train``. Older comparisons name no optimizer: it was AdamW.
    n_validation
        Training tuples that no run trains on: by them beta is selected. Their source pictures may
        be in other training tuples; those of the test tuples are not.
    n_test
        Test tuples for most measures, fewer than shipped checkpoints are measured with; see
        :attr:`evaluation`.
    start
        Dataset whose checkpoint of the same model every run starts from, or empty. Seeds then
        differ in the order of the data and in noise, no longer in all weights.
    """

    dataset: str
    steps: int = 3000
    latent_dim: int = 64
    batch_size: int = 128
    learning_rate: float | None = None
    n_validation: int = 1000
    n_test: int = 1000
    start: str = ""
    optimizer: str = "muon"

    @property
    def evaluation(self) -> dict[str, int]:
        """Sizes that ``explorer.evaluation.evaluate`` is given."""
        return {
            "n_train": 2 * self.n_test,
            "n_few": self.n_test // 2,
            "n_test": self.n_test,
            "n_prior": self.n_test,
            "n_likelihood": max(2, self.n_test // 10),
            "n_draws": 100,
            "n_images": max(2, self.n_test // 4),
            "n_translation": max(2, self.n_test // 4),
            "n_diversity": max(2, self.n_test // 20),
        }

    @property
    def validation(self) -> dict[str, int]:
        """The same where only latent accuracy and coherence are asked for."""
        unused = {"n_likelihood": 1, "n_images": 1, "n_prior": 10}
        return self.evaluation | unused | {"n_test": self.n_validation}


class Run(NamedTuple):
    """One training: a model, the weight of its KL term, a seed."""

    model: str
    beta: float
    seed: int

    def directory(self, folder: Path) -> Path:
        """Where the run lies within its comparison."""
        return folder / "runs" / self.model / f"beta{self.beta:.12g}-seed{self.seed}"

    def __str__(self) -> str:
        return f"{self.model} beta {self.beta:g} seed {self.seed}"


class Result(NamedTuple):
    """What became of a run.

    Parameters
    ----------
    run
        Which one.
    scores
        What ``explorer.evaluation.evaluate`` returned; None if the run failed.
    validation
        ``latent_accuracy`` and ``coherence`` on validation tuples, means over the numbers of given
        modalities, and ``score``, the mean of the two: what beta is selected by.
    trained
        Provenance of the weights: budget, machine, versions.
    computed
        Provenance of the scores.
    reason
        Why the run failed; empty if it did not.
    """

    run: Run
    scores: dict | None
    validation: dict[str, float]
    trained: dict
    computed: dict
    reason: str = ""


def comparison_directory(dataset: str, name: str = "main", root: Path | str | None = None) -> Path:
    """Folder of a comparison, in ``root`` or where training writes; it need not exist."""
    from explorer.datasets import name_of  # with torch, which readers of results do without

    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(f"a comparison's name is letters, digits, - and _; got {name!r}")
    return Path(root or runs_directory()).resolve() / "comparisons" / name_of(dataset) / name


def list_comparisons(dataset: str, root: Path | str | None = None) -> list[Path]:
    """Every comparison on a dataset, by name."""
    found = comparison_directory(dataset, root=root).parent.glob(f"*/{SETTINGS}")
    return sorted(path.parent for path in found)


def open_comparison(folder: Path, settings: Settings) -> None:
    """Begin a comparison, or go on with one of the same settings.

    Raises
    ------
    ComparisonError
        What is there was made with other settings.
    """
    if not (folder / SETTINGS).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / SETTINGS, json.dumps(settings._asdict(), indent=2) + "\n")
        return
    before = read_settings(folder)
    changes = ", ".join(
        f"{key} was {old}, now {new}"
        for key, old, new in zip(settings._fields, before, settings, strict=True)
        if old != new
    )
    if changes:
        raise ComparisonError(
            f"runs compare only on equal terms: {folder} was begun with other settings ({changes})."
            " Give the same ones, or another --name"
        )


def read_settings(folder: Path) -> Settings:
    """What the runs of a comparison have in common."""
    values = _read(folder / SETTINGS, "begin another with --name")
    try:
        return Settings(**WITHOUT | values)
    except TypeError as error:
        raise ComparisonError(
            f"{folder / SETTINGS} is of another version ({error}); begin another with --name"
        ) from error


def plan(
    models: Iterable[str],
    seeds: Iterable[int],
    betas: Sequence[float] | None,
    modalities: Sequence["Modality"],
) -> list[Run]:
    """Every model with every beta and seed; seed by seed, so that all models are seen early.

    Parameters
    ----------
    betas
        None for each model's own, the one of its recipe.
    """
    from explorer.models import MODELS, build_model

    models = list(models)
    unknown = [model for model in models if model not in MODELS]
    if unknown:
        raise ValueError(f"models must be among {', '.join(MODELS)}; got {', '.join(unknown)}")
    own = {m: betas or [float(build_model(m, modalities).beta)] for m in models}
    runs = [Run(model, beta, seed) for seed in seeds for model in models for beta in own[model]]
    return list(dict.fromkeys(runs))


def read_results(folder: Path) -> list[Result]:
    """Every finished or failed run of a comparison, in the order of ``MODELS``, beta, seed.

    Raises
    ------
    ComparisonError
        A file is damaged, or was brought here from a comparison of other settings.
    """
    settings = read_settings(folder)._asdict()
    results = []
    for path in (folder / "runs").glob(f"*/*/{RESULT}"):
        remedy = "delete it and give the same command again"
        values = _read(path, remedy)
        try:
            shared = WITHOUT | values.pop("settings")
            run = Run(values.pop("model"), float(values.pop("beta")), int(values.pop("seed")))
            result = _checked(Result(run, **values))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ComparisonError(f"{path} is not a result ({error!r}); {remedy}") from error
        if shared != settings:
            raise ComparisonError(f"{path} is of a run with other settings; {remedy}")
        results.append(result)
    order = {model: place for place, model in enumerate(MODEL_LABELS)}
    return sorted(results, key=lambda r: (order.get(r.run.model, len(order)), *r.run))


def _checked(result: Result) -> Result:
    """The result, where each part is of its kind; raises ValueError or TypeError where not."""
    tables = (result.validation, result.trained, result.computed)
    if not all(isinstance(table, dict) for table in tables) or not isinstance(result.reason, str):
        raise TypeError("a part of it is of another kind")
    if not all(isinstance(share, int | float) for share in result.validation.values()):
        raise TypeError("its validation is no table of numbers")
    if not math.isfinite(result.run.beta):
        raise ValueError("its beta is no number")
    if (result.scores is None) != bool(result.reason):
        raise ValueError("it must have scores, or a reason why not")
    if result.scores is not None:
        list(figures(result.scores))
    return result


def forget_failures(folder: Path, results: Iterable[Result]) -> None:
    """Delete the results of failed runs, so that they are run again."""
    for result in results:
        if result.reason:
            (result.run.directory(folder) / RESULT).unlink()


def write_result(folder: Path, settings: Settings, result: Result) -> None:
    """Write ``result.json`` of a run; whole or not at all."""
    values = result._asdict() | result.run._asdict() | {"settings": settings._asdict()}
    del values["run"]
    text = json.dumps(values, indent=1, allow_nan=False) + "\n"
    write_whole(result.run.directory(folder) / RESULT, text)


def _read(path: Path, remedy: str) -> dict:
    try:
        values = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ComparisonError(
            f"no comparison in {path.parent}; begin one: python -m explorer compare"
        ) from None
    except (ValueError, OSError, RecursionError) as error:  # of json, of utf-8, of the disk
        raise ComparisonError(f"{path} is damaged ({error}); {remedy}") from error
    if not isinstance(values, dict):
        raise ComparisonError(f"{path} is damaged (no table of values); {remedy}")
    return values
