"""Figures that put models side by side.

An estimate is ``(value, low, high)``: a number and its interval.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from explorer.catalog.looks import BACKGROUNDS, INK, MODEL_LABELS
from explorer.drawing.plots.style import FAINT, MUTED, SCALE, Estimate, bars, bigger, look, template
from explorer.results.ranking import WinLoss

CLEAR = 0.05
"""A p-value below it is marked."""


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
        y=[MODEL_LABELS.get(model, model) for model in values],
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
    reach = min(0.2, 0.015 * (len(curves) - 1))
    dodge = np.linspace(-reach, reach, len(curves))
    for shift, (model, curve) in zip(dodge, curves.items(), strict=True):
        value, low, high = np.array(curve, dtype=float).T
        given = np.arange(1, len(curve) + 1)
        figure.add_scatter(
            x=given + shift,
            y=value,
            error_y=bars(value, low, high),
            mode="lines+markers",
            customdata=np.stack([given, low, high], axis=1),
            hovertemplate="%{customdata[0]} given: %{y:.3f} "
            "[%{customdata[1]:.3f}, %{customdata[2]:.3f}]",
            **look(model, theme),
        )
    for level, name in ((ceiling, "classifier on real samples"), (chance, "chance")):
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
            error_x=bars(*(np.array([part]) for part in x)),
            error_y=bars(*(np.array([part]) for part in y)),
            mode="markers",
            hovertemplate=f"{x_label} %{{x:.3f}}<br>{y_label} %{{y:.3f}}",
            **bigger(look(model, theme)),
        )
    xs, ys = zip(*points.values(), strict=True)
    figure.update_xaxes(title=x_label, range=_around(xs))
    figure.update_yaxes(title=y_label, range=_around(ys))
    return figure.update_layout(template=template(theme), height=460)


def plot_trade_off_curves(
    curves: Mapping[str, Sequence[tuple[float, Estimate, Estimate]]],
    *,
    x_label: str,
    y_label: str,
    theme: str = "light",
) -> go.Figure:
    """Two measures along a curve over beta, an interval each way, beta written at the points.

    Parameters
    ----------
    curves
        Model to (beta, x, y), in the order to be joined.
    """
    figure = go.Figure()
    for model, curve in curves.items():
        betas = [f"{beta:g}" for beta, _, _ in curve]
        x, y = (np.array([point[axis] for point in curve], dtype=float).T for axis in (1, 2))
        style = look(model, theme)
        figure.add_scatter(
            x=x[0],
            y=y[0],
            error_x=bars(*x),
            error_y=bars(*y),
            mode="lines+markers+text",
            text=betas,
            textposition="top right",
            textfont={"color": style["line"]["color"], "size": 12},
            cliponaxis=False,
            hovertemplate=f"beta %{{text}}<br>{x_label} %{{x:.4g}}<br>{y_label} %{{y:.3f}}",
            **style,
        )
    figure.update_xaxes(title=x_label)
    figure.update_yaxes(title=y_label)
    return figure.update_layout(template=template(theme), height=520)


def _around(estimates: Sequence[Estimate]) -> list[float] | None:
    """Range of an axis whose estimates are all one number; None for what Plotly finds itself.

    It would go one unit up and down, which of a share is all there is, and more.
    """
    ends = np.array(estimates)
    if np.ptp(ends) > 0:
        return None
    reach = 0.05 * abs(ends[0, 0]) or 1.0
    return [ends[0, 0] - reach, ends[0, 0] + reach]


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
            y=[MODEL_LABELS.get(model, model)],
            error_x=bars(*(np.array([part]) for part in estimate)),
            mode="markers+text",
            text=[(notes or {}).get(model, "")],
            textposition="top left" if estimate[0] > middle else "top right",
            textfont={"color": MUTED[theme], "size": 12},
            cliponaxis=False,
            hovertemplate=f"{label} %{{x:.4g}}<br>interval [{estimate[1]:.4g}, {estimate[2]:.4g}]",
            showlegend=False,
            **bigger(look(model, theme)),
        )
    figure.update_xaxes(title=label)
    figure.update_yaxes(autorange="reversed")
    return figure.update_layout(template=template(theme), height=90 + 44 * len(values))


def plot_ranks(ranks: Mapping[str, Estimate], *, theme: str = "light") -> go.Figure:
    """Average performance ranks, best model on top: from 1, best in every outcome, to 0."""
    ordered = dict(sorted(ranks.items(), key=lambda item: -item[1][0]))
    figure = plot_estimates(ordered, label="average rank, 1 best", theme=theme)
    return figure.update_xaxes(range=[-0.02, 1.02])


def plot_win_loss(counts: Mapping[tuple[str, str], WinLoss], *, theme: str = "light") -> go.Figure:
    """How often the row's model beats the column's, wins of outcomes written in the cells.

    A star marks p < 0.05 in a one-sided binomial test, which takes outcomes for independent.

    Parameters
    ----------
    counts
        As ``explorer.results.ranking.win_loss`` returns them.
    """
    models = list(dict.fromkeys(row for row, _ in counts))
    labels = [MODEL_LABELS.get(model, model) for model in models]
    shares, texts, notes = [], [], []
    for row in models:
        found = [counts.get((row, column)) for column in models]
        shares.append([None if c is None else c.share for c in found])
        texts.append(["" if c is None else _fraction(c) for c in found])
        notes.append(["" if c is None else f"{c.ties} ties, p = {c.p_value:.3f}" for c in found])
    figure = go.Figure()
    figure.add_heatmap(
        z=shares,
        x=labels,
        y=labels,
        text=texts,
        customdata=notes,
        texttemplate="%{text}",
        colorscale=SCALE,
        zmin=0,
        zmax=1,
        xgap=1,
        ygap=1,
        hoverongaps=False,
        colorbar={"title": {"text": "wins", "side": "top"}, "thickness": 10, "tickformat": ".0%"},
        hovertemplate="%{y} beats %{x}: %{text}<br>%{customdata}<extra></extra>",
    )
    figure.update_xaxes(side="top", showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure.update_layout(template=template(theme), height=140 + 34 * len(models))


def _fraction(count: WinLoss) -> str:
    return f"{count.wins}/{count.n}" + ("*" if count.p_value < CLEAR else "")
