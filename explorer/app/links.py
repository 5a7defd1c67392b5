"""The one codec between what a page shows, its link, and what a browser component sends.

A page lists its state once, as fields: a name, a kind, a default. The kind knows how a value is
read from the text of a URL parameter and from a component's JSON, how it is brought within its
bounds, and how it is written. Everything else follows from the list::

    FIELDS = (
        Field("mode", choice(("explore", "predict")), "explore"),
        Field("seed", whole(0, 9999), 0),
        Field("given", some(("m0", "m1", "m2"), least=1), ("m0",)),
    )

- :func:`read` a link, :func:`write` one, :func:`amend` values by what a component sent. None of
  them raises for what a visitor can send: what does not fit is left at its default (or as it was)
  and, in a link, named in a notice that never repeats the text that came.
- :func:`arrive` at the top of a page gives its values: those of the link where the link is new,
  else those that this visit left. :func:`remember` at the end keeps them, here and in the address
  bar. A field whose options depend on the dataset is listed anew for each dataset; a value that the
  new dataset does not have falls back to the default.
- Where a field is one widget, :func:`bind` before the widgets and :func:`keep` after them do both.
  The widget's key is ``f"{page}_{field}"``; give it no ``value``, ``index`` or ``default``.
- ``hide`` in a link names controls that a page leaves out, for a teacher's link: add
  ``hiding(("seed", "table"))`` to the list, and ask ``"seed" in values["hide"]``.

To put more of a page into its link, add a field. To add a kind, write a function that returns a
:class:`Kind`, and give it a line in ``tests/app/test_links.py``.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import streamlit as st

LONGEST = 2000
"""Longest URL parameter that is read, in characters."""

LISTED = 12
"""Options that a notice lists; of more it says how many there are."""

NONSENSE = (ValueError, TypeError, OverflowError, RecursionError)
"""What reading a value raises when it is not of its kind."""


class Kind(NamedTuple):
    """How the values of a field are read, bounded and written.

    Parameters
    ----------
    expected
        What a notice says that was expected.
    parse
        From plain JSON, or from what ``split`` returns, to a value; raises one of ``NONSENSE``.
        It accepts its own results.
    clamp
        The nearest value within bounds.
    split, join
        From the text of a URL parameter to what ``parse`` takes; from a value to that text.
    plan
        The same as plain JSON, for ``links.js``, which reads links where there is no Python.
    """

    expected: str
    parse: Callable[[Any], Any]
    clamp: Callable[[Any], Any] = lambda value: value
    split: Callable[[str], Any] = str
    join: Callable[[Any], str] = str
    plan: Mapping[str, Any] = {}


class Field(NamedTuple):
    """One part of a page's state; ``parameter`` is its name in the URL where that is another."""

    name: str
    kind: Kind
    default: Any
    parameter: str = ""

    @property
    def key(self) -> str:
        """Its name in the URL."""
        return self.parameter or self.name


# ---- kinds


def choice(options: Collection[str], expected: str = "") -> Kind:
    """One of some words."""

    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in options:
            raise ValueError("not one of the options")
        return value

    said = expected or f"one of {_listed(options)}"
    return Kind(said, parse, plan={"kind": "choice", "options": list(options)})


def some(
    options: Sequence[str],
    least: int = 0,
    most: int | None = None,
    separator: str = ",",
    expected: str = "",
) -> Kind:
    """``least`` to ``most`` of some words, as a tuple in the order of ``options``."""
    most = len(options) if most is None else most

    def parse(values: Any) -> tuple[str, ...]:
        if not isinstance(values, list | tuple) or not set(values) <= set(options):
            raise ValueError("not a list of options")
        if not least <= len(set(values)) <= most:
            raise ValueError("too few or too many")
        return tuple(option for option in options if option in values)

    def split(text: str) -> list[str]:
        if separator == "+":  # a + that was typed by hand arrives as a space
            text = text.replace(" ", "+")
        return [part for part in text.split(separator) if part]

    count = f"{least} to {most}" if most != least else str(most)
    said = expected or f"{count} of {_listed(options)}, joined by {separator!r}"
    plan = {"kind": "some", "options": list(options), "least": least, "most": most}
    plan |= {"separator": separator}
    return Kind(said, parse, split=split, join=separator.join, plan=plan)


def whole(low: int, high: int) -> Kind:
    """A whole number."""

    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError("not a number")
        if isinstance(value, str) and not value.removeprefix("-").isdecimal():
            raise ValueError("not a whole number")
        if int(value) != value and not isinstance(value, str):
            raise ValueError("not a whole number")
        return int(value)

    said = f"a whole number from {low} to {high}"
    plan = {"kind": "whole", "low": low, "high": high}
    return Kind(said, parse, _between(low, high), plan=plan)


def number(low: float, high: float, digits: int = 4) -> Kind:
    """A finite number, rounded to some digits after the point."""

    def parse(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError("not a number")
        if not math.isfinite(found := float(value)):
            raise ValueError("not finite")
        return round(found, digits)

    said = f"a number from {low:g} to {high:g}"
    plan = {"kind": "number", "low": low, "high": high, "digits": digits}
    return Kind(said, parse, _between(low, high), join=lambda x: f"{x:.10g}", plan=plan)


def flag() -> Kind:
    """Yes or no; 1 or 0 in a link."""

    def parse(value: Any) -> bool:
        if not isinstance(value, bool) and value not in ("1", "0"):
            raise ValueError("neither 1 nor 0")
        return value in (True, "1")

    return Kind("1 or 0", parse, join=lambda value: str(int(value)), plan={"kind": "flag"})


def optional(kind: Kind, word: str = "none") -> Kind:
    """A value of a kind, or None, which a link writes as ``word``."""
    return Kind(
        f"{kind.expected}, or {word}",
        lambda value: None if value is None else kind.parse(value),
        lambda value: None if value is None else kind.clamp(value),
        lambda text: None if text == word else kind.split(text),
        lambda value: word if value is None else kind.join(value),
        {"kind": "optional", "of": kind.plan, "word": word},
    )


def together(kinds: Sequence[Kind], build: Callable[..., tuple] = lambda *x: x, least=0) -> Kind:
    """Values of several kinds, joined by commas.

    Parameters
    ----------
    kinds
        In their order.
    build
        Makes the value, a tuple, of them.
    least
        How many must be given, all by default; ``build`` has defaults for the others.
    """
    least = least or len(kinds)

    def parse(values: Any) -> tuple:
        if not isinstance(values, list | tuple) or not least <= len(values) <= len(kinds):
            raise ValueError("too few or too many values")
        return build(*(kind.parse(v) for kind, v in zip(kinds, values, strict=False)))

    def clamp(values: tuple) -> tuple:
        return build(*(kind.clamp(v) for kind, v in zip(kinds, values, strict=True)))

    def join(values: tuple) -> str:
        return ",".join(kind.join(v) for kind, v in zip(kinds, values, strict=True))

    said = ", then ".join(kind.expected for kind in kinds)
    defaults = getattr(build, "_field_defaults", {})
    plan = {"kind": "together", "of": [kind.plan for kind in kinds], "least": least}
    plan |= {"defaults": [defaults.get(name) for name in getattr(build, "_fields", ())]}
    return Kind(said, parse, clamp, lambda text: text.split(","), join, plan)


def rows(kind: Kind, least: int, most: int, expected: str) -> Kind:
    """``least`` to ``most`` values of a kind of :func:`together`, joined by semicolons."""

    def parse(values: Any) -> tuple:
        if not isinstance(values, list | tuple) or not least <= len(values) <= most:
            raise ValueError("too few or too many")
        return tuple(kind.parse(value) for value in values)

    return Kind(
        expected,
        parse,
        lambda values: tuple(kind.clamp(value) for value in values),
        lambda text: [kind.split(row) for row in text.split(";")],
        lambda values: ";".join(kind.join(value) for value in values),
        {"kind": "rows", "of": kind.plan, "least": least, "most": most},
    )


def hiding(controls: Sequence[str]) -> Field:
    """The field ``hide``: which of a page's ``controls`` a teacher's link leaves out."""
    return Field("hide", some(controls), ())


def plans(fields: Sequence[Field]) -> list[dict[str, Any]]:
    """The fields as plain JSON, for ``links.js``: name, parameter, default and kind of each."""
    return [
        {"name": f.name, "parameter": f.key, "default": f.default, "kind": f.kind.plan}
        for f in fields
    ]


# ---- links and messages


def read(fields: Sequence[Field], query: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The values in URL parameters, and a notice for each that was not usable.

    >>> fields = [Field("seed", whole(0, 99), 0), Field("view", choice(("a", "b")), "a")]
    >>> values, notices = read(fields, {"seed": "120", "view": "<b>"})
    >>> values
    {'seed': 99, 'view': 'a'}
    >>> for notice in notices:
    ...     print(notice)
    `seed` in the link must be a whole number from 0 to 99; the nearest limit is used instead.
    `view` in the link must be one of a, b; the default is used instead.
    """
    values, notices = {}, []
    for field in fields:
        values[field.name] = field.default
        text = query.get(field.key)
        if text is None:
            continue
        instead = ""
        try:
            if len(text) > LONGEST:
                raise ValueError("too long")
            found = field.kind.parse(field.kind.split(text))
            values[field.name] = field.kind.clamp(found)
            if values[field.name] != found:
                instead = "the nearest limit"
        except NONSENSE:
            instead = "the default"
        if instead:
            notices.append(
                f"`{field.key}` in the link must be {field.kind.expected}; "
                f"{instead} is used instead."
            )
    return values, notices


def write(fields: Sequence[Field], values: Mapping[str, Any]) -> dict[str, str]:
    """URL parameters for ``values``; what is at its default is left out."""
    return {
        field.key: field.kind.join(values[field.name])
        for field in fields
        if values[field.name] != field.default
    }


def amend(fields: Sequence[Field], values: Mapping[str, Any], message: Any) -> dict[str, Any]:
    """``values`` with what can be used of a message; the rest stays as it was.

    The message is a mapping from names of fields to plain JSON, as a browser component sends it;
    anything else changes nothing.

    >>> amend([Field("seed", whole(0, 99), 0)], {"seed": 7}, {"seed": [10**400], "more": 1})
    {'seed': 7}
    """
    found = dict(values)
    if isinstance(message, Mapping):
        for field in fields:
            if field.name in message:
                try:
                    found[field.name] = field.kind.clamp(field.kind.parse(message[field.name]))
                except NONSENSE:
                    continue
    return found


# ---- a visit


class Arrival(NamedTuple):
    """What a page starts from.

    Parameters
    ----------
    values
        By name of field.
    notices
        What of the link was not usable.
    new
        Whether the values are other than those that this visit left on the page.
    """

    values: dict[str, Any]
    notices: list[str]
    new: bool


class _Kept(NamedTuple):
    link: dict[str, str]
    values: dict[str, Any]
    about: str


def arrive(
    page: str, fields: Sequence[Field], about: str = "", carry: Collection[str] = ()
) -> Arrival:
    """Values for a page: the link's where it is new to this visit, else those it left here.

    Parameters
    ----------
    page
        Its name, the same in :func:`remember`.
    fields
        Its state.
    about
        What the values are of, such as a dataset; of another one, the visit starts from the
        defaults.
    carry
        Names of fields whose values go along to another ``about``.
    """
    link = {f.key: st.query_params[f.key] for f in fields if f.key in st.query_params}
    kept = st.session_state.get(f"link of {page}")
    if kept is None or (link and link != kept.link):
        return Arrival(*read(fields, link), True)
    other = kept.about != about
    values = {k: v for k, v in kept.values.items() if not other or k in carry}
    return Arrival(amend(fields, {f.name: f.default for f in fields}, values), [], other)


def remember(
    page: str, fields: Sequence[Field], values: Mapping[str, Any], about: str = ""
) -> None:
    """Keep a page's values for this visit and in the address bar; other parameters stay."""
    link, ours = write(fields, values), {field.name: values[field.name] for field in fields}
    st.session_state[f"link of {page}"] = _Kept(link, ours, about)
    now = st.query_params.to_dict()
    keys = {field.key for field in fields}
    wanted = {key: text for key, text in now.items() if key not in keys} | link
    if wanted != now:
        st.query_params.from_dict(wanted)


def bind(
    page: str, fields: Sequence[Field], about: str = "", carry: Collection[str] = ()
) -> dict[str, Any]:
    """Before the widgets of a page: set each key ``f"{page}_{field}"``, warn of a bad link."""
    values, notices, new = arrive(page, fields, about, carry)
    for field in fields:
        key = f"{page}_{field.name}"
        if not new and key in st.session_state:
            values |= amend([field], values, {field.name: st.session_state[key]})
        value = values[field.name]
        st.session_state[key] = list(value) if isinstance(value, tuple) else value
    for notice in notices:
        st.warning(notice)
    return values


def keep(page: str, fields: Sequence[Field], about: str = "") -> dict[str, Any]:
    """After the widgets of a page: what they say now, kept and put into the address bar."""
    said = {f.name: st.session_state.get(f"{page}_{f.name}", f.default) for f in fields}
    values = amend(fields, {field.name: field.default for field in fields}, said)
    remember(page, fields, values, about)
    return values


def _between(low: float, high: float) -> Callable[[Any], Any]:
    return lambda value: min(max(value, low), high)


def _listed(options: Collection[str]) -> str:
    shown = list(options)[:LISTED]
    more = len(options) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
