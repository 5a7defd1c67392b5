"""MNIST-SVHN-Text: pairs, words and weights as published, from official files and the subset."""

import numpy as np
import pytest
import torch
from scipy.io import savemat

from explorer.datasets import load_dataset
from explorer.datasets.download import DataError, data_directory
from explorer.datasets.mnist_svhn_text import LENGTH, SYMBOLS
from explorer.datasets.svhn import is_subset, svhn
from explorer.datasets.text import WORDS, read
from explorer.models import build_model
from tests.datasets.mnist_files import write_mnist
from tests.networks import published_networks

SIZES = {"train": 30, "test": 20}


def houses(part):
    """Pictures whose red is the digit and whose green, upper half, is the number."""
    n = SIZES[part]
    images = np.zeros((n, 32, 32, 3), np.uint8)
    labels = np.arange(n)[::-1] % 10
    images[..., 0] = labels[:, None, None]
    images[:, :16, :, 1] = np.arange(n)[:, None, None]
    images[..., 2] = 7 if part == "train" else 8
    return images, labels


def write_subset(root, **others):
    arrays = {}
    for part in SIZES:
        images, labels = houses(part)
        arrays |= {f"x_{part}": images, f"y_{part}": labels.astype(np.uint8)}
    np.savez(root / "svhn" / "svhn_subset.npz", **arrays | others)


def write_official(root, **others):
    for part in SIZES:
        images, labels = houses(part)
        tens = np.where(labels == 0, 10, labels).astype(np.uint8)[:, None]
        file = {"X": np.moveaxis(images, 0, -1), "y": tens} | others
        savemat(root / "svhn" / f"{part}_32x32.mat", file, do_compression=True)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    write_mnist(tmp_path)
    (tmp_path / "svhn").mkdir()
    write_subset(tmp_path)
    return tmp_path


def test_official_files_and_the_subset_are_read_alike_and_official_files_first(root):
    assert is_subset()
    few = [svhn("mnist_svhn_text", part) for part in SIZES]
    write_official(root)
    assert not is_subset()
    for (images, labels), (official, digits) in zip(
        few, (svhn("mnist_svhn_text", part) for part in SIZES), strict=True
    ):
        assert images.shape == (len(labels), 3, 32, 32)
        assert (images.dtype, labels.dtype) == (torch.uint8, torch.long)
        assert torch.equal(images, official)
        assert torch.equal(labels, digits)
    assert official[3, :, 2, 9].tolist() == [6, 3, 8]
    assert official[3, :, 20, 9].tolist() == [6, 0, 8]


def test_the_subset_is_said_to_be_one(root):
    assert "subset" in load_dataset("mnist_svhn_text").modalities[1].description
    write_official(root)
    assert "subset" not in load_dataset("mnist_svhn_text").modalities[1].description


def test_pairs_are_of_one_digit_and_twenty_for_each_of_the_poorer_source(root):
    data = load_dataset("mnist_svhn_text")
    for split, n, blue in ((data.train, 30, 7), (data.test, 20, 8)):
        assert len(split) == 20 * n
        assert split.labels.bincount().tolist() == [2 * n] * 10
        assert split.arrays["svhn"].bincount().tolist() == [20] * n
        batch = split[slice(0, len(split))]
        red, _, blues = (255 * batch["svhn"][:, :, 20, 5]).round().long().unbind(1)
        assert torch.equal(red, split.labels)
        assert (blues == blue).all()
        height = (batch["mnist"][:, 0, 8:22, 9] == 1).sum(1)  # of a block, digit and 4
        assert torch.equal(height, split.labels + 4)
    matched = torch.stack([data.train.arrays["mnist"], data.train.arrays["svhn"]], 1).unique(dim=0)
    assert len(matched) > 60  # pairs change from round to round


def test_texts_are_the_word_at_an_offset_as_published(root):
    data = load_dataset("mnist_svhn_text", rounds=200)
    batch = data.train[slice(0, 3000)]["text"]
    assert batch.shape == (3000, 8, 70)
    assert torch.equal(batch.sum(2), torch.ones(3000, 8))
    texts, labels = read(batch, SYMBOLS), data.train.labels.tolist()
    assert [text.strip() for text in texts] == [WORDS[k] for k in labels[:3000]]
    starts = np.array([len(text) - len(text.lstrip()) for text in texts])
    lengths = np.array([len(WORDS[k]) for k in labels[:3000]])
    for length in (3, 4, 5):
        counts = np.bincount(starts[lengths == length])
        assert len(counts) == LENGTH - length
        assert counts.min() > 0.7 * counts.mean()


def test_the_alphabet_is_the_published_one_without_its_second_hyphen():
    assert len(SYMBOLS) == len(set(SYMBOLS)) == 70
    assert SYMBOLS.startswith("abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:")
    assert SYMBOLS.endswith("{} \n")


def test_weights_make_each_modality_count_like_the_largest(root):
    weights = {m.name: m.weight for m in load_dataset("mnist_svhn_text").modalities}
    assert weights == {"mnist": pytest.approx(3.918, abs=1e-3), "svhn": 1, "text": 384}


@pytest.mark.parametrize("published", [False, True])
def test_small_and_published_networks_can_both_be_modelled(root, published):
    data = load_dataset("mnist_svhn_text", published=published)
    torch.manual_seed(0)
    model = build_model("mopoe", data.modalities, latent_dim=20)
    losses = model(data.train[slice(0, 8)])
    assert losses.total.isfinite().all()


def test_fewer_tuples_can_be_asked_for_but_not_more_than_there_are(root):
    all_there, few = (load_dataset("mnist_svhn_text", n_train=n).train for n in (None, 50))
    assert torch.equal(few.labels, all_there.labels[:50])
    with pytest.raises(ValueError, match="train must have 1 to 600 tuples in 20 rounds, got 601"):
        load_dataset("mnist_svhn_text", n_train=601)


def test_no_svhn_at_all_is_said_with_the_command(root):
    (root / "svhn" / "svhn_subset.npz").unlink()
    with pytest.raises(DataError, match=r"svhn/train_32x32.mat.*data fetch mnist_svhn_text"):
        load_dataset("mnist_svhn_text")


def test_half_of_the_official_files_is_not_mixed_with_the_subset(root):
    write_official(root)
    (root / "svhn" / "test_32x32.mat").unlink()
    assert is_subset()
    (root / "svhn" / "svhn_subset.npz").unlink()
    with pytest.raises(DataError, match=r"needs svhn/test_32x32.mat"):
        load_dataset("mnist_svhn_text")


@pytest.mark.parametrize("size", [0, 100, 300, -1])
@pytest.mark.parametrize("name", ["svhn_subset.npz", "test_32x32.mat"])
def test_a_file_cut_short_is_named_with_the_remedy(root, name, size):
    if name.endswith("mat"):
        write_official(root)
    path = root / "svhn" / name
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DataError, match=rf"{name} is damaged .*fetch mnist_svhn_text"):
        load_dataset("mnist_svhn_text")


def test_a_page_in_the_place_of_a_file_and_other_arrays_are_refused(root):
    np.savez(root / "svhn" / "svhn_subset.npz", x=np.zeros(3))
    with pytest.raises(DataError, match="must hold x_train, y_train"):
        load_dataset("mnist_svhn_text")
    write_official(root)
    (root / "svhn" / "train_32x32.mat").write_text("<html>404</html>" * 100)
    with pytest.raises(DataError, match=r"train_32x32.mat is damaged"):
        load_dataset("mnist_svhn_text")
    savemat(root / "svhn" / "train_32x32.mat", {"X": np.zeros((32, 32, 3, 5), np.uint8)})
    with pytest.raises(DataError, match=r"train_32x32.mat is damaged \('y'\)"):
        load_dataset("mnist_svhn_text")


@pytest.mark.parametrize(
    ("others", "complaint"),
    [
        ({"x_train": np.zeros((30, 28, 28, 3), np.uint8)}, r"32 by 32 .* got uint8 \(30, 28, 28"),
        ({"x_train": np.zeros((30, 32, 32), np.uint8)}, r"in three colors, .* \(30, 32, 32\)"),
        ({"x_train": np.zeros((30, 32, 32, 3))}, "as bytes, got float64"),
        ({"x_train": np.zeros((0, 32, 32, 3), np.uint8)}, "at least one; got 0 pictures"),
        ({"y_train": np.zeros(29, int)}, r"got 30 pictures and labels \(29,\)"),
        ({"y_train": np.full(30, 11)}, "must be 0 to 9, got 11 to 11"),
        ({"y_train": np.full(30, -1)}, "must be 0 to 9, got -1 to -1"),
    ],
)
def test_pictures_and_labels_that_do_not_fit_are_refused(root, others, complaint):
    write_subset(root, **others)
    with pytest.raises(DataError, match=f"svhn_subset.npz must .*{complaint}|labels .*{complaint}"):
        load_dataset("mnist_svhn_text")


def test_nothing_in_the_subset_is_unpickled(root):
    write_subset(root, y_train=np.array([{}] * 30))
    with pytest.raises(DataError, match="svhn_subset.npz is damaged .*allow_pickle"):
        load_dataset("mnist_svhn_text")


def test_the_real_files_where_they_are_at_hand():
    directory = data_directory()
    if not ((directory / "mnist").is_dir() and (directory / "svhn").is_dir()):
        pytest.skip("MNIST and SVHN are not at hand: set EXPLORER_DATA")
    data = load_dataset("mnist_svhn_text")
    n_train, n_test = (88_680, 39_040) if is_subset() else (1_121_360, 200_000)
    assert (len(data.train), len(data.test)) == (n_train, n_test)
    batch = data.test[slice(0, 100)]
    assert 0.3 < batch["svhn"].mean() < 0.6
    assert 0.1 < batch["mnist"].mean() < 0.16


def test_the_papers_networks_can_be_asked_for(root):
    published_networks.check("mnist_svhn_text")
