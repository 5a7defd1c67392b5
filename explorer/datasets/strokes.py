"""Pen strokes drawn as pictures: anti-aliased lines through points.

Shapes: N strokes, P points, S the side of a picture.
"""

import numpy as np

CHUNK = 64
"""Paths drawn at a time: what is computed stays in the processor's cache."""


def draw_strokes(
    paths: np.ndarray, size: int, width: float | np.ndarray, *, margin: float | None = None
) -> np.ndarray:
    """Draw each path as one line: the ink in ``(N, S, S)``, 0 to 1.

    A pixel's ink falls from 1 to 0 over the pixel at the edge of the line, so edges are smooth.

    Parameters
    ----------
    paths
        ``(N, 2, P)``, x then y in [0, 1], y up; a single point is a dot.
    size
        S, in pixels.
    width
        Of the lines, in pixels: one number, or one for each of the N.
    margin
        Pixels from 0 and from 1 to the edges; by default the lines just fit.
    """
    paths = np.asarray(paths, dtype=np.float32)
    widths = np.broadcast_to(np.asarray(width, dtype=np.float32), len(paths))
    ink = np.empty((len(paths), size, size), dtype=np.float32)
    for start in range(0, len(paths), CHUNK):
        part = slice(start, start + CHUNK)
        ink[part] = _draw(paths[part], size, widths[part, None, None], margin)
    return ink


def _draw(paths: np.ndarray, size: int, width: np.ndarray, margin: float | None) -> np.ndarray:
    half = width / 2
    margin = half if margin is None else np.float32(margin)
    ends = margin + paths * (size - 1 - 2 * margin)  # (N, 2, P)
    x, y = ends[:, 0, :, None, None], size - 1 - ends[:, 1, :, None, None]  # (N, P, 1, 1)
    across = np.arange(size, dtype=np.float32)[None, None]
    down = across.swapaxes(1, 2)
    nearest = np.full((len(paths), size, size), np.inf, dtype=np.float32)
    last = paths.shape[2] - 1
    for p in range(max(1, last)):
        end = min(p + 1, last)
        dx, dy = x[:, end] - x[:, p], y[:, end] - y[:, p]
        right, below = across - x[:, p], down - y[:, p]  # (N, 1, S), (N, S, 1)
        share = (right * dx + below * dy) / (dx**2 + dy**2).clip(min=np.float32(1e-6))
        np.clip(share, 0, 1, out=share)
        distance_squared = (right - share * dx) ** 2
        distance_squared += (below - share * dy) ** 2
        np.minimum(nearest, distance_squared, out=nearest)
    return (half + np.float32(0.5) - np.sqrt(nearest)).clip(0, 1)
