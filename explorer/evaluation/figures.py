"""How figures are written down: a mean, its standard error, and what they were computed from.

Shapes: S subsets, M modalities, N tuples.
"""

import math
from collections.abc import Callable, Sequence

from torch import Tensor

from explorer.aggregations import membership
from explorer.subsets import subset_label, subsets

NOT_FINITE = "no finite number came of it"
"""Why a figure is absent whose mean is infinite or no number."""

Progress = Callable[[float], None]
"""Told the share that is done."""


def figure(values: Tensor, digits: int = 4) -> dict[str, float | None]:
    """Mean over everything, and its standard error over the last axis: the tuples, ``(*, N)``.

    A single tuple has no spread: its error is None.
    """
    per_tuple = values.double().reshape(-1, values.shape[-1]).mean(0)
    n, error = len(per_tuple), None
    if n > 1:
        error = round((per_tuple.std(correction=1) / n**0.5).item(), digits)
    return {"mean": round(per_tuple.mean().item(), digits), "standard_error": error}


def absent(reason: str) -> dict[str, str]:
    """What stands where a measure is not defined: why not, in one sentence."""
    return {"absent": reason}


def finite(tree: dict) -> dict:
    """The same scores without infinities and without what is no number, which JSON cannot hold.

    A figure whose mean is none becomes ``{"absent": reason}``, one whose error is none has no
    error (None: a single tuple has no spread); other numbers are left out.
    """
    if not _is_finite(tree.get("mean", 0.0)):
        return absent(NOT_FINITE)
    kept = {}
    for key, branch in tree.items():
        if isinstance(branch, dict):
            kept[key] = finite(branch)
        elif key == "standard_error" or _is_finite(branch):
            kept[key] = branch if _is_finite(branch) else None
    return kept


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def subset_labels(names: Sequence[str]) -> list[str]:
    """How every subset is written, in the order of ``explorer.subsets``."""
    return [subset_label(subset) for subset in subsets(names)]


def rows(names: Sequence[str]) -> dict[tuple[str, ...], int]:
    """Where every subset stands in the order of ``explorer.subsets``."""
    return {subset: s for s, subset in enumerate(subsets(names))}


def sizes(n_modalities: int) -> list[tuple[int, Tensor]]:
    """Each number of modalities in ``subsets`` with the rows that have it, bool ``(S,)``."""
    counts = membership(n_modalities).sum(1)
    return [(size, counts == size) for size in counts.unique().tolist()]
