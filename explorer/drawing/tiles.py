"""What an observation looks like: a tile of pixels and a few words, for every kind of modality.

A tile is uint8 ``(H, W, 3)`` on a surface of its own, so that it can lie on a light page and on a
dark one. To add a kind: a function in ``PICTURES`` and one in ``WORDS``.

Shapes: N observations, H and W the size of a tile, C channels, L characters, A symbols.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from explorer.datasets.modality import Modality
from explorer.datasets.strokes import draw_strokes
from explorer.datasets.text import PADDING

PAPER, INK = (250, 247, 240), (34, 37, 43)
"""Surface and ink of texts, strokes and bars."""

MARK = (196, 50, 10)
"""Where a stroke starts."""

LETTER = (23, 36)
"""Width and height of a character, in pixels."""

CHARACTERS = 32
"""Of a text in a line; longer texts go on below."""

RASTER = (140, 208)
"""Width and height of spikes, in pixels; more neurons, or bins, are not all shown."""

SHADES = ((0, 34, 78), (53, 69, 108), (102, 105, 112), (165, 154, 112), (254, 232, 56))
"""From nothing to the most: Cividis, which color-blind readers order as everyone does."""

BARS = (120, 80)
"""Width and height of a vector or attributes, in pixels."""

LABEL = (96, 80)
"""Width and height of a label, in pixels."""

SHARE, NAMES = (64, 16), 160
"""Width and height of a share among many, and the width of the names before them, in pixels."""

STROKE, LINE = 96, 5.0
"""Side of a trajectory's tile and width of its line, in pixels."""

NAMED = 3
"""How many of the strongest attributes are named."""


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


def shares(modalities: Sequence[Modality], columns: Sequence[object]) -> np.ndarray:
    """What many labels of two classes say of N observations, in one picture: uint8 ``(H, W, 3)``.

    A line for each modality with its name, a column for each observation, lighter where it is
    likelier that it holds.

    Parameters
    ----------
    columns
        Shares of each modality's two classes, ``(N, 2)``.
    """
    width, height = SHARE
    levels = np.stack([np.asarray(x, dtype=np.float32)[:, 1] for x in columns])  # (L, N)
    cells = _shade(levels).repeat(height, 0).repeat(width, 1)
    cells[height - 1 :: height] = PAPER
    sheet = Image.new("RGB", (NAMES, len(cells)), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(0.75 * height)
    for line, modality in enumerate(modalities):
        pen.text((NAMES - 4, (line + 0.5) * height), modality.name, INK, font, anchor="rm")
    return np.concatenate([np.asarray(sheet), cells], axis=1)


def _images(modality: Modality, x: np.ndarray) -> np.ndarray:
    pixels = (x.clip(0, 1) * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
    return np.broadcast_to(pixels, (*pixels.shape[:3], 3))


def _texts(modality: Modality, x: np.ndarray) -> np.ndarray:
    """The likeliest symbol of each place, its ink as strong as the symbol is likely, in lines."""
    width, height = LETTER
    strength = x.max(-1) / x.sum(-1).clip(min=1e-9)  # (N, L)
    stamps = np.stack([_letter(symbol) for symbol in modality.symbols])  # (A, height, width)
    ink = stamps[x.argmax(-1)] * strength[..., None, None]  # (N, L, height, width)
    long = min(x.shape[1], CHARACTERS)
    ink = np.pad(ink, [(0, 0), (0, -x.shape[1] % long), (0, 0), (0, 0)])
    ink = ink.reshape(len(x), -1, long, height, width).transpose(0, 1, 3, 2, 4)
    return _mix(PAPER, INK, ink.reshape(len(x), -1, long * width, 1))


def _spikes(modality: Modality, x: np.ndarray) -> np.ndarray:
    """Neurons as rows, bins as columns; the square root of a rate, so that rare spikes show."""
    width, height = RASTER
    _, neurons, bins = x.shape
    rows, columns = np.arange(height) * neurons // height, np.arange(width) * bins // width
    return _shade(np.sqrt(x.clip(0, 1)))[:, rows][:, :, columns]


def _audio(modality: Modality, x: np.ndarray) -> np.ndarray:
    """A pixel for each band and frame, low bands at the bottom, louder is lighter."""
    return _shade(x[:, 0, ::-1])


def _trajectories(modality: Modality, x: np.ndarray) -> np.ndarray:
    """The line of the pen, and a dot where it starts."""
    line = draw_strokes(x, STROKE, LINE, margin=2 * LINE)
    dot = draw_strokes(x[:, :, :1], STROKE, 2 * LINE, margin=2 * LINE)
    return _mix(_mix(PAPER, INK, line[..., None]), MARK, dot[..., None])


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


def _attributes(modality: Modality, x: np.ndarray) -> np.ndarray:
    """A bar for each attribute, full height is 1; the highest where bars share a column."""
    return _mix(PAPER, INK, _bars(x, *BARS))


def _labels(modality: Modality, x: np.ndarray) -> np.ndarray:
    """The name of the likeliest class, as strong as it is likely, over a bar for each class."""
    width, height = LABEL
    names = np.stack([_name(_part(modality, k)) for k in range(x.shape[1])])  # (A, 40, width)
    winner = x.argmax(1)
    strength = x.max(1).clip(0, 1)[:, None, None]
    bars = _bars(x, width, height - names.shape[1])
    ink = np.concatenate([names[winner] * strength, bars[..., 0]], axis=1)
    return _mix(PAPER, INK, ink[..., None])


def _bars(x: np.ndarray, width: int, height: int) -> np.ndarray:
    """Ink of bars up from the bottom, full height is 1: ``(N, height, width, 1)``."""
    n = x.shape[1]
    first = np.arange(width) * n // width
    tops = np.maximum.reduceat(x, first, axis=1)[:, None]  # (N, 1, width)
    heights = np.linspace(1, 0, height, dtype=np.float32)[None, :, None]
    gaps = (np.diff(first, append=n) > 0) & (4 * n <= width)
    ink = (heights <= tops.clip(0, 1)) & ~gaps | (heights == 0)
    return ink[..., None].astype(np.float32)


PICTURES: dict[str, Callable[[Modality, np.ndarray], np.ndarray]] = {
    "image": _images,
    "text": _texts,
    "vector": _vectors,
    "spikes": _spikes,
    "audio": _audio,
    "trajectory": _trajectories,
    "attributes": _attributes,
    "label": _labels,
}


def _text_in_words(modality: Modality, x: np.ndarray) -> str:
    text = "".join(modality.symbols[k] for k in x.argmax(-1)).strip(PADDING)
    return f"“{text}”" if text else "blank"


def _spikes_in_words(modality: Modality, x: np.ndarray) -> str:
    return f"{x.sum():.0f} spikes, {x.sum(-1).max():.1f} of the busiest neuron"


def _vector_in_words(modality: Modality, x: np.ndarray) -> str:
    """The first numbers in the units that they were measured in, where they have names."""
    if not modality.parts:
        return f"{x.size} numbers from {x.min():.2g} to {x.max():.2g}"
    values = modality.in_units(x).ravel()[:NAMED]
    named = ", ".join(f"{_part(modality, k)} {value:.4g}" for k, value in enumerate(values))
    return named + (f" and {x.size - NAMED} more numbers" if x.size > NAMED else "")


def _audio_in_words(modality: Modality, x: np.ndarray) -> str:
    _, bands, frames = x.shape
    band, frame = np.unravel_index(x[0].argmax(), (bands, frames))
    return f"loudest in band {band + 1} of {bands}, frame {frame + 1} of {frames}"


def _trajectory_in_words(modality: Modality, x: np.ndarray) -> str:
    start, end = (_place(point) for point in (x[:, 0], x[:, -1]))
    return f"a line from the {start} to the {end}"


def _place(point: np.ndarray) -> str:
    x, y = (int(np.clip(3 * coordinate, 0, 2)) for coordinate in point)
    return f"{('bottom', 'middle', 'top')[y]} {('left', 'center', 'right')[x]}"


def _attributes_in_words(modality: Modality, x: np.ndarray) -> str:
    return ", ".join(_share(modality, x, k) for k in np.argsort(-x, kind="stable")[:NAMED])


def _share(modality: Modality, x: np.ndarray, k: int) -> str:
    return f"{_part(modality, k)} {x[k]:.0%}"


def _part(modality: Modality, k: int) -> str:
    return modality.parts[k] if modality.parts else f"{k}"


WORDS: dict[str, Callable[[Modality, np.ndarray], str]] = {
    "image": lambda modality, _: modality.description or modality.name,
    "text": _text_in_words,
    "vector": _vector_in_words,
    "spikes": _spikes_in_words,
    "audio": _audio_in_words,
    "trajectory": _trajectory_in_words,
    "attributes": _attributes_in_words,
    "label": lambda modality, x: _share(modality, x, x.argmax()),
}


@cache
def _letter(symbol: str) -> np.ndarray:
    """The ink of a symbol in the middle of its place, ``(height, width)`` in [0, 1].

    A symbol that no font has is drawn as its number in Unicode, in two lines.
    """
    width, height = LETTER
    sheet = Image.new("L", LETTER)
    pen, font = ImageDraw.Draw(sheet), _font(symbol, 0.85 * height)
    if _is_drawn(symbol, font):
        middle = (width / 2, 0.72 * height)
        pen.text(middle, symbol, 255, font, anchor="ms", stroke_width=0.5)
    else:
        code = f"{ord(symbol):04X}"
        small = ImageFont.load_default(size=0.3 * height)
        for line, part in enumerate((code[:-2], code[-2:])):
            pen.text((width / 2, (0.3 + 0.4 * line) * height), part, 255, small, anchor="mm")
    return np.asarray(sheet, dtype=np.float32) / 255


def _font(text: str, size: float) -> ImageFont.FreeTypeFont:
    """Pillow's own font, which has ASCII; for other letters the one that comes with Streamlit."""
    wide = None if text.isascii() else _wide_font()
    return ImageFont.load_default(size) if wide is None else ImageFont.truetype(wide, size)


@cache
def _wide_font() -> Path | None:
    """File of a font with Latin, Greek and Cyrillic letters; None on machines without Streamlit."""
    found = find_spec("streamlit")
    places = [] if found is None else found.submodule_search_locations or []
    files = [f for p in places for f in Path(p).glob("static/static/media/SourceCodeVF-Upright*")]
    return next(iter(sorted(files)), None)


def _is_drawn(symbol: str, font: ImageFont.FreeTypeFont) -> bool:
    """Whether a font has the symbol, rather than what it draws for all that it lacks."""
    missing = font.getmask(NOWHERE)
    mask = font.getmask(symbol)
    return symbol.isspace() or mask.size != missing.size or bytes(mask) != bytes(missing)


NOWHERE = "\U0010ffff"
"""A number of Unicode that will never be a character."""


@cache
def _name(text: str) -> np.ndarray:
    """The ink of a name, as large as fits a label, ``(height, width)`` in [0, 1]."""
    width, height = LABEL[0], LABEL[1] // 2
    sheet = Image.new("L", (width, height))
    pen = ImageDraw.Draw(sheet)
    sizes = (_font(text, size) for size in range(height - 4, 9, -2))
    font = next((f for f in sizes if pen.textlength(text, f) <= width - 4), None)
    while font is None:  # too long at the smallest size
        smallest = _font(f"{text}…", 10)
        text = text[:-2] + "…" if text.endswith("…") else text[:-1] + "…"
        font = smallest if pen.textlength(text, smallest) <= width - 4 else None
    pen.text((width / 2, height / 2), text, 255, font, anchor="mm")
    return np.asarray(sheet, dtype=np.float32) / 255


def _shade(level: np.ndarray) -> np.ndarray:
    """Colors of levels, ``(...)`` in [0, 1] and clipped: uint8 ``(..., 3)``."""
    place = np.linspace(0, 1, len(SHADES))
    channels = [np.interp(level, place, channel) for channel in zip(*SHADES, strict=True)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _mix(surface: object, ink: tuple[int, ...], share: np.ndarray) -> np.ndarray:
    """``ink`` on a color or pixels, ``share`` ``(..., 1)`` of it: uint8 ``(..., 3)``."""
    low, high = (np.asarray(color, dtype=np.float32) for color in (surface, ink))
    return (low + (high - low) * share).round().astype(np.uint8)
