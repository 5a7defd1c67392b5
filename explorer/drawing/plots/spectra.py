"""Figures of how codes spread over the directions of a latent space."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from explorer.drawing.plots.style import MUTED, look, template


def plot_spectra(
    spectra: Mapping[str, Sequence[float]], *, theme: str = "light", smallest: float = 1e-4
) -> go.Figure:
    """Draw the variance of codes along each principal direction, the prior's 1 for scale.

    Parameters
    ----------
    spectra
        Model to variances, largest first.
    smallest
        Variances below it are drawn at it.
    """
    figure = go.Figure()
    for model, values in spectra.items():
        style = look(model, theme)
        figure.add_scatter(
            x=list(range(1, len(values) + 1)),
            y=[max(smallest, value) for value in values],
            mode="lines+markers" if len(values) < 9 else "lines",
            hovertemplate="direction %{x}<br>variance %{y:.3g}",
            **style,
        )
    figure.add_hline(y=1, line={"color": MUTED[theme], "dash": "dot"})
    figure.add_annotation(
        text="the prior",
        font={"color": MUTED[theme]},
        x=1,
        xref="paper",
        y=0,  # the axis is logarithmic, and places annotations by the exponent
        yanchor="bottom",
        showarrow=False,
    )
    figure.update_layout(template=template(theme), height=300, hovermode="closest")
    figure.update_xaxes(title_text="direction, widest first")
    figure.update_yaxes(title_text="variance of the codes", type="log", exponentformat="power")
    return figure
