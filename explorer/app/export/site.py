"""The static edition: a folder of plain files that any web host or a USB stick serves.

``python -m explorer export site/`` writes it. It is the browser's half of the app alone: the same
modules, joined into scripts; what Python tells them stands in scripts too, so that a page opens
from a disk as well. No page asks another host for anything. ``page-1.html`` is page 1 in one file.

To add a page: an entry in ``PAGES`` and in ``PAGES`` of ``site.js``.
"""

import base64
import html
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import explorer
from explorer.app import PAGES as APP_PAGES
from explorer.app.barycenters import widget
from explorer.app.barycenters.state import FIELDS
from explorer.app.javascript import APP, bundled, joined, read
from explorer.app.lesson.lesson import for_browser, load_lesson
from explorer.app.links import plans

MODELS = ("poe", "logpool", "moe", "mopoe", "wb", "mwb", "moments")
"""Whose maps are written: one model for each rule of page 1."""

NETWORKS = ("moe", "poe")
"""Networks that compute in the browser: one that every rule can fuse, and one that never saw a
subset of its inputs."""

SAMPLE_PAGES = 2
LAYOUTS = ("umap0", "pca", "same")
BEGIN = "globalThis.explorer ??= { data: {} };\n"


class Page(NamedTuple):
    """A page of the static edition: its file, its words, and the scripts that it needs."""

    file: str
    heading: str
    intro: str
    scripts: tuple[str, ...]


PAGES = {
    "barycenters": Page(
        "index.html",
        "How should experts be combined?",
        "Each input (picture, sound, text) has an encoder: an expert with a guess about the hidden "
        "z. A multimodal VAE must turn the guesses into one. Drag a dot: sideways moves what an "
        "expert believes, upwards makes it surer.",
        ("barycenters",),
    ),
    "latent-space": Page(
        "latent-space.html",
        "Where does a model put what it sees?",
        "Five pictures show the same digit, each on photographs of its own. Each sample is shown "
        "to a model in all 31 ways. Each dot is the belief that the model forms, on a map of two "
        "dimensions.",
        ("latent-space",),
    ),
    "generation": Page(
        "generation.html",
        "Who wins when inputs disagree?",
        "Hide, contradict or draw into a view; trained networks run in your browser.",
        ("generation",),
    ),
}


def classic(name: str, code: str) -> str:
    """Turn joined modules into a plain script; the default export is ``explorer.NAME.mount``."""
    code = re.sub(r"^export \{.*?\};\n", "", code, flags=re.M | re.S)
    code = re.sub(r"^export default function", "__.mount = function", code, flags=re.M)
    names = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", code, flags=re.M)
    code = re.sub(r"^export (?=async|function|const|class)", "", code, flags=re.M)
    if re.search(r"^(export|import)\b", code, flags=re.M):
        raise ValueError(f"a module of {name} has an export or import of another form")
    shared = f"Object.assign(__, {{ {', '.join(names)} }});" if names else ""
    begin = f'(() => {{\n"use strict";\nconst __ = (explorer[{json.dumps(name)}] = {{}});\n'
    return f"{BEGIN}{begin}{code}\n{shared}\n}})();\n"


def script_of(name: str, value: Any) -> str:
    """A script that leaves ``value`` in ``explorer.data[name]``."""
    text = json.dumps(value).replace("</", "<\\/")
    return f"{BEGIN}explorer.data[{json.dumps(name)}] = {text};\n"


def encode(data: bytes) -> str:
    """Bytes as text for a script."""
    return base64.b64encode(data).decode()


def theme() -> str:
    """CSS variables of both themes, as Streamlit sets them from ``.streamlit/config.toml``."""
    config = tomllib.loads((APP.parents[1] / ".streamlit/config.toml").read_text("utf-8"))
    rules = []
    for name in ("light", "dark"):
        colors = {k: v for k, v in config["theme"][name].items() if isinstance(v, str)}
        lines = "; ".join(
            f"--st-{re.sub(r'(?<!^)(?=[A-Z])', '-', key).lower()}: {value}"
            for key, value in colors.items()
        )
        rules.append(f"@media (prefers-color-scheme: {name}) {{ :root {{ {lines} }} }}")
    return "\n".join(rules) + "\n" + read("export/site.css")


def page_1() -> dict[str, Any]:
    """What page 1's widget needs."""
    return {
        "fields": plans(FIELDS),
        "css": read("barycenters/barycenter.css"),
        "without": [],
    }


def classes(names: Iterable[str], pages: Iterable[str]) -> dict[str, Any]:
    """The classes and where their pages are; a part on another page says that it needs the app."""
    return {
        "lessons": {name: for_browser(name, load_lesson(name)) for name in names},
        "css": read("lesson/lesson.css"),
        "pages": {page: PAGES[page].file for page in pages}
        | {"room": False, "without": widget.FOCUS},
    }


def maps() -> dict[str, Any]:
    """Every script of the Latent space page: name -> what it leaves."""
    from explorer.app.latent_space import maps as atlas
    from explorer.app.latent_space.state import Known, View, fields, to_browser
    from explorer.app.latent_space.widget import pack
    from explorer.app.shared.choices import DEFAULT
    from explorer.app.shared.loaded import outline
    from explorer.catalog.looks import MODEL_LABELS
    from explorer.evaluation.maps import Embedding

    found = {key: atlas.embedding(DEFAULT, key) for key in MODELS}
    found = {key: each for key, each in found.items() if isinstance(each, Embedding)}
    shown = {k: v for k, v in atlas.layouts(found.values()).items() if k in LAYOUTS}
    names = [modality.name for modality in outline(DEFAULT).modalities]
    count = len(next(iter(found.values())).tuples)
    known = Known(tuple(found), tuple(shown), names, count)
    scripts: dict[str, Any] = {}
    for key, each in found.items():
        view = to_browser(View(key), known)
        layers = {layout: atlas.layer(DEFAULT, key, layout) for layout in shown}
        header = atlas.header(DEFAULT, (key,), shown, view)
        scripts[f"maps/{key}"] = {
            "packed": encode(pack(header)),
            "layers": {a: {"name": b, "file": f"{key}-{b}"} for a, b in layers.items()},
        }
        for layer in set(layers.values()):
            scripts[f"maps/{key}-{layer}"] = encode(each.layouts[layer].tobytes())
    parts = atlas.sheet(DEFAULT, next(iter(found)))
    scripts |= {f"maps/pictures{i}": encode(part) for i, part in enumerate(parts)}
    scripts["latent-space"] = {
        "fields": plans(fields(known)),
        "css": read("latent_space/scatter.css"),
        "names": names,
        "count": count,
        "subsets": known.subsets,
        "labels": {key: MODEL_LABELS[key] for key in found},
        "sheet": {"name": "pictures", "parts": len(parts)},
    }
    return scripts


def networks() -> dict[str, Any]:
    """Every script of the Generation page: what it is told, networks (a byte a weight), samples."""
    from safetensors.torch import save

    from explorer.app.generation.served import CLASSIFIERS, samples
    from explorer.app.generation.told import setup
    from explorer.app.generation.widget import worker
    from explorer.app.shared.choices import DEFAULT
    from explorer.checkpoints import load_pretrained
    from explorer.evaluation.classifiers import load_classifiers
    from explorer.models.saved import packed
    from explorer.networks.description import describe

    told = setup(DEFAULT)
    told["models"] = [model for model in told["models"] if model["key"] in NETWORKS]
    told["presets"] = [preset for preset in told["presets"] if "models" not in preset["state"]]
    scripts: dict[str, Any] = {}
    for key in (*NETWORKS, CLASSIFIERS):
        network = load_classifiers(DEFAULT) if key == CLASSIFIERS else load_pretrained(DEFAULT, key)
        layers = json.dumps(describe(network)).encode()
        scripts[f"networks/{key}"] = {
            "weights": f"data:;base64,{encode(save(packed(network.state_dict())))}",
            "layers": f"data:application/json;base64,{encode(layers)}",
        }
    pages = [samples(DEFAULT, i) for i in range(SAMPLE_PAGES)]
    count = sum(len(page["items"]) for page in pages)
    scripts |= {f"samples/{i}": page | {"n_items": count} for i, page in enumerate(pages)}
    scripts["generation"] = {
        "css": read("generation/generation.css"),
        "setup": told,
        "names": list_of_parameters(),
        "worker": worker(),
        "networks": [*NETWORKS, CLASSIFIERS],
    }
    return scripts


def list_of_parameters() -> list[str]:
    """What the Generation page calls the parts of its link: the fields of ``state.js``."""
    body = re.search(
        r"export function fields.*?return \{(.*?)\n  \};", read("generation/state.js"), re.S
    )
    return re.findall(r"^    (\w+):", body[1], re.M)


def code() -> dict[str, str]:
    """The scripts that compute and draw, by name."""
    from explorer.app.generation.widget import PAGE as GENERATION
    from explorer.app.latent_space.widget import MODULES as SCATTER
    from explorer.app.lesson.panel import MODULES as CLASS

    return {
        "barycenters": classic("barycenters", widget.source()),
        "latent-space": classic("latent-space", joined(SCATTER)),
        "generation": classic(
            "generation",
            bundled(f"generation/{name}" for name in GENERATION if name != "mount.js")
            + "\nObject.assign(__, $view);",
        ),
        "classes": classic("classes", joined(CLASS)),
        "site": classic("site", joined(("links.js", "export/site.js"))),
    }


def document(page: str, styles: str, scripts: str, links: str, footer: str) -> str:
    """The HTML of a page."""
    about = PAGES[page]
    values = {
        "title": html.escape(about.heading),
        "heading": html.escape(about.heading),
        "intro": html.escape(about.intro),
        "icon": encode((APP / "icon.svg").read_bytes()),
        "wordmark": (APP / "wordmark.svg").read_text("utf-8"),
        "page": page,
        "styles": styles,
        "scripts": scripts,
        "links": links,
        "footer": footer,
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], read("export/page.html"))


def navigation(here: str, names: Iterable[str]) -> str:
    """Links to every page and class."""
    links = [
        f'<a href="{each.file}"{" aria-current=page" if page == here else ""}>'
        f"{html.escape(APP_PAGES[page])}</a>"
        for page, each in PAGES.items()
    ]
    for name in names:
        title = html.escape(load_lesson(name).title)
        links.append(f'<a href="index.html?class={name}&amp;step=1">Class: {title}</a>')
    return "".join(links)


def export(folder: Path, names: Iterable[str] = ("fusion",)) -> dict[str, int]:
    """Write the static edition.

    Parameters
    ----------
    folder
        Made where it is missing; files of an earlier export are replaced.
    names
        The classes that it has.

    Returns
    -------
    Bytes of each file, by its name in the folder.

    Raises
    ------
    ValueError
        The folder holds something else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "page-1.html").exists():
        raise ValueError(f"{folder} holds other files; name a new folder, or an earlier export")
    names = tuple(names)
    scripts = code()
    data = {"barycenters": page_1(), "classes": classes(names, PAGES), **maps(), **networks()}
    files = {f"assets/{name}.code.js": text for name, text in scripts.items()}
    files |= {f"assets/{name}.js": script_of(name, value) for name, value in data.items()}
    files["assets/site.css"] = theme()
    footer = (
        f"Barycenter Explorer {explorer.__version__}, static edition: computed in your browser; "
        "nothing is sent anywhere. Scores and training are in the app."
    )
    for page, about in PAGES.items():
        wanted = [f"{name}.js" for name in (*about.scripts, "classes")]
        wanted += [f"{name}.code.js" for name in (*about.scripts, "classes", "site")]
        tags = "\n".join(f'<script src="assets/{each}"></script>' for each in wanted)
        styles = '<link rel="stylesheet" href="assets/site.css">'
        files[about.file] = document(page, styles, tags, navigation(page, names), footer)
    files["page-1.html"] = single_file(data["barycenters"], scripts, footer)
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return {name: len(text.encode()) for name, text in files.items()}


def single_file(data: dict[str, Any], scripts: dict[str, str], footer: str) -> str:
    """Page 1 in one file, which opens from a disk."""
    parts = (script_of("barycenters", data), scripts["barycenters"], scripts["site"])
    escaped = (part.replace("</script", "<\\/script") for part in parts)
    tags = "\n".join(f"<script>\n{part}</script>" for part in escaped)
    return document("barycenters", f"<style>{theme()}</style>", tags, "", footer)
