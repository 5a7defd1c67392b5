"""What pages show of a dataset whose files are not here: what it needs and how to get it."""

import time

import streamlit as st

from explorer.catalog.subjects import SUBJECTS, in_markdown
from explorer.files.own import list_folders
from explorer.files.sources import (
    DataError,
    can_be_fetched,
    is_at_hand,
    is_embedded,
    source,
    what_is_needed,
)

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
    state = "it cannot be shown here" if is_at_hand(name) else "its files are not here"
    st.info(f"{in_markdown(SUBJECTS[name].label)}: {state}.", icon=":material/folder_off:")
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
