"""Spread of codes where it is known."""

import numpy as np
import pytest
import torch

from explorer.evaluation.geometry import (
    centroid_gaps,
    effective_dimension,
    mean_distance,
    report,
)
from explorer.gaussians import Gaussian, Mixture


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_effective_dimension_is_the_participation_ratio_of_the_eigenvalues():
    codes = draws(50, 4) @ torch.diag(torch.tensor([3.0, 1.0, 0.5, 0.1])) + 7
    values = torch.linalg.eigvalsh(codes.T.cov().double())
    expected = (values.sum() ** 2 / values.square().sum()).item()
    assert effective_dimension(codes) == pytest.approx(expected, rel=1e-5)
    assert effective_dimension(codes * 100) == pytest.approx(expected, rel=1e-4)


def test_effective_dimension_at_its_ends():
    assert effective_dimension(draws(20_000, 6)) == pytest.approx(6, rel=0.01)
    assert effective_dimension(draws(100, 1) * torch.ones(6)) == pytest.approx(1)
    assert effective_dimension(torch.ones(10, 6)) == 0
    # fewer codes than dimensions: the other Gram matrix, the same eigenvalues
    few = draws(5, 40)
    values = torch.linalg.eigvalsh(few.double().T.cov())
    expected = (values.sum() ** 2 / values.square().sum()).item()
    assert effective_dimension(few) == pytest.approx(expected)


def test_gaps_are_centroid_distances_in_radii_by_hand():
    # two clouds of radius 1 around 0 and 3, and one of radius 7 around 0
    clouds = np.array([[[-1.0], [1.0]], [[2.0], [4.0]], [[-7.0], [7.0]]])
    np.testing.assert_allclose(
        centroid_gaps(clouds), [[0, 3, 0], [3, 0, 3 / 5], [0, 3 / 5, 0]], atol=1e-12
    )


def test_mean_distance_by_hand():
    triangle = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    assert mean_distance(triangle).item() == pytest.approx(4)
    assert mean_distance(torch.stack([triangle, 2 * triangle])).tolist() == pytest.approx([4, 8])
    assert mean_distance(torch.full((5, 64), 0.1)) == 0
    with pytest.raises(ValueError, match="two points"):
        mean_distance(triangle[:1])


def test_a_section_tells_scale_and_gaps_by_subset():
    """Three clouds of standard deviation 1, 2 and 1; the second lies elsewhere."""
    noise = draws(3, 4000, 5)
    mu = noise * torch.tensor([1.0, 2.0, 1.0]).reshape(3, 1, 1)
    mu[1, :, 0] += 6
    beliefs = Mixture(torch.ones(1), Gaussian(mu.unsqueeze(0), torch.full((1, *mu.shape), -2.0)))
    told = []
    section = report(["a", "b"], beliefs, told.append)
    by_subset = section["by_subset"]
    assert list(by_subset) == ["a", "b", "a+b"]
    variances = [by_subset[label]["variance"] for label in by_subset]
    assert variances == pytest.approx([1, 4, 1], rel=0.05)
    assert by_subset["a"]["posterior_variance"] == pytest.approx(0.13534, abs=1e-5)
    assert all(f["effective_dimension"] == pytest.approx(5, rel=0.02) for f in by_subset.values())
    ratio = by_subset["b"]["pairwise_distance"] / by_subset["a"]["pairwise_distance"]
    assert ratio == pytest.approx(2, rel=0.02)
    assert by_subset["a"]["gap_to_all"] == pytest.approx(0, abs=0.05)
    # 6 apart; radii squared are 5 and 20
    assert by_subset["b"]["gap_to_all"] == pytest.approx(6 / 12.5**0.5, rel=0.03)
    assert section["gap"] == pytest.approx(2 / 3 * 6 / 12.5**0.5, rel=0.04)
    assert told[-1] == 1 and section["test_tuples"] == 4000
