"""Questions worth starting from, and their answers kept on disk so that they show at once.

``python -m explorer presets`` writes the cache with the functions that answer live. To add a
preset: one line in ``PRESETS``, then that command. Nothing here imports torch before it has to,
so that a kept answer does not wait for it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from explorer.app.generation.state import About, Question, write_question
from explorer.catalog.looks import LABELS
from explorer.catalog.subjects import trained

if TYPE_CHECKING:
    from explorer.app.generation.answers import Lab

DATASET = "polydigits"
CACHE = Path(__file__).resolve().parents[3] / "pretrained" / DATASET / "presets"
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


def cached_about(name: str) -> About | None:
    """What questions may refer to, without loading the dataset; None where that is not kept."""
    about = read_cache(ANSWERS).get("about")
    if about is None or about["data"] != name:
        return None
    kept = about | {
        "modalities": tuple(map(tuple, about["modalities"])),
        "classes": tuple(about["classes"]),
        "models": trained(name),
    }
    return About(**kept)


def cached_answer(name: str, question: Question) -> dict[str, object] | None:
    """The kept answer to a preset's question about dataset ``name``; None for any other."""
    return read_cache(ANSWERS).get(cache_key(question)) if name == DATASET else None


def cache_key(question: Question) -> str:
    """How a question is named in the cache: its whole content in one line."""
    return json.dumps(write_question(question), sort_keys=True)


def write_cache(lab: "Lab", folder: Path) -> Iterator[tuple[str, int, int]]:
    """Answer every preset and meet every scenario; yields what is being done, how far, of what.

    Parameters
    ----------
    lab
        Must have every rule of Barycenters as a model, and the classifiers.
    folder
        Where the two files go.

    Raises
    ------
    ValueError
        A model or the classifiers are missing; nothing is written then.
    """
    missing = [
        x
        for x in (*(lab.models.get(key, f"no {key}") for key in LABELS), lab.classifiers)
        if isinstance(x, str)
    ]
    if missing:
        raise ValueError(f"presets need every rule and classifiers: {' '.join(missing)}")
    folder.mkdir(parents=True, exist_ok=True)
    asked = [(key, False) for key in LABELS] + [(key, True) for key in lab.mixtures]
    total = len(PRESETS) + len(SCENARIOS) * len(asked)
    for done, name in enumerate(write_answers(lab, folder)):
        yield name, done, total
    for done, name in enumerate(write_rates(lab, folder, asked), len(PRESETS)):
        yield name, done, total
    yield "done", total, total


def write_answers(lab: "Lab", folder: Path) -> Iterator[str]:
    """Answer every preset with the seven rules; yields what is being answered."""
    from explorer.app.generation.answers import answer, describe

    rules = lab._replace(models={key: lab.models[key] for key in LABELS})
    n_dimensions = max(model.latent_dim for model in rules.models.values())
    answers = {"about": describe(lab.data, tuple(LABELS), n_dimensions)._asdict()}
    for preset in PRESETS:
        yield preset.name
        answers[cache_key(preset.question)] = answer(rules, preset.question)
    (folder / ANSWERS).write_text(json.dumps(answers) + "\n")


def write_rates(lab: "Lab", folder: Path, asked: Sequence[tuple[str, bool]]) -> Iterator[str]:
    """Meet every scenario with ``asked``: keys, and whether the whole mixture is drawn from."""
    from explorer.evaluation.conflict import conflict_rates

    rates = {}
    for scenario, (given, swapped, target) in SCENARIOS.items():
        rates[scenario] = []
        for key, whole in asked:
            yield f"{scenario}: {key}"
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
    (folder / RATES).write_text(json.dumps(rates, indent=1) + "\n")
