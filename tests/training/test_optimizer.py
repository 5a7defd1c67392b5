"""Muon: momentum with singular values of about one, the same bit for bit after a stop."""

import copy

import pytest
import torch
from torch import nn

from explorer.training.numbers import PEAK
from explorer.training.optimizer import VECTORS, Muon, build_optimizers, inverse_roots


@pytest.mark.parametrize("shape", [(4, 32, 100), (2, 128, 128), (3, 64, 288)])
@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_singular_values_become_about_one_and_singular_vectors_stay(shape, size):
    generator = torch.Generator().manual_seed(0)
    u, _, vt = torch.linalg.svd(torch.randn(shape, generator=generator), full_matrices=False)
    values = size * torch.logspace(0, -1, shape[1])
    x = u * values @ vt
    found = inverse_roots(x @ x.mT) @ x
    there = u.mT @ found @ vt.mT
    diagonal = there.diagonal(dim1=1, dim2=2)
    assert ((diagonal > 0.75) & (diagonal < 1.25)).all()
    assert (there - torch.diag_embed(diagonal)).abs().max() < 1e-3


def test_small_singular_values_grow_and_none_turns_round():
    x = torch.diag(torch.logspace(0, -6, 16)).unsqueeze(0)
    found = (inverse_roots(x @ x.mT) @ x).diagonal(dim1=1, dim2=2)[0]
    assert (found > 3 * x.diagonal(dim1=1, dim2=2)[0]).all() or found[0] < 1.25
    assert (found > 0).all()
    assert (found[1:] >= 5 * torch.logspace(0, -6, 16)[1:].clamp(max=0.15)).all()


def test_a_gradient_of_zero_moves_nothing():
    weight = nn.Parameter(torch.ones(3, 4))
    optimizer = Muon([weight], lr=0.1, weight_decay=0.0)
    weight.grad = torch.zeros(3, 4)
    optimizer.step()
    assert torch.equal(weight, torch.ones(3, 4))


def test_a_step_is_what_the_formula_says_one_matrix_at_a_time():
    """Tall, wide and convolutional weights together, against singular vectors of each alone."""
    torch.manual_seed(0)
    shapes = [(6, 3), (3, 6), (3, 6), (4, 2, 3, 3)]
    weights = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    before = [w.detach().clone() for w in weights]
    optimizer = Muon(weights, lr=0.1, momentum=0.5, weight_decay=0.2)
    gradients = [torch.randn(shape) for shape in shapes]
    for w, g in zip(weights, gradients, strict=True):
        w.grad = g.clone()
    optimizer.step()
    for w, old, g in zip(weights, before, gradients, strict=True):
        x = 0.75 * g.flatten(1)  # half of it, and half of that in the mean of 0 and it
        moved = (0.98 * old - w.detach()).flatten(1)
        u, s, vt = torch.linalg.svd(x, full_matrices=False)
        length = 0.1 * max(1.0, x.shape[0] / x.shape[1]) ** 0.5
        values = (u.T @ moved @ vt.T).diagonal() / length
        assert (values[s > 0.1 * s[0]] - 1).abs().max() < 0.25
        torch.testing.assert_close(moved, u * values * length @ vt, atol=1e-4, rtol=0)


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.BatchNorm1d(8))


def steps(network, optimizers, numbers):
    for number in numbers:
        x = torch.randn(16, 4, generator=torch.Generator().manual_seed(number))
        for optimizer in optimizers:
            optimizer.zero_grad()
        network(x).square().mean().backward()
        for optimizer in optimizers:
            optimizer.step()
    return network.state_dict()


@pytest.mark.parametrize("name", PEAK)
def test_state_comes_back_bit_for_bit(name):
    def build(network):
        return build_optimizers(network, name, learning_rate=None, weight_decay=0.01)

    whole = model()
    expected = steps(whole, build(whole), range(6))
    first = model()
    optimizers = build(first)
    steps(first, optimizers, range(3))
    saved = copy.deepcopy([optimizer.state_dict() for optimizer in optimizers])
    second = model()
    second.load_state_dict(first.state_dict())
    again = build(second)
    for optimizer, state in zip(again, saved, strict=True):
        optimizer.load_state_dict(state)
    found = steps(second, again, range(3, 6))
    assert all(torch.equal(x, found[key]) for key, x in expected.items())


def test_matrices_are_muons_and_the_rest_is_adamws():
    network = model()
    muon, adamw = build_optimizers(network, "muon", learning_rate=0.5, weight_decay=0.0)
    assert [p.ndim for p in muon.param_groups[0]["params"]] == [2, 2]
    assert {p.ndim for p in adamw.param_groups[0]["params"]} == {1}
    assert (muon.param_groups[0]["peak"], adamw.param_groups[0]["peak"]) == (0.5, 0.5 * VECTORS)
    (alone,) = build_optimizers(network, "adamw", learning_rate=None, weight_decay=0.0)
    assert len(alone.param_groups[0]["params"]) == 6
    assert alone.param_groups[0]["peak"] == PEAK["adamw"]
