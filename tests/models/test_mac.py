"""MAC: its masks, what the encoder may know, and its two regularisers."""

import pytest
import torch

from explorer.aggregations import power_set, subsets
from explorer.gaussians import Gaussian, kl_to_prior
from explorer.models.kernels import mmd_squared
from explorer.models.mac import REGULARISERS, draw_masks
from tests.models.test_models import SHAPES, build, random_batch, seeded

KEYS = ("mac_wae", "mac_vae", "m_wae")
every_key = pytest.mark.parametrize("key", KEYS)


@pytest.mark.parametrize("p_hidden", [0.25, 0.4, 0.9])
def test_masks_are_as_frequent_as_equation_seven_says(p_hidden):
    n, m = 40_000, 3
    masks = draw_masks(n, m, p_hidden, seeded())
    assert masks.any(1).all()
    for row in power_set(m):
        shown = int(row.sum())
        expected = p_hidden ** (m - shown) * (1 - p_hidden) ** shown / (1 - p_hidden**m)
        assert (masks == row).all(1).float().mean() == pytest.approx(expected, abs=0.012)


def test_without_hiding_every_mask_shows_everything():
    assert draw_masks(10, 4, 0.0, seeded()).all()


@every_key
def test_what_is_hidden_cannot_change_the_code(key):
    model, batch = build(key), random_batch()
    features, _ = model.features(batch)
    other, _ = model.features(batch | {"b": batch["b"] + 10})
    mask = torch.tensor([[[True, False, True]]])
    assert torch.equal(model.encode(features, mask).mu, model.encode(other, mask).mu)
    shown = torch.tensor([[[True, True, False]]])
    assert not torch.equal(model.encode(features, shown).mu, model.encode(other, shown).mu)


@every_key
def test_one_mask_is_shared_by_the_batch_and_each_is_encoded_for_itself(key):
    model, batch = build(key), random_batch()
    features, _ = model.features(batch)
    masks = power_set(3).unsqueeze(1)
    together = model.encode(features, masks).mu
    assert together.shape == (7, 6, 4)
    each = model.encode(features, masks.expand(-1, 6, -1)).mu
    assert torch.allclose(together, each, atol=1e-6)
    for k, mask in enumerate(masks):
        assert torch.allclose(together[k], model.encode(features, mask[None]).mu[0], atol=1e-6)


def test_only_the_mask_tells_absent_from_zero_features():
    """With nothing to read but zeros, an encoder that is not told the mask answers alike."""
    nothing = torch.zeros(3, 5, 4)
    masks = power_set(3).unsqueeze(1)
    blind = build("m_wae").encode(nothing, masks).mu
    assert torch.equal(blind, blind[:1].expand_as(blind))
    told = build("mac_wae").encode(nothing, masks).mu
    assert (told[1:] - told[:1]).abs().amax((1, 2)).min() > 1e-4


@every_key
def test_subset_posteriors_leave_out_what_the_batch_lacks(key):
    model, batch = build(key), random_batch()
    part = {name: batch[name] for name in ("c", "a")}
    rows = model.subset_posteriors(part).mean
    assert rows.shape == (3, 6, 4)
    for row, subset in zip(rows, subsets(["a", "c"]), strict=True):
        assert torch.allclose(row, model.posterior(batch, subset).mean, atol=1e-6)
    assert torch.allclose(model.experts(part).mu, rows[:2], atol=1e-6)


@pytest.mark.parametrize("key", ["mac_wae", "m_wae"])
def test_codes_of_wae_are_points(key):
    model, batch = build(key), random_batch()
    q = model.posterior(batch)
    assert (q.rsample(seeded()) - q.mean).abs().max() < 1e-5
    assert model.has_prior
    assert not model.has_density


def test_codes_of_mac_vae_have_a_width_and_a_density():
    model, batch = build("mac_vae"), random_batch()
    q = model.posterior(batch)
    assert (q.rsample(seeded()) - q.mean).abs().mean() > 0.1
    assert model.has_density
    assert not build("mac_vae", style_dim=2).has_density


def test_the_mmd_term_is_zero_on_average_for_codes_drawn_from_the_prior():
    codes = torch.randn(500, 64, 4, generator=seeded())
    q = Gaussian(codes, torch.full_like(codes, -30.0))
    found = REGULARISERS["mmd"].penalty(q, codes, seeded(1))
    assert found.shape == (500, 64)
    assert torch.equal(found, found[:, :1].expand_as(found))
    assert found[:, 0].mean().abs() < 4 * found[:, 0].std() / 500**0.5


def test_the_kl_term_is_that_of_each_code():
    q = Gaussian(*torch.randn(2, 3, 5, 4, generator=seeded()))
    assert torch.equal(REGULARISERS["kl"].penalty(q, q.mu, None), kl_to_prior(q))


@every_key
def test_the_loss_is_the_mean_over_masks_and_its_penalty_fades_in(key):
    model, batch = build(key, beta=30.0, n_masks=5), random_batch()
    name = model.config["regulariser"]
    terms = model.loss(batch, seeded()).terms
    for progress, share in [(0.0, 0.0), (0.05, 0.5), (0.1, 1.0), (0.7, 1.0)]:
        model.progress = progress
        expected = terms["reconstruction"] + share * 30 * terms[name]
        torch.testing.assert_close(model.loss(batch, seeded()).total, expected)


def test_by_hand_with_one_mask():
    model, batch = build("mac_wae", n_masks=1, beta=7.0), random_batch()
    noise = seeded(2)
    mask = draw_masks(1, 3, 0.4, noise)
    q = model.encode(model.features(batch)[0], mask.unsqueeze(1))
    z = q.rsample(noise)[0]
    prior = torch.randn(1, 6, 4, generator=noise)[0]
    decoded = model.decode(z)
    nll = sum(-decoded[n].log_prob(batch[n]).flatten(1).sum(1) for n in SHAPES)
    expected = nll + 7 * mmd_squared(z, prior)
    torch.testing.assert_close(model.loss(batch, seeded(2)).total, expected)


def test_nothing_hidden_and_kl_is_the_elbo():
    model, batch = build("mac_vae", p_hidden=0.0, n_masks=1), random_batch(2000)
    losses = model.loss(batch, seeded())
    q = model.posterior(batch)
    torch.testing.assert_close(losses.terms["kl"], kl_to_prior(q.components)[0])
    assert torch.allclose(losses.total, losses.terms["reconstruction"] + losses.terms["kl"])


@every_key
def test_what_lies_in_a_gap_is_neither_input_nor_target(key):
    batch, observed = random_batch(), torch.ones(6, 3, dtype=torch.bool)
    observed[0, 1] = False
    observed[3] = torch.tensor([False, False, True])
    totals = []
    for garbage in (float("nan"), 7.0):
        model = build(key)
        gappy = {n: x.clone() for n, x in batch.items()}
        gappy["b"][0] = gappy["a"][3] = gappy["b"][3] = garbage
        losses = model.loss(gappy | {"observed": observed}, seeded())
        losses.total.sum().backward()
        assert all(torch.isfinite(p.grad).all() for p in model.parameters())
        totals.append(losses.total.detach())
    assert torch.equal(*totals)


def test_a_sample_that_a_mask_would_leave_with_nothing_sees_what_it_has():
    model, batch = build("mac_vae", p_hidden=0.9, n_masks=20), random_batch()
    observed = torch.zeros(6, 3, dtype=torch.bool)
    observed[:, 2] = True
    kl = model.loss(batch | {"observed": observed}, seeded()).terms["kl"]
    expected = kl_to_prior(model.posterior(batch, ["c"]).components)[0]
    torch.testing.assert_close(kl, expected)


def test_a_sample_with_nothing_is_named():
    observed = torch.tensor([[1, 1, 1], [0, 0, 0], [1, 0, 0]]).bool()
    with pytest.raises(ValueError, match="none is in samples \\[1\\]"):
        build("mac_wae").loss(random_batch(3) | {"observed": observed})


def test_styles_are_kept_to_each_modality():
    model, batch = build("mac_wae", style_dim=2), random_batch()
    losses = model.loss(batch, seeded())
    assert losses.terms["kl_style"].shape == (6,)
    assert model.posterior(batch).mean.shape == (6, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"regulariser": "js"}, "regulariser must be one of mmd, kl, got 'js'"),
        ({"n_masks": 0}, "n_masks of at least 1"),
        ({"p_hidden": 1.0}, "p_hidden from 0 to below 1"),
    ],
)
def test_settings_that_cannot_be_are_explained(options, message):
    with pytest.raises(ValueError, match=message):
        build("mac_wae", **options)
