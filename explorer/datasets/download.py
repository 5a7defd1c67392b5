"""What loaders ask for: files of a dataset, or the error that says how to get them."""

from pathlib import Path

from explorer.files.sources import SOURCES, DataError, data_directory, remedy

__all__ = ["DataError", "data_directory", "needed"]


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
        how = remedy(dataset) if dataset in SOURCES else "Put them there."
        raise DataError(f"{dataset!r} needs {', '.join(missing)} in {data_directory()}. {how}")
    return paths
