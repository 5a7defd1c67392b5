"""Datasets, trained models and classifiers, loaded when asked for and kept for all sessions.

Nothing is kept without a bound: of all models of all datasets, the last ``KEPT_MODELS`` used.
"""

import json
import threading
from typing import NamedTuple

import streamlit as st
import torch

from explorer import checkpoints
from explorer.catalog.subjects import SUBJECTS, trained
from explorer.checkpoints import (
    CheckpointError,
    check_data,
    checkpoint_directory,
    load_pretrained,
)
from explorer.datasets import DATASETS, Dataset, Modality, load_dataset
from explorer.evaluation.classifiers import FOLDER, Classifiers, load_classifiers
from explorer.files.own import list_folders
from explorer.files.sources import DataError
from explorer.models import MultimodalVAE
from explorer.models.vae import CONFIG, WEIGHTS

KEPT_MODELS, KEPT_DATASETS = 8, 4
"""Kept in memory for all visitors; of more, those that were used last."""

INFERENCE = threading.Lock()
"""Held while anything is computed with torch: two at once are slower than one after the other."""


def whole_dataset(name: str) -> Dataset:
    """The dataset called ``name``, as it is."""
    return _dataset(name, stamp(name))


def dataset(name: str) -> Dataset:
    """The dataset called ``name``, with one class a sample and without samples that have gaps."""
    return whole_dataset(name).single().having()


def stamp(name: str) -> tuple[tuple[str, int], ...]:
    """Which files a folder of the visitor's own has, and since when; nothing for other datasets."""
    folder = None if name in DATASETS else list_folders().get(name)
    files = [] if folder is None else sorted(folder.iterdir())
    return tuple((str(file), file.stat().st_mtime_ns) for file in files if file.exists())


@st.cache_resource(show_spinner=False, max_entries=KEPT_DATASETS)
def _dataset(name: str, stamp: tuple[tuple[str, int], ...]) -> Dataset:
    """Torch is told to use one thread."""
    torch.set_num_threads(1)
    return load_dataset(name)


class Outline(NamedTuple):
    """What is known of a dataset whether its files are here or not."""

    modalities: tuple[Modality, ...]
    classes: tuple[str, ...]


def outline(name: str) -> Outline:
    """Modalities and classes of dataset ``name``; of one that is not here, from a checkpoint."""
    try:
        data = dataset(name)
    except DataError:
        classes = tuple(map(str, range(SUBJECTS[name].n_classes)))
        return Outline(_modalities_of_a_checkpoint(name), classes)
    return Outline(data.modalities, data.classes)


def _modalities_of_a_checkpoint(name: str) -> tuple[Modality, ...]:
    for key in trained(name):
        config = checkpoint_directory(name, key) / CONFIG
        try:
            found = json.loads(config.read_text("utf-8"))["modalities"]
            return tuple(Modality(**each) for each in found)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            continue  # damaged: looking the model up says so
    return ()


def model(name: str, key: str) -> MultimodalVAE | str:
    """A model trained on dataset ``name``, or why there is none and what to do."""
    try:
        return _of_these_data(_model(name, key, written(name, key)), name, f"model {key!r}")
    except (CheckpointError, OSError) as error:
        return f"Not available: {error}."


def classifiers(name: str) -> Classifiers | str:
    """The classifiers that read observations of dataset ``name``, or why there are no verdicts."""
    try:
        return _of_these_data(_classifiers(name, written(name, FOLDER)), name, "a classifier")
    except (CheckpointError, OSError) as error:
        return f"No verdicts: {error}."


def _of_these_data(
    found: MultimodalVAE | Classifiers, name: str, what: str
) -> MultimodalVAE | Classifiers:
    """``found``, unless it was trained on other data than a folder of the visitor's own has now."""
    if name not in DATASETS and found.provenance.get("data"):
        check_data(found.provenance, _dataset(name, stamp(name)), what)
    return found


def written(name: str, key: str) -> int:
    """When a checkpoint was written, 0 for none: a new one is taken without a restart."""
    times = [
        (root / name / key / WEIGHTS).stat().st_mtime_ns
        for root in (checkpoints.PRETRAINED, checkpoints.runs_directory())
        if (root / name / key / WEIGHTS).is_file()
    ]
    return times[0] if times else 0


@st.cache_resource(show_spinner=False, max_entries=KEPT_MODELS)
def _model(name: str, key: str, modified: int) -> MultimodalVAE:
    return load_pretrained(name, key)


@st.cache_resource(show_spinner=False, max_entries=KEPT_DATASETS)
def _classifiers(name: str, modified: int) -> Classifiers:
    return load_classifiers(name).single(_dataset(name, stamp(name)))
