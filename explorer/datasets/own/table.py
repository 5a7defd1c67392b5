"""The table of a visitor's dataset: what it has by name, read when it is asked for.

Shapes: N rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from explorer.files.own.description import Described, normal
from explorer.files.own.limits import check_claim
from explorer.files.own.mistakes import Mistakes

EMPTY = ("", "NA", "N/A", "NaN", "nan", "null")
"""What an empty cell among numbers or groups may hold. Among texts only the first is one."""
LARGEST_WHOLE = 2**53
"""Whole numbers above this are not all told apart as floating-point numbers."""

SHOWN = 3
"""Examples of a mistake that are told."""


@dataclass(frozen=True)
class Table:
    """What a table has by name; a column is ``(N,)``, or ``(N, n)`` if its cells are lists.

    Parameters
    ----------
    file
        Its name.
    shapes
        Name to shape, as far as the header tells it.
    read
        Names to their arrays: numbers (NaN where a cell is empty), or text ("" where it is empty).
    notes
        What was recognised while reading, a sentence each.
    """

    file: str
    shapes: dict[str, tuple[int, ...]]
    read: Callable[[Sequence[str]], list[NDArray]]
    notes: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> NDArray:
        return self.read([name])[0]

    @property
    def has_columns(self) -> bool:
        """Whether modalities are groups of columns rather than arrays."""
        return not self.file.endswith(".npz")

    def places(self, rows: Sequence[int]) -> str:
        """How people find some rows: the lines of a CSV file, else rows counted from 0."""
        word, first = ("line", 2) if self.file.endswith(".csv") else ("row", 0)
        shown = ", ".join(f"{word} {row + first}" for row in rows[:SHOWN])
        return shown + (f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "")

    def asked_for(self, modality: Described) -> tuple[str, ...]:
        """The array of a modality, or its columns, where ``*`` stands for anything."""
        if not self.has_columns:
            return (modality.array or modality.name,)
        alone = (modality.name,) if modality.name in self.shapes else (f"{modality.name}_*",)
        return modality.columns or alone

    def texts(self, name: str) -> NDArray:
        """Identifiers or classes as text ``(N,)``, without blanks around them.

        Raises
        ------
        Mistakes
            They are of a type that is neither numbers nor text.
        """
        try:
            return np.char.strip(as_text(self[name]))
        except ValueError as error:
            raise Mistakes(f"{name!r} {error}") from error

    def numbers(self, columns: Sequence[str]) -> NDArray:
        """Columns as float64 ``(N, n)``, NaN in empty cells; true and false are 1 and 0.

        Raises
        ------
        Mistakes
            Texts in some of them.
        """
        arrays, wrong = self.read(columns), []
        if len(arrays) == 1 and arrays[0].ndim > 1:
            return arrays[0]
        found = np.empty((len(arrays[0]), len(columns)))
        for place, (column, values) in enumerate(zip(columns, arrays, strict=True)):
            try:
                found[:, place] = self._parsed(column, values)
            except Mistakes as error:
                wrong += error.args
        if wrong:
            raise Mistakes(*wrong[:SHOWN], *_more(len(wrong) - SHOWN, "columns hold no numbers"))
        return found

    def _parsed(self, column: str, values: NDArray) -> NDArray:
        """One column of numbers or of texts that say numbers, ``(N,)``."""
        if values.ndim > 1:
            raise Mistakes(f"column {column!r} holds lists; it must be the only one of a modality")
        if values.dtype.kind != "U":
            return values
        values = np.char.strip(values)
        values = np.where(np.isin(values, EMPTY), "nan", values)
        try:
            return values.astype(np.float64)
        except ValueError:
            pass
        spelled = np.char.lower(values)
        values = np.where(spelled == "true", "1", np.where(spelled == "false", "0", values))
        if DECIMAL_COMMAS in self.notes:
            self._refuse_points(column, values)
            values = np.char.replace(values, ",", ".")
        try:
            return values.astype(np.float64)
        except ValueError:
            rows = [row for row, text in enumerate(values) if not _is_number(text)]
            got = str(values[rows[0]])[:60]
            raise Mistakes(
                f"column {column!r} must hold numbers, got {got!r} in {self.places(rows)}"
            ) from None

    def _refuse_points(self, column: str, values: NDArray) -> None:
        """Refuse points beside decimal commas, for they may stand between thousands."""
        both = (np.char.find(values, ".") >= 0).nonzero()[0]
        if len(both) and (np.char.find(values, ",") >= 0).any():
            raise Mistakes(
                f"column {column!r} has decimal commas and points, {str(values[both[0]])[:60]!r} "
                f"in {self.places(both)}; write its numbers in one way, without points between "
                "thousands"
            )


DECIMAL_COMMAS = "numbers have decimal commas"
"""The note about a table in which they have."""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _more(n: int, what: str) -> tuple[str, ...]:
    return (f"{n:,} further {what}",) if n > 0 else ()


def as_text(array: NDArray) -> NDArray:
    """Numbers or texts as texts: whole numbers without a point, NaN as an empty text.

    Raises
    ------
    ValueError
        Another type, or whole numbers that were rounded; says what to do.

    >>> as_text(np.array([1.0, np.nan, 2.5])).tolist()
    ['1', '', '2.5']
    """
    kind = array.dtype.kind
    if kind == "U":
        return array
    if kind in "biuM":
        return array.astype(str)
    if kind != "f":
        remedy = 'np.char.decode(x, "utf-8")' if kind == "S" else "x.astype(str)"
        raise ValueError(
            f"is of type {array.dtype}, which is neither numbers nor text; save it as text: "
            f"{remedy}"
        )
    unique, place = np.unique(array, return_inverse=True)
    if (np.abs(unique[np.isfinite(unique)]) >= LARGEST_WHOLE).any():
        raise ValueError(
            f"holds numbers above 2^53 as {array.dtype}, which may be rounded; save them as whole "
            "numbers (int64) or as text"
        )
    texts = np.array(["" if np.isnan(x) else str(x).removesuffix(".0") for x in unique], dtype=str)
    return texts[place].reshape(array.shape)


def to_array(name: str, texts: list[str]) -> NDArray:
    """Texts as an array ``(N,)`` in Unicode NFC; raises where one is too long to keep all."""
    longest = max(map(len, texts), default=0)
    check_claim(f"{name!r}, in which a text has {longest:,} characters,", longest * len(texts))
    plain = all(map(str.isascii, texts))
    return np.array(texts if plain else [normal(text) for text in texts], dtype=str)
