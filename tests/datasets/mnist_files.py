"""Small files in MNIST's format, of blocks that say which class and picture they are."""

import gzip

import numpy as np

NAMES = {"train": "train", "test": "t10k"}


def idx(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes((0, 0, 8, array.ndim)) + sizes + array.astype(np.uint8).tobytes()


def blocks(n, shift=0):
    """``n`` pictures 28x28, classes in turn, no two alike; 128 and 129 in a corner."""
    labels = np.arange(n) % 10
    images = np.zeros((n, 28, 28), np.uint8)
    for i, image in enumerate(images):
        image[8 : 12 + labels[i], 9 : 15 + shift] = 255
        image[22, :10] = 255 * np.array([int(bit) for bit in f"{i:010b}"])
        image[0, :2] = 128, 129
    return images, labels


def write_mnist(root, n_train=40, n_test=20, plain=False):
    """MNIST's four files in ``root/mnist``."""
    folder = root / "mnist"
    folder.mkdir(exist_ok=True)
    for part, n, shift in (("train", n_train, 0), ("test", n_test, 2)):
        images, labels = blocks(n, shift)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            name = f"{NAMES[part]}-{kind}-ubyte"
            if plain:
                (folder / name).write_bytes(idx(array))
            else:
                (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array), 1))
    return folder
