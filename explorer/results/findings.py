"""Three sentences that the scores of a dataset support: one view, all views, views in conflict."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from explorer.catalog.looks import MODEL_LABELS
from explorer.results.scores import MEASURES, Score, leaders, select

NAMED = 3
"""Models that a sentence names, at most; of more it says how many there are."""

CONFLICT = "one against one"
"""The conflict that is told: one view shows one class, another view another."""

LEADING = ("published", "ours", "sharp")
"""Judges, the one whose figures are told first."""

TOLD = {
    "alternates": "drew now the one and now the other",
    "takes side A": "took one side",
    "takes side B": "took one side",
    "blends": "drew what neither shows",
    "wavers": "did no one thing",
    "is lost": "drew neither well even without the conflict",
}


def leading_judge(table: pd.DataFrame) -> str:
    """The judge that leads, of those that read every model that any judge read; empty if none."""
    judged = table[table["measure"] == "judged_coherence"]
    everyone = judged["model"].nunique()
    by_judge = judged.groupby("target")["model"].nunique()
    return next((j for j in LEADING if by_judge.get(j, 0) == everyone > 0), "")


def coherence(table: pd.DataFrame, judge: str) -> dict[str, list[Score]]:
    """Conditional coherence by model, by a judge or, without one, as every file has it."""
    if judge:
        return select(table, "judged_coherence", target=judge)
    return select(table, "coherence")


def one_view(table: pd.DataFrame) -> str:
    """Which model draws what is missing best, given one view."""
    judge = leading_judge(table)
    found = coherence(table, judge) or select(table, "precision")
    figures = [own[0] for own in found.values() if own]
    if len(figures) < 2:
        return ""
    what = MEASURES[figures[0].measure].label.split(",")[0]
    reader = "the published kind of judge" if judge == "published" else "our own judge"
    by = f", read by {reader}" if what.startswith("coherence") else ""
    return _best("Given **one view**", f"what is missing is drawn best ({what}{by})", figures)


def all_views(table: pd.DataFrame) -> str:
    """Which model knows most, given all views."""
    measure = next(
        (m for m in ("latent_accuracy", "latent_precision") if (table["measure"] == m).any()), ""
    )
    figures = [own[-1] for own in select(table, measure).values() if own]
    if len(figures) < 2:
        return ""
    what = f"the latent space tells most ({MEASURES[measure].label})"
    return _best("Given **all views**", what, figures)


def conflict(rates: object) -> str:
    """What models do when two views contradict each other; empty without such figures."""
    behaviors: dict[str, list[str]] = {}
    for rate in _rates(rates):
        most, share = max(rate["behaviors"].items(), key=lambda item: item[1])
        if share >= 0.5:
            name = f"{MODEL_LABELS[rate['key']]} ({share:.0%})"
            behaviors.setdefault(TOLD.get(most, most), []).append(name)
    if not behaviors:
        return ""
    parts = [f"{_listed(names)} {what}" for what, names in behaviors.items()]
    return "When **two views conflict**, in most samples " + "; ".join(parts) + "."


def read_rates(folder: Path) -> object:
    """What ``python -m explorer presets`` wrote of conflicts; None where it has not, or damaged."""
    try:
        return json.loads((folder / "conflict.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def by_eye(dataset: Path) -> str:
    """How often each judge agrees with an eye, where ``benchmarks/eye.py`` wrote it."""
    try:
        found = json.loads((dataset / "eye" / "agreement.json").read_text("utf-8"))
        judges = ", ".join(
            f"{judge} {share['right']:.0%} ({share['same_verdict']:.0%})"
            for judge, share in found["judges"].items()
        )
        return (
            f"An eye that read {int(found['pictures'])} of them blind, drawn from one modality "
            f"alone, made out a digit in {found['legible']:.0%} and found the right one in "
            f"{found['right']:.0%}. On the same pictures judges found, and in brackets agreed with "
            f"the eye on right or wrong: {judges}. The eye was an AI model's reading, not a "
            "person's."
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""  # not there, or not of that shape: nothing is said


def _rates(rates: object) -> list[dict]:
    """Rates of the conflict that is told, of models drawn from as papers do."""
    found = rates.get(CONFLICT) if isinstance(rates, Mapping) else None
    return [
        rate
        for rate in (found if isinstance(found, list) else [])
        if isinstance(rate, dict)
        and rate.get("key") in MODEL_LABELS
        and rate.get("whole") is False
        and isinstance(rate.get("behaviors"), dict)
        and rate["behaviors"]
        and all(isinstance(share, int | float) for share in rate["behaviors"].values())
    ]


def _best(when: str, what: str, figures: Sequence[Score]) -> str:
    better = MEASURES[figures[0].measure].better
    ordered = sorted(figures, key=lambda score: -better * score.value)
    ahead = leaders(ordered)
    first, last = ordered[0], ordered[-1]
    level = [MODEL_LABELS[s.model] for s in ordered[1:] if s.model in ahead]
    beside = f", {_listed(level)} not clearly worse" if level else ", clearly ahead of the others"
    return (
        f"{when}, {what} by **{MODEL_LABELS[first.model]}**, {first}{beside}; the lowest is "
        f"{MODEL_LABELS[last.model]}, {last}."
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    shown = [*names[:NAMED], *([f"{more} more"] if more > 0 else [])]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]
