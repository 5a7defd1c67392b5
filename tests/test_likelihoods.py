"""Likelihoods against densities written out by hand, and the sum over an observation's axes."""

import math

import pytest
import torch

from explorer.likelihoods import LAPLACE_SCALE, LIKELIHOODS, log_likelihood

EACH = pytest.mark.parametrize("make", LIKELIHOODS.values(), ids=list(LIKELIHOODS))

BY_HAND = {
    "laplace": lambda out, x: -(x - out).abs() / LAPLACE_SCALE - math.log(2 * LAPLACE_SCALE),
    "normal": lambda out, x: -((x - out) ** 2) / 2 - math.log(2 * math.pi) / 2,
    "bernoulli": lambda out, x: x * torch.sigmoid(out).log() + (1 - x) * torch.sigmoid(-out).log(),
}


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_density_is_the_one_on_paper(name):
    torch.manual_seed(0)
    output = torch.randn(4, 3, 2, 5, dtype=torch.float64)
    x = torch.rand_like(output).round() if name == "bernoulli" else torch.randn_like(output)
    expected = BY_HAND[name](output, x).sum((1, 2, 3))
    torch.testing.assert_close(log_likelihood(LIKELIHOODS[name](output), x), expected)


def test_a_perfect_laplace_reconstruction_of_polymnist_has_the_papers_ceiling():
    # five images of 3x28x28: -log 1.5 a pixel
    x = torch.rand(1, 3, 28, 28)
    ceiling = 5 * log_likelihood(LIKELIHOODS["laplace"](x), x)
    assert ceiling.item() == pytest.approx(-4768.27, abs=0.01)


@EACH
def test_draws_are_scored_against_their_own_observation(make):
    torch.manual_seed(0)
    output, x = torch.randn(6, 2, 3, 4), torch.rand(2, 3, 4).round()  # (N, B, *shape), (B, *shape)
    scores = log_likelihood(make(output), x)
    assert scores.shape == (6, 2)
    for n in range(6):
        for b in range(2):
            alone = log_likelihood(make(output[n, b : b + 1]), x[b : b + 1])
            torch.testing.assert_close(scores[n, b], alone[0])


@EACH
def test_the_mean_is_what_is_shown_and_has_the_shape_of_the_data(make):
    output = torch.randn(2, 3, 4)
    assert make(output).mean.shape == output.shape


@EACH
@pytest.mark.parametrize("size", [-60.0, 0.0, 60.0])
def test_values_and_gradients_stay_finite_far_out(make, size):
    output = torch.full((1, 2, 3), size, requires_grad=True)
    total = log_likelihood(make(output), torch.ones(1, 2, 3)).sum()
    total.backward()
    assert total.isfinite()
    assert output.grad.isfinite().all()
