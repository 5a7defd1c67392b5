"""MNIST's files: read as they are, refused when they are not what they should be."""

import gzip

import numpy as np
import pytest
import torch

from explorer.datasets.download import DataError, data_directory
from explorer.datasets.mnist import mnist
from tests.datasets.mnist_files import blocks, idx, write_mnist

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    return write_mnist(tmp_path)


def write(path, array):
    path.write_bytes(gzip.compress(idx(array)))


def test_pictures_and_digits_come_as_they_were_written(folder):
    for part, n, shift in (("train", 40, 0), ("test", 20, 2)):
        images, labels = mnist("polymnist", part)
        written, digits = blocks(n, shift)
        assert images.dtype == torch.uint8
        assert labels.dtype == torch.long
        assert np.array_equal(images.numpy(), written)
        assert np.array_equal(labels.numpy(), digits)


def test_unzipped_files_are_read_too_and_first(folder):
    write_mnist(folder.parent, n_train=30, plain=True)
    assert len(mnist("polymnist", "train")[0]) == 30
    (folder / IMAGES).unlink()
    (folder / LABELS).unlink()
    assert len(mnist("polymnist", "train")[0]) == 30


def test_what_is_missing_is_named_with_the_command_of_the_dataset(folder):
    (folder / LABELS).unlink()
    with pytest.raises(DataError, match=rf"mnist/{LABELS}.*data fetch translated_polymnist"):
        mnist("translated_polymnist", "train")
    assert len(mnist("translated_polymnist", "test")[0]) == 20


def cut_gzip(path):
    path.write_bytes(path.read_bytes()[:-20])


def cut_inside(path):
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))


def lengthen(path):
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b"\0"))


def page(path):
    path.write_bytes(b"<!DOCTYPE html><html>404</html>")


def zipped_page(path):
    path.write_bytes(gzip.compress(b"<!DOCTYPE html><html>404</html>"))


def garble(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut_gzip, cut_inside, lengthen, page, zipped_page, garble])
@pytest.mark.parametrize("name", [IMAGES, LABELS])
def test_a_damaged_file_is_named_with_the_remedy(folder, damage, name):
    damage(folder / name)
    with pytest.raises(DataError, match=rf"{name} is damaged \(.+\); get it again: .*fetch poly"):
        mnist("polymnist", "train")


def test_an_empty_file_is_damaged(folder):
    (folder / IMAGES.removesuffix(".gz")).write_bytes(b"")
    with pytest.raises(DataError, match=r"must start with 00000803, got nothing"):
        mnist("polymnist", "train")


def test_the_labels_in_the_place_of_the_images_are_refused(folder):
    (folder / IMAGES).write_bytes((folder / LABELS).read_bytes())
    with pytest.raises(DataError, match=r"must start with 00000803, got 00000801"):
        mnist("polymnist", "train")


def test_a_type_other_than_bytes_is_refused(folder):
    content = bytearray(gzip.decompress((folder / IMAGES).read_bytes()))
    content[2] = 0x0D
    (folder / IMAGES).write_bytes(gzip.compress(content))
    with pytest.raises(DataError, match=r"must start with 00000803, got 00000d03"):
        mnist("polymnist", "train")


def test_images_of_another_size_are_refused(folder):
    write(folder / IMAGES, np.zeros((40, 30, 28)))
    with pytest.raises(DataError, match="pictures of 28 by 28, got 30 by 28"):
        mnist("polymnist", "train")


def test_labels_that_do_not_match_are_refused(folder):
    write(folder / LABELS, np.zeros(39))
    with pytest.raises(DataError, match=r"a label for each picture.*got 40 pictures.*\(39,\)"):
        mnist("polymnist", "train")
    write(folder / LABELS, np.full(40, 10))
    with pytest.raises(DataError, match="labels in .* must be 0 to 9, got 10 to 10"):
        mnist("polymnist", "train")


def test_an_empty_split_is_refused(folder):
    write(folder / IMAGES, np.zeros((0, 28, 28)))
    write(folder / LABELS, np.zeros(0))
    with pytest.raises(DataError, match="at least one; got 0 pictures"):
        mnist("polymnist", "train")


def test_the_real_files_where_they_are_at_hand():
    if not (data_directory() / "mnist" / IMAGES).is_file():
        pytest.skip("MNIST is not at hand: set EXPLORER_DATA to a folder with mnist/ in it")
    counts = {"train": (5923, 6742, 5958), "test": (980, 1135, 1032)}
    for part, first in counts.items():
        images, labels = mnist("polymnist", part)
        assert images.shape[1:] == (28, 28)
        assert labels.bincount()[:3].tolist() == list(first)
        assert 30 < images.float().mean() < 36
