"""What page 1 computes, in Python: every aggregation of weighted Gaussian experts in 1-D.

The page itself computes in the browser (``app/barycenters/mathematics.js``, the same
definitions, held together by ``tests/app/barycenters/test_widget.py``). This module is for what
Python does: checking challenges, reading a state from a link, and the snippet under "Show the
code". In 1-D an expert is ``(mean, std, weight)``; weights need not sum to one. Everything is
float64.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer import densities
from explorer.aggregations import AGGREGATIONS
from explorer.densities import Expert
from explorer.gaussians import Gaussian, Mixture

RULES = (
    *("poe", "logpool", "moe", "mopoe", "wb", "mwb", "moments"),
    *("holder", "hellinger", "dependent", "multivi"),
)
"""Keys of ``AGGREGATIONS`` that page 1 draws, in its order."""


def fuse(experts: Sequence[Expert], *, prior: bool = False) -> dict[str, Mixture]:
    """Every aggregation of the experts, by key of ``AGGREGATIONS``.

    Weights enter every rule, as they do in the library (``explorer.aggregations``).

    Parameters
    ----------
    experts
        One or more ``(mean, std, weight)``; weights positive, of any sum.
    prior
        Whether N(0, 1) takes part in the product, as in the MVAE.

    Returns
    -------
    Key -> Mixture with components ``(K, 1, 1)``, float64.

    Examples
    --------
    >>> fused = fuse([Expert(-1.0, 1.0), Expert(1.0, 3.0)])
    >>> fused["wb"].components.std.item()
    2.0
    """
    mean, std, weights = torch.tensor([tuple(e) for e in experts], dtype=torch.float64).T
    gaussians = Gaussian(mean[:, None, None], 2 * std.log()[:, None, None])
    fused = {}
    for key in RULES:
        rule = AGGREGATIONS["product" if key == "poe" and not prior else key]
        shares, components = rule(gaussians, weights=weights)
        fused[key] = Mixture(shares.flatten(), components)
    return fused


def grid(experts: Sequence[Expert]) -> NDArray:
    """Lay the grid of page 1, ``(N,)``: [-10, 10] and seven standard deviations of each expert."""
    low = min(-10, *(e.mean - 7 * e.std for e in experts))
    high = max(10, *(e.mean + 7 * e.std for e in experts))
    finest = min(0.025, *(e.std / 4 for e in experts))
    n = min(4001, math.ceil((high - low) / finest) + 1)
    return np.linspace(low, high, n)


def log_density(mixture: Mixture, x: NDArray) -> NDArray:
    """Log density of a 1-D mixture at the points of the grid, ``(N,)``."""
    return mixture.log_prob(torch.as_tensor(x).reshape(-1, 1, 1))[:, 0].numpy()


def mean_and_std(mixture: Mixture) -> tuple[float, float]:
    """Mean and standard deviation of a 1-D mixture."""
    weights, components = mixture.weights[:, None, None], mixture.components
    mean = (weights * components.mu).sum()
    variance = (weights * (components.std.square() + (components.mu - mean).square())).sum()
    return mean.item(), variance.sqrt().item()


class Row(NamedTuple):
    """One row of the table of page 1; sums are weighted means over the experts."""

    mean: float
    std: float
    modes: int
    reverse_kl: float
    forward_kl: float
    wasserstein: float


def scores(experts: Sequence[Expert], *, prior: bool = False) -> dict[str, Row]:
    """Fill the table of page 1: each barycenter has the smallest value in its own column.

    KL divergences are integrals on :func:`grid`; W2^2 is closed between Gaussians and goes
    through the quantiles for mixtures.
    """
    x = grid(experts)
    w = np.array([e.weight for e in experts]) / sum(e.weight for e in experts)
    log_p = densities.log_normal(x, [e.mean for e in experts], [e.std for e in experts])

    def total(distance: Callable[[int], float]) -> float:
        return float(sum(w[m] * distance(m) for m in range(len(experts))))

    def row(mixture: Mixture) -> Row:
        log_q = log_density(mixture, x)
        mean, std = mean_and_std(mixture)

        def transport(m: int) -> float:
            if len(mixture.weights) == 1:
                return (mean - experts[m].mean) ** 2 + (std - experts[m].std) ** 2
            return densities.wasserstein2_squared(log_q, log_p[m], x)

        return Row(
            mean,
            std,
            densities.count_modes(log_q),
            total(lambda m: densities.kl_divergence(log_q, log_p[m], x)),
            total(lambda m: densities.kl_divergence(log_p[m], log_q, x)),
            total(transport),
        )

    return {key: row(mixture) for key, mixture in fuse(experts, prior=prior).items()}


def ellipse_covariance(a: float, b: float, angle: float) -> Tensor:
    """Covariance ``(2, 2)`` with standard deviations a, b along axes turned by ``angle`` (rad)."""
    c, s = math.cos(angle), math.sin(angle)
    axes = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    return axes @ torch.diag(torch.tensor([a * a, b * b], dtype=torch.float64)) @ axes.T
