"""Densities, training curves and grids of images and other observations.

Shapes: N images, C channels, H and W their size.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from explorer.catalog.looks import BACKGROUNDS, EXPERT_COLORS, LABELS
from explorer.drawing.plots.style import SCALE, look, template

if TYPE_CHECKING:
    from explorer.datasets.modality import Modality


def plot_densities(
    x: Sequence[float],
    fused: Mapping[str, Sequence[float]],
    *,
    experts: Sequence[Sequence[float]] = (),
    logarithm: bool = False,
    theme: str = "light",
) -> go.Figure:
    """Curves of 1-D densities, experts filled and muted behind them.

    Parameters
    ----------
    x
        The grid, ``(N,)``.
    fused
        Aggregation key, or any other label, to log density ``(N,)``.
    experts
        Log densities of the experts.
    logarithm
        Draw log densities: the tails that decide what zero forcing does. Cut 60 nats below the top.
    """

    def drawn(log_density: Sequence[float]) -> np.ndarray:
        return np.asarray(log_density) if logarithm else np.exp(log_density)

    figure = go.Figure()
    for number, log_density in enumerate(experts, start=1):
        color = EXPERT_COLORS[theme][(number - 1) % len(EXPERT_COLORS[theme])]
        figure.add_scatter(
            x=x,
            y=drawn(log_density),
            name=f"expert {number}",
            mode="lines",
            line={"color": color, "width": 1, "simplify": False},
            fill=None if logarithm else "tozeroy",
            fillcolor=color + "2e",
        )
    others = [label for label in fused if label not in LABELS]
    shades = sample_colorscale(SCALE, np.linspace(0.1, 0.8, len(others))) if others else []
    own = {label: {"color": shade, "width": 2} for label, shade in zip(others, shades, strict=True)}
    for label, log_density in fused.items():
        line = (own.get(label) or look(label, theme)["line"]) | {"simplify": False}
        name = LABELS.get(label, label)
        figure.add_scatter(x=x, y=drawn(log_density), name=name, mode="lines", line=line)
    figure.update_xaxes(title="z")
    figure.update_yaxes(title="log density" if logarithm else "density")
    if logarithm:
        top = max(np.max(curve) for curve in (*experts, *fused.values()))
        figure.update_yaxes(range=[top - 60, top + 2])
    return figure.update_layout(template=template(theme), height=360)


def plot_training_curves(
    history: Sequence[tuple[int, Mapping[str, float]]], *, theme: str = "light"
) -> go.Figure:
    """Loss terms over steps, in nats per sample, one panel a term.

    Parameters
    ----------
    history
        (step, loss terms) as ``explorer.training.train`` hands to ``on_step``.
    """
    steps = [step for step, _ in history]
    terms = list(history[0][1])
    colors = EXPERT_COLORS[theme]
    figure = make_subplots(cols=len(terms), subplot_titles=terms)
    for column, term in enumerate(terms, start=1):
        figure.add_scatter(
            x=steps,
            y=[losses[term] for _, losses in history],
            mode="lines",
            name=term,
            line={"color": colors[(column - 1) % len(colors)], "width": 2},
            hovertemplate="step %{x}: %{y:.1f} nats<extra></extra>",
            row=1,
            col=column,
        )
    figure.update_xaxes(title="step")
    figure.update_yaxes(title="nats", col=1)
    return figure.update_layout(template=template(theme), height=320, showlegend=False)


def plot_images(
    rows: Mapping[str, object], *, columns: Sequence[str] | None = None, theme: str = "light"
) -> go.Figure:
    """Draw a grid of images, one labelled row an entry.

    Parameters
    ----------
    rows
        Label to images, tensor or array ``(N, C, H, W)`` in [0, 1] (values outside are clipped),
        C 1 or 3, the same H and W everywhere. Shorter rows end early.
    columns
        Labels of the columns.
    """
    here = {label: row.cpu() if hasattr(row, "cpu") else row for label, row in rows.items()}
    images = {label: np.asarray(row, dtype=np.float32) for label, row in here.items()}
    sizes = {array.shape[-2:] for array in images.values()}
    if len(sizes) != 1 or any(array.ndim != 4 for array in images.values()):
        shapes = {label: array.shape for label, array in images.items()}
        raise ValueError(f"rows must be images (N, C, H, W) of one size, got {shapes}")
    pixels = {
        label: (array.clip(0, 1) * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
        for label, array in images.items()
    }
    return _grid(pixels, columns, theme)


def plot_observations(
    modality: "Modality",
    rows: Mapping[str, object],
    *,
    columns: Sequence[str] | None = None,
    theme: str = "light",
) -> go.Figure:
    """Draw a grid of observations of any kind, one labelled row an entry.

    Texts are pale where they are unsure; spikes are neurons by bins, lighter for higher rates.

    Parameters
    ----------
    modality
        Says what kind they are of.
    rows
        Label to observations, or what a decoder expects, ``(N, *shape)``. Shorter rows end early.
    columns
        Labels of the columns.
    """
    # here, so that pages of curves and tables do not wait for torch
    from explorer.drawing.tiles import pictures

    return _grid({label: pictures(modality, x) for label, x in rows.items()}, columns, theme)


def _grid(rows: Mapping[str, np.ndarray], columns: Sequence[str] | None, theme: str) -> go.Figure:
    """Tiles of one size, label to uint8 ``(N, H, W, 1 or 3)``, row by row."""
    height, width = next(iter(rows.values())).shape[1:3]
    gap = max(2, height // 14)
    longest = max(map(len, rows.values()))
    background = [int(BACKGROUNDS[theme][0][i : i + 2], 16) for i in (1, 3, 5)]
    shape = (len(rows) * (height + gap), longest * (width + gap), 3)
    canvas = np.tile(np.array(background, dtype=np.uint8), (*shape[:2], 1))
    for r, tiles in enumerate(rows.values()):
        for c, tile in enumerate(tiles):
            top, left = r * (height + gap), c * (width + gap)
            canvas[top : top + height, left : left + width] = tile
    figure = go.Figure(go.Image(source=_data_url(canvas), hoverinfo="skip"))
    figure.update_xaxes(
        tickvals=[c * (width + gap) + width / 2 for c in range(longest)],
        ticktext=list(columns) if columns is not None else [""] * longest,
        side="top",
    )
    figure.update_yaxes(
        tickvals=[r * (height + gap) + height / 2 for r in range(len(rows))],
        ticktext=list(rows),
    )
    figure.update_xaxes(showgrid=False, fixedrange=True)
    figure.update_yaxes(showgrid=False, fixedrange=True)
    row = 56 if width <= height * 1.5 else 34
    return figure.update_layout(template=template(theme), height=50 + row * len(rows))


def _data_url(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
