"""What one modality is in the table: its numbers or symbols, and which rows have it.

Shapes: N rows, M modalities.
"""

from collections.abc import Callable, Iterable
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from explorer.datasets.own.table import LARGEST_WHOLE, Table, as_text
from explorer.files.own.description import Described
from explorer.files.own.kinds import NUMBERS, arrange
from explorer.files.own.limits import MOST_SYMBOLS, OBSERVATION, check_claim
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
    said
        What was made of what is in the table, in a few words.
    """

    array: NDArray
    present: NDArray
    shape: tuple[int, ...]
    symbols: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    said: str = ""


def read_mask(table: Table, n_modalities: int) -> NDArray | None:
    """Which rows have which modality, bool ``(N, M)``, if the table says so."""
    if table.has_columns or MASK not in table.shapes:
        return None
    mask = table[MASK]
    if mask.ndim != 2 or mask.shape[1] != n_modalities or not np.isin(mask, (0, 1)).all():
        raise Mistakes(
            f"array {MASK!r} must hold true or false for each row and modality, "
            f"(N, {n_modalities}); got {mask.shape} of type {mask.dtype}"
        )
    return mask.astype(bool)


def read_values(
    modality: Described, table: Table, names: list[str], given: NDArray | None
) -> Values:
    """Read a modality.

    Parameters
    ----------
    names
        Its columns, or its one array.
    given
        Bool ``(N,)``: rows that have it as far as a mask says; None for all.

    Raises
    ------
    Mistakes
        Numbers, texts or gaps that cannot be.
    """
    array, said = _array(modality, table, names)
    if modality.kind in NUMBERS:
        missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    else:
        missing = array == ""
    columns = names if table.has_columns and len(names) == missing[:1].size else []
    present = _presence(modality, table, columns, missing.reshape(len(array), -1), given)
    reader = READERS.get(modality.kind, _read_numbers)
    return reader(modality, table, columns, array, present)._replace(said=said)


def check_presence(values: Iterable[Values], table: Table) -> None:
    """Raise :class:`Mistakes` where a row has no modality at all."""
    empty = (~np.any([one.present for one in values], axis=0)).nonzero()[0]
    if len(empty):
        raise Mistakes(f"a row must have a modality; none is in {table.places(empty)}")


def _array(modality: Described, table: Table, names: list[str]) -> tuple[NDArray, str]:
    """The modality as it is in the table, in the shape of its kind, and what was done to it."""
    kind = modality.kind
    if kind not in NUMBERS:
        shape = table.shapes[names[0]]
        if len(names) > 1 or len(shape) > 1:
            raise Mistakes(f"kind {kind!r} is one column, or an array (N,)")
        try:
            return as_text(table[names[0]]), ""
        except ValueError as error:
            raise Mistakes(f"{names[0]!r} {error}") from error
    array = table.numbers(names) if table.has_columns else table[names[0]]
    if array.dtype.kind not in "buif":
        raise Mistakes(f"kind {kind!r} is made of numbers, its data are of type {array.dtype}")
    _refuse_rounding(array)
    array, said = _pixels(array, modality.maximum) if kind == "image" else (array, "")
    if kind != "image" and modality.maximum is not None:
        raise Mistakes("maximum is for images: the value of a white pixel")
    try:
        array = arrange(array, kind, modality.shape)
    except ValueError as error:
        raise Mistakes(str(error)) from error
    n = prod(array.shape[1:])
    check_claim(f"an observation of {modality.name!r}", n, OBSERVATION)
    return array, said


def _refuse_rounding(array: NDArray) -> None:
    """Raise :class:`Mistakes` at whole numbers that would lose their last digits in float64."""
    if array.dtype.kind in "iu" and array.size:
        largest = max(abs(int(array.min())), abs(int(array.max())))
        if largest > LARGEST_WHOLE:
            raise Mistakes(
                f"its whole numbers go up to {largest}, and those above 2^53 would be rounded; "
                "subtract what they have in common, or take other units"
            )


def _pixels(array: NDArray, maximum: float | None) -> tuple[NDArray, str]:
    """Pixels as bytes or from 0 to 1, and a few words on what they were; raises where unclear."""
    there = array[~np.isnan(array)] if array.dtype.kind == "f" else array
    if not there.size or not np.isfinite(there).all():
        return array, ""
    low, high = float(there.min()), float(there.max())
    if maximum is not None:
        if low < 0 or high > maximum:
            raise Mistakes(f"pixels go from {low:g} to {high:g}, not from 0 to {maximum:g}")
        as_they_are = array.dtype == np.uint8 and maximum == BYTE
        return array if as_they_are else array / maximum, f", white is {maximum:g}"
    whole = array.dtype.kind in "iu" or (high > 1 and bool((there == np.round(there)).all()))
    if not whole:
        return array, ""
    if low < 0 or not BYTE / 2 < high <= BYTE:
        raise Mistakes(
            f"pixels are whole numbers from {low:g} to {high:g}; say maximum: {max(high, 1):g} if "
            f"that is white, or maximum: {BYTE}"
        )
    said = f", bytes from {low:g} to {high:g}"
    return (array / BYTE if there.size < array.size else array.astype(np.uint8)), said


BYTE = 255
"""A white pixel in bytes."""


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
        # vectors stay precise until they are standardised
        kept = np.float64 if modality.kind == "vector" else np.float32
        array = np.where(present.reshape(-1, *[1] * len(shape)), array, 0).astype(kept)
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
    used = _characters(array[present])
    symbols = modality.symbols or "".join(sorted({" ", *used}))
    length = modality.length or int(np.char.str_len(array).max())
    check_claim(f"text {modality.name!r}", len(array) * length)
    check_claim(f"a text of {modality.name!r}", length * len(symbols), OBSERVATION)
    _check_symbols(len(symbols), "characters")
    found = []
    strangers = used - set(symbols)
    if strangers:
        rows = [row for row in present.nonzero()[0] if strangers & set(array[row])]
        shown = "".join(sorted(strangers))[:60]
        found.append(
            f"texts must be written in its symbols {symbols[:60]!r}, got {shown!r} in "
            f"{table.places(rows)}"
        )
    if " " not in symbols:
        found.append(f"symbols must hold a blank, which fills short texts; got {symbols[:60]!r}")
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
    codes = np.where(present, array, "").astype(f"U{length}").view(np.uint32)
    codes = codes.reshape(len(array), length)  # of characters, 0 behind the last
    codes[codes == 0] = ord(" ")
    place = np.zeros(max(map(ord, symbols)) + 1, dtype=np.int64)
    place[[ord(symbol) for symbol in symbols]] = np.arange(len(symbols))
    return Values(place[codes], present, (length, len(symbols)), tuple(symbols))


def _characters(texts: NDArray) -> set[str]:
    """Every character that texts ``(N,)`` are written in."""
    if not texts.size or not texts.dtype.itemsize:
        return set()
    codes = np.unique(np.ascontiguousarray(texts).view(np.uint32))
    return {chr(code) for code in codes.tolist() if code}


def _check_symbols(n: int, unit: str) -> None:
    if n > MOST_SYMBOLS:
        raise Mistakes(f"at most {MOST_SYMBOLS:,} {unit} can be told apart, got {n:,}")


def _read_label(
    modality: Described, table: Table, _columns: list[str], array: NDArray, present: NDArray
) -> Values:
    names = modality.parts or tuple(sorted(set(array[present].tolist()), key=_natural))
    if len(names) < 2:
        raise Mistakes(f"a label needs two classes or more, got {', '.join(names)[:60]}")
    _check_symbols(len(names), "classes")
    numbers = class_numbers(array, names, table, present)
    return Values(numbers, present, (len(names),), names, names)


READERS: dict[str, Callable[..., Values]] = {"text": _read_text, "label": _read_label}
"""Of kinds that are made of symbols."""


def class_numbers(
    array: NDArray, names: tuple[str, ...], table: Table, present: NDArray
) -> NDArray:
    """Number of each text's class, long ``(N,)``: names, or their places from 0, may be written."""
    found, which = np.unique(array, return_inverse=True)
    place = {name: k for k, name in enumerate(names)}
    if not place.keys() & set(found[np.unique(which[present])].tolist()):
        place = {str(k): k for k in range(len(names))}
    numbers = np.array([place.get(text, -1) for text in found.tolist()], np.int64)[which]
    wrong = ((numbers < 0) & present).nonzero()[0]
    if len(wrong):
        shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        got = str(array[wrong[0]])[:60]
        raise Mistakes(f"classes are {shown}; got {got!r} in {table.places(wrong)}")
    return numbers.clip(min=0)


def _natural(text: str) -> tuple[bool, float, str]:
    """Sort key that puts numbers by size before texts."""
    try:
        return False, float(text), text
    except ValueError:
        return True, 0.0, text
