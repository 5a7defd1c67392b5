"""What the Latent space page shows, without the page: maps, pictures and figures, cached."""

import base64
import io
from collections.abc import Collection, Sequence

import numpy as np
import streamlit as st
import torch
from PIL import Image

from explorer.app.latent_space.state import SAME
from explorer.app.latent_space.widget import PALETTE
from explorer.app.shared.loaded import (
    INFERENCE,
    classifiers,
    dataset,
    model,
    outline,
    stamp,
    written,
)
from explorer.catalog.looks import MODEL_LABELS
from explorer.catalog.subjects import SUBJECTS
from explorer.checkpoints import CheckpointError, checkpoint_directory
from explorer.datasets import Modality
from explorer.datasets.modality import KINDS, told_in_words
from explorer.datasets.sound import hear
from explorer.drawing.tiles import describe, pictures
from explorer.evaluation.maps import (
    ARRAYS,
    LINEAR,
    REPORT,
    Embedding,
    EmbeddingError,
    load_embedding,
)
from explorer.files.sources import is_at_hand
from explorer.subsets import subset_title

PART, COLUMNS = 100, 10
"""Tuples in a part of the sheet of thumbnails, and in a row of it."""

THUMBNAIL = dict.fromkeys(KINDS, 28) | {"spikes": 40}
"""Height by kind, in pixels; a sheet has that of its tallest."""

JUDGED = 250
"""Test tuples over which the terms of an objective are averaged."""


def embedding(name: str, key: str) -> Embedding | str:
    """The maps of a model, or the sentence that says why there are none and what to do."""
    try:
        return _embedding(name, key, stamps(name, key))
    except EmbeddingError as error:
        return f"{error}."


def stamps(name: str, key: str) -> tuple[int, ...]:
    """When the checkpoint and its maps were written; new ones are loaded without a restart."""
    try:
        folder = checkpoint_directory(name, key)
        return written(name, key), *(
            (folder / file).stat().st_mtime_ns for file in (ARRAYS, REPORT)
        )
    except (CheckpointError, OSError):
        return ()


@st.cache_resource(show_spinner=False, max_entries=16)
def _embedding(name: str, key: str, modified: tuple[int, ...]) -> Embedding:
    return load_embedding(name, key)


def layouts(maps: Collection[Embedding]) -> dict[str, str]:
    """What can be shown of some maps, and what it is called."""
    found = {name for each in maps for name in each.layouts}
    seeds = sorted(found - {"latent", "pca"}, key=lambda name: (len(name), name))
    labels = {"latent": "the latent space", SAME: "same axes", "pca": "PCA"}
    labels |= {
        name: f"UMAP, seed {i + 1}" if len(seeds) > 1 else "UMAP" for i, name in enumerate(seeds)
    }
    return {name: label for name, label in labels.items() if name in found | {SAME}}


def header(
    name: str, keys: tuple[str, ...], shown_layouts: dict[str, str], view: dict[str, object]
) -> dict[str, object]:
    """Everything the browser needs to draw the maps of one or two models, but the layers."""
    data, maps = outline(name), [embedding(name, key) for key in keys]
    first = maps[0]
    names = [modality.name for modality in data.modalities]
    panels = [
        {
            "id": panel_id(name, key),
            "label": MODEL_LABELS[key],
            "predicted": each.predicted,
            "layouts": list(each.layouts),
            "frame": _frame(each),
        }
        for key, each in zip(keys, maps, strict=True)
    ]
    return {
        "names": names,
        "descriptions": [modality.description for modality in data.modalities],
        "word": SUBJECTS[name].word,
        "classes": list(data.classes),
        "layouts": shown_layouts,
        "tiles": tiles(name, keys[0]),
        "subsets": [subset_title(subset, names) for subset in first.report["subsets"]],
        "members": [
            [names.index(member) for member in subset.split("+")]
            for subset in first.report["subsets"]
        ],
        "told": told(name, keys[0]),
        "labels": first.labels,
        "shuffled": np.random.default_rng(0).permutation(first.labels),
        "panels": panels,
        "palette": PALETTE,
        "view": view,
    }


def panel_id(name: str, key: str) -> str:
    """A word for the maps of a model as they are now."""
    return "-".join(map(str, (name, key, *stamps(name, key))))


def _frame(each: Embedding) -> dict[str, object]:
    """The layout that lies in the latent space, and where: in the prior's standard deviations."""
    layout = next(layout for layout in LINEAR if layout in each.layouts)
    place = each.report["layouts"][layout]
    return {"layout": layout, "corner": place["corner"], "step": place["step"]}


def layer(name: str, key: str, layout: str) -> str:
    """The stored layout that a panel draws when ``layout`` is asked for."""
    each = embedding(name, key)
    if layout == SAME:
        return str(_frame(each)["layout"])
    return layout if layout in each.layouts else "umap0"


def tiles(name: str, key: str) -> dict[str, object]:
    """Where the thumbnail of a tuple and modality lies in the parts of the sheet."""
    shown = _parts(name, tuple(embedding(name, key).tuples.tolist()), is_at_hand(name), stamp(name))
    return {"id": f"thumbnails-{name}", "part": PART, "columns": COLUMNS} | shown["size"]


def sheet(name: str, key: str) -> list[bytes]:
    """The thumbnails of the tuples on a model's map, ``PART`` tuples to a WebP picture."""
    return _parts(name, tuple(embedding(name, key).tuples.tolist()), is_at_hand(name), stamp(name))[
        "parts"
    ]


@st.cache_resource(show_spinner=False, max_entries=6)
def _parts(name: str, tuples: tuple[int, ...], here: bool, files: tuple) -> dict[str, object]:
    modalities = outline(name).modalities
    words = {modality.name for modality in told_in_words(modalities)}
    pictured = [modality for modality in modalities if modality.name not in words]
    height = max(THUMBNAIL[modality.kind] for modality in pictured or modalities)
    # blank where the dataset's files are missing
    parts, widths = [], {modality.name: height for modality in pictured}
    for start in range(0, len(tuples) if here and pictured else 0, PART):
        with INFERENCE:
            batch = dataset(name).test[torch.tensor(tuples[start : start + PART])]
        columns = [_thumbnails(modality, batch[modality.name], height) for modality in pictured]
        widths = {m.name: column.shape[2] for m, column in zip(pictured, columns, strict=True)}
        parts.append(_webp(np.concatenate(columns, axis=2)))
    size = {"height": height, "widths": [widths.get(m.name, 0) for m in modalities]}
    return {"size": size, "parts": parts}


def told(name: str, key: str) -> list[list[object]]:
    """Position of each modality that is told in words, and of which tuples it holds, ``(T,)``."""
    modalities = outline(name).modalities
    words = [m.name for m in told_in_words(modalities)]
    if not words or not is_at_hand(name):
        return []
    with INFERENCE:
        batch = dataset(name).test[torch.from_numpy(embedding(name, key).tuples.astype(int))]
    return [
        [m, batch[modality.name][:, 1].numpy().astype(np.uint8)]
        for m, modality in enumerate(modalities)
        if modality.name in words
    ]


def _thumbnails(modality: Modality, x: torch.Tensor, height: int) -> np.ndarray:
    """What ``x`` looks like, scaled to ``height``: uint8 ``(N, height, W, 3)``."""
    found = pictures(modality, x)
    if found.shape[1] == height:
        return found
    width = max(1, round(found.shape[2] * height / found.shape[1]))
    resized = [
        Image.fromarray(each).resize((width, height), Image.Resampling.BOX) for each in found
    ]
    return np.stack([np.asarray(each) for each in resized])


def _webp(rows: np.ndarray) -> bytes:
    """One picture of tuples ``(N, H, W, 3)``, ``COLUMNS`` to a row."""
    missing = -len(rows) % COLUMNS
    rows = np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), np.uint8)])
    grid = rows.reshape(-1, COLUMNS, *rows.shape[1:]).swapaxes(1, 2)  # (rows, H, columns, W, 3)
    n_rows, height, _, width, _ = grid.shape
    out = io.BytesIO()
    image = Image.fromarray(grid.reshape(n_rows * height, COLUMNS * width, 3))
    image.save(out, "WEBP", quality=60, method=0)
    return out.getvalue()


def outcome(
    name: str, key: str, item: int, given: tuple[str, ...]
) -> dict[str, list[dict[str, object]]] | str:
    """What a model makes of test tuple ``item`` seen in ``given``: tiles by kind, or why not.

    Kinds are the decoded posterior mean, which is the dot on the map, and two draws. Where latents
    are not shared, a modality that was seen comes from its own belief and not from the dot.
    """
    found = model(name, key)
    if isinstance(found, str):
        return found
    return _outcome(name, key, written(name, key), stamp(name), item, given)


@st.cache_data(show_spinner=False, max_entries=200)
def _outcome(
    name: str, key: str, modified: int, files: tuple, item: int, given: tuple[str, ...]
) -> dict[str, list[dict[str, object]]]:
    vae = model(name, key)
    with INFERENCE, torch.inference_mode():
        batch = dataset(name).test[[item]]
        sources = {target: tuple(vae.source(given, target)) for target in batch}
        beliefs = {
            source: vae.subset_posterior(batch, source)
            for source in dict.fromkeys(sources.values())
        }
        generator = torch.Generator().manual_seed(item)
        kinds = {
            "the dot, decoded": {source: beliefs[source].mean for source in beliefs},
            "a draw": {source: beliefs[source].rsample(generator) for source in beliefs},
            "another draw": {source: beliefs[source].rsample(generator) for source in beliefs},
        }
        decoded = {
            kind: {
                target: vae.decode(codes[source], [target])[target].mean
                for target, source in sources.items()
            }
            for kind, codes in kinds.items()
        }
    return {kind: cells(name, made) for kind, made in decoded.items()}


def went_in(name: str, item: int) -> list[dict[str, object]]:
    """The tiles of test tuple ``item``."""
    return _went_in(name, stamp(name), item)


@st.cache_data(show_spinner=False, max_entries=200)
def _went_in(name: str, files: tuple, item: int) -> list[dict[str, object]]:
    return cells(name, dataset(name).test[[item]])


def cells(name: str, made: dict[str, torch.Tensor]) -> list[dict[str, object]]:
    """Name, PNG, words, sound and class as a classifier reads it of each ``(1, *shape)``."""
    data, reader = dataset(name), classifiers(name)
    reads = {}
    if not isinstance(reader, str):
        seen = {m: x for m, x in made.items() if m in reader.shapes}
        with INFERENCE, torch.inference_mode():
            reads = {m: data.classes[int(label)] for m, label in reader.predict(seen).items()}
    words = {modality.name for modality in told_in_words(data.modalities)}
    return [
        {"name": modality.name, "share": float(made[modality.name][0, 1])}
        if modality.name in words
        else {
            "name": modality.name,
            "kind": modality.kind,
            "png": _png(pictures(modality, made[modality.name])[0]),
            "words": describe(modality, made[modality.name][0]),
            "sound": _wav(made[modality.name][0]) if modality.kind == "audio" else "",
            "reads": reads.get(modality.name),
        }
        for modality in data.modalities
    ]


def _png(pixels: np.ndarray) -> str:
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def _wav(x: torch.Tensor) -> str:
    return "data:audio/wav;base64," + base64.b64encode(hear(x)).decode()


def terms(name: str, key: str) -> tuple[dict[str, float], float] | str:
    """Terms of a model's objective, means over test tuples, and its beta; or why not."""
    found = model(name, key)
    return found if isinstance(found, str) else _terms(name, key, written(name, key), stamp(name))


@st.cache_data(show_spinner=False, max_entries=100)
def _terms(name: str, key: str, modified: int, files: tuple) -> tuple[dict[str, float], float]:
    vae = model(name, key)
    with INFERENCE, torch.inference_mode():
        losses = vae.loss(dataset(name).test[:JUDGED], torch.Generator().manual_seed(0))
    return {term: float(values.mean()) for term, values in losses.terms.items()}, float(vae.beta)


def by_number(each: Embedding, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Figures by subset, averaged over subsets of equal size: name to one for each of sizes."""
    counts = np.array([subset.count("+") + 1 for subset in each.report["subsets"]])
    figures = {name: np.array(each.report["by_subset"][name]) for name in names}
    return {
        name: np.array([values[counts == n].mean() for n in sizes(each)])
        for name, values in figures.items()
    }


def sizes(each: Embedding) -> list[int]:
    """Numbers of modalities that the subsets on a map have, ascending."""
    return sorted({subset.count("+") + 1 for subset in each.report["subsets"]})
