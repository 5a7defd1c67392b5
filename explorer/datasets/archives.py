"""Arrays and pictures out of files that people put into the data directory.

Whatever is wrong with a file ends in a ``DataError`` that names it and the remedy.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.datasets.download import DataError, data_directory, needed
from explorer.files.whole import whole

DAMAGE = (OSError, ValueError, EOFError, SyntaxError, zipfile.BadZipFile, zlib.error)
"""What readers of arrays, archives and pictures raise at files that are cut short or altered."""

PICTURES = (".jpg", ".jpeg", ".png")


def plain_or_gzipped(dataset: str, file: str) -> Path:
    """Where ``file`` of the data directory lies: as named, else with ``.gz`` behind its name.

    Raises
    ------
    DataError
        Neither is there.
    """
    plain = data_directory() / file
    return plain if plain.is_file() else needed(dataset, f"{file}.gz")[0]


def read_content(dataset: str, path: Path) -> bytes:
    """What is in the file ``path``, unpacked where its name ends in ``.gz``.

    Raises
    ------
    DataError
        The file is damaged.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except DAMAGE as error:
        raise DataError(f"{path} is damaged ({error}); {again(dataset)}") from error


def read_arrays(dataset: str, path: Path, *names: str) -> dict[str, NDArray]:
    """Arrays ``names`` of the file ``path``, an ``.npz``; nothing is unpickled.

    Raises
    ------
    DataError
        The file is damaged, or lacks an array.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            missing = [name for name in names if name not in file]
            arrays = {name: file[name] for name in names if name not in missing}
    except DAMAGE as error:
        raise DataError(f"{path} is damaged ({error}); {again(dataset)}") from error
    if missing:
        raise DataError(f"{path} must hold {', '.join(names)}; it lacks {', '.join(missing)}")
    return arrays


@contextmanager
def open_pictures(dataset: str, path: Path) -> Iterator[dict[str, Callable[[], bytes]]]:
    """Pictures in a folder or a zip with one folder: name below that folder -> how to read it.

    Nothing is unpacked, so no name leads anywhere. Sorted by name.

    Raises
    ------
    DataError
        Not an archive, or there is no picture in it.
    """
    if path.is_dir():
        files = (f for f in path.rglob("*") if f.suffix.lower() in PICTURES)
        found = {f.relative_to(path).as_posix(): f.read_bytes for f in sorted(files)}
        yield _some(found, path, dataset)
        return
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise DataError(f"{path} is damaged ({error}); {again(dataset)}") from error
    with archive:
        names = sorted(n for n in archive.namelist() if Path(n).suffix.lower() in PICTURES)
        found = {name.partition("/")[2]: lambda name=name: archive.read(name) for name in names}
        yield _some(found, path, dataset)


def read_pictures(
    dataset: str,
    path: Path,
    pictures: dict[str, Callable[[], bytes]],
    names: Sequence[str],
    prepare: Callable[[str, Image.Image], Image.Image],
    side: int,
) -> NDArray:
    """Pictures in color as they are asked for, uint8 ``(N, 3, side, side)``.

    Parameters
    ----------
    path, pictures
        Where they are, and what :func:`open_pictures` found there.
    names
        Which, in this order.
    prepare
        From a name and its picture to one of ``side`` x ``side``; a ``ValueError`` it raises says
        what is wrong with the picture.

    Raises
    ------
    DataError
        A picture that is missing, damaged or that ``prepare`` refuses.
    """
    _require(names, pictures, path, dataset)
    found = np.empty((len(names), side, side, 3), np.uint8)
    for row, name in zip(found, names, strict=True):
        try:
            with Image.open(io.BytesIO(pictures[name]())) as opened:
                image = opened.convert("RGB")
        except DAMAGE as error:
            raise DataError(
                f"picture {name!r} in {path} is damaged ({error}); {again(dataset)}"
            ) from error
        try:
            row[:] = np.asarray(prepare(name, image))
        except ValueError as error:
            raise DataError(f"picture {name!r} in {path}: {error}") from error
    return np.ascontiguousarray(found.transpose(0, 3, 1, 2))


def keep_pictures(
    dataset: str,
    path: Path,
    pictures: dict[str, Callable[[], bytes]],
    names: Sequence[str],
    prepare: Callable[[str, Image.Image], Image.Image],
    side: int,
) -> NDArray:
    """Like :func:`read_pictures`, but all pictures are prepared once and kept beside ``path``.

    It is made the first time, whole or not at all: large pictures take minutes.

    Raises
    ------
    DataError
        As there; or the file does not hold what is at ``path``.
    """
    copy, every = path.with_name(f"{path.stem}_{side}.npy"), list(pictures)
    if not copy.is_file():
        prepared = read_pictures(dataset, path, pictures, every, prepare, side)
        with whole(copy) as partial, partial.open("wb") as file:
            np.save(file, prepared)
    try:
        prepared = np.load(copy, mmap_mode="r", allow_pickle=False)
    except DAMAGE as error:
        raise DataError(f"{copy} is damaged ({error}); remove it, it is made again") from error
    if prepared.shape != (len(every), 3, side, side) or prepared.dtype != np.uint8:
        raise DataError(
            f"{copy} must hold {len(every)} pictures, as {path.name} does, got {prepared.shape}; "
            "remove it, it is made again"
        )
    _require(names, pictures, path, dataset)
    place = {name: k for k, name in enumerate(every)}
    return np.stack([prepared[place[name]] for name in names])


def again(dataset: str) -> str:
    """The remedy for files that are not what they should be."""
    return f"get it again: python -m explorer data fetch {dataset}"


def _require(names: Sequence[str], pictures: dict[str, Callable], path: Path, dataset: str) -> None:
    missing = [name for name in names if name not in pictures]
    if missing:
        raise DataError(
            f"{path} lacks {len(missing)} of {len(names)} pictures, {missing[0]!r} first; "
            f"{again(dataset)}"
        )


def _some(found: dict[str, Callable], path: Path, dataset: str) -> dict[str, Callable]:
    if not found:
        raise DataError(f"there is no picture in {path}; {again(dataset)}")
    return found
