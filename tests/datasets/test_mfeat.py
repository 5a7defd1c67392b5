"""Multiple Features: two sources of one dataset, its split, and files that are not right."""

import numpy as np
import pytest
import torch

from explorer.datasets import load_dataset
from explorer.datasets.download import DataError, data_directory
from explorer.datasets.mfeat import VIEWS
from explorer.files.sources.conversions import VIEWS as FILES
from explorer.networks import NETWORKS
from explorer.networks.likelihoods import LIKELIHOODS, log_likelihood

LABELS = np.repeat(np.arange(10), 200)
TWICE = (605, 774)


def made():
    """Numbers in the shapes of the views, one digit of them in there twice."""
    rng = np.random.default_rng(0)
    views = {
        name: rng.integers(0, 7, (2000, view.size)).astype(np.float32)
        for name, view in VIEWS.items()
    }
    for numbers in views.values():
        numbers[TWICE[1]] = numbers[TWICE[0]]
    views["zernike"][:, 3] = 5.0  # tells nothing, and must not become NaN
    return views


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    (tmp_path / "mfeat").mkdir()
    return tmp_path / "mfeat"


def save(directory, label=LABELS, **others):
    np.savez(directory / "mfeat.npz", **made() | {"label": label.astype(np.uint8)} | others)


@pytest.fixture
def data(directory):
    save(directory)
    return load_dataset("mfeat")


def write_official(directory):
    for name, numbers in made().items():
        lines = "\n".join(" ".join(map(str, row)) for row in numbers.astype(int).tolist())
        (directory / FILES[name]).write_text(lines + "\n")


def test_the_official_texts_and_the_arrays_are_one_dataset(directory):
    save(directory)
    arrays = load_dataset("mfeat")
    (directory / "mfeat.npz").unlink()
    write_official(directory)
    texts = load_dataset("mfeat")
    assert texts.modalities == arrays.modalities
    for one, two in ((arrays.train, texts.train), (arrays.test, texts.test)):
        assert torch.equal(one.labels, two.labels)
        assert all(torch.equal(one.arrays[name], two.arrays[name]) for name in VIEWS)


def test_a_batch_has_floats_of_every_shape_in_order(data):
    batch = data.test[[3, 1]]
    assert [(m.name, m.shape) for m in data.modalities] == [
        ("pixel", (1, 16, 15)),
        ("karhunen", (64,)),
        ("zernike", (47,)),
        ("factors", (216,)),
        ("morphological", (6,)),
    ]
    assert list(batch) == [m.name for m in data.modalities]
    for m in data.modalities:
        assert batch[m.name].shape == (2, *m.shape)
        assert batch[m.name].dtype == torch.float32
        encoder, decoder = NETWORKS[m.network](m.shape, 3)
        distribution = LIKELIHOODS[m.likelihood](decoder(encoder(batch[m.name])[:, :3]))
        assert log_likelihood(distribution, batch[m.name]).shape == (2,)
    assert data.train.arrays["pixel"].min() == 0
    assert data.train.arrays["pixel"].max() == 1


def test_vectors_are_standardised_with_what_is_for_training(data):
    for name in ("karhunen", "factors", "morphological"):
        train, test = data.train.arrays[name], data.test.arrays[name]
        torch.testing.assert_close(train.mean(0), torch.zeros(train.shape[1]), atol=1e-5, rtol=0)
        torch.testing.assert_close(train.std(0, correction=0), torch.ones(train.shape[1]))
        assert test.mean(0).abs().max() > 1e-3
    assert not data.train.arrays["zernike"][:, 3].any()


def test_every_modality_counts_like_the_largest(data):
    for m in data.modalities:
        assert m.weight * np.prod(m.shape) == pytest.approx(240)


def test_classes_have_equal_shares_and_rows_keep_their_label(directory):
    pixel = made()["pixel"]
    pixel[:, 0] = LABELS % 7
    save(directory, pixel=pixel)
    data = load_dataset("mfeat", n_train=1000, n_test=300)
    assert data.train.labels.bincount().tolist() == [100] * 10
    assert data.test.labels.bincount().tolist() == [30] * 10
    for split in (data.train, data.test):
        shown = (split[slice(None)]["pixel"].flatten(1)[:, 0] * 6).round().long()
        assert torch.equal(shown, split.labels % 7)


def test_no_digit_is_in_both_splits_even_one_that_is_there_twice(directory):
    save(directory)
    for seed in range(3):
        data = load_dataset("mfeat", seed=seed)
        train, test = (
            {row.numpy().tobytes() for row in split.arrays["pixel"]}
            for split in (data.train, data.test)
        )
        assert (len(train), len(test)) == (1499, 500)
        assert not train & test


def test_the_seed_decides_the_split(directory):
    save(directory)
    first, again, other = (load_dataset("mfeat", seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.test.arrays["factors"], again.test.arrays["factors"])
    assert not torch.equal(first.test.arrays["factors"], other.test.arrays["factors"])


@pytest.mark.parametrize(
    "sizes", [{"n_train": 1800}, {"n_test": 0}, {"n_train": 0}, {"n_train": 1, "n_test": 1999}]
)
def test_splits_that_cannot_be_are_refused(sizes, directory):
    save(directory)
    with pytest.raises(ValueError, match="there are 2000 digits, of which 19.. may be for testing"):
        load_dataset("mfeat", **sizes)


def test_missing_files_are_named_with_the_remedy(directory):
    with pytest.raises(DataError, match=r"mfeat/mfeat-pix.*explorer data fetch mfeat"):
        load_dataset("mfeat")


@pytest.mark.parametrize(
    ("others", "complaint"),
    [
        ({"factors": np.zeros((2000, 215))}, r"'factors' of 'mfeat' must be 2000 x 216, got"),
        ({"karhunen": np.full((2000, 64), np.nan)}, "'karhunen' of 'mfeat' has no number in row 0"),
        ({"label": np.roll(LABELS, 1)[:-1]}, "200 of each digit 0 to 9, got"),
        ({"label": LABELS // 2}, "200 of each digit 0 to 9, got"),
        ({"label": np.array(["a"] * 2000, dtype=object)}, "damaged"),
    ],
)
def test_arrays_that_are_not_right_are_named(others, complaint, directory):
    np.savez(directory / "mfeat.npz", **made() | {"label": LABELS} | others)
    with pytest.raises(DataError, match=complaint):
        load_dataset("mfeat")


def test_a_file_cut_short_or_lacking_an_array_is_named(directory):
    path = directory / "mfeat.npz"
    np.savez(path, label=LABELS)
    with pytest.raises(DataError, match=r"mfeat.npz must hold .* it lacks pixel, karhunen"):
        load_dataset("mfeat")
    save(directory)
    path.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(DataError, match=r"mfeat.npz is damaged .*data fetch mfeat"):
        load_dataset("mfeat")


def test_a_text_with_a_broken_line_is_named(directory):
    write_official(directory)
    path = directory / "mfeat-zer"
    path.write_text(path.read_text()[:-9])
    with pytest.raises(DataError, match=r"mfeat-zer must hold as many numbers in every line"):
        load_dataset("mfeat")


def test_the_real_files_where_they_are_at_hand():
    if not (data_directory() / "mfeat" / "mfeat.npz").is_file():
        pytest.skip("Multiple Features is not at hand: set EXPLORER_DATA to a folder with mfeat/")
    data = load_dataset("mfeat")
    train, test = (
        {row.numpy().tobytes() for row in split.arrays["pixel"]}
        for split in (data.train, data.test)
    )
    assert (len(train), len(test)) == (1494, 500)  # six are there twice
    assert not train & test
