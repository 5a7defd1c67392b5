"""``python -m explorer train``: a model built, trained and saved."""

import os
from pathlib import Path

import torch
from rich.console import Console

from explorer.checkpoints import runs_directory, start_from
from explorer.datasets import load_dataset
from explorer.models import build_model
from explorer.training import train as run


def train(
    dataset: str,
    model: str,
    *,
    option: list[str] | None,
    start: str | None,
    seed: int,
    recipe: dict[str, float | None],
    budget: dict[str, float | None],
    threads: int,
    root: Path | None,
    console: Console,
    **settings: object,
) -> None:
    """Train a model and save it under ``root``, by default the user's runs.

    Parameters
    ----------
    option
        Each KEY=VALUE for the dataset's function.
    recipe
        Arguments of the model; None is what its recipe says.
    budget
        ``steps``, ``epochs``, ``minutes``; four minutes where all are None.
    settings
        As :func:`explorer.training.train` has them.
    """
    torch.set_num_threads(threads)
    options = _options(option or [])
    data = load_dataset(dataset, **options)
    torch.manual_seed(seed)
    changed = {key: value for key, value in recipe.items() if value is not None}
    built = build_model(model, data.modalities, **changed)
    if options:
        built.provenance["options"] = options
    if start is not None:
        start_from(built, start, model)
    if set(budget.values()) == {None}:
        budget = {"minutes": 4.0}
    folder = (root or runs_directory()) / data.name / model
    state = runs_directory() / data.name / model
    try:
        run(built, data, **budget, **settings, seed=seed, directory=state)
    except KeyboardInterrupt:
        console.print(f"stopped; the state is in {state}, continue with --resume")
        raise
    if int(os.environ.get("LOCAL_RANK", 0)) == 0:
        built.provenance["model"] = model
        built.save_pretrained(folder)
        console.print(f"saved {folder}")


def _options(given: list[str]) -> dict[str, int | str]:
    """``--option KEY=VALUE``, with whole numbers as such."""
    pairs = [text.partition("=") for text in given]
    if any(not (key and value) for key, _, value in pairs):
        raise ValueError(f"--option must be KEY=VALUE, got {' '.join(given)}")
    return {key: int(value) if value.isdecimal() else value for key, _, value in pairs}
