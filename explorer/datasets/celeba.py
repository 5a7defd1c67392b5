"""CelebA: a face and what it shows, in words or one by one (Liu et al. 2015; Sutter et al. 2020).

- ``image``: the middle 148x148 of an aligned face of 178x218, bicubic to 64x64; pictures that are
  64x64 already are taken for that;
- ``text``: the attributes that the face shows, in the order of the list, as words with commas
  between them, somewhere in 256 characters. Where it starts is uniform and fixed once for each
  face; stars fill the rest. Attributes from the end are left out where a text would not fit.

What differs from the published text: the alphabet has the 39 symbols that can occur, not 71 or 41.

Labels are the 40 attributes, 0 or 1: several hold of a face. Splits are the official ones (by
person): training, and the test split; the validation split, which published evaluations used
and called test, is left alone. Weights are the published rule, size of the largest modality over
one's own, where a text counts its characters: 1 for ``image`` and 12288 / 256 = 48 for ``text``;
released code has the same ratio (a third and 16).

``celeba_attributes`` has no text: each of the 40 attributes is a modality of its own, a label of
two classes, so that there are 41 (the MAC-WAE study's CelebA). Names are those of the list in small
letters, with ``five_o_clock_shadow`` for the one that begins with a digit. Likelihoods: Laplace for
the image as in ``celeba``, cross-entropy for attributes as in the study. The study weighs nothing,
and pays squared errors, of which an image has a few hundred; here the weight is 1 for ``image`` and
48 for an attribute, what a character of ``celeba``'s text has, because attributes of weight 1 go
under in short trainings. Files, splits and labels are those of ``celeba``.

Faces come from the folder ``img_align_celeba`` or its zip, cut and scaled once and kept in
``img_align_celeba_64.npy`` beside them (some minutes, 2.5 GB); or from a zip of 64x64 pictures,
perhaps of some of them.

Shapes: N faces, A attributes.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image, Resampling
from torch import Tensor

from explorer.datasets.archives import (
    again,
    keep_pictures,
    open_pictures,
    plain_or_gzipped,
    read_content,
    read_pictures,
)
from explorer.datasets.download import DataError, data_directory, needed
from explorer.datasets.modality import Dataset, Modality
from explorer.datasets.rows import Rows
from explorer.datasets.text import encode

SIDE, CUT, ALIGNED = 64, 148, (178, 218)
LENGTH = 256
SYMBOLS = "* ,abcdefghijklmnopqrstuvwxyz0123456789"
LEADING = "smiling"
"""Holds of about half of the faces."""
TRAIN, TEST = 0, 2
"""Numbers of the official splits; 1 is for validation."""
OFFICIAL = ("img_align_celeba", "img_align_celeba.zip")
SMALL = "celeba/img_align_celeba_64.zip"


def celeba(*, n_train: int = 162_770, n_test: int = 19_962, seed: int = 0) -> Dataset:
    """CelebA: faces ``(3, 64, 64)`` and their attributes as a text ``(256, 39)``.

    Parameters
    ----------
    n_train, n_test
        Numbers of faces at most, as in the official splits; fewer where fewer are at hand.
    seed
        Decides where each text starts.

    Raises
    ------
    DataError
        Files that are missing, damaged or do not belong together.
    """
    faces = _faces("celeba", n_train, n_test)
    texts = torch.from_numpy(write_texts(faces.attributes, faces.classes, seed))
    text = Modality(
        "text",
        (LENGTH, len(SYMBOLS)),
        likelihood="categorical",
        network="text_patch",
        description="what the face shows, in words",
        kind="text",
        weight=3 * SIDE * SIDE / LENGTH,
        symbols=SYMBOLS,
    )
    return faces.beside((text,), {"text": texts}, torch.eye(len(SYMBOLS)))


def celeba_attributes(*, n_train: int = 162_770, n_test: int = 19_962, seed: int = 0) -> Dataset:
    """CelebA: faces ``(3, 64, 64)`` and 40 attributes, each a modality ``(2,)``: 41 in all.

    Parameters
    ----------
    n_train, n_test
        As in :func:`celeba`.
    seed
        Decides nothing: no text has a place here.

    Raises
    ------
    DataError
        Files that are missing, damaged or do not belong together.
    """
    faces = _faces("celeba_attributes", n_train, n_test)
    attributes = tuple(
        Modality(
            re.sub("^5", "five", name.lower()),
            (2,),
            likelihood="categorical",
            network="mac_label",
            description=f"whether it holds: {words}",
            kind="label",
            weight=3 * SIDE * SIDE / LENGTH,
            parts=(f"not {words}", words),
        )
        for name, words in zip(faces.names, faces.classes, strict=True)
    )
    holds = torch.from_numpy(faces.attributes.astype(np.uint8))
    columns = {m.name: holds[:, k] for k, m in enumerate(attributes)}
    return faces.beside(attributes, columns, torch.eye(2))


class _Faces(NamedTuple):
    """What was read: faces ``(N, 3, 64, 64)``, attributes 0 or 1 ``(N, A)``, training first."""

    dataset: str
    names: tuple[str, ...]
    images: Tensor
    attributes: NDArray
    n_train: int

    @property
    def classes(self) -> tuple[str, ...]:
        """The attributes in words."""
        return tuple(name.replace("_", " ").lower() for name in self.names)

    def beside(
        self, modalities: tuple[Modality, ...], numbers: dict[str, Tensor], table: Tensor
    ) -> Dataset:
        """The dataset of the faces and ``modalities``, whose ``numbers`` stand for rows."""
        arrays = {"image": self.images} | numbers
        labels, tables = torch.from_numpy(self.attributes), dict.fromkeys(numbers, table)
        train, test = (
            Rows({name: x[own] for name, x in arrays.items()}, labels[own], tables)
            for own in (slice(0, self.n_train), slice(self.n_train, None))
        )
        image = Modality("image", (3, SIDE, SIDE), description="an aligned face")
        return Dataset(
            self.dataset, (image, *modalities), train, test, classes=self.classes, leading=LEADING
        )


def _faces(dataset: str, n_train: int, n_test: int) -> _Faces:
    names, lists = read_lists(dataset)
    official = (data_directory() / "celeba" / name for name in OFFICIAL)
    path = next((path for path in official if path.exists()), None) or needed(dataset, SMALL)[0]
    with open_pictures(dataset, path) as pictures:
        unknown = [name for name in pictures if name not in lists]
        if unknown:
            raise DataError(
                f"the lists of {dataset!r} say nothing of {len(unknown)} pictures in {path}, "
                f"{unknown[0]!r} first: they do not belong together"
            )
        parts = [
            [name for name in pictures if lists[name][0] == part][:n]
            for part, n in ((TRAIN, n_train), (TEST, n_test))
        ]
        for part, own in zip(("training", "testing"), parts, strict=True):
            if not own:
                raise DataError(f"none of the pictures in {path} is for {part}; {again(dataset)}")
        chosen = [name for own in parts for name in own]
        read = read_pictures if path.name == Path(SMALL).name else keep_pictures
        images = torch.from_numpy(read(dataset, path, pictures, chosen, _cut, SIDE))
    attributes = _attributes(dataset, [lists[name][1] for name in chosen], len(names))
    return _Faces(dataset, names, images, attributes, len(parts[0]))


def write_texts(attributes: NDArray, words: Sequence[str], seed: int) -> NDArray:
    """Texts as numbers of symbols, uint8 ``(N, 256)``: what holds, commas between, stars around.

    Parameters
    ----------
    attributes
        Whether each of the attributes called ``words`` holds, ``(N, A)``.
    seed
        Decides where each text starts: uniform from 0 to 255 less its length, as published.
    """
    texts = []
    for row in attributes:
        present = [word for word, holds in zip(words, row, strict=True) if holds]
        while len(", ".join(present)) >= LENGTH - 1:
            present.pop()
        texts.append(", ".join(present))
    slack = LENGTH - 1 - np.array([len(text) for text in texts])
    starts = np.random.default_rng(seed).integers(0, slack)
    padded = [
        ("*" * start + text).ljust(LENGTH, "*")
        for start, text in zip(starts.tolist(), texts, strict=True)
    ]
    return encode(padded, SYMBOLS, LENGTH)


def read_lists(dataset: str) -> tuple[tuple[str, ...], dict[str, tuple[int, str]]]:
    """What the official lists say: names of attributes, and by picture its split and its line.

    Raises
    ------
    DataError
        A list is missing, damaged, or the two differ.
    """
    attributes, partition = (
        _read_list(dataset, name) for name in ("list_attr_celeba", "list_eval_partition")
    )
    try:
        lines = dict(line.split(maxsplit=1) for line in attributes[2:])
        splits = {name: int(split) for name, split in map(str.split, partition)}
    except ValueError as error:
        raise DataError(
            f"every line of the lists of {dataset!r} must begin with a picture ({error}); "
            f"{again(dataset)}"
        ) from error
    if lines.keys() != splits.keys() or not lines:
        raise DataError(
            f"the lists of attributes and splits of {dataset!r} must name the same pictures, got "
            f"{len(lines)} and {len(splits)}; {again(dataset)}"
        )
    return tuple(attributes[1].split()), {name: (splits[name], lines[name]) for name in lines}


def _read_list(dataset: str, name: str) -> list[str]:
    """Lines of a list, as it is given out or compressed."""
    path = plain_or_gzipped(dataset, f"celeba/{name}.txt")
    try:
        return read_content(dataset, path).decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is damaged ({error}); {again(dataset)}") from error


def _attributes(dataset: str, lines: Sequence[str], n: int) -> NDArray:
    """Lines of 1 and -1 as 1 and 0, long ``(N, A)``."""
    values = [line.split() for line in lines]
    odd = next((row for row in values if len(row) != n or set(row) - {"1", "-1"}), None)
    if odd is not None:
        raise DataError(
            f"list_attr_celeba must say 1 or -1 of {n} attributes in every line, got "
            f"{' '.join(odd)!r}; {again(dataset)}"
        )
    return (np.array(values) == "1").astype(np.int64)


def _cut(name: str, image: Image) -> Image:
    """The middle of an aligned face, 64x64; what is 64x64 already stays as it is."""
    if image.size == (SIDE, SIDE):
        return image
    if image.size != ALIGNED:
        raise ValueError(
            f"a face must have {ALIGNED[0]}x{ALIGNED[1]} pixels, or {SIDE}x{SIDE}, got "
            f"{image.size[0]}x{image.size[1]}"
        )
    left, top = ((size - CUT) // 2 for size in ALIGNED)
    box = (left, top, left + CUT, top + CUT)
    return image.resize((SIDE, SIDE), Resampling.BICUBIC, box=box)
