"""CelebA: faces cut as published, texts of attributes, lists and files that are not right."""

import gzip
import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.datasets import load_dataset
from explorer.datasets.celeba import SYMBOLS, write_texts
from explorer.datasets.download import DataError, data_directory
from explorer.datasets.text import read
from explorer.networks import NETWORKS
from explorer.networks.likelihoods import LIKELIHOODS, log_likelihood
from tests.networks import published_networks

WORDS = ("5_o_Clock_Shadow", "Bald", "Big_Lips", "Male", "Young")
NAMES = [f"{i:06d}.jpg" for i in range(1, 11)]
SPLITS = [0] * 6 + [1] + [2] * 3
HOLDS = np.random.default_rng(0).integers(0, 2, (10, 5))
GRAYS = np.arange(10) * 25


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    (tmp_path / "celeba").mkdir()
    return tmp_path / "celeba"


def write_lists(directory, holds=HOLDS, names=NAMES, splits=SPLITS, compressed=False):
    lines = [
        " ".join([name, *map(str, 2 * row - 1)]) for name, row in zip(names, holds, strict=True)
    ]
    texts = {
        "list_attr_celeba": [str(len(names)), " ".join(WORDS), *lines],
        "list_eval_partition": [
            f"{name} {split}" for name, split in zip(names, splits, strict=True)
        ],
    }
    for name, rows in texts.items():
        content = ("\n".join(rows) + "\n").encode()
        if compressed:
            (directory / f"{name}.txt.gz").write_bytes(gzip.compress(content))
        else:
            (directory / f"{name}.txt").write_bytes(content)


def jpeg(gray, size):
    """A face of one gray whose rim, which is cut off where it is large, is white."""
    image = Image.new("RGB", size, (255, 255, 255))
    image.paste((gray,) * 3, (8, 28, size[0] - 8, size[1] - 28) if size[0] > 64 else (0, 0, *size))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


def write_zip(path, size=(64, 64), names=NAMES, **replaced):
    with zipfile.ZipFile(path, "w") as archive:
        for name, gray in zip(names, GRAYS.tolist(), strict=False):
            data = replaced.get(name.removesuffix(".jpg"), jpeg(gray, size))
            archive.writestr(f"{path.stem}/{name}", data)


@pytest.fixture
def small(directory):
    write_lists(directory, compressed=True)
    write_zip(directory / "img_align_celeba_64.zip")
    return directory


def grays(split):
    return (split[slice(None)]["image"].mean((1, 2, 3)) * 255).round().int().tolist()


def test_faces_texts_and_labels_are_of_one_person(small):
    data = load_dataset("celeba")
    assert (len(data.train), len(data.test)) == (6, 3)
    assert data.classes == ("5 o clock shadow", "bald", "big lips", "male", "young")
    for split, rows in ((data.train, slice(0, 6)), (data.test, slice(7, 10))):
        assert grays(split) == pytest.approx(GRAYS[rows], abs=1)
        assert torch.equal(split.labels, torch.from_numpy(HOLDS[rows]))
        texts = read(split[slice(None)]["text"], SYMBOLS)
        present = [", ".join(np.array(data.classes)[row == 1]) for row in HOLDS[rows]]
        assert [text.strip("*") for text in texts] == present


def test_a_batch_can_be_modelled(small):
    data = load_dataset("celeba")
    batch = data.train[[1, 0, 4]]
    assert list(batch) == ["image", "text"]
    for m in data.modalities:
        x = batch[m.name]
        assert x.shape == (3, *m.shape)
        assert x.dtype == torch.float32
        encoder, decoder = NETWORKS[m.network](m.shape, 3)
        distribution = LIKELIHOODS[m.likelihood](decoder(encoder(x)[:, :3]))
        assert log_likelihood(distribution, x).shape == (3,)
    image, text = data.modalities
    assert (image.weight, text.weight) == (1, 48)


def test_aligned_faces_are_cut_and_scaled_from_a_folder_or_a_zip_alike(directory):
    write_lists(directory)
    write_zip(directory / "img_align_celeba.zip", (178, 218))
    zipped = load_dataset("celeba")
    assert grays(zipped.train) == pytest.approx(GRAYS[:6], abs=1)  # nothing of the rim
    with zipfile.ZipFile(directory / "img_align_celeba.zip") as archive:
        archive.extractall(directory)
    (directory / "img_align_celeba.zip").unlink()
    (directory / "img_align_celeba_64.npy").unlink()
    assert torch.equal(load_dataset("celeba").train.arrays["image"], zipped.train.arrays["image"])


def test_scaled_faces_are_kept_and_read_back(directory):
    write_lists(directory)
    path = directory / "img_align_celeba.zip"
    write_zip(path, (178, 218))
    first = load_dataset("celeba")
    assert sorted(p.name for p in directory.glob("*.npy")) == ["img_align_celeba_64.npy"]
    write_zip(path, (178, 218), **dict.fromkeys(["000001", "000002"], b"never opened"))
    again = load_dataset("celeba", n_test=2)
    assert torch.equal(again.train.arrays["image"], first.train.arrays["image"])
    assert grays(again.test) == grays(first.test)[:2]


def test_kept_faces_that_are_not_those_of_the_archive_are_refused(directory):
    write_lists(directory)
    write_zip(directory / "img_align_celeba.zip", (178, 218))
    np.save(directory / "img_align_celeba_64.npy", np.zeros((9, 3, 64, 64), np.uint8))
    with pytest.raises(DataError, match=r"must hold 10 pictures, .* got \(9, .*remove it"):
        load_dataset("celeba")
    (directory / "img_align_celeba_64.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DataError, match="img_align_celeba_64.npy is damaged .*remove it"):
        load_dataset("celeba")


def test_texts_start_anywhere_and_the_seed_decides_where(small):
    starts = [
        [len(t) - len(t.lstrip("*")) for t in read(split[slice(None)]["text"], SYMBOLS)]
        for split in (load_dataset("celeba", seed=seed).train for seed in (0, 0, 1))
    ]
    assert starts[0] == starts[1] != starts[2]
    many = write_texts(np.tile([1, 0], (4000, 1)), ("male", "young"), 0)
    first = (many != SYMBOLS.index("*")).argmax(1)
    assert (first.min(), first.max()) == (0, 255 - len("male") - 1)  # the last is never used
    assert abs(first.mean() - 125) < 3


def test_attributes_that_do_not_fit_are_left_out_from_the_end():
    words = tuple(letter * 40 for letter in "abcdefgh")
    (codes,) = write_texts(np.ones((1, 8), int), words, 0)
    text = "".join(SYMBOLS[code] for code in codes)
    assert text.strip("*") == ", ".join(words[:6])
    (codes,) = write_texts(np.zeros((1, 8), int), words, 0)
    assert set(codes) == {SYMBOLS.index("*")}


def test_fewer_faces_may_be_asked_for(small):
    data = load_dataset("celeba", n_train=4, n_test=1)
    assert grays(data.train) == pytest.approx(GRAYS[:4], abs=1)
    assert grays(data.test) == pytest.approx(GRAYS[7:8], abs=1)


def test_missing_files_are_named_with_the_remedy(directory):
    with pytest.raises(DataError, match=r"'celeba' needs celeba/list_attr_celeba"):
        load_dataset("celeba")
    write_lists(directory)
    with pytest.raises(DataError, match=r"'celeba' needs celeba/img_align_celeba_64.zip"):
        load_dataset("celeba")


def test_a_damaged_face_is_named(small):
    path = small / "img_align_celeba_64.zip"
    for damage in (jpeg(9, (64, 64))[:300], b"<html>", b""):
        write_zip(path, **{"000003": damage})
        with pytest.raises(DataError, match=r"'000003.jpg' in .* is damaged .*data fetch celeba"):
            load_dataset("celeba")


def test_a_face_of_another_size_is_named(small):
    write_zip(small / "img_align_celeba_64.zip", **{"000008": jpeg(9, (64, 63))})
    with pytest.raises(DataError, match=r"'000008.jpg'.*178x218 pixels, or 64x64, got 64x63"):
        load_dataset("celeba")


def test_an_archive_that_is_none_or_empty_is_named(small):
    path = small / "img_align_celeba_64.zip"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match="img_align_celeba_64.zip is damaged"):
        load_dataset("celeba")
    write_zip(path, names=[])
    with pytest.raises(DataError, match="there is no picture in"):
        load_dataset("celeba")


def test_faces_that_the_lists_do_not_know_are_refused(small):
    write_zip(small / "img_align_celeba_64.zip", names=[*NAMES[:8], "000099.jpg"])
    with pytest.raises(DataError, match="say nothing of 1 pictures .*'000099.jpg' first"):
        load_dataset("celeba")


@pytest.mark.parametrize(("splits", "part"), [([2] * 10, "training"), ([0] * 10, "testing")])
def test_an_empty_split_is_named(splits, part, small):
    write_lists(small, splits=splits)
    with pytest.raises(DataError, match=f"none of the pictures in .* is for {part}"):
        load_dataset("celeba")


def test_lists_that_are_not_right_are_named(small):
    path = small / "list_attr_celeba.txt"
    write_lists(small, holds=HOLDS + 1)
    with pytest.raises(DataError, match="1 or -1 of 5 attributes in every line, got"):
        load_dataset("celeba")
    write_lists(small, holds=HOLDS[:, :4])
    with pytest.raises(DataError, match="1 or -1 of 5 attributes in every line, got"):
        load_dataset("celeba")
    write_lists(small)
    path.write_text(path.read_text()[:-30])
    with pytest.raises(DataError, match="must name the same pictures, got 9 and 10|in every line"):
        load_dataset("celeba")
    path.write_text("10\n" + " ".join(WORDS) + "\n\n")
    with pytest.raises(DataError, match="must begin with a picture"):
        load_dataset("celeba")
    path.unlink()
    (small / "list_attr_celeba.txt.gz").write_bytes(b"<html>")
    with pytest.raises(DataError, match=r"list_attr_celeba.txt.gz is damaged .*data fetch celeba"):
        load_dataset("celeba")


def test_the_real_files_where_they_are_at_hand():
    if not (data_directory() / "celeba" / "img_align_celeba_64.zip").is_file():
        pytest.skip("CelebA is not at hand: set EXPLORER_DATA to a folder with celeba/ in it")
    data = load_dataset("celeba", n_train=50, n_test=50)
    assert len(data.classes) == data.train.labels.shape[1] == 40
    assert data.train.arrays["image"].float().std() > 50
    texts = read(data.train[slice(None)]["text"], SYMBOLS)
    for text, labels in zip(texts, data.train.labels, strict=True):
        assert text.strip("*").split(", ") == [data.classes[k] for k in labels.nonzero()]


def test_the_papers_networks_can_be_asked_for(small):
    published_networks.check("celeba")
    published_networks.check("celeba_attributes")


def test_every_attribute_is_a_modality_of_the_same_person(small):
    data, texts = load_dataset("celeba_attributes"), load_dataset("celeba")
    names = ["five_o_clock_shadow", "bald", "big_lips", "male", "young"]
    assert [m.name for m in data.modalities] == ["image", *names]
    assert data.classes == texts.classes
    assert data.multi_label
    for own, other in ((data.train, texts.train), (data.test, texts.test)):
        batch = own[slice(None)]
        assert torch.equal(batch["image"], other[slice(None)]["image"])
        assert torch.equal(own.labels, other.labels)
        for k, name in enumerate(names):
            assert torch.equal(batch[name].argmax(-1), own.labels[:, k])
            assert torch.equal(batch[name].sum(-1), torch.ones(len(own)))


def test_attributes_can_be_modelled_as_labels_of_two(small):
    data = load_dataset("celeba_attributes")
    for m in data.modalities[1:]:
        assert (m.kind, m.shape, m.weight) == ("label", (2,), 48)
        assert m.parts[0] == f"not {m.parts[1]}"
        assert m.parts[1] in data.classes
        encoder, decoder = NETWORKS[m.network](m.shape, 3)
        x = data.train[[1, 0, 4]][m.name]
        distribution = LIKELIHOODS[m.likelihood](decoder(encoder(x)[:, :3]))
        assert log_likelihood(distribution, x).shape == (3,)


def test_missing_faces_are_named_for_the_dataset_that_was_asked_for(directory):
    with pytest.raises(DataError, match=r"'celeba_attributes' needs celeba/list_attr_celeba"):
        load_dataset("celeba_attributes")
    write_lists(directory)
    write_zip(directory / "img_align_celeba_64.zip", **{"000003": b""})
    with pytest.raises(DataError, match=r"damaged .*data fetch celeba_attributes"):
        load_dataset("celeba_attributes")
