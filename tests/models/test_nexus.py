"""Nexus: messages, what is dropped, and where gradients stop."""

import pytest
import torch

from explorer.gaussians import kl_to_prior
from explorer.models.nexus import perceptual_dropout
from tests.models.test_models import SHAPES, build, random_batch, seeded

TOP = ("messengers", "top_encoder", "top_decoders")


def test_a_modality_that_is_not_given_sends_nothing():
    model, batch = build("nexus"), random_batch()
    observed = torch.ones(6, 3, dtype=torch.bool)
    observed[:3, 1] = False
    before = model.posterior(batch | {"observed": observed}).mean
    with torch.no_grad():
        model.messengers["b"][-1].bias += 5
    after = model.posterior(batch | {"observed": observed}).mean
    assert torch.equal(before[:3], after[:3])
    assert not torch.isclose(before[3:], after[3:]).all(1).any()
    assert torch.equal(
        model.posterior(batch, ["a", "c"]).mean[:3], model.posterior(batch, ["c", "a"]).mean[:3]
    )
    assert torch.allclose(model.posterior(batch, ["a", "c"]).mean[:3], before[:3], atol=1e-6)


def test_messages_are_averaged():
    model, batch = build("nexus"), random_batch()
    codes = model.bottom(batch).mu
    messages = [model.messengers[name](codes[m]) for m, name in enumerate(SHAPES)]
    mu, _ = model.top_encoder((messages[0] + messages[2]) / 2).chunk(2, dim=-1)
    assert torch.allclose(model.subset_posterior(batch, ["a", "c"]).mean, mu, atol=1e-6)
    alone, _ = model.top_encoder(messages[1]).chunk(2, dim=-1)
    assert torch.allclose(model.experts(batch).mu[1], alone, atol=1e-6)


def test_dropout_keeps_one_and_loses_each_number_equally_often():
    observed = torch.ones(20_000, 4, dtype=torch.bool)
    kept = perceptual_dropout(observed, 0.6, seeded())
    counts = kept.sum(1).bincount(minlength=5) / len(kept)
    assert torch.allclose(counts, torch.tensor([0, 0.2, 0.2, 0.2, 0.4]), atol=0.015)
    assert torch.allclose(kept.float().mean(0), torch.tensor(0.7), atol=0.015)


def test_dropout_takes_from_what_is_there():
    observed = torch.rand(5000, 4, generator=seeded()) < 0.5
    observed[:, 3] |= ~observed.any(1)
    kept = perceptual_dropout(observed, 1.0, seeded(1))
    assert not (kept & ~observed).any()
    assert kept.any(1).all()
    several = observed.sum(1) > 1
    assert (kept.sum(1) < observed.sum(1))[several].all()
    assert torch.equal(kept[~several], observed[~several])
    assert torch.equal(perceptual_dropout(observed, 0.0, seeded(1)), observed)


def test_no_gradient_of_the_top_reaches_the_bottom_nor_the_other_way():
    model, batch = build("nexus"), random_batch()
    model.loss(batch, seeded()).terms["code_distance"].sum().backward()
    reached = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
    assert reached == set(TOP)
    model.zero_grad()
    terms = model.loss(batch, seeded()).terms
    (terms["reconstruction"] + terms["kl_bottom"]).sum().backward()
    reached = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
    assert reached == {"encoders", "decoders"}


def test_the_loss_adds_up_and_the_kls_fade_in():
    model, batch = build("nexus", beta=2.0, gamma=3.0), random_batch()
    terms = model.loss(batch, seeded()).terms
    torch.testing.assert_close(terms["kl_bottom"], kl_to_prior(model.bottom(batch)).sum(0))
    for progress, share in [(0.0, 0.0), (0.1, 0.5), (0.2, 1.0), (1.0, 1.0)]:
        model.progress = progress
        kls = share * 2 * (terms["kl_bottom"] + terms["kl"])
        expected = terms["reconstruction"] + 3 * terms["code_distance"] + kls
        torch.testing.assert_close(model.loss(batch, seeded()).total, expected)


def test_with_one_modality_the_bottom_is_a_plain_vae():
    model, batch = build("nexus"), random_batch()
    alone = {"a": batch["a"]}
    terms = model.loss(alone, seeded(4)).terms
    z = model.bottom(alone).rsample(seeded(4))[0]
    expected = -torch.distributions.Normal(model.decoders["a"](z), 1.0).log_prob(batch["a"]).sum(1)
    assert torch.allclose(terms["reconstruction"], expected, atol=1e-4)


def test_the_top_is_decoded_through_the_bottom():
    model = build("nexus", bottom_dim=3)
    z = torch.randn(5, 2, 4)
    inner = model.top_decoders["b"](z)
    assert inner.shape == (5, 2, 3)
    expected = model.decoders["b"](inner.flatten(0, 1)).reshape(5, 2, 2, 2)
    assert torch.allclose(model.decode(z)["b"].mean, expected, atol=1e-6)


def test_codes_far_from_the_origin_can_be_reconstructed():
    with torch.no_grad():
        model = build("nexus")
        last = model.top_decoders["a"][-1]
        last.bias.fill_(-7.0)
        assert model.top_decoders["a"](torch.zeros(1, 4)).max() < -5


def test_gaps_hold_neither_input_nor_target():
    batch, observed = random_batch(), torch.ones(6, 3, dtype=torch.bool)
    observed[0, 1] = observed[3, 0] = False
    totals = []
    for garbage in (float("nan"), 7.0):
        model = build("nexus", p_drop=0.5)
        gappy = {n: x.clone() for n, x in batch.items()}
        gappy["b"][0] = gappy["a"][3] = garbage
        losses = model.loss(gappy | {"observed": observed}, seeded())
        losses.total.sum().backward()
        assert all(torch.isfinite(p.grad).all() for p in model.parameters())
        totals.append(losses.total.detach())
    assert torch.equal(*totals)


def test_a_hierarchy_has_a_prior_but_no_density():
    model = build("nexus")
    assert model.has_prior
    assert not model.has_density


def test_a_share_that_is_none_is_refused():
    with pytest.raises(ValueError, match="p_drop must be a probability, got 1.5"):
        build("nexus", p_drop=1.5)
