"""How different draws are, with judges whose features are what they are shown."""

import pytest
import torch
from torch import nn

from explorer.barycenters import Gaussian
from explorer.datasets import Modality
from explorer.evaluation.classifiers import Classifiers
from explorer.evaluation.diversity import (
    features,
    frechet_distance,
    generated_distance,
    real_distance,
    report,
)
from explorer.gaussians import wasserstein2_squared
from explorer.models import MultimodalVAE

NAMES = ("a", "b", "c")
SIZE = 4


class Same(nn.Module):
    def forward(self, z):
        return z


class Judge:
    """Classifiers whose last layer reads the observation itself."""

    shapes = dict.fromkeys(NAMES, (SIZE,))
    networks = {name: nn.Sequential(nn.Identity(), nn.Linear(SIZE, 3)) for name in NAMES}


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def model(**options):
    modalities = [
        Modality(name, (SIZE,), likelihood="normal", network="mlp", kind="vector") for name in NAMES
    ]
    vae = MultimodalVAE(modalities, latent_dim=SIZE, **({"aggregation": "wb"} | options))
    for name in NAMES:
        vae.decoders[name] = Same()
    return vae.eval()


def beliefs(vae, mu, std):
    logvar = torch.full_like(mu, 2 * torch.tensor(std).log().item())
    vae.experts = lambda batch: Gaussian(mu, logvar)
    return vae.subset_posteriors({})


def test_features_are_what_the_last_layer_reads():
    judges = Classifiers({"m": (3, 28, 28)}, 10)
    images = torch.rand(7, 3, 28, 28)
    seen = features(judges, "m", images, batch_size=3)
    assert seen.shape == (7, 64)
    with torch.inference_mode():
        answer = judges.networks["m"][-1](seen).softmax(-1)
    torch.testing.assert_close(answer, judges.probabilities({"m": images})["m"])


def test_frechet_is_the_wasserstein_distance_of_diagonal_gaussians():
    """Whitened sets have exactly the moments that are put into them."""
    white = draws(500, 3).double()
    white = white - white.mean(0)
    white = white @ torch.linalg.inv(torch.linalg.cholesky(white.T.cov())).T
    p = Gaussian(torch.tensor([0.0, 1.0, 2.0]), torch.tensor([0.0, -1.0, 1.0]))
    q = Gaussian(torch.tensor([3.0, 1.0, 1.0]), torch.tensor([1.0, 0.5, -2.0]))
    sets = [white * g.std + g.mu for g in (p, q)]
    turn = torch.linalg.qr(draws(3, 3, seed=1).double())[0]
    expected = wasserstein2_squared(p, q).item()
    assert frechet_distance(*sets) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(*(x @ turn for x in sets)) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(sets[0], sets[0]) == pytest.approx(0, abs=1e-6)


def test_frechet_takes_features_that_never_vary():
    flat = torch.zeros(50, 3)
    assert frechet_distance(flat, flat) == 0
    assert frechet_distance(flat, flat + 2) == pytest.approx(12)


@pytest.mark.parametrize("std", [0.1, 2.0])
def test_draws_are_as_far_apart_as_the_belief_is_wide(std):
    """In one dimension two draws of N(m, s^2) are 2 s / sqrt(pi) apart on average."""
    vae = model()
    vae.decoders["c"] = nn.Linear(SIZE, SIZE)
    with torch.no_grad():
        vae.decoders["c"].weight.copy_(torch.eye(SIZE) * torch.tensor([1.0, 0, 0, 0]))
        vae.decoders["c"].bias.zero_()
    found = generated_distance(
        vae, Judge(), beliefs(vae, 5 * draws(3, 300, SIZE), std), ["a"], "c", n_draws=20
    )
    assert found.shape == (300,)
    assert found.mean().item() == pytest.approx(2 * std / torch.pi**0.5, rel=0.05)


def test_points_have_no_diversity():
    vae = model()
    certain = beliefs(vae, draws(3, 10, SIZE), 1e-7)
    assert generated_distance(vae, Judge(), certain, ["a", "b"], "c").max() < 1e-5


def test_real_distance_is_within_classes():
    seen = torch.tensor([[0.0], [1.0], [10.0], [13.0], [99.0], [2.0]])
    labels = torch.tensor([0, 0, 1, 1, 2, 0])
    assert real_distance(seen, labels, 2) == pytest.approx((1 + 3) / 2)
    assert real_distance(seen, labels, 3) == pytest.approx((4 / 3 + 3) / 2)
    with pytest.raises(ValueError, match="two observations"):
        real_distance(seen[:1], labels[:1], 2)


def section(vae, std=1.0):
    real = {name: draws(400, SIZE, seed=m) for m, name in enumerate(NAMES)}
    real["b"] = real["b"] + 3
    labels = torch.arange(400) % 5
    settings = {"seed": 0, "on_step": lambda done: None}
    return report(vae, Judge(), beliefs(vae, draws(3, 20, SIZE), std), (real, labels), **settings)


def test_the_frechet_distance_is_small_where_prior_draws_look_real_and_large_where_not():
    found = section(model())["classifier_frechet_distance"]
    assert found["generated"]["a"] < 0.2 and found["real"]["a"] < 0.2
    assert found["generated"]["b"] == pytest.approx(9 * SIZE, rel=0.1)
    assert found["real"]["b"] < 0.2


def test_all_others_say_as_much_as_one_where_all_are_equally_sure():
    found = section(model(), std=0.5)
    for target in NAMES:
        one, others = (found[key][target]["mean"] for key in ("given_one", "given_others"))
        assert one == pytest.approx(others, rel=0.1)
    assert found["test_tuples"] == 20 and found["frechet_tuples"] == 200


def test_nothing_joint_is_drawn_where_latents_are_apart():
    apart = model(aggregation="moe", objective="independent", shared=False)
    found = section(apart)
    assert "nothing joint" in found["classifier_frechet_distance"]["absent"]
    assert found["given_one"].keys() == set(NAMES)
