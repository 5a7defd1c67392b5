"""A comparison in the terminal: how far it is, in bars or in plain lines, and its one table."""

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from explorer.catalog.looks import MODEL_LABELS
from explorer.files.whole import write_whole
from explorer.results.comparison.engines import Progress
from explorer.results.comparison.runs import RESULT, Result, Run, Settings
from explorer.results.comparison.summaries import (
    HEADLINE,
    as_csv,
    as_json,
    as_latex,
    headline,
    outcomes,
    select_beta,
    shown,
)
from explorer.results.ranking import average_ranks
from explorer.results.scores import MEASURES

LINE_EVERY_SECONDS = 60.0


def watch(states: Iterable[Progress], console: Console) -> dict[Run, str]:
    """Show how far it is until all is done; return what became of each run.

    A line for every run that ends; bars below in a terminal, elsewhere a line every minute.
    """
    ended: dict[Run, str] = {}
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    overall = bars.add_task("runs", total=None)
    tasks: dict[Run, int] = {}
    said = time.monotonic()
    with closing(states), bars:
        for state in states:
            for run, outcome in state.outcomes.items():
                if run not in ended:
                    console.print(
                        f"[{len(ended) + 1}/{state.total}] {run}: {outcome}",
                        markup=False,
                        soft_wrap=True,
                    )
                    ended[run] = outcome
            bars.update(overall, total=state.total, completed=len(ended))
            for run in tasks.keys() - state.running.keys():
                bars.remove_task(tasks.pop(run))
            for run, (stage, done) in state.running.items():
                if run not in tasks:
                    tasks[run] = bars.add_task(str(run), total=100)
                bars.update(tasks[run], description=f"{run}, {stage}", completed=int(100 * done))
            if not console.is_terminal and time.monotonic() - said > LINE_EVERY_SECONDS:
                said = time.monotonic()
                at_work = [f"{r}, {stage} {done:.0%}" for r, (stage, done) in state.running.items()]
                console.print(
                    f"[{len(ended)}/{state.total}] " + "; ".join(at_work),
                    markup=False,
                    soft_wrap=True,
                )
    return ended


def print_table(results: Sequence[Result], console: Console) -> None:
    """Print a row a model at its selected beta: means over runs, their standard errors, ranks."""
    rows, selection = headline(results), select_beta(results)
    ranks = average_ranks(*outcomes(results))
    columns = [column for column in HEADLINE if any(column in row for row in rows.values())]
    table = Table("model", "runs", "beta", *columns, "rank", box=SIMPLE_HEAD)
    for model, row in rows.items():
        cells = [
            shown(row[c], MEASURES[HEADLINE[c].measure].digits) if c in row else "-"
            for c in columns
        ]
        n_runs = str(max(mean.n_runs for mean in row.values()))
        rank = f"{ranks[model].mean:.2f}" if model in ranks else "-"
        name = MODEL_LABELS.get(model, model)
        table.add_row(name, n_runs, f"{selection[model]:g}", *cells, rank)
    # a narrow terminal wraps these lines; cut figures would be worse
    wide = Console(file=console.file, width=max(console.width, 200))
    wide.print(table)
    console.print(
        "mean ± standard error over training runs; beta selected on held-out training tuples; rank "
        "from 1, best in every outcome, to 0",
        style="dim",
    )


def print_failures(results: Iterable[Result], folder: Path, console: Console) -> None:
    """Print which runs failed, why, and where that is written."""
    for result in results:
        if result.reason:
            path = result.run.directory(folder) / RESULT
            console.print(
                f"failed: {result.run}: {result.reason} ({path})", markup=False, soft_wrap=True
            )


def write_tables(results: Sequence[Result], settings: Settings, folder: Path) -> list[Path]:
    """Write ``table.csv``, ``table.tex`` and ``table.json`` into the folder of the comparison."""
    texts = {
        "table.csv": as_csv(results),
        "table.tex": as_latex(results),
        "table.json": as_json(results, settings),
    }
    for name, text in texts.items():
        write_whole(folder / name, text)
    return [folder / name for name in texts]


def _say(console: Console, line: str) -> None:
    """One line, whole: a log is not a terminal that must wrap it."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)
