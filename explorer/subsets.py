"""Which subsets of the modalities are looked at, and how they are written.

The only place that decides it: beliefs by subset, every evaluation by subset, maps and pages take
the subsets from here. Without torch.
"""

from collections.abc import Sequence
from functools import cache
from itertools import combinations
from random import Random

MOST_ENUMERATED = 10
"""Up to so many modalities every non-empty subset is looked at; of more, some are."""

MOST_FUSED = 12
"""Most modalities of a mixture over all subsets: 4,095 components."""

MOST_LISTED = 4
"""Members of a subset that are named one by one, where modalities are many."""

DRAWN_SUBSETS = 4
"""Where not every subset is looked at: how many of each size between 1 and M - 1 that is."""


def subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The subsets that are looked at, smallest first, in the order of all (S, ...) results.

    Every non-empty one of up to ten modalities. Of more: each alone, all but each, all, and
    between these four of each size 2, 4, 8, ..., drawn once for every number of modalities: 103
    of 41, where 2^41 - 1 could not be counted up. Whatever is told by subset follows this.

    >>> subsets(["a", "b"])
    [('a',), ('b',), ('a', 'b')]
    >>> len(subsets(range(41)))
    103
    """
    return [tuple(names[m] for m in members) for members in positions(len(names))]


@cache
def positions(n: int) -> tuple[tuple[int, ...], ...]:
    """The same by position, of ``n`` modalities."""
    numbers = range(n)
    if n <= MOST_ENUMERATED:
        return tuple(s for size in range(1, n + 1) for s in combinations(numbers, size))
    dice, found = Random(n), [(m,) for m in numbers]
    size = 2
    while size < n - 1:
        drawn: set[tuple[int, ...]] = set()
        while len(drawn) < DRAWN_SUBSETS:
            # of Random, only random() stays the same from one Python to the next
            drawn.add(tuple(sorted(sorted(numbers, key=lambda _: dice.random())[:size])))
        found += sorted(drawn)
        size *= 2
    return (*found, *combinations(numbers, n - 1), tuple(numbers))


def subset_label(subset: Sequence[str]) -> str:
    """How a subset is written: its modality names joined by ``+``, in dataset order."""
    return "+".join(subset)


def subset_title(label: str, names: Sequence[str]) -> str:
    """How people are told of a subset of ``names``: of many, by its size or by what is missing.

    >>> subset_title("a+b", ["a", "b", "c"])
    'a+b'
    >>> subset_title("b+c+d+e+f+g+h+i+j+k", "abcdefghijk")
    'all but a'
    """
    members = label.split("+")
    if len(members) <= MOST_LISTED or len(names) <= MOST_ENUMERATED:
        return label
    missing = [name for name in names if name not in members]
    if len(missing) <= 1:
        return f"all but {missing[0]}" if missing else f"all {len(names)}"
    return f"{len(members)} of {len(names)}: {members[0]}+{members[1]}+..."
