"""The class in the app: its panel beside the page, and what of the frame is away meanwhile."""

from functools import cache

import streamlit as st

from explorer.app import PAGES
from explorer.app.barycenters.widget import FOCUS
from explorer.app.javascript import joined, read
from explorer.app.lesson.lesson import Lesson, LessonError, for_browser, load_lesson

MODULES = (
    "barycenters/mathematics.js",
    *(
        f"lesson/{name}.js"
        for name in (
            "dom",
            "checks",
            "position",
            "memory",
            "questions",
            "room_client",
            "lesson",
        )
    ),
)
"""In the order in which they build on one another."""

# A class needs a page's figure, not its title, its explanations and its lists of models.
STYLE = """
<style>
[data-testid=stMain] [data-testid=stHorizontalBlock]:has(h1),
[data-testid=stMain] [data-testid=stElementContainer]:has(h1),
[data-testid=stMain] [data-testid=stElementContainer]:has(h1) + [data-testid=stElementContainer],
[data-testid=stMain] [data-testid=stExpander], .st-key-barycenters_mode,
[data-testid=stHeader] { display: none !important }
[data-testid=stMain] [data-testid=stMainBlockContainer] { padding-top: 1.5rem !important }
@media (min-width: 1100px) {
  [data-testid=stMain] [data-testid=stMainBlockContainer] {
    padding-left: 364px; padding-right: 1.5rem;
  }
}
</style>
"""


@cache
def _panel():
    return st.components.v2.component("class", css=read("lesson/lesson.css"), js=joined(MODULES))


def pages() -> dict[str, object]:
    """Where each page is, that a room may be, and what page 1 does without in a class."""
    first = next(iter(PAGES))
    return {path: "/" if path == first else f"/{path}" for path in PAGES} | {
        "room": True,
        "without": FOCUS,
    }


def find_class(name: str) -> Lesson | None:
    """The class of this name; where it cannot be used the page says why, and there is none."""
    try:
        return load_lesson(name)
    except LessonError as error:
        st.error("This class cannot be opened.", icon=":material/school:")
        st.text(str(error))
        return None


def show_class(name: str, lesson: Lesson) -> None:
    """Mount the class's panel, and put away what it does not need."""
    st.html(STYLE)
    _panel()(key="class", data={"lesson": for_browser(name, lesson), "pages": pages()})
