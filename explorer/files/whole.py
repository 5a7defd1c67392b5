"""Files that are whole or not there, and locks that die with whoever holds them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file so that whoever reads it sees all of it or what was there before."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, "utf-8")
    os.replace(partial, path)


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
