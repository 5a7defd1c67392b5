"""Which arrays or columns of a table each modality is made of.

What says the class, the split or the group of a row is no input: a ``*`` passes it over, and
asking for it by name is a mistake.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from explorer.datasets.own.table import SHOWN, Table
from explorer.files.own.description import Described, Description
from explorer.files.own.kinds import NUMBERS
from explorer.files.own.limits import check_claim
from explorer.files.own.mistakes import Mistakes, noting


def choose_columns(description: Description, table: Table) -> tuple[dict[str, list[str]], dict]:
    """Choose the columns of each modality, or its one array in ``data.npz``.

    Returns
    -------
    chosen, said
        Both by the name of the modality; ``said`` is a few words.

    Raises
    ------
    Mistakes
        Something that is used is not there, or is used for two things, or has another number of
        rows.
    """
    outputs = {description.label.array: "label"}
    for key in ("by", "group"):
        if name := getattr(description.split, key):
            outputs[name] = "split" if key == "by" else "group"
    found: list[str] = []
    chosen, said, owners = {}, {}, {}
    for one in description.modalities:
        with noting(found, f"modality {one.name!r}"):
            chosen[one.name], said[one.name] = _of_modality(one, outputs, table)
            shared = [name for name in chosen[one.name] if name in owners]
            if shared and table.has_columns:
                more = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
                found.append(
                    f"column {shared[0]!r}{more} would be in modality {owners[shared[0]]!r} and in "
                    f"{one.name!r}; a column belongs to one modality"
                )
            owners |= dict.fromkeys(chosen[one.name], one.name)
    for name, what in outputs.items():
        if name not in table.shapes:
            where = "label" if what == "label" else f"split: {'by' if what == 'split' else what}"
            found.append(f"{where}: {_absent(name, table)}")
    _check_rows([*owners, *outputs], table, found)
    for name, what in outputs.items():
        if len(table.shapes.get(name, (0,))) != 1:
            found.append(f"{what} {name!r} must be one value a row, got {table.shapes[name]}")
    if found:
        raise Mistakes(*found)
    return chosen, said


def _of_modality(one: Described, outputs: dict[str, str], table: Table) -> tuple[list[str], str]:
    """The columns of one modality in their order, and what is to be said about them."""
    wrong, right = ("array", "columns") if table.has_columns else ("columns", "array")
    if getattr(one, wrong) is not None:
        raise Mistakes(f"{table.file} has no {wrong}; say {right} instead")
    names, mistakes, passed, moved = [], [], [], False
    for pattern in table.asked_for(one):
        if pattern in table.shapes:
            use = outputs.get(pattern)
            if use is not None and not (use == "label" and one.kind not in NUMBERS):
                mistakes.append(
                    f"{pattern!r} is the {use} of a row, which models must not see; leave it out"
                )
            names.append(pattern)
            continue
        if not table.has_columns or "*" not in pattern:
            mistakes.append(_absent(pattern, table))
            continue
        fits = re.compile(".*".join(map(re.escape, pattern.split("*")))).fullmatch
        matches = list(filter(fits, table.shapes))
        taken = [name for name in matches if name not in outputs]
        passed += [name for name in matches if name in outputs]
        if not taken:
            mistakes.append(f"no column is called {pattern}; {_there(table)}")
        ordered = in_order(taken)
        moved = moved or ordered != taken
        names += ordered
    if mistakes:
        raise Mistakes(*mistakes)
    return list(dict.fromkeys(names)), _said(names, passed, moved, table)


def _said(names: Sequence[str], passed: Sequence[str], moved: bool, table: Table) -> str:
    if not table.has_columns:
        return ""
    shown = ", ".join(names[:SHOWN]) + (f", ... {names[-1]}" if len(names) > SHOWN else "")
    order = ", in the order of their numbers" if moved else ""
    without = f", without {', '.join(passed)}" if passed else ""
    n = "1 column" if len(names) == 1 else f"{len(names)} columns"
    return f"; {n}: {shown}{order}{without}"


def in_order(names: Sequence[str]) -> list[str]:
    """Put names that differ only in their numbers in the order of the numbers; keep others.

    >>> in_order(["px1", "px10", "px2", "mean"])
    ['px1', 'px2', 'px10', 'mean']
    """
    kinds: dict[str, int] = {}
    keys = []
    for name in names:
        kind = re.sub(r"[0-9]+", "0", name)
        numbers = tuple(int(n[:18]) for n in re.findall(r"[0-9]+", name))
        keys.append((kinds.setdefault(kind, len(kinds)), numbers))
    return [names[k] for k in sorted(range(len(names)), key=keys.__getitem__)]


def _check_rows(used: Sequence[str], table: Table, found: list[str]) -> None:
    """Note in ``found`` whatever is wrong with numbers of rows and values."""
    there = {name: table.shapes[name] for name in dict.fromkeys(used) if name in table.shapes}
    lengths = {shape[0]: name for name, shape in reversed(there.items())}
    if len(lengths) > 1:
        told = ", ".join(f"{name} has {n}" for n, name in reversed(lengths.items()))
        found.append(f"arrays must have as many rows each; {told}")
    elif 0 in lengths:
        found.append(f"{table.file} has no rows")
    empty = [name for name, shape in there.items() if 0 in shape[1:]]
    if empty:
        found.append(f"array {empty[0]!r} has no numbers in a row; its shape is {there[empty[0]]}")
    values = 0
    for shape in there.values():
        size = 1
        for n in shape:
            size *= n
        values += size
    with noting(found):
        check_claim(table.file, values)


def _absent(name: str, table: Table) -> str:
    near = get_close_matches(name, list(table.shapes)[:1000], n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{name!r} is not there; {meant}{_there(table)}"


def _there(table: Table) -> str:
    names = [name[:60] for name in list(table.shapes)[:20]]
    more = f" and {len(table.shapes) - 20} more" if len(table.shapes) > 20 else ""
    return f"{table.file} has {', '.join(names)}{more}"
