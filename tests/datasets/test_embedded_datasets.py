"""Digit, photo, text and the simulated rats: that they are made as they say."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from explorer.datasets import load_dataset
from explorer.datasets.digits_photo_text import LENGTH, SYMBOLS, WORDS
from explorer.datasets.simulated_rats import NEURONS
from explorer.datasets.text import read, spell


@pytest.fixture(scope="module")
def dpt():
    return load_dataset("digits_photo_text")


@pytest.fixture(scope="module")
def rats():
    return load_dataset("simulated_rats")


def test_texts_come_back_as_they_were_written():
    texts = ["two", "  three", "", "abcdefgh"]
    spelled = spell(texts, SYMBOLS, 8)
    assert spelled.shape == (4, 8, 27)
    assert torch.equal(spelled.sum(-1), torch.ones(4, 8))
    assert read(spelled, SYMBOLS) == ["two     ", "  three ", " " * 8, "abcdefgh"]
    assert read(spelled * 3 - 1, SYMBOLS) == read(spelled, SYMBOLS)  # logits read alike


def test_texts_that_cannot_be_written_are_refused():
    with pytest.raises(ValueError, match=r"'Zwölf' with \['Z', 'ö'\]"):
        spell(["one", "Zwölf"], SYMBOLS, 8)
    with pytest.raises(ValueError, match="at most 8 characters, got 'seventeen'"):
        spell(["seventeen"], SYMBOLS, 8)


def test_a_text_is_the_word_of_the_class_at_an_offset_as_published(dpt):
    split = dpt.train
    spelled = split.words[split.labels, split.offsets]
    assert torch.equal(split[slice(0, 9)]["text"], spelled[:9])
    texts = read(spelled, SYMBOLS)
    labels = dpt.train.labels.tolist()
    assert [text.strip() for text in texts] == [WORDS[label] for label in labels]
    starts = np.array([len(text) - len(text.lstrip()) for text in texts])
    lengths = np.array([len(WORDS[label]) for label in labels])
    for length in (3, 4, 5):
        counts = np.bincount(starts[lengths == length])
        assert len(counts) == LENGTH - length  # from 0 to 8 - 1 - length
        assert counts.min() > 0.9 * counts.mean()


def test_digit_and_photo_are_different_pictures_of_one_class(dpt):
    for split in (dpt.train, dpt.test):
        assert (split.digits[:, 0] != split.digits[:, 1]).all()
        clean = split[slice(0, 50)]["digit"][:, 0]
        assert torch.equal(clean, split.pictures[split.digits[:50, 0]])
        assert ((clean > 0.2) & (clean < 0.8)).float().mean() > 0.1  # grey, not thresholded


def test_no_clean_digit_is_in_both_train_and_test(dpt):
    train = {picture.numpy().tobytes() for picture in dpt.train.pictures}
    test = {picture.numpy().tobytes() for picture in dpt.test.pictures}
    assert len(train) + len(test) == 1797
    assert not train & test


def test_a_photo_is_a_crop_with_a_digit_on_its_far_side_and_noise(dpt):
    split = dpt.train
    photos = split[slice(0, 300)]["photo"]
    for i in range(0, 300, 7):
        top, left = split.corners[i]
        crop = split.photographs[split.photos[i], :, top : top + 28, left : left + 28] / 255
        ink = split.pictures[split.digits[i, 1]]
        change = photos[i] - crop
        assert change[:, ink < 0.02].abs().mean() < 0.08  # noise of 0.06
        drawn = change.mean(0)[ink > 0.8].mean()
        assert drawn.sign() == (1 if crop.mean() < 0.5 else -1)
        assert drawn.abs() > 0.1
    assert split.photos.unique().tolist() == [0, 1, 2, 3, 4]


def test_weights_make_each_modality_count_like_the_largest(dpt):
    digit, photo, text = dpt.modalities
    size = np.prod(photo.shape)
    assert photo.weight == 1
    assert digit.weight == size / np.prod(digit.shape)
    assert text.weight == size / text.shape[0]  # as published: a text counts its characters
    assert (text.kind, text.symbols) == ("text", SYMBOLS)


def test_rats_have_the_neurons_and_windows_of_the_recordings(rats):
    assert {m.name: m.shape for m in rats.modalities} == {
        "barat": (92, 10),
        "buchanan": (79, 10),
        "mitt": (104, 10),
        "stella": (49, 10),
        "superchris": (46, 10),
    }
    assert all(m.kind == "spikes" and m.likelihood == "poisson" for m in rats.modalities)
    for split in (rats.train, rats.test):
        windows = set(zip(split.trials.tolist(), split.starts.tolist(), strict=True))
        trials = split.counts["mitt"].shape[0]
        assert windows == {(trial, start) for trial in range(trials) for start in range(16)}
        i = 123
        window = slice(split.starts[i], split.starts[i] + 10)
        cut = split.counts["mitt"][split.trials[i], :, window]
        assert torch.equal(split[[i]]["mitt"][0], cut.float())


def test_rats_say_everywhere_that_they_are_simulated(rats):
    assert "simulated" in rats.name
    assert all("simulated" in m.description for m in rats.modalities)


def test_no_trial_of_the_rats_is_in_both_train_and_test(rats):
    train = {trial.numpy().tobytes() for trial in rats.train.counts["stella"]}
    test = {trial.numpy().tobytes() for trial in rats.test.counts["stella"]}
    assert (len(train), len(test)) == (640, 160)
    assert not train & test


def test_a_trial_has_one_odor_and_odors_are_equally_frequent(rats):
    for split in (rats.train, rats.test):
        odor = torch.full((int(split.trials.max()) + 1,), -1)
        odor[split.trials] = split.labels
        assert torch.equal(odor[split.trials], split.labels)
        assert odor.bincount().unique().numel() == 1


def test_rats_fire_at_rates_that_neurons_can_have(rats):
    for counts in rats.train.counts.values():
        hertz = counts.float().mean((0, 2)) * 100
        assert 2 < hertz.mean() < 12
        assert hertz.max() < 60
        assert counts.max() < 12


def test_rats_share_the_trial_beyond_the_odor(rats):
    counts = {name: c.float().sum(2) for name, c in rats.train.counts.items()}  # (T, neurons)
    odor = torch.zeros(640, dtype=torch.long)
    odor[rats.train.trials] = rats.train.labels
    left = {}
    for name, c in counts.items():  # the strongest direction of what the odor does not explain
        means = torch.stack([c[odor == k].mean(0) for k in range(4)])
        rest = (c - means[odor]).double()
        left[name] = torch.linalg.svd(rest / rest.std(0), full_matrices=False).U[:, 0]
    names = list(NEURONS)
    shuffled = torch.randperm(640, generator=torch.Generator().manual_seed(0))
    for one, two in pairwise(names):
        shared = (left[one] @ left[two]).abs()
        chance = (left[one] @ left[two][shuffled]).abs()
        assert shared > 0.4 > 3 * chance


def test_rats_are_tuned_each_in_its_own_way(rats):
    for counts in rats.train.counts.values():
        odor = torch.zeros(640, dtype=torch.long)
        odor[rats.train.trials] = rats.train.labels
        rates = torch.stack([counts[odor == k].float().mean((0, 2)) for k in range(4)])
        strong = rates.max(0).values > 2 * rates.median(0).values
        favorite = rates.argmax(0)[strong]
        assert set(favorite.tolist()) == {0, 1, 2, 3}
        assert 0.15 < strong.float().mean() < 0.6
        assert (favorite.diff() >= 0).all()  # listed by the odor they are tuned to
    assert len({rats.train.counts[name].float().mean().item() for name in NEURONS}) == 5
