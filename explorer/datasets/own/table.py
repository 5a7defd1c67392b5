"""The table of a visitor's dataset, ``data.npz``, ``data.csv`` or ``data.parquet``, as arrays.

Shapes: N rows.
"""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explorer.files.own.description import Described
from explorer.files.own.mistakes import Mistakes

FILES = ("data.npz", "data.csv", "data.parquet")
EMPTY = ("", "NA", "N/A", "NaN", "nan", "null")
"""What an empty cell among numbers may hold. Among texts only the first is one."""

SHOWN = 3
"""Examples of a mistake that are told."""


@dataclass(frozen=True)
class Table:
    """Arrays by name; of a table with columns each is ``(N,)``, numbers or text.

    Parameters
    ----------
    file
        Its name.
    arrays
        Numbers (NaN where a cell is empty), or text ("" where it is empty).
    """

    file: str
    arrays: dict[str, NDArray]

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
        alone = (modality.name,) if modality.name in self.arrays else (f"{modality.name}_*",)
        return modality.columns or alone

    def columns_of(self, modality: Described) -> list[str]:
        """Columns of a modality, in the order asked for; none where modalities are arrays."""
        if not self.has_columns:
            return []
        found = [
            column
            for pattern in self.asked_for(modality)
            for column in ([pattern] if pattern in self.arrays else self.arrays)
            if column == pattern or fnmatchcase(column, pattern)
        ]
        return list(dict.fromkeys(found))

    def numbers(self, columns: Sequence[str]) -> NDArray:
        """Columns as float64 ``(N, n)``, NaN in empty cells.

        Raises
        ------
        Mistakes
            Texts in some of them.
        """
        found, wrong = [], []
        for column in columns:
            values = self.arrays[column]
            if values.dtype.kind == "U":
                values = np.char.strip(values)
                values = np.where(np.isin(values, EMPTY), "nan", values)
            try:
                found.append(values.astype(np.float64))
            except ValueError:
                rows = [row for row, text in enumerate(values) if not _is_number(text)]
                wrong.append(
                    f"column {column!r} must hold numbers, got {str(values[rows[0]])!r} in "
                    f"{self.places(rows)}"
                )
        if wrong:
            raise Mistakes(*wrong)
        return np.stack(found, axis=1)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_table(folder: Path) -> Table:
    """Read the one table of a folder.

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
    reader = {".npz": _npz, ".csv": _csv, ".parquet": _parquet}[path.suffix]
    try:
        return Table(path.name, reader(path))
    except Mistakes:
        raise
    # what pandas and pyarrow raise derives from these
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, ImportError) as error:
        reason = " ".join(str(error).split())
        raise Mistakes(f"{path.name} cannot be read: {reason}") from error


def _npz(path: Path) -> dict[str, NDArray]:
    arrays, found = {}, []
    with path.open("rb") as stream:
        file = np.load(stream, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError("it is no archive of arrays; write it with np.savez")
        for name in file.files:
            try:
                arrays[name] = np.atleast_1d(file[name])
            except ValueError as error:
                reason = " ".join(str(error).split())
                found.append(
                    f"array {name!r} cannot be read ({reason}); save it as numbers or as text, "
                    "astype(str)"
                )
    if found:
        raise Mistakes(*found)
    return arrays


def _csv(path: Path) -> dict[str, NDArray]:
    import pandas as pd

    frame = pd.read_csv(path, dtype=str, keep_default_na=False, header=None, skip_blank_lines=False)
    return _columns(frame.iloc[1:], [str(name).strip() for name in frame.iloc[0]])


def _parquet(path: Path) -> dict[str, NDArray]:
    import pandas as pd

    frame = pd.read_parquet(path)
    return _columns(frame, [str(name) for name in frame.columns])


def _columns(frame: object, names: list[str]) -> dict[str, NDArray]:
    import pandas as pd

    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Mistakes(f"columns must have different names; more than one is {', '.join(twice)}")
    arrays = {}
    for place, name in enumerate(names):
        column = frame.iloc[:, place]
        if pd.api.types.is_numeric_dtype(column):
            arrays[name] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            arrays[name] = column.astype(object).where(column.notna(), "").to_numpy().astype(str)
    return arrays
