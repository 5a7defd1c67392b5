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


def bundled(paths: Iterable[str]) -> str:
    """Make one script of modules that keep their names to themselves.

    Each becomes a function that returns what it exports. Only imports and exports in one statement
    from the start of a line are understood, and of names, not of everything.

    Parameters
    ----------
    paths
        As in :func:`joined`; a default export of the last one is that of the script.
    """
    parts = []
    for path in paths:
        code = re.sub(
            r"^import\s*\{([^}]*)\}\s*from\s*\"([^\"]+)\";\n",
            lambda found: f"const {{{found[1].replace(' as ', ': ')}}} = {_named(found[2])};\n",
            read(path),
            flags=re.M,
        )
        names = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", code, flags=re.M)
        code = re.sub(r"^export default ", "const $default = ", code, flags=re.M)
        code = re.sub(r"^export (?=async|function|const|class)", "", code, flags=re.M)
        if "const $default" in code:
            names.append("$default")
        parts.append(
            f"const {_named(path)} = (() => {{\n{code}\nreturn {{ {', '.join(names)} }};\n}})();"
        )
        if "const $default" in code:
            parts.append(f"export default {_named(path)}.$default;")
    return "\n".join(parts)


def _named(path: str) -> str:
    """What a module is called in a bundle: by its file's name, so those must differ."""
    return "$" + re.sub(r"\W", "_", Path(path).stem)
