"""Losses on disk while a model trains, by the loggers that Lightning Fabric brings.

To add one: a line in ``LOGGERS``.
"""

from collections.abc import Callable
from pathlib import Path

from lightning.fabric.loggers import CSVLogger, TensorBoardLogger

from explorer.models import MultimodalVAE

LOGGERS: dict[str, Callable[[Path], CSVLogger | TensorBoardLogger]] = {
    "csv": lambda folder: CSVLogger(folder, name="log"),
    "tensorboard": lambda folder: TensorBoardLogger(folder, name="log"),
}
"""Name to a logger that writes into a folder, ``log/version_0`` and so on."""

OnStep = Callable[[int, dict[str, float]], None]


def logging_to(name: str | None, folder: Path) -> Callable[[MultimodalVAE], OnStep] | None:
    """What :func:`explorer.training.train_checkpoint` watches a training with; None logs nothing.

    Parameters
    ----------
    name
        Key of ``LOGGERS``, or None.
    folder
        Of the checkpoint; the log lies in ``log/`` there.

    Raises
    ------
    ValueError
        There is no such logger, or what it needs is not installed.
    """
    if name is None:
        return None
    if name not in LOGGERS:
        raise ValueError(f"--log must be one of {', '.join(LOGGERS)}, got {name!r}")
    try:
        logger = LOGGERS[name](folder)
    except ModuleNotFoundError as error:
        raise ValueError(f"--log {name} needs another package: pip install {name}") from error

    def on_step(step: int, terms: dict[str, float]) -> None:
        logger.log_metrics(terms, step)
        logger.save()

    return lambda model: on_step
