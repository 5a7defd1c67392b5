"""Where data files are."""

import os
from pathlib import Path


class DataError(ValueError):
    """Data that is missing, damaged or not what was expected; says what, and the remedy."""


def data_directory() -> Path:
    """Where data files are: ``$EXPLORER_DATA``, else the platform's cache directory of the user."""
    if os.environ.get("EXPLORER_DATA"):
        return Path(os.environ["EXPLORER_DATA"])
    import platformdirs  # a bare GPU machine lacks it and sets the variable

    return platformdirs.user_cache_path("barycenter-explorer")
