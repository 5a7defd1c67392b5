"""Every aggregation: what it is in an exactly solvable world, with gaps, at the extremes."""

from itertools import combinations

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from explorer.aggregations import AGGREGATIONS, power_set, subset_label, subsets
from explorer.barycenters import (
    CORRELATION,
    geometric_mean,
    moment_match,
    product,
    wasserstein_barycenter,
)
from explorer.datasets.modality import Modality
from explorer.gaussians import Gaussian, Mixture, kl_divergence, kl_to_prior
from explorer.models import build_model

every_aggregation = pytest.mark.parametrize("name", AGGREGATIONS)
POWER_SET_RULES = ("mopoe", "mwb", "code")


def random_experts(n_experts=4, batch=6, dim=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mu, logvar = torch.randn(2, n_experts, batch, dim, generator=generator, dtype=torch.float64)
    return Gaussian(2 * mu, logvar)


def select(experts, index):
    return Gaussian(*(part[index] for part in experts))


def some_points(batch=6, dim=3):
    return 3 * random_experts(20, batch, dim, seed=1).mu  # (20, B, D)


# ------------------------------------------------------------------ an exact world

N_DRAWS = 200_000
SHARPNESS = torch.tensor([[2.0, 0.5], [0.3, 1.5], [1.0, 3.0]], dtype=torch.float64)  # (M, D)


@pytest.fixture(scope="module")
def world():
    """Latent z ~ N(0, I), three modalities x_m = A_m z + noise, and one observation of each.

    The columns of A_m are orthogonal, so every posterior is a diagonal Gaussian.
    """
    generator = torch.Generator().manual_seed(0)
    frames = torch.linalg.qr(torch.randn(3, 4, 2, generator=generator, dtype=torch.float64))[0]
    maps = frames * SHARPNESS.sqrt().unsqueeze(1)  # (M, 4, D)
    z = torch.randn(2, generator=generator, dtype=torch.float64)
    x = maps @ z + torch.randn(3, 4, generator=generator, dtype=torch.float64)
    return maps, x


def exact_model(name, maps, *, prior_in_experts):
    """The model of that world; an expert is the posterior given x_m, or that without its prior."""
    modalities = [Modality(f"m{m}", (4,), "normal", "mlp") for m in range(3)]
    model = build_model("poe", modalities, latent_dim=2, aggregation=name).double()
    for m, modality in enumerate(modalities):
        precision = SHARPNESS[m] + prior_in_experts
        encoder, decoder = nn.Linear(4, 4).double(), nn.Linear(2, 4, bias=False).double()
        with torch.no_grad():
            encoder.weight[:2] = maps[m].T / precision.unsqueeze(1)
            encoder.weight[2:] = 0
            encoder.bias[:2] = 0
            encoder.bias[2:] = -precision.log()
            decoder.weight[:] = maps[m]
        model.encoders[modality.name], model.decoders[modality.name] = encoder, decoder
    return model.requires_grad_(False)


def elbo_draws(model, x):
    batch = {f"m{m}": x[m].expand(N_DRAWS, -1) for m in range(3)}
    return -model.loss(batch, generator=torch.Generator().manual_seed(0)).total


def log_evidence(maps, x):
    flat = maps.flatten(0, 1)  # (12, D)
    cov = flat @ flat.T + torch.eye(len(flat), dtype=torch.float64)
    return MultivariateNormal(torch.zeros_like(flat[:, 0]), cov).log_prob(x.flatten())


def test_with_exact_encoders_the_elbo_of_the_product_is_the_log_evidence(world):
    maps, x = world
    draws = elbo_draws(exact_model("poe", maps, prior_in_experts=False), x)
    standard_error = draws.std() / N_DRAWS**0.5
    assert standard_error < 0.02
    assert (draws.mean() - log_evidence(maps, x)).abs() < 4 * standard_error


@every_aggregation
@pytest.mark.parametrize("prior_in_experts", [True, False])
def test_no_elbo_exceeds_the_log_evidence(name, prior_in_experts, world):
    maps, x = world
    draws = elbo_draws(exact_model(name, maps, prior_in_experts=prior_in_experts), x)
    assert draws.mean() < log_evidence(maps, x) + 4 * draws.std() / N_DRAWS**0.5


@every_aggregation
def test_an_elbo_falls_short_by_its_components_kl_to_the_true_posterior(name, world):
    maps, x = world
    model = exact_model(name, maps, prior_in_experts=True)
    precision = 1 + SHARPNESS.sum(0)
    truth = Gaussian(torch.einsum("mxd,mx->d", maps, x) / precision, -precision.log())
    posterior = model.posterior({f"m{m}": x[m : m + 1] for m in range(3)})
    kl = kl_divergence(posterior.components, truth)
    shortfall = (posterior.batch_weights * kl).sum()
    draws = elbo_draws(model, x)
    error = draws.mean() - (log_evidence(maps, x) - shortfall)
    assert error.abs() < 4 * draws.std() / N_DRAWS**0.5


# ------------------------------------------------------------------ subsets


def test_subsets_come_smallest_first():
    names = ("a", "b", "c")
    assert [subset_label(s) for s in subsets(names)] == [
        "a",
        "b",
        "c",
        "a+b",
        "a+c",
        "b+c",
        "a+b+c",
    ]


@pytest.mark.parametrize("n_modalities", range(1, 7))
def test_the_power_set_has_the_order_of_subsets(n_modalities):
    rows = [tuple(row.nonzero().flatten().tolist()) for row in power_set(n_modalities)]
    assert rows == subsets(range(n_modalities))


@every_aggregation
def test_weights_sum_to_one_and_components_have_the_batch_shape(name):
    weights, components = AGGREGATIONS[name](random_experts())
    torch.testing.assert_close(weights.sum(0), torch.ones(weights.shape[1:]).double())
    assert components.mu.shape == components.logvar.shape == (len(weights), 6, 3)


def pool_by_hand(experts, weights):
    """(sum_m w_m sqrt p_m)^2 multiplied out, every square and every product on its own."""
    n, parts = len(experts.mu), []
    for i in range(n):
        for j in range(n):
            one, other = (select(experts, [k]) for k in (i, j))
            middle = geometric_mean(select(experts, [i, j]), torch.tensor([0.5, 0.5]).double())
            z = middle.mu
            overlap = (one.log_prob(z) + other.log_prob(z)) / 2 - middle.log_prob(z)  # (1, B)
            parts.append((weights[i] * weights[j] * overlap[0].exp(), middle))
    shares = torch.stack([share for share, _ in parts])
    components = (torch.stack([m[k] for _, m in parts]) for k in (0, 1))
    return Mixture(shares / shares.sum(0), Gaussian(*components))


def consensus_by_hand(experts, correlation=CORRELATION):
    """Winkler's consensus by the inverse of the experts' error covariance, one by one."""
    n = len(experts.mu)
    agree = torch.full((n, n), correlation).double().fill_diagonal_(1.0)
    std = experts.std.permute(1, 2, 0)  # (B, D, M)
    inverse = torch.linalg.inv(std.unsqueeze(-1) * agree * std.unsqueeze(-2))
    precision = inverse.sum((-1, -2))
    pull = (inverse.sum(-1) * experts.mu.permute(1, 2, 0)).sum(-1)
    return Gaussian(pull / precision, -precision.log())


def moments_by_hand(mixture):
    return Gaussian(mixture.mean, mixture.variance.log())


def subset_by_hand(name, experts):
    """What each rule believes given exactly these experts, written out."""
    n = len(experts.mu)
    even = experts.mu.new_full((n,), 1 / n)
    with_prior = Gaussian(*(torch.cat([part, torch.zeros_like(part[:1])]) for part in experts))
    pool = product(experts)
    one = {
        "poe": lambda: product(with_prior),
        "logpool": lambda: Gaussian(pool.mu, pool.logvar + torch.tensor(n).log()),
        "mopoe": lambda: pool,
        "wb": lambda: wasserstein_barycenter(experts, even),
        "mwb": lambda: wasserstein_barycenter(experts, even),
        "moments": lambda: moment_match(experts, even),
        "product": lambda: pool,
        "hellinger": lambda: moments_by_hand(pool_by_hand(experts, even)),
        "dependent": lambda: consensus_by_hand(experts),
        "code": lambda: consensus_by_hand(experts),
        "multivi": lambda: Gaussian(
            experts.mu.mean(0), (experts.logvar.exp().sum(0) / n**0.5).log()
        ),
        "variance": lambda: Gaussian(experts.mu.mean(0), experts.logvar.exp().mean(0).log()),
    }
    if name == "moe":
        return Mixture(even, experts)
    if name == "holder":
        return pool_by_hand(experts, even)
    return Mixture(even.new_ones(1), Gaussian(*(part.unsqueeze(0) for part in one[name]())))


@every_aggregation
def test_subset_posteriors_equal_a_loop_over_subsets(name):
    experts, z = random_experts(), some_points()
    together = AGGREGATIONS[name].subset_posteriors(experts)
    log_prob = together.log_prob(z.unsqueeze(1))  # (20, S, B)
    for s, subset in enumerate(subsets(range(4))):
        alone = AGGREGATIONS[name].subset_posterior(select(experts, list(subset)))
        torch.testing.assert_close(log_prob[:, s], alone.log_prob(z))
        by_hand = subset_by_hand(name, select(experts, list(subset)))
        torch.testing.assert_close(log_prob[:, s], by_hand.log_prob(z))


@every_aggregation
def test_the_joint_posterior_is_the_mixture_that_the_papers_write(name):
    experts, z = random_experts(), some_points()
    joint = AGGREGATIONS[name](experts).log_prob(z)
    if name in POWER_SET_RULES:
        parts = [
            subset_by_hand(name, select(experts, list(subset))).log_prob(z)
            for size in range(1, 5)
            for subset in combinations(range(4), size)
        ]
        expected = torch.stack(parts).logsumexp(0) - torch.tensor(15.0).log()
    else:
        expected = subset_by_hand(name, experts).log_prob(z)
    torch.testing.assert_close(joint, expected)


@every_aggregation
def test_one_expert_is_believed(name):
    experts, z = random_experts(1), some_points()
    own = Gaussian(experts.mu[0], experts.logvar[0])
    if AGGREGATIONS[name].prior:  # one more expert, N(0, I)
        own = subset_by_hand(name, experts).pick(torch.zeros(6, dtype=torch.long))
    torch.testing.assert_close(AGGREGATIONS[name](experts).log_prob(z), own.log_prob(z))


@every_aggregation
def test_the_order_of_the_experts_does_not_matter(name):
    experts, z = random_experts(), some_points()
    shuffled = AGGREGATIONS[name](select(experts, [2, 0, 3, 1]))
    torch.testing.assert_close(AGGREGATIONS[name](experts).log_prob(z), shuffled.log_prob(z))


@pytest.mark.parametrize("name", ["moe", *POWER_SET_RULES])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_small_batch_uses_every_component_in_every_place(name, batch):
    mixture = AGGREGATIONS[name](random_experts(batch=batch))
    n_components = len(mixture.weights)
    generator = torch.Generator().manual_seed(0)
    n = 400 * n_components
    chosen = torch.stack([mixture.choose(generator) for _ in range(n)])  # (n, B)
    expected = 1 / n_components
    tolerance = 4.5 * (expected * (1 - expected) / n) ** 0.5
    for k in range(n_components):
        assert ((chosen == k).double().mean(0) - expected).abs().max() < tolerance


# ------------------------------------------------------------------ gaps

OBSERVED = torch.tensor(
    [[1, 1, 1, 1], [1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0], [1, 1, 0, 1], [0, 1, 1, 1]]
).bool()


def with_garbage(experts, value):
    gap = ~OBSERVED.T.unsqueeze(-1)
    return Gaussian(*(part.masked_fill(gap, value).requires_grad_() for part in experts))


@every_aggregation
@pytest.mark.parametrize("garbage", [0.0, 1e30, torch.inf, -torch.inf, torch.nan])
def test_a_sample_with_gaps_is_fused_from_what_it_observed_alone(name, garbage):
    experts, z = random_experts(), some_points()
    mixture = AGGREGATIONS[name](with_garbage(experts, garbage), OBSERVED)
    log_prob = mixture.log_prob(z)
    torch.testing.assert_close(mixture.batch_weights.sum(0), torch.ones(6).double())
    for b, present in enumerate(OBSERVED):
        alone = AGGREGATIONS[name](Gaussian(*(part[present, b : b + 1] for part in experts)))
        torch.testing.assert_close(log_prob[:, b], alone.log_prob(z[:, b : b + 1])[:, 0])


@every_aggregation
@pytest.mark.parametrize("garbage", [1e30, torch.inf, torch.nan])
def test_what_is_in_a_gap_reaches_no_gradient(name, garbage):
    z, clean = some_points(), with_garbage(random_experts(), 0.0)
    dirty = with_garbage(random_experts(), garbage)
    for experts in (clean, dirty):
        mixture = AGGREGATIONS[name](experts, OBSERVED)
        (
            mixture.log_prob(z).sum() + mixture.rsample(torch.Generator().manual_seed(0)).sum()
        ).backward()
    gap = ~OBSERVED.T.unsqueeze(-1)
    for part, other in zip(dirty, clean, strict=True):
        assert (part.grad.masked_select(gap) == 0).all()
        torch.testing.assert_close(part.grad, other.grad)


@every_aggregation
def test_nothing_missing_is_the_same_as_saying_so(name):
    experts, z = random_experts(), some_points()
    everything = torch.ones(6, 4, dtype=torch.bool)
    torch.testing.assert_close(
        AGGREGATIONS[name](experts, everything).log_prob(z), AGGREGATIONS[name](experts).log_prob(z)
    )


@every_aggregation
def test_a_sample_that_observed_nothing_is_an_error_that_names_it(name):
    nothing = OBSERVED.clone()
    nothing[[1, 4]] = False
    with pytest.raises(ValueError, match=r"at least one observed modality.*\[1, 4\]"):
        AGGREGATIONS[name](random_experts(), nothing)


def test_a_mask_of_the_wrong_shape_is_an_error_with_both_shapes():
    with pytest.raises(ValueError, match=r"\(6, 4\).*\(4, 6\)"):
        AGGREGATIONS["wb"](random_experts(), OBSERVED.T)


# ------------------------------------------------------------------ extremes


def extreme_experts(reach):
    """Three experts at every combination of tiny, usual and huge spreads, in float32."""
    extremes = torch.tensor([-reach, -1.0, 0.0, reach / 2, reach])
    logvar = torch.cartesian_prod(extremes, extremes, extremes).T.unsqueeze(-1)  # (3, 125, 1)
    mu = torch.tensor([-50.0, 0.0, 50.0]).reshape(3, 1, 1).expand_as(logvar)
    return Gaussian(mu.clone().requires_grad_(), logvar.clone().requires_grad_())


def assert_finite_with_gradients(values, experts):
    for value in values:
        assert value.isfinite().all()
        for gradient in torch.autograd.grad(
            value.sum(), list(experts), retain_graph=True, materialize_grads=True
        ):
            assert gradient.isfinite().all()


with_and_without_gaps = pytest.mark.parametrize(
    "observed", [None, power_set(3)[torch.arange(125) % 7]], ids=["complete", "gaps"]
)


@every_aggregation
@with_and_without_gaps
def test_extreme_experts_give_finite_posteriors_and_gradients_in_float32(name, observed):
    experts = extreme_experts(60.0)
    mixture = AGGREGATIONS[name](experts, observed)
    posteriors = AGGREGATIONS[name].subset_posteriors(experts)
    posteriors = posteriors.components if isinstance(posteriors, Mixture) else posteriors
    assert_finite_with_gradients([*mixture.components, *posteriors, mixture.mean], experts)
    z = mixture.rsample()
    assert z.isfinite().all()
    assert mixture.log_prob(z).isfinite().all()


@every_aggregation
@with_and_without_gaps
def test_extreme_draws_and_kl_terms_have_finite_gradients_in_float32(name, observed):
    """A narrower range: the gradient of the KL term is itself exp(logvar)."""
    experts = extreme_experts(40.0)
    mixture = AGGREGATIONS[name](experts, observed)
    assert_finite_with_gradients([mixture.rsample(), kl_to_prior(mixture.components)], experts)


@every_aggregation
def test_float32_stays_float32(name):
    experts = Gaussian(*(part.float() for part in random_experts()))
    for observed in (None, OBSERVED):
        mixture = AGGREGATIONS[name](experts, observed)
        assert {mixture.weights.dtype, mixture.components.mu.dtype} == {torch.float32}


# ------------------------------------------------------------------ weights


def weights_of(n, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return 0.2 + torch.rand(n, generator=generator, dtype=torch.float64)


@every_aggregation
def test_equal_weights_of_any_size_change_nothing(name):
    experts, z = random_experts(), some_points()
    rule, weights = AGGREGATIONS[name], torch.full((4,), 3.0)
    for plain, weighted in [
        (rule(experts), rule(experts, weights=weights)),
        (rule(experts, OBSERVED), rule(experts, OBSERVED, weights)),
        (rule.subset_posterior(experts), rule.subset_posterior(experts, weights)),
    ]:
        torch.testing.assert_close(plain.log_prob(z), weighted.log_prob(z))
    plain, weighted = rule.subset_posteriors(experts), rule.subset_posteriors(experts, weights)
    torch.testing.assert_close(plain.log_prob(z.unsqueeze(1)), weighted.log_prob(z.unsqueeze(1)))


@every_aggregation
def test_weights_reach_every_subset_and_follow_their_expert(name):
    experts, z, weights = random_experts(), some_points(), weights_of(4)
    rule, order = AGGREGATIONS[name], [2, 0, 3, 1]
    together = rule.subset_posteriors(experts, weights).log_prob(z.unsqueeze(1))
    for s, subset in enumerate(subsets(range(4))):
        members = list(subset)
        alone = rule.subset_posterior(select(experts, members), weights[members])
        torch.testing.assert_close(together[:, s], alone.log_prob(z))
    shuffled = rule(select(experts, order), weights=weights[order])
    torch.testing.assert_close(rule(experts, weights=weights).log_prob(z), shuffled.log_prob(z))
    assert (
        rule(experts, weights=weights).log_prob(z) - rule(experts).log_prob(z)
    ).abs().max() > 0.1


@every_aggregation
def test_a_sample_with_gaps_weighs_what_it_observed(name):
    experts, z, weights = random_experts(), some_points(), weights_of(4)
    log_prob = AGGREGATIONS[name](experts, OBSERVED, weights).log_prob(z)
    for b, present in enumerate(OBSERVED):
        own = Gaussian(*(part[present, b : b + 1] for part in experts))
        alone = AGGREGATIONS[name](own, weights=weights[present])
        torch.testing.assert_close(log_prob[:, b], alone.log_prob(z[:, b : b + 1])[:, 0])


@pytest.mark.parametrize("name", ["logpool", "moe", "wb", "mwb", "moments", "holder", "hellinger"])
def test_an_expert_of_great_weight_is_believed(name):
    experts = random_experts()
    heavy = torch.tensor([1e-9, 1e-9, 1.0, 1e-9], dtype=torch.float64)
    own = Gaussian(*(part[2] for part in experts))
    z = own.mu + own.std * torch.linspace(-1, 1, 5).double().reshape(-1, 1, 1)
    fused = AGGREGATIONS[name].subset_posterior(experts, heavy)
    torch.testing.assert_close(fused.log_prob(z), own.log_prob(z), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["moe", *POWER_SET_RULES])
def test_lambdas_are_the_weights_of_the_components(name):
    experts = random_experts()
    n = len(AGGREGATIONS[name](experts).weights)
    lambdas = weights_of(n)
    mixture = AGGREGATIONS[name](experts, lambdas=lambdas)
    torch.testing.assert_close(mixture.weights, lambdas / lambdas.sum())
    torch.testing.assert_close(mixture.components, AGGREGATIONS[name](experts).components)
    with_gaps = AGGREGATIONS[name](experts, OBSERVED, lambdas=lambdas)
    family = AGGREGATIONS[name].family(4)
    for b, present in enumerate(OBSERVED):
        possible = (family & ~present).sum(1) == 0
        expected = torch.where(possible, lambdas, 0.0)
        torch.testing.assert_close(with_gaps.weights[:, b], expected / expected.sum())


@every_aggregation
@pytest.mark.parametrize("weights", [[1.0, 1.0], [1.0, -1.0, 1.0, 1.0], [1.0, 0.0, 1.0, torch.nan]])
def test_weights_that_are_none_are_an_error_that_says_what_came(name, weights):
    with pytest.raises(ValueError, match="weights of experts"):
        AGGREGATIONS[name](random_experts(), weights=torch.tensor(weights))


def test_lambdas_where_the_overlap_decides_are_an_error():
    with pytest.raises(ValueError, match="lambdas"):
        AGGREGATIONS["holder"](random_experts(), lambdas=torch.ones(10))


# ------------------------------------------------------------------ rules since the papers


def duplicates(n):
    one = random_experts(1)
    return one, Gaussian(*(part.expand(n, -1, -1) for part in one))


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("product", 1 / 3),
        ("dependent", (1 + 2 * CORRELATION) / 3),
        ("multivi", 3**0.5),
        ("wb", 1.0),
        ("hellinger", 1.0),
        ("holder", 1.0),
        ("logpool", 1.0),
    ],
)
def test_what_becomes_of_the_variance_of_an_expert_that_is_asked_three_times(name, factor):
    one, three = duplicates(3)
    fused = AGGREGATIONS[name](three)
    torch.testing.assert_close(fused.mean, one.mu[0])
    torch.testing.assert_close(fused.variance, factor * one.logvar.exp()[0])


def test_in_many_dimensions_hoelder_pooling_of_conflicting_experts_is_their_mixture():
    shares = []
    for dim in (1, 8, 64):
        experts = Gaussian(
            torch.tensor([-1.0, 1.0]).double().reshape(2, 1, 1).expand(2, 1, dim),
            torch.zeros(2, 1, dim).double(),
        )
        shares.append(AGGREGATIONS["holder"](experts).weights[:, 0])
    overlaps = [share[2].item() for share in shares]
    assert overlaps[0] > 0.37
    assert overlaps[2] < 1e-13
    assert overlaps == sorted(overlaps, reverse=True)
    torch.testing.assert_close(shares[2][:2], torch.full((2,), 0.5).double())


@pytest.mark.parametrize("name", ["holder", "hellinger"])
@with_and_without_gaps
def test_hoelder_pooling_is_finite_for_every_logvar_from_minus_200_to_80_in_float32(name, observed):
    extremes = torch.tensor([-200.0, -60.0, 0.0, 40.0, 80.0])
    logvar = torch.cartesian_prod(extremes, extremes, extremes).T.unsqueeze(-1)
    mu = torch.tensor([-50.0, 0.0, 50.0]).reshape(3, 1, 1).expand_as(logvar)
    experts = Gaussian(mu.clone().requires_grad_(), logvar.clone().requires_grad_())
    mixture = AGGREGATIONS[name](experts, observed)
    overlaps = [mixture.weights] if name == "holder" else []
    assert_finite_with_gradients([*mixture.components, *overlaps], experts)


@pytest.mark.parametrize("name", ["dependent", "code", "multivi"])
@pytest.mark.parametrize("level", [-200.0, -100.0, 0.0, 80.0])
def test_new_averages_are_finite_at_every_level_in_float32(name, level):
    spread = torch.tensor([-30.0, 0.0, 0.0, 30.0])
    logvar = level + torch.cartesian_prod(spread, spread, spread).T.unsqueeze(-1)
    mu = torch.tensor([-50.0, 0.0, 50.0]).reshape(3, 1, 1).expand_as(logvar)
    experts = Gaussian(mu.clone().requires_grad_(), logvar.clone().requires_grad_())
    assert_finite_with_gradients(AGGREGATIONS[name](experts).components, experts)
