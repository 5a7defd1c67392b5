"""Reconstruction: measures by hand, and what is reconstructed from what."""

import math

import pytest
import torch
from skimage.metrics import structural_similarity

from explorer.datasets import Modality, load_dataset
from explorer.datasets.text import spell
from explorer.evaluation.fidelity import (
    absolute_error,
    character_bleu,
    measures,
    reconstruct,
    report,
    root_mean_square,
    same_characters,
    same_class,
    same_word,
    similarity,
    translate,
)
from explorer.models import MultimodalVAE, build_model


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


@pytest.mark.parametrize("data_range", [1, 2])
@pytest.mark.parametrize("shape", [(3, 28, 28), (1, 28, 28), (2, 9, 14)])
def test_similarity_is_that_of_scikit_image(shape, data_range):
    generator = torch.Generator().manual_seed(3)
    a, b = torch.rand(2, 5, *shape, generator=generator)
    b = (a + b) / 2
    expected = [
        structural_similarity(x, y, data_range=data_range, channel_axis=0)
        for x, y in zip(a.numpy(), b.numpy(), strict=True)
    ]
    found = similarity(a, b, data_range).tolist()
    assert found == pytest.approx(expected, abs=1e-5)


def test_similarity_needs_a_window():
    with pytest.raises(ValueError, match="images of 7 pixels, got 5"):
        similarity(torch.zeros(1, 3, 5, 28), torch.zeros(1, 3, 5, 28), 1)


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


SYMBOLS = " efghinorstuvwxz"


def written(*words):
    return spell(words, SYMBOLS, 8)


def test_a_word_is_right_wherever_it_stands():
    shown, originals = written("three", "  six", "onw"), written("  three", "six", "one")
    assert same_word(shown, originals, SYMBOLS).tolist() == [True, True, False]
    places = same_characters(shown, originals).tolist()
    assert places == pytest.approx([1 / 8, 3 / 8, 7 / 8])


def test_logits_are_read_as_their_likeliest_symbols():
    originals = written("seven", "one")
    noise = torch.rand(originals.shape, generator=torch.Generator().manual_seed(0))
    assert same_word(5 * originals + noise, originals, SYMBOLS).all()


def test_bleu_is_that_of_characters_by_hand():
    """Up to three characters in a row, one reference each."""
    originals = written("three", "nine")
    assert character_bleu(written("  three", "nine"), originals, SYMBOLS, 3) == pytest.approx(1)
    # characters 5 + 3 of 9, pairs 4 + 2 of 7, triples 3 + 1 of 5
    found = character_bleu(written("three", "ninx"), originals, SYMBOLS, 3)
    assert found == pytest.approx((8 / 9 * 6 / 7 * 4 / 5) ** (1 / 3), rel=1e-5)
    # a shorter text pays: 8 characters for 9
    found = character_bleu(written("three", "nin"), originals, SYMBOLS, 1)
    assert found == pytest.approx(math.exp(1 - 9 / 8), rel=1e-5)
    assert character_bleu(written("", ""), originals, SYMBOLS, 3) == 0


def test_a_blank_within_a_word_is_a_symbol():
    originals = written("t ree", "six")
    assert character_bleu(originals, originals, SYMBOLS, 3) == pytest.approx(1)
    assert character_bleu(written("three", "six"), originals, SYMBOLS, 1) == pytest.approx(7 / 8)


def test_labels_and_counts_by_hand():
    labels = torch.eye(3)[[0, 1, 2]]
    shares = torch.tensor([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    assert same_class(shares, labels).tolist() == [True, False, True]
    counts = torch.tensor([[[3.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    assert root_mean_square(counts, torch.zeros(2, 2, 2)).tolist() == pytest.approx([1.5, 1])


def test_a_vector_with_a_categorical_likelihood_is_a_label():
    vector = Modality("x", (5,), "normal", "mlp", kind="vector")
    label = Modality("x", (5,), "categorical", "mlp", kind="vector")
    assert "rmse" in measures(vector)
    assert list(measures(label)) == ["accuracy"]


def test_a_style_is_used_where_its_modality_is_given():
    modalities = [Modality(n, (4,), "normal", "mlp", kind="vector") for n in "ab"]
    vae = MultimodalVAE(modalities, aggregation="poe", latent_dim=3, style_dim=2).eval()
    batch = {name: torch.randn(6, 4) for name in "ab"}
    with torch.inference_mode():
        means = vae.subset_posteriors(batch).mean
        style = vae.styles(batch)["a"].mean
        own = vae.decode(means[0], ["a"], {"a": style})["a"].mean
        without = vae.decode(means[1], ["a"])["a"].mean
    styles = {"a": style}
    torch.testing.assert_close(translate(vae, means, ["a"], "a", styles), own)
    torch.testing.assert_close(translate(vae, means, ["b"], "a", styles), without)


def test_kinds_of_different_measures_have_no_mean_over_modalities():
    modalities = [
        Modality("v", (4,), "normal", "mlp", kind="vector"),
        Modality("s", (4, 6), "poisson", "dense", kind="spikes"),
        Modality("l", (5,), "categorical", "mlp", kind="vector"),
    ]
    batch = {"v": torch.randn(8, 4), "s": torch.ones(8, 4, 6), "l": torch.eye(5)[[0] * 8]}
    for names, common in (("vs", {"rmse", "absolute_error"}), ("vsl", None)):
        chosen = [m for m in modalities if m.name in names]
        vae = MultimodalVAE(chosen, aggregation="poe", latent_dim=3).eval()
        given = {name: batch[name] for name in vae.names}
        with torch.inference_mode():
            means = vae.subset_posteriors(given).mean
        section = report(vae, means, given, lambda done: None)
        assert (set(section["mean"]) if "mean" in section else None) == common
        assert section["test_tuples"] == 8
