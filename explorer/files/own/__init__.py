"""A visitor's own dataset: a folder with a description and one table, found and read; no torch.

A folder NAME holds ``dataset.yaml`` or ``dataset.json`` and one of ``data.npz``, ``data.csv`` and
``data.parquet``. It is found by its name in the data directory, and by its path anywhere.
``explorer.datasets.own.build`` makes a dataset of it.
"""

from pathlib import Path

from explorer.files.own.description import (
    FILES,
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
    found = {path.parent for file in FILES for path in data_directory().glob(f"*/{file}")}
    return {folder.name: folder for folder in sorted(found)}


def find_folder(name: str | Path) -> Path | None:
    """Find the folder of a dataset by its name in the data directory or by its path; None if none.

    Raises
    ------
    DataError
        It is a path, and no description is there.
    """
    path = Path(name).expanduser()
    if len(path.parts) == 1 and find_description(data_directory() / path):
        return data_directory() / path
    if find_description(path):
        return path.resolve()
    if len(path.parts) > 1 or path.is_dir():
        raise DataError(f"no {' or '.join(FILES)} in {path}; see 'Your own data' in the README")
    return None
