"""What one modality is in the table: its numbers or symbols, and which rows have it.

Shapes: N rows, M modalities.
"""

from collections.abc import Callable, Iterable
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from explorer.datasets.own.table import Table
from explorer.files.own.description import Described
from explorer.files.own.kinds import NUMBERS, arrange
from explorer.files.own.mistakes import Mistakes

MASK = "observed"
"""Array ``(N, M)`` of ``data.npz`` that says which rows have which modality."""
SMALLEST_IMAGE = 7
"""Side, in pixels; structural similarity has no smaller windows."""


class Values(NamedTuple):
    """What a modality is in the table.

    Parameters
    ----------
    array
        ``(N, *shape)``: numbers (uint8 for pictures of bytes), or long numbers of symbols,
        ``(N, length)`` of a text and ``(N,)`` of a label.
    present
        Bool ``(N,)``: which rows have it.
    shape
        Of one observation as models see it.
    symbols
        What the numbers of a text or a label stand for; empty for other kinds.
    parts
        What its numbers are called; may be empty.
    """

    array: NDArray
    present: NDArray
    shape: tuple[int, ...]
    symbols: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


def read_mask(table: Table, n_modalities: int) -> NDArray | None:
    """Which rows have which modality, bool ``(N, M)``, if the table says so."""
    if table.has_columns or MASK not in table.arrays:
        return None
    mask = table.arrays[MASK]
    if mask.ndim != 2 or mask.shape[1] != n_modalities or not np.isin(mask, (0, 1)).all():
        raise Mistakes(
            f"array {MASK!r} must hold true or false for each row and modality, "
            f"(N, {n_modalities}); got {mask.shape} of type {mask.dtype}"
        )
    return mask.astype(bool)


def read_values(modality: Described, table: Table, given: NDArray | None) -> Values:
    """Read a modality.

    Parameters
    ----------
    given
        Bool ``(N,)``: rows that have it as far as a mask says; None for all.

    Raises
    ------
    Mistakes
        Numbers, texts or gaps that cannot be.
    """
    columns = table.columns_of(modality) if table.has_columns else []
    array = _array(modality, table, columns)
    if modality.kind in NUMBERS:
        missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    else:
        missing = array == ""
    present = _presence(modality, table, columns, missing.reshape(len(array), -1), given)
    return READERS.get(modality.kind, _read_numbers)(modality, table, columns, array, present)


def check_presence(values: Iterable[Values], table: Table) -> None:
    """Raise :class:`Mistakes` where a row has no modality at all."""
    empty = (~np.any([one.present for one in values], axis=0)).nonzero()[0]
    if len(empty):
        raise Mistakes(f"a row must have a modality; none is in {table.places(empty)}")


def as_text(array: NDArray) -> NDArray:
    """Numbers and texts as texts, whole numbers without a point; an empty text where there is none.

    >>> as_text(np.array([1.0, np.nan, 2.5])).tolist()
    ['1', '', '2.5']
    """
    if array.dtype.kind != "f":
        return array.astype(str)
    return np.array(["" if np.isnan(x) else f"{x:.15g}" for x in array.ravel()]).reshape(
        array.shape
    )


def _array(modality: Described, table: Table, columns: list[str]) -> NDArray:
    """The modality as it is in the table, in the shape that its kind has."""
    kind = modality.kind
    if kind not in NUMBERS:
        array = table.arrays[columns[0] if columns else modality.array or modality.name]
        if len(columns) > 1 or array.ndim > 1:
            raise Mistakes(f"kind {kind!r} is one column, or an array (N,)")
        return as_text(array)
    array = table.numbers(columns) if columns else table.arrays[modality.array or modality.name]
    if array.dtype.kind not in "buif":
        raise Mistakes(f"kind {kind!r} is made of numbers, its data are of type {array.dtype}")
    if columns and kind == "image" and _are_bytes(array):
        array = array / 255 if np.isnan(array).any() else array.astype(np.uint8)
    if kind == "image" and array.dtype != np.uint8 and array.dtype.kind in "iu":
        raise Mistakes(f"images are {NUMBERS[kind].values}; got whole numbers of {array.dtype}")
    try:
        return arrange(array, kind, modality.shape)
    except ValueError as error:
        raise Mistakes(str(error)) from error


def _are_bytes(x: NDArray) -> bool:
    """Whether pixels in columns are whole numbers from 0 to 255, and some above 1."""
    there = x[~np.isnan(x)]
    inside = (there >= 0) & (there <= 255) & (there == np.round(there))
    return bool(inside.all() and (there > 1).any())


def _presence(
    modality: Described,
    table: Table,
    columns: list[str],
    missing: NDArray,
    given: NDArray | None,
) -> NDArray:
    """Which rows have a modality, bool ``(N,)``, where cells ``(N, n)`` are missing."""
    gaps = modality.gaps or "none"
    lacks = GAPS[gaps](missing)
    present = ~lacks if given is None else given & ~lacks
    wrong = (missing.any(1) & present).nonzero()[0]
    if len(wrong):
        cell = int(missing[wrong[0]].argmax())
        what = f"column {columns[cell]!r}" if columns else f"number {cell}"
        remedies = {
            "none": "gaps: whole (a row may lack the modality), or gaps: any (it lacks it where "
            "one cell is empty)",
            "whole": "gaps: any",
        }
        raise Mistakes(
            f"empty cells (NaN) in {table.places(wrong)}, first in {what}; fill them or say "
            f"{remedies[gaps]}"
        )
    if not present.any():
        raise Mistakes("no row has it")
    return present


GAPS: dict[str, Callable[[NDArray], NDArray]] = {
    "none": lambda missing: np.zeros(len(missing), bool),
    "whole": lambda missing: missing.all(1),
    "any": lambda missing: missing.any(1),
}
"""As in the description, to which rows lack the modality where cells ``(N, n)`` are missing."""


def _read_numbers(
    modality: Described, table: Table, columns: list[str], array: NDArray, present: NDArray
) -> Values:
    kind, shape = NUMBERS[modality.kind], array.shape[1:]
    found = []
    if modality.kind == "image" and min(shape[-2:]) < SMALLEST_IMAGE:
        found.append(
            f"images need {SMALLEST_IMAGE} pixels a side or more, got {shape}; say kind: vector"
        )
    if array.dtype != np.uint8 or modality.kind != "image":
        array = array.astype(np.float32)
        allowed = kind.allowed(array).reshape(len(array), -1) | ~present[:, None]
        wrong = (~allowed.all(1)).nonzero()[0]
        if len(wrong):
            cell = int((~allowed[wrong[0]]).argmax())
            value = array[wrong[0]].ravel()[cell]
            what = f"column {columns[cell]!r}" if columns else f"number {cell}"
            found.append(
                f"numbers of kind {modality.kind!r} must be {kind.values}, got {value:g} "
                f"({what}) in {table.places(wrong)}"
            )
        array = np.where(present.reshape(-1, *[1] * len(shape)), array, np.float32(0))
    parts = modality.parts or tuple(columns if modality.shape is None else ())
    if parts and len(parts) != prod(shape):
        found.append(f"parts must name its {prod(shape)} numbers, got {len(parts)} names")
    if found:
        raise Mistakes(*found)
    return Values(array, present, shape, (), parts if modality.kind in NAMED else ())


NAMED = ("vector", "attributes")
"""Kinds of numbers whose numbers have names."""


def _read_text(
    modality: Described, table: Table, _columns: list[str], array: NDArray, present: NDArray
) -> Values:
    symbols = modality.symbols or "".join(sorted({" ", *"".join(array[present])}))
    length = modality.length or int(np.char.str_len(array).max())
    found = []
    foreign = [row for row in present.nonzero()[0] if set(array[row]) - set(symbols)]
    if foreign:
        strangers = "".join(sorted(set("".join(array[foreign])) - set(symbols)))
        found.append(
            f"texts must be written in its symbols {symbols!r}, got {strangers!r} in "
            f"{table.places(foreign)}"
        )
    if " " not in symbols:
        found.append(f"symbols must hold a blank, which fills short texts; got {symbols!r}")
    long = ((np.char.str_len(array) > length) & present).nonzero()[0]
    if len(long):
        found.append(f"texts must have at most {length} characters; longer in {table.places(long)}")
    if modality.shape not in (None, (length, len(symbols))):
        found.append(
            f"shape of a text is its length and number of symbols, [{length}, {len(symbols)}]; "
            f"got {list(modality.shape)}; say length instead"
        )
    if found:
        raise Mistakes(*found)
    place = {symbol: k for k, symbol in enumerate(symbols)}
    blank = " " * length
    numbers = np.array(
        [
            [place[symbol] for symbol in (text.ljust(length) if here else blank)]
            for text, here in zip(array.tolist(), present, strict=True)
        ]
    )
    return Values(numbers, present, (length, len(symbols)), tuple(symbols))


def _read_label(
    modality: Described, table: Table, _columns: list[str], array: NDArray, present: NDArray
) -> Values:
    names = modality.parts or tuple(sorted(set(array[present].tolist()), key=_natural))
    if len(names) < 2:
        raise Mistakes(f"a label needs two classes or more, got {', '.join(names)}")
    numbers = class_numbers(array, names, table, present)
    return Values(numbers, present, (len(names),), names, names)


READERS: dict[str, Callable[..., Values]] = {"text": _read_text, "label": _read_label}
"""Of kinds that are made of symbols."""


def class_numbers(
    array: NDArray, names: tuple[str, ...], table: Table, present: NDArray
) -> NDArray:
    """Which of ``names`` each text is, long ``(N,)``; whole numbers from 0 may stand for them."""
    place = {name: k for k, name in enumerate(names)}
    if not place.keys() & set(array[present].tolist()):
        place = {str(k): k for k in range(len(names))}
    wrong = [row for row in present.nonzero()[0] if array[row] not in place]
    if wrong:
        raise Mistakes(
            f"classes are {', '.join(names)}; got {str(array[wrong[0]])!r} in {table.places(wrong)}"
        )
    return np.array([place.get(text, 0) for text in array.tolist()], dtype=np.int64)


def _natural(text: str) -> tuple[bool, float, str]:
    """Numbers by size, before texts."""
    try:
        return False, float(text), text
    except ValueError:
        return True, 0.0, text
