"""What a model in training draws, as a file of pictures that a page shows as they are."""

import json
from pathlib import Path
from typing import NamedTuple

SAMPLES = "samples.json"


class Row(NamedTuple):
    """Samples of one modality: its name, and each as a PNG, ``width`` wide, and in words.

    Pictures are data URLs.
    """

    name: str
    width: int
    pictures: list[str]
    words: list[str]


class Samples(NamedTuple):
    """What the model saw and what it made of it at a step, a row a modality."""

    step: int
    given: Row
    drawn: list[Row]


def read_samples(folder: Path) -> Samples | None:
    """What was drawn last; None before the first time."""
    try:
        step, given, drawn = json.loads((folder / SAMPLES).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return Samples(step, Row(*given), [Row(*row) for row in drawn])
