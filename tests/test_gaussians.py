"""Gaussians, mixtures and the distances between them agree with other people's code."""

import math

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl

from explorer import densities
from explorer.gaussians import (
    Gaussian,
    Laplace,
    Mixture,
    kl_divergence,
    kl_to_prior,
    standard_normal_like,
    wasserstein2_squared,
)


def random_gaussian(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mu, logvar = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    return Gaussian(2 * mu, logvar)


def as_torch(q):
    return Independent(Normal(q.mu, q.std), 1)


def draws(distribution, n, seed=0):
    """n draws of every element at once: what was ``(*, D)`` comes back as ``(n, *, D)``."""
    components = distribution.components if isinstance(distribution, Mixture) else distribution
    wide = [part.unsqueeze(-3).expand(*part.shape[:-2], n, -1, -1) for part in components]
    generator = torch.Generator().manual_seed(seed)
    if isinstance(distribution, Gaussian):
        return Gaussian(*wide).rsample(generator)
    weights = distribution.batch_weights.unsqueeze(1).expand(wide[0].shape[:-1])
    return Mixture(weights, Gaussian(*wide)).rsample(generator)


def test_kl_divergence_is_that_of_torch():
    q, p = random_gaussian(3, 4, 5), random_gaussian(3, 4, 5, seed=1)
    theirs = kl.kl_divergence(as_torch(q), as_torch(p))
    torch.testing.assert_close(kl_divergence(q, p), theirs)


def test_kl_to_prior_is_the_kl_divergence_to_a_standard_normal():
    q = random_gaussian(4, 5)
    torch.testing.assert_close(kl_to_prior(q), kl_divergence(q, standard_normal_like(q)))


def test_wasserstein_distance_is_that_of_the_quantiles():
    q, p = random_gaussian(5, 1), random_gaussian(5, 1, seed=1)
    x = torch.linspace(-30, 30, 6001, dtype=torch.float64)
    for squared, *pair in zip(wasserstein2_squared(q, p), *q, *p, strict=True):
        mu_q, logvar_q, mu_p, logvar_p = (value.item() for value in pair)
        log_q, log_p = (
            densities.log_normal(x, mu, torch.tensor(logvar).div(2).exp().item())
            for mu, logvar in ((mu_q, logvar_q), (mu_p, logvar_p))
        )
        assert squared.item() == pytest.approx(
            densities.wasserstein2_squared(log_q, log_p, x), rel=1e-4
        )


def test_wasserstein_distance_adds_over_dimensions():
    q, p = random_gaussian(4, 3), random_gaussian(4, 3, seed=1)
    by_dimension = [
        wasserstein2_squared(
            *(Gaussian(g.mu[:, d : d + 1], g.logvar[:, d : d + 1]) for g in (q, p))
        )
        for d in range(3)
    ]
    torch.testing.assert_close(wasserstein2_squared(q, p), sum(by_dimension))


def test_log_prob_of_a_gaussian_is_that_of_torch():
    q, z = random_gaussian(4, 5), random_gaussian(7, 4, 5, seed=1).mu
    torch.testing.assert_close(q.log_prob(z), as_torch(q).log_prob(z))


def test_draws_of_a_gaussian_have_its_mean_and_spread():
    n, q = 100_000, random_gaussian(2, 3)
    z = draws(q, n)
    assert ((z.mean(0) - q.mean).abs() < 4 * q.std / n**0.5).all()
    assert ((z.std(0) / q.std - 1).abs() < 4 / (2 * n) ** 0.5).all()


def test_draws_let_the_gradient_through():
    q = Gaussian(*(part.requires_grad_() for part in random_gaussian(2, 3)))
    q.rsample().sum().backward()
    torch.testing.assert_close(q.mu.grad, torch.ones_like(q.mu))
    assert (q.logvar.grad != 0).all()


SHARED = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
PER_SAMPLE = torch.tensor([[0.2, 0.6], [0.5, 0.4], [0.3, 0.0]], dtype=torch.float64)
both_weights = pytest.mark.parametrize(
    "weights", [SHARED, PER_SAMPLE], ids=["shared", "per_sample"]
)


def mixture_and_torch(weights):
    components = random_gaussian(3, 2, 4)
    mixture = Mixture(weights, components)
    theirs = MixtureSameFamily(
        Categorical(mixture.batch_weights.T),
        Independent(Normal(components.mu.transpose(0, 1), components.std.transpose(0, 1)), 1),
    )
    return mixture, theirs


@both_weights
def test_log_prob_of_a_mixture_is_that_of_torch(weights):
    mixture, theirs = mixture_and_torch(weights)
    z = random_gaussian(7, 2, 4, seed=1).mu
    for points in (z, z[0]):
        torch.testing.assert_close(mixture.log_prob(points), theirs.log_prob(points))


@both_weights
def test_mean_of_a_mixture_is_that_of_torch(weights):
    mixture, theirs = mixture_and_torch(weights)
    torch.testing.assert_close(mixture.mean, theirs.mean)


@both_weights
def test_draws_of_a_mixture_have_the_moments_of_torch(weights):
    n = 100_000
    mixture, theirs = mixture_and_torch(weights)
    z = draws(mixture, n)
    standard_error = (theirs.variance / n).sqrt()
    assert ((z.mean(0) - theirs.mean).abs() < 4 * standard_error).all()
    squares = z.square()
    expected = theirs.variance + theirs.mean.square()
    assert ((squares.mean(0) - expected).abs() < 4 * squares.std(0) / n**0.5).all()


def test_draws_come_from_one_component_not_from_a_blend():
    far_apart = Gaussian(torch.tensor([[[-9.0, -9.0]], [[9.0, 9.0]]]), torch.zeros(2, 1, 2))
    z = draws(Mixture(torch.tensor([0.5, 0.5]), far_apart), 1000)[:, 0]
    assert (z[:, 0].sign() == z[:, 1].sign()).all()
    assert (z.abs() > 3).all()


@both_weights
def test_components_are_chosen_by_weight_in_every_place_of_the_batch(weights):
    n = 20_000
    places = weights if weights.ndim == 2 else weights.unsqueeze(1).expand(3, 2)
    batch = places.unsqueeze(1).expand(3, n, 2)
    components = Gaussian(torch.zeros(3, n, 2, 1), torch.zeros(3, n, 2, 1))
    chosen = Mixture(batch, components).choose(torch.Generator().manual_seed(0))  # (n, 2)
    frequency = torch.stack([(chosen == k).double().mean(0) for k in range(3)])
    assert ((frequency - places).abs() <= 4 * (places * (1 - places) / n).sqrt()).all()


def test_the_choice_in_one_place_says_nothing_about_the_next():
    n = 20_000
    components = Gaussian(torch.zeros(2, n, 2, 1), torch.zeros(2, n, 2, 1))
    mixture = Mixture(torch.tensor([0.5, 0.5]), components)
    first, second = mixture.choose(torch.Generator().manual_seed(0)).T
    assert abs((first == second).double().mean().item() - 0.5) < 4 * 0.5 / n**0.5


def test_pick_takes_each_samples_own_component():
    components = random_gaussian(3, 4, 2)
    index = torch.tensor([2, 0, 1, 2])
    for part, picked in zip(components, Mixture(SHARED, components).pick(index), strict=True):
        torch.testing.assert_close(picked, part[index, torch.arange(4)])


@pytest.mark.parametrize("kind", ["gaussian", "mixture"])
def test_the_same_generator_draws_the_same(kind):
    components = random_gaussian(3, 4, 2)
    distribution = components if kind == "gaussian" else Mixture(SHARED, components)
    one, same, other = (
        distribution.rsample(torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_component_of_weight_zero_leaves_values_and_gradients_finite():
    components = Gaussian(*(part.requires_grad_() for part in random_gaussian(2, 3, 4)))
    mixture = Mixture(torch.tensor([1.0, 0.0], dtype=torch.float64), components)
    log_prob = mixture.log_prob(torch.zeros(3, 4, dtype=torch.float64))
    log_prob.sum().backward()
    assert log_prob.isfinite().all()
    assert all(part.grad.isfinite().all() and (part.grad[1] == 0).all() for part in components)


def test_a_repeated_mixture_draws_what_the_mixture_holds():
    weights = torch.tensor([[1.0, 0.0], [0.0, 1.0]])  # each sample its own component
    mu = torch.tensor([[[-5.0], [-5.0]], [[5.0], [5.0]]])
    mixture = Mixture(weights, Gaussian(mu, torch.zeros_like(mu)))
    z = mixture.repeat(1000).rsample(torch.Generator().manual_seed(0))
    assert z.shape == (1000, 2, 1)
    assert torch.allclose(z.mean(0), torch.tensor([[-5.0], [5.0]]), atol=0.2)


def test_a_laplace_has_its_moments_and_torch_s_density():
    mu, logvar = torch.tensor([0.5, -2.0]), torch.tensor([0.0, 1.4])
    belief = Laplace(mu.expand(200_000, 2), logvar.expand(200_000, 2))
    draws = belief.rsample(torch.Generator().manual_seed(0))
    torch.testing.assert_close(draws.mean(0), mu, atol=0.02, rtol=0)
    torch.testing.assert_close(draws.var(0), logvar.exp(), rtol=0.03, atol=0)
    reference = torch.distributions.Laplace(mu, (logvar / 2).exp() / 2**0.5)
    torch.testing.assert_close(belief.log_prob(draws), reference.log_prob(draws).sum(-1))
    assert torch.isfinite(draws).all()


def test_a_mixture_of_laplaces_stays_one():
    parts = Laplace(torch.tensor([[[-5.0]], [[5.0]]]), torch.zeros(2, 1, 1))
    mixture = Mixture(torch.tensor([0.25, 0.75]), parts)
    repeated = mixture.repeat(40_000)
    assert isinstance(repeated.components, Laplace)
    draws = repeated.rsample(torch.Generator().manual_seed(0))
    assert abs((draws > 0).float().mean() - 0.75) < 0.01
    one, other = (Laplace(part, torch.zeros(1, 1)).log_prob(draws[:9]) for part in parts.mu)
    expected = torch.stack([one + math.log(0.25), other + math.log(0.75)]).logsumexp(0)
    torch.testing.assert_close(mixture.log_prob(draws[:9]), expected)
    torch.testing.assert_close(mixture.variance, torch.tensor([[1 + 18.75]]))
