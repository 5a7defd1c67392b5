"""Choosing some of the modalities, few or many."""

import random
from collections.abc import Callable, Sequence

import streamlit as st

state = st.session_state


def choose_some(
    place,
    label: str,
    names: Sequence[str],
    key: str,
    *,
    many: bool,
    take: Callable[[tuple[str, ...]], None],
    **options,
) -> None:
    """Some of the modalities ``names``: side by side, or where they are many in a window.

    There are shortcuts in the window, for choices that would take many clicks; they go to
    ``take``.
    """
    if many:
        title = f"{label.partition(':')[0]}: {len(state[key])} of {len(names)}"
        place = place.popover(title, icon=":material/checklist:")
        bar = place.container(horizontal=True)
        for text, some in shortcuts(names).items():
            bar.button(text, key=f"{key}_{text}", on_click=take, args=[some])
    place.pills(label, names, selection_mode="multi", key=key, wrap=True, **options)


def shortcuts(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Choices of many modalities that are often wanted, by what they are called."""
    first, *others = names
    half = random.Random(0).sample(names, len(names) // 2)
    return {
        "All": tuple(names),
        f"Only {first}": (first,),
        f"All but {first}": tuple(others),
        "Half, at random": tuple(name for name in names if name in half),
    }


def pictured(dataset: str, names: Sequence[str]) -> str:
    """The first of ``names`` that is shown as a tile, or of all modalities; to know samples by."""
    from explorer.app.shared import loaded as lab
    from explorer.datasets.modality import told_in_words

    modalities = lab.dataset(dataset).modalities
    words = {modality.name for modality in told_in_words(modalities)}
    every = [*names, *(modality.name for modality in modalities)]
    return next((name for name in every if name not in words), names[0])
