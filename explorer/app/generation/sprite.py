"""One image that holds every tile of an answer."""

import base64
import io
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from torch import Tensor

from explorer.datasets import Modality
from explorer.drawing.tiles import pictures


@dataclass
class Sprite:
    """Tiles on their way into one image; ``add`` says where each one lies in it."""

    blocks: list[np.ndarray] = field(default_factory=list)

    def add(self, modality: Modality, x: Tensor) -> list[int]:
        """Append what ``x``, ``(N, *shape)``, looks like; the numbers of the tiles."""
        start = sum(map(len, self.blocks))
        self.blocks.append(pictures(modality, x))
        return list(range(start, start + len(x)))

    def encode(self) -> dict[str, object]:
        """The image as a data URI, and ``[x, y, width, height]`` of every tile in it.

        Nothing where there are no tiles.
        """
        if not self.blocks:
            return {}
        places, rows = [], []
        top = 0
        for block in self.blocks:
            n, height, width, _ = block.shape
            rows.append(block.swapaxes(0, 1).reshape(height, n * width, 3))
            places += [[i * width, top, width, height] for i in range(n)]
            top += height
        widest = max(row.shape[1] for row in rows)
        padded = [np.pad(row, ((0, 0), (0, widest - row.shape[1]), (0, 0))) for row in rows]
        buffer = io.BytesIO()
        image = Image.fromarray(np.concatenate(padded))
        image.save(buffer, "WEBP", lossless=True, method=0, quality=20)
        encoded = base64.b64encode(buffer.getvalue()).decode()
        return {"sprite": f"data:image/webp;base64,{encoded}", "tiles": places}
