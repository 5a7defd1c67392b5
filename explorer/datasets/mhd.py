"""MHD: a handwritten digit as picture, pen path, spoken word and label; and what can stand in.

``mhd`` reads the two files of Vasco et al. (2022), ``mhd_train.pt`` and ``mhd_test.pt``: a tuple
each of labels, images, trajectories, sounds and two entries of normalisers, which are not used.
PyTorch refuses a file with anything but tensors and plain values in it, since reading it would run
what it contains; then one step outside this project writes what is needed (``CONVERSION``).

``mhd_like`` has the same four modalities, from freely licensed data:

- ``image``: the path below, drawn with a width of its own, ``(1, 28, 28)``;
- ``trajectory``: a pen's path, 8 points ``(2, 8)`` (UCI pen digits, Alpaydin & Alimoglu 1998);
- ``sound``: a spoken digit as log-mel levels, ``(1, 32, 32)``: 0.64 s from its first sound on
  (Free Spoken Digit Dataset, Jackson et al.);
- ``label``: one-hot, ``(10,)``.

Picture and path are of one hand; the spoken word is any of the same digit. Both sources keep their
published split: training and test have different writers; takes 0 to 4 of each speaker are for
testing, so all six speakers are in both. Eight points do not say where the pen was lifted: strokes
are joined by a line.

Likelihoods are those of the MAC-WAE comparison, without its squashing: normal with scale 1, and
cross-entropy for the label. It weighs all alike and was best at its smallest beta, .1. Here beta
stays 1, and weights are such that a decoder that knows nothing, and says the mean, loses 200 nats
more than one that is exact, in every modality of ``mhd_like`` (``WEIGHTS``). After 700 steps of
``mopoe``, one seed, a picture then came out of its own latent as the right digit in .70 of cases,
against .35 with weights of 1 and .37 with the published rule by sizes; other modalities within .02
of the better of these. ``mhd`` has the weights of its own paper: 50 for trajectories and labels, 1
for pictures and sounds.

Shapes: N tuples, P paths, C clips.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.datasets.archives import again, read_arrays
from explorer.datasets.compose import deal, deal_hands
from explorer.datasets.download import DataError, data_directory, needed
from explorer.datasets.modality import Dataset, Modality
from explorer.datasets.rows import Rows
from explorer.datasets.sound import SPOKEN_DIGITS, log_mel
from explorer.datasets.strokes import draw_strokes

CLASSES = tuple("0123456789")
SIDE, FRAMES, FULL = 28, 32, 100
"""Of a picture; of a sound; what pen coordinates go to."""

WIDTHS = (1.5, 3.5)
"""Thinnest and thickest line of a picture, in pixels."""

WEIGHTS = {
    "mhd_like": {"image": 4.0, "trajectory": 270.0, "sound": 12.5, "label": 87.0},
    "mhd": {"image": 1.0, "trajectory": 50.0, "sound": 1.0, "label": 50.0},
}
"""Dataset and modality -> what the log-likelihood is multiplied by in training."""

CONVERSION = """
import numpy, torch
for part in ("train", "test"):
    arrays = torch.load(f"mhd_{part}.pt", weights_only=False)[:4]
    names = ("label", "image", "trajectory", "sound")
    numpy.savez(f"mhd_{part}.npz", **dict(zip(names, map(numpy.asarray, arrays))))
"""
"""What turns the published files into plain arrays. It runs what the files contain: only for files
from a source that you trust."""


def mhd_like(*, n_train: int = 30_000, n_test: int = 5_000, seed: int = 0) -> Dataset:
    """MHD-like: picture, pen path, spoken digit and label, from pen digits and spoken digits.

    Parameters
    ----------
    n_train, n_test
        Numbers of tuples, from 7,494 and 3,498 paths and 2,700 and 300 clips; classes in equal
        numbers, every path and clip of a class about equally often.
    seed
        Decides the tuples and the widths of lines.

    Raises
    ------
    DataError
        Files that are missing, damaged or of another size.
    """
    paths, hands = _read_pens()
    sounds, spoken = _read_clips()
    generator = torch.Generator().manual_seed(seed)

    def split(part: str, n_tuples: int) -> Rows:
        labels, pens = deal(hands[part], n_tuples, 1, generator)
        widths = torch.empty(len(paths[part])).uniform_(*WIDTHS, generator=generator)
        ink = draw_strokes(paths[part], SIDE, widths.numpy())
        return Rows(
            arrays={
                "image": pens[:, 0],
                "trajectory": pens[:, 0],
                "sound": deal_to(labels, spoken[part], generator),
                "label": labels,
            },
            labels=labels,
            tables={
                "image": _bytes(ink).unsqueeze(1),
                "trajectory": torch.from_numpy(paths[part]),
                "sound": _bytes(sounds[part]).unsqueeze(1),
                "label": torch.eye(len(CLASSES)),
            },
        )

    return Dataset(
        name="mhd_like",
        modalities=_modalities(
            "mhd_like",
            image=((1, SIDE, SIDE), "patch", "the pen's path, drawn"),
            trajectory=((2, 8), "dense", "8 points of a pen's path"),
            sound=((1, SPOKEN_DIGITS.bands, FRAMES), "patch", "the digit, spoken"),
            label=((len(CLASSES),), "dense", "which digit"),
        ),
        train=split("train", n_train),
        test=split("test", n_test),
        classes=CLASSES,
    )


def mhd(*, n_train: int = 0, n_test: int = 0, seed: int = 0) -> Dataset:
    """MHD as published: images, trajectories of 100 points, sounds of 32 bands, labels.

    Parameters
    ----------
    n_train, n_test
        How many tuples of each file, drawn at random; 0 for all, in their order.
    seed
        Decides which.

    Raises
    ------
    DataError
        Files that are missing, damaged or of another size.
    """
    generator = torch.Generator().manual_seed(seed)
    train, test = (
        _some(_read_mhd(part), n, generator) for part, n in (("train", n_train), ("test", n_test))
    )
    shapes, others = (
        {name: tuple(x.shape[1:]) for name, x in split[:1].items()} for split in (train, test)
    )
    if shapes != others:
        raise DataError(
            f"shapes in 'mhd' must be the same in both files, got {shapes} and {others}"
        )
    return Dataset(
        name="mhd",
        modalities=_modalities(
            "mhd",
            image=(shapes["image"], "patch", "the pen's path, drawn"),
            trajectory=(shapes["trajectory"], "dense", "the pen's path"),
            sound=(shapes["sound"], "dense", "the digit, spoken"),
            label=(shapes["label"], "dense", "which digit"),
        ),
        train=train,
        test=test,
        classes=CLASSES,
    )


def deal_to(labels: Tensor, classes: Tensor, generator: torch.Generator) -> Tensor:
    """For each label an observation of that class, all of a class about equally often.

    Parameters
    ----------
    labels, classes
        Long ``(N,)`` and ``(P,)``: what is wanted, and what each observation is.

    Returns
    -------
    Positions among the P, long ``(N,)``.

    Raises
    ------
    ValueError
        A class that is wanted has no observation.
    """
    lost = labels[~torch.isin(labels, classes)]
    if len(lost):
        raise ValueError(f"there must be an observation of class {lost[0].item()}, got none")
    return deal_hands(labels, classes, 1, generator)[:, 0]


def _modalities(dataset: str, **looks: tuple[tuple[int, ...], str, str]) -> tuple[Modality, ...]:
    """Modalities from their shape, network and description."""
    kinds = {"sound": "audio"}
    likelihoods = {"label": "categorical"}
    parts = {"label": CLASSES}
    return tuple(
        Modality(
            name,
            shape,
            likelihood=likelihoods.get(name, "normal"),
            network=network,
            description=description,
            kind=kinds.get(name, name),
            weight=WEIGHTS[dataset][name],
            parts=parts.get(name, ()),
        )
        for name, (shape, network, description) in looks.items()
    )


def _read_pens() -> tuple[dict[str, NDArray], dict[str, Tensor]]:
    """Paths ``(P, 2, 8)`` in [0, 1] and the digit of each, by split."""
    (file,) = needed("mhd_like", "pendigits/pendigits.npz")
    arrays = read_arrays("mhd_like", file, "x_train", "y_train", "x_test", "y_test")
    paths, classes = {}, {}
    for part in ("train", "test"):
        points, digits = arrays[f"x_{part}"], arrays[f"y_{part}"]
        _expect(file, f"x_{part}", points.shape, (len(digits), 8, 2))
        if points.max(initial=0) > FULL:
            raise DataError(
                f"x_{part} in {file} must be from 0 to {FULL}, got {points.max()}; "
                f"{again('mhd_like')}"
            )
        paths[part] = (points.transpose(0, 2, 1) / FULL).astype(np.float32)
        classes[part] = _digits(file, f"y_{part}", digits)
    return paths, classes


def _read_clips() -> tuple[dict[str, NDArray], dict[str, Tensor]]:
    """Levels ``(C, 32, 32)`` in [0, 1] and the digit of each, by split."""
    (file,) = needed("mhd_like", "fsdd/fsdd.npz")
    arrays = read_arrays("mhd_like", file, "audio", "offset", "label", "is_test", "rate")
    audio, offset, is_test = arrays["audio"], arrays["offset"], arrays["is_test"].astype(bool)
    n_clips = len(arrays["label"])
    _expect(file, "offset", offset.shape, (n_clips + 1,))
    _expect(file, "is_test", is_test.shape, (n_clips,))
    if offset[0] != 0 or offset[-1] != len(audio) or (np.diff(offset) <= 0).any():
        raise DataError(
            f"offset in {file} must rise from 0 to the {len(audio)} samples of audio; "
            f"{again('mhd_like')}"
        )
    _expect(file, "rate", int(arrays["rate"]), SPOKEN_DIGITS.rate)
    levels = log_mel(np.split(audio, offset[1:-1]), SPOKEN_DIGITS, FRAMES)
    digits = _digits(file, "label", arrays["label"])
    parts = {"train": ~is_test, "test": is_test}
    return (
        {part: levels[rows] for part, rows in parts.items()},
        {part: digits[torch.from_numpy(rows)] for part, rows in parts.items()},
    )


def _read_mhd(part: str) -> Rows:
    """All of one of the published files, or of what ``CONVERSION`` made of it."""
    converted = data_directory() / "mhd" / f"mhd_{part}.npz"
    if converted.is_file():
        arrays = read_arrays("mhd", converted, "label", "image", "trajectory", "sound")
        file, found = converted, [torch.from_numpy(array) for array in arrays.values()]
    else:
        (file,) = needed("mhd", f"mhd/mhd_{part}.pt")
        found = _load(file)
    labels, images, paths, sounds = found
    labels = labels.argmax(1) if labels.ndim == 2 else labels
    n = len(labels)
    images = images.reshape(n, 1, *images.shape[-2:]) if len(images) == n else images
    _expect(file, "image", tuple(images.shape), (n, 1, SIDE, SIDE))
    _expect(file, "trajectory", tuple(paths.shape), (n, 200))
    blocks = sounds.shape[1] if sounds.ndim == 4 else 0
    _expect(file, "sound", tuple(sounds.shape), (n, blocks or "frames / 32", 32, 32))
    arrays = {
        "image": images,
        "trajectory": paths.reshape(n, 2, 100),
        "sound": sounds.reshape(n, 32 * blocks, 32).transpose(1, 2).unsqueeze(1),
    }
    for name, array in arrays.items():
        low, high = array.amin().item(), array.amax().item()
        if not 0 <= low <= high <= 1:  # false for nan too
            raise DataError(f"{name} in {file} must be from 0 to 1, got {low:.4g} to {high:.4g}")
    digits = _digits(file, "label", labels.numpy())
    return Rows(
        {name: array.float().contiguous() for name, array in arrays.items()} | {"label": digits},
        digits,
        {"label": torch.eye(len(CLASSES))},
    )


def _load(file: Path) -> list[Tensor]:
    """The first four entries of a published file; nothing in it is run."""
    try:
        entries = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError) as error:
        raise DataError(f"{file} is damaged ({error}); {again('mhd')}") from error
    except Exception as error:  # UnpicklingError, whose module nothing here imports
        raise DataError(
            f"{file} holds more than tensors and plain values, and PyTorch does not read it "
            "without running what it contains. If you trust where it is from, run this once in "
            f"its folder:\n{CONVERSION}"
        ) from error
    if not (isinstance(entries, (tuple, list)) and len(entries) >= 4):
        raise DataError(
            f"{file} must hold labels, images, trajectories and sounds, in this order; "
            f"got {type(entries).__name__}"
        )
    foreign = [type(entry).__name__ for entry in entries[:4] if not isinstance(entry, Tensor)]
    if foreign:
        raise DataError(f"the first four entries of {file} must be tensors, got {foreign}")
    return list(entries[:4])


def _some(rows: Rows, n: int, generator: torch.Generator) -> Rows:
    if not n:
        return rows
    if not 0 < n <= len(rows):
        raise ValueError(f"there are {len(rows)} tuples, got {n} wanted")
    chosen = torch.randperm(len(rows), generator=generator)[:n]
    arrays = {name: array[chosen] for name, array in rows.arrays.items()}
    return Rows(arrays, rows.labels[chosen], rows.tables)


def _bytes(levels: NDArray) -> Tensor:
    return torch.from_numpy((levels * 255).round().astype(np.uint8))


def _digits(file: Path, name: str, classes: NDArray) -> Tensor:
    if set(np.unique(classes).tolist()) != set(range(len(CLASSES))):
        raise DataError(
            f"{name} in {file} must hold every digit 0 to 9 and nothing else, got "
            f"{np.unique(classes).tolist()[:20]}"
        )
    return torch.from_numpy(classes.astype(np.int64))


def _expect(file: Path, name: str, found: object, expected: object) -> None:
    if found != expected:
        raise DataError(f"{name} in {file} must be of shape {expected}, got {found}")
