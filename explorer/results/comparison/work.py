"""One run, in a process of its own: train, measure, write the result."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import fmean

import torch

from explorer.checkpoints import CheckpointError
from explorer.datasets import Dataset, load_dataset, name_of
from explorer.datasets.modality import Part
from explorer.evaluation import evaluate, origin
from explorer.evaluation.classifiers import Classifiers, find_classifiers
from explorer.evaluation.figures import NOT_FINITE, absent
from explorer.files.whole import alone, write_whole
from explorer.models import MultimodalVAE
from explorer.models.vae import WEIGHTS
from explorer.results.comparison.runs import (
    LOCK,
    RESULT,
    STOP,
    ComparisonError,
    Result,
    Run,
    Settings,
    read_settings,
    write_result,
)
from explorer.training import STATE, train_checkpoint

PROGRESS = "progress.txt"
TELL_EVERY_SECONDS = 1.0
EVALUATION_SEED = 0
"""The same for every run: all are asked about the same tuples with the same draws."""

VALIDATED = {"latent_accuracy": "by_size", "coherence": "conditional_by_size"}
"""Section of the scores to the table in it that counts for the selection of beta."""

FAILURES = (ValueError, RuntimeError, ArithmeticError)
"""What is the run's own fault and would come again. A full disk is not."""


def work(folder: str, model: str, beta: float, seed: int, accelerator: str = "cpu") -> str:
    """Carry out a run of the comparison in ``folder``, or what is left of it.

    Returns
    -------
    ``finished``, ``failed`` (``result.json`` says why), or ``stopped`` (it can go on later).

    Raises
    ------
    ComparisonError, CheckpointError
        This machine does not see the folder, or has no classifiers for the dataset.
    OSError
        Nothing could be written; what was there is untouched.
    """
    torch.set_num_threads(1)
    place, run = Path(folder), Run(model, beta, seed)
    if not place.is_dir():
        raise ComparisonError(f"this worker does not see {place}: --root must be a shared folder")
    settings, own = read_settings(place), run.directory(place)
    own.mkdir(parents=True, exist_ok=True)
    tell = teller(place, own)
    # a worker that lost its master may still be at it
    with alone(own / LOCK):
        if (own / RESULT).is_file():
            return "finished"
        try:
            tell("starting", 0.0)
            given = *_data(settings.dataset, settings.n_validation), judges(settings.dataset, place)
            try:
                result = _train_and_measure(run, settings, own, given, accelerator, tell)
            except FAILURES as error:
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
                result = Result(run, None, {}, {}, {}, reason)
        except KeyboardInterrupt:
            return "stopped"
        write_result(place, settings, result)
        for leftover in (STATE, PROGRESS):
            (own / leftover).unlink(missing_ok=True)
    return "failed" if result.reason else "finished"


def divide(data: Dataset, n_validation: int) -> tuple[Dataset, Dataset]:
    """The dataset without its last training tuples, and the same with those to test on.

    Of data with gaps, the last that have every modality.
    """
    observed = getattr(data.train, "observed", None)
    whole = torch.ones(len(data.train), dtype=torch.bool) if observed is None else observed.all(1)
    n_train = int(whole.sum()) - n_validation
    if n_train <= 0:
        raise ValueError(
            f"{n_validation} validation tuples leave none of {int(whole.sum())} to train on"
        )
    held_out = whole & (whole.cumsum(0) > n_train)
    train_part, validation_part = (
        Part(data.train, rows.nonzero().flatten()) for rows in (~held_out, held_out)
    )
    kept = replace(data, train=train_part)
    return kept, replace(kept, test=validation_part)


def check_sizes(data: Dataset, settings: Settings) -> None:
    """Raise ValueError where the data have fewer tuples than will be asked for after training."""
    kept = divide(data, settings.n_validation)[0].having()
    n_train, n_test = len(kept.train), len(kept.test)
    fits = min(n_train // 2, n_test)
    if settings.n_test > fits:
        raise ValueError(
            f"--test-tuples {settings.n_test} needs twice as many training tuples and as many test "
            f"tuples; {data.name!r} has {n_train} to train on beside --validation-tuples "
            f"{settings.n_validation}, and {n_test} to test on: give --test-tuples {fits} or fewer"
        )


def _train_and_measure(
    run: Run,
    settings: Settings,
    own: Path,
    given: tuple[Dataset, Dataset, Classifiers],
    accelerator: str,
    tell: Callable[[str, float], None],
) -> Result:
    data, validation, judges = given
    if (own / STATE).is_file() or not (own / WEIGHTS).is_file():
        _train(run, settings, data, own, accelerator, tell)
    model = MultimodalVAE.from_pretrained(own)
    started, used = time.monotonic(), time.process_time()

    def measure(data: Dataset, name: str, **options: object) -> dict:
        return evaluate(
            model,
            data,
            judges,
            seed=EVALUATION_SEED,
            on_step=lambda what, done: tell(f"{name}: {what}", done),
            **options,
        )

    validated = _validation_score(
        measure(validation, "validation", only=VALIDATED, **settings.validation)
    )
    scores = measure(data, "test", **settings.evaluation)
    undefined = _undefined(scores)
    if undefined:
        raise ValueError(f"evaluation gave no number for {', '.join(undefined)}")
    took = time.monotonic() - started, time.process_time() - used
    computed = origin(own, EVALUATION_SEED, *took) | {"sizes": settings.evaluation}
    return Result(run, scores, validated, model.provenance, computed)


def _train(
    run: Run,
    settings: Settings,
    data: Dataset,
    own: Path,
    accelerator: str,
    tell: Callable[[str, float], None],
) -> None:
    def on_step(step: int, terms: dict[str, float]) -> None:
        tell("training", step / settings.steps)

    train_checkpoint(
        own,
        data,
        run.model,
        recipe={"latent_dim": settings.latent_dim, "beta": run.beta},
        start=settings.start or None,
        seed=run.seed,
        resume=(own / STATE).is_file(),
        watch=lambda model: on_step,
        steps=settings.steps,
        batch_size=settings.batch_size,
        optimizer=settings.optimizer,
        learning_rate=settings.learning_rate,
        accelerator=accelerator,
        progress=False,
    )


def _validation_score(scores: dict) -> dict[str, float]:
    """Latent accuracy, coherence and their mean: shares, in which beta does not appear."""
    parts = {}
    for section, table in VALIDATED.items():
        figures = scores[section].get(table, {}).values()
        shares = [figure["mean"] for figure in figures if "mean" in figure]
        if shares:
            parts[section] = round(fmean(shares), 4)
    return parts | ({"score": round(fmean(parts.values()), 4)} if parts else {})


def _undefined(tree: object, path: str = "") -> list[str]:
    """Paths to the figures that came out infinite or as no number."""
    if tree == absent(NOT_FINITE):
        return [path[1:]]
    branches = tree.items() if isinstance(tree, dict) else ()
    return [bad for key, branch in branches for bad in _undefined(branch, f"{path}/{key}")]


def teller(place: Path, own: Path) -> Callable[[str, float], None]:
    """Callback that writes how far the run is to a file, once a second, and stops it when asked."""
    last = -TELL_EVERY_SECONDS

    def tell(stage: str, done: float) -> None:
        nonlocal last
        if time.monotonic() - last < TELL_EVERY_SECONDS:
            return
        last = time.monotonic()
        if (place / STOP).exists():
            raise KeyboardInterrupt
        write_whole(own / PROGRESS, f"{done:.4f} {stage}")

    return tell


@cache
def _data(dataset: str, n_validation: int) -> tuple[Dataset, Dataset]:
    return divide(load_dataset(dataset), n_validation)


@cache
def judges(dataset: str, folder: Path) -> Classifiers:
    """Classifiers of the root that the comparison lies in, else those at hand.

    Raises
    ------
    CheckpointError
        There are none, and without them no run can be measured.
    """
    found = find_classifiers(name_of(dataset), folder.parents[2])
    if isinstance(found, str):
        raise CheckpointError(found)
    return found
