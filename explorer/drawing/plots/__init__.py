"""Figures: ``plot_*(...) -> plotly Figure``, for pages and notebooks alike.

A model has one color, dash and symbol everywhere (``explorer.catalog.looks``, ``SYMBOLS``).
Figures come in two themes; their background is the page's.
"""

from explorer.drawing.plots.models import (
    plot_by_number,
    plot_by_subset,
    plot_estimates,
    plot_ranks,
    plot_trade_off,
    plot_trade_off_curves,
    plot_win_loss,
)
from explorer.drawing.plots.observations import plot_observation
from explorer.drawing.plots.pictures import (
    plot_densities,
    plot_images,
    plot_observations,
    plot_training_curves,
)
from explorer.drawing.plots.spectra import plot_spectra
from explorer.drawing.plots.style import SYMBOLS, Estimate, look, template

__all__ = [
    "SYMBOLS",
    "Estimate",
    "look",
    "plot_by_number",
    "plot_by_subset",
    "plot_densities",
    "plot_estimates",
    "plot_images",
    "plot_observation",
    "plot_observations",
    "plot_ranks",
    "plot_spectra",
    "plot_trade_off",
    "plot_trade_off_curves",
    "plot_training_curves",
    "plot_win_loss",
    "template",
]
