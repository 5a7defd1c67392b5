"""How people read datasets, and which models are trained on them; without torch."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from explorer.catalog.looks import FAMILY_COLORS, MODEL_LABELS, MODEL_LOOKS
from explorer.checkpoints import list_pretrained
from explorer.files.own import find_description, list_folders


class Subject(NamedTuple):
    """How a dataset is read.

    Parameters
    ----------
    label
        Its short name.
    idea
        What belongs together in a sample, in one sentence.
    word
        What its classes are: "digit" makes "digit 4" of class 4.
    n_classes
        How many there are, so that guessing is right one time in as many.
    n_modalities
        How many; 0 where that does not matter, as there are few.
    """

    label: str
    idea: str
    word: str
    n_classes: int = 10
    n_modalities: int = 0


SHORT = 2
"""Most characters of a name that says nothing by itself."""

BUILT_IN: dict[str, Subject] = {
    "polydigits": Subject(
        "PolyDigits", "Five pictures show the same digit, each on photographs of its own.", "digit"
    ),
    "translated_polydigits": Subject(
        "Translated PolyDigits",
        "Three pictures show the same digit, small and each at another place.",
        "digit",
    ),
    "digits_photo_text": Subject(
        "Digit, photo, text",
        "A clean digit, the same digit on a photograph, and its English word.",
        "digit",
    ),
    "simulated_rats": Subject(
        "Simulated rats",
        "Spikes of five rats that smell the same one of four odors; simulated, not recorded.",
        "odor",
        4,
    ),
    "polymnist": Subject(
        "PolyMNIST, rebuilt",
        "Five pictures show the same digit, each on crops of a picture of its own.",
        "digit",
    ),
    "translated_polymnist": Subject(
        "Translated PolyMNIST, rebuilt",
        "Three pictures show the same digit, small and each at another place.",
        "digit",
    ),
    "polymnist_released": Subject(
        "PolyMNIST as released",
        "Five pictures show the same digit, each on crops of a picture of its own.",
        "digit",
    ),
    "mnist_svhn_text": Subject(
        "MNIST, SVHN, text",
        "A handwritten digit, the same digit of a house number, and its English word.",
        "digit",
    ),
    "mfeat": Subject(
        "Multiple Features",
        "Five descriptions of one scan of a handwritten digit; the first is the picture.",
        "digit",
    ),
    "celeba": Subject(
        "CelebA", "A face, and a text that lists which of forty attributes it has.", "expression", 2
    ),
    "celeba_attributes": Subject(
        "CelebA, attributes apart",
        "A face, and each of forty attributes as a modality of its own.",
        "face",
        2,
        41,
    ),
    "cub_attributes": Subject(
        "CUB-attributes",
        "A bird, what is known of its species, and the species.",
        "species",
        100,
    ),
    "cub": Subject("CUB", "A bird and a sentence that describes it.", "species", 200),
    "mhd_like": Subject(
        "MHD-like",
        "A digit drawn with a pen, the path of the pen, the digit spoken, and its label.",
        "digit",
    ),
    "mhd": Subject(
        "MHD", "A handwritten digit, the path of the pen, the digit spoken, its label.", "digit"
    ),
    "rats": Subject(
        "Rats", "Spikes of five rats that smell the same one of four odors; recorded.", "odor", 4
    ),
}
"""Key of ``DATASETS`` -> how it is read."""


class Subjects(Mapping[str, Subject]):
    """How every dataset is read: built in, or described in a folder of the visitor's own."""

    def __getitem__(self, name: str) -> Subject:
        return BUILT_IN[name] if name in BUILT_IN else _described(list_folders()[name])

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*BUILT_IN, *list_folders())))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _described(folder: Path) -> Subject:
    """How a folder is read; where its description has mistakes, whoever loads it says which."""
    path = find_description(folder)
    try:
        if path is not None:
            return _read(path, path.stat().st_mtime_ns)
    except OSError:  # it has just been removed
        pass
    return Subject(folder.name, UNREADABLE, "class", 2)


@lru_cache(maxsize=256)
def _read(path: Path, changed: int) -> Subject:
    """Read a description once for each time that it was changed."""
    from explorer.files.own.description import read_description  # most visitors have none

    mistakes: list[str] = []
    description = read_description(path, mistakes)
    if description is None or mistakes:
        return Subject(path.parent.name, UNREADABLE, "class", 2)
    label = description.label
    n_modalities = len(description.modalities)
    return Subject(
        description.title, description.idea, label.word, len(label.classes), n_modalities
    )


UNREADABLE = "Its description cannot be read."
SUBJECTS = Subjects()


def in_markdown(text: str) -> str:
    r"""What a visitor wrote, so that it is the same letters where a page reads Markdown.

    >>> print(in_markdown("[here](x)"))
    \[here\]\(x\)
    """
    return re.sub(r"([\\`*_{}\[\]()<>#|~$:!@&]|(?<=www)\.)", r"\\\1", text)


def called(word: str, name: str) -> str:
    """What a class is called in a sentence: of a number or a letter it must be told what it is.

    >>> called("digit", "4"), called("species", "Tropical Kingbird")
    ('digit 4', 'Tropical Kingbird')
    """
    return f"{word} {name}" if len(name) <= SHORT else name


def plural(word: str) -> str:
    """Several of what classes are.

    >>> plural("digit"), plural("species")
    ('digits', 'species')
    """
    return word if word.endswith("s") else f"{word}s"


def trained(name: str) -> tuple[str, ...]:
    """Models with a checkpoint on dataset ``name``, by family; one's own beside what they are."""
    found = [key for _, key, _ in list_pretrained(name) if MODEL_LABELS.get(key)]
    families, keys = list(FAMILY_COLORS["light"]), list(MODEL_LABELS)
    return tuple(
        sorted(
            found,
            key=lambda key: (
                families.index(MODEL_LOOKS[key].family),
                keys.index(key.partition("-")[0]),
                key,
            ),
        )
    )
