"""A place on every page where its words are said in one sentence each."""

import streamlit as st

from explorer.catalog.words import WORDS


def define(*words: str) -> None:
    """A small button that opens the meanings of ``words``, keys of ``WORDS``."""
    with st.popover("What do these words mean?", icon=":material/menu_book:", type="tertiary"):
        for word in words:
            st.markdown(f"**{word.capitalize()}**: {WORDS[word]}")
