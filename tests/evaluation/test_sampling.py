"""A mixture fitted after training lies where codes are, and knows whose codes they were."""

import json

import pytest
import torch

from explorer.checkpoints import load_pretrained
from explorer.datasets import Modality
from explorer.evaluation.sampling import _classes, _nearest
from explorer.models import build_model
from explorer.models.sampler import SAMPLER, fit_sampler, write_sampler


@pytest.fixture
def codes():
    """Two narrow clouds, three apart, turned against the axes."""
    generator = torch.Generator().manual_seed(0)
    cloud = torch.randn(600, 2, generator=generator) * torch.tensor([1.0, 0.05])
    cloud = cloud @ torch.tensor([[0.8, 0.6], [-0.6, 0.8]])
    return cloud + 3 * (torch.arange(600) % 2)[:, None] * torch.tensor([0.6, -0.8])


def test_draws_lie_where_codes_do_and_draws_of_the_prior_do_not(codes):
    drawn = fit_sampler(codes, components=2).draw(500, torch.Generator().manual_seed(1))
    prior = torch.randn(500, 2, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(drawn.mean(0), codes.mean(0), atol=0.2, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), codes.T.cov(), atol=0.2, rtol=0)
    assert _nearest(drawn, codes).mean() < 0.1 < _nearest(prior, codes).mean()


@pytest.fixture
def checkpoint(tmp_path, codes):
    model = build_model(
        "poe", [Modality("a", (3,), likelihood="normal", network="mlp")], latent_dim=2
    )
    folder = tmp_path / "toy" / "poe"
    model.save_pretrained(folder)
    weights = json.loads((folder / "config.json").read_text())["weights_sha256"]
    write_sampler(fit_sampler(codes, components=2), folder, weights)
    return model, folder


def test_a_sampler_comes_back_with_its_checkpoint_and_not_with_another(checkpoint, codes, tmp_path):
    model, folder = checkpoint
    back = load_pretrained("toy", "poe", tmp_path)
    generators = (torch.Generator().manual_seed(3) for _ in range(2))
    drawn, again = (back.sample(400, sampler="mixture", generator=g)["a"] for g in generators)
    assert drawn.shape == (400, 3) and torch.equal(drawn, again)
    z = back.draw_codes(500, sampler="mixture", generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(z.T.cov(), codes.T.cov(), atol=0.2, rtol=0)
    with torch.no_grad():
        model.decoders["a"][0].weight.add_(1)
    model.save_pretrained(folder)
    assert (folder / SAMPLER).is_file()
    assert load_pretrained("toy", "poe", tmp_path).sampler is None


def test_what_cannot_be_sampled_is_explained():
    modalities = [Modality("a", (3,), likelihood="normal", network="mlp")]
    model = build_model("poe", modalities, latent_dim=2)
    assert model.sample(5)["a"].shape == (5, 3)
    with pytest.raises(ValueError, match="no mixture was fitted"):
        model.sample(5, sampler="mixture")
    with pytest.raises(ValueError, match="sampler must be prior or mixture, got 'flow'"):
        model.sample(5, sampler="flow")
    with pytest.raises(ValueError, match="no latent from which all modalities are drawn"):
        build_model("mmvamp", modalities, latent_dim=2).sample(5)


def test_classes_are_counted_by_how_often_they_come():
    assert _classes(torch.tensor([3, 3, 3, 3])) == pytest.approx(1)
    assert _classes(torch.tensor([0, 1, 2, 3])) == pytest.approx(4)
    assert _classes(torch.tensor([], dtype=torch.long)) == 0
