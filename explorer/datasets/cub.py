"""Birds (Wah et al. 2011, CUB-200-2011): pictures with what is written, or known, of them.

``cub_attributes`` is 100 of the species, with pictures cut to the bird and scaled to 64x64:

- ``image``: the picture, ``(3, 64, 64)``;
- ``attributes``: of each of 312 attributes, how often people saw it in pictures of this species,
  as a share. The same for all pictures of a species: it tells the species, and nothing beyond;
- ``label``: the species, one-hot ``(100,)``.

The shares are targets of a Bernoulli likelihood: a cross-entropy, whose least is not zero.

``cub`` is all 200 species in the official layout, with ten captions a picture (Reed et al. 2016;
a folder a species and a text file a picture, a caption a line):

- ``image``: the square around the bird's box, half as large again as its longer side, as far as
  the picture goes, scaled to 64x64;
- ``text``: a caption, 256 characters of ``a-z 0-9`` and blanks. In training every caption of a
  picture makes a sample; in testing the seed decides which one of the ten is taken;
- ``label``: the species, one-hot ``(200,)``.

Published experiments have 18 words of a vocabulary of 5,451, made from training and test captions.
Here captions are spelled: an alphabet is the same for everyone, and needs no test captions.

Likelihoods and weights are those of the MAC-WAE comparison, without its squashing: normal with
scale 1, cross-entropy, all weights 1. Splits are the official ones. Files are sorted by species:
the seed decides the order, so that the first samples are of any.

Shapes: N samples, C species, A attributes.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image, Resampling

from explorer.datasets.archives import (
    again,
    keep_pictures,
    open_pictures,
    read_arrays,
    read_pictures,
)
from explorer.datasets.download import DataError, data_directory, needed
from explorer.datasets.modality import Dataset, Modality
from explorer.datasets.rows import Rows
from explorer.datasets.text import encode
from explorer.files.sources import remedy

SIDE, LENGTH, CAPTIONS = 64, 256, 10
SYMBOLS = " abcdefghijklmnopqrstuvwxyz0123456789"
ARRAYS = ("image", "label", "is_train", "class_name", "class_attr", "attr_names")
AROUND = 0.75
"""Half a square's side over the longer side of the bird's box (Zhang et al. 2017)."""


def cub_attributes(*, n_train: int = 2999, n_test: int = 2903, seed: int = 0) -> Dataset:
    """CUB-attributes: birds ``(3, 64, 64)``, shares of 312 attributes, one of 100 species.

    Parameters
    ----------
    n_train, n_test
        Numbers of pictures at most; fewer where fewer are at hand.
    seed
        Decides the order of the pictures.

    Raises
    ------
    DataError
        Files that are missing, damaged or do not belong together.
    """
    name = "cub_attributes"
    path, described = needed(name, "cub/cub100_64.zip", "cub/cub100_labels.npz")
    table = read_arrays(name, described, *ARRAYS)
    labels, shares = _described(table, described)
    chosen, n = _split(table["is_train"].astype(bool), n_train, n_test, seed, described)
    with open_pictures(name, path) as found:
        birds = read_pictures(name, path, found, table["image"][chosen].tolist(), _small, SIDE)
    images, labels = torch.from_numpy(birds), torch.from_numpy(labels[chosen])
    tables = {"attributes": torch.from_numpy(shares), "label": torch.eye(len(shares))}

    def rows(own: slice) -> Rows:
        arrays = {"image": images[own], "attributes": labels[own], "label": labels[own]}
        return Rows(arrays, labels[own], tables)

    parts = tuple(_attribute(text) for text in table["attr_names"].tolist())
    return _dataset(
        name,
        Modality(
            "attributes",
            (len(parts),),
            "bernoulli",
            "dense",
            "what is known of the species",
            kind="attributes",
            parts=parts,
        ),
        (rows(slice(0, n)), rows(slice(n, None))),
        tuple(text.replace("_", " ") for text in table["class_name"].tolist()),
    )


def cub(*, n_train: int = 59_940, n_test: int = 5_794, seed: int = 0) -> Dataset:
    """CUB with captions: birds ``(3, 64, 64)``, texts ``(256, 37)``, one of 200 species.

    Parameters
    ----------
    n_train
        Number of captions for training at most; ten of each picture.
    n_test
        Number of pictures for testing at most, with a caption each.
    seed
        Decides the order, and which captions are for testing.

    Raises
    ------
    DataError
        Files that are missing, damaged or do not belong together.
    """
    folder = data_directory() / "cub" / "CUB_200_2011"
    names, labels, is_train, boxes, classes = _read_lists(folder)
    captions = [_read_captions(folder.with_name("text_c10"), name) for name in names]
    counts = np.array([len(own) for own in captions])
    owners = np.repeat(np.arange(len(names)), counts)
    kept = is_train[owners]
    drawn = np.random.default_rng(seed).random(len(names)) * counts
    kept[counts.cumsum() - counts + drawn.astype(int)] = True
    chosen, n = _split(is_train[owners[kept]], n_train, n_test, seed, folder)
    rows_of = np.flatnonzero(kept)[chosen]
    texts = [text for own in captions for text in own]
    shown, places = np.unique(owners[rows_of], return_inverse=True)
    path = folder / "images"
    with open_pictures("cub", path) as found:
        birds = keep_pictures(
            "cub",
            path,
            found,
            [names[k] for k in shown],
            _around(dict(zip(names, boxes, strict=True))),
            SIDE,
        )
    tables = {
        "image": torch.from_numpy(birds),
        "text": torch.eye(len(SYMBOLS)),
        "label": torch.eye(len(classes)),
    }
    arrays = {
        "image": torch.from_numpy(places),
        "text": torch.from_numpy(encode([texts[k] for k in rows_of], SYMBOLS, LENGTH)),
        "label": torch.from_numpy(labels[owners[rows_of]]),
    }

    def rows(own: slice) -> Rows:
        return Rows({key: x[own] for key, x in arrays.items()}, arrays["label"][own], tables)

    return _dataset(
        "cub",
        Modality(
            "text",
            (LENGTH, len(SYMBOLS)),
            "categorical",
            "text_patch",
            "a sentence about the bird",
            kind="text",
            symbols=SYMBOLS,
        ),
        (rows(slice(0, n)), rows(slice(n, None))),
        classes,
    )


def _dataset(
    name: str, between: Modality, splits: tuple[Rows, Rows], classes: tuple[str, ...]
) -> Dataset:
    """Birds, what is said of them, and their species."""
    return Dataset(
        name,
        (
            Modality("image", (3, SIDE, SIDE), "normal", description="a bird"),
            between,
            Modality(
                "label",
                (len(classes),),
                "categorical",
                "dense",
                "the species",
                kind="label",
                parts=classes,
            ),
        ),
        *splits,
        classes,
    )


def _split(
    is_train: NDArray, n_train: int, n_test: int, seed: int, source: Path
) -> tuple[NDArray, int]:
    """Rows for training, then those for testing, in an order of the seed; and how many train."""
    order = np.random.default_rng(seed).permutation(len(is_train))
    train, test = order[is_train[order]][:n_train], order[~is_train[order]][:n_test]
    for part, rows in (("training", train), ("testing", test)):
        if not len(rows):
            raise DataError(f"{source} has no picture for {part}")
    return np.concatenate([train, test]), len(train)


def _described(table: dict[str, NDArray], path: Path) -> tuple[NDArray, NDArray]:
    """Species of each picture, long ``(N,)``, and shares of attributes, ``(C, A)``; checked."""
    n, (c, a) = len(table["image"]), (len(table["class_name"]), len(table["attr_names"]))
    expected = {"label": (n,), "is_train": (n,), "class_attr": (c, a)}
    wrong = [key for key, shape in expected.items() if table[key].shape != shape]
    if wrong:
        key = wrong[0]
        raise DataError(
            f"{key} in {path} must have shape {expected[key]} to match the {n} pictures, {c} "
            f"species and {a} attributes, got {table[key].shape}"
        )
    labels, percents = table["label"].astype(np.int64), table["class_attr"]
    if n and not 0 <= labels.min() <= labels.max() < c:
        raise DataError(f"label in {path} must be 0 to {c - 1}, got {labels.min()}, {labels.max()}")
    if not ((percents >= 0) & (percents <= 100)).all():
        raise DataError(f"class_attr in {path} must be percentages, 0 to 100, without gaps")
    return labels, (percents / 100).astype(np.float32)


def _attribute(name: str) -> str:
    """Write an attribute as people do.

    >>> _attribute("has_wing_color::blue")
    'wing color: blue'
    """
    return name.removeprefix("has_").replace("::", ": ").replace("_", " ")


def _read_lists(
    folder: Path,
) -> tuple[list[str], NDArray, NDArray, list[list[float]], tuple[str, ...]]:
    """Pictures in the order of the lists: names, species, which train, boxes; and all species."""
    files = ("images", "image_class_labels", "train_test_split", "bounding_boxes", "classes")
    needed("cub", *(f"cub/{folder.name}/{file}.txt" for file in files))
    images, labels, splits, boxes, classes = (_read_list(folder / f"{file}.txt") for file in files)
    for file, other in zip(files[1:4], (labels, splits, boxes), strict=True):
        if images.keys() != other.keys() or not images:
            raise DataError(
                f"{file}.txt and images.txt in {folder} must list the same pictures, got "
                f"{len(other)} and {len(images)}; {again('cub')}"
            )
    try:
        species = np.array([list(classes).index(labels[k][0]) for k in images])
        is_train = np.array([{"1": True, "0": False}[splits[k][0]] for k in images])
        around = [[float(number) for number in boxes[k]] for k in images]
    except (ValueError, KeyError) as error:
        raise DataError(
            f"the lists in {folder} must say of each picture a species of classes.txt, 0 or 1, "
            f"and a box ({error}); {again('cub')}"
        ) from error
    named = tuple(row[0].partition(".")[2].replace("_", " ") for row in classes.values())
    return [row[0] for row in images.values()], species, is_train, around, named


def _read_list(path: Path) -> dict[str, list[str]]:
    """Lines by their first word."""
    rows = (line.split() for line in path.read_text("utf-8").splitlines() if line.strip())
    return {number: rest for number, *rest in rows}


def _read_captions(folder: Path, picture: str) -> list[str]:
    """Up to ten captions of a picture: words of letters and digits, small, as many as fit."""
    path = folder / Path(picture).with_suffix(".txt")
    if not path.is_file():
        raise DataError(f"'cub' needs captions in {path}; {remedy('cub')}")
    lines = path.read_text("utf-8", "replace").splitlines()
    words = [re.findall("[a-z0-9]+", line.lower()) for line in lines]
    written = [_fit(own) for own in words if own][:CAPTIONS]
    if not written:
        raise DataError(f"there is no caption in {path}; mend the file")
    return written


def _fit(words: list[str]) -> str:
    """Words with blanks between them, as many as fit, and blanks to the end.

    >>> len(_fit(["a", "small", "bird"]))
    256
    """
    text = " ".join(words)[: LENGTH + 1]
    if len(text) > LENGTH:
        text = text[: text.rfind(" ", 0, LENGTH + 1)]
    return text.ljust(LENGTH)


def _around(boxes: dict[str, list[float]]) -> Callable[[str, Image], Image]:
    """Cut a picture to the square around its box, as far as the picture goes, and scale that."""

    def cut(name: str, image: Image) -> Image:
        if name not in boxes:
            raise ValueError("the lists do not say where its bird is")
        x, y, width, height = boxes[name]
        reach = AROUND * max(width, height)
        across, down = x + width / 2, y + height / 2
        box = (
            max(0, int(across - reach)),
            max(0, int(down - reach)),
            min(image.width, int(across + reach)),
            min(image.height, int(down + reach)),
        )
        if box[0] >= box[2] or box[1] >= box[3]:
            raise ValueError(f"the box {boxes[name]} lies outside of its {image.size} pixels")
        return image.resize((SIDE, SIDE), Resampling.BILINEAR, box=box)

    return cut


def _small(name: str, image: Image) -> Image:
    if image.size != (SIDE, SIDE):
        raise ValueError(f"a bird must have {SIDE}x{SIDE} pixels, got {image.size}")
    return image
