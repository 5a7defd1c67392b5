"""The state of page 1 as a link, as what the browser sends, and as Python code.

Everything that comes from outside is read by one function per field, which returns a value within
its limits or raises ``ValueError``; a field that does not read falls back to its default and
leaves a notice. To add to the state: a field of ``State`` and an entry in ``FIELDS``.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from explorer.catalog.looks import LABELS
from explorer.densities import GEODESICS, Expert

LONGEST = 240
"""Characters of one URL parameter that are looked at, at most."""


class Ellipse(NamedTuple):
    """A Gaussian in the plane: mean, standard deviations along its axes, angle in degrees."""

    x: float
    y: float
    a: float
    b: float
    angle: float
    weight: float = 1.0


class State(NamedTuple):
    """All that page 1 shows."""

    tab: str = "line"
    experts: tuple[Expert, ...] = (Expert(-3.0, 0.8), Expert(3.0, 1.6))
    curves: tuple[str, ...] = ("poe", "moe", "wb")
    view: str = "density"
    prior: bool = False
    step: int = 0
    dial: float | None = None
    path: tuple[str, float] | None = None
    rug: bool = False
    ellipses: tuple[Ellipse, ...] = (Ellipse(0, 0, 2.4, 0.5, 45), Ellipse(0, 0, 2.4, 0.5, -45))
    image: str = "moe"


class Field(NamedTuple):
    """One field of the state: its URL parameter, and how it is read from and put in a link."""

    parameter: str
    expected: str
    read: Callable[[Any], Any]
    """From plain JSON values, as the browser sends them; clamps numbers, raises on nonsense."""
    split: Callable[[str], Any]
    """From the text of a URL parameter to what ``read`` takes."""
    join: Callable[[Any], str]


def _number(value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected a number, got {type(value).__name__}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return round(min(max(number, low), high), 4)


def _rows(kind: type, limits: tuple[tuple[float, float], ...]) -> Callable[[Any], tuple]:
    def read(rows: Any) -> tuple:
        rows = list(rows)
        if not 2 <= len(rows) <= 5:
            raise ValueError(f"expected 2 to 5 experts, got {len(rows)}")
        full = len(limits)
        if any(len(row) not in (full - 1, full) for row in rows):
            raise ValueError(f"expected {full - 1} or {full} numbers per expert")
        return tuple(
            kind(*(_number(v, *limit) for v, limit in zip(row, limits, strict=False)))
            for row in rows
        )

    return read


def _choice(options: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in options:
            raise ValueError(f"expected one of {', '.join(options)}")
        return value

    return read


def _curves(values: Any) -> tuple[str, ...]:
    chosen = {_choice(tuple(LABELS))(value) for value in values}
    return tuple(key for key in LABELS if key in chosen)


def _path(value: Any) -> tuple[str, float] | None:
    if value is None:
        return None
    kind, t = value
    return _choice(tuple(GEODESICS))(kind), _number(t, 0, 1)


def _flag(value: Any) -> bool:
    if value not in (True, False, "1", "0"):
        raise ValueError("expected 1 or 0")
    return value in (True, "1")


def _join_rows(rows: tuple) -> str:
    return ";".join(",".join(f"{value:g}" for value in row) for row in rows)


def _split_rows(text: str) -> list[list[str]]:
    return [row.split(",") for row in text.split(";")]


_RULES = tuple(LABELS)
_WEIGHT = (0.05, 1.0)
_EXPERT = ((-9, 9), (0.1, 8), _WEIGHT)
_ELLIPSE = ((-6, 6), (-6, 6), (0.2, 5), (0.2, 5), (-180, 180), _WEIGHT)

FIELDS: dict[str, Field] = {
    "tab": Field("t", "line or plane", _choice(("line", "plane")), str, str),
    "experts": Field(
        "e",
        '2 to 5 experts, each "mean,sd,weight", joined by semicolons',
        _rows(Expert, _EXPERT),
        _split_rows,
        _join_rows,
    ),
    "curves": Field(
        "c",
        "rules joined by commas, of " + ", ".join(_RULES),
        _curves,
        lambda text: [key for key in text.split(",") if key],
        ",".join,
    ),
    "view": Field("l", "density or log", _choice(("density", "log")), str, str),
    "prior": Field("p", "1 or 0", _flag, str, lambda value: str(int(value))),
    "step": Field("k", "0 to 5", lambda v: int(_number(v, 0, 5)), str, str),
    "dial": Field(
        "a",
        "a number from -6 to 6",
        lambda v: None if v is None else _number(v, -6, 6),
        str,
        lambda value: f"{value:g}",
    ),
    "path": Field(
        "g",
        "mixing, geometric or displacement, then a number from 0 to 1",
        _path,
        lambda text: text.split(","),
        lambda value: f"{value[0]},{value[1]:g}",
    ),
    "rug": Field("r", "1 or 0", _flag, str, lambda value: str(int(value))),
    "ellipses": Field(
        "f",
        '2 to 5 ellipses, each "x,y,sd,sd,degrees,weight", joined by semicolons',
        _rows(Ellipse, _ELLIPSE),
        _split_rows,
        _join_rows,
    ),
    "image": Field("i", "one of " + ", ".join(_RULES), _choice(_RULES), str, str),
}


def read_link(query: Mapping[str, str]) -> tuple[State, list[str]]:
    """Read a state from URL parameters; what does not read is left at its default, with a notice.

    The notices name the parameter and what was expected, never the text that came.

    >>> state, notices = read_link({"e": "-1,1;2,0.5,0.3", "l": "sideways"})
    >>> state.experts
    (Expert(mean=-1.0, std=1.0, weight=1.0), Expert(mean=2.0, std=0.5, weight=0.3))
    >>> notices
    ['The part "l" of the link was not understood and is ignored: expected density or log.']
    """
    values, notices = {}, []
    for name, field in FIELDS.items():
        text = query.get(field.parameter)
        if text is None:
            continue
        try:
            if len(text) > LONGEST:
                raise ValueError("too long")
            values[name] = field.read(field.split(text))
        except (ValueError, TypeError):
            notices.append(
                f'The part "{field.parameter}" of the link was not understood and is ignored: '
                f"expected {field.expected}."
            )
    return State(**values), notices


def write_link(state: State) -> dict[str, str]:
    """Put a state into URL parameters, shortest first view: what is at its default is left out."""
    return {
        field.parameter: field.join(getattr(state, name))
        for name, field in FIELDS.items()
        if name == "experts" or getattr(state, name) != State._field_defaults[name]
    }


def read_browser(message: Any) -> State:
    """Check what the browser sent on release and bring it within limits.

    Raises
    ------
    ValueError
        It is not the state of page 1.
    """
    if not isinstance(message, Mapping) or set(message) != set(FIELDS):
        raise ValueError(f"expected a state with {', '.join(FIELDS)}")
    try:
        return State(**{name: field.read(message[name]) for name, field in FIELDS.items()})
    except TypeError as error:
        raise ValueError(f"the browser sent a state of the wrong shape: {error}") from error


def snippet(state: State) -> str:
    """Write Python code that computes and draws what page 1 shows, on top of the library."""
    return (_plane_snippet if state.tab == "plane" else _line_snippet)(state)


def _line_snippet(state: State) -> str:
    experts = state.experts[: state.step or None]
    listed = ",\n    ".join(f"Expert({e.mean:g}, {e.std:g}, weight={e.weight:g})" for e in experts)
    extra = ""
    if state.dial is not None:
        extra += (
            f"\ncurves['power mean {state.dial:g}'] = "
            f"densities.power_mean(log_p, w, x, exponent={state.dial:g})"
        )
    if state.path is not None:
        kind, t = state.path
        extra += (
            f"\ncurves['{kind} {t:g}'] = densities.geodesic('{kind}', log_p[0], log_p[1], x, {t:g})"
        )
    y = "log_q" if state.view == "log" else "np.exp(log_q)"
    return f"""\
import numpy as np
import plotly.graph_objects as go

from explorer import densities
from explorer.app.barycenters.state import Expert
from explorer.playground import fuse, grid, log_density, scores

experts = [
    {listed},
]
x = grid(experts)
log_p = densities.log_normal(x, [e.mean for e in experts], [e.std for e in experts])
w = np.array([e.weight for e in experts]) / sum(e.weight for e in experts)

fused = fuse(experts, prior={state.prior})
curves = {{key: log_density(fused[key], x) for key in {list(state.curves)}}}{extra}

figure = go.Figure()
for key, log_q in curves.items():
    figure.add_scatter(x=x, y={y}, name=key, line_simplify=False)
figure.update_xaxes(range=[-10, 10])

for key, row in scores(experts, prior={state.prior}).items():
    print(key, row)
figure
"""


def _plane_snippet(state: State) -> str:
    rows = ",\n    ".join(
        f"({e.x:g}, {e.y:g}, {e.a:g}, {e.b:g}, {e.angle:g}, {e.weight:g})" for e in state.ellipses
    )
    return f"""\
import math

import torch

from explorer.barycenters import bures_wasserstein_barycenter
from explorer.playground import ellipse_covariance

# x, y, standard deviations along the axes, angle in degrees, weight
experts = [
    {rows},
]
means = torch.tensor([e[:2] for e in experts], dtype=torch.float64)
covs = torch.stack([ellipse_covariance(a, b, math.radians(t)) for _, _, a, b, t, _ in experts])
w = torch.tensor([e[5] for e in experts], dtype=torch.float64)
w = w / w.sum()

precision = torch.einsum("m,mij->ij", w, covs.inverse())
geometric_mean = precision.inverse()
mean, wasserstein = bures_wasserstein_barycenter(means, covs, w)
shortcut = (w @ covs.diagonal(dim1=1, dim2=2).sqrt()).square().diag()
print("geometric mean", geometric_mean)
print("Wasserstein", mean, wasserstein)
print("diagonal shortcut", shortcut)
"""
