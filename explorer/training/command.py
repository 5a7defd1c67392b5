"""``python -m explorer train``: a model built, trained and saved."""

from pathlib import Path

from rich.console import Console

from explorer.checkpoints import runs_directory
from explorer.training.numbers import check_budget, check_numbers, check_words


def train(
    dataset: str,
    model: str,
    *,
    option: list[str] | None,
    start: str | None,
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
        As :func:`explorer.training.train` has them, and ``seed``.
    """
    numbers = ("batch_size", "learning_rate", "seed", "devices")
    given = {key: settings[key] for key in numbers if key in settings}
    check_numbers(recipe | budget | given | {"threads": threads}, called=_option)
    words = ("optimizer", "precision", "accelerator")
    check_words({key: settings[key] for key in words if key in settings}, called=_option)
    if set(budget.values()) == {None}:
        budget = {"minutes": 4.0}
    check_budget(budget)
    options = _options(option or [])

    import torch

    from explorer.datasets import load_dataset, name_of
    from explorer.models import MODELS
    from explorer.training.checkpoint import train_checkpoint
    from explorer.training.run import STATE, check_writable

    if model not in MODELS:
        raise ValueError(f"--model must be one of {', '.join(MODELS)}, got {model!r}")
    torch.set_num_threads(threads)
    folder = (root or runs_directory()).expanduser() / name_of(dataset) / model
    check_writable(folder)
    data = load_dataset(dataset, **options)
    try:
        train_checkpoint(
            folder,
            data,
            model,
            recipe=recipe,
            options=options,
            start=start,
            **budget,
            **settings,
        )
    except KeyboardInterrupt:
        console.print(
            f"stopped; the state is in {folder / STATE}, continue with --resume", markup=False
        )
        raise
    console.print(f"saved {folder}", markup=False)


def _option(name: str) -> str:
    """What a setting is called on the command line."""
    return "--" + name.replace("_", "-")


def _options(given: list[str]) -> dict[str, int | str]:
    """``--option KEY=VALUE``, with whole numbers as such."""
    pairs = [text.partition("=") for text in given]
    if any(not (key and value) for key, _, value in pairs):
        raise ValueError(f"--option must be KEY=VALUE, got {' '.join(given)}")
    return {key: int(value) if value.isdecimal() else value for key, _, value in pairs}
