"""MNIST from its four official files, plain or gzipped: ``train-images-idx3-ubyte`` and so on.

LeCun, Cortes & Burges (1998). An IDX file is two zero bytes, a type, the number of axes, their
sizes as 32-bit big-endian integers, and the values.
"""

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.datasets.archives import again, plain_or_gzipped, read_content
from explorer.datasets.download import DataError

SIDE = 28
N_CLASSES = 10
UNSIGNED_BYTES = 0x08
PARTS = {"train": "train", "test": "t10k"}


def mnist(dataset: str, part: str) -> tuple[Tensor, Tensor]:
    """All pictures of one part of MNIST, uint8 ``(P, 28, 28)``, ink 255, and their digits, long.

    Parameters
    ----------
    dataset
        Whose data this is, for the error that says how to get it.
    part
        ``"train"`` (60,000 pictures) or ``"test"`` (10,000).

    Raises
    ------
    DataError
        Files that are missing or damaged, or that do not belong together.
    """
    images_path = plain_or_gzipped(dataset, f"mnist/{PARTS[part]}-images-idx3-ubyte")
    labels_path = plain_or_gzipped(dataset, f"mnist/{PARTS[part]}-labels-idx1-ubyte")
    images, labels = read_idx(dataset, images_path, 3), read_idx(dataset, labels_path, 1)
    if images.shape[1:] != (SIDE, SIDE):
        raise DataError(
            f"{images_path} must hold pictures of {SIDE} by {SIDE}, got "
            f"{images.shape[1]} by {images.shape[2]}; {again(dataset)}"
        )
    labels = checked_labels(dataset, labels_path, labels, len(images))
    return torch.from_numpy(images), torch.from_numpy(labels)


def checked_labels(dataset: str, path: Path, labels: NDArray, n_images: int) -> NDArray:
    """Digits 0 to 9 of ``n_images`` pictures, int64 ``(P,)``, read from ``path``.

    Raises
    ------
    DataError
        No pictures, another number of labels, or one that is no digit.
    """
    if n_images == 0 or labels.shape != (n_images,):
        raise DataError(
            f"{path} must have a label for each picture, at least one; got {n_images} pictures "
            f"and labels {labels.shape}; {again(dataset)}"
        )
    if labels.min() < 0 or labels.max() >= N_CLASSES:
        raise DataError(
            f"labels in {path} must be 0 to 9, got {labels.min()} to {labels.max()}; "
            f"{again(dataset)}"
        )
    return labels.astype(np.int64)


def read_idx(dataset: str, path: Path, n_axes: int) -> NDArray:
    """The array of an IDX file of unsigned bytes, gzipped where its name ends in ``.gz``.

    Raises
    ------
    DataError
        Not such a file, cut short, or with more in it than it says.
    """
    damaged = f"{path} is damaged ({{}}); {again(dataset)}"
    content = read_content(dataset, path)
    header = 4 + 4 * n_axes
    magic = bytes((0, 0, UNSIGNED_BYTES, n_axes))
    if content[:4] != magic or len(content) < header:
        found = content[:4].hex() or "nothing"
        raise DataError(damaged.format(f"it must start with {magic.hex()}, got {found}"))
    shape = tuple(np.frombuffer(content, ">u4", n_axes, offset=4).tolist())
    if len(content) - header != math.prod(shape):
        raise DataError(
            damaged.format(f"{math.prod(shape)} values expected, got {len(content) - header}")
        )
    return np.frombuffer(bytearray(content), np.uint8, offset=header).reshape(shape)
