"""JMVAE: its bound in an exact world, who is believed when, and its weights."""

import pytest
import torch
from torch import nn

from explorer.barycenters import product
from explorer.datasets import Modality
from explorer.gaussians import Gaussian
from explorer.models import JMVAE
from tests.models.test_models import build, random_batch, seeded
from tests.models.test_objectives import SHARPNESS, bound, copies, evidence, maps, x  # noqa: F401


def exact_model(maps, shift=0.0):  # noqa: F811
    """The joint encoder gives the exact posterior, moved by ``shift``; alpha is 0."""
    modalities = [Modality(f"m{m}", (4,), "normal", "mlp") for m in range(3)]
    model = JMVAE(modalities, latent_dim=2, alpha=0.0).double()
    precision = 1 + SHARPNESS.sum(0)
    head = nn.Linear(6, 4).double()
    with torch.no_grad():
        head.weight.zero_()
        head.weight[:2] = torch.diag(1 / precision).repeat(1, 3)
        head.bias.copy_(torch.cat([torch.full((2,), shift).double(), -precision.log()]))
        for m, modality in enumerate(modalities):
            encoder, decoder = nn.Linear(4, 4).double(), nn.Linear(2, 4, bias=False).double()
            encoder.bias.zero_()
            encoder.weight[:2] = maps[m].T
            decoder.weight.copy_(maps[m])
            model.joint_encoders[modality.name] = encoder
            model.decoders[modality.name] = decoder
    model.joint_head = head
    return model


def test_with_an_exact_joint_encoder_the_joint_term_is_the_evidence(maps, x):  # noqa: F811
    found, error = bound(exact_model(maps), x)
    assert error < 0.1
    assert abs(found - evidence(maps, x)) < 4 * error + 1e-9


@pytest.mark.parametrize("shift", [-1.0, 0.5, 2.0])
def test_the_joint_term_is_a_lower_bound_short_by_the_kl_to_the_truth(maps, x, shift):  # noqa: F811
    found, error = bound(exact_model(maps, shift), x)
    short = (shift**2 * (1 + SHARPNESS.sum(0)) / 2).sum().item()
    assert abs(found - (evidence(maps, x) - short)) < 4 * error


def test_one_is_believed_itself_some_are_multiplied_all_go_to_the_joint_encoder():
    model, batch = build("jmvae"), random_batch()
    experts = model.experts(batch)
    assert torch.equal(model.posterior(batch, ["b"]).mean, experts.mu[1])
    pair = model.posterior(batch, ["a", "c"]).components
    expected = product(Gaussian(*(part[[0, 2]] for part in experts)))
    assert torch.allclose(pair.mu[0], expected.mu, atol=1e-5)
    assert torch.allclose(pair.logvar[0], expected.logvar, atol=1e-5)
    before = model.posterior(batch).mean
    with torch.no_grad():
        model.joint_head[-1].bias += 1
    assert torch.allclose(model.posterior(batch).mean, before + 1)
    assert torch.equal(model.posterior(batch, ["b"]).mean, experts.mu[1])


def test_only_complete_samples_teach_the_joint_encoder():
    batch = random_batch()
    observed = torch.ones(6, 3, dtype=torch.bool)
    observed[2:, 1] = False
    gradients = []
    for rows in (slice(None), slice(0, 2)):
        model = build("jmvae")
        noise = seeded(1)
        losses = model.loss(batch | {"observed": observed}, noise)
        losses.total[rows].sum().backward()
        gradients.append(model.joint_head[0].weight.grad)
    assert gradients[0].abs().max() > 0
    assert torch.allclose(*gradients, atol=1e-5)


def test_alpha_and_beta_weigh_their_terms_and_fade_in():
    batch = random_batch()
    plain = build("jmvae", alpha=0.0).loss(batch, seeded())
    model = build("jmvae", alpha=0.7, beta=2.0)
    terms = model.loss(batch, seeded()).terms
    assert torch.equal(terms["kl"], plain.terms["kl"])
    penalty = 2 * terms["kl"] + 0.7 * terms["kl_to_experts"]
    for progress, share in [(0.0, 0.0), (0.05, 0.5), (0.1, 1.0), (0.6, 1.0)]:
        model.progress = progress
        total = model.loss(batch, seeded()).total
        torch.testing.assert_close(total, terms["reconstruction"] + share * penalty)


def test_alpha_teaches_each_modality_what_all_say_together():
    a = torch.randn(64, 3)
    batch = {"a": a, "b": a[:, :1, None].expand(-1, 2, 2), "c": torch.cat([a, a[:, :2]], 1)}
    gaps = {}
    for alpha in (0.0, 1.0):
        model = build("jmvae", alpha=alpha)
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for step in range(100):
            loss = model.loss(batch, seeded(step)).total.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        terms = model.loss(batch, seeded()).terms
        gaps[alpha] = terms["kl_to_experts"].mean().item()
    assert gaps[1.0] < gaps[0.0] / 5


def test_styles_are_kept_to_each_modality():
    model, batch = build("jmvae", style_dim=2), random_batch()
    losses = model.loss(batch, seeded())
    assert "kl_style" in losses.terms
    assert model.posterior(batch).mean.shape == (6, 4)
    assert not model.has_density
