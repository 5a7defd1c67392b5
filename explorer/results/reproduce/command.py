"""``python -m explorer reproduce``: a recipe in, a paper's table beside ours out."""

import time
from pathlib import Path

import torch
from rich.console import Console
from rich.markdown import Markdown

from explorer.files.whole import write_whole
from explorer.models import build_model
from explorer.models.device import find_device
from explorer.results.comparison.engines import available_cores, carry_out
from explorer.results.comparison.report import watch
from explorer.results.comparison.runs import RESULT, Run
from explorer.results.reproduce.runs import (
    TABLE,
    Reproduction,
    begin,
    plan,
    read_results,
)
from explorer.results.reproduce.scales import left_out, scaled
from explorer.results.reproduce.table import DIFFERENT_DATA, as_markdown
from explorer.results.reproduce.work import prepared, work
from explorer.training import train
from explorer.training.recipes import dataset_at_hand, model_options

MEASURED_STEPS = 5


def reproduce(
    name: str,
    *,
    version: str,
    scale: str,
    models: str | None,
    root: Path | None,
    workers: str,
    engine: str,
    scheduler: str | None,
    device: str,
    retry: bool,
    console: Console,
) -> int:
    """Carry out what is missing, print and write the table, return the exit code.

    Options are as the command line gives them. The code is 1 where a run that was asked for has no
    figures in the end.
    """
    where = find_device(device)
    recipe = scaled(name, version, scale)
    asked = Reproduction(name, version, scale, dataset_at_hand(recipe))
    runs = plan(recipe, models.split(",") if models else None)
    n_workers = _workers(workers, where)
    folder = begin(asked, root)
    if retry:
        for run, values in read_results(folder).items():
            if "reason" in values:
                (run.directory(folder) / RESULT).unlink()
    missing = [run for run in runs if not (run.directory(folder) / RESULT).is_file()]
    _announce(asked, missing, len(runs), n_workers, device, console)
    states = carry_out(
        folder,
        runs,
        task=work,
        engine=engine,
        workers=n_workers,
        scheduler=scheduler,
        accelerator=device,
    )
    try:
        watch(states, console)
    except KeyboardInterrupt:
        console.print(f"stopped; the same command goes on from {folder}", markup=False)
        raise
    results = read_results(folder)
    text = as_markdown(asked, results)
    write_whole(folder / TABLE, text)
    Console(file=console.file, width=max(console.width, 160)).print(Markdown(text))
    console.print(f"wrote {folder / TABLE}", markup=False, soft_wrap=True)
    return 0 if all("tables" in results.get(run, {}) for run in runs) else 1


def seconds_a_step(asked: Reproduction, run: Run, device: str) -> float:
    """Seconds that a training step of a run takes here, from a few steps after a first one."""
    recipe = asked.recipe
    data = prepared(asked, recipe, run.model)
    torch.manual_seed(run.seed)
    model = build_model(run.model, data.modalities, **model_options(recipe, run.model, run.beta))
    budget = {"steps": 1 + MEASURED_STEPS, "epochs": None}
    reached: list[float] = []
    train(
        model,
        data,
        **{**recipe.training, **budget},
        seed=run.seed,
        accelerator=device,
        progress=False,
        stop=lambda: reached.append(time.monotonic()) or False,
    )
    return (reached[-1] - reached[1]) / MEASURED_STEPS


def _announce(
    asked: Reproduction,
    missing: list[Run],
    total: int,
    workers: int,
    device: str,
    console: Console,
) -> None:
    """Say what will be done, on what, what that leaves out and, of long work, how long it takes."""

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    recipe, where = asked.recipe, find_device(device)
    say(f"{asked.name}, {asked.scale}: {recipe.paper}, {asked.version}; {asked.dataset}, {where}")
    if asked.dataset in DIFFERENT_DATA:
        say(f"data: {DIFFERENT_DATA[asked.dataset]}")
    for sentence in left_out(asked.name, asked.version, asked.scale):
        say(f"left out: {sentence}")
    say(f"{len(missing)} of {total} trainings are to be done, {workers} at once")
    if asked.scale == "paper" and missing:
        first = {run.model: run for run in reversed(missing)}
        seconds = {m: seconds_a_step(asked, run, device) for m, run in first.items()}
        data = prepared(asked, recipe)
        steps = recipe.training["epochs"] * (len(data.train) // recipe.training["batch_size"])
        hours = sum(seconds[run.model] * steps for run in missing) / workers / 3600
        say(
            f"training alone will take about {_long(hours)} on this device: {steps} steps each, "
            + ", ".join(f"{m} {1000 * s:.0f} ms a step" for m, s in seconds.items())
        )


def _workers(asked: str, device: torch.device) -> int:
    if asked != "auto":
        if not asked.isdecimal() or int(asked) < 1:
            raise ValueError(f"--workers must be auto or a number of at least 1, got {asked!r}")
        return int(asked)
    return 1 if device.type == "cuda" else available_cores()


def _long(hours: float) -> str:
    return f"{hours / 24:.1f} days" if hours > 48 else f"{hours:.1f} hours"
