"""``python -m explorer compare``: options in, runs carried out, tables written."""

from pathlib import Path

from rich.console import Console

from explorer.checkpoints import check_data
from explorer.datasets import load_dataset
from explorer.files.own import find_folder
from explorer.models import MODELS
from explorer.results.comparison.engines import carry_out
from explorer.results.comparison.report import print_failures, print_table, watch, write_tables
from explorer.results.comparison.runs import (
    Settings,
    comparison_directory,
    forget_failures,
    open_comparison,
    plan,
    read_results,
)
from explorer.results.comparison.work import check_sizes, judges


def compare(
    settings: Settings,
    *,
    name: str,
    root: Path | None,
    models: str,
    seeds: int,
    betas: str | None,
    workers: str,
    engine: str,
    scheduler: str | None,
    accelerator: str,
    retry: bool,
    console: Console,
) -> int:
    """Carry out what is missing, print and write the tables, return the exit code.

    Options are as the command line gives them. The code is 1 where a run that was asked for has
    no scores in the end.
    """
    if seeds < 1:
        raise ValueError(f"--seeds must be at least 1, got {seeds}")
    if len(Path(settings.dataset).parts) > 1:
        # whoever works on it need not be in this folder
        settings = settings._replace(dataset=str(find_folder(settings.dataset)))
    folder = comparison_directory(settings.dataset, name, root)
    data = load_dataset(settings.dataset)
    runs = plan(
        list(MODELS) if models == "all" else models.split(","),
        range(seeds),
        None if betas is None else _numbers("--betas", betas, float),
        data.modalities,
    )
    n_workers = None if workers == "auto" else _numbers("--workers", workers, int)[0]
    check_sizes(data, settings)
    found = judges(settings.dataset, folder)
    check_data(found.provenance, data, "a classifier that reads observations")
    open_comparison(folder, settings)
    known = read_results(folder)
    if retry:
        forget_failures(folder, known)
    states = carry_out(
        folder,
        runs,
        engine=engine,
        workers=n_workers,
        scheduler=scheduler,
        accelerator=accelerator,
    )
    try:
        watch(states, console)
    except KeyboardInterrupt:
        console.print(
            f"stopped; what is done is in {folder}, the same command goes on from there",
            soft_wrap=True,
        )
        raise
    results = read_results(folder)
    if any(result.scores is not None for result in results):
        print_table(results, console)
        for path in write_tables(results, settings, folder):
            console.print(f"wrote {path}", soft_wrap=True, markup=False)
    print_failures(results, folder, console)
    finished = {result.run for result in results if result.scores is not None}
    return 0 if finished >= set(runs) else 1


def _numbers(option: str, text: str, kind: type[int] | type[float]) -> list:
    """Numbers above 0 with commas between, as an option gives them."""
    try:
        numbers = [kind(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) <= 0:
        raise ValueError(f"{option} must be numbers above 0 with commas between, got {text!r}")
    return numbers
