"""Questions worth starting from, and their answers kept on disk so that they show at once.

``python -m explorer presets`` writes the cache with the functions that answer live. To add a
preset: one line in ``PRESETS``, then that command. Nothing here imports torch before it has to,
so that a kept answer does not wait for it.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from explorer.pages.questions import About, Question, write_question

if TYPE_CHECKING:
    from explorer.pages.answers import Lab

CACHE = Path(__file__).resolve().parents[2] / "pretrained" / "polydigits" / "presets"
ANSWERS = "generation.json"
RATES = "conflict.json"

SCENARIOS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "one against one": (("m0", "m3"), ("m3",), "m1"),
    "two against one": (("m0", "m2", "m3"), ("m3",), "m1"),
    "three against one": (("m0", "m2", "m3", "m4"), ("m3",), "m1"),
}
"""Conflicts that are met in many samples: what is given, what of it is swapped, what is read."""

RATE_DRAWS = 25
"""Draws for each of the 200 pairs of a scenario."""


class Preset(NamedTuple):
    """A question, the name on its button, and the one point it makes."""

    name: str
    point: str
    question: Question


CLASH = Question(view="conflict", item=0, other=9, models=("moe", "mopoe", "mwb"))

PRESETS: tuple[Preset, ...] = (
    Preset(
        "Two views",
        "Three views are hidden. The two mixtures over subsets were trained on every choice of "
        "views, the product only on all five at once. Whose draws are right?",
        Question(),
    ),
    Preset(
        "All views",
        "Nothing is hidden: this is what the product was trained for. Now take a view away.",
        Question(given=("m0", "m1", "m2", "m3", "m4")),
    ),
    Preset(
        "An unclear view",
        "One view, and it is hard to read. How many more until every draw is right?",
        Question(item=19, given=("m0",), models=("moe", "mopoe", "mwb")),
    ),
    Preset(
        "A view that hurts",
        "From m0 alone the mixture of products always draws a 4. With m3 as well it never does. "
        "The mixture of experts keeps both opinions.",
        Question(item=2, models=("moe", "mopoe", "mwb")),
    ),
    Preset(
        "One against one",
        "A 4 against a 6. Who takes a side, who alternates, who draws something else?",
        CLASH,
    ),
    Preset(
        "The same, whole mixture",
        "The two mixtures over subsets, drawn from the belief they are trained with: now they "
        "alternate.",
        replace(CLASH, whole=True),
    ),
    Preset(
        "One against three",
        "Three views show a 4, one shows a 6. The mixture of products follows the one that is "
        "surest, the mixture of Wasserstein barycenters the majority.",
        replace(CLASH, given=("m0", "m1", "m2", "m3"), target="m4"),
    ),
    Preset(
        "Three against one",
        "The other way round: three views of the 6, one of the 4. Now both follow the majority.",
        replace(CLASH, item=9, other=0, given=("m0", "m1", "m2", "m3"), target="m4"),
    ),
)


def read_cache(name: str) -> dict[str, object]:
    """What ``python -m explorer presets`` wrote to ``name``; empty if it has not, or is damaged."""
    path = CACHE / name
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        return {}


def damaged() -> list[str]:
    """A sentence for each file of the cache that cannot be read, with the remedy."""
    return [
        f"{CACHE.name}/{name} is damaged and not used; write it again: python -m explorer presets"
        for name in (ANSWERS, RATES)
        if (CACHE / name).exists() and not read_cache(name)
    ]


@cache
def _read(path: Path, _written: int) -> dict[str, object]:
    return dict(json.loads(path.read_text("utf-8")))


def cached_about() -> About | None:
    """What questions may refer to, without loading the dataset; None where there is no cache."""
    about = read_cache(ANSWERS).get("about")
    if about is None:
        return None
    return About(tuple(map(tuple, about["modalities"])), about["n_items"], about["n_dimensions"])


def cached_answer(question: Question) -> dict[str, object] | None:
    """The kept answer to a preset's question; None for any other."""
    return read_cache(ANSWERS).get(cache_key(question))


def cache_key(question: Question) -> str:
    """How a question is named in the cache: its whole content in one line."""
    return json.dumps(write_question(question), sort_keys=True)


def write_cache(lab: "Lab", folder: Path) -> Iterator[tuple[str, int, int]]:
    """Answer every preset and meet every scenario; yields what is being done, how far, of what.

    Parameters
    ----------
    lab
        Must have every model and the classifiers.
    folder
        Where the two files go.

    Raises
    ------
    ValueError
        A model or the classifiers are missing; nothing is written then.
    """
    from explorer.evaluation.conflict import conflict_rates
    from explorer.pages.answers import answer, describe

    missing = [x for x in (*lab.models.values(), lab.classifiers) if isinstance(x, str)]
    if missing:
        raise ValueError(f"presets need every model: {' '.join(missing)}")
    total = len(PRESETS) + len(SCENARIOS) * (len(lab.models) + len(lab.mixtures))
    done = 0
    answers = {"about": describe(lab)._asdict()}
    for preset in PRESETS:
        yield preset.name, done, total
        answers[cache_key(preset.question)] = answer(lab, preset.question)
        done += 1
    rates = {}
    for scenario, (given, swapped, target) in SCENARIOS.items():
        rates[scenario] = []
        for key, whole in [(k, False) for k in lab.models] + [(k, True) for k in lab.mixtures]:
            yield f"{scenario}: {key}", done, total
            found = conflict_rates(
                lab.models[key],
                lab.classifiers,
                lab.data.test,
                given,
                swapped,
                target,
                n_draws=RATE_DRAWS,
                whole_mixture=whole,
            )
            rates[scenario].append({"key": key, "whole": whole} | found)
            done += 1
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ANSWERS).write_text(json.dumps(answers) + "\n")
    (folder / RATES).write_text(json.dumps(rates, indent=1) + "\n")
    yield "done", total, total
