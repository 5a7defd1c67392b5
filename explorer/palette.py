"""Colors, dash patterns and short names: the one place where an aggregation gets its look.

Everything drawn, in Python or in the browser, takes its appearance from here, so the same rule
looks the same on every page. Color is never alone: each rule also has a dash pattern and a label.
The colors keep a contrast of at least 3:1 against both surfaces of their theme and stay apart
under protanopia, deuteranopia and tritanopia (``tests/test_palette.py``).

To add an aggregation: one entry in ``DASHES``, ``LABELS`` and in both themes of ``COLORS``.
"""

THEMES = ("light", "dark")

BACKGROUNDS: dict[str, tuple[str, str]] = {
    "light": ("#fdfcfa", "#f3f1ec"),
    "dark": ("#14161c", "#1f222b"),
}
"""Page and secondary background of each theme, as in ``.streamlit/config.toml``."""

INK: dict[str, str] = {"light": "#22252b", "dark": "#eceef2"}
"""Text on those backgrounds."""

COLORS: dict[str, dict[str, str]] = {
    "light": {
        "poe": "#0946c5",
        "logpool": "#a165ef",
        "moe": "#da5f23",
        "mopoe": "#a70157",
        "wb": "#21948b",
        "mwb": "#154d04",
        "moments": "#1f1a17",
    },
    "dark": {
        "poe": "#4f82ff",
        "logpool": "#bea8fe",
        "moe": "#f3a307",
        "mopoe": "#f04b80",
        "wb": "#5fd9ab",
        "mwb": "#5f7f00",
        "moments": "#f3f5f3",
    },
}
"""Theme -> aggregation key -> color. Blues average densities multiplicatively, reds and oranges
add them, greens move mass; the best single Gaussian for the mixture is ink."""

EXPERT_COLORS: dict[str, tuple[str, ...]] = {
    "light": ("#5c87b9", "#ae794d", "#7d566c", "#174825", "#2d144a"),
    "dark": ("#93c0f4", "#dbc481", "#c9878f", "#b1fded", "#7f66a6"),
}
"""Theme -> colors of experts 1 to 5 (on other pages: of modalities m0 to m4): muted, where the
fusions are vivid."""

DASHES: dict[str, str] = {
    "poe": "",
    "logpool": "2 4",
    "moe": "",
    "mopoe": "9 4",
    "wb": "10 4 2 4",
    "mwb": "5 3",
    "moments": "1 3",
}
"""Aggregation key -> SVG ``stroke-dasharray`` in px; empty is solid."""

PLOTLY_DASHES: dict[str, str] = {
    key: dash.replace(" ", "px,") + "px" if dash else "solid" for key, dash in DASHES.items()
}
"""The same patterns for Plotly's ``line.dash``."""

LABELS: dict[str, str] = {
    "poe": "Product",
    "logpool": "Geometric mean",
    "moe": "Mixture",
    "mopoe": "Mixture of products",
    "wb": "Wasserstein",
    "mwb": "Mixture of Wasserstein",
    "moments": "Moment match",
}
"""Aggregation key -> the short name that stands at a curve or in a legend."""

CLASS_COLORS: dict[str, tuple[str, ...]] = {
    "light": (
        *("#3a51b3", "#b15d44", "#1f8a70", "#96428d", "#675a0c"),
        *("#e14972", "#407c00", "#7a4543", "#208ece", "#493a4a"),
    ),
    "dark": (
        *("#898efe", "#fd7612", "#5de7ad", "#d46ed0", "#ffd36e"),
        *("#ee90a3", "#b6c929", "#bb9a67", "#41bdfc", "#b4d3e5"),
    ),
}
"""Theme -> colors of classes 0 to 9. Ten are too many for every eye: what they color is labelled
where it is."""

SIZE_COLORS: dict[str, tuple[str, ...]] = {
    "light": ("#b9772a", "#b04f56", "#8a3a78", "#58307f", "#241c52"),
    "dark": ("#7f63c6", "#bb6fb9", "#ee7f8d", "#fcae6c", "#fdeaa0"),
}
"""Theme -> colors of 1 to 5 things, in order."""

VERDICT_COLORS: dict[str, tuple[str, str]] = {
    "light": ("#2f6fb0", "#c4320a"),
    "dark": ("#7fb2ea", "#ff8a5c"),
}
"""Theme -> right, wrong; wrong is a cross as well."""
