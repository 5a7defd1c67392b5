"""Labels of which several may hold: latents, judges, sections of scores.json."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from explorer.checkpoints import PRETRAINED
from explorer.datasets import load_dataset
from explorer.datasets.download import data_directory
from explorer.datasets.modality import Dataset, Modality, of_class
from explorer.datasets.rows import Rows
from explorer.datasets.text import encode
from explorer.evaluation import evaluate
from explorer.evaluation.attributes import linear_scores
from explorer.evaluation.average_precision import bootstrap_error, mean_average_precision
from explorer.evaluation.classifiers import (
    FOLDER,
    Classifiers,
    load_classifiers,
    save_classifiers,
    train_classifiers,
)
from explorer.models import build_model
from explorer.results.scores import Evaluation, headline, tidy

SIZES = {"n_train": 300, "n_few": 60, "n_test": 260, "n_coherence": 100, "n_prior": 10}
SIZES |= {"n_likelihood": 2, "n_draws": 2, "n_images": 4, "n_diversity": 2, "n_frechet": 20}


@pytest.fixture(scope="module")
def data():
    """A vector and an image that show three attributes, which hold independently."""
    generator = torch.Generator().manual_seed(0)

    def rows(n):
        labels = (torch.rand(n, 3, generator=generator) < torch.tensor([0.5, 0.3, 0.2])).long()
        vector = labels.float().repeat(1, 2) + 0.4 * torch.randn(n, 6, generator=generator)
        image = torch.zeros(n, 1, 12, 12, dtype=torch.uint8)
        for a in range(3):
            image[:, 0, 4 * a : 4 * a + 3, 2:10] = 200 * labels[:, a, None, None].byte()
        return Rows({"vector": vector, "image": image}, labels)

    modalities = (
        Modality("vector", (6,), "normal", "dense", kind="vector"),
        Modality("image", (1, 12, 12), network="dense"),
    )
    return Dataset("shapes", modalities, rows(600), rows(400), ("red", "green", "blue"))


@pytest.fixture(scope="module")
def judges(data):
    return train_classifiers(data, epochs=8)


def untrained(data):
    torch.manual_seed(0)
    return build_model("mopoe", data.modalities, latent_dim=8).eval()


def test_a_dataset_says_whether_several_may_hold(data):
    assert data.multi_label
    single = replace(data, train=replace(data.train, labels=data.train.labels[:, 0]))
    assert not single.multi_label
    labels = torch.tensor([[1, 0], [1, 1], [0, 1]])
    assert of_class(labels, 1).tolist() == [False, True, True]
    assert of_class(torch.tensor([2, 0, 2]), 2).tolist() == [True, False, True]


def test_judges_answer_for_each_attribute_alone(data, judges):
    batch = data.test[slice(0, 5)]
    sure = judges.probabilities(batch)
    assert {name: p.shape for name, p in sure.items()} == {"vector": (5, 3), "image": (5, 3)}
    assert (sure["image"].sum(-1) - 1).abs().max() > 0.1
    called = judges.predict(batch)["image"]
    assert torch.equal(called, (sure["image"] > 0.5).long())


def test_their_ceiling_is_the_average_precision_of_their_probabilities(data, judges, tmp_path):
    sure = judges.probabilities(data.test[slice(None)])
    for name, p in sure.items():
        found = mean_average_precision(data.test.labels.numpy(), p.numpy())
        assert judges.ceiling[name] == pytest.approx(found, abs=1e-4)
        assert found > 0.85
    same = (judges.call(sure["vector"]) == judges.call(sure["image"])).double().mean()
    assert judges.agreement == pytest.approx(same.item(), abs=1e-4)
    save_classifiers(judges, tmp_path / "shapes" / FOLDER, {"seed": 0})
    loaded = load_classifiers("shapes", tmp_path)
    assert loaded.multi_label
    torch.testing.assert_close(loaded.probabilities(data.test[[3]])["vector"], sure["vector"][[3]])


def test_linear_scores_know_what_is_there_and_not_what_is_noise():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (900, 3))
    labels[:600, 2] = 1  # nothing to learn
    latents = np.c_[labels[:, 0] + 0.1 * rng.normal(size=900), rng.normal(size=900)]
    scores = linear_scores((latents[:600], labels[:600]), latents[600:])
    precision = [average_precision_score(labels[600:, a], scores[:, a]) for a in range(3)]
    assert precision[0] > 0.99
    assert precision[1] == pytest.approx(labels[600:, 1].mean(), abs=0.1)
    assert not scores[:, 2].any()


def test_the_bootstrap_error_is_the_spread_over_fresh_observations():
    rng = np.random.default_rng(0)

    def fresh():
        labels = (rng.random((300, 3)) < [0.5, 0.3, 0.2]).astype(int)
        return labels, labels + 1.5 * rng.normal(size=labels.shape)

    spread = np.std([mean_average_precision(*fresh()) for _ in range(120)])
    errors = [bootstrap_error(*fresh()) for _ in range(6)]
    assert np.mean(errors) == pytest.approx(spread, rel=0.25)


def test_sections_of_single_classes_give_way_to_average_precision(data, judges):
    model = untrained(data)
    scores = evaluate(model, data, judges, **SIZES)
    assert "see average_precision" in scores["latent_accuracy"]["absent"]
    assert "see average_precision" in scores["coherence"]["absent"]
    found = scores["average_precision"]
    subsets = ["vector", "image", "vector+image"]
    assert list(found["latent"]) == list(found["latent_as_published"]) == subsets
    assert list(found["generated"]) == subsets
    assert all(list(by_target) == ["vector", "image"] for by_target in found["generated"].values())
    assert found["chance"] == pytest.approx(data.test.labels[:260].double().mean().item(), abs=1e-4)
    assert 0 < found["latent"]["vector"]["standard_error"] < 0.1
    assert found["latent"]["vector"]["mean"] > 0.75  # a random encoder keeps three bits
    assert found["generated"]["vector"]["image"]["mean"] < 0.6  # and a random decoder shows none
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    rows = tidy([Evaluation("mopoe", scores, {})])
    assert {"latent_precision", "precision", "precision_ceiling"} <= set(rows["measure"])
    columns = headline(rows, "mopoe")
    assert columns["image|vector"].value == found["generated"]["vector"]["image"]["mean"]
    assert columns["latent vector+image"].value == found["latent"]["vector+image"]["mean"]


def test_the_same_seed_gives_the_same_figures(data, judges):
    one, two = (
        evaluate(untrained(data), data, judges, only=["average_precision"], **SIZES)
        for _ in range(2)
    )
    assert one == two


def test_judges_of_several_classes_take_any_leading_axes():
    judges = Classifiers({"a": (6,)}, 3, kinds={"a": "vector"}, multi_label=True)
    assert judges.probabilities({"a": torch.rand(2, 4, 6)})["a"].shape == (2, 4, 3)
    assert judges.predict({"a": torch.rand(2, 4, 6)})["a"].shape == (2, 4, 3)


def test_texts_that_spell_names_are_read_wherever_they_stand():
    names, symbols = ("big nose", "big lips", "male"), "* ,abcdefghijklmnopqrstuvwxyz"
    written = ["big lips".ljust(64, "*"), "**male, big nose".rjust(64, "*"), "*" * 64]
    x = torch.eye(len(symbols))[torch.from_numpy(encode(written, symbols, 64).astype(int))]
    text = Modality("t", (64, len(symbols)), "categorical", "dense", kind="text", symbols=symbols)
    truth = torch.tensor([[0, 1, 0], [1, 0, 1], [0, 0, 0]])
    rows = Rows({"t": x, "v": truth.float()}, truth)
    data = Dataset("names", (text, Modality("v", (3,), kind="vector")), rows, rows, names)
    judges = train_classifiers(data, epochs=1)
    assert torch.equal(judges.predict({"t": x})["t"], truth)
    assert judges.ceiling["t"] == 1
    wrong = x.clone()
    wrong[0, 7] = x[0, 8]  # "big lip*": the less of a name is there, the less sure
    sure = judges.probabilities({"t": torch.stack([x[0], wrong[0], x[0] / 2 + x[2] / 2])})["t"]
    assert sure[0, 1] > 0.9 > 0.5 > sure[1, 1] > sure[2, 1]


def test_where_one_class_is_wanted_it_is_whether_the_leading_one_holds(data, judges):
    asked = replace(data, leading="green").single()
    assert asked.classes == ("not green", "green")
    assert not asked.multi_label
    assert asked.single() is asked
    assert torch.equal(asked.test.labels, data.test.labels[:, 1])
    assert torch.equal(asked.test[[3]]["vector"], data.test[[3]]["vector"])
    assert asked.train.to("meta").labels.device.type == "meta"
    with pytest.raises(ValueError, match="leading class .* one of red, green, blue, got ''"):
        data.single()


def test_judges_of_one_class_are_as_sure_of_it_as_before(data, judges):
    asked = judges.single(replace(data, leading="green"))
    batch = data.test[slice(None)]
    for name, p in asked.probabilities(batch).items():
        torch.testing.assert_close(p[:, 1], judges.probabilities(batch)[name][:, 1])
        right = (p.argmax(1) == data.test.labels[:, 1]).double().mean()
        assert asked.ceiling[name] == pytest.approx(right.item(), abs=1e-4)
    assert judges.multi_label
    assert asked.single(data) is asked


def test_the_shipped_judges_of_celeba_reach_their_ceiling_where_it_is_at_hand():
    if not (data_directory() / "celeba" / "img_align_celeba_64.zip").is_file():
        pytest.skip("CelebA is not at hand: set EXPLORER_DATA to a folder with celeba/ in it")
    judges, faces = load_classifiers("celeba", PRETRAINED), load_dataset("celeba", n_train=1)
    sure = judges.probabilities(faces.test[slice(None)])
    for name, p in sure.items():
        found = mean_average_precision(faces.test.labels.numpy(), p.numpy())
        assert judges.ceiling[name] == pytest.approx(found, abs=0.001)
        assert found > {"image": 0.55, "text": 0.999}[name]
