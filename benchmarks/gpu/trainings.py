"""A list of trainings, each measured when it ends: the commands ``train`` and ``evaluate``."""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from benchmarks.gpu.report import machine
from explorer.checkpoints import CheckpointError, checkpoint_directory
from explorer.evaluation.command import evaluate
from explorer.results.command import show_checkpoints
from explorer.training.command import train

SMOKE_DATASET = "digits_photo_text"


class Job(NamedTuple):
    """One training.

    Parameters
    ----------
    dataset, model
        Keys of ``DATASETS`` and ``MODELS``.
    recipe
        Arguments of the model: ``latent_dim``, ``beta``, ``style_dim``.
    batch_size, learning_rate
        As in ``explorer.training.train``, for AdamW, which the papers have.
    published
        Whether it has the papers' networks.
    seed
        Each has a folder of its own.
    """

    dataset: str
    model: str
    recipe: dict[str, float]
    batch_size: int = 256
    learning_rate: float = 5e-4
    published: bool = True
    seed: int = 0


def carry_out(jobs: Iterable[Job], minutes: float, asked: argparse.Namespace) -> None:
    """Train, save and evaluate what has no scores under ``asked.out`` yet; print the tables last.

    Give the same command again to go on after a stop: what is done is not done again.
    """
    console = Console(width=160)
    places: dict[Path, set[str]] = {}
    for job in jobs:
        root = asked.out / ("published" if job.published else "small") / f"seed{job.seed}"
        os.environ["EXPLORER_RUNS"] = str(root / "states")
        dataset = SMOKE_DATASET if asked.smoke else job.dataset
        places.setdefault(root, set()).add(dataset)
        if not _has_scores(dataset, job.model, root):
            train(
                dataset,
                job.model,
                option=["published=1"] if job.published and not asked.smoke else [],
                start=None,
                seed=job.seed,
                recipe=job.recipe | ({"latent_dim": 4} if asked.smoke else {}),
                budget={"steps": 2} if asked.smoke else {"minutes": minutes},
                batch_size=job.batch_size,
                optimizer="adamw",
                learning_rate=job.learning_rate,
                accelerator=asked.accelerator,
                precision=asked.precision,
                threads=asked.threads,
                root=root,
                console=console,
            )
            evaluate(
                dataset,
                job.model,
                seed=0,
                tuples=40 if asked.smoke else 2000,
                draws=4 if asked.smoke else 100,
                likelihood_tuples=4 if asked.smoke else 100,
                every_subset=False,
                threads=asked.threads,
                root=root,
                console=console,
            )
    console.print(machine())
    for root, datasets in places.items():
        console.print(str(root))
        for dataset in sorted(datasets):
            show_checkpoints(console, dataset, root)


def _has_scores(dataset: str, model: str, root: Path) -> bool:
    try:
        return (checkpoint_directory(dataset, model, root) / "scores.json").is_file()
    except CheckpointError:
        return False
