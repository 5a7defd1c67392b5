"""From a name to trained weights on disk: what the command, the Train page and compare all do."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from explorer.checkpoints import check_replaced, start_from
from explorer.datasets import Dataset
from explorer.models import MultimodalVAE, build_model
from explorer.training.loop import train
from explorer.training.numbers import check_numbers
from explorer.training.run import STATE, check_writable

OnStep = Callable[[int, dict[str, float]], None]


def train_checkpoint(
    folder: Path,
    data: Dataset,
    name: str,
    *,
    recipe: Mapping[str, object] | None = None,
    options: Mapping[str, object] | None = None,
    start: str | None = None,
    seed: int = 0,
    resume: bool = False,
    watch: Callable[[MultimodalVAE], OnStep] | None = None,
    stop: Callable[[], bool] | None = None,
    **settings: object,
) -> MultimodalVAE:
    """Seed, build, train and save a model; its training state lies in ``folder`` until it is saved.

    Parameters
    ----------
    folder
        Where the checkpoint goes; what was there stays as it is until the new one is whole.
    name
        Key of ``MODELS``.
    recipe
        Arguments of the model that differ from its recipe; None is what the recipe says.
    options
        What the dataset was loaded with, to be told in the checkpoint.
    start
        As in :func:`explorer.checkpoints.start_from`; None for random weights.
    seed
        Of weights, data order and noise.
    resume
        Continue from the state in ``folder``.
    watch
        Given the model before it is trained, returns what is called after its steps.
    stop
        True ends the training early: weights are saved as they are, and the state is kept.
    settings
        As :func:`explorer.training.train` has them.

    Raises
    ------
    ValueError
        Something in the request cannot be; said before anything is trained.
    OSError
        The folder cannot be written to, or the disk is full.
    """
    changed = {key: value for key, value in (recipe or {}).items() if value is not None}
    numbers = ("latent_dim", "style_dim", "beta", "beta_style")
    check_numbers({key: changed[key] for key in numbers if key in changed} | {"seed": seed})
    check_writable(folder)
    check_replaced(folder, data)
    torch.manual_seed(seed)
    model = build_model(name, data.modalities, **changed)
    model.provenance["model"] = name
    if options:
        model.provenance["options"] = dict(options)
    if start is not None:
        start_from(model, start, name)
    on_step = None if watch is None else watch(model)
    kept = {"seed": seed, "directory": folder, "resume": resume}
    train(model, data, **settings, **kept, on_step=on_step, stop=stop)
    if int(os.environ.get("LOCAL_RANK", 0)) == 0:
        model.save_pretrained(folder)
        if stop is None or not stop():
            (folder / STATE).unlink()
    return model
