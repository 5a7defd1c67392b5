"""Arrays and pictures out of files that people put into the data directory.

Whatever is wrong with a file ends in a ``DataError`` that names it and the remedy.
"""

import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explorer.datasets.download import DataError


def read_arrays(dataset: str, path: Path, *names: str) -> dict[str, NDArray]:
    """Arrays ``names`` of the file ``path``, an ``.npz``; nothing is unpickled.

    Raises
    ------
    DataError
        The file is damaged, or lacks an array.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            missing = [name for name in names if name not in file]
            arrays = {name: file[name] for name in names if name not in missing}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}); {again(dataset)}") from error
    if missing:
        raise DataError(f"{path} must hold {', '.join(names)}; it lacks {', '.join(missing)}")
    return arrays


def again(dataset: str) -> str:
    """The remedy for files that are not what they should be."""
    return f"get it again: python -m explorer data fetch {dataset}"
