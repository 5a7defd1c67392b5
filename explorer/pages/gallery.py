"""The widget that shows what ``explorer/pages/answers.py`` answers."""

from pathlib import Path

import streamlit as st

# by path: importing explorer.widgets would import torch, and a kept answer does not wait for it
WIDGETS = Path(__file__).resolve().parents[1] / "widgets"

gallery = st.components.v2.component(
    "gallery",
    css=(WIDGETS / "gallery.css").read_text("utf-8"),
    js=(WIDGETS / "gallery.js").read_text("utf-8"),
)
