"""What each kind of modality makes of the numbers or texts in a table.

To add one: a line in ``KINDS``.

Shapes: N rows.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PATCH_SIDES = (28, 32, 64)
"""Square images with a network of their own; ``dense`` reads every other size."""


class Kind(NamedTuple):
    """How a kind lies in a table, and how it is modelled where the description does not say.

    Parameters
    ----------
    likelihood
        Key of ``LIKELIHOODS``.
    expected
        What its array must be, in words.
    arrange
        ``(N, ...)`` to ``(N, *shape)``; raises ValueError.
    values
        What its numbers must be, in words; empty for anything finite.
    allowed
        Which of them are, element by element.
    """

    likelihood: str
    expected: str
    arrange: Callable[[NDArray], NDArray]
    values: str = ""
    allowed: Callable[[NDArray], NDArray] = np.isfinite


def _image(x: NDArray) -> NDArray:
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and x.shape[1] not in (1, 3):
        x = np.moveaxis(x, -1, 1)
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise ValueError
    return x


def _any(x: NDArray) -> NDArray:
    return x[:, None] if x.ndim == 1 else x


def _flat(x: NDArray) -> NDArray:
    x = _any(x)
    if x.ndim != 2:
        raise ValueError
    return x


def _two_axes(x: NDArray) -> NDArray:
    if x.ndim not in (2, 3):
        raise ValueError
    return x[:, :, None] if x.ndim == 2 else x


def _spectrogram(x: NDArray) -> NDArray:
    x = x[:, None] if x.ndim == 3 else x
    if x.ndim != 4 or x.shape[1] != 1:
        raise ValueError
    return x


def _path(x: NDArray) -> NDArray:
    if x.ndim != 3 or x.shape[1] != 2:
        raise ValueError
    return x


def _share(x: NDArray) -> NDArray:
    return (x >= 0) & (x <= 1)


def _count(x: NDArray) -> NDArray:
    return (x >= 0) & (x == np.round(x)) & np.isfinite(x)


NUMBERS: dict[str, Kind] = {
    "image": Kind(
        "laplace",
        "(N, height, width), (N, channels, height, width) or (N, height, width, channels), with 1 "
        "or 3 channels",
        _image,
        "in [0, 1] (of other pixels say maximum, the value of white)",
        _share,
    ),
    "vector": Kind("normal", "(N, n)", _any, "finite"),
    "attributes": Kind("bernoulli", "(N, n)", _flat, "in [0, 1]", _share),
    "spikes": Kind("poisson", "(N, neurons, bins)", _two_axes, "whole and not negative", _count),
    "audio": Kind("laplace", "(N, mels, frames)", _spectrogram, "in [0, 1]", _share),
    "trajectory": Kind("normal", "(N, 2, points)", _path, "in [0, 1]", _share),
}
"""Kinds that are made of numbers; ``text`` and ``label`` are made of symbols."""

KINDS = (*NUMBERS, "text", "label")

LIKELIHOOD_NEEDS: dict[str, tuple[str, Callable[[NDArray], NDArray]]] = {
    "bernoulli": ("in [0, 1]", _share),
    "poisson": ("whole and not negative", _count),
}
"""What a likelihood needs of numbers, in words and element by element."""

STANDARDIZED = ("normal", "laplace")
"""Likelihoods that know no scale: their vectors are standardised unless told otherwise."""


def arrange(x: NDArray, kind: str, shape: tuple[int, ...] | None = None) -> NDArray:
    """Numbers of a modality as ``(N, *shape)``; with a ``shape`` they are brought to it first.

    Raises
    ------
    ValueError
        They do not fit the kind, or the shape that was asked for; says what was expected.
    """
    if shape is not None:
        if math.prod(x.shape[1:]) != math.prod(shape):
            raise ValueError(
                f"shape {list(shape)} has {math.prod(shape)} numbers a row, its data have "
                f"{math.prod(x.shape[1:])}"
            )
        x = x.reshape(len(x), *shape)
    try:
        return NUMBERS[kind].arrange(x)
    except ValueError:
        raise ValueError(
            f"kind {kind!r} must be {NUMBERS[kind].expected}, got {x.shape}; say its shape, or "
            "another kind"
        ) from None


def choose_likelihood(kind: str) -> str:
    """The likelihood of a kind, where the description names none."""
    return NUMBERS[kind].likelihood if kind in NUMBERS else "categorical"


def choose_network(kind: str, shape: tuple[int, ...]) -> str:
    """The network of a kind and shape, where the description names none."""
    patches = [shape[-2:] == (side, side) for side in PATCH_SIDES]
    return "patch" if kind == "image" and any(patches) else "dense"


def size(kind: str, shape: tuple[int, ...]) -> int:
    """What weights are balanced by: numbers, and for a text characters, as published."""
    return shape[0] if kind == "text" else math.prod(shape)
