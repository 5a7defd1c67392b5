"""Pen strokes drawn as pictures: anti-aliased lines through points.

Shapes: N strokes, P points, S the side of a picture.
"""

import numpy as np


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
    half = np.broadcast_to(np.asarray(width, dtype=np.float32) / 2, len(paths))[:, None, None]
    margin = half if margin is None else margin
    ends = margin + paths * (size - 1 - 2 * margin)  # (N, 2, P)
    x, y = ends[:, 0, :, None, None], size - 1 - ends[:, 1, :, None, None]  # (N, P, 1, 1)
    across, down = np.arange(size, dtype=np.float32)[None, None], np.arange(size)[None, :, None]
    nearest = np.full((len(paths), size, size), np.inf, dtype=np.float32)
    last = paths.shape[2] - 1
    for p in range(max(1, last)):
        end = min(p + 1, last)
        dx, dy = x[:, end] - x[:, p], y[:, end] - y[:, p]
        along = (across - x[:, p]) * dx + (down - y[:, p]) * dy
        share = (along / (dx**2 + dy**2).clip(min=1e-6)).clip(0, 1)
        distance_squared = (across - x[:, p] - share * dx) ** 2 + (down - y[:, p] - share * dy) ** 2
        np.minimum(nearest, distance_squared, out=nearest)
    return (half + 0.5 - np.sqrt(nearest)).clip(0, 1)
