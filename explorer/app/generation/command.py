"""``python -m explorer presets``: what Generation shows before it computes."""

import torch
from rich.console import Console
from rich.progress import Progress

from explorer.app.generation.answers import Lab
from explorer.app.generation.presets import CACHE, DATASET, write_cache
from explorer.catalog.looks import LABELS
from explorer.checkpoints import load_pretrained
from explorer.datasets import load_dataset
from explorer.evaluation.classifiers import load_classifiers


def presets(threads: int, console: Console) -> None:
    """Answer the presets and meet the conflicts with the shipped models; write both."""
    torch.set_num_threads(threads)
    models = {key: load_pretrained(DATASET, key) for key in LABELS}
    lab = Lab(load_dataset(DATASET), models, load_classifiers(DATASET))
    with Progress(console=console) as progress:
        task = progress.add_task("presets")
        for what, done, total in write_cache(lab, CACHE):
            progress.update(task, description=what, completed=done, total=total)
    console.print(f"wrote {CACHE}")
