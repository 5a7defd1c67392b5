"""Each barycenter is the nearest point by its own divergence, and only by that one."""

import pytest
import torch

from explorer import densities
from explorer.barycenters import (
    BARYCENTERS,
    DIVERGENCES,
    bures_wasserstein_barycenter,
    dependent_experts,
    geometric_mean,
    hellinger_average,
    hoelder_pool,
    multivi_average,
    product,
    wasserstein_barycenter,
)
from explorer.gaussians import Gaussian, kl_divergence

every_barycenter = pytest.mark.parametrize("name", BARYCENTERS)


def random_experts(n_experts=3, batch=4, dim=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mu, logvar = torch.randn(2, n_experts, batch, dim, generator=generator, dtype=torch.float64)
    return Gaussian(2 * mu, logvar)


def random_weights(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator, dtype=torch.float64).softmax(-1)


def cost(name, q, experts, weights):
    """Weighted sum of divergences to the experts, ``(B,)``."""
    divergences = torch.stack(
        [DIVERGENCES[name](q, Gaussian(*p)) for p in zip(*experts, strict=True)]
    )
    return weights @ divergences


def gradient_at(cost_of, q):
    """Largest entry of the gradient of ``cost_of`` at q."""
    q = Gaussian(*(part.detach().requires_grad_() for part in q))
    return max(g.abs().max() for g in torch.autograd.grad(cost_of(q).sum(), list(q)))


def entropy(q):
    """Entropy of a Gaussian up to a constant."""
    return q.logvar.sum(-1) / 2


def test_every_barycenter_has_a_divergence():
    assert list(BARYCENTERS) == list(DIVERGENCES)


@every_barycenter
def test_a_barycenter_minimises_its_own_definition(name):
    experts, weights = random_experts(), torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    q = BARYCENTERS[name](experts, weights)
    assert gradient_at(lambda q: cost(name, q, experts, weights), q) < 1e-10
    lowest = cost(name, q, experts, weights)
    for seed in range(20):
        step = random_experts(1, seed=seed + 1)
        neighbour = Gaussian(q.mu + 0.1 * step.mu[0], q.logvar + 0.1 * step.logvar[0])
        assert (cost(name, neighbour, experts, weights) > lowest).all()


@every_barycenter
def test_a_barycenter_wins_only_its_own_column(name):
    experts, weights = random_experts(), random_weights(3)
    for divergence in DIVERGENCES:
        costs = {
            other: cost(divergence, BARYCENTERS[other](experts, weights), experts, weights)
            for other in BARYCENTERS
        }
        others = torch.stack([c for other, c in costs.items() if other != divergence])
        assert (costs[divergence] < others).all()


def test_the_product_is_not_the_reverse_kl_barycenter_and_the_geometric_mean_is():
    """Theorem 1 of Qiu et al. (AAAI 2025) says the product; these are the numbers."""
    experts = Gaussian(torch.tensor([[[-1.0]], [[2.0]]]), torch.tensor([[[1.0]], [[0.25]]]).log())
    half = torch.tensor([0.5, 0.5])
    pool, poe = geometric_mean(experts, half), product(experts)
    assert pool.std.item() == pytest.approx(0.632, abs=5e-4)
    assert poe.std.item() == pytest.approx(0.447, abs=5e-4)
    assert cost("reverse_kl", pool, experts, half).item() == pytest.approx(1.9116, abs=5e-5)
    assert cost("reverse_kl", poe, experts, half).item() == pytest.approx(2.0081, abs=5e-5)


def test_the_product_minimises_summed_reverse_kl_plus_surplus_entropy():
    experts = random_experts(4)
    q = product(experts)

    def objective(q):
        return 4 * cost("reverse_kl", q, experts, torch.full((4,), 0.25).double()) + 3 * entropy(q)

    assert gradient_at(objective, q) < 1e-10
    assert gradient_at(lambda q: objective(q) - 3 * entropy(q), q) > 0.1
    for seed in range(20):
        step = random_experts(1, seed=seed + 1)
        neighbour = Gaussian(q.mu + 0.1 * step.mu[0], q.logvar + 0.1 * step.logvar[0])
        assert (objective(neighbour) > objective(q)).all()


def test_the_product_is_the_density_proportional_to_the_product():
    experts = random_experts()
    z = random_experts(10, seed=1).mu  # (10, 4, 2)
    log_product = sum(Gaussian(*p).log_prob(z) for p in zip(*experts, strict=True))
    difference = log_product - product(experts).log_prob(z)
    torch.testing.assert_close(difference, difference[:1].expand_as(difference))


def test_the_product_of_experts_who_agree_is_narrower_than_each():
    one = random_experts(1)
    four = Gaussian(*(part.expand(4, -1, -1) for part in one))
    torch.testing.assert_close(product(four).mu, one.mu[0])
    torch.testing.assert_close(product(four).std, one.std[0] / 2)
    quarter = torch.full((4,), 0.25, dtype=torch.float64)
    for barycenter in BARYCENTERS.values():
        for part, own in zip(barycenter(four, quarter), one, strict=True):
            torch.testing.assert_close(part, own[0])


def test_the_wasserstein_barycenter_averages_standard_deviations_not_variances():
    experts = Gaussian(torch.zeros(2, 1, 1), torch.tensor([[[1.0]], [[9.0]]]).log())
    assert wasserstein_barycenter(experts, torch.tensor([0.5, 0.5])).std.item() == pytest.approx(2)


@every_barycenter
def test_one_expert_is_its_own_barycenter(name):
    experts = random_experts(1)
    for part, own in zip(
        BARYCENTERS[name](experts, torch.ones(1, dtype=torch.float64)), experts, strict=True
    ):
        torch.testing.assert_close(part, own[0])


@every_barycenter
def test_the_order_of_the_experts_does_not_matter(name):
    experts, weights = random_experts(4), random_weights(4)
    order = [2, 0, 3, 1]
    shuffled = BARYCENTERS[name](Gaussian(*(part[order] for part in experts)), weights[order])
    for part, other in zip(BARYCENTERS[name](experts, weights), shuffled, strict=True):
        torch.testing.assert_close(part, other)


@every_barycenter
def test_moving_every_expert_moves_the_barycenter(name):
    experts, weights = random_experts(), random_weights(3)
    moved = BARYCENTERS[name](Gaussian(experts.mu + 5, experts.logvar), weights)
    q = BARYCENTERS[name](experts, weights)
    torch.testing.assert_close(moved.mu, q.mu + 5)
    torch.testing.assert_close(moved.logvar, q.logvar)


def test_spread_grows_from_reverse_kl_over_wasserstein_to_forward_kl():
    experts, weights = random_experts(5, 100, 8), random_weights(5)
    spread = {name: BARYCENTERS[name](experts, weights).logvar for name in BARYCENTERS}
    assert (spread["reverse_kl"] < spread["wasserstein"]).all()
    assert (spread["wasserstein"] < spread["forward_kl"]).all()


@every_barycenter
def test_many_rows_of_weights_give_what_each_row_gives_alone(name):
    experts, rows = random_experts(), random_weights(6, 3)
    together = BARYCENTERS[name](experts, rows)
    for s, row in enumerate(rows):
        for part, own in zip(together, BARYCENTERS[name](experts, row), strict=True):
            torch.testing.assert_close(part[s], own)


@every_barycenter
def test_rows_of_weights_may_differ_between_samples(name):
    experts, rows = random_experts(3, 4), random_weights(4, 6, 3)
    together = BARYCENTERS[name](experts, rows)
    assert together.mu.shape == (6, 4, 2)
    for b in range(4):
        alone = BARYCENTERS[name](Gaussian(*(part[:, b : b + 1] for part in experts)), rows[b])
        for part, own in zip(together, alone, strict=True):
            torch.testing.assert_close(part[:, b], own[:, 0])


@every_barycenter
@pytest.mark.parametrize("tracked", [False, True], ids=["values_only", "with_gradient"])
@pytest.mark.parametrize("n_experts", [1, 3])
@pytest.mark.parametrize("rows", [(), (6,), (4, 6)], ids=["one_row", "rows", "rows_per_sample"])
def test_the_experts_are_left_as_they_were(name, rows, n_experts, tracked):
    experts = Gaussian(*(part.requires_grad_(tracked) for part in random_experts(n_experts)))
    before = [part.detach().clone() for part in experts]
    BARYCENTERS[name](experts, random_weights(*rows, n_experts))
    assert all(torch.equal(part, copy) for part, copy in zip(experts, before, strict=True))


@every_barycenter
def test_values_do_not_depend_on_whether_a_gradient_is_wanted(name):
    experts, rows = random_experts(), random_weights(6, 3)
    tracked = Gaussian(*(part.clone().requires_grad_() for part in experts))
    for part, other in zip(
        BARYCENTERS[name](experts, rows), BARYCENTERS[name](tracked, rows), strict=True
    ):
        torch.testing.assert_close(part, other.detach())


@every_barycenter
def test_gradients_are_those_of_finite_differences(name):
    experts, rows = random_experts(3, 2, 2), random_weights(4, 3)
    parts = [part.requires_grad_() for part in experts]
    assert torch.autograd.gradcheck(lambda *p: tuple(BARYCENTERS[name](Gaussian(*p), rows)), parts)


@every_barycenter
def test_extreme_experts_give_finite_values_and_gradients_in_float32(name):
    extremes = torch.tensor([-60.0, -1.0, 0.0, 30.0, 60.0])
    logvar = torch.cartesian_prod(extremes, extremes, extremes).T.unsqueeze(-1)  # (3, 125, 1)
    mu = torch.tensor([-50.0, 0.0, 50.0]).reshape(3, 1, 1).expand_as(logvar)
    experts = Gaussian(mu.clone().requires_grad_(), logvar.clone().requires_grad_())
    q = BARYCENTERS[name](experts, torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]))
    for part in q:
        assert part.isfinite().all()
        for gradient in torch.autograd.grad(
            part.sum(), list(experts), retain_graph=True, materialize_grads=True
        ):
            assert gradient.isfinite().all()


@every_barycenter
def test_extreme_experts_keep_their_digits_in_float32(name):
    generator = torch.Generator().manual_seed(0)
    logvar = 120 * torch.rand(3, 200, 1, generator=generator) - 60
    experts = Gaussian(10 * torch.randn(3, 200, 1, generator=generator), logvar)
    weights = torch.tensor([0.2, 0.3, 0.5])
    exact = BARYCENTERS[name](Gaussian(*(part.double() for part in experts)), weights.double())
    for part, other in zip(BARYCENTERS[name](experts, weights), exact, strict=True):
        torch.testing.assert_close(part.double(), other, rtol=1e-4, atol=1e-4)


# ------------------------------------------------------------------ full covariances


def random_covariances(n_experts, dim, seed=0):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(n_experts, dim, dim, generator=generator, dtype=torch.float64)
    scale = torch.linspace(0.3, 2, n_experts, dtype=torch.float64).reshape(-1, 1, 1)
    return scale * (root @ root.mT + 0.1 * torch.eye(dim, dtype=torch.float64))


def bures_cost(cov, covs, weights):
    """Weighted sum of squared Bures distances from ``cov``: the part that means do not move."""
    values, vectors = torch.linalg.eigh(cov)
    root = (vectors * values.sqrt()) @ vectors.mT
    cross = torch.linalg.eigvalsh(root @ covs @ root).clamp_min(0).sqrt().sum(-1)
    traces = covs.diagonal(dim1=-2, dim2=-1).sum(-1) + cov.trace()
    return (weights * (traces - 2 * cross)).sum()


def test_full_covariance_barycenter_of_diagonal_input_is_the_closed_form():
    experts, weights = random_experts(3, 1, 4), random_weights(3)
    expected = wasserstein_barycenter(experts, weights)
    mean, cov = bures_wasserstein_barycenter(
        experts.mu[:, 0], torch.diag_embed(experts.logvar[:, 0].exp()), weights
    )
    torch.testing.assert_close(mean, expected.mu[0])
    torch.testing.assert_close(cov, torch.diag(expected.logvar[0].exp()))


def test_full_covariance_barycenter_is_that_of_pot():
    ot = pytest.importorskip("ot", reason="POT is the other opinion")
    means, covs = random_experts(4, 1, 3).mu[:, 0], random_covariances(4, 3)
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    theirs = ot.gaussian.bures_wasserstein_barycenter(
        means.numpy(), covs.numpy(), weights.numpy(), num_iter=2000, eps=1e-12
    )
    for ours, other in zip(
        bures_wasserstein_barycenter(means, covs, weights), theirs[:2], strict=True
    ):
        torch.testing.assert_close(ours, torch.as_tensor(other), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_full_covariance_barycenter_minimises_its_own_definition(seed):
    covs, weights = random_covariances(3, 3, seed), random_weights(3, seed=seed)
    _, cov = bures_wasserstein_barycenter(covs[:, 0], covs, weights)
    lowest = bures_cost(cov, covs, weights)
    for step in random_covariances(20, 3, seed + 100):
        neighbour = (
            cov + 0.05 * (step - step.trace() / 3 * torch.eye(3)) * cov.trace() / step.trace()
        )
        if torch.linalg.eigvalsh(neighbour).min() > 0:
            assert bures_cost(neighbour, covs, weights) > lowest
    variable = cov.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(bures_cost(variable, covs, weights), variable)
    assert (gradient + gradient.mT).abs().max() < 1e-6


def test_commuting_shortcut_is_wrong_for_crossed_ellipses():
    """Averaging standard deviations axis by axis is exact only for diagonal covariances."""
    turn = torch.tensor([[1.0, -1.0], [1.0, 1.0]], dtype=torch.float64) / 2**0.5
    flat = torch.diag(torch.tensor([4.0, 0.25], dtype=torch.float64))
    covs = torch.stack([flat, turn @ flat @ turn.T])
    half = torch.tensor([0.5, 0.5], dtype=torch.float64)
    _, cov = bures_wasserstein_barycenter(torch.zeros(2, 2).double(), covs, half)
    shortcut = torch.diag(covs.diagonal(dim1=1, dim2=2).sqrt().mean(0).square())
    assert bures_cost(cov, covs, half) < bures_cost(shortcut, covs, half) - 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"covs": torch.eye(2).expand(2, 2, 2)},
            r"covs must have shape \(2, 3, 3\).*got \(2, 2, 2\)",
        ),
        ({"weights": torch.tensor([1.0, 1.0])}, "weights must sum to 1, got 2"),
        (
            {"covs": torch.diag(torch.tensor([1.0, 1.0, -2.0])).expand(2, 3, 3)},
            "positive definite.*-2",
        ),
    ],
)
def test_full_covariance_barycenter_says_what_is_wrong_with_its_input(change, message):
    good = {
        "means": torch.zeros(2, 3),
        "covs": torch.eye(3).expand(2, 3, 3),
        "weights": torch.tensor([0.5, 0.5]),
    }
    with pytest.raises(ValueError, match=message):
        bures_wasserstein_barycenter(**{**good, **change})


def test_full_covariance_barycenter_raises_when_it_has_not_converged():
    covs = random_covariances(3, 3)
    with pytest.raises(RuntimeError, match="no convergence in 1 iterations.*max_iter"):
        bures_wasserstein_barycenter(covs[:, 0], covs, random_weights(3), max_iter=1)


def test_divergences_run_from_the_barycenter_to_the_expert_and_back():
    q, expert = (Gaussian(*(part[m] for part in random_experts(2))) for m in range(2))
    torch.testing.assert_close(DIVERGENCES["reverse_kl"](q, expert), kl_divergence(q, expert))
    torch.testing.assert_close(DIVERGENCES["forward_kl"](q, expert), kl_divergence(expert, q))


# ------------------------------------------------------------------ averages of other kinds

GRID = torch.linspace(-30, 30, 60_001, dtype=torch.float64)


def on_the_line(seed, n_experts=3):
    """Experts of one dimension and weights."""
    return random_experts(n_experts, 1, 1, seed), random_weights(n_experts, seed=seed)


@pytest.mark.parametrize("seed", range(4))
def test_hoelder_pooling_is_the_squared_mean_of_square_roots_by_quadrature(seed):
    experts, weights = on_the_line(seed)
    z = GRID.reshape(-1, 1, 1)
    roots = [(Gaussian(*p).log_prob(z)[:, 0] / 2).exp() for p in zip(*experts, strict=True)]
    expected = sum(w * root for w, root in zip(weights, roots, strict=True)) ** 2
    expected = expected / torch.trapezoid(expected, GRID)
    found = hoelder_pool(experts, weights).log_prob(z)[:, 0].exp()
    torch.testing.assert_close(found, expected, atol=1e-11, rtol=0)


@pytest.mark.parametrize("seed", range(4))
def test_hoelder_pooling_is_the_middle_of_the_dial_of_power_means(seed):
    experts, weights = on_the_line(seed)
    log_p = densities.log_normal(GRID, experts.mu.flatten(), experts.std.flatten())
    dial = densities.power_mean(log_p, weights, GRID, exponent=0.5)
    found = hoelder_pool(experts, weights).log_prob(GRID.reshape(-1, 1, 1))[:, 0]
    torch.testing.assert_close(found.exp(), torch.as_tensor(dial).exp(), atol=1e-11, rtol=0)
    mean, std = densities.mean_and_std(dial, GRID)
    average = hellinger_average(experts, weights)
    assert average.mu.item() == pytest.approx(mean, abs=1e-9)
    assert average.std.item() == pytest.approx(std, abs=1e-9)


def test_hoelder_pooling_minimises_the_mean_squared_hellinger_distance():
    experts, weights = on_the_line(1)
    log_p = densities.log_normal(GRID, experts.mu.flatten(), experts.std.flatten())

    def cost(exponent):
        q = densities.power_mean(log_p, weights, GRID, exponent=exponent)
        return sum(
            w * densities.hellinger_squared(q, p, GRID) for w, p in zip(weights, log_p, strict=True)
        )

    assert cost(0.5) < min(cost(0.45), cost(0.55), cost(0.0), cost(1.0))


@pytest.mark.parametrize("rule", [hellinger_average, dependent_experts, multivi_average])
def test_rows_of_weights_give_what_each_row_gives_alone_and_may_differ_by_sample(rule):
    experts, rows = random_experts(), random_weights(4, 5, 3)  # (B, S, M)
    together = rule(experts, rows)
    for b in range(4):
        own = Gaussian(*(part[:, b : b + 1] for part in experts))
        alone = rule(own, rows[b])
        torch.testing.assert_close(together.mu[:, b], alone.mu[:, 0])
        torch.testing.assert_close(together.logvar[:, b], alone.logvar[:, 0])
        one = rule(own, rows[b, 2])
        torch.testing.assert_close(together.mu[2, b], one.mu[0])


@pytest.mark.parametrize("rule", [hellinger_average, dependent_experts, multivi_average])
def test_gradients_of_the_new_averages_are_those_of_finite_differences(rule):
    mu, logvar = (part.requires_grad_() for part in random_experts(3, 2, 2))
    weights = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda *p: rule(Gaussian(*p), weights), (mu, logvar))


def test_the_gradient_of_hoelder_pooling_reaches_its_weights():
    mu, logvar = (part.requires_grad_() for part in random_experts(3, 2, 2))
    z = random_experts(5, 2, 2, seed=3).mu

    def log_prob(*parts):
        return hoelder_pool(Gaussian(*parts), torch.ones(3).double()).log_prob(z)

    assert torch.autograd.gradcheck(log_prob, (mu, logvar))


def test_uncorrelated_dependent_experts_are_a_product():
    experts, weights = random_experts(), 3 * random_weights(5, 3)
    consensus = dependent_experts(experts, weights, correlation=0.0)
    torch.testing.assert_close(consensus, geometric_mean(experts, weights))


def test_agreeing_dependent_experts_never_get_surer_than_their_correlation():
    variances = []
    for n in (1, 2, 10, 1000):
        agreeing = Gaussian(torch.ones(n, 1, 1).double(), torch.zeros(n, 1, 1).double())
        q = dependent_experts(agreeing, torch.ones(n).double(), correlation=0.3)
        variances.append(q.logvar.exp().item())
    assert variances == pytest.approx([1.0, 0.65, 0.37, 0.3007])


def test_a_vague_dependent_expert_pushes_the_mean_away_from_itself():
    logvar = torch.tensor([0.0, 3.0]).double().reshape(2, 1, 1)
    experts = Gaussian(torch.tensor([0.0, 1.0]).double().reshape(2, 1, 1), logvar)
    assert dependent_experts(experts, torch.ones(2).double(), correlation=0.0).mu.item() > 0
    assert dependent_experts(experts, torch.ones(2).double(), correlation=0.5).mu.item() < 0


def test_a_correlation_of_one_is_an_error():
    with pytest.raises(ValueError, match="below 1, got 1"):
        dependent_experts(random_experts(), torch.ones(3).double(), correlation=1.0)
