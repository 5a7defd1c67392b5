"""Coherence in a small world where what every subset generates is known."""

import pytest
import torch
from torch import nn

from explorer.aggregations import AGGREGATIONS, subsets
from explorer.datasets import Modality
from explorer.evaluation.coherence import generated_correct, prior_agrees
from explorer.gaussians import Gaussian
from explorer.models import MultimodalVAE

NAMES = ("a", "b", "c")
CLASSES = 4


class Judge:
    """Calls the largest entry of a vector its class."""

    def predict(self, images):
        return {name: x.argmax(-1) for name, x in images.items()}


class Turned(nn.Module):
    """Writes the class that z shows, or the next one."""

    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, z):
        return z.roll(self.by, -1)


def model(aggregation, turned=(), **options):
    modalities = [Modality(name, (CLASSES,), network="mlp", kind="vector") for name in NAMES]
    vae = MultimodalVAE(modalities, aggregation=aggregation, latent_dim=4, **options)
    for name in NAMES:
        vae.decoders[name] = Turned(int(name in turned))
    return vae.eval()


def believing(*classes):
    """Experts that are certain, each of its own class for every tuple."""
    mu = 20 * nn.functional.one_hot(torch.stack(classes), CLASSES).float()
    return Gaussian(mu, torch.full_like(mu, -6))


def generated(vae, experts, labels, **settings):
    """Whether what is generated is right when the encoders say this."""
    vae.experts = lambda batch: experts
    return generated_correct(vae, Judge(), vae.subset_posteriors({}), labels, **settings)


@pytest.fixture
def labels():
    return torch.randint(CLASSES, (400,), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_experts_that_are_right_generate_the_right_class(aggregation, labels):
    correct = generated(model(aggregation), believing(labels, labels, labels), labels)
    assert correct.shape == (7, 3, 400)
    assert correct.all()


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_a_wrong_expert_alone_is_wrong_and_a_wrong_decoder_is_wrong_everywhere(aggregation, labels):
    experts = believing(labels, labels, (labels + 1) % CLASSES)
    correct = generated(model(aggregation, turned=["b"]), experts, labels)
    rows = {"+".join(s): row for s, row in zip(subsets(NAMES), correct, strict=True)}
    assert rows["a"][0].all() and rows["a+b"][2].all()
    assert not rows["c"][[0, 2]].any()
    assert not rows["a+b"][1].any()


def test_a_mixture_of_one_right_and_one_wrong_expert_is_right_half_the_time(labels):
    experts = believing(labels, labels, (labels + 1) % CLASSES)
    correct = generated(model("moe"), experts, labels)
    rows = {"+".join(s): row for s, row in zip(subsets(NAMES), correct, strict=True)}
    assert abs(rows["a+c"][1].double().mean() - 1 / 2) < 0.1
    assert abs(rows["a+b+c"][1].double().mean() - 2 / 3) < 0.1
    # one draw of z is decoded by all
    assert (rows["a+c"][0] == rows["a+c"][1]).all()


def unsure(labels):
    mu = torch.nn.functional.one_hot(labels, CLASSES).float().expand(3, -1, -1)
    return Gaussian(mu, torch.zeros_like(mu))


def test_draws_depend_on_the_seed_and_not_on_the_batch_size(labels):
    vae = model("moe")

    def correct(**settings):
        return generated(vae, unsure(labels), labels, **settings)

    assert (correct() == correct(batch_size=7)).all()
    assert (correct() != correct(seed=1)).any()
    assert 0.3 < correct().double().mean() < 0.9  # drawn, not the mean: that would be always right


@pytest.mark.parametrize("turned", [[], ["b"]])
def test_prior_draws_agree_when_all_decoders_show_the_same(turned):
    agrees = prior_agrees(model("poe", turned), Judge(), 300)
    assert agrees.shape == (300,)
    assert agrees.all() if not turned else not agrees.any()
    assert (agrees == prior_agrees(model("poe", turned), Judge(), 300, batch_size=11)).all()


def test_where_latents_are_not_shared_an_observed_modality_is_generated_from_itself(labels):
    experts = believing(labels, labels, (labels + 1) % CLASSES)
    apart = model("moe", objective="independent", shared=False)
    correct = generated(apart, experts, labels)
    rows = {"+".join(s): row for s, row in zip(subsets(NAMES), correct, strict=True)}
    assert rows["a+b+c"][:2].all() and not rows["a+b+c"][2].any()
    # what was not observed comes from a draw between right and wrong
    assert abs(rows["a+c"][1].double().mean() - 1 / 2) < 0.1
    with pytest.raises(ValueError, match="nothing joint"):
        prior_agrees(apart, Judge(), 10)
