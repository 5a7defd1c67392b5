"""Which rows of a visitor's table are for testing: as it says, or drawn class by class.

Shapes: N rows.
"""

import numpy as np
from numpy.typing import NDArray

from explorer.datasets.own.table import Table
from explorer.datasets.own.values import as_text
from explorer.files.own.description import Division
from explorer.files.own.mistakes import Mistakes


def divide(division: Division, labels: NDArray, classes: tuple[str, ...], table: Table) -> NDArray:
    """Which rows are for testing, bool ``(N,)``.

    Raises
    ------
    Mistakes
        An empty split, a class that is not in both, or a group that is.
    """
    groups = None
    if division.group is not None:
        groups = np.unique(as_text(table.arrays[division.group]), return_inverse=True)[1].ravel()
    if division.by is not None:
        is_test = _as_told(table.arrays[division.by], division.by, table)
    else:
        units = np.arange(len(labels)) if groups is None else groups
        is_test = _drawn(units, labels, division)
    found = []
    for split, rows in (("train", ~is_test), ("test", is_test)):
        if not rows.any():
            found.append(f"there are no {split} rows")
            continue
        counts = np.bincount(labels[rows], minlength=len(classes))
        lost = [name for name, count in zip(classes, counts, strict=True) if not count]
        if lost:
            found.append(f"no {split} row is of class {', '.join(lost)}")
    if groups is not None:
        both = np.intersect1d(groups[is_test], groups[~is_test])
        if len(both):
            row = int((groups == both[0]).argmax())
            value = str(table.arrays[division.group][row])
            found.append(f"rows of one {division.group!r} are in both splits, first {value!r}")
    if found:
        raise Mistakes(*found)
    return is_test


def _as_told(column: NDArray, name: str, table: Table) -> NDArray:
    texts = np.char.lower(np.char.strip(as_text(column)))
    wrong = (~np.isin(texts, ("train", "test"))).nonzero()[0]
    if len(wrong):
        raise Mistakes(
            f"{name!r} must say train or test in every row, got {str(column[wrong[0]])!r} in "
            f"{table.places(wrong)}"
        )
    return texts == "test"


def _drawn(units: NDArray, labels: NDArray, division: Division) -> NDArray:
    """Draw units (rows, or groups of them) until each class has its share of test rows.

    A group counts for the class that most of its rows have. At least one unit of a class is drawn
    where it has two or more.
    """
    generator = np.random.default_rng(division.seed)
    n_rows = np.bincount(units)
    votes = np.zeros((len(n_rows), labels.max() + 1), dtype=np.int64)
    np.add.at(votes, (units, labels), 1)
    main = votes.argmax(1)
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
