"""The widget that shows what ``explorer/pages/answers.py`` answers."""

import streamlit as st

from explorer import widgets

gallery = st.components.v2.component(
    "gallery", css=widgets.read("gallery.css"), js=widgets.read("gallery.js")
)
