"""Archives from elsewhere, read as what they may be: damaged, hostile or endless.

Names that climb out of the folder, links and devices are refused, and so is more than an archive
of its size can honestly hold.
"""

import errno
import lzma
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from explorer.files.sources.directory import DataError

MOST_BYTES = 20 * 2**30
MOST_FILES = 1_000_000
MOST_TIMES = 200
"""How much larger than the archive its contents may be; pictures are about as large, text 10."""

MOST_HEADERS = 64 * 2**20
"""Bytes that the long names and extended headers of a tar archive may have together."""

BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
)
"""What reading a damaged archive raises, or one with a password or an unknown compression."""
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO)
"""Numbers of errors that say something of the disk; every other is one of the archive."""


class NoRoom(DataError):
    """The disk has too little free; nothing is wrong with the file."""


class Member(NamedTuple):
    """A file in an archive: where it goes, how large it is, and its bytes while it is looked at."""

    archive: Path
    path: PurePosixPath
    size: int
    stream: IO[bytes]

    def read(self) -> bytes:
        """Return its content."""
        with _readable(self.archive):
            return self.stream.read()

    def write(self, target: Path) -> None:
        """Write it to a file."""
        with _readable(self.archive), target.open("wb") as out:
            shutil.copyfileobj(self.stream, out)


def members(archive: Path) -> Iterator[Member]:
    """Yield every file of a zip or tar archive; a link, a device or a climbing path is an error.

    Raises
    ------
    DataError
        The archive is damaged, climbs out, holds links, or more than it honestly can.
    """
    left = min(MOST_BYTES, MOST_TIMES * archive.stat().st_size)
    reader = _zip_members if zipfile.is_zipfile(archive) else _tar_members
    with _readable(archive):
        for number, member in enumerate(reader(archive)):
            left -= member.size
            if left < 0 or number >= MOST_FILES:
                raise DataError(
                    f"{archive} unpacks to more than an archive of {archive.stat().st_size} bytes "
                    "honestly holds; it is not used: delete it, and see where it came from"
                )
            yield member


def unpack(archive: Path, folder: Path, below: str) -> None:
    """Write the files of an archive that lie under a folder called ``below``.

    Raises
    ------
    DataError
        As :func:`members`; the disk has no room; or there is no such folder in the archive.
    """
    found = False
    for member in members(archive):
        parents = member.path.parent.parts
        if below not in parents:
            continue
        found = True
        inside = member.path.parts[parents.index(below) + 1 :]
        target = folder.joinpath(*inside)
        target.parent.mkdir(parents=True, exist_ok=True)
        check_room(folder, member.size)
        member.write(target)
    if not found:
        raise DataError(f"{archive} must hold a folder {below}, and has none; get it again")


def read_members(archive: Path, wanted: list[str]) -> dict[str, bytes]:
    """The files called ``wanted``, in whatever folder of the archive, by name.

    Raises
    ------
    DataError
        As :func:`members`, or one is not there.
    """
    found = {m.path.name: m.read() for m in members(archive) if m.path.name in wanted}
    missing = [name for name in wanted if name not in found]
    if missing:
        raise DataError(f"{archive} must hold {', '.join(missing)}, and does not; get it again")
    return {name: found[name] for name in wanted}


def check_room(folder: Path, n_bytes: int) -> None:
    """Refuse to write ``n_bytes`` where the disk has fewer free.

    Raises
    ------
    NoRoom
        It has.
    """
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise NoRoom(
            f"{folder} needs {in_words(n_bytes)} of disk and has {in_words(free)} free; make room, "
            "or choose another folder with --root"
        )


def in_words(n_bytes: int) -> str:
    """A number of bytes as people say it.

    >>> in_words(9_912_422)
    '9.91 MB'
    """
    amount, units = float(n_bytes), ["bytes", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.3g} {units[0]}"


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except (*BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno in OF_THE_DISK:
            raise
        raise DataError(f"{archive} is damaged ({error}); delete it and get it again") from error


def _zip_members(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            path = _safe(archive, info.filename)
            if (info.external_attr >> 16) & 0o170000 == 0o120000:
                raise DataError(f"{archive} holds the link {path}; it is not used: delete it")
            if not info.is_dir():
                with file.open(info) as stream:
                    yield Member(archive, path, info.file_size, stream)


def _tar_members(archive: Path) -> Iterator[Member]:
    with tarfile.open(archive, tarinfo=_counting(archive)) as file:
        for info in file:
            path = _safe(archive, info.name)
            if info.isfile():
                yield Member(archive, path, info.size, file.extractfile(info))
            elif not info.isdir():
                raise DataError(
                    f"{archive} holds the link or device {path}; it is not used: delete it"
                )


def _counting(archive: Path) -> type[tarfile.TarInfo]:
    """A class of tar headers that raises before it reads more than ``MOST_HEADERS`` of them."""
    left = MOST_HEADERS

    class Counted(tarfile.TarInfo):
        def _proc_member(self, file: tarfile.TarFile) -> tarfile.TarInfo:
            nonlocal left
            if self.type in HEADERS:
                left -= self.size
            if left < 0:
                raise DataError(
                    f"{archive} has names and headers of more than {in_words(MOST_HEADERS)}; it is "
                    "not used: delete it, and see where it came from"
                )
            return super()._proc_member(file)

    return Counted


HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
"""Types of tar members that say something of the next one, and are read whole."""


def _safe(archive: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
        raise DataError(
            f"{archive} holds the path {name!r}, which climbs out of its folder; it is not used: "
            "delete it, and see where it came from"
        )
    return path
