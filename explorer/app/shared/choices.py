"""What every page lets people choose: a dataset, and of the models that are trained on it.

The dataset is the URL parameter ``data``; a visit keeps it from page to page. Nothing here waits
for torch.
"""

from collections.abc import Sequence

import streamlit as st

from explorer.app.links import Field, arrive, choice, remember
from explorer.catalog.cards import CARDS
from explorer.catalog.looks import MODEL_LABELS, MODEL_LOOKS
from explorer.catalog.subjects import BUILT_IN, SUBJECTS, in_markdown
from explorer.files.sources import is_at_hand
from explorer.subsets import MOST_FUSED

FAMILIES: dict[str, str] = {
    "poe": "product",
    "logpool": "geometric mean",
    "moe": "mixture",
    "mopoe": "mixture of products",
    "wb": "Wasserstein",
    "mwb": "mixture of Wasserstein",
    "moments": "moment match",
    "holder": "Hölder pooling",
    "hellinger": "Hellinger average",
    "dependent": "dependent experts",
    "multivi": "MultiVI's average",
    "apart": "latents apart",
    "joint": "joint encoder",
}
"""Key of ``palette.FAMILY_COLORS`` -> what its members have in common."""

OVER_ALL_SUBSETS = {"mopoe", "mwb", "code"}
"""Families and models that mix over all subsets."""

DEFAULT = next(iter(BUILT_IN))
PARAMETER = "data"

state = st.session_state


def choose_dataset() -> str:
    """The dataset of the link, else of this visit, and the control that changes it."""
    arrival = arrive("dataset", _field())
    for notice in arrival.notices:
        st.warning(notice)
    _take(arrival.values[PARAMETER])

    def change() -> None:
        _take(state.dataset_choice)

    state.dataset_choice = state.dataset
    return st.selectbox(
        "Dataset",
        list(SUBJECTS),
        format_func=_option,
        key="dataset_choice",
        on_change=change,
    )


def _option(name: str) -> str:
    return SUBJECTS[name].label + ("" if is_at_hand(name) else " · files needed")


def _field() -> list[Field]:
    return [Field(PARAMETER, choice(list(SUBJECTS)), DEFAULT)]


def _take(name: str) -> None:
    state.dataset = name
    remember("dataset", _field(), {PARAMETER: name})


def label_of(name: str) -> str:
    """What a dataset is called, for Markdown; its key where it is gone."""
    return in_markdown(SUBJECTS[name].label if name in SUBJECTS else name)


def model_label(key: str) -> str:
    """A model's short name, and its family where the name does not tell."""
    look = MODEL_LOOKS[key]
    family = FAMILIES[look.family]
    return look.label if family.lower() in look.label.lower() else f"{look.label} · {family}"


def say_nothing_is_trained(name: str) -> None:
    """What to do on a page that has no model to show."""
    st.info(
        f"No model is trained on {in_markdown(SUBJECTS[name].label)} yet. Train one, in a few "
        "minutes:"
    )
    model = trainable(name)[0]
    st.code(
        f"python -m explorer train --dataset {name} --model {model} --minutes 4", language="bash"
    )


def trainable(name: str) -> list[str]:
    """Models that can be trained on dataset ``name``, the one that is offered first at the front.

    Mixtures over all subsets of many modalities cannot be had.
    """
    many = SUBJECTS[name].n_modalities > MOST_FUSED
    first = "mac_wae" if many else "mopoe"
    others = [
        key
        for key, look in MODEL_LOOKS.items()
        if key != first and not (many and {key, look.family} & OVER_ALL_SUBSETS)
    ]
    return [first, *others]


def show_cards(keys: Sequence[str]) -> None:
    """A button that opens the cards of some models."""
    with st.popover("About these models" if len(keys) > 1 else "About this model", width="content"):
        for tab, key in zip(st.tabs([MODEL_LABELS[key] for key in keys]), keys, strict=True):
            with tab:
                show_card(key)


def show_card(key: str) -> None:
    """Idea, formula, character, paper and known faults of a model."""
    card = CARDS[key]
    st.markdown(card.idea)
    st.latex(card.formula)
    st.markdown(card.character)
    st.markdown("**Known faults**\n\n" + "\n".join(f"- {fault}" for fault in card.faults))
    st.caption(f"{card.paper}. On the command line: {key}")
