"""Files that loaders read, made from archives as they are published.

Each function takes the archive and the path to write.
"""

import io
import re
import wave
from pathlib import Path

import numpy as np

from explorer.files.sources.directory import DataError
from explorer.files.sources.unpacking import members, read_members, unpack

RATE = 8000
"""Of the spoken digits, in Hz."""
TEST_TAKES = 5
"""Takes 0 to 4 of every speaker and digit are the test set, as its authors say."""
VIEWS = {
    "pixel": "mfeat-pix",
    "karhunen": "mfeat-kar",
    "zernike": "mfeat-zer",
    "factors": "mfeat-fac",
    "morphological": "mfeat-mor",
}
"""View of a digit -> UCI's file."""
DIGITS_A_CLASS = 200


def birds(archive: Path, target: Path) -> None:
    """The folder ``CUB_200_2011`` of Caltech's archive."""
    unpack(archive, target, "CUB_200_2011")


def released_polymnist(archive: Path, target: Path) -> None:
    """The folder ``MMNIST`` of Zenodo's archive."""
    unpack(archive, target, "MMNIST")


def pen_digits(archive: Path, target: Path) -> None:
    """UCI's pen digits: ``x_*`` uint8 ``(N, 8, 2)``, 0 to 100 with y up, and ``y_*`` ``(N,)``."""
    files = read_members(archive, ["pendigits.tra", "pendigits.tes"])
    arrays = {}
    for part, (name, text) in zip(("train", "test"), files.items(), strict=True):
        table = read_numbers(name, text).astype(np.uint8)
        arrays |= {f"x_{part}": table[:, :16].reshape(-1, 8, 2), f"y_{part}": table[:, 16]}
    _save(target, arrays)


def spoken_digits(archive: Path, target: Path) -> None:
    """The Free Spoken Digit Dataset: int16 clips of 8 kHz joined, and what each is.

    Clip i is ``audio[offset[i]:offset[i + 1]]``, of digit ``label[i]`` by ``speakers[speaker[i]]``.
    """
    clips = {}
    for member in members(archive):
        name = member.path.name
        parts = re.fullmatch(r"(\d)_(\w+)_(\d+)\.wav", name)
        if parts and member.path.parent.name == "recordings":
            clips[name] = (*parts.groups(), _clip(name, member.read()))
    if not clips:
        raise DataError(f"{archive} must hold recordings/*.wav, and has none; get it again")
    labels, people, takes, audio = zip(*(clips[name] for name in sorted(clips)), strict=True)
    speakers, speaker = np.unique(people, return_inverse=True)
    take = np.array(takes, np.uint8)
    _save(
        target,
        {
            "audio": np.concatenate(audio),
            "offset": np.cumsum([0, *map(len, audio)], dtype=np.int64),
            "label": np.array(labels, np.uint8),
            "speaker": speaker.astype(np.uint8),
            "take": take,
            "is_test": take < TEST_TAKES,
            "speakers": speakers,
            "rate": np.array(RATE),
            "wav_name": np.array(sorted(clips)),
        },
    )


def views_of_digits(archive: Path, target: Path) -> None:
    """UCI's Multiple Features: a table a view, ``(2000, size)``, and ``label`` ``(2000,)``."""
    files = read_members(archive, list(VIEWS.values()))
    tables = {
        name: read_numbers(file, files[file]).astype(np.uint8 if name == "pixel" else np.float32)
        for name, file in VIEWS.items()
    }
    n_digits = len(tables["pixel"])
    tables["label"] = (np.arange(n_digits) // DIGITS_A_CLASS).astype(np.uint8)
    _save(target, tables)


def read_numbers(name: str, text: bytes, remedy: str = "get it again") -> np.ndarray:
    """Rows of numbers with commas or blanks between, ``(N, size)``.

    Raises
    ------
    DataError
        It holds something else; says so of ``name``, with the remedy.
    """
    try:
        return np.loadtxt(io.StringIO(text.decode("ascii").replace(",", " ")), ndmin=2)
    except ValueError as error:
        raise DataError(
            f"{name} must hold as many numbers in every line ({error}); {remedy}"
        ) from error


def _clip(name: str, content: bytes) -> np.ndarray:
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise DataError(f"{name} is no sound file ({error}); get it again") from error
    if form != (1, 2, RATE):
        raise DataError(f"{name} must be mono, 16 bits, {RATE} Hz; got {form}")
    return np.frombuffer(frames, "<i2").astype(np.int16)


def _save(target: Path, arrays: dict[str, np.ndarray]) -> None:
    with target.open("wb") as file:
        np.savez_compressed(file, **arrays)
