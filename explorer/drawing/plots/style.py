"""How figures look: two themes, and one color, dash and symbol for each model."""

import numpy as np
import plotly.graph_objects as go

from explorer.catalog.looks import (
    BACKGROUNDS,
    COLORS,
    INK,
    MODEL_COLORS,
    MODEL_LABELS,
    PLOTLY_DASHES,
    ByModel,
)

Estimate = tuple[float, float, float]
"""A number and the ends of its interval."""

SYMBOLS: ByModel[str] = ByModel(
    {
        "poe": "circle",
        "poe_unimodal": "circle-dot",
        "mvtcae": "circle-x",
        "aggregated_product": "circle-cross",
        "logpool": "diamond",
        "moe": "square",
        "moe_mixture": "square-dot",
        "moe_iwae": "square-cross",
        "moe_dreg": "square-x",
        "mmjsd": "square-open",
        "mopoe": "triangle-up",
        "mopoe_mixture": "triangle-up-dot",
        "mopoe_style": "triangle-up-open",
        "wb": "cross",
        "aggregated_std": "cross-dot",
        "aggregated_variance": "cross-open",
        "mwb": "star",
        "mwb_mixture": "star-dot",
        "moments": "x",
        "independent": "bowtie",
        "mmvamp": "pentagon-dot",
        "mmvamp_pairwise": "pentagon-open",
        "jmvae": "hexagon",
        "nexus": "hexagon-dot",
        "mac_wae": "hexagram",
        "mac_vae": "hexagram-dot",
        "m_wae": "hexagram-open",
        "holder": "diamond-tall",
        "holder_plus": "diamond-tall-dot",
        "hellinger": "diamond-wide",
        "dependent": "circle-open-dot",
        "code": "triangle-down",
        "multivi": "hourglass",
        "mmvae_plus": "square-open-dot",
        "cmvae": "diamond-open-dot",
    }
)
"""Model -> marker symbol: a shape for each family, its members apart by what is inside."""

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
    """Line and marker of a model, for ``go.Scatter(**look(model))``; unknown models are ink.

    Markers have an outline in the color of the page: it draws what is inside them.
    """
    color = MODEL_COLORS[theme].get(model, INK[theme])
    return {
        "name": MODEL_LABELS.get(model, model),
        "legendgroup": model,
        "line": {"color": color, "dash": PLOTLY_DASHES.get(model, "solid"), "width": 2},
        "marker": {
            "color": color,
            "symbol": SYMBOLS.get(model, "circle-open"),
            "size": 11,
            "line": {"color": BACKGROUNDS[theme][0], "width": 1.5},
        },
    }


def bars(value: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict:
    """Error bars from ``value`` to the ends of its interval."""
    return {"array": high - value, "arrayminus": value - low, "thickness": 1.5, "width": 4}


def bigger(style: dict) -> dict:
    """The same look where a marker stands alone."""
    return style | {"marker": style["marker"] | {"size": 14}}
