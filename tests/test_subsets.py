"""Which subsets are looked at: all of few modalities, the same selection of many, always."""

from itertools import combinations

import pytest

from explorer.aggregations import membership, power_set
from explorer.subsets import DRAWN_SUBSETS, MOST_ENUMERATED, positions, subset_title, subsets

MANY = range(41)
PAIRS = [(7, 19), (12, 31), (22, 34), (27, 31)]


@pytest.mark.parametrize("n", range(1, MOST_ENUMERATED + 1))
def test_of_few_modalities_every_subset_is_looked_at(n):
    every = [s for size in range(1, n + 1) for s in combinations(range(n), size)]
    assert subsets(range(n)) == every
    assert membership(n).equal(power_set(n))


@pytest.mark.parametrize("n", [11, 12, 20, 41])
def test_of_many_modalities_single_ones_all_but_one_all_and_some_between_are(n):
    found = subsets(range(n))
    assert len(set(found)) == len(found)
    assert [len(subset) for subset in found] == sorted(map(len, found))
    assert found[:n] == [(m,) for m in range(n)]
    assert set(combinations(range(n), n - 1)) <= set(found)
    assert found[-1] == tuple(range(n))
    between = [subset for subset in found if 1 < len(subset) < n - 1]
    sizes = {size: [len(s) for s in between].count(size) for size in map(len, between)}
    assert sizes == dict.fromkeys(
        (size for size in (2, 4, 8, 16, 32) if size < n - 1), DRAWN_SUBSETS
    )
    assert all(list(subset) == sorted(subset) for subset in found)


def test_the_selection_is_the_same_on_every_machine():
    between = [subset for subset in subsets(MANY) if len(subset) == 2]
    positions.cache_clear()
    assert [subset for subset in subsets(MANY) if len(subset) == 2] == between == PAIRS


def test_members_are_those_of_the_subsets():
    rows = [tuple(row.nonzero().flatten().tolist()) for row in membership(41)]
    assert rows == subsets(MANY)


def test_a_mixture_over_all_subsets_of_many_is_refused_before_memory_is():
    assert len(power_set(12)) == 4095
    with pytest.raises(ValueError, match="at most 12 modalities, got 41: .*mvtcae.*mac_wae"):
        power_set(41)


def test_a_subset_of_many_is_told_by_its_size_or_by_what_is_missing():
    names = [f"a{m}" for m in range(12)]
    assert subset_title("+".join(names), names) == "all 12"
    assert subset_title("+".join(names[1:]), names) == "all but a0"
    assert subset_title("a3+a5", names) == "a3+a5"
    assert subset_title("+".join(names[:8]), names) == "8 of 12: a0+a1+..."
    assert subset_title("+".join(names[:8]), names[:9]) == "+".join(names[:8])
