"""PolyDigits: real handwritten digits on five photographs, embedded, no download.

The PolyMNIST construction from what ships with the scientific Python stack: scikit-learn's digits,
enlarged to 28x28 and thresholded, on five photographs of scikit-image. A tuple holds five different
digit pictures of one class.

Translated PolyDigits is to it what translated PolyMNIST is to PolyMNIST (Daunhawer et al. 2022;
Sutter et al. 2024): digits at 75 %, scaled before thresholding, each set down at an offset of its
own, and the first three modalities. Where a digit lies in one modality says nothing about the
others: only the class is shared. The papers' public code has offsets 0 to 6, or digits at 50 %;
here they are uniform from 0 to 7, every place where the digit fits.
"""

import torch
from skimage import data as photographs
from torch import Tensor

from explorer.datasets.compose import SIZE, draw_tuples
from explorer.datasets.digits import digit_masks, split_digits
from explorer.datasets.modality import Dataset, Modality

PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket", "immunohistochemistry")
TRANSLATED_SIZE = 21


def polydigits(*, n_train: int = 30_000, n_test: int = 5_000, seed: int = 0) -> Dataset:
    """PolyDigits: five modalities ``m0`` to ``m4``, images ``(3, 28, 28)``.

    Parameters
    ----------
    n_train, n_test
        Numbers of tuples, from 1,437 and 360 digits.
    seed
        Decides the split of the digits, the tuples and the crops.
    """
    return _on_photographs("polydigits", PHOTOGRAPHS, SIZE, n_train, n_test, seed)


def translated_polydigits(*, n_train: int = 30_000, n_test: int = 5_000, seed: int = 0) -> Dataset:
    """Translated PolyDigits: ``m0`` to ``m2``, images ``(3, 28, 28)`` of shifted 21x21 digits.

    Parameters
    ----------
    n_train, n_test
        Numbers of tuples, from 1,437 and 360 digits.
    seed
        Decides the split of the digits, the tuples, the crops and the offsets.
    """
    return _on_photographs(
        "translated_polydigits", PHOTOGRAPHS[:3], TRANSLATED_SIZE, n_train, n_test, seed
    )


def photograph(name: str) -> Tensor:
    """A photograph of scikit-image, uint8 ``(3, height, width)``."""
    return torch.from_numpy(getattr(photographs, name)()).permute(2, 0, 1).contiguous()


def _on_photographs(
    name: str, photos: tuple[str, ...], size: int, n_train: int, n_test: int, seed: int
) -> Dataset:
    masks, classes = digit_masks(size)
    backgrounds = {f"m{i}": photograph(photo) for i, photo in enumerate(photos)}
    generator = torch.Generator().manual_seed(seed)
    train, test = (
        draw_tuples(masks[digits], classes[digits], backgrounds, n_tuples, generator)
        for digits, n_tuples in zip(split_digits(seed), (n_train, n_test), strict=True)
    )
    return Dataset(
        name=name,
        modalities=tuple(
            Modality(key, (3, SIZE, SIZE), description=photo)
            for key, photo in zip(backgrounds, photos, strict=True)
        ),
        train=train,
        test=test,
        classes=tuple("0123456789"),
    )
