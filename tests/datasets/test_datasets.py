"""Datasets: what all keep to, digits on photographs, their split."""

import gzip
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.datasets import load_dataset
from explorer.datasets.compose import compose, draw_tuples, place
from explorer.datasets.digits import digit_masks, split_digits
from explorer.datasets.modality import Modality
from explorer.networks import NETWORKS
from explorer.networks.likelihoods import LIKELIHOODS, log_likelihood
from tests.datasets.every_dataset import EMBEDDED, EVERY

every = pytest.mark.parametrize("name", EVERY)


@pytest.fixture(scope="module")
def data():
    return load_dataset("polydigits")


@pytest.fixture(scope="module")
def translated():
    return load_dataset("translated_polydigits")


def test_colors_are_inverted_exactly_where_the_digit_is():
    photograph = torch.randint(0, 256, (3, 40, 50), dtype=torch.uint8)
    mask = torch.zeros(1, 28, 28, dtype=torch.bool)
    mask[0, 3, 5] = True
    picture = compose(mask, photograph, torch.tensor([[12, 22]]))[0]
    crop = photograph[:, 12:40, 22:50].float() / 255
    assert torch.allclose(picture[:, 3, 5], 1 - crop[:, 3, 5])
    assert torch.equal(picture[:, ~mask[0]], crop[:, ~mask[0]])


@pytest.mark.parametrize("seed", [0, 1])
def test_no_digit_is_in_both_train_and_test(seed):
    train, test = split_digits(seed)
    assert sorted([*train, *test]) == list(range(1797))


def test_no_digit_picture_is_in_both_train_and_test(data, translated):
    for each in (data, translated):
        train = {mask.numpy().tobytes() for mask in each.train.masks}
        test = {mask.numpy().tobytes() for mask in each.test.masks}
        assert len(each.train.masks) + len(each.test.masks) == 1797
        shared = train & test  # two different digits may look the same as masks
        assert len(shared) <= 2


def test_a_tuple_holds_different_pictures_of_one_class(data):
    masks, classes = digit_masks(28)
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


@every
def test_the_seed_decides_everything(name):
    first, again, other = (load_dataset(name, n_train=200, n_test=100, seed=s) for s in (0, 0, 1))
    for one, two in ((first.train, again.train), (first.test, again.test)):
        a, b = one[slice(0, 50)], two[slice(0, 50)]
        assert all(torch.equal(a[key], b[key]) for key in a)
        assert torch.equal(one.labels, two.labels)
    a, b = first.train[slice(0, 50)], other.train[slice(0, 50)]
    assert any(not torch.equal(a[key], b[key]) for key in a)


@every
def test_observations_are_floats_of_their_shape_in_dataset_order(name):
    data = load_dataset(name, n_train=100, n_test=100)
    batch = data.test[torch.tensor([3, 1, 4])]
    assert list(batch) == [m.name for m in data.modalities]
    for modality in data.modalities:
        x = batch[modality.name]
        assert x.shape == (3, *modality.shape)
        assert x.dtype == torch.float32
        assert x.min() < x.max()
        if modality.kind != "vector":
            assert x.min() >= 0
            assert x.max() <= 1 or modality.kind == "spikes"


@every
def test_any_kind_of_index_gives_the_same_observations(name):
    split = load_dataset(name, n_train=100, n_test=100).test
    by_slice, by_list, by_tensor = split[2:5], split[[2, 3, 4]], split[torch.tensor([2, 3, 4])]
    again = split[2:5]  # asked for twice, seen twice alike
    for key, x in by_slice.items():
        assert torch.equal(x, by_list[key])
        assert torch.equal(x, by_tensor[key])
        assert torch.equal(x, again[key])


@every
def test_all_of_a_split_moves_to_the_device(name):
    split = load_dataset(name, n_train=100, n_test=100).test.to("meta")
    assert split.labels.device.type == "meta"
    for value in vars(split).values():
        parts = value.values() if isinstance(value, dict) else [value]
        assert all(part.device.type == "meta" for part in parts if part is not None)


@every
def test_every_dataset_has_the_samples_asked_for_of_every_class(name):
    data = load_dataset(name, n_train=400, n_test=160)
    for split, n in ((data.train, 400), (data.test, 160)):
        assert len(split) == len(split.labels) == n
        several = split.labels.ndim == 2  # of which each sample may have any number
        found = split.labels.any(0).nonzero() if several else split.labels
        assert set(found.flatten().tolist()) == set(range(len(data.classes)))


@every
def test_every_dataset_is_called_as_it_is_listed_and_can_be_modelled(name):
    data = load_dataset(name, n_train=100, n_test=100)
    assert data.name == name
    for m in data.modalities:
        assert m.likelihood in LIKELIHOODS
        encoder, decoder = NETWORKS[m.network](m.shape, 3)
        x = data.train[slice(0, 6)][m.name]
        z = encoder(x)[:, :3]
        assert log_likelihood(LIKELIHOODS[m.likelihood](decoder(z)), x).shape == (6,)


def test_a_smaller_mask_lies_whole_where_its_offset_says():
    mask = torch.rand(2, 21, 21) > 0.5
    placed = place(mask, torch.tensor([[0, 7], [4, 2]]))
    assert placed.shape == (2, 28, 28)
    assert torch.equal(placed[0, :21, 7:], mask[0])
    assert torch.equal(placed[1, 4:25, 2:23], mask[1])
    assert placed.sum() == mask.sum()


def test_translated_digits_are_at_three_quarters_and_shift_in_each_modality_alone(translated):
    assert [m.name for m in translated.modalities] == ["m0", "m1", "m2"]
    assert translated.train.masks.shape[1:] == (21, 21)
    offsets = translated.train.offsets
    shares = offsets.flatten().bincount(minlength=8) / offsets.numel()
    assert shares.shape == (8,)
    torch.testing.assert_close(shares, torch.full((8,), 1 / 8), atol=0.005, rtol=0)
    together = np.corrcoef(offsets.flatten(1).T.numpy())  # three modalities, two axes each
    assert np.abs(together - np.eye(6)).max() < 0.03


def test_a_translated_picture_is_the_crop_inverted_on_the_shifted_digit(translated):
    split = translated.test
    picture = split[[5]]["m1"][0]
    (top, left), (y, x) = split.corners[5, 1], split.offsets[5, 1]
    crop = split.photographs["m1"][:, top : top + 28, left : left + 28].float() / 255
    mask = torch.zeros(28, 28, dtype=torch.bool)
    mask[y : y + 21, x : x + 21] = split.masks[split.digits[5, 1]]
    torch.testing.assert_close(picture, torch.where(mask, 1 - crop, crop))


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


@every
def test_every_dataset_fits_in_memory_the_embedded_ones_in_a_few_megabytes(name):
    values = vars(load_dataset(name).train).values()
    parts = [part for v in values for part in (v.values() if isinstance(v, dict) else [v])]
    limit = 20e6 if name in EMBEDDED else 1e9
    assert sum(part.nbytes for part in parts if part is not None) < limit


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


def test_the_papers_networks_are_refused_where_there_are_none():
    with pytest.raises(ValueError, match="known for polymnist, .*; got 'polydigits'"):
        load_dataset("polydigits", published=True)
