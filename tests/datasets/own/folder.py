"""Folders as visitors bring them, made for tests: cats, as arrays or as a sheet."""

import json

import numpy as np
import yaml

N = 40
DESCRIPTION = {
    "title": "Cats",
    "modalities": {
        "size": {"kind": "vector"},
        "picture": {"kind": "image"},
        "word": {"kind": "text"},
    },
    "label": {"classes": ["tame", "wild"]},
    "split": {"test": 0.25, "seed": 0},
}
SHEET = {
    "modalities": {"size": {"gaps": "whole"}, "fur": {"kind": "text", "columns": "fur"}},
    "label": {"column": "kind", "classes": ["tame", "wild"]},
}
HEADER = "size_length,size_weight,fur,kind"
CELLS = ("46,4,grey,tame", "190,120,long,wild")


def cats():
    """A vector, pictures as bytes, texts and classes of 40 cats."""
    numbers = np.random.default_rng(0)
    label = np.arange(N) % 2
    return {
        "size": numbers.normal(5, 2, (N, 3)) + label[:, None],
        "picture": numbers.integers(0, 256, (N, 8, 10), dtype=np.uint8),
        "word": np.array(["cat", "tiger"])[label],
        "label": label,
    }


def sheet(changes=()):
    """Lines of a CSV file of ten cats; ``changes`` are of rows, counted from 0."""
    return [HEADER, *(dict(changes).get(row, CELLS[row % 2]) for row in range(10))]


def write_arrays(folder, arrays, changes=()):
    """A folder with ``data.npz``; ``changes`` are paths in the description to other values."""
    folder.mkdir(exist_ok=True)
    np.savez(folder / "data.npz", **arrays)
    description = json.loads(json.dumps(DESCRIPTION))
    for path, value in dict(changes).items():
        *above, last = path.split("/")
        place = description
        for key in above:
            place = place[key]
        place[last] = value
        if value is None:
            del place[last]
    (folder / "dataset.yaml").write_text(yaml.safe_dump(description, sort_keys=False))
    return folder


def write_sheet(folder, lines, description):
    """A folder with ``data.csv``."""
    folder.mkdir(exist_ok=True)
    (folder / "data.csv").write_text("\n".join(lines))
    (folder / "dataset.json").write_text(json.dumps(description))
    return folder
