"""Where data files are, and how they come there."""

import os
from pathlib import Path


class DataError(ValueError):
    """Data that is missing, damaged or not what was expected; says what, and the remedy."""


def data_directory() -> Path:
    """Where data files are: ``$EXPLORER_DATA``, else the platform's cache directory of the user."""
    if "EXPLORER_DATA" in os.environ:
        return Path(os.environ["EXPLORER_DATA"])
    import platformdirs  # a bare GPU machine lacks it and sets the variable

    return platformdirs.user_cache_path("barycenter-explorer")


def needed(dataset: str, *files: str) -> list[Path]:
    """Paths of files of a dataset, relative to :func:`data_directory`.

    Raises
    ------
    DataError
        One of them is not there.
    """
    paths = [data_directory() / file for file in files]
    missing = [file for file, path in zip(files, paths, strict=True) if not path.is_file()]
    if missing:
        raise DataError(
            f"{dataset!r} needs {', '.join(missing)} in {data_directory()}; "
            f"get it: python -m explorer data fetch {dataset}"
        )
    return paths
