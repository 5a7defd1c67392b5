"""One observation, large: axes, names and order that a tile cannot show."""

import numpy as np
import pytest
import torch

from explorer.catalog.looks import BACKGROUNDS
from explorer.datasets.modality import KINDS, Modality
from explorer.datasets.sound import SPOKEN_DIGITS
from explorer.datasets.text import spell
from explorer.drawing import plots
from explorer.drawing.plots.observations import LARGE, MOST_BARS

MODALITIES = {
    "image": Modality("image", (1, 5, 7)),
    "text": Modality("text", (4, 4), kind="text", likelihood="categorical", symbols=" ab<"),
    "spikes": Modality("spikes", (30, 10), kind="spikes", likelihood="poisson"),
    "vector": Modality("vector", (3,), kind="vector", likelihood="normal", parts=("p", "q", "r")),
    "audio": Modality("audio", (1, 32, 32), kind="audio", likelihood="normal"),
    "trajectory": Modality("trajectory", (2, 8), kind="trajectory", likelihood="normal"),
    "attributes": Modality("attributes", (3,), kind="attributes", parts=("hat", "beard", "<b>")),
    "label": Modality("label", (3,), kind="label", parts=("one", "two", "three")),
}


def drawn(kind, x):
    (trace,) = plots.plot_observation(MODALITIES[kind], x).data
    return trace


@pytest.mark.parametrize("theme", BACKGROUNDS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_in_both_themes(kind, theme):
    x = torch.rand(*MODALITIES[kind].shape, generator=torch.Generator().manual_seed(0))
    figure = plots.plot_observation(MODALITIES[kind], x, theme=theme)
    assert len(figure.data) == 1
    assert figure.layout.template.layout.paper_bgcolor == BACKGROUNDS[theme][0]
    figure.to_json()


def test_every_kind_has_a_view():
    assert set(LARGE) == set(KINDS) == set(MODALITIES)


@pytest.mark.parametrize("kind", KINDS)
def test_another_shape_is_refused(kind):
    with pytest.raises(ValueError, match=rf"observation of '{kind}' must have shape .* got"):
        plots.plot_observation(MODALITIES[kind], torch.zeros(2, 2, 2, 2))


def test_letters_are_as_high_as_they_are_likely_and_the_next_is_told():
    x = 0.7 * spell(["a<"], " ab<", 4)[0] + 0.3 * spell(["b"], " ab<", 4)[0]
    bars = drawn("text", x)
    np.testing.assert_allclose(bars.y, [0.7, 0.7, 1.0, 1.0], atol=1e-6)
    assert list(bars.text) == ["a", "&lt;", "␣", "␣"]
    assert list(bars.customdata[0][:2]) == ["a", "b"]
    assert float(bars.customdata[0][2]) == pytest.approx(0.3)


def test_a_long_text_is_written_in_lines_on_how_likely_its_letters_are():
    modality = Modality("text", (80, 4), kind="text", likelihood="categorical", symbols=" ab<")
    x = 0.75 * spell(["a<" * 40], " ab<", 80)[0] + 0.25 * spell(["b" * 80], " ab<", 80)[0]
    (page,) = plots.plot_observation(modality, x).data
    assert ["".join(line) for line in page.text] == ["a&lt;" * 16, "a&lt;" * 16, "a&lt;" * 8]
    np.testing.assert_allclose(np.ravel(page.z)[:80], 0.75, atol=1e-6)
    assert np.isnan(np.ravel(page.z)[80:]).all()
    assert list(page.customdata[0][1]) == ["&lt;", "b", 0.25]


def test_names_of_many_attributes_have_room_beside_each_other():
    many = Modality("attributes", (312,), kind="attributes", likelihood="bernoulli")
    heights = [
        plots.plot_observation(m, torch.rand(m.shape)).layout.height
        for m in (MODALITIES["attributes"], many)
    ]
    assert heights[1] >= 15 * MOST_BARS > heights[0]


def test_a_sound_has_seconds_and_hertz():
    x = torch.zeros(1, 32, 32)
    x[0, 20, 10] = 1
    heat = drawn("audio", x)
    assert np.array(heat.z)[20, 10] == 1
    assert heat.x[10] == pytest.approx(0.2)
    assert heat.customdata[20][10] == pytest.approx(SPOKEN_DIGITS.frequencies[20])
    axis = plots.plot_observation(MODALITIES["audio"], x).layout.yaxis
    assert axis.ticktext[-1] == f"{SPOKEN_DIGITS.frequencies[31]:.0f}"
    assert axis.autorange != "reversed"


def test_the_order_of_a_stroke_is_numbered_and_both_axes_have_one_unit():
    x = torch.rand(2, 8, generator=torch.Generator().manual_seed(0))
    line = drawn("trajectory", x)
    np.testing.assert_allclose([line.x, line.y], x)
    assert list(line.text) == list(line.marker.color) == list(range(1, 9))
    layout = plots.plot_observation(MODALITIES["trajectory"], x).layout
    assert layout.yaxis.scaleanchor == "x"
    assert layout.annotations[0].x == x[0, 0]
    many = Modality("path", (2, 100), kind="trajectory", likelihood="normal")
    assert plots.plot_observation(many, torch.rand(2, 100)).data[0].text is None


def test_attributes_are_named_the_strongest_on_top():
    x = torch.tensor([0.2, 0.9, 0.5])
    bars = drawn("attributes", x)
    assert list(bars.customdata) == ["hat", "&lt;b&gt;", "beard"]
    np.testing.assert_allclose(bars.x, [0.2, 0.5, 0.9])
    many = Modality("many", (312,), kind="attributes", likelihood="bernoulli")
    (crowd,) = plots.plot_observation(many, torch.linspace(0, 1, 312)).data
    assert len(crowd.x) == MOST_BARS
    assert min(crowd.x) > 0.9
    assert crowd.customdata[-1] == "311"


def test_classes_stay_in_their_order():
    bars = drawn("label", torch.tensor([0.1, 0.7, 0.2]))
    assert list(bars.customdata) == ["three", "two", "one"]  # from the bottom up
    assert list(bars.text) == ["20%", "70%", "10%"]


def test_vectors_and_spikes_are_drawn_number_by_number():
    bars = drawn("vector", torch.tensor([1.0, -2.0, 0.5]))
    assert (list(bars.x), list(bars.y)) == (["p", "q", "r"], [1.0, -2.0, 0.5])
    counts = torch.zeros(30, 10)
    counts[4, 7] = 3
    heat = drawn("spikes", counts)
    assert np.array(heat.z)[4, 7] == 3 == np.array(heat.z).sum()
