"""Importance weighting in a world where log p(x) is known, against public code's two mistakes."""

import math

import pytest
import torch
from torch import nn

from explorer.aggregations import AGGREGATIONS
from explorer.datasets import Modality
from explorer.evaluation.likelihood import (
    effective_sample_size,
    importance_weighted,
    log_mean_weight,
    log_weights,
    published_statistic,
    report,
)
from explorer.gaussians import Gaussian, Mixture
from explorer.models import MultimodalVAE
from explorer.models.objectives import elbo
from explorer.models.terms import mixed_seed

LATENT, SIZE = 2, 4
N_DRAWS = 10_000


class Expert(nn.Module):
    """The normalised likelihood of x = W z + noise as a belief over z; W has orthogonal columns."""

    def __init__(self, w):
        super().__init__()
        self.precision = (w.T @ w).diagonal()
        self.w = w

    def forward(self, x):
        mu = x @ self.w / self.precision
        return torch.cat([mu, (-self.precision.log()).expand_as(mu)], dim=-1)


class Linear(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.w = w

    def forward(self, z):
        return z @ self.w.T


@pytest.fixture(scope="module")
def maps():
    """One matrix per modality, of unequal strength, in double precision."""
    generator = torch.Generator().manual_seed(0)
    return [
        torch.linalg.qr(torch.randn(SIZE, LATENT, generator=generator, dtype=torch.double))[0]
        * torch.tensor(strengths, dtype=torch.double)
        for strengths in ([1.5, 0.8], [0.7, 1.2], [1.0, 1.5])
    ]


@pytest.fixture(scope="module")
def batch(maps):
    """Six observations, the last ones far out: images are not equally likely."""
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(6, LATENT, generator=generator, dtype=torch.double)
    noise = torch.linspace(0.4, 1.2, 6, dtype=torch.double).unsqueeze(1)
    return {
        name: z @ w.T + noise * torch.randn(6, SIZE, generator=generator, dtype=torch.double)
        for name, w in zip("abc", maps, strict=True)
    }


@pytest.fixture(scope="module")
def evidence(maps, batch):
    """log p(x) of each observation: x is Gaussian with covariance W W^T + I."""
    w, x = torch.cat(maps), torch.cat(list(batch.values()), dim=1)
    covariance = w @ w.T + torch.eye(len(w), dtype=torch.double)
    return torch.distributions.MultivariateNormal(
        torch.zeros(len(w), dtype=torch.double), covariance
    ).log_prob(x)


def exact_model(aggregation, maps, beta=1.0):
    modalities = [Modality(n, (SIZE,), likelihood="normal", network="mlp") for n in "abc"]
    model = MultimodalVAE(modalities, aggregation=aggregation, latent_dim=LATENT, beta=beta)
    for name, w in zip("abc", maps, strict=True):
        model.encoders[name], model.decoders[name] = Expert(w), Linear(w)
    return model.eval()


def estimate(model, batch, observed=None, **settings):
    return importance_weighted(model, batch, {"this": observed}, **settings)["this"]


def test_an_exact_posterior_gives_the_evidence_with_every_single_draw(maps, batch, evidence):
    model = exact_model("poe", maps)
    log_w = log_weights(model, batch, model.posterior(batch), n_draws=50)
    assert log_w.shape == (6, 50)
    torch.testing.assert_close(log_w, evidence.unsqueeze(1).expand(6, 50))
    assert effective_sample_size(log_w).min() > 49.999


@pytest.mark.parametrize("observed", [["a"], ["b", "c"], ["a", "b", "c"], None])
@pytest.mark.parametrize("name", AGGREGATIONS)
def test_every_proposal_finds_the_evidence(name, observed, maps, batch, evidence):
    answer = estimate(exact_model(name, maps), batch, observed, n_draws=N_DRAWS)
    relative_error = (1 / answer.effective_draws - 1 / N_DRAWS).clamp(min=0).sqrt()
    assert relative_error.max() < 0.1
    assert ((answer.log_likelihood - evidence).abs() < 5 * relative_error + 1e-6).all()


def test_averaging_over_different_observations_would_be_caught(maps, batch, evidence):
    """Released code draws (N, B), flattens, and views (B, N): the wrong things are averaged."""
    model = exact_model("mopoe", maps)
    log_w = log_weights(model, batch, model.subset_posterior(batch), n_draws=2000)
    right = log_mean_weight(log_w)
    wrong = published_statistic(log_w)
    assert (right - evidence).abs().max() < 0.05
    assert (wrong - evidence).abs().max() > 1
    assert wrong.mean() > evidence.mean() + 1


def test_dividing_one_component_s_draws_by_the_mixture_would_be_caught(maps, batch, evidence):
    model = exact_model("moe", maps)
    mixture = model.posterior(batch)
    generator = torch.Generator().manual_seed(0)
    right = log_weights(model, batch, mixture, N_DRAWS, generator)
    one = Mixture(mixture.weights.new_ones(1), Gaussian(*(p[:1] for p in mixture.components)))
    own = log_weights(model, batch, one, N_DRAWS, generator)
    component = one.components
    z = Mixture(
        one.weights, Gaussian(*(p.unsqueeze(1).expand(-1, N_DRAWS, -1, -1) for p in component))
    ).rsample(generator)  # (N, B, D)
    joint = log_weights_at(maps, batch, z)
    wrong = (joint - mixture.log_prob(z)).T
    assert (log_mean_weight(right) - evidence).abs().max() < 0.05
    assert (log_mean_weight(own) - evidence).abs().max() < 0.1
    assert (log_mean_weight(wrong) - evidence).abs().max() > 0.5


def log_weights_at(maps, batch, z):
    """log p(x, z) written out, ``(N, B)``."""
    constant = math.log(2 * math.pi)
    total = -0.5 * (z.square() + constant).sum(-1)
    for w, x in zip(maps, batch.values(), strict=True):
        total = total - 0.5 * ((x - z @ w.T).square() + constant).sum(-1)
    return total


def test_a_mixture_is_drawn_from_as_a_whole(maps, batch):
    """Every component gives draws, in each observation, about as often as its weight says."""
    model = exact_model("moe", maps)
    far = Gaussian(
        torch.tensor([-50.0, 0.0, 50.0], dtype=torch.double).reshape(3, 1, 1).expand(3, 6, LATENT),
        torch.zeros(3, 6, LATENT, dtype=torch.double),
    )
    mixture = Mixture(torch.tensor([0.5, 0.25, 0.25], dtype=torch.double), far)
    log_w = log_weights(model, batch, mixture, 4000, torch.Generator().manual_seed(0))
    near = (log_w > log_w.max(1, keepdim=True).values - 200).double().mean(1)
    torch.testing.assert_close(near, torch.full_like(near, 0.25), atol=0.04, rtol=0)


def test_more_draws_come_closer_from_below(maps, batch, evidence):
    model = exact_model("moments", maps)
    log_w = log_weights(model, batch, model.posterior(batch), 2**14)
    gaps = [
        (evidence - log_w.reshape(6, -1, n).logsumexp(-1).sub(math.log(n)).mean(1)).mean()
        for n in (1, 8, 64)
    ]
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2] > 0


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_the_elbo_stays_below_the_estimate(name, maps, batch):
    model = exact_model(name, maps)
    many = {key: x[:1].expand(N_DRAWS, -1) for key, x in batch.items()}
    bound = -elbo(model, many).total
    above = estimate(model, {key: x[:1] for key, x in batch.items()}, n_draws=N_DRAWS)
    error = bound.std() / math.sqrt(N_DRAWS)
    assert bound.mean() < above.log_likelihood.item() + 4 * error + 0.02


def test_beta_does_not_enter(maps, batch):
    one = estimate(exact_model("mwb", maps), batch, n_draws=50)
    five = estimate(exact_model("mwb", maps, beta=5.0), batch, n_draws=50)
    torch.testing.assert_close(one, five)


def test_an_observation_s_estimate_does_not_depend_on_its_batch(maps, batch):
    model = exact_model("moe", maps)
    whole = estimate(model, batch, n_draws=20, seed=3)
    part = estimate(model, {name: x[:2] for name, x in batch.items()}, n_draws=20, seed=3)
    torch.testing.assert_close(whole.log_likelihood[:2], part.log_likelihood)
    other = estimate(model, batch, n_draws=20, seed=4)
    assert not torch.allclose(whole.log_likelihood, other.log_likelihood)


def test_one_dominant_weight_is_worth_one_draw():
    log_w = torch.tensor([[0.0, -300.0, -300.0], [-5000.0, -5000.0, -5000.0]])
    torch.testing.assert_close(effective_sample_size(log_w), torch.tensor([1.0, 3.0]))
    torch.testing.assert_close(log_mean_weight(log_w), torch.tensor([-math.log(3), -5000.0]))


def test_the_published_statistic_is_not_the_evidence_where_ours_is(maps, batch, evidence):
    """With the exact posterior every weight is the evidence: only mixing observations can err."""
    model = exact_model("poe", maps)
    answer = importance_weighted(model, batch, {"this": None}, n_draws=12)["this"]
    torch.testing.assert_close(answer.log_likelihood, evidence)
    # 12 draws of 6 observations: each row holds every observation twice
    mixed = evidence.logsumexp(0) - math.log(6)
    torch.testing.assert_close(answer.published_statistic, mixed.expand(6))
    assert mixed > evidence.mean() + 1


def test_the_published_statistic_averages_rows_as_the_released_code_lays_them_out():
    """Two observations of three draws: flattened draw by draw, then cut in two."""
    log_w = torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]).log()
    expected = torch.tensor([(1 + 10 + 2) / 3, (20 + 3 + 30) / 3]).log()
    torch.testing.assert_close(published_statistic(log_w), expected)
    alone = log_w[:1]
    torch.testing.assert_close(published_statistic(alone), log_mean_weight(alone))


def test_all_draws_count_however_many_are_decoded_at_once(maps, batch, evidence):
    """A thousand are decoded in four parts."""
    model = exact_model("moe", maps)
    log_w = log_weights(model, batch, model.posterior(batch), 1000)
    assert log_w.shape == (6, 1000)
    assert (log_mean_weight(log_w) - evidence).abs().max() < 0.5


def ask(model, batch, **settings):
    settings = {"n_draws": 12, "every_subset": False, "seed": 0} | settings
    return report(model, batch, on_step=lambda done: None, **settings)


@pytest.mark.parametrize("every_subset", [False, True])
def test_a_section_asks_one_subset_of_each_size_or_every_one(every_subset, maps, batch):
    section = ask(exact_model("mopoe", maps), batch, every_subset=every_subset)
    nested = {"a", "a+b", "a+b+c"}
    every = nested | {"b", "c", "a+c", "b+c"}
    expected = (every if every_subset else nested) | {"joint"}
    assert set(section["importance_weighted"]) == expected
    assert set(section["published_statistic"]) == expected
    assert (section["draws"], section["test_tuples"]) == (12, 6)


def test_what_a_subset_believes_is_the_same_asked_alone_or_with_all_others(maps, batch):
    """Moe: of the mixture only those that are given take part."""
    model = exact_model("moe", maps)
    for observed in (["a"], ["c", "a"]):
        own = model.subset_posterior(batch, observed)
        generator = torch.Generator().manual_seed(mixed_seed(0, 2))
        row = Mixture(own.weights, Gaussian(*(part[:, 2:3] for part in own.components)))
        alone = {name: x[2:3] for name, x in batch.items()}
        expected = log_mean_weight(log_weights(model, alone, row, 9, generator))
        found = estimate(model, batch, observed, n_draws=9, seed=0)
        torch.testing.assert_close(found.log_likelihood[2:3], expected)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"aggregation": "moe", "objective": "independent", "shared": False}, "latent of its own"),
        ({"style_dim": 2}, "styles"),
    ],
)
def test_where_log_p_is_not_defined_the_reason_stands_instead(options, reason, batch):
    modalities = [Modality(n, (SIZE,), likelihood="normal", network="mlp") for n in "abc"]
    model = MultimodalVAE(modalities, latent_dim=LATENT, **options).eval()
    section = ask(model, batch)
    assert list(section) == ["absent"] and reason in section["absent"]
    with pytest.raises(ValueError, match=reason):
        estimate(model, batch)


def test_the_elbo_of_laplace_beliefs_is_taken_by_their_density(maps, batch):
    """No closed form of Gaussians may be used: the bound must stay below the estimate."""
    model = MultimodalVAE(
        exact_model("moe", maps).modalities,
        aggregation="moe",
        latent_dim=LATENT,
        objective="iwae",
        latent="laplace",
    ).eval()
    for name, w in zip("abc", maps, strict=True):
        model.encoders[name], model.decoders[name] = Expert(w), Linear(w)
    many = {name: x[:1].expand(2000, -1) for name, x in batch.items()}
    section = ask(model, many)
    draw = model.posterior(many).rsample(torch.Generator().manual_seed(5))
    gap = model.posterior(many).log_prob(draw) - model.prior(draw).log_prob(draw)
    assert section["kl"]["mean"] == pytest.approx(gap.mean().item(), abs=0.2)
    assert section["elbo"]["mean"] < section["importance_weighted"]["a+b+c"]["mean"]
