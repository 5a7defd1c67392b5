"""The frame around every page: wordmark, navigation, footer with the link to share."""

from pathlib import Path

import streamlit as st

import explorer
from explorer.pages import PAGES
from explorer.pages.share import copy_link

HERE = Path(__file__).parent

# Streamlit writes white on any primary color, and on a phone pushes the menu off the screen.
STYLE = """
<style>
[data-testid^=stBaseButton-primary] { color: light-dark(#fff, #14161c) }
@media (max-width: 640px) {
  [data-testid=stToolbar] :has(> [data-testid=stToolbarActions]) { min-width: 9rem }
}
</style>
"""

st.set_page_config(
    layout="wide",
    page_icon=str(HERE / "icon.svg"),
    menu_items={"About": "See, touch and measure how multimodal autoencoders fuse what they see."},
)
st.logo(str(HERE / "wordmark.svg"))

st.html(STYLE)

files = {path: HERE / f"{path.replace('-', '_')}.py" for path in PAGES}
page = st.navigation(
    [
        st.Page(files[path], title=title, url_path=path, default=path == next(iter(PAGES)))
        for path, title in PAGES.items()
        if files[path].exists()
    ],
    position="top",
)
page.run()

st.divider()
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(
        f"Barycenter Explorer {explorer.__version__}. Barycenters are computed in your browser, "
        "models run on the machine that serves this page, and nothing is sent anywhere else."
    )
    copy_link(key="share", width="content")
