"""Datasets by name. To add one: a module with a function that returns a Dataset, a line here."""

from collections.abc import Callable
from inspect import signature

from explorer.datasets.celeba import celeba, celeba_attributes
from explorer.datasets.cub import cub, cub_attributes
from explorer.datasets.digits_photo_text import digits_photo_text
from explorer.datasets.mfeat import mfeat
from explorer.datasets.mhd import mhd, mhd_like
from explorer.datasets.mnist_svhn_text import mnist_svhn_text
from explorer.datasets.modality import Dataset, Modality, Split
from explorer.datasets.own.build import own
from explorer.datasets.polydigits import polydigits, translated_polydigits
from explorer.datasets.polymnist import polymnist, polymnist_released, translated_polymnist
from explorer.datasets.rats import rats
from explorer.datasets.simulated_rats import simulated_rats
from explorer.files.own import find_folder, list_folders

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
    "celeba_attributes": celeba_attributes,
    "cub_attributes": cub_attributes,
    "cub": cub,
    "mhd_like": mhd_like,
    "mhd": mhd,
    "rats": rats,
}


PUBLISHED: dict[str, dict[str, str]] = {
    "polymnist": dict.fromkeys(("m0", "m1", "m2", "m3", "m4"), "mopoe_conv"),
    "polymnist_released": dict.fromkeys(("m0", "m1", "m2", "m3", "m4"), "mopoe_conv"),
    "translated_polymnist": dict.fromkeys(("m0", "m1", "m2"), "mmvamp_resnet"),
    "mnist_svhn_text": {"mnist": "mopoe_mnist", "svhn": "mopoe_svhn", "text": "mopoe_text"},
    "celeba": {"image": "mopoe_face", "text": "mopoe_attributes"},
    "celeba_attributes": {"image": "mac_conv"},
    "cub": {"image": "mac_conv"},
    "cub_attributes": {"image": "mac_conv"},
    "mhd": {
        "image": "mac_conv",
        "trajectory": "mac_trajectory",
        "sound": "mac_sound",
        "label": "mac_label",
    },
}
"""The papers' networks by dataset and modality; other modalities keep the small ones."""


def load_dataset(name: str, *, published: bool | int = False, **options: int | str) -> Dataset:
    """The dataset called ``name``, a key of ``DATASETS``; ``options`` go to its function.

    Or a folder of the visitor's own: its name in the data directory, or its path. ``published``
    asks for the networks in ``PUBLISHED``, which are large, instead of small fast ones.
    """
    if published and name not in PUBLISHED:
        raise ValueError(f"the papers' networks are known for {', '.join(PUBLISHED)}; got {name!r}")
    if name in DATASETS:
        known = signature(DATASETS[name]).parameters
        unknown = options.keys() - known
        if unknown:
            raise ValueError(
                f"options of {name} are {', '.join(known)}; got {', '.join(sorted(unknown))}"
            )
        data = DATASETS[name](**options)
        return data.with_networks(PUBLISHED[name]) if published else data
    folder = find_folder(name)
    if folder is None:
        mine = ", ".join(list_folders()) or "none yet"
        raise ValueError(
            f"dataset must be one of {', '.join(DATASETS)}, or your own ({mine}); got {name!r}"
        )
    if options:
        raise ValueError(
            f"{name!r} is a folder of your own, which takes no options; its description says what "
            f"is made of it; got {', '.join(sorted(options))}"
        )
    return own(folder, DATASETS)


def name_of(dataset: str) -> str:
    """What the dataset that :func:`load_dataset` finds is called, on disk and on pages.

    >>> name_of("polydigits")
    'polydigits'
    """
    folder = None if dataset in DATASETS else find_folder(dataset)
    return dataset if folder is None else folder.name
