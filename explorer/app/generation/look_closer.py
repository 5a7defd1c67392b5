"""One observation at a time, large: what went in beside what a model drew; sounds are played."""

import numpy as np
import streamlit as st
from torch import Tensor

from explorer.app.generation.answers import SHOWN
from explorer.app.generation.state import Question
from explorer.app.shared.loaded import dataset, live_observations
from explorer.catalog.looks import MODEL_LABELS
from explorer.datasets import Modality
from explorer.datasets.sound import hear
from explorer.drawing.plots import plot_observation
from explorer.drawing.tiles import describe

CONFIG = {"displaylogo": False, "displayModeBar": False}


@st.fragment
def look_closer(name: str, question: Question) -> None:
    """A modality of the sample, or of both sides, and one of the draws of a model beside it."""
    modalities = dataset(name).modalities
    st.subheader("Look closer")
    plain = all(modality.kind == "image" for modality in modalities)
    if not st.toggle("One observation, large", value=not plain, key=f"closer_{name}"):
        return
    found = live_observations(name, question)
    drawn = {key: found[key] for key in question.models if key in found}
    conflict = question.view == "conflict"
    went_in = {"Side A": "A", "Side B": "B"} if conflict else {"What went in": ""}
    n_draws = SHOWN if conflict else question.draws
    bar = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    hidden = [m for m in modalities if m.name not in question.given] or list(modalities)
    names = [m.name for m in modalities]
    first = next((m.name for m in hidden if m.kind == "audio"), hidden[0].name)
    first = question.target if conflict else first
    key = f"closer_view_{question.view}_{name}"
    chosen = bar.selectbox("View", names, names.index(first), key=key)
    modality = modalities[names.index(chosen)]
    model = bar.selectbox(
        "Model", list(drawn), format_func=MODEL_LABELS.get, key="closer_model", width=240
    )
    which = bar.pills(
        "Which",
        range(n_draws + 1),
        default=0,
        required=True,
        format_func=lambda i: f"draw {i}" if i else "the mean",
        key=f"closer_which_{n_draws}",
        wrap=True,
    )
    *places, right = st.columns(len(went_in) + 1, gap="medium")
    for place, (title, side) in zip(places, went_in.items(), strict=True):
        with place:
            show(modality, found[side][chosen][0], title)
    with right:
        if chosen in drawn.get(model, {}):
            what = f"draw {which}" if which else "mean"
            title = f"{MODEL_LABELS[model]}, {what}"
            show(modality, drawn[model][chosen][which], title)
        elif model is not None:
            st.info(f"{chosen} was given: the models saw it and drew the others.")


def show(modality: Modality, x: Tensor, title: str) -> None:
    """An observation under its title, with what it sounds like."""
    st.markdown(f"**{title}**")
    st.plotly_chart(
        plot_observation(modality, x, theme=st.context.theme.type or "light"),
        theme=None,
        config=CONFIG,
        alt=f"{title}, {modality.name}: {describe(modality, x)}",
        key=f"closer {title} {modality.name}",
    )
    if modality.kind == "audio":
        st.audio(sound(x.numpy()), format="audio/wav")


@st.cache_data(show_spinner=False, max_entries=50)
def sound(x: np.ndarray) -> bytes:
    """A WAV file of a spectrogram ``(1, bands, frames)``."""
    return hear(x)
