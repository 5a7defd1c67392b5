"""The state of page 1 as a link, as what the browser sends, and as Python code.

To add to the state: a field of ``State`` and an entry in ``FIELDS``, which says how
:mod:`explorer.app.links` reads and bounds it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from explorer.app.links import (
    Field,
    amend,
    choice,
    flag,
    number,
    optional,
    read,
    rows,
    some,
    together,
    whole,
    write,
)
from explorer.catalog.looks import LABELS
from explorer.densities import GEODESICS, Expert


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


_RULES = tuple(LABELS)
IMAGES = ("poe", "logpool", "moe", "mopoe", "wb", "mwb", "moments", "holder")
"""Rules that the plane draws as an image: those that covariances leave no choice in."""
_WEIGHT = number(0.05, 1)
_EXPERT = together((number(-9, 9), number(0.1, 8), _WEIGHT), Expert, least=2)
_ELLIPSE = together(
    (number(-6, 6), number(-6, 6), number(0.2, 5), number(0.2, 5), number(-180, 180), _WEIGHT),
    Ellipse,
    least=5,
)

FIELDS: tuple[Field, ...] = tuple(
    Field(name, kind, State._field_defaults[name], parameter)
    for name, parameter, kind in (
        ("tab", "t", choice(("line", "plane"))),
        (
            "experts",
            "e",
            rows(_EXPERT, 2, 5, '2 to 5 experts, each "mean,sd,weight", joined by semicolons'),
        ),
        ("curves", "c", some(_RULES)),
        ("view", "l", choice(("density", "log"))),
        ("prior", "p", flag()),
        ("step", "k", whole(0, 5)),
        ("dial", "a", optional(number(-6, 6))),
        ("path", "g", optional(together((choice(tuple(GEODESICS)), number(0, 1))))),
        ("rug", "r", flag()),
        (
            "ellipses",
            "f",
            rows(
                _ELLIPSE,
                2,
                5,
                '2 to 5 ellipses, each "x,y,sd,sd,degrees,weight", joined by semicolons',
            ),
        ),
        ("image", "i", choice(IMAGES)),
    )
)


def read_link(query: Mapping[str, str]) -> tuple[State, list[str]]:
    """Read a state from URL parameters, and a notice for each part that was not usable.

    >>> state, notices = read_link({"e": "-1,1;2,0.5,0.3", "l": "sideways"})
    >>> state.experts
    (Expert(mean=-1.0, std=1.0, weight=1.0), Expert(mean=2.0, std=0.5, weight=0.3))
    >>> notices
    ['`l` in the link must be one of density, log; the default is used instead.']
    """
    values, notices = read(FIELDS, query)
    return State(**values), notices


def write_link(state: State) -> dict[str, str]:
    """Put a state into URL parameters; what is at its default is left out."""
    return write(FIELDS, state._asdict())


def changed(state: State, message: Any) -> State:
    """``state`` with what can be used of a message from the browser, or of a lesson's setup."""
    return State(**amend(FIELDS, state._asdict(), message))


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
