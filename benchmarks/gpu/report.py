"""What the scripts for a machine with a GPU have in common: options, and a table at the end."""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table


def options(text: str) -> argparse.ArgumentParser:
    """A parser for a script's own options; ``text`` is its docstring."""
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--smoke", action="store_true", help="budgets of seconds, for any machine")
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"), help="where results are kept")
    parser.add_argument("--accelerator", default="auto", help="auto, cpu, cuda")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads, for evaluation")
    return parser


def machine() -> str:
    """What ran it, in one line."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{device}; torch {torch.__version__}; {torch.get_num_threads()} CPU threads"


def show(title: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Print rows of the same keys as a Markdown table below what ran it."""
    rows = list(rows)
    table = Table(*rows[0], box=MARKDOWN)
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    print(f"{title}; {machine()}")
    Console(width=200).print(table)


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
