"""Any density in one dimension: the dial, quantile averaging, distances and meters."""

import numpy as np
import pytest
import torch

from explorer import barycenters
from explorer.densities import (
    DIVERGENCES,
    GEODESICS,
    alpha_divergence,
    count_modes,
    covered_mass,
    geodesic,
    hellinger_squared,
    jensen_shannon,
    kl_divergence,
    log_normal,
    log_odds,
    mean_and_std,
    normalise,
    power_mean,
    quantile_average,
    stray_mass,
    wasserstein2_squared,
    widths,
)
from explorer.gaussians import Gaussian

X = np.linspace(-15, 15, 3001)
EXPONENTS = [-2.0, -1.0, -0.3, 0.0, 0.5, 0.8, 1.0, 2.0, 3.0]
WEIGHTS = np.array([0.5, 0.3, 0.2])


@pytest.fixture
def experts():
    """Two Gaussians and a mixture of two, on the grid."""
    means, stds = np.array([-2.0, 3.0, -4.0, 1.0]), np.array([1.0, 0.5, 0.7, 1.2])
    parts = log_normal(X, means, stds)
    both = np.logaddexp(parts[2] + np.log(0.6), parts[3] + np.log(0.4))
    return normalise(np.stack([parts[0], parts[1], both]), X)


def gaussian_barycenter(name, means, stds, weights):
    means, stds, weights = (torch.tensor(v, dtype=torch.float64) for v in (means, stds, weights))
    experts = Gaussian(means.reshape(-1, 1, 1), 2 * stds.log().reshape(-1, 1, 1))
    q = barycenters.BARYCENTERS[name](experts, weights)
    return q.mu.item(), q.std.item()


def bumps(n, seed=0):
    """Smooth random functions on the grid, to step in."""
    generator = np.random.default_rng(seed)
    centers, scales = generator.uniform(-6, 6, (n, 1)), generator.uniform(0.5, 3, (n, 1))
    return np.exp(-(((X - centers) / scales) ** 2)) * generator.choice([-1, 1], (n, 1))


# ------------------------------------------------------------------ grid and moments


def test_trapezoid_weights_integrate_like_numpy_on_an_uneven_grid():
    x = np.sort(np.random.default_rng(0).uniform(-3, 3, 50))
    assert np.cos(x) @ widths(x) == pytest.approx(np.trapezoid(np.cos(x), x), rel=1e-13)


def test_normalising_makes_mass_one_even_when_every_value_underflows():
    assert np.exp(normalise(log_normal(X, 0, 1) - 1000, X)) @ widths(X) == pytest.approx(1)


def test_moments_of_a_gaussian_are_its_mean_and_std():
    means, stds = mean_and_std(log_normal(X, [-2.0, 3.0], [1.0, 0.5]), X)
    np.testing.assert_allclose(means, [-2, 3], atol=1e-12)
    np.testing.assert_allclose(stds, [1, 0.5], rtol=1e-12)


# ------------------------------------------------------------------ the dial


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_power_mean_minimises_the_alpha_divergence_of_its_exponent(exponent, experts):
    q = power_mean(experts, WEIGHTS, X, exponent=exponent)

    def cost(log_q):
        log_q = normalise(log_q, X)
        return sum(
            w * alpha_divergence(p, log_q, X, exponent=exponent)
            for w, p in zip(WEIGHTS, experts, strict=True)
        )

    for step in bumps(20):
        up, down = cost(q + 0.1 * step) - cost(q), cost(q - 0.1 * step) - cost(q)
        rounding = 1e-14 * cost(q)  # all that is left of a step where the densities vanish
        assert up > -rounding
        slope = (cost(q + 1e-4 * step) - cost(q - 1e-4 * step)) / 2e-4
        bend = (up + down) / 0.01
        assert abs(slope) < 1e-5 * max(bend, 1)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_another_exponent_is_not_the_barycenter(exponent, experts):
    def cost(log_q):
        return WEIGHTS @ [alpha_divergence(p, log_q, X, exponent=exponent) for p in experts]

    own = cost(power_mean(experts, WEIGHTS, X, exponent=exponent))
    for other in set(EXPONENTS) - {exponent}:
        assert cost(power_mean(experts, WEIGHTS, X, exponent=other)) > own


def test_alpha_divergence_passes_through_the_named_ones(experts):
    p, q = experts[0], normalise(log_normal(X, -1, 1.2), X)
    assert alpha_divergence(p, q, X, exponent=0) == kl_divergence(q, p, X)
    assert alpha_divergence(p, q, X, exponent=1) == kl_divergence(p, q, X)
    assert alpha_divergence(p, q, X, exponent=1e-6) == pytest.approx(kl_divergence(q, p, X), 1e-4)
    assert alpha_divergence(p, q, X, exponent=1 - 1e-6) == pytest.approx(
        kl_divergence(p, q, X), 1e-4
    )
    assert alpha_divergence(p, q, X, exponent=0.5) == pytest.approx(4 * hellinger_squared(q, p, X))
    chi2 = np.exp(2 * q - p) @ widths(X) - 1
    assert alpha_divergence(p, q, X, exponent=-1) == pytest.approx(chi2 / 2)
    chi2 = np.exp(2 * p - q) @ widths(X) - 1
    assert alpha_divergence(p, q, X, exponent=2) == pytest.approx(chi2 / 2)


def test_exponent_one_is_the_mixture(experts):
    mixture = WEIGHTS @ np.exp(experts)
    np.testing.assert_allclose(np.exp(power_mean(experts, WEIGHTS, X)), mixture, rtol=1e-12)


def test_exponent_zero_is_the_geometric_mean_of_gaussians():
    means, stds = [-2.0, 3.0], [1.0, 0.5]
    q = power_mean(log_normal(X, means, stds), [0.7, 0.3], X, exponent=0)
    expected = gaussian_barycenter("reverse_kl", means, stds, [0.7, 0.3])
    np.testing.assert_allclose(mean_and_std(q, X), expected, rtol=1e-10)


def test_the_dial_turns_without_a_jump_at_zero_and_at_the_ends(experts):
    pairs = [(1e-4, 0), (-1e-4, 0), (3000, np.inf), (-3000, -np.inf)]
    for exponent, limit in pairs:
        near, there = (
            np.exp(power_mean(experts, WEIGHTS, X, exponent=a)) for a in (exponent, limit)
        )
        assert np.abs(near - there).max() < 1e-2 * there.max()


def test_the_dial_runs_from_the_lowest_to_the_highest_expert(experts):
    np.testing.assert_allclose(
        power_mean(experts, WEIGHTS, X, exponent=-np.inf), normalise(experts.min(0), X)
    )
    np.testing.assert_allclose(
        power_mean(experts, WEIGHTS, X, exponent=np.inf), normalise(experts.max(0), X)
    )


def test_turning_the_dial_up_covers_more_and_forces_fewer_zeros(experts):
    dial = [power_mean(experts, WEIGHTS, X, exponent=a) for a in (-3, -1, 0, 0.5, 1)]
    covered = [WEIGHTS @ covered_mass(q, experts, WEIGHTS, X) for q in dial]
    assert np.all(np.diff(covered) > 0)
    assert count_modes(dial[0]) < count_modes(dial[-1])


# ------------------------------------------------------------------ quantile averaging


@pytest.mark.parametrize("weights", [[0.5, 0.5], [0.8, 0.2]])
def test_quantile_average_of_gaussians_is_the_closed_form(weights):
    means, stds = [-2.0, 3.0], [1.0, 0.5]
    q = quantile_average(log_normal(X, means, stds), weights, X)
    expected = log_normal(X, *gaussian_barycenter("wasserstein", means, stds, weights))
    np.testing.assert_allclose(np.exp(q), np.exp(expected), atol=2e-5)
    tail = np.abs(X) < 8  # down to about 1e-20
    np.testing.assert_allclose(q[tail], expected[tail], atol=2e-3)


def test_quantile_average_minimises_the_summed_squared_wasserstein_distance(experts):
    q = quantile_average(experts, WEIGHTS, X)

    def cost(log_q):
        return WEIGHTS @ [wasserstein2_squared(normalise(log_q, X), p, X) for p in experts]

    for step in bumps(20):
        assert cost(q + 0.1 * step) > cost(q)
        slope = (cost(q + 0.01 * step) - cost(q - 0.01 * step)) / 0.02
        bend = (cost(q + 0.1 * step) + cost(q - 0.1 * step) - 2 * cost(q)) / 0.01
        assert abs(slope) < 2e-3 * max(bend, 0.01)


def test_quantile_average_has_the_averaged_quantiles(experts):
    q = quantile_average(experts, WEIGHTS, X)
    levels = np.array([0.01, 0.1, 0.5, 0.9, 0.99])
    expected = WEIGHTS @ [quantiles(p, levels) for p in experts]
    np.testing.assert_allclose(quantiles(q, levels), expected, atol=2e-3)


def quantiles(log_p, levels):
    """A second opinion: interpolate the cumulated trapezoids."""
    cell = np.exp(log_p)
    cumulated = np.append(0, np.cumsum((cell[1:] + cell[:-1]) / 2 * np.diff(X)))
    return np.interp(levels, cumulated / cumulated[-1], X)


def test_densities_with_hard_edges_are_averaged_too():
    flat = [np.where(np.abs(X - c) <= h, 0.0, -np.inf) for c, h in ((-3, 1), (5, 2))]
    q = quantile_average(normalise(np.stack(flat), X), [0.5, 0.5], X)
    mean, std = mean_and_std(q, X)
    assert mean == pytest.approx(1, abs=1e-2)
    assert std == pytest.approx(3 / 12**0.5, rel=1e-2)  # uniform of width 3


def test_log_odds_keep_their_digits_in_both_tails():
    odds = log_odds(normalise(log_normal(X, 0, 1), X), X)
    np.testing.assert_allclose(odds, -odds[::-1], rtol=1e-9, atol=1e-9)
    # Mills' ratio: the tail beyond 10 is 7.62e-24
    assert odds[np.searchsorted(X, 10 - 1e-9)] == pytest.approx(-np.log(7.6199e-24), rel=1e-4)


# ------------------------------------------------------------------ distances


def test_distances_between_gaussians_are_the_closed_forms():
    (m, s), (n, t) = (-2.0, 1.0), (1.0, 0.5)
    q, p = log_normal(X, m, s), log_normal(X, n, t)
    assert kl_divergence(q, p, X) == pytest.approx(
        np.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5, rel=1e-9
    )
    assert wasserstein2_squared(q, p, X) == pytest.approx((m - n) ** 2 + (s - t) ** 2, rel=1e-6)
    overlap = (2 * s * t / (s**2 + t**2)) ** 0.5 * np.exp(-((m - n) ** 2) / 4 / (s**2 + t**2))
    assert hellinger_squared(q, p, X) == pytest.approx(1 - overlap, rel=1e-9)


def test_kl_divergence_reads_densities_that_exp_cannot_hold():
    q, p = log_normal(X, -10, 0.1), log_normal(X, 10, 0.1)  # p is 1e-8687 where q lies
    assert kl_divergence(q, p, X) == pytest.approx(20**2 / 2 / 0.1**2, rel=1e-6)


def test_mass_where_the_other_has_exactly_none_is_infinitely_far():
    flat = normalise(np.where(np.abs(X) < 1, 0.0, -np.inf), X)
    wide = normalise(log_normal(X, 0, 1), X)
    assert kl_divergence(wide, flat, X) == np.inf
    assert np.isfinite(kl_divergence(flat, wide, X))


@pytest.mark.parametrize("name", DIVERGENCES)
def test_every_distance_is_zero_only_to_itself(name, experts):
    for i, p in enumerate(experts):
        assert DIVERGENCES[name](p, p, X) == pytest.approx(0, abs=1e-12)
        for other in np.delete(experts, i, axis=0):
            assert DIVERGENCES[name](p, other, X) > 0.01


@pytest.mark.parametrize("name", ["wasserstein", "jensen_shannon", "hellinger"])
def test_symmetric_distances_are_symmetric_and_kl_is_not(name, experts):
    forth, back = (DIVERGENCES[name](*pair, X) for pair in (experts[:2], experts[1::-1]))
    assert forth == pytest.approx(back, rel=1e-12)
    assert abs(kl_divergence(*experts[:2], X) - kl_divergence(*experts[1::-1], X)) > 1


def test_jensen_shannon_ends_at_log_two_and_hellinger_at_one():
    q, p = log_normal(X, -8, 0.3), log_normal(X, 8, 0.3)
    assert jensen_shannon(q, p, X) == pytest.approx(np.log(2))
    assert hellinger_squared(q, p, X) == pytest.approx(1)


# ------------------------------------------------------------------ meters


def test_stray_mass_of_gaussians_is_the_mass_beyond_three_standard_deviations():
    q, expert = log_normal(X, 0.7, 1.0), log_normal(X, [-1.0, 0.7], [0.8, 1.0])
    beyond = torch.special.ndtr(torch.tensor([-1 - 2.4 - 0.7, -(-1 + 2.4 - 0.7), -3.0])).tolist()
    expected = [beyond[0] + beyond[1], 2 * beyond[2]]
    np.testing.assert_allclose(stray_mass(q, expert, X), expected, atol=1e-4)


def test_the_gap_between_two_modes_is_a_place_where_an_expert_has_nothing():
    two = power_mean(log_normal(X, [-6, 6], [0.5, 0.5]), [0.5, 0.5], X)
    assert stray_mass(log_normal(X, 0, 0.5), two[None], X) == pytest.approx(1)
    assert stray_mass(two, two[None], X) == pytest.approx(0.0027, abs=1e-4)


def test_stray_mass_moves_smoothly_as_an_expert_is_dragged():
    q = log_normal(X, 0, 1)
    drags = np.arange(-2.4, -2, 0.001)
    stray = stray_mass(q, log_normal(X, drags, np.full_like(drags, 0.6)), X)
    # no faster than the densities at the two borders allow
    assert np.abs(np.diff(stray)).max() < 0.001 * 2 * np.exp(q.max())


def test_the_mixture_covers_every_expert_fully_and_the_geometric_mean_does_not(experts):
    mixture, pool = (power_mean(experts, WEIGHTS, X, exponent=a) for a in (1, 0))
    np.testing.assert_allclose(covered_mass(mixture, experts, WEIGHTS, X), 1, rtol=1e-12)
    assert (covered_mass(pool, experts, WEIGHTS, X) < 0.7).all()


def test_an_expert_without_weight_asks_for_nothing(experts):
    weights = np.array([0.5, 0.5, 0.0])
    covered = covered_mass(experts[0], experts, weights, X)
    np.testing.assert_allclose(covered[[0, 2]], 1)
    assert covered[1] < 0.01
    for mean in (quantile_average, power_mean):
        np.testing.assert_allclose(
            mean(experts, weights, X), mean(experts[:2], weights[:2], X), atol=1e-12
        )


def test_zero_forcing_strays_less_from_a_sharp_expert_than_mass_covering():
    experts = log_normal(X, [0.0, 2.0], [0.3, 2.0])
    pool, mixture = (power_mean(experts, [0.5, 0.5], X, exponent=a) for a in (0, 1))
    assert stray_mass(pool, experts, X)[0] < 0.05 < 0.3 < stray_mass(mixture, experts, X)[0]


@pytest.mark.parametrize("n_modes", [1, 2, 3, 5])
def test_modes_are_counted(n_modes):
    means = np.linspace(-10, 10, n_modes) if n_modes > 1 else np.zeros(1)
    even = np.full(n_modes, 1 / n_modes)
    assert count_modes(power_mean(log_normal(X, means, np.full(n_modes, 0.5)), even, X)) == n_modes


def test_two_gaussians_two_standard_deviations_apart_have_one_mode():
    for apart, n_modes in ((1.9, 1), (2.3, 2)):
        experts = log_normal(X, [-apart / 2, apart / 2], [1.0, 1.0])
        assert count_modes(power_mean(experts, [0.5, 0.5], X)) == n_modes


def test_a_flat_top_and_a_peak_at_the_border_are_one_mode_each():
    assert count_modes([0.0, 1.0, 1.0, 1.0, 0.0]) == 1
    assert count_modes([3.0, 1.0, 0.0, 1.0, 3.0]) == 2
    assert count_modes([-np.inf, 0.0, -np.inf, 0.0, -np.inf]) == 2


# ------------------------------------------------------------------ geodesics


@pytest.mark.parametrize("kind", GEODESICS)
def test_a_geodesic_starts_and_ends_where_it_should(kind, experts):
    start, end = experts[0], experts[2]
    for t, there in ((0, start), (1, end)):
        found = np.exp(geodesic(kind, start, end, X, t))
        np.testing.assert_allclose(found, np.exp(there), atol=1e-9)


def test_half_way_the_three_geodesics_are_three_different_things():
    start, end = log_normal(X, -4, 0.6), log_normal(X, 4, 1.2)
    middle = {kind: geodesic(kind, start, end, X, 0.5) for kind in GEODESICS}
    spread = {kind: mean_and_std(q, X)[1] for kind, q in middle.items()}
    assert {kind: count_modes(q) for kind, q in middle.items()} == {
        "mixing": 2,
        "geometric": 1,
        "displacement": 1,
    }
    assert spread["geometric"] < spread["displacement"] == pytest.approx(0.9, rel=1e-4)
    assert spread["mixing"] > 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: power_mean(p, [0.5, 0.6], X), r"sum to 1, got \[0.5, 0.6\]"),
        (lambda p: quantile_average(p, [1.5, -0.5], X), "non-negative"),
        (lambda p: power_mean(p[0], [1.0], X), r"experts \(M, N\).*got \(3001,\)"),
        (lambda p: geodesic("shortest", *p, X, 0.5), "kind must be one of mixing.*'shortest'"),
        (lambda p: geodesic("mixing", *p, X, 1.5), "between 0 and 1, got 1.5"),
    ],
)
def test_bad_input_is_one_clear_error(call, message, experts):
    with pytest.raises(ValueError, match=message):
        call(experts[:2])
