"""PolyDigits: real handwritten digits on five photographs, embedded, no download.

The PolyMNIST construction from what ships with the scientific Python stack: scikit-learn's 1,797
digits (8x8; Alpaydin & Kaynak 1998, UCI), enlarged to 28x28 and thresholded, on five photographs
of scikit-image. A tuple holds five different digit pictures of one class. Digits are split before
tuples are drawn, so no digit picture is in both train and test. (The source has no writer ids;
the same writer may be in both.)
"""

from functools import cache

import numpy as np
import torch
from skimage import data as photographs
from skimage.transform import resize
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from explorer.datasets.compose import SIZE, DigitTuples, draw_tuples
from explorer.datasets.modality import Dataset, Modality

PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket", "immunohistochemistry")
THRESHOLD = 0.45
"""Ink above this share of the darkest is digit: 0.5 opens zeros, 0.4 fills the holes of 8."""


@cache
def digit_masks() -> tuple[torch.Tensor, torch.Tensor]:
    """All 1,797 digits as masks, bool ``(1797, 28, 28)``, and their classes, long ``(1797,)``."""
    digits = load_digits()
    enlarged = resize(
        digits.images.transpose(1, 2, 0) / digits.images.max(), (SIZE, SIZE), order=3, mode="edge"
    )
    masks = enlarged.transpose(2, 0, 1) > THRESHOLD
    return torch.from_numpy(masks), torch.from_numpy(digits.target.astype(np.int64))


def polydigits(*, n_train: int = 30_000, n_test: int = 5_000, seed: int = 0) -> Dataset:
    """PolyDigits: five modalities ``m0`` to ``m4``, images ``(3, 28, 28)``.

    Parameters
    ----------
    n_train, n_test
        Numbers of tuples, from 1,437 and 360 digits.
    seed
        Decides the split of the digits, the tuples and the crops.
    """
    masks, classes = digit_masks()
    train_digits, test_digits = train_test_split(
        np.arange(len(classes)), test_size=0.2, stratify=classes, random_state=seed
    )
    names = [f"m{i}" for i in range(len(PHOTOGRAPHS))]
    backgrounds = {
        name: torch.from_numpy(getattr(photographs, photo)()).permute(2, 0, 1).contiguous()
        for name, photo in zip(names, PHOTOGRAPHS, strict=True)
    }
    generator = torch.Generator().manual_seed(seed)

    def split(digits: np.ndarray, n_tuples: int) -> DigitTuples:
        return draw_tuples(masks[digits], classes[digits], backgrounds, n_tuples, generator)

    return Dataset(
        name="polydigits",
        modalities=tuple(
            Modality(name, (3, SIZE, SIZE), description=photo)
            for name, photo in zip(names, PHOTOGRAPHS, strict=True)
        ),
        train=split(train_digits, n_train),
        test=split(test_digits, n_test),
        classes=tuple("0123456789"),
    )
