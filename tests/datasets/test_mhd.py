"""MHD and MHD-like: read from small files in the official formats, paired within class."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.datasets import load_dataset
from explorer.datasets.download import DataError
from explorer.datasets.mhd import CONVERSION, deal_to
from explorer.networks import NETWORKS
from explorer.networks.likelihoods import LIKELIHOODS, log_likelihood
from tests.datasets.digit_files import N_CLIPS, N_PENS, pens, write_digit_files
from tests.networks import published_networks

KINDS = {"image": "image", "trajectory": "trajectory", "sound": "audio", "label": "label"}


@pytest.fixture
def like_files(tmp_path, monkeypatch):
    """Pen digits and spoken digits as they lie in the data directory."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    write_digit_files(tmp_path)
    return tmp_path


def rewrite(path, **arrays):
    with np.load(path) as file:
        whole = {name: file[name] for name in file}
    np.savez(path, **(whole | arrays))


@pytest.fixture
def like(like_files):
    return load_dataset("mhd_like", n_train=300, n_test=100)


def tuple_of(n, seed, *, one_hot=False):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 10
    images = torch.rand(n, 1, 28, 28, generator=generator)
    paths = torch.rand(n, 200, generator=generator)
    sounds = torch.rand(n, 4, 32, 32, generator=generator)
    return (torch.eye(10)[labels] if one_hot else labels, images, paths, sounds)


@pytest.fixture
def mhd_files(tmp_path, monkeypatch):
    """Both files as published, few tuples in each."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    (tmp_path / "mhd").mkdir()
    for seed, (part, n) in enumerate((("train", 40), ("test", 20))):
        normalisers = ({"min": 0.0, "max": 1.0}, {"min": torch.zeros(()), "max": 2.0})
        torch.save((*tuple_of(n, seed), *normalisers), tmp_path / "mhd" / f"mhd_{part}.pt")
    return tmp_path / "mhd"


def test_four_modalities_of_the_kinds_they_are(like):
    assert {m.name: m.kind for m in like.modalities} == KINDS
    assert [m.shape for m in like.modalities] == [(1, 28, 28), (2, 8), (1, 32, 32), (10,)]
    batch = like.train[slice(0, 20)]
    for m in like.modalities:
        x = batch[m.name]
        assert x.shape == (20, *m.shape)
        assert x.dtype == torch.float32
        assert 0 <= x.min() < x.max() <= 1
        encoder, decoder = NETWORKS[m.network](m.shape, 3)
        z = encoder(x)[:, :3]
        assert log_likelihood(LIKELIHOODS[m.likelihood](decoder(z)), x).shape == (20,)


def test_everything_in_a_tuple_is_of_its_class(like):
    for split, seed in ((like.train, 0), (like.test, 1)):
        batch = split[slice(0, len(split))]
        assert torch.equal(batch["label"].argmax(1), split.labels)
        number = (batch["trajectory"][:, 0, 0] * 100).round().long() - 50 * seed
        digits = torch.arange(N_PENS) % 10
        assert torch.equal((digits if seed == 0 else digits.flip(0))[number], split.labels)
    clip = like.train.arrays["sound"]
    spoken = torch.arange(N_CLIPS)[torch.arange(N_CLIPS) % 30 < 20] % 10
    assert torch.equal(spoken[clip], like.train.labels)


def test_published_splits_are_kept_and_everything_is_used(like):
    shown = {
        part: {x.numpy().tobytes() for x in split[slice(0, len(split))]["trajectory"]}
        for part, split in (("train", like.train), ("test", like.test))
    }
    assert not shown["train"] & shown["test"]
    assert len(shown["train"]) == N_PENS
    pitch = {
        part: set(split[slice(0, len(split))]["sound"].mean((1, 3)).argmax(1).tolist())
        for part, split in (("train", like.train), ("test", like.test))
    }
    assert len(like.train.arrays["sound"].unique()) == 40
    assert len(like.test.arrays["sound"].unique()) == 20
    assert pitch["train"] != pitch["test"]


def test_the_picture_is_the_path_drawn(like):
    batch = like.test[slice(0, 30)]
    for image, path in zip(batch["image"][:, 0], batch["trajectory"], strict=True):
        column, row = 1.5 + 24 * path[0], 25.5 - 24 * path[1]
        ink = image[row.round().long(), column.round().long()]
        assert ink.min() > 0.2
        assert ink.mean() > 0.6


def test_a_spoken_digit_has_its_pitch(like):
    sound = like.train[slice(0, 100)]["sound"][:, 0]
    numbers = torch.arange(N_CLIPS)[torch.arange(N_CLIPS) % 30 < 20]
    clip = numbers[like.train.arrays["sound"][:100]]
    band = sound.mean(2).argmax(1)
    assert np.corrcoef(clip, band)[0, 1] > 0.95


def test_the_seed_decides_tuples_and_widths(like_files):
    first, again, other = (
        load_dataset("mhd_like", n_train=99, n_test=9, seed=s) for s in (0, 0, 1)
    )
    a, b, c = (each.train[slice(0, 99)] for each in (first, again, other))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not any(torch.equal(a[name], c[name]) for name in a)


def test_each_observation_is_dealt_about_equally_often():
    classes, labels = torch.tensor([0, 1, 0, 0, 1]), torch.tensor([1] * 5 + [0] * 7)
    dealt = deal_to(labels, classes, torch.Generator().manual_seed(0))
    assert torch.equal(classes[dealt], labels)
    uses = dealt.bincount(minlength=5)
    assert uses[[0, 2, 3]].tolist() in ([2, 2, 3], [2, 3, 2], [3, 2, 2])
    with pytest.raises(ValueError, match="observation of class 7, got none"):
        deal_to(torch.tensor([7]), classes, torch.Generator())


@pytest.mark.parametrize(
    ("file", "arrays", "complaint"),
    [
        ("pendigits/pendigits.npz", {"x_test": pens(1)[:, :7]}, "x_test .* shape .*got .*7, 2"),
        ("pendigits/pendigits.npz", {"y_train": np.zeros(9)}, "x_train .* shape .9, 8, 2"),
        ("pendigits/pendigits.npz", {"x_train": pens(0) + 150}, "from 0 to 100, got"),
        ("pendigits/pendigits.npz", {"y_train": np.full(N_PENS, 3)}, r"every digit .* got \[3\]"),
        ("fsdd/fsdd.npz", {"offset": np.arange(N_CLIPS + 1)}, "offset .* must rise"),
        ("fsdd/fsdd.npz", {"offset": np.arange(3)}, r"offset .* shape \(61,\)"),
        ("fsdd/fsdd.npz", {"rate": 16000}, "rate .* 8000, got 16000"),
        ("fsdd/fsdd.npz", {"label": np.arange(N_CLIPS) % 9}, "every digit"),
    ],
)
def test_files_that_do_not_fit_are_named(like_files, file, arrays, complaint):
    rewrite(like_files / file, **arrays)
    with pytest.raises(DataError, match=complaint):
        load_dataset("mhd_like")


@pytest.mark.parametrize("file", ["pendigits/pendigits.npz", "fsdd/fsdd.npz"])
def test_missing_and_damaged_files_are_named_with_the_remedy(like_files, file):
    whole = (like_files / file).read_bytes()
    (like_files / file).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged.*data fetch mhd_like"):
        load_dataset("mhd_like")
    (like_files / file).unlink()
    with pytest.raises(DataError, match=f"needs {file}"):
        load_dataset("mhd_like")


def test_published_files_are_read_as_they_are(mhd_files):
    data = load_dataset("mhd")
    assert {m.name: m.kind for m in data.modalities} == KINDS
    assert [m.shape for m in data.modalities] == [(1, 28, 28), (2, 100), (1, 32, 128), (10,)]
    assert (len(data.train), len(data.test)) == (40, 20)
    labels, images, paths, sounds = tuple_of(20, 1)
    batch = data.test[slice(0, 20)]
    assert torch.equal(data.test.labels, labels)
    assert torch.equal(batch["image"], images)
    assert torch.equal(batch["trajectory"][:, 1], paths[:, 100:])
    assert torch.equal(batch["sound"][:, 0, 5, 40], sounds[:, 1, 8, 5])  # frame 8 of block 1
    for m in data.modalities:
        encoder, decoder = NETWORKS[m.network](m.shape, 3)
        assert decoder(encoder(batch[m.name])[:, :3]).shape == (20, *m.shape)


def test_one_hot_labels_and_images_without_channel_are_read_too(mhd_files):
    labels, images, paths, sounds = tuple_of(20, 1, one_hot=True)
    torch.save((labels, images[:, 0], paths, sounds, {}, {}), mhd_files / "mhd_test.pt")
    data = load_dataset("mhd")
    assert data.test.labels.tolist() == [k % 10 for k in range(20)]
    assert torch.equal(data.test[[3]]["image"], images[[3]])


def test_some_tuples_are_drawn_by_the_seed(mhd_files):
    first, again, other = (load_dataset("mhd", n_train=30, n_test=5, seed=s) for s in (0, 0, 1))
    assert (len(first.train), len(first.test)) == (30, 5)
    a, b, c = (each.train[slice(0, 30)]["image"] for each in (first, again, other))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    with pytest.raises(ValueError, match="there are 40 tuples, got 41 wanted"):
        load_dataset("mhd", n_train=41)


def test_a_file_with_more_than_tensors_is_not_run_and_the_conversion_is_told(
    mhd_files, monkeypatch, recwarn
):
    class Foreign:
        def __reduce__(self):
            return (os.mkdir, (str(mhd_files / "was run"),))

    torch.save((*tuple_of(20, 1), Foreign()), mhd_files / "mhd_test.pt")
    with pytest.raises(DataError, match="(?s)more than tensors.*weights_only=False"):
        load_dataset("mhd")
    assert not (mhd_files / "was run").exists()


def test_the_conversion_that_is_told_gives_the_same_dataset(mhd_files, monkeypatch):
    before = load_dataset("mhd").test[slice(0, 20)]
    monkeypatch.chdir(mhd_files)
    exec(CONVERSION, {})
    for part in ("train", "test"):
        (mhd_files / f"mhd_{part}.pt").unlink()
    after = load_dataset("mhd").test[slice(0, 20)]
    assert all(torch.equal(before[name], after[name]) for name in before)


LABELS, IMAGES, PATHS, SOUNDS = tuple_of(20, 1)


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ({"label": 1}, "in this order; got dict"),
        ((LABELS, IMAGES, PATHS), "in this order; got tuple"),
        ((LABELS, [1.0], PATHS, SOUNDS), "must be tensors, got .'list'"),
        ((LABELS, IMAGES[:, :, :20], PATHS, SOUNDS), r"image .* \(20, 1, 28, 28\), got"),
        ((LABELS, IMAGES[:9], PATHS, SOUNDS), r"image .* \(20, 1, 28, 28\), got \(9,"),
        ((LABELS, IMAGES, PATHS[:, :100], SOUNDS), r"trajectory .* \(20, 200\), got \(20, 100\)"),
        ((LABELS, IMAGES, PATHS, SOUNDS[..., :30]), "sound .* got .*30"),
        ((LABELS, IMAGES, PATHS, SOUNDS[:, :2]), "the same in both files, got .*128.* and .*64"),
        ((LABELS, IMAGES * 255, PATHS, SOUNDS), "image .* from 0 to 1, got"),
        ((LABELS, IMAGES, PATHS * torch.nan, SOUNDS), "trajectory .* from 0 to 1, got nan"),
        ((LABELS + 1, IMAGES, PATHS, SOUNDS), "every digit"),
    ],
)
def test_published_files_of_another_form_are_refused(mhd_files, entries, complaint):
    torch.save(entries, mhd_files / "mhd_test.pt")
    with pytest.raises(DataError, match=complaint):
        load_dataset("mhd")


def test_a_truncated_file_is_damaged_and_a_missing_one_is_named(mhd_files):
    whole = (mhd_files / "mhd_test.pt").read_bytes()
    (mhd_files / "mhd_test.pt").write_bytes(whole[:5000])
    with pytest.raises(DataError, match="damaged"):
        load_dataset("mhd")
    (mhd_files / "mhd_test.pt").unlink()
    with pytest.raises(DataError, match="'mhd' needs mhd/mhd_test.pt"):
        load_dataset("mhd")


def test_real_files_are_loaded_whole_and_every_modality_weighs_alike():
    place = Path(os.environ.get("EXPLORER_DATA", ""))
    if not (place / "pendigits" / "pendigits.npz").is_file():
        pytest.skip("pen digits are not at hand: set EXPLORER_DATA to a folder with pendigits/")
    data = load_dataset("mhd_like")
    assert (len(data.train), len(data.test)) == (30_000, 5_000)
    assert data.train.labels.bincount().tolist() == [3000] * 10
    assert len(data.train.tables["trajectory"]) == 7494
    assert len(data.test.tables["sound"]) == 300
    assert len(data.train.arrays["trajectory"].unique()) == 7494
    batch = data.train[slice(0, 5000)]
    for m in data.modalities[:3]:
        x = batch[m.name].flatten(1)
        knowing_nothing = m.weight * x.var(0).sum() / 2  # nats, with scale 1
        assert 170 < knowing_nothing < 230
    assert 170 < data.modalities[3].weight * np.log(10) < 230
    stored = [*data.train.arrays.values(), *data.train.tables.values()]
    assert sum(x.nbytes for x in stored) < 20e6


def test_the_papers_networks_can_be_asked_for(mhd_files):
    published_networks.check("mhd")
