"""Datasets: composition, the split of digits, determinism."""

import gzip
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.datasets import DATASETS, load_dataset
from explorer.datasets.compose import compose, draw_tuples
from explorer.datasets.modality import Modality
from explorer.datasets.polydigits import digit_masks, polydigits


@pytest.fixture(scope="module")
def data():
    return load_dataset("polydigits")


def test_colors_are_inverted_exactly_where_the_digit_is():
    photograph = torch.randint(0, 256, (3, 40, 50), dtype=torch.uint8)
    mask = torch.zeros(1, 28, 28, dtype=torch.bool)
    mask[0, 3, 5] = True
    picture = compose(mask, photograph, torch.tensor([[12, 22]]))[0]
    crop = photograph[:, 12:40, 22:50].float() / 255
    assert torch.allclose(picture[:, 3, 5], 1 - crop[:, 3, 5])
    assert torch.equal(picture[:, ~mask[0]], crop[:, ~mask[0]])


def test_no_digit_picture_is_in_both_train_and_test(data):
    train = {mask.numpy().tobytes() for mask in data.train.masks}
    test = {mask.numpy().tobytes() for mask in data.test.masks}
    assert len(data.train.masks) + len(data.test.masks) == 1797
    shared = train & test  # two different digits may look the same as 28x28 masks
    assert len(shared) <= 2


def test_a_tuple_holds_different_pictures_of_one_class(data):
    masks, classes = digit_masks()
    by_mask = {mask.numpy().tobytes(): int(c) for mask, c in zip(masks, classes, strict=True)}
    for split in (data.train, data.test):
        digits = split.digits[:500]
        assert all(len(row.unique()) == 5 for row in digits)
        shown = [[by_mask[split.masks[d].numpy().tobytes()] for d in row] for row in digits]
        assert all(set(row) == {int(y)} for row, y in zip(shown, split.labels[:500], strict=True))


def test_classes_are_balanced_and_every_picture_is_used(data):
    assert len(data.train) == 30_000
    assert len(data.test) == 5_000
    assert data.train.labels.bincount().tolist() == [3000] * 10
    uses = data.train.digits.flatten().bincount(minlength=len(data.train.masks))
    assert uses.min() > 0.5 * uses.float().mean()
    assert uses.max() < 2 * uses.float().mean()


def test_the_seed_decides_everything():
    small = {"n_train": 200, "n_test": 100}
    first, again, other = (polydigits(**small, seed=s) for s in (0, 0, 1))
    rows = slice(0, 50)
    for name, pictures in first.train[rows].items():
        assert torch.equal(pictures, again.train[rows][name])
    assert not torch.equal(first.train[rows]["m0"], other.train[rows]["m0"])


def test_pictures_are_floats_in_the_unit_interval_in_dataset_order(data):
    batch = data.test[torch.tensor([3, 1, 4])]
    assert list(batch) == [m.name for m in data.modalities]
    for modality in data.modalities:
        pictures = batch[modality.name]
        assert pictures.shape == (3, *modality.shape)
        assert pictures.dtype == torch.float32
        assert 0 <= pictures.min() < pictures.max() <= 1


def test_any_kind_of_index_gives_the_same_pictures(data):
    by_slice, by_list = data.test[2:5], data.test[[2, 3, 4]]
    assert all(torch.equal(by_slice[name], by_list[name]) for name in by_slice)


def test_too_few_pictures_of_a_class_is_said():
    masks = torch.zeros(3, 28, 28, dtype=torch.bool)
    photographs = {f"m{i}": torch.zeros(3, 30, 30, dtype=torch.uint8) for i in range(5)}
    with pytest.raises(ValueError, match="needs 5 different pictures of class 0, got 3"):
        draw_tuples(masks, torch.zeros(3).long(), photographs, 10, torch.Generator())


def test_an_unknown_dataset_names_the_known_ones():
    with pytest.raises(ValueError, match="one of polydigits.*got 'polymnist9'"):
        load_dataset("polymnist9")


def test_modality_names_must_not_collide_in_subset_labels():
    with pytest.raises(ValueError, match="plain identifier"):
        Modality("a+b", (3, 28, 28))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"kind": "sound"}, "kind of 'm' must be one of .*got 'sound'"),
        ({"weight": 0.0}, "weight of 'm' must be positive and finite, got 0.0"),
        ({"weight": float("nan")}, "positive and finite, got nan"),
        ({"weight": float("inf")}, "positive and finite, got inf"),
        ({"kind": "text", "symbols": "aba"}, "must all differ, got 'aba'"),
        ({"kind": "text", "symbols": "ab"}, r"shape \(8, 3\) must have 3 symbols, got 2"),
        ({"symbols": "abc"}, "kind 'image' .* must have 0 symbols, got 3"),
    ],
)
def test_a_modality_that_cannot_be_is_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        Modality("m", (8, 3), **options)


def test_a_modality_written_before_there_were_kinds_is_an_image_of_weight_one():
    written = {"name": "m0", "shape": [3, 28, 28], "likelihood": "laplace", "network": "patch"}
    modality = Modality(**written)
    assert (modality.kind, modality.weight, modality.symbols) == ("image", 1.0, "")
    assert Modality(**asdict(modality)) == modality
    assert Modality(**written, kind="vector") != modality


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_fits_in_memory_in_a_few_megabytes(name):
    split = load_dataset(name).train
    tensors = [split.masks, split.digits, split.corners, *split.photographs.values()]
    assert sum(t.nbytes for t in tensors) < 20e6


def test_mnist_goes_through_the_same_code():
    path = Path(os.environ.get("EXPLORER_DATA", "")) / "mnist"
    if not (path / "t10k-images-idx3-ubyte.gz").is_file():
        pytest.skip("MNIST is not at hand: set EXPLORER_DATA to a folder with mnist/ in it")
    pixels = gzip.decompress((path / "t10k-images-idx3-ubyte.gz").read_bytes())
    images = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28)
    answers = gzip.decompress((path / "t10k-labels-idx1-ubyte.gz").read_bytes())
    labels = torch.from_numpy(np.frombuffer(answers, np.uint8, offset=8).astype(np.int64))
    tuples = draw_tuples(
        torch.from_numpy(images > 128),
        labels,
        load_dataset("polydigits").train.photographs,
        1000,
        torch.Generator().manual_seed(0),
    )
    assert tuples[:8]["m0"].shape == (8, 3, 28, 28)
    assert torch.equal(labels[tuples.digits[:, 2]], tuples.labels)
