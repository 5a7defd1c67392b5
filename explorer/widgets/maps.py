"""What mounts the maps of a latent space, and the thumbnails that they show.

The bytes that go to the browser: uint32 length of a JSON header, the header, then the arrays that
it refers to as ``[type, offset, length]``.
"""

import json
import re
from functools import cache
from typing import Any

import numpy as np

from explorer import palette
from explorer.widgets import read

MODULES = ("marks.js", "card.js", "map.js", "scatter.js")
"""In the order in which they build on one another."""

PALETTE = {
    theme: {
        "classes": palette.CLASS_COLORS[theme],
        "modalities": palette.EXPERT_COLORS[theme],
        "sizes": palette.SIZE_COLORS[theme],
        "verdicts": palette.VERDICT_COLORS[theme],
    }
    for theme in palette.THEMES
}


def pack(header: dict[str, Any]) -> bytes:
    """Bytes of ``header``, whose arrays (uint8, uint16; nested in dicts and lists) follow it."""
    arrays: list[np.ndarray] = []

    def refer(value: Any, lengths: list[int]) -> Any:
        if isinstance(value, np.ndarray):
            arrays.append(np.ascontiguousarray(value))
            offset = sum(lengths)
            lengths.append(-(-value.nbytes // 4) * 4)
            return [value.dtype.str[1:], offset, value.size]
        if isinstance(value, dict):
            return {key: refer(part, lengths) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [refer(part, lengths) for part in value]
        return value

    text = json.dumps(refer(header, [])).encode()
    text += b" " * (-len(text) % 4)
    padded = (array.tobytes() + bytes(-array.nbytes % 4) for array in arrays)
    return len(text).to_bytes(4, "little") + text + b"".join(padded)


@cache
def _scatter():
    import streamlit as st

    code = (re.sub(r"^import\b.*?;\n", "", read(name), flags=re.M | re.S) for name in MODULES)
    return st.components.v2.component(
        "scatter",
        html='<div class="scatter"></div>',
        css=read("scatter.css"),
        js="\n".join(code),
    )


@cache
def _thumbnails():
    import streamlit as st

    return st.components.v2.component("thumbnails", js=read("thumbnails.js"))


def scatter(data: bytes, *, key: str) -> dict[str, Any] | None:
    """Mount one or two maps; returns the view chosen in the browser, None before any choice."""
    return _scatter()(key=key, data=data, on_view_change=lambda: None).view


def thumbnails(sheet: bytes, *, key: str) -> None:
    """Hand the browser one WebP picture with all thumbnails, 28 px tiles row by row."""
    _thumbnails()(key=key, data=sheet)
