"""``python -m explorer train``: a model built, trained and saved."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from explorer.checkpoints import runs_directory
from explorer.training.numbers import check_budget, check_numbers, check_words
from explorer.training.recipes import dataset_at_hand, find_recipe, load_for, model_options

BUDGETS = ("steps", "epochs", "minutes")


def train(
    dataset: str,
    model: str,
    *,
    option: list[str] | None,
    start: str | None,
    recipe: dict[str, float | None],
    budget: dict[str, float | None],
    device: str,
    log: str | None,
    threads: int,
    root: Path | None,
    console: Console,
    weights: str | None = None,
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
    device
        As :func:`explorer.models.device.find_device` has it.
    log
        Key of ``LOGGERS``, or None.
    weights
        How much experts count, each NAME=NUMBER, commas between; None is what the recipe says.
    settings
        As :func:`explorer.training.train` has them, and ``seed``.
    """
    numbers = ("batch_size", "learning_rate", "seed", "devices")
    given = {key: settings[key] for key in numbers if key in settings}
    check_numbers(recipe | budget | given | {"threads": threads}, called=_option)
    words = ("optimizer", "precision")
    check_words({key: settings[key] for key in words if key in settings}, called=_option)
    if set(budget.values()) == {None}:
        budget = {"minutes": 4.0}
    check_budget(budget)
    options = _options(option or [])
    weighed = {} if weights is None else {"weights": _weights(weights)}

    import torch

    from explorer.datasets import load_dataset, name_of
    from explorer.models import MODELS
    from explorer.models.device import find_device
    from explorer.training.checkpoint import train_checkpoint
    from explorer.training.log import logging_to
    from explorer.training.run import STATE, check_writable

    if model not in MODELS:
        raise ValueError(f"--model must be one of {', '.join(MODELS)}, got {model!r}")
    if weighed and "kind" in MODELS[model]:
        raise ValueError(f"--weights are of models that fuse by a rule; {model} has none")
    torch.set_num_threads(threads)
    folder = (root or runs_directory()).expanduser() / name_of(dataset) / model
    check_writable(folder)
    data = load_dataset(dataset, **options)
    try:
        train_checkpoint(
            folder,
            data,
            model,
            recipe=recipe | weighed,
            options=options,
            start=start,
            accelerator=find_device(device).type,
            watch=logging_to(log, folder),
            **budget,
            **settings,
        )
    except KeyboardInterrupt:
        console.print(
            f"stopped; the state is in {folder / STATE}, continue with --resume", markup=False
        )
        raise
    console.print(f"saved {folder}", markup=False)


def train_recipe(
    name: str,
    version: str,
    given: Mapping[str, object],
    *,
    root: Path | None,
    console: Console,
) -> None:
    """Train one model of a paper's recipe, with what was ``given`` on the command line instead.

    Parameters
    ----------
    name, version
        As :func:`explorer.training.recipes.find_recipe` has them.
    given
        Options of :func:`train` that were set by hand; the rest is the recipe's.
    """
    recipe, given = find_recipe(name, version), dict(given)
    model = str(given.pop("model", recipe.models[0]))
    dataset = str(given.pop("dataset", None) or dataset_at_hand(recipe))
    options = _options(given.pop("option", None) or [])
    threads = int(given.pop("threads", 1))
    built = model_options(recipe, model, recipe.betas[0])
    own = ("latent_dim", "style_dim", "beta", "beta_style")
    built |= {key: given.pop(key) for key in own if key in given}
    if "weights" in given:
        built["weights"] = _weights(str(given.pop("weights")))
    settings = {**recipe.training, **dict.fromkeys(BUDGETS, None)}
    if not any(given.get(budget) for budget in BUDGETS):
        settings["epochs"] = recipe.training["epochs"]
    start, device, log = (given.pop(key, None) for key in ("start", "device", "log"))
    settings |= given

    import torch

    from explorer.models.device import find_device
    from explorer.training.checkpoint import train_checkpoint
    from explorer.training.log import logging_to

    torch.set_num_threads(threads)
    data = load_for(recipe, dataset, model, **options)
    folder = (root or runs_directory()).expanduser() / data.name / model
    console.print(f"{name}, {version}: {model} on {dataset}", markup=False)
    settings |= {"accelerator": find_device(device or "auto").type}
    train_checkpoint(
        folder,
        data,
        model,
        recipe=built,
        options=options,
        start=start,
        watch=logging_to(log, folder),
        **settings,
    )
    console.print(f"saved {folder}", markup=False)


def _option(name: str) -> str:
    """What a setting is called on the command line."""
    return "--" + name.replace("_", "-")


def _weights(text: str) -> dict[str, float]:
    """``--weights NAME=NUMBER,...`` as numbers by modality."""
    pairs = [part.partition("=") for part in text.split(",")]
    try:
        return {name.strip(): float(number) for name, _, number in pairs}
    except ValueError:
        raise ValueError(f"--weights must be NAME=NUMBER,..., got {text!r}") from None


def _options(given: list[str]) -> dict[str, int | str]:
    """``--option KEY=VALUE``, with whole numbers as such."""
    pairs = [text.partition("=") for text in given]
    if any(not (key and value) for key, _, value in pairs):
        raise ValueError(f"--option must be KEY=VALUE, got {' '.join(given)}")
    return {key: int(value) if value.isdecimal() else value for key, _, value in pairs}
