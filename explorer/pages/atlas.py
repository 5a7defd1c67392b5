"""What the Latent space page shows, without the page: maps, pictures and figures, cached."""

import base64
import io
from functools import partial

import numpy as np
import streamlit as st
import torch
from PIL import Image

from explorer.checkpoints import CheckpointError, checkpoint_directory
from explorer.evaluation.embedding import (
    ARRAYS,
    REPORT,
    Embedding,
    EmbeddingError,
    load_embedding,
    quantise,
    turn_to,
)
from explorer.models import MODELS
from explorer.pages.lab import INFERENCE, classifiers, dataset, model, written
from explorer.palette import LABELS
from explorer.widgets.maps import PALETTE

DATASET = "polydigits"

TILES = 100
"""Thumbnails in a row of their sheet."""


def prewarm() -> None:
    """Load all maps, and compose the sheet of thumbnails that they share."""
    shared = {key for key in MODELS if isinstance(embedding(key), Embedding)}
    for key in shared:
        sheet(key)


def embedding(key: str) -> Embedding | str:
    """The maps of a model, or the sentence that says why there are none and what to do."""
    try:
        return _embedding(key, stamps(key))
    except EmbeddingError as error:
        return f"{error}."


def stamps(key: str) -> tuple[int, ...]:
    """When the checkpoint and its maps were written; new ones are loaded without a restart."""
    try:
        folder = checkpoint_directory(DATASET, key)
        return written(DATASET, key), *(
            (folder / name).stat().st_mtime_ns for name in (ARRAYS, REPORT)
        )
    except (CheckpointError, OSError):
        return ()


@st.cache_resource(show_spinner=False, max_entries=2 * len(MODELS))
def _embedding(key: str, modified: tuple[int, ...]) -> Embedding:
    return load_embedding(DATASET, key)


def header(keys: tuple[str, ...]) -> dict[str, object]:
    """Everything the browser needs to draw the maps of one or two models, but the view."""
    return _header(keys, tuple(map(stamps, keys)))


@st.cache_resource(show_spinner=False, max_entries=12)
def _header(keys: tuple[str, ...], modified: tuple[tuple[int, ...], ...]) -> dict[str, object]:
    data, maps = dataset(DATASET), [embedding(key) for key in keys]
    first = maps[0]
    names = [modality.name for modality in data.modalities]
    panels = [
        {
            "id": f"{key} {modified[i]}",
            "label": LABELS[key],
            "predicted": each.predicted,
            "seeds": sum(name.startswith("umap") for name in each.layouts),
            "layouts": {
                name: layout if i == 0 else _turned(layout, first.layouts.get(name))
                for name, layout in each.layouts.items()
            },
        }
        for i, (key, each) in enumerate(zip(keys, maps, strict=True))
    ]
    return {
        "names": names,
        "descriptions": [modality.description for modality in data.modalities],
        "classes": list(data.classes),
        "subsets": first.report["subsets"],
        "masks": [
            sum(1 << names.index(name) for name in subset.split("+"))
            for subset in first.report["subsets"]
        ],
        "labels": first.labels,
        "shuffled": np.random.default_rng(0).permutation(first.labels),
        "panels": panels,
        "palette": PALETTE,
    }


def _turned(layout: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
    if reference is None:
        return layout
    turned = turn_to(*(x.reshape(-1, 2).astype(float) for x in (layout, reference)))
    return quantise(turned).reshape(layout.shape)


def sheet(key: str) -> bytes:
    """All pictures of the tuples on a model's map, as one WebP: tuple by tuple, 28 px tiles."""
    return _sheet(tuple(embedding(key).tuples.tolist()))


@st.cache_resource(show_spinner=False, max_entries=2)
def _sheet(tuples: tuple[int, ...]) -> bytes:
    with INFERENCE:
        pictures = torch.stack(list(dataset(DATASET).test[torch.tensor(tuples)].values()), dim=1)
    tiles = (pictures.flatten(0, 1) * 255).byte()  # (T * M, 3, 28, 28)
    missing = -len(tiles) % TILES
    tiles = torch.cat([tiles, tiles.new_zeros(missing, *tiles.shape[1:])])
    rows = tiles.unflatten(0, (-1, TILES)).permute(0, 3, 1, 4, 2)  # (rows, 28, TILES, 28, 3)
    image = Image.fromarray(rows.flatten(2, 3).flatten(0, 1).numpy())
    out = io.BytesIO()
    image.save(out, "WEBP", quality=60, method=0)
    return out.getvalue()


def outcome(key: str, item: int, given: tuple[str, ...]) -> dict[str, list[dict]] | str:
    """What a model makes of test tuple ``item`` seen in ``given``: pictures by kind, or why not.

    Kinds are the decoded posterior mean, which is the dot on the map, and two draws.
    """
    found = model(DATASET, key)
    return found if isinstance(found, str) else _outcome(key, written(DATASET, key), item, given)


@st.cache_data(show_spinner=False, max_entries=500)
def _outcome(key: str, modified: int, item: int, given: tuple[str, ...]) -> dict[str, list[dict]]:
    vae = model(DATASET, key)
    with INFERENCE, torch.inference_mode():
        batch = dataset(DATASET).test[[item]]
        posterior = vae.subset_posterior(batch, given)
        generator = torch.Generator().manual_seed(item)
        kinds = {
            "the dot, decoded": posterior.mean,
            "a draw": posterior.rsample(generator),
            "another draw": posterior.rsample(generator),
        }
        decoded = {
            kind: {name: d.mean for name, d in vae.decode(z).items()} for kind, z in kinds.items()
        }
    return {kind: pictures(images) for kind, images in decoded.items()}


@st.cache_data(show_spinner=False, max_entries=500)
def went_in(item: int) -> list[dict]:
    """The pictures of test tuple ``item``."""
    return pictures(dataset(DATASET).test[[item]])


def pictures(images: dict[str, torch.Tensor]) -> list[dict]:
    """Name, PNG and the digit a classifier reads, of each modality's image ``(1, 3, 28, 28)``."""
    reader = classifiers(DATASET)
    reads = {}
    if not isinstance(reader, str):
        with INFERENCE, torch.inference_mode():
            reads = {name: int(label) for name, label in reader.predict(images).items()}
    return [
        {"name": name, "png": _png(image[0]), "reads": reads.get(name)}
        for name, image in images.items()
    ]


def _png(image: torch.Tensor) -> str:
    pixels = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def by_number(each: Embedding) -> dict[str, np.ndarray]:
    """The figures by subset, averaged over subsets of equal size: name to ``(M,)``."""
    sizes = np.array([subset.count("+") + 1 for subset in each.report["subsets"]])
    mean = partial(_mean_by, sizes)
    return {name: mean(np.array(values)) for name, values in each.report["by_subset"].items()}


def _mean_by(sizes: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.array([values[sizes == n].mean() for n in range(1, sizes.max() + 1)])
