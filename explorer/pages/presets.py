"""Questions worth starting from, and their answers kept on disk so that they show at once.

``python -m explorer presets`` writes the cache with the functions that answer live. To add a
preset: one line in ``PRESETS``, then that command.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from explorer.checkpoints import PRETRAINED
from explorer.pages.questions import About, Question, write_question

CACHE = PRETRAINED / "polydigits" / "presets"
ANSWERS = "generation.json"
RATES = "conflict.json"


class Preset(NamedTuple):
    """A question, the name on its button, and the one point it makes."""

    name: str
    point: str
    question: Question


PRESETS: tuple[Preset, ...] = (
    Preset(
        "Two views of one digit",
        "Two views are given, three are hidden. Which models draw the right digit every time?",
        Question(),
    ),
    Preset(
        "One view",
        "One view is given. Models that only ever saw all five at once have no idea what to do.",
        Question(given=("m0",)),
    ),
    Preset(
        "One against one",
        "Two views contradict each other. Nobody can be right: who takes a side?",
        Question(view="conflict"),
    ),
)


@cache
def read_cache(folder: Path = CACHE) -> dict[str, object]:
    """What ``python -m explorer presets`` wrote; nothing where it has not run.

    Raises
    ------
    ValueError
        A file that is not that, with the remedy.
    """
    path = folder / ANSWERS
    if not path.is_file():
        return {"about": None, "answers": {}}
    try:
        cached = json.loads(path.read_text("utf-8"))
        return {"about": cached["about"], "answers": cached["answers"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged; write it again with python -m explorer presets"
        ) from error


def cached_about(folder: Path = CACHE) -> About | None:
    """What questions may refer to, without loading the dataset; None where there is no cache."""
    about = read_cache(folder)["about"]
    if about is None:
        return None
    return About(tuple(map(tuple, about["modalities"])), about["n_items"], about["n_dimensions"])


def cached_answer(question: Question, folder: Path = CACHE) -> dict[str, object] | None:
    """The kept answer to a preset's question; None for any other."""
    return read_cache(folder)["answers"].get(cache_key(question))


def cache_key(question: Question) -> str:
    """How a question is named in the cache: its whole content in one line."""
    return json.dumps(write_question(question), sort_keys=True)
