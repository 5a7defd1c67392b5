"""What a model was trained on, in a few lines of JSON, so that other data are not taken for it.

``explorer.files.own.differences`` tells two of them apart.
"""

import hashlib
from collections.abc import Sequence

from torch import Tensor

from explorer.datasets.modality import Modality
from explorer.datasets.rows import Rows


def fingerprint(
    modalities: Sequence[Modality], classes: Sequence[str], train: Rows, test: Rows
) -> dict:
    """Rows, classes, columns and scaling of a dataset, and hashes of what its rows hold.

    The order of rows, columns and classes counts.
    """
    return {
        "rows": {"train": len(train), "test": len(test)},
        "classes": list(classes),
        "labels": _digest(train.labels, test.labels),
        "modalities": {
            one.name: {
                "kind": one.kind,
                "shape": list(one.shape),
                "parts": list(one.parts) or list(one.symbols),
                "scaling": _hash(repr(one.scaling).encode()),
                "data": _digest(
                    *(
                        x
                        for split in (train, test)
                        for x in (split.arrays[one.name], _observed(split, place))
                        if x is not None
                    )
                ),
            }
            for place, one in enumerate(modalities)
        },
    }


def _observed(split: Rows, place: int) -> Tensor | None:
    return None if split.observed is None else split.observed[:, place]


def _digest(*tensors: Tensor) -> str:
    """Hash of what tensors hold, in order."""
    total = hashlib.sha256()
    for x in tensors:
        total.update(f"{x.dtype} {tuple(x.shape)}".encode())
        total.update(x.contiguous().numpy().data)
    return total.hexdigest()[:16]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
