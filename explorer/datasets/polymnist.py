"""PolyMNIST, rebuilt: MNIST's digits on five pictures, composed when asked for.

By the rule of the released set (Sutter et al. 2021): in each modality every MNIST digit lies once
on a random 28x28 crop of that modality's picture, colors inverted where MNIST is above 128; digits
of one class are matched at random across modalities, train with train and test with test. The
pictures are a tree, Munch's Scream, a field of stars and shingles as there. Its third is the Lena
photograph; here it is Hokusai's Great Wave, which is in the public domain. Crops and matches are
drawn anew, so figures are not strictly comparable with those on the released set; who has its PNG
files can have that one, as ``polymnist_released``.

Translated PolyMNIST (Daunhawer et al. 2022; Sutter et al. 2024) has the digits at 75 %, scaled
before thresholding, each at an offset of its own, and the first three modalities. The papers'
public code has offsets 0 to 6, or digits at 50 %; here they are uniform from 0 to 7, every place
where the digit fits.

Shapes: P pictures, S their size.
"""

import re
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from explorer.datasets.archives import DAMAGE, again, open_pictures, read_pictures
from explorer.datasets.compose import SIZE, pair, set_on_crops
from explorer.datasets.digits import digit_masks, split_digits
from explorer.datasets.download import DataError, data_directory, needed
from explorer.datasets.mnist import mnist
from explorer.datasets.modality import Dataset, Modality
from explorer.datasets.rows import Rows

PICTURES = {
    "fractal_tree": "a tree",
    "the_scream": "Munch's Scream",
    "great_wave": "Hokusai's Great Wave, where the released set has the Lena photograph",
    "star_field": "a field of stars",
    "shingles": "shingles",
}
"""Files of ``polymnist_backgrounds/`` and what they show, in the order of the modalities."""
RELEASED_PICTURES = ("a tree", "Munch's Scream", "Lena", "a field of stars", "shingles")
FOLDER = "MMNIST"
"""Of the released files."""
THRESHOLD = 128
"""MNIST above this, of 255, is digit."""
TRANSLATED_SIZE = 21


def polymnist(
    *, n_train: int = 60_000, n_test: int = 10_000, digits: str = "mnist", seed: int = 0
) -> Dataset:
    """PolyMNIST, rebuilt: five modalities ``m0`` to ``m4``, images ``(3, 28, 28)``.

    Parameters
    ----------
    n_train, n_test
        Numbers of tuples, from 60,000 and 10,000 digits; every digit is in each modality once
        before any is a second time.
    digits
        Key of ``DIGITS``. Those of PolyDigits have thick strokes, which a model that draws none
        yet finds sooner: a first stage of training, not the benchmark.
    seed
        Decides the tuples and the crops.

    Raises
    ------
    DataError
        MNIST or a picture is missing or damaged.
    """
    return _rebuilt("polymnist", 5, SIZE, n_train, n_test, digits, seed)


def translated_polymnist(
    *, n_train: int = 60_000, n_test: int = 10_000, digits: str = "mnist", seed: int = 0
) -> Dataset:
    """Translated PolyMNIST: ``m0`` to ``m2``, images ``(3, 28, 28)`` of shifted 21x21 digits.

    Parameters
    ----------
    n_train, n_test, digits
        As in :func:`polymnist`.
    seed
        Decides the tuples, the crops and the offsets.

    Raises
    ------
    DataError
        MNIST or a picture is missing or damaged.
    """
    return _rebuilt("translated_polymnist", 3, TRANSLATED_SIZE, n_train, n_test, digits, seed)


def polymnist_released(*, n_train: int = 60_000, n_test: int = 10_000, seed: int = 0) -> Dataset:
    """PolyMNIST as released: ``m0`` to ``m4``, images ``(3, 28, 28)``, 0.8 GB of memory.

    Its PNG files lie in ``MMNIST/train/m0`` to ``MMNIST/test/m4``; those of one name are a tuple,
    and the number before ``.png`` is the digit. Reading all takes a quarter of a minute.

    Parameters
    ----------
    n_train, n_test
        Numbers of tuples; no other files are read.
    seed
        Decides which tuples, and their order.

    Raises
    ------
    DataError
        A folder is missing or has other files than the first, or a picture is damaged.
    """
    generator = torch.Generator().manual_seed(seed)
    return Dataset(
        name="polymnist_released",
        modalities=tuple(
            Modality(f"m{i}", (3, SIZE, SIZE), description=text)
            for i, text in enumerate(RELEASED_PICTURES)
        ),
        train=_read_released("train", n_train, generator),
        test=_read_released("test", n_test, generator),
        classes=tuple("0123456789"),
    )


def masks_of(images: Tensor, size: int) -> Tensor:
    """Where the ink is, bool ``(P, S, S)``, of pictures uint8 ``(P, 28, 28)`` scaled to S."""
    if size != SIZE:
        images = F.interpolate(images.unsqueeze(1).float(), (size, size), mode="bilinear")[:, 0]
    return images > THRESHOLD


def _mnist_masks(dataset: str, part: str, size: int) -> tuple[Tensor, Tensor]:
    images, classes = mnist(dataset, part)
    return masks_of(images, size), classes


def _polydigits_masks(dataset: str, part: str, size: int) -> tuple[Tensor, Tensor]:
    masks, classes = digit_masks(size)
    chosen = dict(zip(("train", "test"), split_digits(0), strict=True))[part]
    return masks[chosen], classes[chosen]


DIGITS = {"mnist": _mnist_masks, "polydigits": _polydigits_masks}
"""Whose digits can be set on the pictures."""


def _rebuilt(
    name: str, n_modalities: int, size: int, n_train: int, n_test: int, digits: str, seed: int
) -> Dataset:
    if digits not in DIGITS:
        raise ValueError(f"digits must be one of {', '.join(DIGITS)}; got {digits!r}")
    pictures = list(PICTURES)[:n_modalities]
    files = needed(name, *(f"polymnist_backgrounds/{picture}.jpg" for picture in pictures))
    backgrounds = {f"m{i}": _picture(name, file) for i, file in enumerate(files)}
    generator = torch.Generator().manual_seed(seed)

    def split(part: str, n_tuples: int):
        masks, classes = DIGITS[digits](name, part, size)
        rounds = -(-n_tuples // len(masks))
        labels, hands = pair([classes] * n_modalities, rounds, generator)
        return set_on_crops(masks, backgrounds, labels[:n_tuples], hands[:n_tuples], generator)

    return Dataset(
        name=name,
        modalities=tuple(
            Modality(key, (3, SIZE, SIZE), description=PICTURES[picture])
            for key, picture in zip(backgrounds, pictures, strict=True)
        ),
        train=split("train", n_train),
        test=split("test", n_test),
        classes=tuple("0123456789"),
    )


def _picture(dataset: str, file: Path) -> Tensor:
    """A picture in color, uint8 ``(3, height, width)``."""
    try:
        with Image.open(file) as image:
            pixels = np.array(image.convert("RGB"))
    except DAMAGE as error:
        raise DataError(f"{file} is damaged ({error}); {again(dataset)}") from error
    if min(pixels.shape[:2]) < SIZE:
        raise DataError(
            f"{file} must be at least {SIZE} pixels wide and high, got "
            f"{pixels.shape[1]} by {pixels.shape[0]}; {again(dataset)}"
        )
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


def _read_released(part: str, n_tuples: int, generator: torch.Generator) -> Rows:
    dataset, arrays = "polymnist_released", {}
    places = [f"{FOLDER}/{part}/m{i}" for i in range(len(RELEASED_PICTURES))]
    folders = [data_directory() / place for place in places]
    needed(dataset, *(p for p, folder in zip(places, folders, strict=True) if not folder.is_dir()))
    with open_pictures(dataset, folders[0]) as pictures:
        expected = pictures.keys()
    names = _drawn(folders[0], list(expected), n_tuples, generator)
    for folder in folders:
        with open_pictures(dataset, folder) as pictures:
            odd = sorted(expected ^ pictures.keys())
            if odd:
                raise DataError(
                    f"{folder} must have files of the same names as m0, since the name says the "
                    f"label; {len(odd)} differ, {odd[0]!r} first; {again(dataset)}"
                )
            found = read_pictures(dataset, folder, pictures, names, _of_size, SIZE)
        arrays[folder.name] = torch.from_numpy(found)
    return Rows(arrays, torch.tensor([int(name.split(".")[1]) for name in names]))


def _drawn(folder: Path, names: list[str], n: int, generator: torch.Generator) -> list[str]:
    strange = [name for name in names if not re.fullmatch(r"\d+\.\d\.png", name)]
    if strange:
        raise DataError(f"files in {folder} must be named like 12.7.png, got {strange[0]!r}")
    if not 0 < n <= len(names):
        raise DataError(
            f"{folder} has {len(names)} pictures, {n} were asked for; unzip all of it there"
        )
    return [names[i] for i in torch.randperm(len(names), generator=generator)[:n].tolist()]


def _of_size(name: str, image: Image.Image) -> Image.Image:
    if image.size != (SIZE, SIZE):
        raise ValueError(f"it must be {SIZE} by {SIZE}, got {image.size[0]} by {image.size[1]}")
    return image
