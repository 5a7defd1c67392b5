"""Browser code, and what mounts it in Streamlit.

``barycenter`` mounts page 1 (``barycenter.js`` and the modules it imports), ``notebook.py`` mounts
the same source in JupyterLab. The files are plain ES modules without a build step; since a module
mounted as text cannot import its neighbors, :func:`source` joins them, dropping the import lines.
"""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from explorer import palette
from explorer.lessons import PLANE_PRESETS, PRESETS
from explorer.links import State

MODULES = ("mathematics.js", "drawing.js", "table.js", "line.js", "plane.js", "barycenter.js")
"""In the order in which they build on one another."""


def read(name: str) -> str:
    """Text of a file of this folder."""
    return files(__name__).joinpath(name).read_text("utf-8")


def setup() -> dict[str, Any]:
    """Collect what the browser knows from Python: looks, presets and the default state."""
    return {
        "labels": palette.LABELS,
        "dashes": palette.DASHES,
        "colors": palette.COLORS,
        "experts": palette.EXPERT_COLORS,
        "presets": [preset._asdict() for preset in PRESETS.values()],
        "planePresets": [preset._asdict() for preset in PLANE_PRESETS.values()],
        "defaults": State()._asdict(),
    }


@cache
def source() -> str:
    """Join the barycenter modules into one, the same for Streamlit, JupyterLab and the tests."""
    code = (re.sub(r"^import\b.*?;\n", "", read(name), flags=re.M | re.S) for name in MODULES)
    return f"const SETUP = {json.dumps(setup())};\n" + "\n".join(code)


def command(state: State, revision: int = 0, **options: Any) -> dict[str, Any]:
    """Tell the widget what to show; it obeys when the revision is new.

    Parameters
    ----------
    state
        What to show.
    revision
        Any number that was not used before for this widget.
    **options
        ``hide`` the fused curves, ``lesson`` (fewer controls), ``explanation`` above the plot.
    """
    plain = {"revision": revision, "hide": False, "lesson": False, "explanation": "", **options}
    return json.loads(json.dumps({**plain, "state": state._asdict()}))


@cache
def _barycenter():
    import streamlit as st

    return st.components.v2.component("barycenter", css=read("barycenter.css"), js=source())


def barycenter(data: dict[str, Any], *, key: str) -> Any:
    """Mount page 1's widget; returns the state it sent on the last release, or None.

    ``data`` is a :func:`command`. It stays the same between commands, so that Streamlit sends it,
    and the source, once.
    """
    return _barycenter()(key=key, data=data, on_state_change=lambda: None).state
