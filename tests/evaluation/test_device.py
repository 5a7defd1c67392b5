"""Where things are computed changes rounding and nothing else."""

import pytest
import torch

from explorer.datasets import load_dataset
from explorer.evaluation import evaluate
from explorer.evaluation.classifiers import train_classifiers
from explorer.gaussians import Gaussian, Mixture
from explorer.models import build_model
from explorer.models.device import find_device

TOLERANCE = {"latent_accuracy": 0.02, "likelihood": 0.5, "reconstruction": 0.01, "geometry": 0.01}
"""How far figures of the same weights may be apart on two devices: shares by a tuple in fifty, nats
by half a one, the rest by a hundredth."""
SIZES = dict.fromkeys(("n_train", "n_test", "n_images", "n_translation"), 50) | {
    "n_few": 40,
    "n_likelihood": 4,
    "n_draws": 8,
}
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")


def figures(tree, path=""):
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield from figures(branch, f"{path}/{key}")
    elif isinstance(tree, int | float):
        yield path, tree


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=gpu)])
def test_figures_of_two_devices_agree(device):
    data = load_dataset("digits_photo_text", n_train=100, n_test=60)
    torch.manual_seed(0)
    model = build_model("moe", data.modalities, latent_dim=4)
    here, there = (
        evaluate(model, data, "not asked for", only=TOLERANCE, device=where, **SIZES)
        for where in ("cpu", device)
    )
    assert next(model.parameters()).device.type == "cpu"
    for section, tolerance in TOLERANCE.items():
        expected = dict(figures(here[section]))
        assert expected
        for path, value in figures(there[section]):
            assert value == pytest.approx(expected[path], abs=tolerance, rel=1e-3), path


@gpu
def test_judges_and_coherence_run_on_a_gpu():
    data = load_dataset("digits_photo_text", n_train=100, n_test=60)
    judges = train_classifiers(data, epochs=1, device="cuda")
    model = build_model("poe", data.modalities, latent_dim=4)
    asked = {"coherence", "diversity", "translation", "self_reconstruction"}
    found = evaluate(
        model, data, judges, only=asked, device="cuda", **SIZES, n_coherence=20, n_diversity=4
    )
    assert found.keys() == asked


@gpu
def test_a_generator_of_the_cpu_gives_a_gpu_the_same_noise():
    q = Mixture(torch.tensor([0.5, 0.5]), Gaussian(torch.zeros(2, 3, 4), torch.zeros(2, 3, 4)))
    there = Mixture(q.weights.cuda(), Gaussian(*(part.cuda() for part in q.components)))
    z, other = (x.rsample(torch.Generator().manual_seed(1)) for x in (q, there))
    assert other.device.type == "cuda"
    torch.testing.assert_close(z, other.cpu())


def test_a_device_is_found_or_refused():
    assert find_device("cpu") == torch.device("cpu")
    assert find_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(ValueError, match="device must be one of auto, cpu, cuda; got 'tpu'"):
        find_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="torch sees no GPU; use auto or cpu"):
            find_device("cuda")
