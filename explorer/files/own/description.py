"""The description of a visitor's dataset: ``dataset.yaml`` or ``dataset.json``, read and checked.

What can be wrong with it is collected, not raised: people mend all of it at once.
"""

import json
import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import yaml

from explorer.files.own.kinds import KINDS

FILES = ("dataset.yaml", "dataset.json")
MOST_BYTES = 1_000_000
MOST_CLASSES = 255
"""Maps number them in a byte."""
MOST_LETTERS = 300
"""Of a text that pages show."""

GAPS = ("none", "whole", "any")
"""Whether rows may lack a modality: no; where all its cells are empty; where any of them is."""


class Described(NamedTuple):
    """What the description says of one modality; None where it leaves the choice to us.

    Parameters
    ----------
    name, kind, shape, likelihood, network, weight, parts, symbols, description
        As in ``explorer.datasets.Modality``.
    array
        Its array in ``data.npz``; its own name by default.
    columns
        Its columns in ``data.csv`` or ``data.parquet``, in order; ``*`` stands for anything. By
        default the column of its name, or those that start with its name and ``_``.
    length
        Of a text, in characters.
    standardize
        Whether numbers are brought to mean 0 and standard deviation 1 over the training split.
    gaps
        One of ``GAPS``.
    """

    name: str
    kind: str = "vector"
    array: str | None = None
    columns: tuple[str, ...] | None = None
    shape: tuple[int, ...] | None = None
    likelihood: str | None = None
    network: str | None = None
    weight: float | None = None
    parts: tuple[str, ...] | None = None
    symbols: str | None = None
    description: str | None = None
    length: int | None = None
    standardize: bool | None = None
    gaps: str | None = None


class Label(NamedTuple):
    """What a row is of: the array or column that says it, the classes, what they are called."""

    classes: tuple[str, ...]
    array: str = "label"
    word: str = "class"


class Division(NamedTuple):
    """Which rows are for testing.

    Parameters
    ----------
    by
        Array or column that says ``train`` or ``test`` in each row; None to draw them.
    test
        Share of rows to draw, class by class.
    seed
        Decides the draw.
    group
        Array or column; rows with the same value there are never in both splits.
    """

    by: str | None = None
    test: float = 0.2
    seed: int = 0
    group: str | None = None


class Description(NamedTuple):
    """A whole description; see the README, "Your own data"."""

    title: str
    idea: str
    modalities: tuple[Described, ...]
    label: Label
    split: Division


def find_description(folder: Path) -> Path | None:
    """Where the description of a folder is; None where there is none."""
    return next((folder / file for file in FILES if (folder / file).is_file()), None)


def read_description(path: Path, mistakes: list[str]) -> Description | None:
    """Read a description; None where nothing can be made of it. Adds to ``mistakes``."""
    given = _read(path, mistakes)
    if given is None:
        return None
    top = _fields(given, TOP, path.name, mistakes)
    modalities = []
    for name, settings in top.get("modalities", {}).items():
        try:
            _text(name)
        except ValueError:
            mistakes.append(f"modalities: a name must be text, got {name!r}; put it in quotes")
            continue
        found = _fields(settings or {}, MODALITY, f"modality {name!r}", mistakes)
        modalities.append(Described(name, **{"gaps": top.get("gaps")} | found))
    for key in ("modalities", "label"):
        if key not in given:
            mistakes.append(f"{path.name}: {key} is missing; see 'Your own data' in the README")
    label = _fields(given.get("label", {}), LABEL, "label", mistakes)
    if "classes" not in label and isinstance(given.get("label"), dict):
        mistakes.append("label: classes is missing; list what the classes are called")
    label["array"] = label.pop("column", label.get("array", "label"))
    if not modalities or "classes" not in label:
        return None
    title = top.get("title", path.parent.name)
    return Description(
        title=title,
        idea=top.get("idea", f"{len(modalities)} kinds of observation, row by row."),
        modalities=tuple(modalities),
        label=Label(**label),
        split=Division(**_fields(given.get("split", {}), SPLIT, "split", mistakes)),
    )


def _read(path: Path, mistakes: list[str]) -> dict | None:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES:,} bytes; data belong in the table")
        text = path.read_text("utf-8")
        if path.suffix == ".json":
            given = json.loads(text, object_pairs_hook=_pairs)
        else:
            given = yaml.load(text, _Loader)
    except (OSError, UnicodeDecodeError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        mistakes.append(f"{path.name} cannot be read: {reason}")
        return None
    if not isinstance(given, dict):
        mistakes.append(f"{path.name} must be a table of keys and values, got {_shown(given)}")
        return None
    return given


class _Loader(yaml.SafeLoader):
    """Plain values only, and a key that is there twice is a mistake rather than the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        return _pairs([(self.construct_object(key, True), None) for key, _ in node.value]) and (
            super().construct_mapping(node, deep)
        )


def _pairs(pairs: list[tuple[object, object]]) -> dict:
    found: dict = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} is there twice")
        found[key] = value
    return found


Check = Callable[[object], object]
"""The value as it is used; raises ValueError that says what was expected."""


def _fields(
    given: object, known: Mapping[str, Check], where: str, mistakes: list[str]
) -> dict[str, object]:
    if not isinstance(given, dict):
        mistakes.append(f"{where} must be a table of keys and values, got {_shown(given)}")
        return {}
    found = {}
    for key, value in given.items():
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            mistakes.append(f"{where}: unknown key {key!r}; {meant}")
            continue
        try:
            found[key] = known[key](value)
        except ValueError as error:
            mistakes.append(f"{where}: {key} must be {error}, got {_shown(value)}")
    return found


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_LETTERS:
        raise ValueError(f"text of 1 to {MOST_LETTERS} characters")
    if not value.isprintable():
        raise ValueError("text on one line")
    return value


def _symbols(value: object) -> str:
    if not isinstance(value, str) or len(value) < 2 or len(set(value)) != len(value):
        raise ValueError("two characters or more that all differ, in quotes")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("a list of names")
    if any(isinstance(one, bool) or not isinstance(one, str | int | float) for one in value):
        raise ValueError("a list of names (words like yes and no in quotes)")
    return tuple(_text(str(one)) for one in value)


def _classes(value: object) -> tuple[str, ...]:
    names = _names(value)
    if not 2 <= len(names) <= MOST_CLASSES or len(set(names)) != len(names):
        raise ValueError(f"a list of two to {MOST_CLASSES} classes that all differ")
    return names


def _columns(value: object) -> tuple[str, ...]:
    return _names([value] if isinstance(value, str) else value)


def _table(value: object) -> dict:
    if not isinstance(value, dict) or not value:
        raise ValueError("a table of keys and values, not empty")
    return value


def _one_of(*options: str) -> Check:
    def check(value: object) -> str:
        if value not in options:
            raise ValueError(f"one of {', '.join(options)}")
        return value

    return check


def _whole(least: int) -> Check:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**31:
            raise ValueError(f"a whole number of {least} or more")
        return value

    return check


def _number(below: float) -> Check:
    def check(value: object) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value < below:
            limit = "" if below == math.inf else f" and below {below:g}"
            raise ValueError(f"a number above 0{limit}")
        return float(value)

    return check


def _shape(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("a list of whole numbers")
    return tuple(_whole(1)(size) for size in value)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


TOP: dict[str, Check] = {
    "title": _text,
    "idea": _text,
    "gaps": _one_of(*GAPS),
    "modalities": _table,
    "label": lambda value: value,
    "split": lambda value: value,
}
MODALITY: dict[str, Check] = {
    "kind": _one_of(*KINDS),
    "array": _text,
    "columns": _columns,
    "shape": _shape,
    "likelihood": _text,
    "network": _text,
    "weight": _number(math.inf),
    "parts": _names,
    "symbols": _symbols,
    "description": _text,
    "length": _whole(1),
    "standardize": _yes_or_no,
    "gaps": _one_of(*GAPS),
}
LABEL: dict[str, Check] = {"array": _text, "column": _text, "classes": _classes, "word": _text}
SPLIT: dict[str, Check] = {
    "by": _text,
    "test": _number(1),
    "seed": _whole(0),
    "group": _text,
}
