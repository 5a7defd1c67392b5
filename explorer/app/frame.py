"""The frame around every page: wordmark, navigation, footer with the link to share."""

from pathlib import Path

import streamlit as st

import explorer
from explorer.app import PAGES
from explorer.app.lesson.panel import find_class, show_class
from explorer.app.shared.share import copy_link

HERE = Path(__file__).parent

# Streamlit writes white on any primary color and too pale in code, scrolls code and formulas where
# a keyboard cannot, leaves wide margins, and on a phone pushes the menu and tables off the screen.
STYLE = """
<style>
[data-testid^=stBaseButton-primary], [data-testid=stMultiSelect] [data-tag] * {
  color: light-dark(#fff, #14161c);
}
[data-testid=stCode] .token { color: inherit !important; background: none !important }
[data-testid=stCode] :is(pre, code, span) { white-space: pre-wrap !important }
[data-testid=stCode] .comment { color: light-dark(#5d6069, #a7abb6) !important }
[data-testid=stCode] .keyword { color: light-dark(#33429e, #b4bfff) !important }
[data-testid=stCode] .string { color: light-dark(#17633c, #8fd6a8) !important }
[data-testid=stCode] .number { color: light-dark(#8a4210, #f0b27a) !important }
.katex-display { overflow: visible !important }
.katex-display > .katex { white-space: normal !important }
@media (min-width: 641px) {
  [data-testid=stMainBlockContainer] { padding: 4.5rem 3rem 3rem }
}
@media (max-width: 640px) {
  [data-testid=stToolbar] :has(> [data-testid=stToolbarActions]) { min-width: 9rem }
  [data-testid=stMarkdown] :is(td, th) { padding: 0.3rem 0.4rem }
}
</style>
"""

st.set_page_config(
    layout="wide",
    page_icon=str(HERE / "icon.svg"),
    menu_items={"About": "See, touch and measure how multimodal autoencoders fuse what they see."},
)
st.logo(str(HERE / "wordmark.svg"))

# What is embedded in slides or a course page is the figure; its link still names the whole page.
FIGURE_ALONE = """
<style>
[data-testid=stHeader], [data-testid=stElementContainer]:has(h1),
[data-testid=stElementContainer]:has(h1) + [data-testid=stElementContainer],
[data-testid=stMain] [data-testid=stExpander], [data-testid=stMain] [data-testid=stPopover]
{ display: none !important }
[data-testid=stMain] [data-testid=stMainBlockContainer] { padding: 0.5rem 1rem }
</style>
"""

embedded = bool(st.context.is_embedded)
st.html(STYLE + FIGURE_ALONE if embedded else STYLE)

named = st.query_params.get("class")
lesson = find_class(named) if named else None
files = {path: HERE / path.replace("-", "_") / "page.py" for path in PAGES}
page = st.navigation(
    [
        st.Page(files[path], title=title, url_path=path, default=path == next(iter(PAGES)))
        for path, title in PAGES.items()
        if files[path].exists()
    ],
    position="hidden" if lesson or embedded else "top",
)
if lesson:
    show_class(named, lesson)
page.run()

if not embedded:
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"Barycenter Explorer {explorer.__version__}. Barycenters are computed in your "
            "browser, models run on the machine that serves this page, and nothing is sent "
            "anywhere else."
        )
        copy_link(key="share", width="content")
