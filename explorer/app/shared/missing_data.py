"""What pages show of a dataset whose files are not here: what it needs, and draws from priors."""

import time

import streamlit as st

from explorer.app.shared.choices import model_label
from explorer.app.train.curves import draw_rows
from explorer.app.train.queue.samples import Row
from explorer.catalog.subjects import SUBJECTS, trained
from explorer.files.own import list_folders
from explorer.files.sources import (
    DataError,
    can_be_fetched,
    is_at_hand,
    is_embedded,
    source,
    what_is_needed,
)

N_DRAWS = 8
TELL_EVERY_SECONDS = 0.3


def absence(name: str) -> str:
    """Why dataset ``name`` cannot be loaded; empty where it can, and then it is."""
    if is_embedded(name) and name not in list_folders():
        return ""
    if not is_at_hand(name):
        return what_is_needed(name)
    from explorer.app.shared.loaded import dataset

    try:
        dataset(name)
    except DataError as error:
        return str(error)
    return ""


def say_what_is_missing(name: str, why: str) -> None:
    """What it takes to have the dataset here, and a button where a program can get it."""
    state = "cannot be used" if is_at_hand(name) else "are not here"
    st.info(f"{SUBJECTS[name].label}: its files {state}.", icon=":material/folder_off:")
    st.text(why)
    if is_at_hand(name) or not can_be_fetched(name):
        return
    st.markdown("Get them with this command, or with the button:")
    st.code(f"python -m explorer data fetch {name}", language="bash")
    st.caption(f"License: {source(name).license}")
    if st.button("Get the files", icon=":material/download:", key="absent_fetch"):
        get(name)


def get(name: str) -> None:
    """Fetch while the page waits; what came stays when the visitor leaves."""
    from explorer.files.sources.fetch import fetch
    from explorer.files.sources.unpacking import in_words

    bar = st.progress(0.0, "asking the servers")
    told = 0.0

    def tell(what: str, done: int, total: int | None) -> None:
        nonlocal told
        if time.monotonic() - told > TELL_EVERY_SECONDS:
            told = time.monotonic()
            bar.progress(done / total if total else 0.0, f"{what}: {in_words(done)}")

    try:
        fetch(name, progress=tell, on_wait=lambda: bar.progress(0.0, "another visitor fetches"))
    except DataError as error:
        st.error("The files could not be had.")
        st.text(str(error))
        return
    st.rerun()


def show_prior(name: str) -> None:
    """What a model draws from nothing, which takes no data."""
    keys = trained(name)
    if not keys:
        return
    st.subheader("Drawn from nothing")
    left, right = st.columns([1, 3])
    key = left.selectbox("Model", keys, format_func=model_label, key="absent_model")
    seed = left.number_input("Seed", 0, 2**31 - 1, key="absent_seed")
    rows = draws(name, key, int(seed))
    with right:
        if isinstance(rows, str):
            st.info(rows)
            return
        st.markdown(f"{N_DRAWS} points of the latent space, drawn from the prior and decoded:")
        st.html(draw_rows([(row.name, row) for row in rows]))


def draws(name: str, key: str, seed: int) -> list[Row] | str:
    """``N_DRAWS`` samples of every modality, or why there are none."""
    from explorer.app.shared.loaded import model, written

    found = model(name, key)
    if isinstance(found, str):
        return found
    if not found.has_prior:
        return (
            "This model has no prior over all modalities: it draws only when it is given some of "
            "a sample, and that takes the data."
        )
    return _draws(name, key, written(name, key), seed)


@st.cache_data(show_spinner=False, max_entries=50)
def _draws(name: str, key: str, modified: int, seed: int) -> list[Row]:
    import torch

    from explorer.app.shared.loaded import INFERENCE, model
    from explorer.app.train.queue.process import rows

    vae = model(name, key)
    generator = torch.Generator().manual_seed(seed)
    with INFERENCE, torch.inference_mode():
        z = vae.prior(torch.empty(N_DRAWS, vae.latent_dim)).rsample(generator)
        decoded = vae.decode(z, styles=vae.draw_styles(z, generator))
        return rows({m: decoded[m.name].mean for m in vae.modalities})
