"""What mounts the maps of a latent space, and brings the layouts and thumbnails that they show.

The bytes that go to the browser: uint32 length of a JSON header, the header, then the arrays that
it refers to as ``[type, offset, length]``; in a parcel, the bytes that it names.
"""

import json
from functools import cache
from typing import Any

import numpy as np

from explorer.app.javascript import joined, read
from explorer.catalog import looks

MODULES = tuple(
    f"latent_space/{name}.js" for name in ("marks", "layers", "peaks", "card", "map", "scatter")
)
"""In the order in which they build on one another."""

PALETTE = {
    theme: {
        "classes": looks.CLASS_COLORS[theme],
        "modalities": looks.EXPERT_COLORS[theme],
        "sizes": looks.SIZE_COLORS[theme],
        "verdicts": looks.VERDICT_COLORS[theme],
    }
    for theme in looks.THEMES
}


def pack(header: dict[str, Any]) -> bytes:
    """Bytes of ``header``, whose arrays (uint8; nested in dicts and lists) follow it."""
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

    text = _header(refer(header, []))
    padded = (array.tobytes() + bytes(-array.nbytes % 4) for array in arrays)
    return text + b"".join(padded)


def _header(header: dict[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text


@cache
def _scatter():
    import streamlit as st

    return st.components.v2.component(
        "scatter",
        html='<div class="scatter"></div>',
        css=read("latent_space/scatter.css"),
        js=joined(MODULES),
    )


@cache
def _parcel():
    import streamlit as st

    return st.components.v2.component("parcel", js=read("latent_space/parcel.js"))


def scatter(data: bytes, *, key: str) -> dict[str, Any] | None:
    """Mount one or two maps; returns the view chosen in the browser, None before any choice."""
    return _scatter()(key=key, data=data, on_view_change=lambda: None).view


def parcel(name: str, data: bytes) -> None:
    """Leave ``data`` in the browser under ``name``, which decides what it is, while mounted."""
    _parcel()(key=f"parcel {name}", data=_header({"name": name}) + data)
