"""``python -m explorer presets``: the conflicts that Generation shows beforehand."""

import torch
from rich.console import Console
from rich.progress import Progress

from explorer.app.generation.presets import CACHE, write_rates


def presets(threads: int, console: Console) -> None:
    """Meet the conflicts with the shipped models and write how they end."""
    torch.set_num_threads(threads)
    with Progress(console=console) as progress:
        task = progress.add_task("presets")
        for what, done, total in write_rates(CACHE):
            progress.update(task, description=what, completed=done, total=total)
    console.print(f"wrote {CACHE}")
