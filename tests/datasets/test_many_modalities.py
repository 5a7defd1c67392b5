"""Forty-one modalities: models build or refuse, and what looks at subsets ends in time."""

import dataclasses

import pytest
import torch

from explorer.aggregations import power_set
from explorer.datasets.modality import Dataset, Modality, told_in_words
from explorer.datasets.rows import Rows
from explorer.evaluation import evaluate, fitting_sizes
from explorer.evaluation.classifiers import Classifiers, to_read, train_classifiers
from explorer.evaluation.maps import MOST_POINTS, embed
from explorer.models import MODELS, build_model
from explorer.models.mac import draw_masks
from explorer.results.scores import Evaluation, headline, tidy, translation_outcomes
from explorer.subsets import subsets

M = 41
NAMES = [f"trait{k}" for k in range(M - 1)]
FEWER = 12
"""Modalities of what is measured: of many, fewer subsets than of 41, so that tests end."""
SIZES = {"n_train": 60, "n_few": 40, "n_test": 260, "n_coherence": 20, "n_likelihood": 2}
SIZES |= {"n_draws": 3, "n_images": 4, "n_diversity": 2, "n_frechet": 20, "n_translation": 10}


def people(m):
    """A small picture, and ``m - 1`` traits that are modalities and labels alike."""
    generator = torch.Generator().manual_seed(0)
    image = Modality("image", (1, 8, 8), network="mlp")
    names = NAMES[: m - 1]
    traits = [
        Modality(name, (2,), "categorical", "mac_label", kind="label", parts=(f"not {name}", name))
        for name in names
    ]

    def rows(n):
        labels = (torch.rand(n, m - 1, generator=generator) < 0.4).long()
        labels[:2] = torch.tensor([[0], [1]])  # both there, whatever the draw
        pictures = torch.zeros(n, 1, 8, 8)
        pictures.view(n, -1)[:, : m - 1] = labels.float()
        arrays = {"image": pictures} | {name: labels[:, k] for k, name in enumerate(names)}
        return Rows(arrays, labels, dict.fromkeys(names, torch.eye(2)))

    splits = rows(300), rows(260)
    return Dataset("celeba_attributes", (image, *traits), *splits, tuple(names), "trait3")


@pytest.fixture(scope="module")
def data():
    return people(M)


@pytest.fixture(scope="module")
def fewer():
    return people(FEWER)


def build(data, name):
    torch.manual_seed(0)
    return build_model(name, data.modalities, latent_dim=4)


def over_all_subsets(name):
    two = [Modality(each, (2,), "normal", "mlp") for each in "ab"]
    aggregation = build_model(name, two).aggregation
    return aggregation is not None and aggregation.family is power_set


@pytest.mark.parametrize("name", MODELS)
def test_every_model_takes_a_step_and_generates_or_says_what_to_use_instead(name, data):
    if over_all_subsets(name):
        with pytest.raises(ValueError, match="at most 12 modalities, got 41.*mac_wae"):
            build(data, name)
        return
    model, batch = build(data, name), data.train[:4]
    loss = model.loss(batch, torch.Generator().manual_seed(0)).total.mean()
    loss.backward()
    assert loss.isfinite()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
    rows = model.subset_posteriors(batch).mean
    assert rows.shape == (103, 4, 4)
    for s in (0, 50, 100):
        subset = subsets(model.names)[s]
        assert torch.allclose(rows[s], model.subset_posterior(batch, subset).mean, atol=1e-4)
    made = model.eval().generate(batch, observed=["trait1", "trait7"], n_samples=2)
    assert made["image"].shape == (2, 4, 1, 8, 8)


def test_masks_of_many_hide_each_modality_as_often_as_they_should():
    masks = draw_masks(4000, M, 0.4, torch.Generator().manual_seed(0))
    assert masks.any(1).all()
    assert masks.float().mean(0) == pytest.approx(torch.full((M,), 0.6), abs=0.04)
    rare = draw_masks(3000, 11, 0.95, torch.Generator().manual_seed(0))
    assert rare.any(1).all()
    expected = 0.05 / (1 - 0.95**11)
    assert rare.float().mean().item() == pytest.approx(expected, abs=0.006)


def test_a_modality_that_is_a_class_takes_no_classifier(data):
    assert [m.name for m in to_read(data)] == ["image"]
    judges = train_classifiers(data, epochs=40)
    assert list(judges.networks) == ["image"]
    assert judges.ceiling["image"] > 0.6  # guessing: .4
    single = judges.single(data)
    assert list(single.ceiling) == ["image"]


def test_labels_of_other_things_are_read(data):
    digits = dataclasses.replace(data, classes=tuple(f"other{k}" for k in range(M - 1)))
    assert len(to_read(digits)) == M


@pytest.fixture(scope="module")
def scores(fewer):
    judges = Classifiers(
        {"image": (1, 8, 8)}, FEWER - 1, {"image": 0.9}, 1.0, {"image": "vector"}, multi_label=True
    )
    return evaluate(build(fewer, "mvtcae").eval(), fewer, judges, **SIZES)


def test_sections_that_do_not_apply_say_why(scores, fewer):
    for section in ("latent_accuracy", "coherence"):
        assert "see average_precision" in scores[section]["absent"]
    model = build(fewer, "mac_wae").eval()
    points = evaluate(model, fewer, "none", only=["likelihood"], **SIZES)
    assert "codes are points" in points["likelihood"]["absent"]


def test_scores_are_told_by_the_subsets_that_are_looked_at(scores, fewer):
    labels = ["+".join(subset) for subset in subsets([m.name for m in fewer.modalities])]
    assert list(scores["geometry"]["by_subset"]) == labels
    assert list(scores["average_precision"]["latent"]) == labels
    assert all(
        set(given) == {"image"} for given in scores["average_precision"]["generated"].values()
    )
    sizes = [given.count("+") + 1 for given in scores["likelihood"]["importance_weighted"]]
    assert sizes == [1, 2, 4, 8, 11, 12]


def test_translated_attributes_are_one_outcome(scores):
    pooled = scores["translation"]["all labels"]
    for task in ("reconstruction", "many_to_one", "one_to_one"):
        alone = [
            scores["translation"][name][task]["accuracy"]["mean"] for name in NAMES[: FEWER - 1]
        ]
        assert pooled[task]["accuracy"]["mean"] == pytest.approx(sum(alone) / len(alone), abs=1e-3)
    evaluations = [Evaluation(name, scores, {}) for name in ("mac_wae", "mvtcae")]
    outcomes, better = translation_outcomes(tidy(evaluations))
    assert {target for _, target, _ in outcomes} == {"image", "all labels"}
    assert set(better.values()) == {1}


def test_a_first_table_of_many_subsets_stays_narrow(scores):
    row = headline(tidy([Evaluation("mvtcae", scores, {})]), "mvtcae")
    assert list(row)[:3] == ["latent image", "latent all", "image|all others"]
    assert {"image, many to one", "all labels, one to one"} <= set(row)
    assert len(row) < 13


def test_less_is_generated_by_default(data):
    assert fitting_sizes(data)["n_coherence"] == 250
    few = dataclasses.replace(data, modalities=data.modalities[:5])
    assert "n_coherence" not in fitting_sizes(few)


def test_a_map_has_no_more_points_than_one_of_five_modalities(data):
    embedding = embed(
        build(data, "poe").eval(),
        dataclasses.replace(data, test=Repeated(data.test)).single(),
        n_tuples=1000,
        n_candidates=60,
        n_seeds=1,
        fit=lambda points, seed: points[:, :2],
    )
    assert len(embedding.report["subsets"]) == 103
    assert len(embedding.tuples) == MOST_POINTS // 103
    assert len(embedding.report["spectrum"]) == 8


class Repeated(Rows):
    """The same rows twice."""

    def __init__(self, rows):
        twice = {name: x.repeat(2, *[1] * (x.ndim - 1)) for name, x in rows.arrays.items()}
        super().__init__(twice, rows.labels.repeat(2, 1), rows.tables)


def test_only_many_attributes_are_told_in_words(data):
    assert len(told_in_words(data.modalities)) == M - 1
    assert told_in_words(data.modalities[:10]) == ()
