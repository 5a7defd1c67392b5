"""How figures are written down: a mean, its standard error, and what they were computed from.

Shapes: S subsets, M modalities, N tuples.
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from explorer.aggregations import membership
from explorer.subsets import subset_label, subsets

Progress = Callable[[float], None]
"""Told the share that is done."""


def figure(values: Tensor, digits: int = 4) -> dict[str, float]:
    """Mean over everything, and its standard error over the last axis: the tuples, ``(*, N)``."""
    per_tuple = values.double().reshape(-1, values.shape[-1]).mean(0)
    error = per_tuple.std(correction=1) / len(per_tuple) ** 0.5
    return {
        "mean": round(per_tuple.mean().item(), digits),
        "standard_error": round(error.item(), digits),
    }


def absent(reason: str) -> dict[str, str]:
    """What stands where a measure is not defined: why not, in one sentence."""
    return {"absent": reason}


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
