"""Figures show the numbers they were given, and a model looks the same in all of them."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.aggregations import subset_label, subsets
from explorer.catalog.looks import (
    BACKGROUNDS,
    COLORS,
    INK,
    LABELS,
    MODEL_COLORS,
    MODEL_LABELS,
    THEMES,
)
from explorer.datasets import Modality
from explorer.drawing import plots
from explorer.drawing.plots import SYMBOLS
from explorer.drawing.tiles import pictures
from explorer.results.ranking import WinLoss

NAMES = ["m0", "m1", "m2"]
SUBSETS = [subset_label(subset) for subset in subsets(NAMES)]
EACH_THEME = pytest.mark.parametrize("theme", THEMES)


def estimates(*values):
    return [(value, value - 0.01, value + 0.02) for value in values]


def figures(theme):
    """Every figure that draws models, with all of them in it."""
    curves = {key: estimates(0.1 * n, 0.2 * n) for n, key in enumerate(MODEL_LABELS)}
    points = {key: tuple(curve) for key, curve in curves.items()}
    dots = {key: curve[0] for key, curve in curves.items()}
    betas = {key: [(0.5, *curve), (1.0, *curve)] for key, curve in curves.items()}
    axes = {"x_label": "x", "y_label": "y", "theme": theme}
    return {
        "number": plots.plot_by_number(curves, theme=theme),
        "trade-off": plots.plot_trade_off(points, **axes),
        "trade-off curves": plots.plot_trade_off_curves(betas, **axes),
        "estimates": plots.plot_estimates(dots, label="x", theme=theme),
        "ranks": plots.plot_ranks(dots, theme=theme),
    }


def density_figure(theme):
    x = np.linspace(-3, 3, 50)
    return plots.plot_densities(x, dict.fromkeys(LABELS, -(x**2)), theme=theme)


@EACH_THEME
def test_a_model_has_one_color_in_every_figure(theme):
    for figure in figures(theme).values():
        named = {trace.name: trace for trace in figure.data}
        assert set(named) == set(MODEL_LABELS.values())
        for key, color in MODEL_COLORS[theme].items():
            assert named[MODEL_LABELS[key]].line.color == color
            assert named[MODEL_LABELS[key]].marker.color == color
    curves = {trace.name: trace.line.color for trace in density_figure(theme).data}
    assert curves == {LABELS[key]: color for key, color in COLORS[theme].items()}


@EACH_THEME
def test_color_is_never_alone(theme):
    for figure in figures(theme).values():
        assert len({trace.marker.symbol for trace in figure.data}) == len(MODEL_LABELS)
    # at a curve of a density the product and the mixture differ in shape, not in dash
    dashes = {trace.line.dash for trace in density_figure(theme).data}
    assert len(dashes) == len(LABELS) - 1
    assert set(SYMBOLS) == set(MODEL_LABELS)


@EACH_THEME
def test_what_is_inside_a_marker_is_drawn_in_the_color_of_the_page(theme):
    for figure in figures(theme).values():
        for trace in figure.data:
            assert trace.marker.line.color == BACKGROUNDS[theme][0]
            assert trace.marker.line.width > 1


def test_an_axis_on_which_all_models_are_equal_shows_little_around_them():
    points = {
        "poe": ((0.2, 0.1, 0.3), (1.0, 1.0, 1.0)),
        "mwb": ((0.9, 0.8, 1.0), (1.0, 1.0, 1.0)),
    }
    figure = plots.plot_trade_off(points, x_label="x", y_label="y")
    assert figure.layout.yaxis.range == (0.95, 1.05)
    assert figure.layout.xaxis.range is None


@EACH_THEME
def test_figures_wear_the_theme_of_the_page(theme):
    counts = {("poe", "moe"): WinLoss(1, 0, 0)}
    others = [density_figure(theme), plots.plot_win_loss(counts, theme=theme)]
    for figure in [*figures(theme).values(), *others]:
        layout = figure.layout.template.layout
        assert layout.paper_bgcolor == layout.plot_bgcolor == BACKGROUNDS[theme][0]
        assert layout.font.color == INK[theme]


def test_an_unknown_theme_is_named():
    with pytest.raises(ValueError, match="theme must be one of light, dark, got 'sepia'"):
        plots.template("sepia")


def test_a_model_of_another_house_is_drawn_in_ink():
    figure = plots.plot_estimates({"mvae_plus": (1.0, 0.9, 1.1)}, label="x")
    assert figure.data[0].marker.color == INK["light"]
    assert figure.data[0].name == "mvae_plus"


def test_intervals_end_where_they_were_said_to():
    figure = plots.plot_by_number({"poe": estimates(0.3, 0.5)}, ceiling=0.9, chance=0.1)
    (trace,) = figure.data
    np.testing.assert_allclose(trace.y + trace.error_y.array, [0.32, 0.52])
    np.testing.assert_allclose(trace.y - trace.error_y.arrayminus, [0.29, 0.49])
    assert [round(x) for x in trace.x] == [1, 2]
    assert sorted(line.y0 for line in figure.layout.shapes) == [0.1, 0.9]
    assert {note.text for note in figure.layout.annotations} == {
        "chance 0.1",
        "classifier on real samples 0.9",
    }


def test_models_stand_side_by_side_and_never_past_the_next_number():
    figure = plots.plot_by_number({key: estimates(0.5, 0.5) for key in MODEL_LABELS})
    first = [trace.x[0] for trace in figure.data]
    assert len(set(first)) == len(MODEL_LABELS)
    assert max(abs(x - 1) for x in first) < 0.25


def test_the_matrix_says_what_is_in_each_subset():
    values = {key: {s: n + i / 10 for i, s in enumerate(SUBSETS)} for n, key in enumerate("ab")}
    figure = plots.plot_by_subset(values, NAMES)
    heat, missing, given = figure.data
    np.testing.assert_allclose(heat.z, [list(row.values()) for row in values.values()])
    drawn = {(int(x), y) for x, y in zip(given.x, given.y, strict=True)}
    assert drawn == {(i, m) for i, s in enumerate(SUBSETS) for m in s.split("+")}
    assert len(missing.x) + len(given.x) == len(SUBSETS) * len(NAMES)


def test_densities_are_drawn_through_every_point():
    x = np.linspace(-3, 3, 7)
    figure = plots.plot_densities(x, {"poe": -(x**2)}, experts=[-((x - 1) ** 2)])
    assert [trace.line.simplify for trace in figure.data] == [False, False]
    np.testing.assert_allclose(figure.data[1].y, np.exp(-(x**2)))


def pixels(figure):
    picture = base64.b64decode(figure.data[0].source.split(",")[1])
    return np.array(Image.open(io.BytesIO(picture)))


def test_images_arrive_pixel_by_pixel_clipped_to_what_can_be_shown():
    torch.manual_seed(0)
    first, second = 2 * torch.rand(3, 3, 8, 8) - 0.5, torch.rand(2, 1, 8, 8)
    figure = plots.plot_images({"a": first, "b": second}, columns=["x", "y", "z"])
    canvas = pixels(figure)
    shown = (first.clamp(0, 1) * 255).round().permute(0, 2, 3, 1).numpy()
    for n in range(3):
        np.testing.assert_array_equal(canvas[:8, 10 * n : 10 * n + 8], shown[n])
    gray = (second[1, 0] * 255).round().numpy()
    np.testing.assert_array_equal(canvas[10:18, 10:18], np.stack([gray] * 3, axis=-1))
    assert list(figure.layout.yaxis.ticktext) == ["a", "b"]
    assert list(figure.layout.xaxis.ticktext) == ["x", "y", "z"]


@pytest.mark.parametrize("shapes", [[(3, 8, 8)], [(2, 3, 8, 8), (2, 3, 9, 9)]])
def test_images_of_no_common_size_are_refused(shapes):
    rows = {str(n): np.zeros(shape) for n, shape in enumerate(shapes)}
    with pytest.raises(ValueError, match=r"images \(N, C, H, W\) of one size, got"):
        plots.plot_images(rows)


def test_observations_of_every_kind_are_their_tiles_in_a_grid():
    for modality in (
        Modality("text", (4, 3), kind="text", likelihood="categorical", symbols=" ab"),
        Modality("spikes", (6, 10), kind="spikes", likelihood="poisson"),
        Modality("image", (1, 28, 28)),
    ):
        x = torch.rand(2, *modality.shape, generator=torch.Generator().manual_seed(0))
        figure = plots.plot_observations(modality, {"truth": x[:1], "draws": x})
        canvas, tiles = pixels(figure), pictures(modality, x)
        height, width = tiles.shape[1:3]
        np.testing.assert_array_equal(canvas[:height, :width], tiles[0])
        top, left = (size // 2 for size in canvas.shape[:2])
        np.testing.assert_array_equal(canvas[top:, left:][:height, :width], tiles[1])
        assert list(figure.layout.yaxis.ticktext) == ["truth", "draws"]


def test_training_curves_have_a_panel_a_term():
    history = [(1, {"total": 3.0, "kl": 1.0}), (2, {"total": 2.0, "kl": 0.5})]
    figure = plots.plot_training_curves(history)
    assert {trace.name: tuple(trace.y) for trace in figure.data} == {
        "total": (3.0, 2.0),
        "kl": (1.0, 0.5),
    }
    assert tuple(figure.data[0].x) == (1, 2)


def test_a_trade_off_curve_joins_its_betas_and_names_them():
    curve = [(0.5, *estimates(1.0, 0.3)), (2.0, *estimates(4.0, 0.7))]
    figure = plots.plot_trade_off_curves({"mwb": curve}, x_label="x", y_label="y")
    (trace,) = figure.data
    assert (tuple(trace.x), tuple(trace.y)) == ((1.0, 4.0), (0.3, 0.7))
    assert tuple(trace.text) == ("0.5", "2")
    np.testing.assert_allclose(trace.error_x.array, 0.02)
    np.testing.assert_allclose(trace.error_y.arrayminus, 0.01)


def test_ranks_stand_with_the_best_on_top():
    figure = plots.plot_ranks({"poe": (0.2, 0.1, 0.3), "mwb": (0.9, 0.8, 1.0)})
    assert [trace.y[0] for trace in figure.data] == [MODEL_LABELS["mwb"], MODEL_LABELS["poe"]]
    assert figure.layout.yaxis.autorange == "reversed"


def test_win_loss_writes_wins_of_outcomes_and_marks_what_chance_seldom_does():
    counts = {("mac_wae", "mopoe"): WinLoss(24, 0, 12), ("mopoe", "mac_wae"): WinLoss(12, 0, 24)}
    (heat,) = plots.plot_win_loss(counts).data
    assert [list(row) for row in heat.text] == [["", "24/36*"], ["12/36", ""]]
    assert heat.z[0][0] is None and heat.z[0][1] == pytest.approx(2 / 3)
    assert heat.customdata[0][1] == "0 ties, p = 0.033"
    assert list(heat.x) == list(heat.y) == [MODEL_LABELS["mac_wae"], MODEL_LABELS["mopoe"]]


def test_spectra_are_drawn_beside_the_prior_and_nothing_falls_off_the_axis():
    figure = plots.plot_spectra({"mac_wae": [9.0, 0.5, 0.0], "mac_vae": [1.0, 0.4, 0.1]})
    assert [trace.name for trace in figure.data] == ["MAC-WAE", "MAC-VAE"]
    assert list(figure.data[0].y) == [9.0, 0.5, 1e-4]
    assert figure.layout.shapes[0].y0 == 1
    assert figure.layout.annotations[0].y == 0
