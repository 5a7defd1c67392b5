"""Short texts as tensors: one-hot symbols at a fixed number of places, and back."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

PADDING = " *"
"""Symbols around a text that are no part of it: blanks, and CelebA's stars."""
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def spell(texts: Sequence[str], symbols: str, length: int) -> Tensor:
    """Texts as one-hot symbols, float ``(B, length, n_symbols)``.

    Parameters
    ----------
    texts
        As long as ``length`` or shorter; blanks fill the rest.
    symbols
        The alphabet.

    Raises
    ------
    ValueError
        A text that is too long or has symbols that the alphabet lacks.
    """
    for text in texts:
        foreign = set(text.ljust(length)) - set(symbols)
        if foreign:
            raise ValueError(
                f"a text must be written in {symbols!r}, got {text!r} with {sorted(foreign)}"
            )
        if len(text) > length:
            raise ValueError(f"a text must have at most {length} characters, got {text!r}")
    indices = [[symbols.index(symbol) for symbol in text.ljust(length)] for text in texts]
    return one_hot(torch.tensor(indices, dtype=torch.long), len(symbols)).float()


def encode(texts: Sequence[str], symbols: str, length: int) -> NDArray:
    """Long texts as numbers of ASCII symbols, uint8 ``(N, length)``; all of ``length``."""
    code = np.zeros(128, np.uint8)
    code[[ord(symbol) for symbol in symbols]] = np.arange(len(symbols))
    written = np.frombuffer("".join(texts).encode("ascii"), np.uint8)
    return code[written].reshape(len(texts), length)


def read(x: Tensor, symbols: str) -> list[str]:
    """The likeliest text of each ``(B, length, n_symbols)``: one-hot, shares or logits alike."""
    return ["".join(symbols[k] for k in row) for row in x.argmax(-1).tolist()]


def spell_shifted(words: Sequence[str], symbols: str, length: int) -> Tensor:
    """Every word at every offset it may have, float ``(n_words, n_offsets, length, n_symbols)``.

    Blank texts stand where a long word has fewer offsets than a short one.
    """
    room = max(_n_offsets(words, length))
    rows = [
        " " * offset + word if offset < n else ""
        for word, n in zip(words, _n_offsets(words, length), strict=True)
        for offset in range(room)
    ]
    return spell(rows, symbols, length).unflatten(0, (len(words), room))


def draw_offsets(
    words: Sequence[str], length: int, labels: Tensor, generator: torch.Generator
) -> Tensor:
    """Where the word of each label starts, long ``(N,)``, uniform; the last place is never used."""
    n_offsets = torch.tensor(_n_offsets(words, length))[labels]
    return (torch.rand(len(labels), generator=generator) * n_offsets).long()


def _n_offsets(words: Sequence[str], length: int) -> list[int]:
    return [length - len(word) for word in words]
