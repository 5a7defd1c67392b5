"""Browser code: plain ES modules without a build step, joined where a component is mounted as text.

A module that Streamlit or anywidget mounts as text cannot import its neighbors, so :func:`joined`
puts the modules of one component one after another and drops their import lines.
"""

import re
from collections.abc import Iterable
from pathlib import Path

APP = Path(__file__).parent


def read(path: str) -> str:
    """Read the text of a file, given its path from ``explorer/app``."""
    return (APP / path).read_text("utf-8")


def joined(paths: Iterable[str]) -> str:
    """Join modules into one; each may use what those before it define.

    Parameters
    ----------
    paths
        Paths from ``explorer/app``, in the order in which the modules build on one another.
    """
    code = (re.sub(r"^import\b.*?;\n", "", read(path), flags=re.M | re.S) for path in paths)
    return "\n".join(code)
