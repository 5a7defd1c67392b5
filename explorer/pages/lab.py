"""The dataset, the trained models and the classifiers, loaded once for all sessions."""

import threading
import time
from dataclasses import replace

import streamlit as st
import torch

from explorer import checkpoints
from explorer.checkpoints import CheckpointError, load_pretrained
from explorer.datasets import Dataset, load_dataset
from explorer.evaluation.classifiers import FOLDER, Classifiers, load_classifiers
from explorer.models import MODELS, MultimodalVAE
from explorer.models.vae import WEIGHTS
from explorer.pages.answers import Lab, answer, marginals, thumbnails
from explorer.pages.questions import Question

DATASET = "polydigits"

INFERENCE = threading.Lock()
"""Held while anything is computed with torch: two at once are slower than one after the other."""


def lab() -> Lab:
    """Everything that answers take; what is missing or broken is replaced by the reason."""
    return Lab(dataset(), {key: model(key) for key in MODELS}, classifiers())


@st.cache_resource(show_spinner=False)
def dataset() -> Dataset:
    """PolyDigits; torch is told to use one thread."""
    torch.set_num_threads(1)
    return load_dataset(DATASET)


def model(key: str) -> MultimodalVAE | str:
    """A trained model, or the sentence that says why there is none and what to do."""
    try:
        return _model(key, written(key))
    except (CheckpointError, OSError) as error:
        return f"Not available: {error}."


def classifiers() -> Classifiers | str:
    """The classifiers that read pictures, or why there are no verdicts."""
    try:
        return _classifiers(written(FOLDER))
    except (CheckpointError, OSError) as error:
        return f"No verdicts: {error}."


def written(key: str) -> int:
    """When a checkpoint was written, 0 for none: a new one is taken without a restart."""
    times = [
        (root / DATASET / key / WEIGHTS).stat().st_mtime_ns
        for root in (checkpoints.PRETRAINED, checkpoints.runs_directory())
        if (root / DATASET / key / WEIGHTS).is_file()
    ]
    return times[0] if times else 0


@st.cache_resource(show_spinner=False, max_entries=2 * len(MODELS))
def _model(key: str, modified: int) -> MultimodalVAE:
    return load_pretrained(DATASET, key)


@st.cache_resource(show_spinner=False)
def _classifiers(modified: int) -> Classifiers:
    return load_classifiers(DATASET)


def nearest_opponent(question: Question) -> int:
    """``question.other`` if it shows another digit than ``question.item``, else the next one."""
    labels = dataset().test.labels
    differs = (labels != labels[question.item]).roll(-question.other)
    return (question.other + int(differs.int().argmax())) % len(labels)


@st.cache_data(show_spinner=False, max_entries=200)
def strip(items: tuple[int, ...], name: str) -> dict[str, object]:
    """Thumbnails of test samples in modality ``name``."""
    with INFERENCE:
        return thumbnails(dataset(), list(items), name)


def live_answer(question: Question) -> dict[str, object]:
    """The answer, computed now or a moment ago."""
    return _answer(replace(question, rank=1), tuple(map(written, (*MODELS, FOLDER))))


def live_marginals(question: Question) -> dict[str, object]:
    """The experts' densities in the latent dimension of ``question.rank``."""
    with INFERENCE:
        return marginals(lab(), question)


@st.cache_data(show_spinner=False, max_entries=100)
def _answer(question: Question, times: tuple[int, ...]) -> dict[str, object]:
    here = lab()
    with INFERENCE:
        start = time.perf_counter()
        found = answer(here, question)
        return found | {"milliseconds": round(1000 * (time.perf_counter() - start))}
