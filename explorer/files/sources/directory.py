"""Where data files are."""

import os
from pathlib import Path


class DataError(ValueError):
    """Data that is missing, damaged or not what was expected; says what, and the remedy."""


def data_directory() -> Path:
    """Where data files are: ``$EXPLORER_DATA``, else the platform's cache directory of the user."""
    if os.environ.get("EXPLORER_DATA"):
        return whole_path("EXPLORER_DATA")
    import platformdirs  # a bare GPU machine lacks it and sets the variable

    return platformdirs.user_cache_path("barycenter-explorer")


def whole_path(variable: str) -> Path:
    """The path in an environment variable, with ``~`` as the home folder and from the root on.

    The variable is changed to that path, so that a process started in another folder means the
    same.
    """
    path = Path(os.environ[variable]).expanduser().absolute()
    os.environ[variable] = str(path)
    return path
