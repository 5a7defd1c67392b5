"""Reconstruction: measures by hand, and what is reconstructed from what."""

import pytest
import torch

from explorer.datasets import load_dataset
from explorer.evaluation.fidelity import absolute_error, reconstruct, similarity
from explorer.models import build_model


@pytest.fixture(scope="module")
def images():
    return load_dataset("polydigits", n_train=50, n_test=12).test[slice(0, 12)]["m1"]


def noisy(images):
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return (images + 0.15 * noise).clamp(0, 1)


def test_an_image_is_its_own_perfect_copy(images):
    assert (similarity(images, images, 1) == 1).all()
    assert (absolute_error(images, images) == 0).all()


def test_absolute_error_is_per_image(images):
    shifted = images.clone()
    shifted[3] += 0.25
    torch.testing.assert_close(
        absolute_error(shifted, images), 0.25 * (torch.arange(12) == 3).float()
    )


def test_similarity_is_the_published_formula(images):
    """Wang et al. 2004 with a uniform 7x7 window, written out."""
    copies, span = noisy(images), 1
    a, b = (x.double().unfold(2, 7, 1).unfold(3, 7, 1).flatten(-2) for x in (copies, images))
    mean_a, mean_b = a.mean(-1), b.mean(-1)
    covariance = ((a - mean_a[..., None]) * (b - mean_b[..., None])).sum(-1) / 48
    variances = a.var(-1) + b.var(-1)
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    ssim = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (variances + c2)
    )
    expected = ssim.mean((1, 2, 3))
    torch.testing.assert_close(similarity(copies, images, 1).double(), expected, atol=1e-4, rtol=0)


def test_a_wider_data_range_flatters(images):
    copies = noisy(images)
    assert (similarity(copies, images, 2) > similarity(copies, images, 1)).all()


def test_reconstructions_decode_the_mean_of_the_full_posterior_as_shown():
    data = load_dataset("polydigits", n_train=50, n_test=9)
    batch = data.test[slice(0, 9)]
    model = build_model("moe", data.modalities, latent_dim=8).eval()
    with torch.inference_mode():
        experts = model.experts(batch)
        decoded = model.decode(experts.mu.mean(0))["m2"].mean
    answer = reconstruct(model, batch)
    assert set(answer) == set(batch)
    assert decoded.min() < 0
    torch.testing.assert_close(answer["m2"], decoded.clamp(0, 1))
