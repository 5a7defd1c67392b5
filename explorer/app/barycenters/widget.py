"""Page 1's widget: ``barycenter`` mounts it in Streamlit, ``notebook.py`` in JupyterLab."""

import json
from functools import cache
from typing import Any

from explorer.app.barycenters.lessons import PLANE_PRESETS, PRESETS
from explorer.app.barycenters.state import IMAGES, State
from explorer.app.javascript import joined, read
from explorer.catalog import looks
from explorer.catalog.cards import CARDS

MODULES = tuple(
    f"barycenters/{name}.js"
    for name in (
        "mathematics",
        "drawing",
        "table",
        "therefore",
        "sketch",
        "line",
        "plane",
        "theorems",
        "demonstration",
        "barycenter",
    )
)
"""In the order in which they build on one another."""

PARTS = ("tab", "presets", "curves", "log", "switches", "step", "downloads", "experts", "between")
PARTS += ("table", "therefore", "theorems")
"""What a command can leave out; elements of the widget carry these names as ``data-part``."""

FOCUS = ("tab", "presets", "switches", "downloads", "between", "theorems")
"""What is left out when a lesson has one task."""


def setup() -> dict[str, Any]:
    """Collect what the browser knows from Python: looks, presets and the default state."""
    return {
        "labels": looks.LABELS,
        "ideas": {key: f"{CARDS[key].idea} {CARDS[key].character}" for key in looks.LABELS},
        "dashes": looks.DASHES,
        "colors": looks.COLORS,
        "experts": looks.EXPERT_COLORS,
        "presets": [preset._asdict() for preset in PRESETS.values()],
        "planePresets": [preset._asdict() for preset in PLANE_PRESETS.values()],
        "images": IMAGES,
        "defaults": State()._asdict(),
    }


@cache
def source() -> str:
    """Join the barycenter modules into one, the same for Streamlit, JupyterLab and the tests."""
    return f"const SETUP = {json.dumps(setup())};\n{joined(MODULES)}"


def command(state: State, revision: int = 0, **options: Any) -> dict[str, Any]:
    """Tell the widget what to show; it obeys when the revision is new.

    Parameters
    ----------
    state
        What to show.
    revision
        Any number that was not used before for this widget.
    **options
        ``covered``: the fused curves are not shown; ``without``: a list of the parts that are
        left out, of ``PARTS``; ``explanation``: a text above the plot.
    """
    plain = {"revision": revision, "covered": False, "without": [], "explanation": "", **options}
    return json.loads(json.dumps({**plain, "state": state._asdict()}))


@cache
def _barycenter():
    import streamlit as st

    return st.components.v2.component(
        "barycenter", css=read("barycenters/barycenter.css"), js=source()
    )


def barycenter(data: dict[str, Any], *, key: str) -> Any:
    """Mount page 1's widget; returns the state it sent on the last release, or None.

    ``data`` is a :func:`command`. It stays the same between commands, so that Streamlit sends it,
    and the source, once.
    """
    told = data | {"home": True}  # it may play, and lead to the Generation page
    return _barycenter()(key=key, data=told, on_state_change=lambda: None).state
