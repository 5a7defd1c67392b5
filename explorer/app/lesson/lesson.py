"""A class as data: steps over all pages, checked before anybody sees them.

A class is one YAML file. ``fusion.yaml`` here is the one that comes with the app; a teacher's own
are ``classes/NAME.yaml`` in the data directory, and open with ``/?class=NAME``. Every text is
shown as text, never as markup. :func:`load_lesson` reads one, or says everything that is wrong
with it.
"""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlencode

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import model_validator as validator

from explorer.app import PAGES
from explorer.app.barycenters.lessons import CHALLENGES, PREDICTIONS
from explorer.app.barycenters.state import State, changed, write_link
from explorer.files.sources.directory import data_directory

HERE = Path(__file__).parent
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LARGEST = 100_000
"""Bytes of a class's file, at most."""

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1200, strip_whitespace=True)]
Link = Annotated[str, StringConstraints(max_length=240)]
States = Annotated[dict[Key, Link], Field(max_length=20)]
Page = Literal[tuple(PAGES)]


class LessonError(ValueError):
    """A class that cannot be used; says all that is wrong with it."""


class Strict(BaseModel):
    """Unknown fields are mistakes, and values stay as they were read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(Strict):
    """One answer to a question, and why it is right or wrong."""

    text: Line
    right: bool = False
    why: Text


class Question(Strict):
    """A question with two to five answers, of which one is right."""

    key: Key
    text: Text
    options: Annotated[list[Option], Field(min_length=2, max_length=5)]

    @validator(mode="after")
    def _one_is_right(self):
        return one_right(self)


class Part(Strict):
    """What is looked at together: one text, one state of one page, and what is to be done.

    Parameters
    ----------
    text, why, hints
        What to do; what it shows, once it is done; help on request, one hint after the other.
    page, state
        Where, and the parameters of that page's link.
    tools
        Whether the page keeps all its controls.
    key, options
        Of a prediction: its name in the room's file, and the answers.
    word
        The word that the text defines.
    sketch
        A curve is drawn on page 1 before the fused ones are shown.
    prediction, challenge
        One of page 1's, which then brings text, options and state.
    ticket
        The class's six questions: ``before``, without answers, or ``after``, with them.
    """

    text: Text = ""
    why: Text | None = None
    hints: Annotated[list[Text], Field(max_length=5)] = []
    page: Page = "barycenters"
    state: States = {}
    tools: bool = False
    key: Key | None = None
    options: Annotated[list[Option], Field(max_length=5)] = []
    word: Line | None = None
    sketch: bool = False
    prediction: Literal[tuple(PREDICTIONS)] | None = None
    challenge: Literal[tuple(CHALLENGES)] | None = None
    ticket: Literal["before", "after"] | None = None

    @validator(mode="after")
    def _one_thing_to_do(self):
        asked = {
            "options": bool(self.options),
            "sketch": self.sketch,
            "prediction": self.prediction,
            "challenge": self.challenge,
            "ticket": self.ticket,
        }
        asked = [name for name, given in asked.items() if given]
        if len(asked) > 1:
            raise ValueError(f"has {' and '.join(asked)}; expected at most one of them")
        if self.options:
            if self.key is None:
                raise ValueError("has options; expected a key too, the question's name")
            one_right(self)
        if (self.sketch or self.challenge or self.prediction) and self.page != "barycenters":
            raise ValueError("sketches, predictions and challenges are on the page barycenters")
        if not (self.text or self.prediction or self.challenge):
            raise ValueError("has no text")
        return self


def one_right(asked):
    """``asked``, if exactly one of its options is right."""
    right = sum(option.right for option in asked.options)
    if right != 1:
        raise ValueError(f"has {right} options that are right; expected one (right: true)")
    return asked


class Step(Strict):
    """A step of the class: its name, the minutes planned for it, and its parts in order."""

    key: Key
    title: Line
    minutes: Annotated[int, Field(ge=1, le=120)]
    parts: Annotated[list[Part], Field(min_length=1, max_length=12)]


class Misconception(Strict):
    """What people believe, what is true, and the state of a page that shows it."""

    belief: Line
    truth: Text
    page: Page = "barycenters"
    state: States = {}


class Lesson(Strict):
    """A class: what it needs and gives, its questions, its steps; ``shorter``: what to keep."""

    title: Line
    about: Text = ""
    prerequisites: Annotated[list[Line], Field(max_length=10)] = []
    outcomes: Annotated[list[Line], Field(max_length=10)] = []
    ticket: Annotated[list[Question], Field(max_length=10)] = []
    steps: Annotated[list[Step], Field(min_length=1, max_length=20)]
    misconceptions: Annotated[list[Misconception], Field(max_length=20)] = []
    shorter: Annotated[list[list[int]], Field(max_length=6)] = []

    @validator(mode="after")
    def _names_are_used_once(self):
        steps = [step.key for step in self.steps]
        asked = [p.key for step in self.steps for p in step.parts if p.key]
        for kind, names in (
            ("steps", steps),
            ("questions", asked),
            ("questions of the ticket", [question.key for question in self.ticket]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two {kind} have the key {', '.join(twice)}")
        known = range(1, len(self.steps) + 1)
        if any(step not in known for chosen in self.shorter for step in chosen):
            raise ValueError(f"shorter names steps by their numbers, 1 to {len(self.steps)}")
        if not self.ticket and any(p.ticket for step in self.steps for p in step.parts):
            raise ValueError("a part shows the ticket, and there are no questions under ticket")
        return self

    @property
    def minutes(self) -> int:
        """Minutes planned for all steps."""
        return sum(step.minutes for step in self.steps)


def own_classes() -> Path:
    """The folder of a teacher's own classes."""
    return data_directory() / "classes"


def load_lesson(name: str) -> Lesson:
    """Read a class by its name in ``?class=``.

    Raises
    ------
    LessonError
        There is none of this name, or it has mistakes; all of them are told.
    """
    if not NAME.fullmatch(name):
        raise LessonError(
            "the name of a class is up to 40 small letters, digits, - and _; "
            "the class that comes with the app is fusion"
        )
    shipped, own = HERE / f"{name}.yaml", own_classes() / f"{name}.yaml"
    for file in (shipped, own):
        if file.is_file():
            return read_lesson(file)
    raise LessonError(
        f"there is no class of this name. The one that comes with the app is fusion; "
        f"one of your own is a file {own}"
    )


def read_lesson(file: Path) -> Lesson:
    """Read and check a class's file; raises :class:`LessonError` with every mistake in it."""
    if file.stat().st_size > LARGEST:
        raise LessonError(f"{file.name} is larger than {LARGEST // 1000} kB")
    try:
        text = file.read_text("utf-8")
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise LessonError(f"{file.name} uses a YAML alias (*name); write the text out instead")
        return Lesson.model_validate(fill_in(yaml.safe_load(text)))
    except UnicodeDecodeError:
        raise LessonError(f"{file.name} is not UTF-8 text") from None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "it cannot be read"
        raise LessonError(f"{file.name} is not valid YAML{where}: {why}") from None
    except ValidationError as error:
        raise LessonError(f"{file.name} has mistakes:\n" + "\n".join(mistakes(error))) from None


def mistakes(error: ValidationError) -> list[str]:
    """One line a mistake: where it is, counted from 1 as people do, and what was expected."""
    lines = []
    for each in error.errors(include_url=False, include_input=False)[:30]:
        place = [f"{part + 1}" if isinstance(part, int) else str(part) for part in each["loc"]]
        lines.append(f"- {' '.join(place) or 'the class'}: {each['msg'].lower()}")
    return lines


def fill_in(raw: object) -> object:
    """Bring in the text, answers and state of page 1's predictions and challenges by their keys."""
    try:
        for step in raw["steps"]:
            for part in step["parts"]:
                for kind, known in (("prediction", PREDICTIONS), ("challenge", CHALLENGES)):
                    entry = known.get(part.get(kind))
                    if entry is not None:
                        text = entry.text if kind == "prediction" else entry.task
                        part.setdefault("text", text)
                        part.setdefault("state", write_link(changed(State(), entry.setup)))
                        part.setdefault("key", part[kind])
                        if kind == "challenge":
                            part.setdefault("hints", [entry.hint])
    except (TypeError, KeyError, AttributeError):
        return raw  # of another shape: the models below say where and why
    return raw


def address(page: str, state: dict[str, str], **more: str) -> str:
    """The path and query that open a page of the app in a state."""
    path = "/" if page == next(iter(PAGES)) else f"/{page}"
    query = urlencode({**state, **more}, safe=",;+")
    return f"{path}?{query}" if query else path


def part_link(name: str, lesson: Lesson, step: int, part: int) -> str:
    """The path and query that open a part, both counted from 0, of a class."""
    shown = lesson.steps[step].parts[part]
    position = str(step + 1) + (f".{part + 1}" if part else "")
    return address(shown.page, shown.state, **{"class": name, "step": position})


def for_browser(name: str, lesson: Lesson) -> dict:
    """The class as lesson.js reads it, with page 1's answers filled in."""
    steps = []
    for i, step in enumerate(lesson.steps):
        parts = []
        for j, part in enumerate(step.parts):
            plain = part.model_dump(exclude_defaults=True) | {"page": part.page}
            if part.prediction:
                plain["options"] = [
                    {"text": o.label, "right": o.right, "why": o.why}
                    for o in PREDICTIONS[part.prediction].options
                ]
            parts.append({**plain, "state": part.state, "link": part_link(name, lesson, i, j)})
        steps.append({**step.model_dump(include={"key", "title", "minutes"}), "parts": parts})
    return {
        "name": name,
        "title": lesson.title,
        "ticket": [question.model_dump() for question in lesson.ticket],
        "steps": steps,
    }
