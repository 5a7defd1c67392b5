"""Files that are whole or not there, and locks that die with whoever holds them."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to; what is written there is ``path`` once all of it is.

    Whoever reads ``path`` sees all of it or what was there before.

    Raises
    ------
    OSError
        It could not be written; what was there is untouched.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"could not write {path} ({error.strerror or error}); what was there before is "
            "untouched. Free some space or mend the permissions, and do it again",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a text so that whoever reads it sees all of it or what was there before."""
    with whole(path) as partial:
        partial.write_text(text, "utf-8")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Write a folder beside ``folder`` and put it in its place once it is complete.

    Files that are not written anew are kept. Whoever is interrupted, even killed, leaves what was
    there before, in its place or, between two renames, where :func:`standing` finds it.

    Raises
    ------
    OSError
        It could not be written, for want of space or of permission; what was there is untouched.
    """
    folder = folder.resolve()
    beside, before = (folder.with_name(f".{folder.name}.{word}") for word in ("partial", "before"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if before.exists() and not folder.exists():  # somebody was killed between two renames
            before.rename(folder)
        for leftover in (beside, before):
            if leftover.exists():
                shutil.rmtree(leftover)
        beside.mkdir()
        yield beside
        for kept in folder.iterdir() if folder.exists() else ():
            if not (beside / kept.name).exists():
                _link(kept, beside / kept.name)
        if folder.exists():
            folder.rename(before)
        beside.rename(folder)
        shutil.rmtree(before, ignore_errors=True)
    except OSError as error:
        raise OSError(
            error.errno,
            f"could not write {folder} ({error.strerror or error}); what was there before is "
            "untouched. Free some space or mend the permissions, and save it again (a training "
            "goes on with --resume)",
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def standing(folder: Path) -> Path:
    """Where the folder is: in its place, or beside it if its writer was killed at the swap."""
    before = folder.with_name(f".{folder.name}.before")
    return before if not folder.exists() and before.exists() else folder


def _link(source: Path, target: Path) -> None:
    """Give a file a second name; copy what cannot have one."""
    if source.is_dir():
        shutil.copytree(source, target)
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def alone(path: Path, *, held: Exception | None = None) -> Iterator[None]:
    """Hold the lock file ``path``, which the system frees when the process dies, however it dies.

    Parameters
    ----------
    held
        Raised where somebody else holds it; without one, wait until it is free.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows: there, starting two at once is on the user
        yield
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if held is None else fcntl.LOCK_NB))
        except BlockingIOError:
            raise held from None
        yield
