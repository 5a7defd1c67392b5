"""The state of the Generation page: what is asked, in a URL and out of it.

Whatever a URL says becomes a question that can be answered; what could not be used is named in a
notice. Nothing from the URL is ever shown back.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from explorer.catalog.looks import MODEL_LABELS

VIEWS = ("draws", "conflict")
MOST_MODELS = 3
MOST_PILLS = 10
"""Modalities that are chosen side by side; more have a window of their own."""
MOST_DRAWS = 16
MOST_VOTES = 1000
MOST_LETTERS = 2000
"""Of a parameter in a URL that are looked at."""
MOST_SEED = 9999
MOST_TEMPERATURE = 2.0


class About(NamedTuple):
    """What a question may refer to.

    Parameters
    ----------
    data
        The dataset's key.
    modalities
        Name and description of each.
    classes
        What label k is called.
    n_items
        Size of the test split.
    models
        Keys of those that are trained on it.
    n_dimensions
        D, of the model that has most.
    read
        Modalities that a classifier reads; None where it is all of them.
    """

    data: str
    modalities: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    n_items: int
    models: tuple[str, ...]
    n_dimensions: int
    read: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Modalities in dataset order."""
        return tuple(name for name, _ in self.modalities)


@dataclass(frozen=True)
class Question:
    """Everything that decides what the page shows.

    Parameters
    ----------
    view
        One of ``VIEWS``.
    item, given, models
        Which test sample; which of its modalities are observed; which models are asked.
    draws, temperature, seed
        How many, how far from each component's mean, and with what noise.
    whole
        Draw from ``model.posterior`` rather than from ``model.subset_posterior``.
    other, swapped, target, votes
        In a conflict: the contradicting sample, the observed modalities that come from it, the
        modality that is read, and over how many draws sides are counted.
    rank
        Which latent dimension to look at, the most contested first.
    """

    view: str = "draws"
    item: int = 0
    given: tuple[str, ...] = ("m0", "m3")
    models: tuple[str, ...] = ("poe", "mopoe", "mwb")
    draws: int = 8
    temperature: float = 1.0
    seed: int = 0
    whole: bool = False
    other: int = 1
    swapped: tuple[str, ...] = ("m3",)
    target: str = "m1"
    votes: int = 200
    rank: int = 1


DEFAULT = Question()
"""What is asked of PolyDigits; its models come first wherever they are trained."""


def default_question(about: About) -> Question:
    """What is asked where nobody chose: of PolyDigits, ``DEFAULT``.

    Of many modalities the first is asked for, and the one that is the class itself is swapped.
    """
    given = about.names[::3] if len(about.names) <= MOST_PILLS else about.names[1:]
    return Question(
        given=given,
        models=_in_order(
            sorted(about.models, key=lambda key: key not in DEFAULT.models)[:MOST_MODELS],
            about.models,
        ),
        swapped=tuple(name for name in given if name in about.classes) or given[-1:],
        target=targets_of(given, about)[0],
    )


def read_question(
    params: Mapping[str, str], about: About, default: Question | None = None
) -> tuple[Question, list[str]]:
    """The question in a URL's parameters, and a notice for each that was not usable.

    Parameters
    ----------
    params
        Untrusted; parameters that are not a question's are ignored.
    about
        What may be referred to.
    default
        Stands in for what is missing or unusable; by default ``default_question``.
    """
    default = default or default_question(about)
    read: dict[str, object] = {}
    notices = []
    for name, parse in _parsers(about).items():
        if name not in params:
            continue
        try:
            read[name] = parse(params[name][:MOST_LETTERS])
        except ValueError as error:
            notices.append(f"`{name}` in the link must be {error}; the default is used instead.")
    return settle(replace(default, **read), about), notices


def write_question(question: Question, default: Question = DEFAULT) -> dict[str, str]:
    """URL parameters for ``question``: only what differs from ``default``."""
    return {
        f.name: _text(getattr(question, f.name))
        for f in fields(question)
        if getattr(question, f.name) != getattr(default, f.name)
    }


def settle(question: Question, about: About) -> Question:
    """Make the parts of a conflict fit: what is swapped is observed, and some of it is kept."""
    if question.view != "conflict":
        return question
    given = question.given
    if len(given) < 2:
        given = tuple(n for n in about.names if n in given or n == _first_other(given, about))
    swapped = tuple(name for name in given if name in question.swapped)
    if not swapped or len(swapped) == len(given):
        swapped = given[-1:]
    targets = targets_of(given, about)
    target = question.target if question.target in targets else targets[0]
    return replace(question, given=given, swapped=swapped, target=target)


def targets_of(given: Sequence[str], about: About) -> tuple[str, ...]:
    """What is drawn and read: the modalities not observed, or all of them when none is hidden."""
    read = about.names if about.read is None else about.read
    return tuple(name for name in read if name not in given) or read


def _first_other(given: Sequence[str], about: About) -> str:
    return next(name for name in about.names if name not in given)


def _parsers(about: About) -> dict[str, Callable[[str], object]]:
    return {
        "view": _one_of(VIEWS),
        "item": _whole_number(0, about.n_items - 1),
        "given": _some_of(about.names, len(about.names)),
        "models": _models(about),
        "draws": _whole_number(1, MOST_DRAWS),
        "temperature": _number(0.0, MOST_TEMPERATURE),
        "seed": _whole_number(0, MOST_SEED),
        "whole": lambda text: _one_of(("0", "1"))(text) == "1",
        "other": _whole_number(0, about.n_items - 1),
        "swapped": _some_of(about.names, len(about.names)),
        "target": _one_of(about.names),
        "votes": _whole_number(50, MOST_VOTES),
        "rank": _whole_number(1, about.n_dimensions),
    }


def _one_of(options: Sequence[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in options:
            raise ValueError(f"one of {', '.join(options)}")
        return text

    return parse


def _some_of(options: Sequence[str], most: int) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        chosen = text.split(",")
        if not set(chosen) <= set(options) or not 1 <= len(set(chosen)) <= most:
            raise ValueError(f"1 to {most} of {', '.join(options)}, separated by commas")
        return _in_order(chosen, options)

    return parse


def _models(about: About) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        chosen = set(text.split(","))
        for key in MODEL_LABELS:
            if key in chosen and key not in about.models:
                raise ValueError(
                    f"of models that are trained, and {key} is not; train it with python -m "
                    f"explorer train --dataset {about.data} --model {key} --minutes 4"
                )
        if not chosen <= set(about.models) or len(chosen) > MOST_MODELS:
            raise ValueError(
                f"1 to {MOST_MODELS} keys of models that are trained, separated by commas"
            )
        return _in_order(chosen, about.models)

    return parse


def _in_order(chosen: Collection[str], options: Sequence[str]) -> tuple[str, ...]:
    return tuple(option for option in options if option in chosen)


def _whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g}")
        return round(value, 2)

    return parse


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, bool | int | float) else value
