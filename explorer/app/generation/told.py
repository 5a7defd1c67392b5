"""What the Generation page's widget is told by Python: looks, models, presets. Without torch."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from explorer.app.generation.presets import PRESETS
from explorer.app.generation.served import CLASSIFIERS, GREY_INK, PAGE, WEIGHTS, folder, version
from explorer.catalog.looks import (
    DASHES,
    EXPERT_COLORS,
    FAMILY_COLORS,
    LABELS,
    MODEL_LABELS,
    MODEL_LOOKS,
    THEMES,
)
from explorer.catalog.subjects import SUBJECTS, plural, trained
from explorer.files.sources import is_at_hand, is_embedded

CONFIG = "config.json"

ON_PICTURES = (
    *("polydigits", "translated_polydigits", "polymnist", "translated_polymnist"),
    "polymnist_released",
)
"""Datasets whose pictures are digits in inverted colors."""

THRESHOLDS = {"decided": 0.8, "minority": 0.2, "neither": 0.5, "calm": 0.5}
"""From shares of draws to words: those of ``explorer.evaluation.conflict``, which needs torch."""

NAMES = {"chelsea": "cat", "immunohistochemistry": "tissue"}
"""Plainer words for what photographs show."""


def setup(name: str, at: str = ".") -> dict[str, Any]:
    """All that the widget takes to show dataset ``name``.

    Parameters
    ----------
    at
        Where ``checkpoints/`` and ``samples/`` are served, from the page's address.
    """
    subject = SUBJECTS[name]
    models = [told for key in trained(name) if (told := _model(name, key, at))]
    judge = folder(name, CLASSIFIERS)
    judged = judge is not None and (judge / WEIGHTS).is_file()
    return {
        "data": name,
        "label": subject.label,
        "idea": subject.idea,
        "word": subject.word,
        "words": plural(subject.word),
        "classes": [str(k) for k in range(subject.n_classes)],
        "modalities": models[0]["modalities"] if models else [],
        "models": [{k: v for k, v in told.items() if k != "modalities"} for told in models],
        "pens": {m["name"]: _pen(name, m) for m in models[0]["modalities"]} if models else {},
        "judge": _urls(name, CLASSIFIERS, judge, at) if judged else None,
        "samples": f"{at}/samples/{name}" if is_embedded(name) or is_at_hand(name) else None,
        "page": PAGE,
        "rules": [
            {
                "key": key,
                "name": label,
                "colors": [FAMILY_COLORS[theme][key] for theme in THEMES],
                "dash": DASHES[key],
            }
            for key, label in LABELS.items()
        ],
        "experts": [list(EXPERT_COLORS[theme]) for theme in THEMES],
        "presets": [preset._asdict() for preset in PRESETS if name in preset.data],
        "thresholds": THRESHOLDS,
    }


def _pen(name: str, modality: dict[str, Any]) -> str | None:
    """How a pen draws into a modality where no sample is at hand; None where it does not."""
    if (name, modality["name"]) in GREY_INK:
        return "ink"
    if modality["kind"] == "trajectory":
        return "path"
    return "invert" if name in ON_PICTURES and modality["kind"] == "image" else None


def _model(name: str, key: str, at: str) -> dict[str, Any] | None:
    """One model's looks, what it is and where its files are; None where its files are damaged."""
    place = folder(name, key)
    if place is None or not (place / WEIGHTS).is_file():
        return None
    config = _config(place / CONFIG, (place / CONFIG).stat().st_mtime_ns)
    if config is None:
        return None
    look = MODEL_LOOKS[key]
    return {
        "key": key,
        "name": MODEL_LABELS[key],
        "colors": [FAMILY_COLORS[theme][look.family] for theme in THEMES],
        "dash": look.dash,
        "kind": config.get("kind", "MultimodalVAE"),
        "aggregation": config.get("aggregation"),
        "shared": config.get("shared", True),
        "latent": config.get("latent", "gaussian"),
        "dimensions": config["latent_dim"],
        "modalities": [
            {
                "name": m["name"],
                "shape": m["shape"],
                "kind": m.get("kind", "image"),
                "about": NAMES.get(m.get("description", ""), m.get("description", "")),
                "symbols": m.get("symbols", ""),
                "parts": list(m.get("parts", ())),
            }
            for m in config["modalities"]
        ],
        **_urls(name, key, place, at),
    }


def _urls(name: str, key: str, place: Path, at: str) -> dict[str, str]:
    stem, now = f"{at}/checkpoints/{name}/{key}", version(place)
    return {"weights": f"{stem}/{WEIGHTS}?v={now}", "layers": f"{stem}/layers.json?v={now}"}


@lru_cache(maxsize=256)
def _config(file: Path, _modified: int) -> dict[str, Any] | None:
    try:
        config = json.loads(file.read_text("utf-8"))
        return config if {"modalities", "latent_dim"} <= config.keys() else None
    except (OSError, ValueError):
        return None
