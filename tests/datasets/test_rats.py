"""Rats: recordings in the published format, cut and split as they should be."""

from functools import cache

import numpy as np
import pytest
import torch

from explorer.datasets import load_dataset
from explorer.datasets.download import DataError
from explorer.datasets.rats import FIRST_BIN
from explorer.datasets.simulated_rats import BINS, NEURONS, ODORS

N_TRIALS, N_BINS = 70, 280
OFFSET = {name: i for i, name in enumerate(NEURONS)}


@cache
def recording(name):
    """Spikes and information of one animal: a used trial's counts say which it is."""
    trials = np.arange(N_TRIALS)
    info = np.zeros((N_TRIALS, 6))
    info[:, 0] = trials % 7 != 3  # correct
    info[:, 1] = trials % 11 != 5  # in sequence
    info[:, 3] = (trials + OFFSET[name]) % 5 + 1  # odors A to E
    spikes = np.zeros((N_TRIALS, NEURONS[name], N_BINS), np.uint8)
    first = FIRST_BIN[name]
    spikes[:, 0, first : first + BINS] = trials[:, None]  # which trial
    spikes[:, 1, first : first + BINS] = np.arange(BINS)  # which bin
    spikes[:, 2, first - 1] = spikes[:, 2, first + BINS] = 99  # just outside
    return spikes, info


def used(name):
    _, info = recording(name)
    return (info[:, 0] == 1) & (info[:, 1] == 1) & (info[:, 3] <= 4)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    folder = tmp_path / "rats"
    folder.mkdir()
    for name in NEURONS:
        spikes, info = recording(name)
        np.save(folder / f"{name}_spike_data_binned.npy", spikes)
        np.save(folder / f"{name}_trial_info.npy", info)
    return folder


@pytest.fixture
def data(files):
    return load_dataset("rats")


def whole(split):
    return split[slice(0, len(split))]


def test_five_animals_of_the_published_sizes(data):
    simulated = load_dataset("simulated_rats", n_train=16, n_test=16).modalities
    assert [(m.name, m.shape) for m in data.modalities] == [(m.name, m.shape) for m in simulated]
    assert data.modalities == simulated  # but for what they say of themselves
    assert all("recorded" in m.description for m in data.modalities)
    assert data.classes == ODORS


def test_only_correct_trials_in_sequence_of_the_four_odors_are_used(data):
    for split in (data.train, data.test):
        batch = whole(split)
        for name in NEURONS:
            trial = batch[name][:, 0, 0].long()
            assert used(name)[trial.numpy()].all()
            assert torch.equal((trial + OFFSET[name]) % 5, split.labels)


def test_windows_start_where_the_animal_s_do_and_slide_over_all_places(data):
    batch = whole(data.train)
    for name in NEURONS:
        x = batch[name]
        bins = x[:, 1].long()
        assert torch.equal(bins - bins[:, :1], torch.arange(10).expand(len(x), 10))
        assert set(bins[:, 0].tolist()) == set(range(16))
        assert x[:, 2].max() == 0
    starts = torch.stack([batch[name][:, 1, 0] for name in NEURONS])
    assert (starts == starts[0]).all()


def test_no_trial_of_any_animal_is_in_both_train_and_test(data):
    train, test = whole(data.train), whole(data.test)
    for name in NEURONS:
        seen, unseen = (set(x[name][:, 0, 0].tolist()) for x in (train, test))
        assert not seen & unseen
        assert len(seen) * 16 == len(data.train)
        assert len(unseen) * 16 == len(data.test)


def test_as_many_trials_of_an_odor_as_the_animal_with_fewest_has(data):
    by_animal = []
    for name in NEURONS:
        odor = recording(name)[1][used(name), 3].astype(int)
        by_animal.append(np.bincount(odor, minlength=5)[1:])
    fewest = np.min(by_animal, axis=0)
    n_test, n_train = (split.labels.bincount() // 16 for split in (data.test, data.train))
    assert (n_train + n_test).tolist() == fewest.tolist()
    assert n_test.tolist() == [max(1, round(n * 0.2)) for n in fewest]


def test_the_i_th_trials_of_an_odor_are_paired(data):
    batch = whole(data.train)
    pairs = torch.stack([batch[name][:, 0, 0].long() for name in NEURONS], dim=1).unique(dim=0)
    for row in pairs.tolist():
        ranks = set()
        for name, trial in zip(NEURONS, row, strict=True):
            odor = recording(name)[1][:, 3]
            same = np.flatnonzero(used(name) & (odor == odor[trial]))
            ranks.add(int(np.searchsorted(same, trial)))
        assert len(ranks) == 1


def test_the_seed_and_the_share_decide_the_split(files):
    first, again, other = (load_dataset("rats", seed=seed) for seed in (0, 0, 1))
    a, b = whole(first.test), whole(again.test)
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert set(first.test.trials.tolist()) != set(other.test.trials.tolist())
    half = load_dataset("rats", test_percent=50)
    assert abs(len(half.train) - len(half.test)) <= 4 * 16
    for percent in (0, 100):
        with pytest.raises(ValueError, match=f"from 1 to 99, got {percent}"):
            load_dataset("rats", test_percent=percent)


SPIKES, INFO = (array.astype(float) for array in recording("stella"))


@pytest.mark.parametrize(
    ("part", "array", "complaint"),
    [
        ("spike_data_binned", SPIKES[:, :40], r"\(trials, 49, bins\) with 275 bins.*40, 280"),
        ("spike_data_binned", SPIKES[:, :, :270], "275 bins or more, got .*270"),
        ("spike_data_binned", SPIKES[0], "shape"),
        ("spike_data_binned", SPIKES[:50], "a row for each of 50 trials .* got .70, 6"),
        ("spike_data_binned", SPIKES + 0.5, "whole numbers from 0 to 255; got 0.5"),
        ("spike_data_binned", SPIKES - 1, "whole numbers .*got -1"),
        ("spike_data_binned", SPIKES * np.nan, "whole numbers .*got nan"),
        ("trial_info", INFO[:, :3], "4 columns or more, got .70, 3"),
        ("trial_info", INFO * [1, 0, 1, 1, 1, 1], "2 correct, .* odor A .*got 0 of stella"),
    ],
)
def test_files_that_do_not_fit_are_named(files, part, array, complaint):
    np.save(files / f"stella_{part}.npy", array)
    with pytest.raises(DataError, match=complaint):
        load_dataset("rats")


def test_damaged_pickled_and_missing_files_are_named(files):
    file = files / "mitt_trial_info.npy"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match="mitt_trial_info.npy is damaged.*data fetch rats"):
        load_dataset("rats")
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="damaged.*pickle"):
        load_dataset("rats")
    file.unlink()
    with pytest.raises(DataError, match="'rats' needs rats/mitt_trial_info.npy"):
        load_dataset("rats")
