"""What numbers and words a training takes; they are checked before anything is loaded."""

import math
import os
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Range(NamedTuple):
    """The numbers that are allowed.

    Parameters
    ----------
    low, high
        The least and the largest; ``low`` itself is out where it is ``open``.
    """

    low: float
    high: float
    open: bool = False

    def __contains__(self, value: object) -> bool:
        number = isinstance(value, int | float) and math.isfinite(value)
        return number and self.low <= value <= self.high and not (self.open and value == self.low)

    def __str__(self) -> str:
        least = f"above {self.low:g}" if self.open else f"{self.low:g} or more"
        return f"{least}, and at most {self.high:g}" if self.high < 1e6 else least


PEAK = {"muon": 0.06, "adamw": 4e-3}
"""Optimizers, and the peak of their learning rate where none is asked for."""

WORDS = {
    "optimizer": tuple(PEAK),
    "precision": ("32-true", "bf16-mixed", "16-mixed", "bf16-true", "16-true", "64-true"),
    "accelerator": ("auto", "cpu", "cuda", "gpu", "mps"),
}

MOST = 1e9
RANGES = {
    "steps": Range(1, MOST),
    "epochs": Range(0, MOST, open=True),
    "minutes": Range(0, MOST, open=True),
    "batch_size": Range(2, MOST),
    "learning_rate": Range(0, MOST, open=True),
    "weight_decay": Range(0, 1e3),
    "beta": Range(0, MOST),
    "beta_style": Range(0, MOST),
    "latent_dim": Range(1, 4096),
    "style_dim": Range(0, 4096),
    "seed": Range(-(2**63), 2**63 - 1),
    "devices": Range(1, 1024),
    "threads": Range(1, os.cpu_count() or 1),
}


def check_numbers(
    numbers: Mapping[str, float | None], called: Callable[[str], str] = lambda name: name
) -> None:
    """Raise ValueError about the first number that is out of its range; None is none.

    Parameters
    ----------
    called
        From a key of ``RANGES`` to what the reader knows it by.
    """
    for name, value in numbers.items():
        if value is not None and value not in RANGES[name]:
            raise ValueError(f"{called(name)} must be {RANGES[name]}, got {value}")


def check_words(words: Mapping[str, str], called: Callable[[str], str] = lambda name: name) -> None:
    """Raise ValueError about the first setting that is none of its words in ``WORDS``."""
    for name, word in words.items():
        if word not in WORDS[name]:
            raise ValueError(
                f"{called(name)} must be one of {', '.join(WORDS[name])}, got {word!r}"
            )


def check_budget(budget: Mapping[str, float | None]) -> None:
    """Raise ValueError unless exactly one of ``steps``, ``epochs``, ``minutes`` is given."""
    given = {key: value for key, value in budget.items() if value is not None}
    if len(given) != 1:
        raise ValueError(f"give one of {', '.join(budget)}; got {given or 'none'}")
