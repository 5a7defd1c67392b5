"""The discrepancy of two clouds: its factor, its expectation, its limits."""

import pytest
import torch

from explorer.models.kernels import mmd_squared, rbf

N, D = 128, 64


def normal_draws(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("d", [2, 64, 128])
def test_the_mean_kernel_of_standard_normals_is_known(d):
    k = rbf(normal_draws(2000, d), normal_draws(2000, d, seed=1))
    assert k.mean() == pytest.approx((1 + 2 / d) ** (-d / 2), rel=0.01)


def test_the_kernel_is_that_of_each_pair():
    u, v = normal_draws(3, 5, 4), normal_draws(3, 6, 4, seed=1)
    k = rbf(u, v, bandwidth=0.7)
    assert k.shape == (3, 5, 6)
    expected = (-(u[1, 2] - v[1, 3]).square().sum() / (2 * 4 * 0.49)).exp()
    assert torch.allclose(k[1, 2, 3], expected)


def test_it_is_the_sum_over_different_pairs():
    z, y = normal_draws(5, 3), normal_draws(4, 3, seed=1)
    own = sum(rbf(z, z)[i, j] for i in range(5) for j in range(5) if i != j) / 20
    other = sum(rbf(y, y)[i, j] for i in range(4) for j in range(4) if i != j) / 12
    assert torch.allclose(mmd_squared(z, y), own + other - 2 * rbf(z, y).mean())


def test_it_is_zero_on_average_for_draws_of_the_prior():
    found = mmd_squared(normal_draws(200, N, D).float(), normal_draws(200, N, D, seed=1).float())
    assert found.shape == (200,)
    assert found.mean().abs() < 4 * found.std() / 200**0.5
    assert found.std() < 0.002
    assert found.min() < 0


def test_the_printed_factor_makes_a_perfect_match_cost_47():
    z, y = normal_draws(N, D), normal_draws(N, D, seed=1)
    own = (rbf(z, z).sum() - N) / (N * (N - 1))
    printed = mmd_squared(z, y) - own + N * own
    assert printed == pytest.approx(47, abs=1)


@pytest.mark.parametrize("far", [0.0, 1.0, 100.0])
@pytest.mark.parametrize("wide", [0.0, 1.0, 3.0, 100.0])
def test_it_never_exceeds_two(far, wide):
    z = far + wide * normal_draws(N, D)
    assert mmd_squared(z, normal_draws(N, D, seed=1)) <= 2


def test_a_cloud_nothing_like_the_prior_can_cost_next_to_nothing():
    z, y = 1e4 * normal_draws(2000, D).float(), normal_draws(2000, D, seed=1).float()
    z[: int(0.61 * len(z))] = 0
    best = (1 + 2 / D) ** (-D / 2) - (1 + 1 / D) ** -D
    assert best == pytest.approx(0.003, abs=3e-4)
    assert mmd_squared(z, y) == pytest.approx(best, abs=1e-3)
    assert z.var(0).min() > 1e6


@pytest.mark.parametrize("wide", [0.0, 3.0, 10.0])
def test_around_the_origin_it_stays_below_what_a_beta_of_ten_could_make_felt(wide):
    assert 0.1 < mmd_squared(wide * normal_draws(N, D), normal_draws(N, D, seed=1)) < 0.4


def test_following_it_brings_a_cloud_to_the_prior():
    z = (0.5 + 0.2 * normal_draws(N, 4)).requires_grad_()
    optimizer = torch.optim.Adam([z], lr=0.05)
    for step in range(150):
        loss = mmd_squared(z, normal_draws(N, 4, seed=step + 1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert z.detach().mean(0).abs().max() < 0.3
    assert 0.5 < z.detach().var(0).min() < z.detach().var(0).max() < 2


def test_collapsed_codes_have_a_finite_gradient():
    z = torch.zeros(8, 4, requires_grad=True)
    mmd_squared(z, normal_draws(8, 4).float()).backward()
    assert torch.isfinite(z.grad).all()


def test_one_point_has_no_discrepancy():
    with pytest.raises(ValueError, match="at least 2 points on either side, got 1 and 5"):
        mmd_squared(torch.zeros(1, 3), torch.zeros(5, 3))
