"""scikit-learn's 1,797 handwritten digits at any size, and which are for training.

8x8 pictures (Alpaydin & Kaynak 1998, UCI), enlarged. Digits are split before tuples are drawn, so
no digit picture is in both train and test. (The source has no writer ids; the same writer may be
in both.)
"""

from functools import cache

import numpy as np
import torch
from skimage.transform import resize
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

THRESHOLD = 0.45
"""Ink above this share of the darkest is digit: 0.5 opens zeros, 0.4 fills the holes of 8."""


@cache
def digit_pictures(size: int) -> tuple[Tensor, Tensor]:
    """All digits in grey, ``(1797, size, size)`` in [0, 1] with ink 1, and their classes, long."""
    digits = load_digits()
    enlarged = resize(
        digits.images.transpose(1, 2, 0) / digits.images.max(), (size, size), order=3, mode="edge"
    )
    pictures = torch.from_numpy(enlarged.transpose(2, 0, 1)).clamp(0, 1)
    return pictures, torch.from_numpy(digits.target.astype(np.int64))


def digit_masks(size: int) -> tuple[Tensor, Tensor]:
    """All digits as masks, bool ``(1797, size, size)``, and their classes, long ``(1797,)``."""
    pictures, classes = digit_pictures(size)
    return pictures > THRESHOLD, classes


def split_digits(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the 1,437 digits for training and of the 360 for testing, by class alike."""
    _, classes = digit_pictures(8)
    return train_test_split(
        np.arange(len(classes)), test_size=0.2, stratify=classes, random_state=seed
    )
