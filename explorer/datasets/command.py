"""``python -m explorer data``: what there is, whether it is whole, and getting it."""

import os
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from explorer.datasets import DATASETS, Dataset, load_dataset
from explorer.datasets.own.build import check as check_own
from explorer.files.own import find_folder, list_folders
from explorer.files.sources import (
    best_way,
    data_directory,
    inspect,
    is_embedded,
    remedy,
    source,
    state,
)


def look_in(root: Path | None) -> None:
    """Look for data in ``root`` from now on; do nothing for None."""
    if root is not None:
        os.environ["EXPLORER_DATA"] = str(root)


def show_all(console: Console) -> None:
    """Print every dataset and its state, from names and sizes of files alone."""
    table = Table("dataset", "state", "what it is", box=SIMPLE_HEAD)
    for name, loader in DATASETS.items():
        what = (loader.__doc__ or "").partition("\n")[0].replace("``", "")
        table.add_row(name, state(name), Text(what))
    for name, folder in list_folders().items():
        table.add_row(Text(name), "yours", Text(f"described in {folder}"))
    console.print(table)
    _say(console, f"files are looked for in {data_directory()}")


def check(name: str, console: Console) -> bool:
    """Read and load a dataset, print what that tells, and return whether it can be used.

    Of the visitor's own data every mistake is told.

    Raises
    ------
    ValueError
        There is no such dataset, or its loader refuses it and says why.
    """
    if name not in DATASETS and (folder := find_folder(name)):
        return _check_own(folder, console)
    if name in DATASETS and not is_embedded(name) and not _check_files(name, console):
        _say(console, f"{name} cannot be used. {remedy(name)}")
        return False
    with console.status(escape(f"loading {name}")):
        data = load_dataset(name)
    _show(data, console)
    return True


def fetch(name: str, way: str | None, again: bool, console: Console) -> None:
    """Download the missing files of a dataset, with a progress bar for each.

    Raises
    ------
    ValueError
        There is no such dataset or way, or it cannot be got; says why.
    """
    from explorer.files.sources.fetch import fetch as get
    from explorer.files.sources.fetch import pinned_hash

    if name in DATASETS and is_embedded(name):
        console.print(f"{name} comes with the explorer: there is nothing to fetch")
        return
    _say(console, f"license: {source(name).license}")
    bars: dict[str, int] = {}
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    progress = Progress(*columns, TransferSpeedColumn(), TimeRemainingColumn(), console=console)

    def tell(what: str, done: int, total: int | None) -> None:
        if what not in bars:
            bars[what] = progress.add_task(what, total=total)
        progress.update(bars[what], completed=done, total=total)

    try:
        with progress:
            paths = get(
                name,
                way=way,
                again=again,
                progress=tell,
                on_wait=lambda: console.print("another process fetches; waiting for it"),
            )
    except KeyboardInterrupt:
        console.print("stopped; what came is kept, the same command goes on from there")
        raise
    for file in best_way(name, data_directory())[0].files:
        if got := pinned_hash(file, data_directory()):
            _say(
                console,
                f"{file.path}: no hash is published; what {file.url} sent is {got}, and nothing "
                "else will be taken for it",
            )
    _say(console, f"{name} is here: {len(paths)} files in {data_directory()}")


def _check_files(name: str, console: Console) -> bool:
    way, found = best_way(name, data_directory())
    with console.status("reading") as status:
        for number, file in enumerate(way.files):
            status.update(f"reading {file.path}")
            found[number] = inspect(file, data_directory())
    table = Table("file", "state", "", box=SIMPLE_HEAD, title=f"{name}: {way.name}")
    for each in found:
        table.add_row(Text(each.file.path), each.state, Text(each.note))
    console.print(table)
    _say(console, f"in {data_directory()}; license: {source(name).license}")
    return all(each.usable for each in found)


def _check_own(folder: Path, console: Console) -> bool:
    with console.status(escape(f"reading {folder}")):
        found = check_own(folder, DATASETS)
    for each in found.mistakes or found.notes:
        _say(console, f"- {each}")
    if found.dataset is None:
        n = len(found.mistakes)
        count = "one mistake" if n == 1 else f"{n} mistakes"
        _say(console, f"{folder} cannot be used: {count}")
        return False
    _show(found.dataset, console)
    if list_folders().get(folder.name) != folder:
        _say(console, f"commands find it by its path; pages, once it lies in {data_directory()}")
    return True


def _show(data: Dataset, console: Console) -> None:
    table = Table("modality", "kind", "shape", "what it is", box=SIMPLE_HEAD)
    for modality in data.modalities:
        shape = " x ".join(map(str, modality.shape))
        table.add_row(modality.name, modality.kind, shape, Text(modality.description))
    console.print(table)
    _say(
        console,
        f"{data.name} can be used: {len(data.train)} samples for training, {len(data.test)} for "
        f"testing, {len(data.classes)} classes",
    )


def _say(console: Console, text: str) -> None:
    """Print a sentence that may hold what a visitor wrote: nothing in it is markup."""
    console.print(text, soft_wrap=True, markup=False, highlight=False)
