"""Folders with a visitor's own data: found by name in the data directory, or by path.

Pages ask for them at every turn, so nothing here waits for pydantic.
"""

import os
from pathlib import Path

from explorer.files.sources.directory import DataError, data_directory

FILES = ("dataset.yaml", "dataset.yml", "dataset.json")
HELP = "see docs/your-own-data.md"


def find_description(folder: Path) -> Path | None:
    """Where the description of a folder is; None where there is none that can be read."""
    try:
        return next((folder / file for file in FILES if (folder / file).is_file()), None)
    except OSError:  # a name that is too long, a folder that may not be read
        return None


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
