"""Street View House Numbers, 32x32: the official files, or the subset at hand.

Netzer et al. (2011), format 2: one digit in the middle, its neighbors at the sides. Official are
``train_32x32.mat`` and ``test_32x32.mat``. The subset is an ``.npz`` with ``x_train``, ``y_train``,
``x_test`` and ``y_test``, cut from pictures of the official training and test set each: no house is
in both.

Shapes: P pictures.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.datasets.archives import DAMAGE, again, read_arrays
from explorer.datasets.download import DataError, data_directory, needed
from explorer.datasets.mnist import checked_labels

SIDE = 32
SUBSET = "svhn/svhn_subset.npz"
TEN = 10
"""How the official files write a zero."""


def svhn(dataset: str, part: str) -> tuple[Tensor, Tensor]:
    """All pictures of one part, uint8 ``(P, 3, 32, 32)``, and their digits, long ``(P,)``.

    Parameters
    ----------
    dataset
        Whose data this is, for the error that says how to get it.
    part
        ``"train"`` or ``"test"``: 73,257 and 26,032 pictures, 4,434 and 1,952 in the subset.

    Raises
    ------
    DataError
        A file that is missing, damaged or of other pictures.
    """
    if is_subset():
        path = data_directory() / SUBSET
        arrays = read_arrays(dataset, path, f"x_{part}", f"y_{part}")
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
    else:
        path = needed(dataset, f"svhn/{part}_32x32.mat")[0]
        images, labels = _read_mat(dataset, path)
    if images.ndim != 4 or images.shape[1:] != (SIDE, SIDE, 3) or images.dtype != np.uint8:
        raise DataError(
            f"{path} must hold pictures of {SIDE} by {SIDE} in three colors, as bytes, got "
            f"{images.dtype} {images.shape}; {again(dataset)}"
        )
    labels = checked_labels(dataset, path, labels, len(images))
    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy()), torch.from_numpy(labels)


def is_subset() -> bool:
    """Whether what is read is the subset: it is there, and the official files are not."""
    directory = data_directory()
    official = all((directory / f"svhn/{p}_32x32.mat").is_file() for p in ("train", "test"))
    return (directory / SUBSET).is_file() and not official


def _read_mat(dataset: str, path: Path) -> tuple[NDArray, NDArray]:
    """Pictures with the first axis in front, and digits with zero written 0."""
    from scipy.io import loadmat, matlab

    try:
        file = loadmat(path, variable_names=("X", "y"))
        images, labels = file["X"], file["y"].ravel()
    except (*DAMAGE, TypeError, LookupError, NotImplementedError, matlab.MatReadError) as error:
        raise DataError(f"{path} is damaged ({error}); {again(dataset)}") from error
    return np.moveaxis(images, -1, 0), np.where(labels == TEN, 0, labels)
