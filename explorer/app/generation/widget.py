"""The widget that shows what ``answers.py`` answers."""

import streamlit as st

from explorer.app.javascript import joined, read

gallery = st.components.v2.component(
    "gallery",
    css=read("generation/gallery.css"),
    js=joined(("generation/pieces.js", "generation/told.js", "generation/gallery.js")),
)
