"""One observation, large: what can be read off a tile only roughly, with axes and names.

To add a kind: a function in ``LARGE``.

Shapes: L characters, A symbols, P points.
"""

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from explorer.catalog.looks import EXPERT_COLORS, INK
from explorer.drawing.plots.style import SCALE, template

if TYPE_CHECKING:
    from explorer.datasets.modality import Modality

HEIGHT, BAR = 360, 17
"""Of a figure, unless it has many names; of a bar that a name stands beside, in pixels."""

MOST_BARS = 30
"""Bars that names can stand beside; of more attributes the strongest are drawn."""


def plot_observation(modality: "Modality", x: object, *, theme: str = "light") -> go.Figure:
    """Draw one observation of any kind, or what a decoder expects.

    Images as they are; texts, labels and attributes as bars of how likely each is, long texts in
    lines on a ground that says it; vectors as bars from zero; spikes as neurons by bins; a sound as
    frequency by time; a trajectory point by point.

    Parameters
    ----------
    modality
        Says what kind it is of.
    x
        Tensor or array of the modality's shape.

    Raises
    ------
    ValueError
        Another shape than the modality's.
    """
    array = np.asarray(x, dtype=np.float32)
    if array.shape != modality.shape:
        raise ValueError(
            f"an observation of {modality.name!r} must have shape {modality.shape}, "
            f"got {array.shape}"
        )
    figure = LARGE[modality.kind](modality, array, theme)
    height = max(HEIGHT, figure.layout.height or 0)
    return figure.update_layout(template=template(theme), height=height, showlegend=False)


def _image(modality: "Modality", x: np.ndarray, theme: str) -> go.Figure:
    pixels = np.broadcast_to(x.clip(0, 1).transpose(1, 2, 0), (*x.shape[1:], 3)) * 255
    figure = go.Figure(go.Image(z=pixels.round(), hovertemplate="%{x}, %{y}: %{z}<extra></extra>"))
    return _square(figure).update_xaxes(visible=False).update_yaxes(visible=False)


def _text(modality: "Modality", x: np.ndarray, theme: str) -> go.Figure:
    """How likely the likeliest symbol of each place is, and which comes next."""
    shares = x / x.sum(-1, keepdims=True).clip(min=1e-9)  # (L, A)
    second, first = np.argsort(shares, axis=1, kind="stable")[:, -2:].T
    symbols = np.array([escape(symbol) if symbol.strip() else "␣" for symbol in modality.symbols])
    places = np.arange(len(x))
    others = [
        (symbols[a], symbols[b], shares[i, b])
        for i, a, b in zip(places, first, second, strict=True)
    ]
    likely, letters = shares[places, first], symbols[first]
    if len(x) > MOST_BARS:
        return _page(likely, np.where(letters == "␣", " ", letters), others)
    figure = go.Figure(
        go.Bar(
            x=places,
            y=likely,
            text=letters,
            textposition="outside",
            textangle=0,
            cliponaxis=False,
            customdata=others,
            marker={"color": _color(theme)},
            hovertemplate="%{customdata[0]} %{y:.0%}, then %{customdata[1]} "
            "%{customdata[2]:.0%}<extra></extra>",
        )
    )
    figure.update_xaxes(title="place", showgrid=False)
    return figure.update_yaxes(title="likelihood of the letter", range=[0, 1.12], tickformat=".0%")


def _page(likely: np.ndarray, letters: np.ndarray, others: list[tuple]) -> go.Figure:
    """A long text in lines: each letter on a ground that is lighter where it is likelier."""
    from explorer.drawing.tiles import CHARACTERS

    lines = -(-len(likely) // CHARACTERS)
    blank = lines * CHARACTERS - len(likely)
    figure = _heatmap(
        np.append(likely, [np.nan] * blank).reshape(lines, CHARACTERS),
        "%{customdata[0]} %{z:.0%}, then %{customdata[1]} %{customdata[2]:.0%}<extra></extra>",
        title="likelihood of the letter",
        zmin=0,
        zmax=1,
        text=np.append(letters, [""] * blank).reshape(lines, CHARACTERS),
        texttemplate="%{text}",
        textfont={"family": "monospace", "size": 14},
        customdata=[
            (others + [("", "", 0)] * blank)[line * CHARACTERS :][:CHARACTERS]
            for line in range(lines)
        ],
        hoverongaps=False,
    )
    figure.update_traces(colorbar_tickformat=".0%")
    figure.update_xaxes(visible=False)
    return figure.update_yaxes(visible=False, autorange="reversed")


def _vector(modality: "Modality", x: np.ndarray, theme: str) -> go.Figure:
    values = x.ravel()
    figure = go.Figure(
        go.Bar(
            x=[_part(modality, k) for k in range(len(values))],
            y=values,
            marker={"color": _color(theme)},
            hovertemplate="%{x}: %{y:.3g}<extra></extra>",
        )
    )
    return figure.update_yaxes(zeroline=True, zerolinecolor=INK[theme])


def _spikes(modality: "Modality", x: np.ndarray, theme: str) -> go.Figure:
    figure = _heatmap(
        x, "neuron %{y}, bin %{x}: %{z:.2f}<extra></extra>", title="spikes in a bin", zmin=0
    )
    return figure.update_xaxes(title="bin").update_yaxes(title="neuron", autorange="reversed")


def _audio(modality: "Modality", x: np.ndarray, theme: str) -> go.Figure:
    """Frequency by time; bands are equally high and named by their middle."""
    from explorer.datasets.sound import scale_of

    bands, frames = x.shape[1:]
    scale = scale_of(bands, frames)
    figure = _heatmap(
        x[0].clip(0, 1),
        "%{x:.2f} s, %{customdata:.0f} Hz: %{z:.2f}<extra></extra>",
        title="level",
        zmin=0,
        zmax=1,
        x=np.arange(frames) * scale.seconds_a_frame,
        customdata=np.repeat(scale.frequencies[:, None], frames, axis=1),
    )
    named = np.linspace(0, bands - 1, min(bands, 6)).round().astype(int)
    figure.update_yaxes(
        title="frequency, Hz",
        tickvals=named,
        ticktext=[f"{frequency:.0f}" for frequency in scale.frequencies[named]],
    )
    return figure.update_xaxes(title="seconds")


def _trajectory(modality: "Modality", x: np.ndarray, theme: str) -> go.Figure:
    """The line, and its points from dark to light in the order in which the pen passed."""
    order = np.arange(1, x.shape[1] + 1)
    few = len(order) <= MOST_BARS
    figure = go.Figure(
        go.Scatter(
            x=x[0],
            y=x[1],
            mode="lines+markers+text" if few else "lines+markers",
            line={"color": INK[theme], "width": 2, "simplify": False},
            marker={
                "size": 12 if few else 5,
                "color": order,
                "colorscale": SCALE,
                "line": {"color": INK[theme], "width": 1},
            },
            text=order if few else None,
            textposition="top right",
            customdata=order,
            hovertemplate="point %{customdata}: %{x:.2f}, %{y:.2f}<extra></extra>",
        )
    )
    figure.add_annotation(
        x=x[0, 0], y=x[1, 0], text="start", ax=-32, ay=26, arrowcolor=INK[theme], arrowwidth=1
    )
    around = [min(-0.1, x.min() - 0.1), max(1.1, x.max() + 0.1)]
    figure.update_xaxes(range=around, showticklabels=False)
    return _square(figure).update_yaxes(range=around, showticklabels=False)


def _attributes(modality: "Modality", x: np.ndarray, theme: str) -> go.Figure:
    """Named bars, the strongest on top."""
    strongest = np.argsort(-x, kind="stable")[:MOST_BARS][::-1]
    return _shares([_part(modality, k) for k in strongest], x[strongest], theme)


def _label(modality: "Modality", x: np.ndarray, theme: str) -> go.Figure:
    """Named bars in the order of the classes; of many classes, the likeliest."""
    chosen = np.sort(np.argsort(-x, kind="stable")[:MOST_BARS])[::-1]
    return _shares([_part(modality, k) for k in chosen], x[chosen], theme)


def _shares(names: list[str], values: np.ndarray, theme: str) -> go.Figure:
    figure = go.Figure(
        go.Bar(
            x=values,
            y=np.arange(len(names)),
            orientation="h",
            text=[f"{value:.0%}" for value in values],
            textposition="outside",
            cliponaxis=False,
            customdata=names,
            marker={"color": _color(theme)},
            hovertemplate="%{customdata}: %{x:.1%}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 1.12], tickformat=".0%")
    figure.update_layout(height=60 + BAR * len(names))
    return figure.update_yaxes(
        tickvals=np.arange(len(names)), ticktext=names, showgrid=False, tickfont={"size": 12}
    )


LARGE: dict[str, Callable[["Modality", np.ndarray, str], go.Figure]] = {
    "image": _image,
    "text": _text,
    "vector": _vector,
    "spikes": _spikes,
    "audio": _audio,
    "trajectory": _trajectory,
    "attributes": _attributes,
    "label": _label,
}


def _heatmap(z: np.ndarray, hover: str, *, title: str, **options: object) -> go.Figure:
    bar = {"title": {"text": title, "side": "right"}, "thickness": 12, "outlinewidth": 0}
    return go.Figure(
        go.Heatmap(z=z, colorscale=SCALE, hovertemplate=hover, colorbar=bar, **options)
    )


def _square(figure: go.Figure) -> go.Figure:
    """Units of the two axes equally long."""
    return figure.update_yaxes(scaleanchor="x", scaleratio=1).update_xaxes(constrain="domain")


def _part(modality: "Modality", k: int) -> str:
    return escape(modality.parts[k]) if modality.parts else f"{k}"


def _color(theme: str) -> str:
    return EXPERT_COLORS[theme][0]
