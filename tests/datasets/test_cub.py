"""CUB: birds with attributes of their species, or with captions; files that are not right."""

import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.datasets import load_dataset
from explorer.datasets.cub import SYMBOLS
from explorer.datasets.download import DataError, data_directory
from explorer.datasets.text import read
from explorer.networks import NETWORKS
from explorer.networks.likelihoods import LIKELIHOODS, log_likelihood
from tests.networks import published_networks

SPECIES = ["Black_footed_Albatross", "Groove_billed_Ani", "Wren"]
BIRDS = [f"{name}/{i:04d}.jpg" for name in SPECIES for i in range(4)]
LABELS = np.repeat([0, 1, 2], 4)
IS_TRAIN = np.tile([True, True, False, True], 3)
PERCENTS = np.random.default_rng(0).uniform(0, 100, (3, 5)).astype(np.float32)
GRAYS = np.arange(12) * 20


def jpeg(gray, size=(64, 64), frame=None):
    image = Image.new("RGB", size, (255, 255, 255))
    image.paste((int(gray),) * 3, frame or (0, 0, *size))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    (tmp_path / "cub").mkdir()
    return tmp_path / "cub"


def write_zip(directory, **replaced):
    with zipfile.ZipFile(directory / "cub100_64.zip", "w") as archive:
        for name, gray in zip(BIRDS, GRAYS, strict=True):
            archive.writestr(f"images/{name}", replaced.get(name, jpeg(gray)))


def write_labels(directory, **others):
    arrays = {
        "image": np.array(BIRDS),
        "label": LABELS.astype(np.uint8),
        "is_train": IS_TRAIN,
        "class_name": np.array(SPECIES),
        "class_attr": PERCENTS,
        "attr_names": np.array([f"has_wing_color::blue_{i}" for i in range(5)]),
    }
    np.savez(directory / "cub100_labels.npz", **arrays | others)


@pytest.fixture
def known(directory):
    write_zip(directory)
    write_labels(directory)
    return directory


@pytest.fixture
def captioned(directory):
    """The official layout: a bird in a box of 40x20 in the middle of 100x80 pixels."""
    folder = directory / "CUB_200_2011"
    lists = {
        "classes": [f"{k + 1} {k + 1:03d}.{name}" for k, name in enumerate(SPECIES)],
        "images": [f"{i + 1} {LABELS[i] + 1:03d}.{name}" for i, name in enumerate(BIRDS)],
        "image_class_labels": [f"{i + 1} {k + 1}" for i, k in enumerate(LABELS)],
        "train_test_split": [f"{i + 1} {int(train)}" for i, train in enumerate(IS_TRAIN)],
        "bounding_boxes": [f"{i + 1} 30.0 30.0 40.0 20.0" for i in range(12)],
    }
    folder.mkdir()
    for name, lines in lists.items():
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    for i, line in enumerate(lists["images"]):
        place = line.split()[1]
        for root, data in (
            (folder / "images" / place, jpeg(GRAYS[i], (100, 80), (20, 10, 80, 70))),
            (
                (directory / "text_c10" / place).with_suffix(".txt"),
                "\n".join(f"This bird, no. {i}, is SEEN {k} times." for k in range(10)).encode(),
            ),
        ):
            root.parent.mkdir(parents=True, exist_ok=True)
            root.write_bytes(data)
    return folder


def grays(split):
    return (split[slice(None)]["image"].mean((1, 2, 3)) * 255).round().int().tolist()


def texts(split):
    return [text.strip() for text in read(split[slice(None)]["text"], SYMBOLS)]


def modelled(data):
    batch = data.train[[1, 0]]
    assert list(batch) == [m.name for m in data.modalities]
    for m in data.modalities:
        x = batch[m.name]
        assert x.shape == (2, *m.shape)
        assert x.dtype == torch.float32
        encoder, decoder = NETWORKS[m.network](m.shape, 3)
        distribution = LIKELIHOODS[m.likelihood](decoder(encoder(x)[:, :3]))
        assert log_likelihood(distribution, x).shape == (2,)


def test_bird_attributes_and_label_are_of_one_species(known):
    data = load_dataset("cub_attributes")
    assert (len(data.train), len(data.test)) == (9, 3)
    assert data.classes == ("Black footed Albatross", "Groove billed Ani", "Wren")
    assert data.modalities[1].parts[1] == "wing color: blue 1"
    for split, part in ((data.train, IS_TRAIN), (data.test, ~IS_TRAIN)):
        batch = split[slice(None)]
        found = np.round(np.array(grays(split)) / 20).astype(int)  # which bird each is
        assert sorted(found) == np.flatnonzero(part).tolist()
        assert split.labels.tolist() == LABELS[found].tolist()
        assert torch.equal(batch["label"].argmax(1), split.labels)
        shares = torch.from_numpy(PERCENTS / 100)[split.labels]
        torch.testing.assert_close(batch["attributes"], shares)
    modelled(data)


def test_the_order_is_mixed_and_the_seed_decides_it(known):
    first, again, other = (load_dataset("cub_attributes", seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.train.labels, again.train.labels)
    assert grays(first.train) == grays(again.train) != grays(other.train)
    assert (first.train.labels.diff() < 0).any()
    fewer = load_dataset("cub_attributes", n_train=4, n_test=2)
    assert grays(fewer.train) == grays(first.train)[:4]
    assert grays(fewer.test) == grays(first.test)[:2]


@pytest.mark.parametrize(
    ("others", "complaint"),
    [
        ({"label": LABELS[:-1]}, r"label in .* shape \(12,\) to match .* got \(11,\)"),
        ({"label": LABELS + 1}, "label in .* must be 0 to 2, got 1, 3"),
        ({"class_attr": PERCENTS[:, :4]}, r"class_attr .* \(3, 5\) to match .* got \(3, 4\)"),
        ({"class_attr": PERCENTS + 50}, "percentages, 0 to 100"),
        ({"class_attr": np.full((3, 5), np.nan)}, "percentages, 0 to 100, without gaps"),
        ({"image": np.array([*BIRDS[:-1], "Wren/0009.jpg"])}, "lacks 1 of 12 .*'Wren/0009.jpg'"),
        ({"is_train": np.ones(12, bool)}, "has no picture for testing"),
        ({"is_train": np.zeros(12, bool)}, "has no picture for training"),
    ],
)
def test_what_does_not_belong_together_is_named(others, complaint, known):
    write_labels(known, **others)
    with pytest.raises(DataError, match=complaint):
        load_dataset("cub_attributes")


def test_a_bird_that_is_damaged_or_of_another_size_is_named(known):
    write_zip(known, **{BIRDS[3]: jpeg(9)[:200]})
    with pytest.raises(DataError, match=f"'{BIRDS[3]}' in .* is damaged"):
        load_dataset("cub_attributes")
    write_zip(known, **{BIRDS[4]: jpeg(9, (64, 32))})
    with pytest.raises(DataError, match=f"'{BIRDS[4]}'.*must have 64x64 pixels, got .64, 32"):
        load_dataset("cub_attributes")


def test_missing_files_are_named(directory):
    with pytest.raises(DataError, match="'cub_attributes' needs cub/cub100_64.zip"):
        load_dataset("cub_attributes")
    with pytest.raises(DataError, match="'cub' needs cub/CUB_200_2011/images.txt"):
        load_dataset("cub")


def test_every_caption_trains_and_one_of_each_picture_tests(captioned):
    data = load_dataset("cub")
    assert (len(data.train), len(data.test)) == (90, 3)
    for split, part in ((data.train, IS_TRAIN), (data.test, ~IS_TRAIN)):
        birds = [int(text.split()[3]) for text in texts(split)]
        assert sorted(set(birds)) == np.flatnonzero(part).tolist()
        assert grays(split) == pytest.approx(GRAYS[birds], abs=1)  # cut inside the white rim
        assert split.labels.tolist() == LABELS[birds].tolist()
        assert torch.equal(split[slice(None)]["label"].argmax(1), split.labels)
    assert len(set(texts(data.train))) == 90
    assert "this bird no 0 is seen 9 times" in texts(data.train)
    modelled(data)


def test_the_seed_decides_which_captions_test(captioned):
    found = [sorted(texts(load_dataset("cub", seed=seed).test)) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_a_bird_at_the_rim_is_cut_as_far_as_the_picture_goes(captioned):
    boxes = captioned / "bounding_boxes.txt"
    boxes.write_text(boxes.read_text().replace("30.0 30.0 40.0 20.0", "80.0 0.0 20.0 10.0"))
    assert load_dataset("cub").test.tables["image"].shape[1:] == (3, 64, 64)
    (captioned / "images_64.npy").unlink()
    boxes.write_text(boxes.read_text().replace("80.0 0.0", "180.0 0.0"))
    with pytest.raises(DataError, match="lies outside of its"):
        load_dataset("cub")


def test_a_long_caption_keeps_the_words_that_fit(captioned):
    for path in captioned.with_name("text_c10").rglob("*.txt"):
        path.write_text("abcdefghi " * 40)
    assert set(texts(load_dataset("cub").test)) == {" ".join(["abcdefghi"] * 25)}


def test_captions_that_are_missing_or_empty_are_named(captioned):
    (path,) = captioned.with_name("text_c10").rglob(f"*{BIRDS[5].split('/')[0]}/0001.txt")
    path.write_text("\n ...\n")
    with pytest.raises(DataError, match=r"there is no caption in .*0001.txt"):
        load_dataset("cub")
    path.unlink()
    with pytest.raises(DataError, match=r"'cub' needs captions in .*0001.txt"):
        load_dataset("cub")


def test_lists_that_differ_are_named(captioned):
    path = captioned / "train_test_split.txt"
    whole = path.read_text()
    path.write_text(whole[: whole.index("12 ")])
    with pytest.raises(DataError, match=r"train_test_split.txt and images.txt in .* got 11 and 12"):
        load_dataset("cub")
    path.write_text(whole.replace("7 0", "7 2"))
    with pytest.raises(DataError, match="must say of each picture a species of classes.txt, 0 or"):
        load_dataset("cub")


def test_the_real_files_where_they_are_at_hand():
    if not (data_directory() / "cub" / "cub100_64.zip").is_file():
        pytest.skip("CUB-attributes is not at hand: set EXPLORER_DATA to a folder with cub/ in it")
    data = load_dataset("cub_attributes", n_train=40, n_test=40)
    assert len(data.classes) == 100
    assert [m.shape for m in data.modalities] == [(3, 64, 64), (312,), (100,)]
    assert data.train.arrays["image"].float().std() > 40


def test_the_papers_networks_can_be_asked_for_birds_and_attributes(known):
    published_networks.check("cub_attributes")


def test_the_papers_networks_can_be_asked_for_birds_and_captions(captioned):
    published_networks.check("cub")
