"""A visitor's own dataset: a folder with a description and one table, found and read; no torch.

A folder NAME holds ``dataset.yaml`` (or ``.yml``, ``.json``) and one of ``data.npz``,
``data.csv`` and ``data.parquet``. It is found by its name in the data directory, and by its path
anywhere.
``explorer.datasets.own.build`` makes a dataset of it.
"""

import os
from pathlib import Path

from explorer.files.own.description import (
    HELP,
    Described,
    Description,
    Division,
    Label,
    find_description,
    read_description,
)
from explorer.files.sources.directory import DataError, data_directory

__all__ = [
    "Described",
    "Description",
    "Division",
    "Label",
    "find_description",
    "find_folder",
    "list_folders",
    "read_description",
]


def list_folders() -> dict[str, Path]:
    """Name to folder of every dataset of the visitor's own in the data directory."""
    try:
        folders = sorted(data_directory().iterdir())
    except OSError:  # there is no data directory yet, or it may not be read
        return {}
    return {folder.name: folder for folder in folders if find_description(folder)}


def find_folder(name: str | Path) -> Path | None:
    """Find the folder of a dataset by its name in the data directory or by its path; None if none.

    The folder keeps the name that it was asked for by, also where that is a link to another.

    Raises
    ------
    DataError
        It is a path, and no description is there.
    """
    try:
        path = Path(name).expanduser()
    except RuntimeError as error:  # the home folder of a user that there is none of
        raise DataError(f"there is no folder {name}: {error}") from error
    if len(path.parts) == 1 and find_description(data_directory() / path):
        return data_directory() / path
    if find_description(path):
        return Path(os.path.abspath(path))
    if len(path.parts) > 1 or os.path.isdir(path):
        raise DataError(f"no dataset.yaml or dataset.json in {path}; {HELP}")
    return None
