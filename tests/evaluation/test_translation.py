"""Translation in a small world where what each modality becomes is known."""

import pytest
import torch
from torch import nn

from explorer.datasets import Modality
from explorer.evaluation.translation import LABELS, outcomes, report, tasks
from explorer.gaussians import Gaussian
from explorer.models import MultimodalVAE
from explorer.results.ranking import average_ranks, win_loss

NAMES = ("a", "b", "c")


class Same(nn.Module):
    def forward(self, z):
        return z


def vector_model(**options):
    modalities = [
        Modality(name, (3,), likelihood="normal", network="mlp", kind="vector") for name in NAMES
    ]
    vae = MultimodalVAE(modalities, aggregation="wb", latent_dim=3, **options)
    for name in NAMES:
        vae.decoders[name] = Same()
    return vae.eval()


def means_of(vae, values):
    """Mean given every subset when each expert says its own ``values``, ``(M, N, D)``."""
    vae.experts = lambda batch: Gaussian(values, torch.zeros_like(values))
    return vae.subset_posteriors({}).mean


def ignore(done):
    pass


def test_every_task_is_made_of_its_own_subsets_by_hand():
    """Modality m says m everywhere; the mean of those given is what is decoded."""
    vae = vector_model()
    values = torch.arange(3.0).reshape(3, 1, 1).expand(3, 5, 3)
    originals = {name: torch.zeros(5, 3) for name in NAMES}
    section = report(vae, means_of(vae, values), originals, ignore)
    expected = {
        "a": {"reconstruction": 1.0, "many_to_one": 1.5, "one_to_one": 1.5},
        "b": {"reconstruction": 1.0, "many_to_one": 1.0, "one_to_one": 1.0},
        "c": {"reconstruction": 1.0, "many_to_one": 0.5, "one_to_one": 0.5},
    }
    for name, by_task in expected.items():
        for task, value in by_task.items():
            assert section[name][task]["rmse"] == {"mean": value, "standard_error": 0.0}
    assert section["test_tuples"] == 5


def test_one_to_one_is_the_mean_of_errors_and_not_the_error_of_a_mean():
    vae = vector_model()
    values = torch.tensor([0.0, 1.0, -1.0]).reshape(3, 1, 1).expand(3, 4, 3)
    originals = {name: torch.zeros(4, 3) for name in NAMES}
    section = report(vae, means_of(vae, values), originals, ignore)
    assert section["a"]["many_to_one"]["rmse"]["mean"] == 0
    assert section["a"]["one_to_one"]["rmse"]["mean"] == 1


def test_a_modality_apart_is_reconstructed_from_itself_alone():
    vae = MultimodalVAE(
        vector_model().modalities,
        aggregation="moe",
        latent_dim=3,
        objective="independent",
        shared=False,
    ).eval()
    for name in NAMES:
        vae.decoders[name] = Same()
    values = torch.arange(3.0).reshape(3, 1, 1).expand(3, 4, 3)
    originals = {name: values[m] for m, name in enumerate(NAMES)}
    section = report(vae, means_of(vae, values), originals, ignore)
    assert all(section[name]["reconstruction"]["rmse"]["mean"] == 0 for name in NAMES)
    assert section["c"]["many_to_one"]["rmse"]["mean"] == 1.5


@pytest.mark.parametrize(
    ("modality", "keys"),
    [
        (Modality("x", (3, 28, 28)), {"ssim_data_range_1"}),
        (Modality("x", (4, 6), "poisson", "dense", kind="spikes"), {"rmse"}),
        (
            Modality("x", (8, 4), "categorical", "dense", kind="text", symbols=" abc"),
            {"bleu_3_characters", "word_accuracy"},
        ),
        (Modality("x", (10,), "categorical", "mlp", kind="vector"), {"accuracy"}),
    ],
)
def test_each_kind_has_its_measures(modality, keys):
    other = Modality("y", (3,), likelihood="normal", network="mlp", kind="vector")
    vae = MultimodalVAE([modality, other], aggregation="poe", latent_dim=4).eval()
    ones = nn.functional.one_hot(torch.arange(6) % modality.shape[-1], modality.shape[-1]).float()
    x = ones.reshape(6, *[1] * (len(modality.shape) - 1), -1).expand(6, *modality.shape)
    batch = {"x": x, "y": torch.zeros(6, 3)}
    with torch.inference_mode():
        means = vae.subset_posteriors(batch).mean
    section = report(vae, means, batch, ignore)
    assert list(section["x"]) == ["reconstruction", "many_to_one", "one_to_one"]
    assert all(set(table) == keys for table in section["x"].values())
    assert set(section["y"]["one_to_one"]) == {"rmse"}
    # with two modalities both tasks are the same
    assert section["x"]["many_to_one"] == section["x"]["one_to_one"]


def test_a_lone_modality_can_only_be_reconstructed():
    assert tasks(["a"], "a") == {
        "reconstruction": [["a"]],
        "many_to_one": [[]],
        "one_to_one": [],
    }


def figure(value):
    return {"mean": value, "standard_error": 0.01}


def test_outcomes_are_what_ranking_takes():
    sections = {
        model: {
            "how": "somehow",
            "picture": {"one_to_one": {"ssim_data_range_1": figure(ssim)}},
            "spikes": {"one_to_one": {"rmse": figure(rmse)}},
            "text": {"one_to_one": {"bleu_3_characters": bleu, "word_accuracy": figure(0.5)}},
            "test_tuples": 5,
        }
        for model, ssim, rmse, bleu in [("good", 0.9, 0.1, 0.8), ("bad", 0.3, 0.7, 0.9)]
    }
    found, better = outcomes(sections)
    assert found == {
        ("one_to_one", "picture"): {"good": 0.9, "bad": 0.3},
        ("one_to_one", "spikes"): {"good": 0.1, "bad": 0.7},
        ("one_to_one", "text"): {"good": 0.8, "bad": 0.9},
    }
    assert better == dict(zip(found, (1, -1, 1), strict=True))
    assert tuple(win_loss(found, better)["good", "bad"]) == (2, 0, 1)
    assert average_ranks(found, better)["good"].mean == pytest.approx(2 / 3)


def test_several_labels_are_one_outcome_their_mean():
    section = {
        "picture": {"one_to_one": {"ssim_data_range_1": figure(0.4)}},
        "male": {"one_to_one": {"accuracy": figure(0.9)}},
        "young": {"one_to_one": {"accuracy": figure(0.7)}},
        LABELS: {"one_to_one": {"accuracy": figure(0.8)}},
    }
    found, _ = outcomes({"a": section, "b": section})
    assert found == {
        ("one_to_one", "picture"): {"a": 0.4, "b": 0.4},
        ("one_to_one", LABELS): {"a": 0.8, "b": 0.8},
    }
    alone = {name: each for name, each in section.items() if name not in ("young", LABELS)}
    assert ("one_to_one", "male") in outcomes({"a": alone})[0]
