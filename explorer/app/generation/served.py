"""What the browser is served so that it can compute: checkpoints, their layers, and samples.

Served are checkpoints that ``list_pretrained`` finds and classifiers beside them, and nothing else:
names in an address are looked up in that list, never joined to a path. Files are cached for good
under the hash of their content.
"""

import base64
import hashlib
import io
import threading
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from explorer import checkpoints
from explorer.checkpoints import list_pretrained, load_pretrained
from explorer.files.sources import DataError

CLASSIFIERS, WEIGHTS, CONFIG = "classifiers", "model.safetensors", "classifiers.json"

PAGE = 40
"""Samples that are sent at a time."""

COLUMNS = 8
"""Samples side by side in a sprite."""

GREY_INK = {
    ("digits_photo_text", "digit"),
    ("mnist_svhn_text", "mnist"),
    ("mhd_like", "image"),
    ("mhd", "image"),
    ("mfeat", "pixel"),
}
"""Dataset and modality of pictures that are a digit on nothing: all there is, a pen draws."""

PREPARING = threading.Lock()
"""Held while something is prepared that is then kept, so that a class waits for it once."""

FOREVER = "public, max-age=31536000, immutable"
AN_HOUR = "max-age=3600"


def description(dataset: str, model: str, root: Path | None = None) -> dict[str, object]:
    """The layers of a trained model's networks, or of a dataset's classifiers, as JSON has them.

    Parameters
    ----------
    dataset, model
        As in ``load_pretrained``; ``classifiers`` for those of the dataset.
    root
        Look here only.

    Raises
    ------
    CheckpointError
        There is none, or it is damaged.
    ValueError
        It has a layer that the browser does not know.
    """
    from explorer.evaluation.classifiers import load_classifiers
    from explorer.networks.description import describe

    if model == CLASSIFIERS:
        return describe(load_classifiers(dataset, root))
    return describe(load_pretrained(dataset, model, root))


def folder(dataset: str, model: str) -> Path | None:
    """Where a checkpoint or the classifiers of a dataset lie; None where there are none."""
    if model == CLASSIFIERS:
        places = [checkpoints.PRETRAINED, checkpoints.runs_directory()]
        found = [
            file.parent for place in places for file in place.glob(f"*/{CLASSIFIERS}/{CONFIG}")
        ]
        return next((each for each in found if each.parent.name == dataset), None)
    here = {key: place for name, key, place in list_pretrained() if name == dataset}
    return here.get(model)


def version(place: Path) -> str:
    """Hash of a checkpoint's weights: it changes when they do."""
    stat = (place / WEIGHTS).stat()
    return _hash(place / WEIGHTS, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1024)
def _hash(file: Path, _modified: int, _size: int) -> str:
    return hashlib.blake2b(file.read_bytes(), digest_size=8).hexdigest()


@lru_cache(maxsize=64)
def _described(dataset: str, model: str, _version: str) -> dict[str, object]:
    return description(dataset, model)


def give_weights(request: Request) -> Response:
    """A checkpoint file."""
    place = folder(request.path_params["dataset"], request.path_params["model"])
    if place is None or not (place / WEIGHTS).is_file():
        return PlainTextResponse("There is no such checkpoint.", 404)
    asked = request.query_params.get("v") == version(place)
    headers = {"Cache-Control": FOREVER if asked else "no-cache"}
    return FileResponse(place / WEIGHTS, media_type="application/octet-stream", headers=headers)


def give_layers(request: Request) -> Response:
    """What ``describe`` says of a checkpoint."""
    dataset, model = request.path_params["dataset"], request.path_params["model"]
    place = folder(dataset, model)
    if place is None or not (place / WEIGHTS).is_file():
        return PlainTextResponse("There is no such checkpoint.", 404)
    try:
        with PREPARING:
            found = _described(dataset, model, version(place))
    except ValueError as error:  # CheckpointError is one
        return PlainTextResponse(str(error), 422)
    return JSONResponse(found, headers={"Cache-Control": AN_HOUR})


def give_samples(request: Request) -> Response:
    """A page of test samples."""
    from explorer.catalog.subjects import SUBJECTS

    dataset, number = request.path_params["dataset"], request.path_params["page"]
    if dataset not in SUBJECTS:
        return PlainTextResponse("There is no such dataset.", 404)
    try:
        with PREPARING:
            found = samples(dataset, number)
    except DataError as error:
        return PlainTextResponse(str(error), 404)
    return JSONResponse(found, headers={"Cache-Control": AN_HOUR})


ROUTES = [
    Route("/checkpoints/{dataset}/{model}/model.safetensors", give_weights),
    Route("/checkpoints/{dataset}/{model}/layers.json", give_layers),
    Route("/samples/{dataset}/{page:int}.json", give_samples),
]


@lru_cache(maxsize=64)
def samples(dataset: str, page: int) -> dict[str, Any]:
    """Test samples number ``page * PAGE`` and on, with what a pen needs to draw into them.

    Returns
    -------
    ``classes``, ``n_items``, ``leading`` (of classifiers that call several classes at once, the one
    that is asked for), ``items``, ``labels``, and for each modality ``values``. Those are packed by
    :func:`packed`, and so are backgrounds without a digit under ``bare``.

    Raises
    ------
    DataError
        The dataset's files are not here, or there is no such page.
    """
    import torch

    from explorer.app.shared.loaded import whole_dataset

    whole = whole_dataset(dataset)
    data = whole.single().having()
    first = page * PAGE
    if not 0 <= first < len(data.test):
        raise DataError(f"{dataset} has {len(data.test)} test samples, {PAGE} a page from page 0")
    index = torch.arange(first, min(first + PAGE, len(data.test)))
    batch, drawable = data.test[index], _drawable(data, index)
    return {
        "classes": list(data.classes),
        "n_items": len(data.test),
        "leading": whole.classes.index(whole.leading) if whole.multi_label else None,
        "items": index.tolist(),
        "labels": data.test.labels[index].tolist(),
        "modalities": {
            m.name: {"values": packed(m, batch[m.name].numpy())} | drawable.get(m.name, {})
            for m in data.modalities
        },
    }


def warm(dataset: str) -> None:
    """Prepare the first samples, so that torch is imported while the browser loads the page."""
    with suppress(DataError), PREPARING:  # the page says what is missing
        samples(dataset, 0)


def _drawable(data: Any, index: Any) -> dict[str, dict[str, Any]]:
    """How a pen draws into each modality that it can draw into, and what is behind the digit."""
    import torch

    from explorer.datasets.compose import DigitTuples
    from explorer.datasets.digits_photo_text import DigitPhotoText

    found: dict[str, dict[str, Any]] = {}
    for m in data.modalities:
        if (data.name, m.name) in GREY_INK:
            found[m.name] = {"pen": "ink"}
        elif m.kind == "trajectory":
            found[m.name] = {"pen": "path"}
    split = data.test
    batch = split[index]
    if isinstance(split, DigitTuples):
        bare = replace(split, masks=torch.zeros_like(split.masks))[index]
        for m in data.modalities:
            digits = (batch[m.name] != bare[m.name]).any(1).numpy()
            found[m.name] = {
                "pen": "invert",
                "bare": packed(m, bare[m.name].numpy()),
                "values": {
                    "how": "inverted",
                    "data": _text(np.packbits(digits.reshape(len(digits), -1))),
                },
            }
    elif isinstance(split, DigitPhotoText):
        photo = next(m for m in data.modalities if m.name == "photo")
        bare = replace(split, pictures=torch.zeros_like(split.pictures))[index]["photo"]
        sides = torch.where(bare.mean((1, 2, 3), keepdim=True)[..., 0, 0] < 0.5, 1.0, -1.0)
        strokes = (sides * split.strokes[index]).tolist()
        found["photo"] = {"pen": "add", "bare": packed(photo, bare.numpy()), "strokes": strokes}
    return found


def packed(modality: Any, x: np.ndarray) -> dict[str, Any]:
    """Observations ``(N, *shape)`` as the browser unpacks them: ``how``, ``shape`` and ``data``.

    Pictures are one lossless sprite of 8 bits, sounds 8 bits a number, texts numbers of symbols,
    labels the class; all else is single precision.
    """
    told = {"shape": list(modality.shape), "n": len(x)}
    if modality.kind == "image":
        return told | {"how": "sprite", "columns": COLUMNS, "data": _sprite(x)}
    if modality.kind == "text":
        return told | {"how": "symbols", "data": _text(x.argmax(-1).astype(np.uint8))}
    if modality.kind == "label":
        return told | {"how": "class", "data": _text(x.argmax(-1).astype(np.uint8))}
    if modality.kind == "audio":
        levels = (x.clip(0, 1) * 255).round().astype(np.uint8)
        return told | {"how": "levels", "data": _text(levels)}
    return told | {"how": "floats", "data": _text(x.astype("<f4"))}


def _text(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _sprite(x: np.ndarray) -> str:
    n, channels, height, width = x.shape
    rows = -(-n // COLUMNS)
    tiles = np.zeros((rows * COLUMNS, height, width, 3), dtype=np.uint8)
    tiles[:n] = (x.clip(0, 1) * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
    sheet = tiles.reshape(rows, COLUMNS, height, width, 3).swapaxes(1, 2)
    buffer = io.BytesIO()
    image = Image.fromarray(sheet.reshape(rows * height, COLUMNS * width, 3))
    image.save(buffer, "WEBP", lossless=True, quality=60, method=2)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
