"""What an observation looks like: a tile of pixels and a few words, for every kind of modality.

A tile is uint8 ``(H, W, 3)`` on a surface of its own, so that it can lie on a light page and on a
dark one. To add a kind: a function in ``PICTURES`` and one in ``WORDS``.

Shapes: N observations, H and W the size of a tile, C channels, L characters, A symbols.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from explorer.datasets.modality import Modality

PAPER, INK = (250, 247, 240), (34, 37, 43)
"""Surface and ink of texts and bars."""

LETTER = (23, 36)
"""Width and height of a character, in pixels."""

RASTER = (140, 208)
"""Width and height of spikes, in pixels; more neurons, or bins, are not all shown."""

RATE_COLORS = ((0, 34, 78), (53, 69, 108), (102, 105, 112), (165, 154, 112), (254, 232, 56))
"""From no spikes to one in a bin: Cividis, which color-blind readers order as everyone does."""

BARS = (120, 80)
"""Width and height of a vector, in pixels."""


def pictures(modality: Modality, x: object) -> np.ndarray:
    """Tiles of observations or of what decoders expect, uint8 ``(N, H, W, 3)``.

    Parameters
    ----------
    modality
        Says the kind; all tiles of a modality have one size.
    x
        Tensor or array ``(N, *shape)``: images in [0, 1] (values outside are clipped), one-hot
        symbols or shares of symbols, spike counts or rates, numbers.

    Raises
    ------
    ValueError
        Another shape than the modality's.
    """
    array = np.asarray(x, dtype=np.float32)
    if array.shape[1:] != modality.shape:
        raise ValueError(
            f"observations of {modality.name!r} must have shape "
            f"(N, {', '.join(map(str, modality.shape))}), got {array.shape}"
        )
    return PICTURES[modality.kind](modality, array)


def picture(modality: Modality, x: object) -> np.ndarray:
    """The tile of one observation, ``x`` of the modality's shape: uint8 ``(H, W, 3)``."""
    return pictures(modality, np.asarray(x, dtype=np.float32)[None])[0]


def describe(modality: Modality, x: object) -> str:
    """One observation in a few words, for captions and for those who do not see the tile."""
    return WORDS[modality.kind](modality, np.asarray(x, dtype=np.float32))


def _images(modality: Modality, x: np.ndarray) -> np.ndarray:
    pixels = (x.clip(0, 1) * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
    return np.broadcast_to(pixels, (*pixels.shape[:3], 3))


def _texts(modality: Modality, x: np.ndarray) -> np.ndarray:
    """The likeliest symbol of each place, its ink as strong as the symbol is likely."""
    width, height = LETTER
    strength = x.max(-1) / x.sum(-1).clip(min=1e-9)  # (N, L)
    stamps = np.stack([_letter(symbol) for symbol in modality.symbols])  # (A, height, width)
    ink = stamps[x.argmax(-1)] * strength[..., None, None]  # (N, L, height, width)
    ink = ink.transpose(0, 2, 1, 3).reshape(len(x), height, -1, 1)
    return _mix(PAPER, INK, ink)


def _spikes(modality: Modality, x: np.ndarray) -> np.ndarray:
    """Neurons as rows, bins as columns; the square root of a rate, so that rare spikes show."""
    width, height = RASTER
    _, neurons, bins = x.shape
    level = np.sqrt(x.clip(0, 1))
    place = np.linspace(0, 1, len(RATE_COLORS))
    colors = np.array(RATE_COLORS, dtype=np.float32)
    pixels = np.stack([np.interp(level, place, channel) for channel in colors.T], axis=-1)
    rows, columns = np.arange(height) * neurons // height, np.arange(width) * bins // width
    return pixels.round().astype(np.uint8)[:, rows][:, :, columns]


def _vectors(modality: Modality, x: np.ndarray) -> np.ndarray:
    """A bar for each number, up or down from zero; full height is 3, or 1 if none exceeds it."""
    width, height = BARS
    values = x.reshape(len(x), -1)
    reach = 1.0 if np.abs(values).max() <= 1 else 3.0
    column = np.arange(width) * values.shape[1] // width
    ends = (values / reach).clip(-1, 1)[:, None, column]  # (N, 1, width)
    heights = np.linspace(1, -1, height)[None, :, None]
    ink = ((heights >= np.minimum(ends, 0)) & (heights <= np.maximum(ends, 0))) | (
        np.abs(heights) <= 1 / height
    )
    return _mix(PAPER, INK, ink[..., None].astype(np.float32))


PICTURES: dict[str, Callable[[Modality, np.ndarray], np.ndarray]] = {
    "image": _images,
    "text": _texts,
    "spikes": _spikes,
    "vector": _vectors,
}


def _text_in_words(modality: Modality, x: np.ndarray) -> str:
    text = "".join(modality.symbols[k] for k in x.argmax(-1)).strip()
    return f"“{text}”" if text else "blank"


def _spikes_in_words(modality: Modality, x: np.ndarray) -> str:
    return f"{x.sum():.0f} spikes, {x.sum(-1).max():.1f} of the busiest neuron"


def _vector_in_words(modality: Modality, x: np.ndarray) -> str:
    return f"{x.size} numbers from {x.min():.2g} to {x.max():.2g}"


WORDS: dict[str, Callable[[Modality, np.ndarray], str]] = {
    "image": lambda modality, _: modality.description or modality.name,
    "text": _text_in_words,
    "spikes": _spikes_in_words,
    "vector": _vector_in_words,
}


@cache
def _letter(symbol: str) -> np.ndarray:
    """The ink of a symbol in the middle of its place, ``(height, width)`` in [0, 1]."""
    width, height = LETTER
    sheet = Image.new("L", LETTER)
    font = ImageFont.load_default(size=0.85 * height)
    middle = (width / 2, 0.72 * height)
    ImageDraw.Draw(sheet).text(middle, symbol, 255, font, anchor="ms", stroke_width=0.5)
    return np.asarray(sheet, dtype=np.float32) / 255


def _mix(surface: tuple[int, ...], ink: tuple[int, ...], share: np.ndarray) -> np.ndarray:
    """``ink`` on ``surface``, ``share`` ``(..., 1)`` of it: uint8 ``(..., 3)``."""
    low, high = (np.array(color, dtype=np.float32) for color in (surface, ink))
    return (low + (high - low) * share).round().astype(np.uint8)
