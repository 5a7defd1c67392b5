"""The widget of the Generation page: plain ES modules, and those of its worker as text."""

import json
from functools import cache

import streamlit as st

from explorer.app.javascript import bundled, read

WORKER = ("network.js", "fusion.js", "compute.js", "worker.js")
PAGE = (
    *("dom.js", "fusion.js", "desk.js", "strokes.js", "observations.js", "words.js", "state.js"),
    *("inputs.js", "rows.js", "view.js", "mount.js"),
)
"""In the order in which they build on one another."""


def worker() -> str:
    """The script that computes."""
    return bundled(f"generation/{name}" for name in WORKER)


@cache
def source() -> str:
    """The script that shows, with the one that computes as text in it."""
    page = bundled(f"generation/{name}" for name in PAGE)
    return f"const WORKER = {json.dumps(worker())};\n{page}"


generation = st.components.v2.component(
    "generation", css=read("generation/generation.css"), js=source()
)
