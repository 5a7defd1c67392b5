"""Datasets by name. To add one: a module with a function that returns a Dataset, a line here."""

from collections.abc import Callable

from explorer.datasets.modality import Dataset, Modality, Split
from explorer.datasets.polydigits import polydigits

__all__ = ["DATASETS", "Dataset", "Modality", "Split", "load_dataset"]

DATASETS: dict[str, Callable[..., Dataset]] = {"polydigits": polydigits}


def load_dataset(name: str, **options: int) -> Dataset:
    """The dataset called ``name``, a key of ``DATASETS``; ``options`` go to its function."""
    if name not in DATASETS:
        raise ValueError(f"dataset must be one of {', '.join(DATASETS)}, got {name!r}")
    return DATASETS[name](**options)
