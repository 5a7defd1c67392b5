"""The widget that shows what ``explorer/pages/answers.py`` answers."""

import re
from pathlib import Path

import streamlit as st

# by path: importing explorer.widgets would import torch, and a kept answer does not wait for it
WIDGETS = Path(__file__).resolve().parents[1] / "widgets"

gallery = st.components.v2.component(
    "gallery",
    css=(WIDGETS / "gallery.css").read_text("utf-8"),
    js="\n".join(
        re.sub(r"^import\b.*?;\n", "", (WIDGETS / name).read_text("utf-8"), flags=re.M | re.S)
        for name in ("pieces.js", "told.js", "gallery.js")  # as one builds on another
    ),
)
