"""``data.npz``, ``data.csv`` and ``data.parquet`` as a table; headers are read before data.

Shapes: N rows.
"""

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explorer.datasets.own.table import DECIMAL_COMMAS, Table, to_array
from explorer.files.own.description import MOST_LETTERS, normal
from explorer.files.own.limits import COLUMNS, ROWS, check_claim
from explorer.files.own.mistakes import Mistakes

FILES = ("data.npz", "data.csv", "data.parquet")
BROKEN = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, ImportError, MemoryError)
"""What readers of tables raise; what pandas and pyarrow raise derives from these."""
HEADER = 65_536
"""Bytes in which the header of an array must end."""
LOOKED_AT = 200
"""Lines of a CSV file from which its separator is told."""
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*")


def read_table(folder: Path) -> Table:
    """Find the one table of a folder and read its header.

    Raises
    ------
    Mistakes
        None, several, or one that cannot be read.
    """
    found = [folder / file for file in FILES if (folder / file).is_file()]
    if len(found) != 1:
        there = f"got {' and '.join(path.name for path in found)}" if found else "there is none"
        raise Mistakes(f"the folder must hold one of {', '.join(FILES)}; {there}")
    path = found[0]
    opened = {".npz": _npz, ".csv": _csv, ".parquet": _parquet}[path.suffix]
    shapes, read, notes = _explaining(path.name, opened)(path)
    check_claim(path.name, len(shapes), COLUMNS, "columns")
    check_claim(path.name, max((s[0] for s in shapes.values() if s), default=0), ROWS, "rows")
    return Table(path.name, shapes, _explaining(path.name, read), notes)


def _explaining(file: str, read: Callable) -> Callable:
    """The function ``read``, with errors about damaged files turned into mistakes."""

    def explained(*given: object) -> object:
        try:
            return read(*given)
        except Mistakes:
            raise
        except BROKEN as error:
            reason = " ".join(str(error)[:300].split()) or type(error).__name__
            raise Mistakes(f"{file} cannot be read: {reason}") from error

    return explained


Opened = tuple[dict[str, tuple[int, ...]], Callable[[Sequence[str]], list[NDArray]], list[str]]
"""Name to shape, the reader of some names, and notes."""


def _npz(path: Path) -> Opened:
    if not zipfile.is_zipfile(path):
        raise ValueError("it is no archive of arrays; write it with np.savez")
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        check_claim(path.name, len(archive.infolist()), COLUMNS, "arrays")
        for info in archive.infolist():
            if info.filename.endswith(".npy"):
                with archive.open(info) as stream:
                    shapes[info.filename[:-4]] = _shape(io.BytesIO(stream.read(HEADER)))

    def read(names: Sequence[str]) -> list[NDArray]:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return [_array(file, name) for name in names]

    _unique(list(shapes))
    return shapes, read, []


def _shape(header: io.BytesIO) -> tuple[int, ...]:
    """The shape that an array claims; raises where it claims too much."""
    version = np.lib.format.read_magic(header)
    reader = np.lib.format.read_array_header_1_0
    shape, _, dtype = (reader if version == (1, 0) else np.lib.format.read_array_header_2_0)(header)
    check_claim("an array", int(np.prod([float(n) for n in (*shape, max(1, dtype.itemsize // 8))])))
    return shape or (1,)


def _array(file: np.lib.npyio.NpzFile, name: str) -> NDArray:
    try:
        array = np.atleast_1d(file[name])
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise Mistakes(
            f"array {name!r} cannot be read ({reason}); save it as numbers or as text, astype(str)"
        ) from error
    if array.dtype.kind != "U" or array.ndim != 1:
        return array
    return to_array(name, array.tolist())


def _csv(path: Path) -> Opened:
    import pyarrow as pa

    check_claim(path.name, path.stat().st_size // 2)  # a cell takes two bytes or more
    text, notes = _decoded(path.read_bytes())
    separator = _separator(text[: LOOKED_AT * 10_000])
    if separator != ",":
        notes.append(f"columns are separated by {SEPARATORS[separator]}")
    if separator != "," and DECIMAL_COMMA.search(text):
        notes.append(DECIMAL_COMMAS)
    try:
        cells = _cells(text.rstrip("\r\n"), separator)
    except pa.ArrowInvalid as error:
        wrong = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", str(error))
        if wrong is None:
            raise
        line, width, got = wrong.groups()
        raise Mistakes(
            f"line {line} has {got} cells, and those before it {width} (separated by "
            f"{SEPARATORS[separator]}); put cells with {separator!r} in quotes"
        ) from error
    names = _unique([normal(str(column[0].as_py()).strip()) for column in cells.columns])
    place = {name: k for k, name in enumerate(names)}

    def read(wanted: Sequence[str]) -> list[NDArray]:
        return [to_array(name, cells.column(place[name]).to_pylist()[1:]) for name in wanted]

    return dict.fromkeys(names, (len(cells) - 1,)), read, notes


def _cells(text: str, separator: str) -> object:
    """The cells of a CSV file as texts, with the header in the first row."""
    import pyarrow as pa
    from pyarrow import csv

    content = f"{text}\n".encode()
    width = text.partition("\n")[0].count(separator) + 1
    return csv.read_csv(
        io.BytesIO(content),
        csv.ReadOptions(
            use_threads=False,  # with them, mistakes would not say their line
            autogenerate_column_names=True,
            block_size=max(len(content), 2**20),
        ),
        csv.ParseOptions(delimiter=separator, newlines_in_values=True, ignore_empty_lines=False),
        csv.ConvertOptions(
            column_types={f"f{k}": pa.string() for k in range(width)},
            strings_can_be_null=False,
        ),
    )


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """The text of a file, and a note where it is not UTF-8."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16"), ["the file is written in UTF-16"]
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    letter = next(k for k, letter in enumerate(text) if not letter.isascii())
    shown = " ".join(text[max(0, letter - 8) : letter + 8].split())
    return text, [f"the file is not UTF-8 and was read as Windows-1252; it has {shown!r}"]


def _separator(start: str) -> str:
    """The separator that gives the first lines as many cells as the header has."""
    header, *rows = re.sub(r'"[^"]*"', "", start).split("\n")[:LOOKED_AT]
    rows = [row for row in rows[:-1] or rows if row.strip()]
    widths = {}
    for separator in SEPARATORS:
        n = header.count(separator)
        fitting = sum(row.count(separator) == n for row in rows)
        widths[separator] = n * (fitting >= 0.9 * len(rows))
    return max(widths, key=widths.get)


def _unique(names: list[str]) -> list[str]:
    """Names that can be told apart and shown.

    Raises
    ------
    Mistakes
        Two of them are the same, or one is too long.
    """
    longest = max(map(len, names), default=0)
    if longest > MOST_LETTERS:
        raise Mistakes(
            f"a name of a column has {longest:,} characters, and {MOST_LETTERS} are allowed; does "
            "the table have a header?"
        )
    odd = next((name for name in names if not name.isprintable()), None)
    if odd is not None:
        raise Mistakes(f"a name of a column must be letters that can be shown, got {odd[:60]!r}")
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        shown = ", ".join(name[:60] or "an empty one" for name in twice[:5])
        raise Mistakes(f"columns must have different names; more than one is {shown}")
    return names


def _parquet(path: Path) -> Opened:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, rows = pq.read_schema(path), pq.read_metadata(path).num_rows
    written = [name for name in schema.names if not name.startswith("__index_level_")]
    place = dict(zip(_unique([normal(name) for name in written]), written, strict=True))
    # a text that many rows share is read once
    texts = [
        each.name
        for each in schema
        if pa.types.is_string(each.type) or pa.types.is_binary(each.type)
    ]
    file = pq.ParquetFile(path, read_dictionary=texts)
    check_claim(path.name, rows, ROWS, "rows")

    def read(wanted: Sequence[str]) -> list[NDArray]:
        some = file.read(columns=[place[name] for name in wanted])
        return [_from_arrow(name, some.column(place[name])) for name in wanted]

    return dict.fromkeys(place, (rows,)), read, []


def _from_arrow(name: str, column: object) -> NDArray:
    """A column of a parquet file: numbers, or texts where numbers would be rounded or lost."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_floating(kind):
        return column.to_numpy().astype(np.float64)
    if (pa.types.is_integer(kind) or pa.types.is_boolean(kind)) and not column.null_count:
        return column.to_numpy()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _from_lists(name, column.combine_chunks())
    if pa.types.is_null(kind):
        return np.full(len(column), "")
    if pa.types.is_dictionary(kind):
        column = column.unify_dictionaries().combine_chunks()
        chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
        entries = [_text(x) for x in chunks[0].dictionary.to_pylist()]
        longest = max(map(len, entries), default=0)
        check_claim(f"{name!r}, with texts of {longest:,} characters,", longest * len(column))
        entries = to_array(name, [*entries, ""])
        places = [c.indices.cast(pa.int64()).fill_null(len(entries) - 1) for c in chunks]
        return entries[np.concatenate([p.to_numpy(zero_copy_only=False) for p in places])]
    if pa.types.is_boolean(kind):
        return to_array(name, ["" if x is None else str(x) for x in column.to_pylist()])
    try:
        return to_array(name, [x or "" for x in column.cast(pa.string()).to_pylist()])
    except pa.ArrowException as error:
        raise Mistakes(
            f"column {name!r} is of type {kind}; save it as numbers, texts or equal lists"
        ) from error


def _text(x: object) -> str:
    if isinstance(x, bytes):
        return x.decode("utf-8")
    return "" if x is None else str(x)


def _from_lists(name: str, column: object) -> NDArray:
    """Equal lists of numbers as ``(N, n)``; a row without a list is empty."""
    rows = column.to_pylist()
    lengths = sorted({len(row) for row in rows if row is not None})
    if len(lengths) > 1 or not lengths or not lengths[0]:
        told = f"lengths {lengths[0]} to {lengths[-1]}" if len(lengths) > 1 else "no numbers"
        raise Mistakes(f"column {name!r} must hold lists of one length, got lists of {told}")
    check_claim(f"column {name!r}", lengths[0] * len(rows))
    try:
        return np.array([[np.nan] * lengths[0] if row is None else row for row in rows], np.float64)
    except (TypeError, ValueError) as error:
        raise Mistakes(f"column {name!r} must hold equal lists of numbers: {error}") from error
