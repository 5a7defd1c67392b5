"""Whether files are here and whole: at a glance, or read through."""

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

from explorer.files.sources.directory import data_directory
from explorer.files.sources.table import SOURCES, File, Source, Way
from explorer.files.sources.unpacking import in_words

FETCHING = ".fetching"
"""Folder of the data directory where files lie until they are whole."""
UNREADABLE = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile)
CHUNK = 2**20


class Finding(NamedTuple):
    """What was found of one file: ``state`` is whole, other, missing or damaged."""

    file: File
    state: str
    note: str = ""

    @property
    def usable(self) -> bool:
        """Whether a loader may read it."""
        return self.state in ("whole", "other")


def is_embedded(name: str) -> bool:
    """Whether the dataset called ``name`` needs no files."""
    return name not in SOURCES


def source(name: str) -> Source:
    """Where the files of dataset ``name`` come from.

    Raises
    ------
    ValueError
        There is no such source.
    """
    if name not in SOURCES:
        raise ValueError(f"dataset must be one of {', '.join(SOURCES)}, got {name!r}")
    return SOURCES[name]


def find(file: File, root: Path) -> Path:
    """Where ``file`` lies under ``root``: as named, or without the ``.gz`` that it may have."""
    path = root / file.path
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    return path if path.exists() or not plain.is_file() else plain


def partial(file: File, root: Path) -> Path:
    """Where what is served for ``file`` lies until all of it is here."""
    return root / FETCHING / f"{file.path.replace('/', '-')}.partial"


def glance(file: File, root: Path) -> Finding:
    """A file's state as far as its name and size tell."""
    path = find(file, root)
    if not path.exists():
        begun = partial(file, root)
        if not begun.is_file():
            return Finding(file, "missing")
        here = in_words(begun.stat().st_size)
        return Finding(file, "missing", f"{here} are here; fetching goes on from there")
    if path.is_dir():
        some = next(path.iterdir(), None)
        return Finding(file, "whole") if some else Finding(file, "damaged", "the folder is empty")
    size = path.stat().st_size
    if size == 0:
        return Finding(file, "damaged", "the file is empty")
    served_as_is = file.make is None and file.content is None
    if served_as_is and file.size is not None and size != file.size:
        return Finding(file, "damaged", f"{size} bytes, expected {file.size}")
    return Finding(file, "whole")


def inspect(file: File, root: Path) -> Finding:
    """A file's state after reading all of it."""
    found = glance(file, root)
    path = find(file, root)
    if not found.usable or path.is_dir():
        return found
    wrong = damage(file, path)
    if wrong:
        return Finding(file, "damaged", wrong)
    if file.reference is not None and digest(path, file.reference) != file.reference:
        return Finding(file, "other", "not the file that the shipped models saw")
    return found


def damage(file: File, path: Path) -> str:
    """What is wrong with ``path``, read as ``file``; empty for nothing."""
    try:
        if file.content is not None:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
                found, expected = _digest(stream, file.content), file.content
        elif file.hash is not None and file.make is None:
            found, expected = digest(path, file.hash), file.hash
        else:
            found = expected = ""
            READERS.get(path.suffix, lambda path: None)(path)
    except UNREADABLE as error:
        return f"it cannot be read: {error}"
    return "" if found == expected else f"its hash is {found}, expected {expected}"


def best_way(name: str, root: Path) -> tuple[Way, list[Finding]]:
    """The way to have dataset ``name`` that lacks fewest files, and the state of each file."""
    ways = [(way, [glance(file, root) for file in way.files]) for way in source(name).ways]
    return min(ways, key=lambda each: sum(not found.usable for found in each[1]))


def state(name: str, root: Path | None = None) -> str:
    """The state of dataset ``name`` at a glance: embedded, whole, missing or damaged files."""
    if is_embedded(name):
        return "embedded"
    _, found = best_way(name, root or data_directory())
    counts = {word: sum(each.state == word for each in found) for word in ("missing", "damaged")}
    said = [f"{n} {word}" for word, n in counts.items() if n]
    return f"{', '.join(said)} of {_files(len(found))}" if said else "whole"


def is_at_hand(name: str) -> bool:
    """Whether dataset ``name`` can be loaded, as far as names and sizes of its files tell."""
    return is_embedded(name) or state(name) == "whole"


def what_is_needed(name: str) -> str:
    """What dataset ``name`` lacks, and what a person has to do where no program can get it."""
    way, found = best_way(name, data_directory())
    lacking = [each.file for each in found if not each.usable]
    some = ", ".join(file.path for file in lacking[:3])
    rest = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    needs = f"Not in {data_directory()}: {some}{rest}."
    return needs if can_be_fetched(name) else f"{needs} {remedy(name)}"


def can_be_fetched(name: str) -> bool:
    """Whether some way of dataset ``name`` is served directly, as a whole."""
    return any(all(file.url for file in way.files) for way in source(name).ways)


def remedy(name: str) -> str:
    """How to get dataset ``name``: the command, or what a person has to do."""
    if can_be_fetched(name):
        return f"Get it: python -m explorer data fetch {name}"
    return " ".join(
        f"{way.steps} Put {', '.join(file.path for file in way.files if not file.url)} into the "
        f"data directory. Page: {source(name).page}"
        for way in source(name).ways
        if way.steps
    )


def digest(path: Path, like: str) -> str:
    """Hash of a file as ``algorithm:digits``, by the algorithm that ``like`` begins with."""
    with path.open("rb") as file:
        return _digest(file, like)


def _digest(stream: IO[bytes], like: str) -> str:
    algorithm = like.partition(":")[0]
    total = hashlib.new(algorithm, usedforsecurity=False)
    while chunk := stream.read(CHUNK):
        total.update(chunk)
    return f"{algorithm}:{total.hexdigest()}"


def _read_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        bad = archive.testzip()
    if bad is not None:
        raise ValueError(f"{bad} in it is damaged")


def _read_array(path: Path) -> None:
    import numpy as np

    np.load(path, mmap_mode="r", allow_pickle=False)


def _read_gzip(path: Path) -> None:
    with gzip.open(path) as stream:
        while stream.read(CHUNK):
            pass


def _read_picture(path: Path) -> None:
    from PIL import Image

    with Image.open(path) as picture:
        picture.load()


READERS: dict[str, Callable[[Path], None]] = {
    ".npz": _read_zip,
    ".zip": _read_zip,
    ".pt": _read_zip,
    ".npy": _read_array,
    ".gz": _read_gzip,
    ".jpg": _read_picture,
}
"""Ending of a file -> what raises where such a file is damaged."""


def _files(n: int) -> str:
    return f"{n} file" if n == 1 else f"{n} files"
