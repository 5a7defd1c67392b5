"""How much a visitor's dataset may claim and hold, told from headers before data are read.

One number counts: values, by which a number, a pixel and a character of a text are meant.
"""

import os

from explorer.files.own.mistakes import Mistakes

VARIABLE = "EXPLORER_MOST_VALUES"
"""Environment variable that raises the limit."""
MOST_VALUES = 250_000_000
"""Values that a dataset may hold; they take up to ten bytes each while they are read."""
ROWS, COLUMNS, OBSERVATION = 25, 1000, 250
"""A dataset may have this many times fewer rows and columns, an observation so many fewer values.

By default 10,000,000 rows, 250,000 columns and observations of 1,000,000 values.
"""
MOST_SYMBOLS = 1000
"""Characters of an alphabet, or classes of a label."""


def most_values() -> int:
    """Values that a dataset may hold: ``$EXPLORER_MOST_VALUES``, else ``MOST_VALUES``."""
    given = os.environ.get(VARIABLE, "")
    if not given:
        return MOST_VALUES
    if not given.isdecimal() or not int(given):
        raise Mistakes(f"{VARIABLE} must be a whole number above 0, got {given[:60]!r}")
    return int(given)


def check_claim(what: str, n: int, times_fewer: int = 1, unit: str = "values") -> None:
    """Refuse ``n`` values, rows or columns where a dataset may not have so many.

    Raises
    ------
    Mistakes
        It may not; says how the limit is raised.
    """
    most = most_values() // times_fewer
    if n > most:
        raise Mistakes(
            f"{what} has {n:,} {unit}, and {most:,} are allowed; take fewer, or, where there is "
            f"memory for it, set {VARIABLE}={n * times_fewer}"
        )
