"""PolyMNIST: rebuilt by the published rule, and its released files."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.datasets import load_dataset
from explorer.datasets.compose import SIZE, pair
from explorer.datasets.digits import digit_masks, split_digits
from explorer.datasets.download import DataError, data_directory
from explorer.datasets.polymnist import FOLDER, PICTURES, masks_of
from tests.datasets.mnist_files import blocks, write_mnist
from tests.networks import published_networks

SMALL = {"n_train": 40, "n_test": 20}


def write_pictures(root):
    folder = root / "polymnist_backgrounds"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, side in zip(PICTURES, (30, 40, 28, 50, 60), strict=True):
        pixels = rng.integers(0, 256, (side, side + 3, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.jpg")
    return folder


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    write_mnist(tmp_path)
    write_pictures(tmp_path)
    return tmp_path


def pixels(root, name):
    with Image.open(root / "polymnist_backgrounds" / f"{name}.jpg") as image:
        return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def test_a_picture_is_its_modalitys_crop_inverted_where_mnist_is_above_128(root):
    split = load_dataset("polymnist", **SMALL).train
    images, _ = blocks(40)
    batch = split[slice(0, 40)]
    for m, (name, picture) in enumerate(PICTURES.items()):
        assert picture
        background = pixels(root, name)
        for i in (0, 7, 39):
            top, left = split.corners[i, m]
            crop = background[:, top : top + SIZE, left : left + SIZE].float() / 255
            mask = torch.from_numpy(images[split.digits[i, m]] > 128)
            assert not mask[0, 0]
            assert mask[0, 1]
            expected = torch.where(mask, 1 - crop, crop)
            torch.testing.assert_close(batch[f"m{m}"][i], expected)


def test_every_digit_is_in_every_modality_once_and_tuples_are_of_one_class(root):
    data = load_dataset("polymnist", **SMALL)
    for split, n in ((data.train, 40), (data.test, 20)):
        classes = torch.arange(n) % 10
        for m in range(5):
            assert sorted(split.digits[:, m].tolist()) == list(range(n))
            assert torch.equal(classes[split.digits[:, m]], split.labels)
        assert (split.labels[1:] != split.labels[:-1]).any()
        assert any((split.digits[:, 0] != split.digits[:, m]).any() for m in range(1, 5))


def test_more_tuples_than_digits_use_every_digit_again(root):
    split = load_dataset("polymnist", n_train=80, n_test=5).train
    assert split.digits[:, 2].bincount().tolist() == [2] * 40


def test_pairs_are_as_many_as_the_poorer_source_allows_and_classes_agree():
    rich, poor = torch.tensor([0] * 5 + [1] * 2 + [3]), torch.tensor([1, 0, 0, 1, 1, 2])
    labels, positions = pair([rich, poor], 3, torch.Generator().manual_seed(0))
    assert labels.bincount().tolist() == [6, 6]  # class 2 and 3 are in one source only
    assert torch.equal(rich[positions[:, 0]], labels)
    assert torch.equal(poor[positions[:, 1]], labels)
    assert positions[labels == 0][:, 1].bincount().tolist() == [0, 3, 3]
    assert len(positions[labels == 0][:, 0].unique()) > 2  # each round draws anew
    with pytest.raises(ValueError, match="nothing to pair"):
        pair([torch.zeros(3).long(), torch.ones(3).long()], 1, torch.Generator())


def test_no_test_digit_is_in_train(root):
    data = load_dataset("polymnist", **SMALL)
    train = {mask.numpy().tobytes() for mask in data.train.masks}
    assert not train & {mask.numpy().tobytes() for mask in data.test.masks}


def test_the_lena_slot_is_said_to_be_another_picture(root):
    third = load_dataset("polymnist", **SMALL).modalities[2]
    assert "Great Wave" in third.description
    assert "Lena" in third.description


def test_translated_digits_are_scaled_before_the_threshold_and_shifted(root):
    (root / "polymnist_backgrounds" / "star_field.jpg").unlink()  # of the fourth modality
    data = load_dataset("translated_polymnist", **SMALL)
    assert [m.name for m in data.modalities] == ["m0", "m1", "m2"]
    assert data.train.masks.shape[1:] == (21, 21)
    assert data.train.offsets.unique().tolist() == list(range(8))
    grey = torch.full((1, 28, 28), 255, dtype=torch.uint8)
    grey[:, ::2] = 20  # stripes that a threshold first would keep
    assert masks_of(grey, 28).float().mean() == 0.5
    blend = masks_of(grey, 21).float().mean(2)
    assert blend.unique().numel() == 2
    assert blend.mean() != 0.5


def test_the_digits_of_polydigits_can_lie_on_the_pictures_without_mnist(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    write_pictures(tmp_path)
    easy = load_dataset("polymnist", n_train=2_000, n_test=400, digits="polydigits")
    masks, _ = digit_masks(28)
    train, test = split_digits(0)
    assert torch.equal(easy.train.masks, masks[train])
    assert torch.equal(easy.test.masks, masks[test])
    assert easy.train.photographs.keys() == {"m0", "m1", "m2", "m3", "m4"}
    with pytest.raises(ValueError, match="digits must be one of mnist, polydigits; got 'roman'"):
        load_dataset("polymnist", digits="roman")


def test_missing_pictures_are_named_with_the_command(root):
    (root / "polymnist_backgrounds" / "the_scream.jpg").unlink()
    with pytest.raises(DataError, match=r"backgrounds/the_scream.jpg.*data fetch polymnist"):
        load_dataset("polymnist", **SMALL)


def test_a_damaged_or_small_picture_is_named_with_the_remedy(root):
    path = root / "polymnist_backgrounds" / "shingles.jpg"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"shingles.jpg is damaged .*data fetch polymnist"):
        load_dataset("polymnist", **SMALL)
    path.write_text("<html>404</html>")
    with pytest.raises(DataError, match=r"shingles.jpg is damaged .*data fetch polymnist"):
        load_dataset("polymnist", **SMALL)
    Image.new("RGB", (100, 27)).save(path)
    with pytest.raises(DataError, match="at least 28 pixels wide and high, got 100 by 27"):
        load_dataset("polymnist", **SMALL)


@pytest.fixture
def released(tmp_path, monkeypatch):
    """Released files: red says the modality, green the number, blue the digit."""
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    for part, n in (("train", 3), ("test", 1)):
        for m in range(5):
            folder = tmp_path / FOLDER / part / f"m{m}"
            folder.mkdir(parents=True)
            for i in range(n):
                for digit in range(10):
                    image = Image.new("RGB", (28, 28), (m, i, digit))
                    image.save(folder / f"{i}.{digit}.png")
    return tmp_path / FOLDER


def test_released_files_of_one_name_are_a_tuple(released):
    data = load_dataset("polymnist_released", n_train=30, n_test=10, seed=1)
    assert [m.name for m in data.modalities] == ["m0", "m1", "m2", "m3", "m4"]
    assert data.train.labels.bincount().tolist() == [3] * 10
    batch = data.train[slice(0, 30)]
    numbers = {tuple((255 * x[:, :, 0, 0]).round().int()[:, 1].tolist()) for x in batch.values()}
    assert len(numbers) == 1
    for m, x in enumerate(batch.values()):
        assert x.shape == (30, 3, 28, 28)
        colors = (255 * x[:, :, 5, 7]).round().long()
        assert (colors[:, 0] == m).all()
        assert torch.equal(colors[:, 2], data.train.labels)
    few = load_dataset("polymnist_released", n_train=7, n_test=10, seed=1).train
    assert torch.equal(few.labels, data.train.labels[:7])


def test_labels_that_do_not_match_across_folders_are_refused(released):
    (released / "train" / "m3" / "2.4.png").rename(released / "train" / "m3" / "2.5b.png")
    with pytest.raises(DataError, match=r"m3 must have files of the same names as m0.*2 differ"):
        load_dataset("polymnist_released", n_train=30, n_test=10)


def test_released_files_that_are_not_right_are_refused(released):
    ask = {"n_train": 30, "n_test": 10}
    with pytest.raises(DataError, match=r"m0 has 30 pictures, 60000 were asked for"):
        load_dataset("polymnist_released")
    Image.new("RGB", (28, 27)).save(released / "train" / "m2" / "1.1.png")
    with pytest.raises(DataError, match=r"'1.1.png' in .*m2: it must be 28 by 28, got 28 by 27"):
        load_dataset("polymnist_released", **ask)
    (released / "train" / "m2" / "1.1.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"'1.1.png' in .*m2 is damaged"):
        load_dataset("polymnist_released", **ask)
    (released / "train" / "m0" / "cat.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"must be named like 12.7.png, got 'cat.png'"):
        load_dataset("polymnist_released", **ask)


def test_released_folders_that_are_missing_are_named_with_the_command(released):
    for folder in ("train/m1", "train/m4"):
        shutil.rmtree(released / folder)
    complaint = r"needs MMNIST/train/m1, MMNIST/train/m4 in .*data fetch polymnist_released"
    with pytest.raises(DataError, match=complaint):
        load_dataset("polymnist_released", n_train=30, n_test=10)


def test_the_real_files_where_they_are_at_hand():
    files = ["mnist/train-images-idx3-ubyte.gz", "polymnist_backgrounds/fractal_tree.jpg"]
    if not all((data_directory() / file).is_file() for file in files):
        pytest.skip("MNIST and the pictures are not at hand: set EXPLORER_DATA")
    data = load_dataset("polymnist", n_test=500)
    assert (len(data.train), len(data.test)) == (60_000, 500)
    assert data.train.labels.bincount()[:2].tolist() == [5923, 6742]
    means = {name: x.mean().item() for name, x in data.test[slice(0, 500)].items()}
    assert means["m3"] < 0.35 < means["m2"]  # stars are dark, the wave's sky is light


@pytest.mark.parametrize("name", ["polymnist", "translated_polymnist"])
def test_the_papers_networks_can_be_asked_for(root, name):
    published_networks.check(name, **SMALL)


def test_the_papers_networks_can_be_asked_for_released_files(released):
    published_networks.check("polymnist_released", n_train=30, n_test=10)
