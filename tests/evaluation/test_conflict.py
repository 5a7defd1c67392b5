"""Conflict, in a world where the pictures are the latents and every answer is known."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from explorer.aggregations import AGGREGATIONS
from explorer.evaluation.conflict import (
    BEHAVIORS,
    behavior,
    conflict,
    conflict_rates,
    contradict,
    count_classes,
    draw,
    opponents,
)
from explorer.gaussians import Gaussian, Mixture

N_CLASSES = 10


@dataclass
class NumberLine:
    """A model whose latent is one number: modality ``m`` says its digit, ``std[m]`` how surely."""

    key: str
    std: dict[str, float]

    def experts(self, batch):
        mu = torch.stack([x.reshape(-1, 1) for x in batch.values()])
        std = torch.stack([torch.full_like(mu[0], self.std[name]) for name in batch])
        return Gaussian(mu, 2 * std.log())

    def posterior(self, batch):
        return AGGREGATIONS[self.key](self.experts(batch))

    def subset_posterior(self, batch):
        return AGGREGATIONS[self.key].subset_posterior(self.experts(batch))

    def draw_styles(self, z, generator):
        return None

    def decode(self, z, names, styles):
        return {name: Normal(z, 1.0) for name in names}


class Rounding:
    """Reads a number as the nearest digit."""

    def predict(self, batch):
        return {
            name: x.squeeze(-1).round().clamp(0, N_CLASSES - 1).long() for name, x in batch.items()
        }


@dataclass
class Numbers:
    """A split whose modalities all say the label."""

    labels: Tensor

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return {name: self.labels[index].float() for name in ("a", "b", "c")}


def met(key, std, n_draws=1000, whole_mixture=False, **given):
    """Sides of draws when every modality in ``given`` shows its digit; the last is swapped."""
    a, *_, b = given.values()
    batch = {name: torch.tensor([float(a)]) for name in given}
    other = {name: torch.tensor([float(b)]) for name in given}
    counts = conflict(
        NumberLine(key, std),
        Rounding(),
        batch,
        other,
        [list(given)[-1]],
        "target",
        n_draws,
        torch.Generator().manual_seed(0),
        whole_mixture=whole_mixture,
    )
    return counts.sides(torch.tensor([a]), torch.tensor([b]))[0]


SURE = {"a": 0.1, "b": 0.1, "c": 0.1}


def test_a_mixture_of_experts_alternates():
    sides = met("moe", SURE, a=1, c=9)
    assert behavior(sides) == "alternates"
    assert abs(sides[0].item() - 500) < 60
    assert sides[2] == 0


def test_a_mixture_of_three_alternates_by_votes():
    sides = met("moe", SURE, a=1, b=1, c=9)
    assert abs(sides[0].item() - 667) < 60


@pytest.mark.parametrize("key", ["wb", "logpool", "mwb"])
def test_a_barycenter_of_equally_sure_experts_lands_between(key):
    sides = met(key, SURE, a=1, c=9)
    assert behavior(sides) == "blends"
    assert sides.tolist() == [0, 0, 1000]


@pytest.mark.parametrize("key", ["logpool", "mopoe"])
def test_a_product_sides_with_the_surer_expert(key):
    assert behavior(met(key, {"a": 0.1, "c": 2.0}, a=1, c=9)) == "takes side A"
    assert behavior(met(key, {"a": 2.0, "c": 0.1}, a=1, c=9)) == "takes side B"


def test_the_whole_mixture_keeps_what_its_full_subset_gives_up():
    own = met("mopoe", SURE, a=1, c=9)
    whole = met("mopoe", SURE, a=1, c=9, whole_mixture=True)
    assert own.tolist() == [0, 0, 1000]
    assert all(abs(count.item() - 333) < 60 for count in whole)


def test_one_seed_gives_one_count():
    assert met("moe", SURE, a=1, c=9).tolist() == met("moe", SURE, a=1, c=9).tolist()


def test_contradict_swaps_what_it_is_told_and_nothing_else():
    batch = {"a": torch.zeros(2), "b": torch.zeros(2)}
    other = {"a": torch.ones(2), "b": torch.ones(2)}
    mixed = contradict(batch, other, ["b"])
    assert mixed["a"].tolist() == [0, 0]
    assert mixed["b"].tolist() == [1, 1]


@pytest.mark.parametrize("swapped", [[], ["a", "b"], ["z"]], ids=["none", "all", "unknown"])
def test_contradict_refuses_what_is_no_conflict(swapped):
    batch = {"a": torch.zeros(1), "b": torch.zeros(1)}
    with pytest.raises(ValueError, match="swapped"):
        contradict(batch, batch, swapped)


def two_components(weights=(0.25, 0.75)):
    mu = torch.tensor([-5.0, 5.0]).reshape(2, 1, 1).expand(2, 3, 4)
    return Mixture(torch.tensor(weights), Gaussian(mu, torch.zeros_like(mu)))


def test_draws_come_from_components_by_weight():
    z, component = draw(two_components(), 4000, torch.Generator().manual_seed(0))
    assert z.shape == (4000, 3, 4)
    assert component.shape == (4000, 3)
    assert abs(component.float().mean() - 0.75) < 0.02
    center = torch.where(component == 0, -5.0, 5.0).unsqueeze(-1)
    assert abs((z - center).std() - 1) < 0.02


def test_temperature_zero_draws_the_means_of_components():
    z, component = draw(two_components(), 50, torch.Generator().manual_seed(0), temperature=0.0)
    assert torch.equal(z, torch.where(component == 0, -5.0, 5.0).unsqueeze(-1).expand_as(z))


def test_two_posteriors_share_the_noise_of_a_seed():
    wide = two_components()
    one = Mixture(torch.ones(1), Gaussian(torch.zeros(1, 3, 4), torch.zeros(1, 3, 4)))
    z, component = draw(wide, 6, torch.Generator().manual_seed(3))
    noise, _ = draw(one, 6, torch.Generator().manual_seed(3))
    center = torch.where(component == 0, -5.0, 5.0).unsqueeze(-1)
    assert torch.allclose(z - center, noise, atol=1e-5)


def test_sides_count_every_draw_once():
    verdicts = torch.tensor([[3, 1], [3, 2], [7, 2], [0, 9]])  # 4 draws of 2 samples
    counts = count_classes(verdicts, N_CLASSES)
    sides = counts.sides(torch.tensor([3, 2]), torch.tensor([7, 5]))
    assert sides.tolist() == [[2, 1, 1], [2, 0, 2]]


def test_sides_of_one_class_are_refused():
    counts = count_classes(torch.tensor([[3]]), N_CLASSES)
    with pytest.raises(ValueError, match="different classes"):
        counts.sides(torch.tensor([3]), torch.tensor([3]))


@pytest.mark.parametrize(
    ("sides", "word"),
    [
        ([80, 0, 20], "takes side A"),
        ([0, 80, 20], "takes side B"),
        ([20, 60, 20], "alternates"),
        ([45, 45, 10], "alternates"),
        ([79, 5, 16], "wavers"),
        ([25, 25, 50], "blends"),
        ([40, 20, 40], "wavers"),
    ],
)
def test_words_follow_the_stated_thresholds(sides, word):
    assert behavior(torch.tensor(sides)) == word


@pytest.mark.parametrize(
    ("sides", "word"),
    [([5, 5, 90], "is lost"), ([50, 0, 50], "is lost"), ([90, 0, 10], "takes side A")],
)
def test_who_cannot_draw_without_a_conflict_is_lost_and_does_not_blend(sides, word):
    assert behavior(torch.tensor(sides), calm=0.4) == word


def test_behavior_does_not_care_which_side_is_called_a():
    mirror = {"takes side A": "takes side B", "takes side B": "takes side A"}
    for a in range(0, 101, 5):
        for b in range(0, 101 - a, 5):
            said = behavior(torch.tensor([a, b, 100 - a - b]))
            assert behavior(torch.tensor([b, a, 100 - a - b])) == mirror.get(said, said)


def test_opponents_show_another_digit():
    labels = torch.arange(40) % N_CLASSES
    others = opponents(labels, torch.Generator().manual_seed(0))
    assert (labels[others] != labels).all()
    assert len(others.unique()) > 15


def test_a_conflict_needs_two_classes():
    with pytest.raises(ValueError, match="two classes"):
        opponents(torch.ones(5))


def rates(key, seed=0, **options):
    return conflict_rates(
        NumberLine(key, SURE),
        Rounding(),
        Numbers(torch.arange(60) % N_CLASSES),
        ["a", "b", "c"],
        ["c"],
        "target",
        n_samples=40,
        n_draws=30,
        seed=seed,
        batch_size=15,
        **options,
    )


def test_rates_say_what_one_conflict_says_of_many():
    found = rates("moe")
    assert sum(found["shares"]) == pytest.approx(1)
    assert sum(found["behaviors"].values()) == pytest.approx(1)
    assert set(found["behaviors"]) == set(BEHAVIORS)
    assert found["shares"][0] == pytest.approx(2 / 3, abs=0.05)
    assert found["n_samples"] == 40
    assert found["calm"] == 1.0


def test_rates_depend_on_the_seed_and_on_nothing_else():
    assert rates("moe") == rates("moe")
    assert rates("moe") != rates("moe", seed=1)
