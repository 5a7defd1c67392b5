"""Likelihoods against densities written out by hand, and the sum over an observation's axes."""

import math

import pytest
import torch
from torch.distributions import OneHotCategorical
from torch.nn.functional import one_hot

from explorer.networks.likelihoods import LAPLACE_SCALE, LIKELIHOODS, log_likelihood

EACH = pytest.mark.parametrize("name", LIKELIHOODS)

BY_HAND = {
    "laplace": lambda out, x: -(x - out).abs() / LAPLACE_SCALE - math.log(2 * LAPLACE_SCALE),
    "normal": lambda out, x: -((x - out) ** 2) / 2 - math.log(2 * math.pi) / 2,
    "bernoulli": lambda out, x: x * torch.sigmoid(out).log() + (1 - x) * torch.sigmoid(-out).log(),
    "categorical": lambda out, x: x * (out - out.exp().sum(-1, keepdim=True).log()),
    "poisson": lambda out, x: x * out - out.exp() - (x + 1).lgamma(),
}

OTHER_LIBRARY = {
    "laplace": lambda out, x: torch.distributions.Laplace(out, 0.75).log_prob(x),
    "normal": lambda out, x: torch.distributions.Normal(out, 1.0).log_prob(x),
    "bernoulli": lambda out, x: torch.distributions.Bernoulli(logits=out).log_prob(x),
    "categorical": lambda out, x: torch.distributions.Categorical(logits=out).log_prob(
        x.argmax(-1)
    ),
    "poisson": lambda out, x: torch.distributions.Poisson(out.exp()).log_prob(x),
}


def observation(name, shape, dtype=torch.float32):
    """Data that the likelihood may meet: any numbers, zeros and ones, one-hot or counts."""
    noise = torch.randn(shape, dtype=dtype)
    return {
        "bernoulli": (noise > 0).to(dtype),
        "categorical": one_hot(noise.argmax(-1), shape[-1]).to(dtype),
        "poisson": (3 * noise.abs()).floor(),
    }.get(name, noise)


@EACH
@pytest.mark.parametrize("shape", [(3, 2, 5), (8, 4), (6,)])
def test_the_density_is_the_one_on_paper(name, shape):
    torch.manual_seed(0)
    output = torch.randn(4, *shape, dtype=torch.float64)
    x = observation(name, output.shape, output.dtype)
    expected = BY_HAND[name](output, x).flatten(1).sum(1)
    torch.testing.assert_close(log_likelihood(LIKELIHOODS[name](output), x), expected)


@EACH
def test_the_density_is_that_of_torch(name):
    torch.manual_seed(0)
    output = torch.randn(4, 8, 5)
    x = observation(name, output.shape)
    expected = OTHER_LIBRARY[name](output, x).flatten(1).sum(1)
    torch.testing.assert_close(log_likelihood(LIKELIHOODS[name](output), x), expected)


def test_a_perfect_laplace_reconstruction_of_polymnist_has_the_papers_ceiling():
    # five images of 3x28x28: -log 1.5 a pixel
    x = torch.rand(1, 3, 28, 28)
    ceiling = 5 * log_likelihood(LIKELIHOODS["laplace"](x), x)
    assert ceiling.item() == pytest.approx(-4768.27, abs=0.01)


@EACH
def test_draws_are_scored_against_their_own_observation(name):
    make = LIKELIHOODS[name]
    torch.manual_seed(0)
    output, x = torch.randn(6, 2, 3, 4), observation(name, (2, 3, 4))  # (N, B, *shape), (B, *shape)
    scores = log_likelihood(make(output), x)
    assert scores.shape == (6, 2)
    for n in range(6):
        for b in range(2):
            alone = log_likelihood(make(output[n, b : b + 1]), x[b : b + 1])
            torch.testing.assert_close(scores[n, b], alone[0])


@EACH
def test_the_mean_is_what_is_shown_and_has_the_shape_of_the_data(name):
    output = torch.randn(2, 3, 4)
    assert LIKELIHOODS[name](output).mean.shape == output.shape


@EACH
@pytest.mark.parametrize("size", [-60.0, 0.0, 60.0])
def test_values_and_gradients_stay_finite_far_out(name, size):
    output = torch.zeros(1, 2, 3)
    output[..., 0] = size
    output.requires_grad_()
    x = torch.ones(1, 2, 3) if name != "categorical" else torch.eye(3)[:2].unsqueeze(0)
    total = log_likelihood(LIKELIHOODS[name](output), x).sum()
    total.backward()
    assert total.isfinite()
    assert output.grad.isfinite().all()


def test_a_text_is_as_likely_as_its_symbols_together():
    # three symbols with shares 1/2, 1/4, 1/4: "aab" has 1/2 * 1/2 * 1/4 = 1/16
    logits = torch.tensor([0.5, 0.25, 0.25]).log().expand(1, 3, 3) + 7
    spelled = torch.eye(3)[[0, 0, 1]].unsqueeze(0)
    distribution = LIKELIHOODS["categorical"](logits)
    assert log_likelihood(distribution, spelled).item() == pytest.approx(-math.log(16))
    torch.testing.assert_close(distribution.mean[0, 0], torch.tensor([0.5, 0.25, 0.25]))


def test_log_probabilities_taken_for_probabilities_prefer_the_wrong_symbol():
    log_shares = torch.tensor([0.90, 0.09, 0.01]).log()
    published = OneHotCategorical(probs=log_shares, validate_args=False).mean
    torch.testing.assert_close(published, log_shares / log_shares.sum())
    assert published.argmax() == 2
    assert LIKELIHOODS["categorical"](log_shares).mean.argmax() == 0


def test_a_rate_is_the_exponential_of_the_output_and_counts_follow_it():
    distribution = LIKELIHOODS["poisson"](torch.tensor([[2.0, 0.5, 4.0]]).log())
    torch.testing.assert_close(distribution.mean, torch.tensor([[2.0, 0.5, 4.0]]))
    counts = torch.tensor([[1.0, 0.0, 2.0]])  # 2 e^-2, e^-0.5 and 8 e^-4
    by_hand = math.log(2) - 2 - 0.5 + math.log(8) - 4
    assert log_likelihood(distribution, counts).item() == pytest.approx(by_hand)
