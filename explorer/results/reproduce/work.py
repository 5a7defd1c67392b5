"""One run of a reproduction, in a process of its own: train, measure, write the result."""

import json
import time
from collections.abc import Callable
from inspect import signature
from math import isfinite
from pathlib import Path

import torch

from explorer.datasets import DATASETS, Dataset
from explorer.evaluation import origin
from explorer.evaluation.classifiers import load_classifiers
from explorer.files.whole import alone, write_whole
from explorer.models import MultimodalVAE
from explorer.models.device import find_device, moved
from explorer.models.vae import WEIGHTS
from explorer.results.comparison.runs import LOCK, RESULT, ComparisonError, Run
from explorer.results.comparison.work import FAILURES, PROGRESS, teller
from explorer.results.reproduce.judges import trained_judges
from explorer.results.reproduce.protocol import PROTOCOLS, Asked, Tables
from explorer.results.reproduce.runs import Reproduction, read_about
from explorer.results.reproduce.scales import SCALES
from explorer.training import STATE, train_checkpoint
from explorer.training.recipes import Recipe, load_for, model_options


def work(folder: str, model: str, beta: float, seed: int, device: str = "cpu") -> str:
    """Carry out a run of the reproduction in ``folder``, or what is left of it.

    Returns
    -------
    ``finished``, ``failed`` (``result.json`` says why), or ``stopped`` (it can go on later).

    Raises
    ------
    ComparisonError
        This machine does not see the folder.
    """
    torch.set_num_threads(1)
    place, run = Path(folder), Run(model, beta, seed)
    if not place.is_dir():
        raise ComparisonError(f"this worker does not see {place}: --root must be a shared folder")
    own = run.directory(place)
    own.mkdir(parents=True, exist_ok=True)
    with alone(own / LOCK):  # a worker that lost its master may still be at it
        if (own / RESULT).is_file():
            return "finished"
        try:
            result = _train_and_measure(place, run, device, teller(place, own))
        except KeyboardInterrupt:
            return "stopped"
        except FAILURES as error:
            result = {"reason": f"{type(error).__name__}: {error}".splitlines()[0]}
        text = json.dumps(run._asdict() | result, indent=1, allow_nan=False) + "\n"
        write_whole(own / RESULT, text)
        (own / PROGRESS).unlink(missing_ok=True)
    return "failed" if "reason" in result else "finished"


def prepared(asked: Reproduction, recipe: Recipe, model: str | None = None) -> Dataset:
    """The data of a reproduction, as many tuples as its scale has.

    Parameters
    ----------
    model
        Whose likelihoods, where they differ between models.
    """
    size, known = SCALES[asked.scale], signature(DATASETS[asked.dataset]).parameters
    numbers = {"n_train": size.n_train, "n_test": size.n_test}
    options = {key: n for key, n in numbers.items() if n is not None and key in known}
    return load_for(recipe, asked.dataset, model, **options)


def _train_and_measure(
    place: Path, run: Run, device: str, tell: Callable[[str, float], None]
) -> dict[str, object]:
    asked, own = read_about(place), run.directory(place)
    recipe, size, where = asked.recipe, SCALES[asked.scale], find_device(device)
    tell("starting", 0.0)
    data = prepared(asked, recipe, run.model)
    if (own / STATE).is_file() or not (own / WEIGHTS).is_file():
        _train(recipe, data, run, own, device, tell)
    tell("judges", 0.0)
    judges = None
    if recipe.judges == "published":
        judges = trained_judges(
            place / "judges",
            data,
            steps=size.judge_steps,
            batch_size=size.judge_batch,
            device=where,
        )
    elif recipe.judges == "ours":
        judges = load_classifiers(data.name).to(where)
    tell("measuring", 0.0)
    started, used = time.monotonic(), time.process_time()
    model = MultimodalVAE.from_pretrained(own).to(where)
    question = Asked(model, moved(data.having(), where), judges, size, recipe.tables)
    tables = PROTOCOLS[recipe.protocol](question)
    undefined = _undefined(tables)
    if undefined:
        raise ValueError(f"the protocol gave no number for {', '.join(undefined)}")
    took = time.monotonic() - started, time.process_time() - used
    tuples = [len(data.train), len(data.test)]
    computed = origin(own, question.seed, *took) | {"device": where.type, "tuples": tuples}
    if judges is not None:
        computed |= {"judges": {"ceiling": judges.ceiling, "agreement": judges.agreement}}
    return {"tables": tables, "trained": model.provenance, "computed": computed}


def _train(
    recipe: Recipe,
    data: Dataset,
    run: Run,
    own: Path,
    device: str,
    tell: Callable[[str, float], None],
) -> None:
    steps = recipe.training.get("steps") or (
        recipe.training["epochs"] * (len(data.train) // recipe.training["batch_size"])
    )

    def on_step(step: int, terms: dict[str, float]) -> None:
        tell("training", step / steps)

    train_checkpoint(
        own,
        data,
        run.model,
        recipe=model_options(recipe, run.model, run.beta),
        seed=run.seed,
        resume=(own / STATE).is_file(),
        watch=lambda model: on_step,
        accelerator=device,
        progress=False,
        **recipe.training,
    )


def _undefined(tables: Tables) -> list[str]:
    return [
        f"{table}/{column}"
        for table, columns in tables.items()
        for column, figure in columns.items()
        if not all(isfinite(number) for number in figure.values())
    ]
