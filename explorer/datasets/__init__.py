"""Datasets by name. To add one: a module with a function that returns a Dataset, a line here."""

from collections.abc import Callable

from explorer.datasets.digits_photo_text import digits_photo_text
from explorer.datasets.mfeat import mfeat
from explorer.datasets.mhd import mhd, mhd_like
from explorer.datasets.modality import Dataset, Modality, Split
from explorer.datasets.polydigits import polydigits, translated_polydigits
from explorer.datasets.polymnist import polymnist, translated_polymnist
from explorer.datasets.simulated_rats import simulated_rats

__all__ = ["DATASETS", "Dataset", "Modality", "Split", "load_dataset"]

DATASETS: dict[str, Callable[..., Dataset]] = {
    "polydigits": polydigits,
    "translated_polydigits": translated_polydigits,
    "digits_photo_text": digits_photo_text,
    "simulated_rats": simulated_rats,
    "polymnist": polymnist,
    "translated_polymnist": translated_polymnist,
    "mfeat": mfeat,
    "mhd_like": mhd_like,
    "mhd": mhd,
}


def load_dataset(name: str, **options: int) -> Dataset:
    """The dataset called ``name``, a key of ``DATASETS``; ``options`` go to its function."""
    if name not in DATASETS:
        raise ValueError(f"dataset must be one of {', '.join(DATASETS)}, got {name!r}")
    return DATASETS[name](**options)
