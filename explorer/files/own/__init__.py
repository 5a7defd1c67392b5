"""A visitor's own dataset: a folder with a description and one table, found and read; no torch.

A folder NAME holds ``dataset.yaml`` (or ``.yml``, ``.json``) and one of ``data.npz``,
``data.csv`` and ``data.parquet``. It is found by its name in the data directory, and by its path
anywhere. ``explorer.datasets.own.build`` makes a dataset of it.
"""

from explorer.files.own.folders import find_description, find_folder, list_folders

__all__ = ["find_description", "find_folder", "list_folders"]
