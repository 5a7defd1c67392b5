"""Strokes as pictures: where the ink is, and how much."""

import numpy as np
import pytest

from explorer.datasets.strokes import draw_strokes

ACROSS = np.array([[[0.0, 1.0], [0.5, 0.5]]])
"""One line from the left to the right, half way up."""


def test_a_line_is_as_wide_as_asked_and_lies_where_its_points_are():
    ink = draw_strokes(ACROSS, 21, 3.0)[0]
    assert ink.shape == (21, 21)
    assert ink[:, 10].tolist() == [0.0] * 9 + [1.0] * 3 + [0.0] * 9
    assert ink[10, 1:-1].min() > 0.9
    assert ink[10, 0] == ink[10, -1] == 0.5


@pytest.mark.parametrize("width", [1.0, 2.5, 4.0])
def test_ink_is_length_times_width(width):
    slanted = np.array([[[0.0, 1.0], [0.0, 0.37]]])
    ink = draw_strokes(slanted, 201, width, margin=20.0)[0].sum()
    length = 160 * (1 + 0.37**2) ** 0.5
    assert ink == pytest.approx(length * width + np.pi * (width / 2) ** 2, rel=0.02)


def test_up_is_up_and_edges_are_smooth():
    corner = draw_strokes(np.array([[[0.0, 0.4], [1.0, 0.9]]]), 20, 2.0)[0]
    assert corner[:10, :10].sum() == corner.sum() > 0
    assert ((corner > 0.05) & (corner < 0.95)).any()


def test_a_path_goes_through_all_its_points_and_a_point_is_a_dot():
    path = np.array([[[0.0, 0.5, 1.0], [0.0, 1.0, 0.0]]])
    ink = draw_strokes(path, 41, 2.0)[0]
    assert min(ink[39, 1], ink[1, 20], ink[39, 39]) > 0.9
    assert ink[39, 20] == 0
    dot = draw_strokes(path[:, :, 1:2], 41, 6.0)[0]
    assert dot.sum() == pytest.approx(np.pi * 9, rel=0.05)


def test_every_stroke_has_its_own_width():
    ink = draw_strokes(np.repeat(ACROSS, 2, 0), 28, np.array([2.0, 4.0])).sum((1, 2))
    assert ink[1] > 1.7 * ink[0]
