"""Mistakes that are told all at once: raised where they are found, noted where work can go on."""

from collections.abc import Iterator
from contextlib import contextmanager


class Mistakes(ValueError):
    """One or several things that have to be mended, a sentence each in ``args``."""


@contextmanager
def noting(mistakes: list[str], where: str = "") -> Iterator[None]:
    """Collect what the block raises as :class:`Mistakes` in ``mistakes``, and go on after it."""
    try:
        yield
    except Mistakes as found:
        mistakes += [f"{where}: {one}" if where else one for one in found.args]
