"""Multiple Features: five descriptions of each of 2,000 handwritten digits (UCI, Duin 1998).

Real views of one object, computed from one scan each: the picture itself, averaged to 16x15
pixels; 64 Karhunen-Loeve coefficients; 47 Zernike moments; 216 profile correlations; 6
morphological numbers. UCI has a sixth, Fourier coefficients, which is left out so that both
sources give the same dataset: UCI's own text files (``mfeat-pix`` and so on), or ``mfeat.npz``
with the arrays ``pixel``, ``karhunen``, ``zernike``, ``factors``, ``morphological`` and ``label``.

The picture is an image in [0, 1] (ink 1) and has the likelihood of all images here. The other
views are standardised with the mean and standard deviation of the training split, and have a
normal likelihood. Weights are the published rule (Sutter et al. 2020), size of the largest
modality over one's own: else the six morphological numbers count for nothing.

Six digits are in the files twice, all views alike; both copies go to the training split.

Shapes: N digits.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from explorer.datasets.archives import again, read_arrays
from explorer.datasets.download import DataError, data_directory, needed
from explorer.datasets.modality import Dataset, Modality
from explorer.datasets.rows import Rows, standardised
from explorer.files.sources import conversions

N_DIGITS = 2000
HEIGHT, WIDTH, DARKEST = 16, 15, 6
"""Of the picture; a pixel counts how many of 2x3 points of the scan have ink."""


class View(NamedTuple):
    """How many numbers a digit has there, and what they are."""

    size: int
    description: str


VIEWS = {
    "pixel": View(HEIGHT * WIDTH, "the digit, 16x15 pixels"),
    "karhunen": View(64, "Karhunen-Loeve coefficients"),
    "zernike": View(47, "Zernike moments"),
    "factors": View(216, "profile correlations"),
    "morphological": View(6, "holes, ends, branches and the like"),
}


def mfeat(*, n_train: int = 1500, n_test: int = 500, seed: int = 0) -> Dataset:
    """Multiple Features: an image ``(1, 16, 15)`` and vectors of 64, 47, 216 and 6 numbers.

    Parameters
    ----------
    n_train, n_test
        Numbers of digits, 2,000 together at most; classes in equal shares.
    seed
        Decides which digits are for testing.

    Raises
    ------
    DataError
        Files that are missing, damaged or of another size.
    """
    tables, labels = read_views()
    parts = _split(tables["pixel"], labels, n_train, n_test, seed)
    arrays = {
        name: _pictures(table) if name == "pixel" else standardised(table, parts[0])
        for name, table in tables.items()
    }
    train, test = (
        Rows(
            {name: torch.from_numpy(array[part]) for name, array in arrays.items()},
            torch.from_numpy(labels[part]),
        )
        for part in parts
    )
    looks = {"pixel": {"shape": (1, HEIGHT, WIDTH)}}
    vector = {"likelihood": "normal", "kind": "vector"}
    largest = max(view.size for view in VIEWS.values())
    return Dataset(
        name="mfeat",
        modalities=tuple(
            Modality(
                name,
                network="dense",
                description=view.description,
                weight=largest / view.size,
                **looks.get(name, vector | {"shape": (view.size,)}),
            )
            for name, view in VIEWS.items()
        ),
        train=train,
        test=test,
        classes=tuple("0123456789"),
    )


def read_views() -> tuple[dict[str, NDArray], NDArray]:
    """Every view as it is in the files, ``(2000, size)``, and which digit each row is, ``(2000,)``.

    Raises
    ------
    DataError
        As :func:`mfeat`.
    """
    official = [f"mfeat/{conversions.VIEWS[name]}" for name in VIEWS]
    together = data_directory() / "mfeat" / "mfeat.npz"
    if together.is_file() and not all((data_directory() / file).is_file() for file in official):
        tables = read_arrays("mfeat", together, *VIEWS, "label")
        labels = tables.pop("label").astype(np.int64)
    else:
        tables = {
            name: conversions.read_numbers(str(path), path.read_bytes(), again("mfeat"))
            for name, path in zip(VIEWS, needed("mfeat", *official), strict=True)
        }
        tables = {name: table.astype(np.float32) for name, table in tables.items()}
        labels = np.arange(N_DIGITS) // (N_DIGITS // 10)  # 200 of each digit, in order
    for name, view in VIEWS.items():
        found = tables[name].shape
        if found != (N_DIGITS, view.size):
            raise DataError(
                f"view {name!r} of 'mfeat' must be {N_DIGITS} x {view.size}, got {found}; "
                f"{again('mfeat')}"
            )
        if not np.isfinite(tables[name]).all():
            row = int(np.argwhere(~np.isfinite(tables[name]))[0, 0])
            raise DataError(f"view {name!r} of 'mfeat' has no number in row {row}; mend the file")
    if labels.shape != (N_DIGITS,) or np.bincount(labels, minlength=10).tolist() != [200] * 10:
        raise DataError(
            "labels of 'mfeat' must be 200 of each digit 0 to 9, got "
            f"{labels.shape} with counts {np.bincount(labels).tolist()}"
        )
    return tables, labels


def _split(
    pictures: NDArray, labels: NDArray, n_train: int, n_test: int, seed: int
) -> tuple[NDArray, NDArray]:
    """Rows for training and for testing: classes in turn, what is there twice for training."""
    _, place, times = np.unique(pictures, axis=0, return_inverse=True, return_counts=True)
    twice = times[place] > 1
    order = np.random.default_rng(seed).permutation(N_DIGITS)
    order = order[np.argsort(twice[order], kind="stable")]
    turns = np.stack([order[labels[order] == digit] for digit in range(10)], axis=1).ravel()
    most = int(twice[turns].argmax()) if twice.any() else N_DIGITS
    if n_train < 1 or not 1 <= n_test <= most or n_train + n_test > N_DIGITS:
        raise ValueError(
            f"there are {N_DIGITS} digits, of which {most} may be for testing; "
            f"got n_train {n_train} and n_test {n_test}"
        )
    return turns[N_DIGITS - n_train :], turns[:n_test]


def _pictures(table: NDArray) -> NDArray:
    return (table / np.float32(DARKEST)).reshape(-1, 1, HEIGHT, WIDTH).astype(np.float32)
