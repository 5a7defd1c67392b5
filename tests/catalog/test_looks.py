"""The palette is legible on both themes and for color-blind readers."""

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from explorer.aggregations import AGGREGATIONS
from explorer.catalog import looks
from explorer.models import MODELS

# Machado, Oliveira & Fernandes (2009), IEEE TVCG 15(6), severity 1, on linear RGB
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# Ottosson (2020), OKLab
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(color):
    srgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    light, dark = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def oklab(rgb):
    return TO_LAB @ np.cbrt(TO_LMS @ np.clip(rgb, 0, 1))


def distance(one, other, vision):
    seen = (oklab(VISION[vision] @ linear(color)) for color in (one, other))
    return 100 * np.linalg.norm(np.subtract(*seen))


def test_black_on_white_has_the_contrast_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("table", [*looks.COLORS.values(), looks.DASHES, looks.LABELS])
def test_every_rule_has_a_look(table):
    assert list(table) == list(looks.LABELS)
    assert set(table) <= set(AGGREGATIONS)


def test_every_model_has_a_look():
    assert set(MODELS) <= set(looks.MODEL_LOOKS)
    for look in looks.MODEL_LOOKS.values():
        assert 0 < len(look.label) <= 28
        assert all(look.family in looks.FAMILY_COLORS[theme] for theme in looks.THEMES)


def test_models_that_share_a_color_differ_by_dash_and_all_by_label():
    every = looks.MODEL_LOOKS.values()
    assert len({(look.family, look.dash) for look in every}) == len(every)
    assert len({look.label for look in every}) == len(every)


@pytest.mark.parametrize("key", looks.LABELS)
def test_a_rule_with_the_plain_elbo_looks_as_the_rule(key):
    assert looks.MODEL_LABELS[key] == looks.LABELS[key]
    assert looks.MODEL_DASHES[key] == looks.DASHES[key]
    for theme in looks.THEMES:
        assert looks.MODEL_COLORS[theme][key] == looks.COLORS[theme][key]


@pytest.mark.parametrize("theme", looks.THEMES)
def test_families_of_models_stay_apart(theme):
    """Thirteen colors must fit; members differ by dash and label as well."""
    families = looks.FAMILY_COLORS[theme].values()
    for one, other in combinations(families, 2):
        assert distance(one, other, "normal") >= 12, (one, other)
        assert all(distance(one, other, vision) >= 7.5 for vision in VISION), (one, other)


@pytest.mark.parametrize("theme", looks.THEMES)
def test_marks_stand_out_from_both_backgrounds_of_their_theme(theme):
    marks = [*looks.FAMILY_COLORS[theme].values(), *looks.EXPERT_COLORS[theme]]
    for mark in marks:
        for background in looks.BACKGROUNDS[theme]:
            assert contrast(mark, background) >= 3, (mark, background)


@pytest.mark.parametrize("theme", looks.THEMES)
def test_text_is_legible(theme):
    assert all(contrast(looks.INK[theme], b) >= 7 for b in looks.BACKGROUNDS[theme])


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", looks.THEMES)
def test_colors_stay_apart_for_every_eye(theme, vision):
    """Eleven rules have a dash pattern and a name too; experts have their number alone."""
    groups = [(looks.COLORS[theme].values(), 7.5), (looks.EXPERT_COLORS[theme], 11)]
    for group, least in groups:
        for one, other in combinations(group, 2):
            assert distance(one, other, vision) >= least, (one, other)


@pytest.mark.parametrize("theme", looks.THEMES)
@pytest.mark.parametrize(
    ("table", "normal", "least"),
    [
        (looks.CLASS_COLORS, 10, 5.5),
        (looks.SIZE_COLORS, 10, 6.5),
        (looks.VERDICT_COLORS, 20, 19),
    ],
    ids=["classes", "sizes", "verdicts"],
)
def test_colors_on_the_maps_stand_out_and_stay_apart(table, normal, least, theme):
    """Less is asked where ten colors must fit; what they color is labelled too."""
    for one in table[theme]:
        assert all(contrast(one, background) >= 3 for background in looks.BACKGROUNDS[theme])
    for one, other in combinations(table[theme], 2):
        assert distance(one, other, "normal") >= normal, (one, other)
        assert all(distance(one, other, vision) >= least for vision in VISION), (one, other)


def test_two_rules_with_one_dash_pattern_are_told_apart_by_color_in_gray():
    """Only the product and the plain mixture are both solid."""
    solid = [key for key, dash in looks.DASHES.items() if not dash]
    assert solid == ["poe", "moe"]
    assert len(set(looks.DASHES.values())) == len(looks.DASHES) - 1
    for theme in looks.THEMES:
        lightness = [oklab(linear(looks.COLORS[theme][key]))[0] for key in solid]
        assert abs(np.subtract(*lightness)) > 0.1


@pytest.mark.parametrize("theme", looks.THEMES)
def test_the_app_theme_has_the_backgrounds_the_palette_was_checked_against(theme):
    config = tomllib.loads(Path(".streamlit/config.toml").read_text())
    section = config["theme"].get(theme, config["theme"])
    assert (section["backgroundColor"], section["secondaryBackgroundColor"]) == (
        looks.BACKGROUNDS[theme]
    )
