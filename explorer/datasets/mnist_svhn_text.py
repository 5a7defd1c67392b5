"""MNIST-SVHN-Text: a digit by hand, on a house and as a word (Sutter et al. 2020).

- ``mnist``: ``(1, 28, 28)``;
- ``svhn``: a house number of the same digit, ``(3, 32, 32)``;
- ``text``: its English word at a random offset in 8 characters, one-hot over 70 symbols,
  ``(8, 70)``. The offset is uniform from 0 to 7 less the length of the word, as published: the
  last place is never used.

In each of 20 rounds pictures of a digit are matched at random until the source with fewer is used
up: 1,121,360 tuples for training and 200,000 for testing from all of SVHN, 88,680 and 39,040 from
the subset. Parts are matched with their own kind, so no picture is in both.

The alphabet is the published one without its second ``-``, which no text can use: words, and so
log-likelihoods, mean the same with 70 symbols as with 71. What differs from the released code:
pairs and offsets are drawn once, from the seed, and not anew at every start and access; and of the
richer source each round takes other pictures.

Weights are the published rule, size of the largest modality over one's own, where a text counts
its characters: 3072 / 784 for ``mnist``, 1 for ``svhn``, 3072 / 8 = 384 for ``text``.
"""

import torch

from explorer.datasets.compose import pair
from explorer.datasets.mnist import mnist
from explorer.datasets.modality import Dataset, Modality
from explorer.datasets.rows import Rows
from explorer.datasets.svhn import is_subset, svhn
from explorer.datasets.text import WORDS, draw_offsets, spell_shifted

SYMBOLS = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"\\/|_@#$%^&*~`+=<>()[]{} \n"
LENGTH = 8


def mnist_svhn_text(
    *,
    n_train: int | None = None,
    n_test: int | None = None,
    rounds: int = 20,
    seed: int = 0,
) -> Dataset:
    """MNIST-SVHN-Text: shapes ``(1, 28, 28)``, ``(3, 32, 32)`` and ``(8, 70)``.

    Parameters
    ----------
    n_train, n_test
        Numbers of tuples; all there are by default.
    rounds
        How often every picture of the source with fewer is used.
    seed
        Decides the tuples and the offsets.

    Raises
    ------
    DataError
        MNIST or SVHN is missing or damaged.
    ValueError
        More tuples asked for than there are.
    """
    generator = torch.Generator().manual_seed(seed)
    words = spell_shifted(WORDS, SYMBOLS, LENGTH)

    def split(part: str, n_tuples: int | None) -> Rows:
        digits, digit_classes = mnist("mnist_svhn_text", part)
        houses, house_classes = svhn("mnist_svhn_text", part)
        labels, positions = pair([digit_classes, house_classes], rounds, generator)
        if n_tuples is not None and not 0 < n_tuples <= len(labels):
            raise ValueError(
                f"{part} must have 1 to {len(labels)} tuples in {rounds} rounds, got {n_tuples}"
            )
        labels, positions = labels[:n_tuples], positions[:n_tuples]
        offsets = draw_offsets(WORDS, LENGTH, labels, generator)
        return Rows(
            arrays={
                "mnist": positions[:, 0],
                "svhn": positions[:, 1],
                "text": labels * words.shape[1] + offsets,
            },
            labels=labels,
            tables={"mnist": digits.unsqueeze(1), "svhn": houses, "text": words.flatten(0, 1)},
        )

    return Dataset(
        name="mnist_svhn_text",
        modalities=(
            Modality(
                "mnist",
                (1, 28, 28),
                description="handwritten digit",
                weight=3072 / 784,
            ),
            Modality(
                "svhn",
                (3, 32, 32),
                description="house number" + (", of a subset of SVHN" if is_subset() else ""),
            ),
            Modality(
                "text",
                (LENGTH, len(SYMBOLS)),
                likelihood="categorical",
                network="dense",
                description="English word somewhere in 8 characters",
                kind="text",
                weight=3072 / LENGTH,
                symbols=SYMBOLS,
            ),
        ),
        train=split("train", n_train),
        test=split("test", n_test),
        classes=tuple("0123456789"),
    )
