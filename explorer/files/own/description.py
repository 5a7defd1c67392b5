"""The description of a visitor's dataset, ``dataset.yaml`` or ``.json``: read and checked.

Mistakes are collected, not raised, so that people can mend all of them at once. Every value is
read as the text that stands in the file (a class ``007`` stays ``007``, ``no`` stays ``no``) until
its field says that it is a number.
"""

import json
import unicodedata
from collections.abc import Iterable
from copy import deepcopy
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from explorer.files.own.folders import HELP
from explorer.files.own.kinds import KINDS

MOST_BYTES = 100_000
"""Longest description that is read, in bytes."""
MOST_DEPTH = 20
MOST_CLASSES = 255
"""A map keeps the number of a class in one byte."""
MOST_MODALITIES = 200
MOST_LETTERS = 300
"""Longest text that pages show, in characters."""
MOST_MISTAKES = 20
"""Mistakes of one description that are told; the rest is counted."""

GAPS = ("none", "whole", "any")
"""Whether rows may lack a modality: no; where all its cells are empty; where any of them is."""


def normal(text: str) -> str:
    """The text with each accented letter as one character (Unicode NFC), however it was typed."""
    return unicodedata.normalize("NFC", text)


def _check_text(text: str) -> str:
    if not text.strip() or len(text) > MOST_LETTERS or not text.isprintable():
        raise ValueError
    return normal(text)


def _check_symbols(text: str) -> str:
    if len(text) < 2 or len(set(text)) != len(text):
        raise ValueError
    return text


def _check_classes(names: tuple[str, ...]) -> tuple[str, ...]:
    if not 2 <= len(names) <= MOST_CLASSES or len(set(names)) != len(names):
        raise ValueError
    return names


def _check_word(text: str) -> str:
    if not all(map(str.isalpha, text.replace("-", " ").split(" "))):
        raise ValueError
    return text


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else _as_tuple(value)


Text = Annotated[str, AfterValidator(_check_text)]
Names = Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(_as_tuple)]
Size = Annotated[int, Field(ge=1, lt=2**31)]
Number = Annotated[float, Field(gt=0, allow_inf_nan=False)]

WORD = "a word or a few: letters, with single blanks or hyphens between"
TEXT = f"text of 1 to {MOST_LETTERS} characters on one line"
NAMES = f"a list of names, each of them {TEXT}"
ABOVE_0 = "a number above 0"


class Part(BaseModel):
    """A part of a description; a key that it does not know is a mistake.

    Each field's description says in words what its value must be.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class Settings(Part):
    """What the description says of one modality; None where it leaves the choice to us.

    Parameters
    ----------
    kind, shape, likelihood, network, weight, parts, symbols, description
        As in ``explorer.datasets.Modality``.
    array
        Its array in ``data.npz``; by default the one with the modality's name.
    columns
        Its columns in ``data.csv`` or ``data.parquet``, in order; ``*`` stands for anything. By
        default the column of its name, or those that start with its name and ``_``.
    length
        Length of a text, in characters.
    maximum
        Value of a white pixel, by which pixels are divided: 255 for bytes, 1 if they are shares.
    standardize
        Whether numbers are brought to mean 0 and standard deviation 1 over the training split.
    gaps
        One of ``GAPS``.
    """

    kind: Literal[KINDS] = Field("vector", description=f"one of {', '.join(KINDS)}")
    array: Text | None = Field(None, description=TEXT)
    columns: Annotated[Names, BeforeValidator(_one_or_many)] | None = Field(
        None, description="a name or a list of names"
    )
    shape: Annotated[tuple[Size, ...], Field(min_length=1), BeforeValidator(_as_tuple)] | None = (
        Field(None, description="a list of whole numbers of 1 or more")
    )
    likelihood: Text | None = Field(None, description=TEXT)
    network: Text | None = Field(None, description=TEXT)
    weight: Number | None = Field(None, description=ABOVE_0)
    parts: Names | None = Field(None, description=NAMES)
    symbols: Annotated[str, AfterValidator(_check_symbols)] | None = Field(
        None, description="two characters or more that all differ, in quotes"
    )
    description: Text | None = Field(None, description=TEXT)
    length: Size | None = Field(None, description="a whole number of 1 or more")
    maximum: Number | None = Field(None, description=ABOVE_0)
    standardize: bool | None = Field(None, description="true or false")
    gaps: Literal[GAPS] | None = Field(None, description=f"one of {', '.join(GAPS)}")


class Described(Settings):
    """The settings of a modality together with its name."""

    name: str


class Label(Part):
    """What a row is of: the array or column that says it, the classes, what they are called."""

    classes: Annotated[Names, AfterValidator(_check_classes)] = Field(
        description=f"a list of two to {MOST_CLASSES} classes that all differ"
    )
    array: Text = Field("label", validation_alias=AliasChoices("column", "array"), description=TEXT)
    word: Annotated[Text, AfterValidator(_check_word)] = Field("class", description=WORD)


class Division(Part):
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

    by: Text | None = Field(None, description=TEXT)
    test: Annotated[Number, Field(lt=1)] = Field(0.2, description="a number above 0 and below 1")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        0, description="a whole number of 0 or more"
    )
    group: Text | None = Field(None, description=TEXT)


class Written(Part):
    """A whole description as a person writes it; see docs/your-own-data.md."""

    title: Text | None = Field(None, description=TEXT)
    idea: Text | None = Field(None, description=TEXT)
    gaps: Literal[GAPS] | None = Field(None, description=f"one of {', '.join(GAPS)}")
    modalities: Annotated[
        dict[Text, Annotated[Settings, BeforeValidator(lambda given: given or {})]],
        Field(min_length=1, max_length=MOST_MODALITIES),
    ] = Field(description=f"a table of 1 to {MOST_MODALITIES} modalities")
    label: Label = Field(description="a table of keys and values")
    split: Division = Field(Division(), description="a table of keys and values")


class Description(Part):
    """A whole description, with what was left out filled in."""

    title: str
    idea: str
    modalities: tuple[Described, ...]
    label: Label
    split: Division


def read_description(path: Path, mistakes: list[str]) -> Description | None:
    """Read a description; its mistakes are added to ``mistakes``.

    What is wrong is left out, so that the table can be checked against the rest. None where too
    little is left.
    """
    given = _read(path, mistakes)
    if given is None:
        return None
    try:
        written = Written.model_validate(given)
    except ValidationError as error:
        wrong = _wrong_keys(error)
        mistakes += _explained(wrong, given, path.name)
        try:
            written = Written.model_validate(_without(given, wrong))
        except ValidationError:
            return None
    modalities = tuple(
        Described(name=name, **dict(one) | {"gaps": one.gaps or written.gaps})
        for name, one in written.modalities.items()
    )
    return Description(
        title=written.title or path.parent.name,
        idea=written.idea or f"{len(modalities)} kinds of observation, row by row.",
        modalities=modalities,
        label=written.label,
        split=written.split,
    )


def _read(path: Path, mistakes: list[str]) -> dict | None:
    """The file as nested tables, lists and texts; None for a mistake, which is added."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES:,} bytes; data belong in the table")
        text = path.read_text("utf-8-sig")
        if path.suffix == ".json":
            given = json.loads(text, object_pairs_hook=_pairs, **_AS_TEXT)
        else:
            given = yaml.load(text, _Loader)
    except (OSError, UnicodeDecodeError, ValueError, RecursionError, yaml.YAMLError) as error:
        mistakes.append(f"{path.name} cannot be read: {_short(str(error))}")
        return None
    if not isinstance(given, dict):
        mistakes.append(f"{path.name} must be a table of keys and values, got {_shown(given)}")
        return None
    return given


class _Loader(yaml.BaseLoader):
    """Reads YAML as texts, lists and tables; refuses aliases, tags and keys that are there twice.

    A few aliases in one another stand for billions of values.
    """

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.YAMLError(
                f"line {event.start_mark.line + 1} refers to another place (*{event.anchor:.60}); "
                "write it out instead"
            )
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise yaml.YAMLError(f"it is nested more than {MOST_DEPTH} deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        if plain and node.value in ("", "~", "null"):
            return None
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag[18:] not in _TAGS:
            raise yaml.YAMLError(
                f"line {node.start_mark.line + 1} has the tag {node.tag:.60}; leave it out"
            )
        return super().construct_object(node, deep)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [self.construct_object(key, True) for key, _ in node.value]
        for key, (node_of_key, _) in zip(keys, node.value, strict=True):
            if not isinstance(key, str):
                line = node_of_key.start_mark.line + 1
                raise ValueError(f"a key must be text, got {_shown(key)} in line {line}")
        _pairs([(key, None) for key in keys])
        return super().construct_mapping(node, deep)


_TAGS = ("str", "seq", "map")


_AS_TEXT = {"parse_int": str, "parse_float": str, "parse_constant": str}
"""What JSON makes of numbers."""


def _pairs(pairs: list[tuple[str, object]]) -> dict:
    """A table, unless a key is there twice; true and false become texts."""
    found: dict = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{_shown(key)} is there twice")
        found[key] = str(value).lower() if isinstance(value, bool) else value
    return found


def _wrong_keys(error: ValidationError) -> dict[tuple[str, ...], tuple[type[Part], str]]:
    """Path of every key that is wrong -> the part it belongs to, and pydantic's word for it."""
    found: dict = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        path, model = _key(each["loc"])
        found.setdefault(path, (model, each["type"]))
    return found


def _explained(wrong: dict, given: dict, file: str) -> list[str]:
    """A sentence for each key that is wrong; at most ``MOST_MISTAKES``."""
    told = [
        _sentence(path, *what, given, file) for path, what in islice(wrong.items(), MOST_MISTAKES)
    ]
    more = len(wrong) - len(told)
    return [*told, *([f"{file} has {more:,} further mistakes"] if more else [])]


def _without(given: dict, wrong: Iterable[tuple[str, ...]]) -> dict:
    """What was given without the keys that are wrong."""
    rest = deepcopy(given)
    for *above, key in wrong:
        place = rest
        for each in above:
            place = place[each]
        if isinstance(place, dict):
            place.pop(key, None)
    return rest


def _key(loc: tuple[int | str, ...]) -> tuple[tuple[str, ...], type[Part]]:
    """Path of the key that is wrong, and the part that the key belongs to."""
    match loc:
        case ("modalities", name, "[key]", *_):
            return ("modalities", str(name)), Written
        case ("modalities", name, *rest):
            return ("modalities", str(name), *map(str, rest[:1])), Settings
        case (("label" | "split") as part, key, *_):
            return (part, str(key)), {"label": Label, "split": Division}[part]
    return tuple(map(str, loc[:1])), Written


def _sentence(path: tuple[str, ...], model: type[Part], error: str, given: dict, file: str) -> str:
    """One mistake: where it is, what was expected and what came."""
    *above, key = path
    where = f"modality {_shown(above[1])}" if len(above) == 2 else (above or [file])[0]
    value: object = given
    for each in path:
        value = value.get(each) if isinstance(value, dict) else None
    fields = model.model_fields
    if len(path) == 2 and path[0] == "modalities":
        if model is Written:
            return f"modalities: a name must be {TEXT}, got {_shown(key)}"
        return f"modality {_shown(key)} must be a table of keys and values, got {_shown(value)}"
    if error == "extra_forbidden" and key in ("array", "column"):
        return f"{where}: say column or array, not both"
    if error == "extra_forbidden":
        near = get_close_matches(key[:60], fields, n=1)
        meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(fields)}"
        return f"{where}: unknown key {_shown(key)}; {meant}"
    if error == "missing":
        more = "list what the classes are called" if key == "classes" else HELP
        return f"{where}: {key} is missing; {more}"
    expected = fields["array" if key == "column" else key].description
    return f"{where}: {key} must be {expected}, got {_shown(value)}"


def _shown(value: object) -> str:
    """A value in at most 60 characters; nothing here is nested without bound."""
    text = repr(value[:61] if isinstance(value, str | list) else value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _short(text: str) -> str:
    """A reason on one line, in at most 300 characters."""
    line = " ".join(text[:2000].split())
    return line if len(line) <= MOST_LETTERS else f"{line[:MOST_LETTERS]}..."
