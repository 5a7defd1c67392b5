"""Figures: ``plot_*(...) -> plotly Figure``, for pages and notebooks alike.

A model has one color, dash and symbol everywhere (``explorer.palette``, ``SYMBOLS``). Figures come
in two themes; their background is the page's. An estimate is ``(value, low, high)``: a number and
its interval.

Shapes: N images, C channels, H and W their size.
"""

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from explorer.palette import BACKGROUNDS, COLORS, EXPERT_COLORS, INK, LABELS, PLOTLY_DASHES

Estimate = tuple[float, float, float]

SYMBOLS: dict[str, str] = {
    "poe": "circle",
    "logpool": "diamond",
    "moe": "square",
    "mopoe": "triangle-up",
    "wb": "cross",
    "mwb": "star",
    "moments": "x",
}
"""Aggregation key -> marker symbol."""

FAINT: dict[str, str] = {"light": "#d9d5cb", "dark": "#3a3f4c"}
"""Grid and other quiet lines of each theme."""

MUTED: dict[str, str] = {"light": "#63676f", "dark": "#a6abb5"}
"""Reference lines and their labels."""

SCALE = "Cividis"
"""Sequential colors that color-blind readers order as everyone else does."""


def template(theme: str = "light") -> go.layout.Template:
    """Fonts, grid and colors of a theme: ``light`` or ``dark``."""
    if theme not in BACKGROUNDS:
        raise ValueError(f"theme must be one of {', '.join(BACKGROUNDS)}, got {theme!r}")
    axis = {
        "gridcolor": FAINT[theme],
        "linecolor": FAINT[theme],
        "zeroline": False,
        "automargin": True,
        "ticks": "",
        "title": {"standoff": 10},
    }
    return go.layout.Template(
        layout={
            "paper_bgcolor": BACKGROUNDS[theme][0],
            "plot_bgcolor": BACKGROUNDS[theme][0],
            "font": {"color": INK[theme], "size": 14, "family": "Source Sans, sans-serif"},
            "colorway": list(COLORS[theme].values()),
            "hoverlabel": {"bgcolor": BACKGROUNDS[theme][1], "font": {"color": INK[theme]}},
            "margin": {"l": 10, "r": 10, "t": 30, "b": 10},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "itemwidth": 44},
            "xaxis": axis,
            "yaxis": axis,
        }
    )


def look(model: str, theme: str = "light") -> dict:
    """Line and marker of a model, for ``go.Scatter(**look(model))``; unknown models are ink."""
    color = COLORS[theme].get(model, INK[theme])
    return {
        "name": LABELS.get(model, model),
        "legendgroup": model,
        "line": {"color": color, "dash": PLOTLY_DASHES.get(model, "solid"), "width": 2},
        "marker": {"color": color, "symbol": SYMBOLS.get(model, "circle-open"), "size": 10},
    }


def plot_by_subset(
    values: Mapping[str, Mapping[str, float]],
    names: Sequence[str],
    *,
    label: str = "latent accuracy",
    theme: str = "light",
) -> go.Figure:
    """Draw a heat matrix: a model a row, a subset a column, dots below say what is in it.

    Parameters
    ----------
    values
        Model to subset to number; subsets are modality names joined by ``+``, smallest first.
    names
        The modalities, in order.
    label
        What the numbers are.
    """
    subsets = list(next(iter(values.values())))
    figure = make_subplots(
        rows=2, shared_xaxes=True, row_heights=[0.58, 0.42], vertical_spacing=0.03
    )
    figure.add_heatmap(
        z=[[row[subset] for subset in subsets] for row in values.values()],
        y=[LABELS.get(model, model) for model in values],
        customdata=[subsets] * len(values),
        colorscale=SCALE,
        zmax=1,
        xgap=1,
        ygap=1,
        colorbar={
            "title": {"text": label, "side": "top"},
            "orientation": "h",
            "y": 1.0,
            "yanchor": "bottom",
            "thickness": 10,
            "len": 0.6,
        },
        hovertemplate=f"%{{y}}<br>%{{customdata}}<br>{label} %{{z:.3f}}<extra></extra>",
        row=1,
        col=1,
    )
    members = [[name in subset.split("+") for subset in subsets] for name in names]
    for given, color in ((False, FAINT[theme]), (True, INK[theme])):
        rows, columns = np.nonzero(np.array(members) == given)
        figure.add_scatter(
            x=columns,
            y=[names[row] for row in rows],
            mode="markers",
            marker={"color": color, "size": 6},
            hoverinfo="skip",
            showlegend=False,
            row=2,
            col=1,
        )
    sizes = np.array([subset.count("+") + 1 for subset in subsets])
    for column in np.flatnonzero(np.diff(sizes)):
        figure.add_vline(x=column + 0.5, line={"color": MUTED[theme], "width": 1})
    figure.update_xaxes(showticklabels=False, showgrid=False)
    figure.update_xaxes(
        showticklabels=True,
        tickangle=0,
        tickvals=[np.flatnonzero(sizes == size).mean() for size in np.unique(sizes)],
        ticktext=["1 given", *(str(size) for size in np.unique(sizes)[1:])],
        row=2,
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure.update_layout(template=template(theme), height=440)


def plot_by_number(
    curves: Mapping[str, Sequence[Estimate]],
    *,
    label: str = "conditional coherence",
    ceiling: float | None = None,
    chance: float | None = None,
    theme: str = "light",
) -> go.Figure:
    """Lines over the number of modalities given, with intervals.

    Parameters
    ----------
    curves
        Model to one estimate for 1, 2, ... modalities given.
    label
        What the numbers are.
    ceiling, chance
        Levels drawn across: what the judge itself reaches on real data, and what guessing does.
    """
    figure = go.Figure()
    dodge = 0.03 * (np.arange(len(curves)) - (len(curves) - 1) / 2)
    for shift, (model, curve) in zip(dodge, curves.items(), strict=True):
        value, low, high = np.array(curve, dtype=float).T
        given = np.arange(1, len(curve) + 1)
        figure.add_scatter(
            x=given + shift,
            y=value,
            error_y=_bars(value, low, high),
            mode="lines+markers",
            customdata=np.stack([given, low, high], axis=1),
            hovertemplate="%{customdata[0]} given: %{y:.3f} "
            "[%{customdata[1]:.3f}, %{customdata[2]:.3f}]",
            **look(model, theme),
        )
    for level, name in ((ceiling, "classifier on real images"), (chance, "chance")):
        if level is not None:
            figure.add_hline(
                y=level,
                line={"color": MUTED[theme], "dash": "dot", "width": 1.5},
                annotation={
                    "text": f"{name} {level:.3g}",
                    "font": {"color": MUTED[theme]},
                    "xanchor": "left",
                    "x": 0,
                    "bgcolor": BACKGROUNDS[theme][0],
                },
            )
    most = max(map(len, curves.values()))
    figure.update_xaxes(title="modalities given", tickvals=list(range(1, most + 1)))
    figure.update_yaxes(title=label)
    return figure.update_layout(template=template(theme), height=460)


def plot_trade_off(
    points: Mapping[str, tuple[Estimate, Estimate]],
    *,
    x_label: str,
    y_label: str,
    theme: str = "light",
) -> go.Figure:
    """One point a model, two measures, an interval each way; up and to the right is better."""
    figure = go.Figure()
    for model, (x, y) in points.items():
        figure.add_scatter(
            x=x[:1],
            y=y[:1],
            error_x=_bars(*(np.array([part]) for part in x)),
            error_y=_bars(*(np.array([part]) for part in y)),
            mode="markers",
            hovertemplate=f"{x_label} %{{x:.3f}}<br>{y_label} %{{y:.3f}}",
            **_bigger(look(model, theme)),
        )
    figure.update_xaxes(title=x_label)
    figure.update_yaxes(title=y_label)
    return figure.update_layout(template=template(theme), height=460)


def plot_estimates(
    values: Mapping[str, Estimate],
    *,
    label: str,
    notes: Mapping[str, str] | None = None,
    theme: str = "light",
) -> go.Figure:
    """Draw a dot and an interval for each model, in rows.

    Parameters
    ----------
    values
        Model to estimate.
    label
        What the numbers are.
    notes
        Model to a few words written at its dot.
    """
    figure = go.Figure()
    middle = sum(min(ends) + max(ends) for ends in zip(*values.values(), strict=True)) / 6
    for model, estimate in values.items():
        figure.add_scatter(
            x=estimate[:1],
            y=[LABELS.get(model, model)],
            error_x=_bars(*(np.array([part]) for part in estimate)),
            mode="markers+text",
            text=[(notes or {}).get(model, "")],
            textposition="top left" if estimate[0] > middle else "top right",
            textfont={"color": MUTED[theme], "size": 12},
            cliponaxis=False,
            hovertemplate=f"{label} %{{x:.4g}}<br>interval [{estimate[1]:.4g}, {estimate[2]:.4g}]",
            showlegend=False,
            **_bigger(look(model, theme)),
        )
    figure.update_xaxes(title=label)
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(template=template(theme), height=90 + 44 * len(values))


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
    figure = make_subplots(cols=len(terms), subplot_titles=terms)
    for column, term in enumerate(terms, start=1):
        figure.add_scatter(
            x=steps,
            y=[losses[term] for _, losses in history],
            mode="lines",
            name=term,
            line={"color": EXPERT_COLORS[theme][column - 1], "width": 2},
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
    images = {label: np.asarray(row, dtype=np.float32) for label, row in rows.items()}
    sizes = {array.shape[-2:] for array in images.values()}
    if len(sizes) != 1 or any(array.ndim != 4 for array in images.values()):
        shapes = {label: array.shape for label, array in images.items()}
        raise ValueError(f"rows must be images (N, C, H, W) of one size, got {shapes}")
    (height, width), gap = sizes.pop(), 2
    longest = max(map(len, images.values()))
    background = [int(BACKGROUNDS[theme][0][i : i + 2], 16) for i in (1, 3, 5)]
    shape = (len(images) * (height + gap), longest * (width + gap), 3)
    canvas = np.tile(np.array(background, dtype=np.uint8), (*shape[:2], 1))
    for r, array in enumerate(images.values()):
        pixels = (array.clip(0, 1) * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
        for c, image in enumerate(pixels):
            top, left = r * (height + gap), c * (width + gap)
            canvas[top : top + height, left : left + width] = image
    figure = go.Figure(go.Image(source=_data_url(canvas), hoverinfo="skip"))
    figure.update_xaxes(
        tickvals=[c * (width + gap) + width / 2 for c in range(longest)],
        ticktext=list(columns) if columns is not None else [""] * longest,
        side="top",
    )
    figure.update_yaxes(
        tickvals=[r * (height + gap) + height / 2 for r in range(len(images))],
        ticktext=list(images),
    )
    figure.update_xaxes(showgrid=False, fixedrange=True)
    figure.update_yaxes(showgrid=False, fixedrange=True)
    return figure.update_layout(template=template(theme), height=50 + 56 * len(images))


def _bars(value: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict:
    return {"array": high - value, "arrayminus": value - low, "thickness": 1.5, "width": 4}


def _bigger(style: dict) -> dict:
    return style | {"marker": style["marker"] | {"size": 13}}


def _data_url(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
