"""Curves of a training and what it draws, as pictures in HTML that are replaced without a flicker.

A Plotly figure would be taken down and put up again with every new point.
"""

import base64
import html
from collections.abc import Sequence

import numpy as np

from explorer.app.train.queue import Samples
from explorer.app.train.queue.samples import Row
from explorer.catalog.looks import BACKGROUNDS, EXPERT_COLORS, INK

WIDTH, HEIGHT, MARGIN = 300, 150, 50
MOST_POINTS = 240

STYLE = """
<style>
.panels { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem }
.panels figure, .strips figure { margin: 0 }
.panels figcaption, .strips figcaption { font-size: 0.875rem; margin-bottom: 0.2rem }
.panels img { display: block; max-width: 100% }
.strips { display: grid; gap: 0.5rem; max-width: 46rem }
.strips div {
  display: grid; gap: 0.25rem;
  grid-template-columns: repeat(auto-fill, minmax(max(var(--least), 12.5% - 0.25rem), 1fr));
}
.strips img { width: 100%; display: block; border-radius: 3px }
.strips .pixels { image-rendering: pixelated }
</style>
"""

LEAST, PER_TILE = 2.25, 0.44
"""Least width of a tile in rem, and the share of its pixels' width that it needs to be read."""

PIXEL, SMALL = 16, 96
"""Pixels in a rem; tiles of fewer pixels are shown pixel by pixel."""


def draw_curves(history: Sequence[tuple[int, dict[str, float]]], theme: str) -> str:
    """Draw each loss term over steps in a panel of its own, the last value in its caption."""
    steps = np.array([step for step, _ in history], dtype=float)
    panels = []
    for number, term in enumerate(history[-1][1]):
        values = np.array([losses[term] for _, losses in history])
        color = EXPERT_COLORS[theme][number % len(EXPERT_COLORS[theme])]
        name = html.escape(term)
        alt = (
            f"{name} from {values[0]:.5g} at step {steps[0]:.0f} "
            f"to {values[-1]:.5g} at step {steps[-1]:.0f}"
        )
        source = _svg_url(_curve(steps, values, color, theme))
        panels.append(
            f"<figure><figcaption><b>{name}</b> {values[-1]:.5g}</figcaption>"
            f'<img alt="{alt}" width="{WIDTH}" height="{HEIGHT}" src="{source}"></figure>'
        )
    return f'{STYLE}<div class="panels">{"".join(panels)}</div>'


def draw_samples(samples: Samples) -> str:
    """Draw what the model saw, and below it what it makes of every modality, a sample a column."""
    drawn = [(f"drawn: {row.name}", row) for row in samples.drawn]
    return draw_rows([(f"given: {samples.given.name}", samples.given), *drawn])


def draw_rows(rows: Sequence[tuple[str, Row]]) -> str:
    """Draw rows of samples below each other, each under its title; wide ones in several lines."""
    figures = [
        f"<figure><figcaption>{html.escape(title)}</figcaption>"
        f'<div style="--least: {_least(row.width):.2f}rem">{_images(row)}</div></figure>'
        for title, row in rows
    ]
    return f'{STYLE}<div class="strips">{"".join(figures)}</div>'


def _images(row: Row) -> str:
    look = ' class="pixels"' if row.width < SMALL else ""
    return "".join(
        f'<img{look} alt="{html.escape(words)}" src="{html.escape(source)}">'
        for source, words in zip(row.pictures, row.words, strict=True)
    )


def _least(width: int) -> float:
    """Width below which a tile of so many pixels cannot be read, in rem."""
    return max(LEAST, PER_TILE * width / PIXEL)


def _curve(steps: np.ndarray, values: np.ndarray, color: str, theme: str) -> str:
    keep = np.unique(np.linspace(0, len(steps) - 1, MOST_POINTS).astype(int))
    x, y = steps[keep], values[keep]
    # the first steps would flatten the rest
    low, high = float(y.min()), float(np.quantile(y, 0.95)) if len(y) > 4 else float(y.max())
    left, top, right, bottom = MARGIN, 8, WIDTH - 8, HEIGHT - 20
    across = left + (x - x[0]) / ((x[-1] - x[0]) or 1.0) * (right - left)
    down = bottom - np.clip((y - low) / ((high - low) or 1.0), 0, 1) * (bottom - top)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across, down, strict=True))
    ink, surface = INK[theme], BACKGROUNDS[theme][0]
    return f"""
<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"
 font-family="sans-serif" font-size="12" fill="{ink}">
<rect width="100%" height="100%" fill="{surface}"/>
<path d="M{left},{top}V{bottom}H{right}" fill="none" stroke="{ink}" stroke-opacity="0.3"/>
<text x="{left - 5}" y="{top + 8}" text-anchor="end">{_short(high)}</text>
<text x="{left - 5}" y="{bottom}" text-anchor="end">{_short(low)}</text>
<text x="{left}" y="{HEIGHT - 4}">{steps[0]:.0f}</text>
<text x="{right}" y="{HEIGHT - 4}" text-anchor="end">step {steps[-1]:.0f}</text>
<polyline fill="none" stroke="{color}" stroke-width="2" points="{points}"/>
</svg>"""


def _short(value: float) -> str:
    """A number of at most six characters or so."""
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e6 else f"{value:.3g}"


def _svg_url(text: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()
