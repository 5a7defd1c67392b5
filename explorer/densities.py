r"""The same mathematics in one dimension, on a grid, for any densities: mixtures included.

A density is given by its logarithm at the points of a grid, because zero forcing is decided where
densities are 1e-55. The grid is the whole world: densities are normalised on it, and integrals
are trapezoid sums, so let it reach well past what matters.

Shapes: N grid points, M experts. ``x`` is ``(N,)``, increasing; a log density is ``(N,)``, a stack
of experts ``(M, N)``; weights are ``(M,)``, non-negative, summing to one. Everything is float64.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

NOTHING = 4.5
"""An expert has nothing where its log density is this far below its peak: 3 sd of a Gaussian."""


class Expert(NamedTuple):
    """A Gaussian belief N(mean, std^2) and how much it counts."""

    mean: float
    std: float
    weight: float = 1.0


def log_normal(x: ArrayLike, mean: ArrayLike, std: ArrayLike) -> NDArray:
    """Log density of N(mean, std^2) on the grid: ``(N,)``, or ``(M, N)`` for M means and stds."""
    mean, std = np.asarray(mean, float)[..., None], np.asarray(std, float)[..., None]
    return -0.5 * ((np.asarray(x, float) - mean) / std) ** 2 - np.log(std) - np.log(2 * np.pi) / 2


def widths(x: ArrayLike) -> NDArray:
    """Trapezoid weights of the grid points, ``(N,)``: ``f @ widths(x)`` is the integral of f.

    >>> widths([0.0, 1.0, 2.0])
    array([0.5, 1. , 0.5])
    """
    steps = np.diff(np.asarray(x, float))
    return (np.append(steps, 0) + np.append(0, steps)) / 2


def normalise(log_p: ArrayLike, x: ArrayLike) -> NDArray:
    """Shift log densities so that each integrates to one on the grid, ``(*, N)``."""
    log_p = np.asarray(log_p, float)
    peak = log_p.max(-1, keepdims=True)
    return log_p - peak - np.log(np.exp(log_p - peak) @ widths(x))[..., None]


def mean_and_std(log_p: ArrayLike, x: ArrayLike) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation, ``(*, N)`` -> two of ``(*)``."""
    x, mass = np.asarray(x, float), np.exp(log_p) * widths(x)
    mean = mass @ x
    return mean, np.sqrt((mass * (x - mean[..., None]) ** 2).sum(-1))


def power_mean(
    log_p: ArrayLike, weights: ArrayLike, x: ArrayLike, *, exponent: float = 1.0
) -> NDArray:
    r"""The power mean of densities, :math:`(\sum_m w_m p_m^a)^{1/a}` normalised: the dial.

    One knob from zero-forcing to mass-covering. It is the barycenter of the alpha-divergence
    with the same exponent, :func:`alpha_divergence` from expert to q, over *all* densities:

    ========= ==================== ====================================================
    exponent  mean                 minimises over q
    ========= ==================== ====================================================
    -inf      the lowest expert
    -1        harmonic             sum w_m chi2(q, p_m) / 2 = sum w_m (int q^2/p_m - 1) / 2
    0         geometric            sum w_m KL(q || p_m), reverse KL
    1/2                            sum w_m 4 H^2(p_m, q), squared Hellinger distance
    1         arithmetic (mixture) sum w_m KL(p_m || q), forward KL
    2         quadratic            sum w_m chi2(p_m, q) / 2 = sum w_m (int p_m^2/q - 1) / 2
    inf       the highest expert
    ========= ==================== ====================================================

    Amari writes alpha for 1 - 2a, Minka writes it for a.

    Parameters
    ----------
    log_p, weights, x
        Experts ``(M, N)``, weights ``(M,)``, grid ``(N,)``.
    exponent
        a, any real number or an infinity; within 1e-6 of zero it is the geometric mean.

    Returns
    -------
    Normalised log density, ``(N,)``.

    References
    ----------
    Amari (2007), Integration of stochastic models by minimizing alpha-divergence, Neural
    Computation 19(10). Minka (2005), Divergence measures and message passing, MSR-TR-2005-173.
    """
    log_p, weights = _experts(log_p, weights)
    if np.isinf(exponent):
        log_mean = log_p.max(0) if exponent > 0 else log_p.min(0)
    elif abs(exponent) < 1e-6:
        log_mean = weights @ log_p
    else:
        log_terms = exponent * log_p + np.log(weights)[:, None]
        log_mean = np.logaddexp.reduce(log_terms, axis=0) / exponent
    return normalise(log_mean, x)


def log_odds(log_p: ArrayLike, x: ArrayLike) -> NDArray:
    """Log of F / (1 - F) with F the distribution function, ``(*, N)``: both tails keep digits.

    At a grid point half of its own mass lies on each side.
    """
    log_mass = np.asarray(log_p, float) + np.log(widths(x))
    half, nothing = log_mass - np.log(2), np.full_like(log_mass[..., :1], -np.inf)

    def log_cumulated(log_mass: NDArray, half: NDArray) -> NDArray:
        before = np.logaddexp.accumulate(log_mass[..., :-1], axis=-1)
        return np.logaddexp(np.concatenate([nothing, before], axis=-1), half)

    below = log_cumulated(log_mass, half)
    above = log_cumulated(log_mass[..., ::-1], half[..., ::-1])[..., ::-1]
    return below - above


def quantile_average(log_p: ArrayLike, weights: ArrayLike, x: ArrayLike) -> NDArray:
    r"""The Wasserstein-2 barycenter of any densities on the line: average their quantiles.

    The point below which 10 % lies is the weighted mean of the experts' 10 % points, and so for
    every level: mass moves sideways. The density at such a point follows from
    :math:`1 / q = \sum_m w_m / p_m`, each p_m at its own quantile. (Agueh & Carlier 2011,
    SIAM J. Math. Anal. 43(2).)

    Parameters
    ----------
    log_p, weights, x
        Experts ``(M, N)``, weights ``(M,)``, grid ``(N,)``.

    Returns
    -------
    Normalised log density, ``(N,)``.
    """
    log_p, weights = _experts(log_p, weights)
    x = np.asarray(x, float)
    odds = log_odds(log_p, x)
    levels = _levels(odds)
    points = weights @ np.stack([_at(levels, o, x) for o in odds])
    log_p_there = np.stack([_at(levels, o, p) for o, p in zip(odds, log_p, strict=True)])
    log_q = -np.logaddexp.reduce(np.log(weights)[:, None] - log_p_there, axis=0)
    reach = np.diff(x).max() / 2
    outside = (x < points[0] - reach) | (x > points[-1] + reach)
    return normalise(np.where(outside, -np.inf, np.interp(x, points, log_q)), x)


def kl_divergence(log_q: ArrayLike, log_p: ArrayLike, x: ArrayLike) -> float:
    """KL(q || p) in nats; infinite where q has mass and p is exactly zero."""
    log_q, log_p = np.asarray(log_q, float), np.asarray(log_p, float)
    log_p = np.where(np.isneginf(log_q), 0, log_p)  # 0 log 0 = 0
    return float(np.exp(log_q) * (np.where(np.isneginf(log_q), 0, log_q) - log_p) @ widths(x))


def wasserstein2_squared(log_q: ArrayLike, log_p: ArrayLike, x: ArrayLike) -> float:
    """Squared Wasserstein-2 distance: the mean squared gap between equal quantiles."""
    x = np.asarray(x, float)
    odds = log_odds(np.stack([log_q, log_p]), x)
    levels = _levels(odds)
    gap = _at(levels, odds[0], x) - _at(levels, odds[1], x)
    probabilities = np.exp(-np.logaddexp(0, -levels))
    return float(gap**2 @ widths(probabilities))


def jensen_shannon(log_q: ArrayLike, log_p: ArrayLike, x: ArrayLike) -> float:
    """Jensen-Shannon divergence in nats, at most log 2: mean KL to the half-half mixture."""
    log_middle = np.logaddexp(log_q, log_p) - np.log(2)
    return (kl_divergence(log_q, log_middle, x) + kl_divergence(log_p, log_middle, x)) / 2


def hellinger_squared(log_q: ArrayLike, log_p: ArrayLike, x: ArrayLike) -> float:
    """Squared Hellinger distance, half the integral of (sqrt q - sqrt p)^2: between 0 and 1."""
    root_q, root_p = np.exp(np.asarray(log_q) / 2), np.exp(np.asarray(log_p) / 2)
    return float((root_q - root_p) ** 2 @ widths(x) / 2)


def alpha_divergence(log_p: ArrayLike, log_q: ArrayLike, x: ArrayLike, *, exponent: float) -> float:
    r"""The divergence whose barycenter is :func:`power_mean`, from expert p to q, in nats.

    :math:`(1 - \int p^a q^{1-a}) / (a (1 - a))`; at a = 0 that is KL(q || p), at 1 KL(p || q).
    Infinite when the integral is too large for a float.
    """
    if exponent == 0:
        return kl_divergence(log_q, log_p, x)
    if exponent == 1:
        return kl_divergence(log_p, log_q, x)
    a = exponent
    with np.errstate(over="ignore"):
        affinity = np.exp(a * np.asarray(log_p) + (1 - a) * np.asarray(log_q)) @ widths(x)
    return float((1 - affinity) / (a * (1 - a)))


def stray_mass(log_q: ArrayLike, log_p: ArrayLike, x: ArrayLike) -> NDArray:
    """Zero-forcing meter: how much of q lies where an expert has nothing, ``(M, N)`` -> ``(M,)``.

    An expert has nothing where its density is under exp(-4.5), about 1 %, of its peak: for a
    Gaussian, further than three standard deviations from its mean. Zero forcing keeps this small
    if it can; when experts do not meet, even the geometric mean cannot.
    """
    log_p, x = np.asarray(log_p, float), np.asarray(x, float)
    height = log_p - log_p.max(-1, keepdims=True) + NOTHING  # below zero: nothing
    low = np.minimum(height[..., :-1], height[..., 1:])
    high = np.maximum(height[..., :-1], height[..., 1:])
    # share of each cell that lies below zero, the border found by a straight line
    span = np.where(high - low > 0, high - low, 1)
    share = np.where(high <= 0, 1.0, np.clip(-low / span, 0, 1))
    q = np.exp(log_q)
    return share @ ((q[:-1] + q[1:]) / 2 * np.diff(x))


def covered_mass(log_q: ArrayLike, log_p: ArrayLike, weights: ArrayLike, x: ArrayLike) -> NDArray:
    r"""Mass-covering meter: the share of each expert's mass that q covers, ``(M,)``.

    An expert of weight w may ask for w p everywhere; what it gets is
    :math:`\int \min(p, q / w)`. The mixture gives every expert exactly what it asks: 1.
    """
    log_p, weights = np.asarray(log_p, float), np.asarray(weights, float)
    asked = weights[:, None] * np.exp(log_p)
    got = np.minimum(asked, np.exp(log_q)) @ widths(x)
    return np.divide(got, weights, out=np.ones_like(got), where=weights > 0)


def count_modes(log_p: ArrayLike, *, dip: float = 1e-3) -> int:
    """Number of peaks of a density ``(N,)``; dips of less than ``dip`` nats do not separate two.

    >>> count_modes([0.0, 1.0, 0.5, 2.0, 0.0])
    2
    """
    modes, rising, extreme = 0, True, -np.inf
    for value in np.asarray(log_p, float):
        turned = value < extreme - dip if rising else value > extreme + dip
        if turned:
            modes += rising
            rising = not rising
        if turned or (value > extreme) == rising:
            extreme = value
    return modes + rising


GEODESICS: dict[str, Callable[[ArrayLike, ArrayLike, ArrayLike], NDArray]] = {
    "mixing": partial(power_mean, exponent=1.0),
    "geometric": partial(power_mean, exponent=0.0),
    "displacement": quantile_average,
}
"""The straight lines of three geometries, as barycenters of two: (log_p, weights, x) -> log q."""


def geodesic(
    kind: str, log_start: ArrayLike, log_end: ArrayLike, x: ArrayLike, t: float
) -> NDArray:
    """The density a share ``t`` of the way from one density to another, ``(N,)``.

    Mixing fades one out and the other in, the geometric path goes through where both believe,
    displacement carries the mass across.
    """
    if kind not in GEODESICS:
        raise ValueError(f"kind must be one of {', '.join(GEODESICS)}, got {kind!r}")
    if not 0 <= t <= 1:
        raise ValueError(f"t must be between 0 and 1, got {t}")
    return GEODESICS[kind](np.stack([log_start, log_end]), [1 - t, t], x)


DIVERGENCES: dict[str, Callable[[ArrayLike, ArrayLike, ArrayLike], float]] = {
    "reverse_kl": kl_divergence,
    "wasserstein": wasserstein2_squared,
    "forward_kl": lambda log_q, log_p, x: kl_divergence(log_p, log_q, x),
    "jensen_shannon": jensen_shannon,
    "hellinger": hellinger_squared,
}
"""How far q is from an expert: (log_q, log_p, x) -> nats, or squared distance."""


def _experts(log_p: ArrayLike, weights: ArrayLike) -> tuple[NDArray, NDArray]:
    """The experts that have weight, and their weights."""
    log_p, weights = np.asarray(log_p, float), np.asarray(weights, float)
    if log_p.ndim != 2 or weights.shape != log_p.shape[:1]:
        raise ValueError(
            f"expected experts (M, N) and weights (M,), got {log_p.shape} and {weights.shape}"
        )
    if (weights < 0).any() or not np.isclose(weights.sum(), 1):
        raise ValueError(f"weights must be non-negative and sum to 1, got {weights.tolist()}")
    return log_p[weights > 0], weights[weights > 0]


def _levels(odds: NDArray) -> NDArray:
    """Every level, as log odds, that any of the densities ``(M, N)`` has at a grid point."""
    return np.sort(odds[np.isfinite(odds)])


def _at(levels: NDArray, odds: NDArray, values: NDArray) -> NDArray:
    """What ``values`` are at the given levels of a density with log odds ``odds``."""
    known = np.isfinite(odds)
    return np.interp(levels, odds[known], values[known])
