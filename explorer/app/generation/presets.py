"""States of the Generation page worth starting from, and conflicts met beforehand.

``python -m explorer presets`` meets the conflicts and keeps their counts. To add a preset: one line
in ``PRESETS``; its state has the fields of ``state.js``.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from explorer.catalog.looks import LABELS
from explorer.catalog.subjects import trained

DATASET = "polydigits"
CACHE = Path(__file__).resolve().parents[3] / "pretrained" / DATASET / "presets"
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
    """A state, the name on its button, the one point it makes, and the datasets it is for."""

    name: str
    point: str
    state: dict[str, Any]
    data: tuple[str, ...] = (DATASET,)


PRESETS: tuple[Preset, ...] = (
    Preset(
        "One against one",
        "View 1 shows a 4, view 4 shows a 6. One trained network, fused four ways: who takes a "
        "side, who alternates?",
        {},
    ),
    Preset(
        "Two views agree",
        "Three views are hidden. All rules read the same two experts, and all of them draw the "
        "right digit.",
        {"swapped": []},
    ),
    Preset(
        "One against three",
        "Three views show a 4, one shows a 6. Does one expert outweigh the majority?",
        {"given": ["m0", "m1", "m2", "m3"], "swapped": ["m3"], "target": "m4"},
    ),
    Preset(
        "A drawn 0",
        "The 0 in view 4 was drawn with the pen. Press ✎ on any tile and draw a digit of your own.",
        {"swapped": [], "drawn": {"m3": "K.gNZPUVSeTnXudzjzputnuesVnPgN"}},
    ),
    Preset(
        "Never saw subsets",
        "This network was trained as a product of all five views, always with all of them. From "
        "two views no rule draws well: training and fusing are two things.",
        {"net": "poe", "swapped": []},
    ),
    Preset(
        "Each its own rule",
        "Four networks, each trained with the rule that fuses it. Now both differ at once.",
        {"mode": "own", "models": ["poe", "moe", "mopoe", "mwb"]},
    ),
    Preset(
        "Nothing given",
        "No view at all: what is left is the prior, the same for every rule.",
        {"given": [], "swapped": []},
    ),
)


def read_rates() -> dict[str, list[dict[str, object]]]:
    """What ``python -m explorer presets`` wrote; empty if it has not, or the file is damaged."""
    try:
        return _read(CACHE / RATES, (CACHE / RATES).stat().st_mtime_ns)
    except (OSError, ValueError):
        return {}


@cache
def _read(path: Path, _written: int) -> dict[str, list[dict[str, object]]]:
    return dict(json.loads(path.read_text("utf-8")))


def asked_rules() -> list[str]:
    """The rules of Barycenters that a model is trained with."""
    return [key for key in LABELS if key in trained(DATASET)]


def write_rates(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Meet every scenario with every rule; yields what is being done, how far, of what.

    Mixtures over subsets are asked twice: as their papers draw, and from the whole mixture.

    Raises
    ------
    CheckpointError
        A model or the classifiers are missing; nothing is written then.
    """
    from explorer.aggregations import AGGREGATIONS, power_set
    from explorer.checkpoints import load_pretrained
    from explorer.datasets import load_dataset
    from explorer.evaluation.classifiers import load_classifiers
    from explorer.evaluation.conflict import conflict_rates

    models = {key: load_pretrained(DATASET, key) for key in asked_rules()}
    classifiers, data = load_classifiers(DATASET), load_dataset(DATASET)
    mixtures = [key for key in models if AGGREGATIONS[key].family is power_set]
    asked = [(key, False) for key in models] + [(key, True) for key in mixtures]
    total, done = len(SCENARIOS) * len(asked), 0
    rates: dict[str, list[dict[str, object]]] = {}
    for scenario, (given, swapped, target) in SCENARIOS.items():
        rates[scenario] = []
        for key, whole in asked:
            yield f"{scenario}: {key}", done, total
            found = conflict_rates(
                models[key],
                classifiers,
                data.test,
                given,
                swapped,
                target,
                n_draws=RATE_DRAWS,
                whole_mixture=whole,
            )
            rates[scenario].append({"key": key, "whole": whole} | found)
            done += 1
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RATES).write_text(json.dumps(rates, indent=1) + "\n")
    yield "done", total, total
