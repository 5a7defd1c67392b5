"""Datasets by name. To add one: a module with a function that returns a Dataset, a line here."""

from collections.abc import Callable
from inspect import signature

from explorer.datasets.celeba import celeba
from explorer.datasets.cub import cub, cub_attributes
from explorer.datasets.digits_photo_text import digits_photo_text
from explorer.datasets.mfeat import mfeat
from explorer.datasets.mhd import mhd, mhd_like
from explorer.datasets.mnist_svhn_text import mnist_svhn_text
from explorer.datasets.modality import Dataset, Modality, Split
from explorer.datasets.own import own
from explorer.datasets.polydigits import polydigits, translated_polydigits
from explorer.datasets.polymnist import polymnist, polymnist_released, translated_polymnist
from explorer.datasets.rats import rats
from explorer.datasets.simulated_rats import simulated_rats
from explorer.own import find_folder, list_folders

__all__ = ["DATASETS", "Dataset", "Modality", "Split", "load_dataset", "name_of"]

DATASETS: dict[str, Callable[..., Dataset]] = {
    "polydigits": polydigits,
    "translated_polydigits": translated_polydigits,
    "digits_photo_text": digits_photo_text,
    "simulated_rats": simulated_rats,
    "polymnist": polymnist,
    "translated_polymnist": translated_polymnist,
    "polymnist_released": polymnist_released,
    "mnist_svhn_text": mnist_svhn_text,
    "mfeat": mfeat,
    "celeba": celeba,
    "cub_attributes": cub_attributes,
    "cub": cub,
    "mhd_like": mhd_like,
    "mhd": mhd,
    "rats": rats,
}


def load_dataset(name: str, **options: int | str) -> Dataset:
    """The dataset called ``name``, a key of ``DATASETS``; ``options`` go to its function.

    Or a folder of the visitor's own: its name in the data directory, or its path.
    """
    if name in DATASETS:
        known = signature(DATASETS[name]).parameters
        unknown = options.keys() - known
        if unknown:
            raise ValueError(
                f"options of {name} are {', '.join(known)}; got {', '.join(sorted(unknown))}"
            )
        return DATASETS[name](**options)
    folder = find_folder(name)
    if folder is None:
        mine = ", ".join(list_folders()) or "none yet"
        raise ValueError(
            f"dataset must be one of {', '.join(DATASETS)}, or your own ({mine}); got {name!r}"
        )
    return own(folder, DATASETS, **options)


def name_of(dataset: str) -> str:
    """What the dataset that :func:`load_dataset` finds is called, on disk and on pages.

    >>> name_of("polydigits")
    'polydigits'
    """
    folder = None if dataset in DATASETS else find_folder(dataset)
    return dataset if folder is None else folder.name
