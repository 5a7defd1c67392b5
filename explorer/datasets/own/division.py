"""Which rows of a visitor's table are for testing: as it says, or drawn class by class.

Shapes: N rows.
"""

import numpy as np
from numpy.typing import NDArray

from explorer.datasets.own.table import EMPTY, Table
from explorer.files.own.description import Division
from explorer.files.own.mistakes import Mistakes


def divide(
    division: Division, labels: NDArray, classes: tuple[str, ...], table: Table
) -> tuple[NDArray, list[str]]:
    """Which rows are for testing, bool ``(N,)``, and what is to be said about it.

    Raises
    ------
    Mistakes
        An empty split, a class that is not in both, or a group that is.
    """
    groups, alone = None, []
    if division.group is not None:
        groups, alone = _groups(table.texts(division.group))
    if division.by is not None:
        is_test = _as_told(division.by, table)
    else:
        units = np.arange(len(labels)) if groups is None else groups
        _check_units(units, labels, classes, division, table)
        is_test = _drawn(units, labels, division)
    found = []
    for split, rows in (("train", ~is_test), ("test", is_test)):
        if not rows.any():
            found.append(f"there are no {split} rows")
            continue
        counts = np.bincount(labels[rows], minlength=len(classes))
        lost = [name for name, count in zip(classes, counts, strict=True) if not count]
        if lost:
            more = f" and {len(lost) - 20} more" if len(lost) > 20 else ""
            found.append(f"no {split} row is of class {', '.join(lost[:20])}{more}")
    if groups is not None:
        both = np.intersect1d(groups[is_test], groups[~is_test])
        if len(both):
            value = str(table.texts(division.group)[(groups == both[0]).argmax()])[:60]
            found.append(f"rows of one {division.group!r} are in both splits, first {value!r}")
    if found:
        raise Mistakes(*found)
    note = f"{len(alone)} rows have no {division.group!r}, and each counts as a group of its own"
    return is_test, [note] if len(alone) else []


def _groups(texts: NDArray) -> tuple[NDArray, NDArray]:
    """Number of each row's group, and the rows without one, which are groups of their own."""
    alone = np.isin(texts, EMPTY).nonzero()[0]
    groups = np.unique(texts, return_inverse=True)[1].ravel()
    groups[alone] = groups.max() + 1 + np.arange(len(alone))
    return np.unique(groups, return_inverse=True)[1].ravel(), alone


def _as_told(name: str, table: Table) -> NDArray:
    texts = table.texts(name)
    told = np.char.lower(texts)
    wrong = (~np.isin(told, ("train", "test"))).nonzero()[0]
    if len(wrong):
        raise Mistakes(
            f"{name!r} must say train or test in every row, got {str(texts[wrong[0]])[:60]!r} in "
            f"{table.places(wrong)}"
        )
    return told == "test"


def _check_units(
    units: NDArray, labels: NDArray, classes: tuple[str, ...], division: Division, table: Table
) -> None:
    """Raise :class:`Mistakes` where a class has a single row or group to draw from."""
    found = []
    pairs = np.unique(np.stack([labels, units]), axis=1)
    for k, name in enumerate(classes):
        own = pairs[1, pairs[0] == k]
        if len(own) != 1:
            continue
        what = "row"
        if division.group is not None:
            row = int((units == own[0]).argmax())
            what = f"group, {str(table.texts(division.group)[row])[:60]!r} in {division.group!r}"
        found.append(f"class {name} has a single {what}, so it cannot be in train and in test")
    if found:
        raise Mistakes(*found[:20])


def _drawn(units: NDArray, labels: NDArray, division: Division) -> NDArray:
    """Draw units (rows, or groups of them) until each class has its share of test rows.

    A group counts for the class that most of its rows have. At least one unit of a class is drawn
    where it has two or more.
    """
    generator = np.random.default_rng(division.seed)
    n_rows, n_labels = np.bincount(units), int(labels.max()) + 1
    pairs, votes = np.unique(units * n_labels + labels, return_counts=True)
    unit, label = np.divmod(pairs, n_labels)
    main = np.empty(len(n_rows), np.int64)
    order = np.lexsort((-label, votes, unit))  # the last of a unit has most votes
    main[unit[order]] = label[order]
    chosen = np.zeros(len(n_rows), bool)
    for label in np.unique(main):
        own = generator.permutation((main == label).nonzero()[0])
        before = np.cumsum(n_rows[own]) - n_rows[own]
        wanted = division.test * n_rows[own].sum()
        # half of a unit over is as near as half of it short
        taken = before + n_rows[own] / 2 <= wanted
        if len(own) > 1:
            taken[0], taken[-1] = True, False
        chosen[own[taken]] = True
    return chosen[units]
