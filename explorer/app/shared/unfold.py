"""What is drawn only when a visitor unfolds it.

A browser loads 1.6 MB for the first code block of a page and 0.3 MB for the first formula, even
where they are out of sight. Whatever holds code or formulas and starts folded goes through here.
"""

from collections.abc import Callable

import streamlit as st


@st.fragment
def unfold(title: str, draw: Callable[..., None], *arguments: object, key: str) -> None:
    """Show ``title``; once it is opened, draw what is below it with ``draw(*arguments)``."""
    box = st.expander(title, key=key, on_change="rerun")
    if box.open:
        with box:
            draw(*arguments)
