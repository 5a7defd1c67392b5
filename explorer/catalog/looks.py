"""Colors, dash patterns and short names: the one place where an aggregation gets its look.

Everything drawn, in Python or in the browser, takes its appearance from here, so the same rule
looks the same on every page. Color is never alone: each rule also has a dash pattern and a label.
The colors keep a contrast of at least 3:1 against both surfaces of their theme and stay apart
under protanopia, deuteranopia and tritanopia (``tests/catalog/test_looks.py``).

Models are more than eyes can tell apart by color: a model takes the color of its family, members
of a family differ by dash pattern and label (``MODEL_LOOKS``).

To add a rule of page 1: one entry in ``DASHES``, ``LABELS`` and both themes of ``COLORS``. To add
a model: one entry in ``MODEL_LOOKS``.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

T = TypeVar("T")

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
        "holder": "#8400f9",
        "hellinger": "#7076b3",
        "dependent": "#5d4f84",
        "multivi": "#620d3d",
    },
    "dark": {
        "poe": "#4f82ff",
        "logpool": "#bea8fe",
        "moe": "#f3a307",
        "mopoe": "#f04b80",
        "wb": "#5fd9ab",
        "mwb": "#5f7f00",
        "moments": "#f3f5f3",
        "holder": "#9782be",
        "hellinger": "#acd6ec",
        "dependent": "#6eb1c2",
        "multivi": "#b18e1a",
    },
}
"""Theme -> aggregation key -> color. Blues average densities multiplicatively, reds and oranges
add them, greens move mass; the best single Gaussian for the mixture is ink; violets and what is
left to the eye beside them are the rules since the papers."""

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
    "holder": "14 3",
    "hellinger": "7 3 1 3",
    "dependent": "4 2 1 2 1 2",
    "multivi": "3 6",
}
"""Aggregation key -> SVG ``stroke-dasharray`` in px; empty is solid."""

LABELS: dict[str, str] = {
    "poe": "Product",
    "logpool": "Geometric mean",
    "moe": "Mixture",
    "mopoe": "Mixture of products",
    "wb": "Wasserstein",
    "mwb": "Mixture of Wasserstein",
    "moments": "Moment match",
    "holder": "Hölder pooling",
    "hellinger": "Hellinger average",
    "dependent": "Dependent experts",
    "multivi": "MultiVI's average",
}
"""Aggregation key -> the short name that stands at a curve or in a legend."""

FAMILY_COLORS: dict[str, dict[str, str]] = {
    "light": {**COLORS["light"], "apart": "#5a0087", "joint": "#7e5a09"},
    "dark": {**COLORS["dark"], "apart": "#a648b4", "joint": "#fce14a"},
}
"""Theme -> family of models -> color: a rule and the models that fuse beliefs by it; latents that
stay apart, purple; encoders that see several modalities at once, gold."""


class ByModel(dict[str, T]):
    """Something for each key of ``MODELS``, and for checkpoints of one's own.

    Those are called by the key, a hyphen and a tag: ``mopoe-2`` has what ``mopoe`` has, as
    ``tagged`` makes it of that and the tag. ``in`` and loops see the keys only.
    """

    def __init__(
        self, values: Mapping[str, T], tagged: Callable[[T, str], T] = lambda value, _: value
    ) -> None:
        super().__init__(values)
        self.tagged = tagged

    def __missing__(self, name: str) -> T:
        key, hyphen, tag = name.partition("-")
        if not hyphen:
            raise KeyError(name)
        return self.tagged(self[key], tag)

    def get(self, name: str, default: T | None = None) -> T | None:
        """What ``[name]`` gives, or ``default``."""
        try:
            return self[name]
        except KeyError:
            return default


class Look(NamedTuple):
    """How a model is drawn and called.

    Parameters
    ----------
    label
        The short name, at most 28 characters: legends, tables, the model's card.
    family
        Key of ``FAMILY_COLORS``.
    dash
        SVG ``stroke-dasharray`` in px, unlike that of any other member of the family.
    """

    label: str
    family: str
    dash: str


def _rule(key: str) -> Look:
    """A rule with the plain ELBO looks as the rule does."""
    return Look(LABELS[key], key, DASHES[key])


MODEL_LOOKS: ByModel[Look] = ByModel(
    {
        "poe": _rule("poe"),
        "poe_unimodal": Look("Product and unimodal", "poe", "8 4"),
        "logpool": _rule("logpool"),
        "moe": _rule("moe"),
        "moe_mixture": Look("Exact mixture", "moe", "9 4"),
        "moe_iwae": Look("Mixture, IWAE", "moe", "5 3"),
        "moe_dreg": Look("MMVAE (DReG)", "moe", "10 4 2 4"),
        "mopoe": _rule("mopoe"),
        "mopoe_mixture": Look("Exact mixture of products", "mopoe", ""),
        "mopoe_style": Look("Mixture of products, styles", "mopoe", "10 4 2 4"),
        "wb": _rule("wb"),
        "mwb": _rule("mwb"),
        "mwb_mixture": Look("Exact mixture of Wasserstein", "mwb", ""),
        "moments": _rule("moments"),
        "holder": _rule("holder"),
        "hellinger": _rule("hellinger"),
        "dependent": _rule("dependent"),
        "code": Look("CoDE-VAE", "dependent", "9 4"),
        "multivi": _rule("multivi"),
        "mmvae_plus": Look("MMVAE+", "moe", "14 3"),
        "holder_plus": Look("Hölder+", "holder", "10 4 2 4"),
        "cmvae": Look("CMVAE", "moe", "3 6"),
        "mmjsd": Look("mmJSD", "moe", "1 3"),
        "mvtcae": Look("MVTCAE", "poe", "10 4 2 4"),
        "independent": Look("Independent", "apart", ""),
        "aggregated_std": Look("Aggregated, mean std", "wb", ""),
        "aggregated_variance": Look("Aggregated, mean variance", "wb", "5 3"),
        "aggregated_product": Look("Aggregated, product", "poe", "5 3"),
        "mmvamp": Look("MM-VAMP", "apart", "9 4"),
        "mmvamp_pairwise": Look("MM-VAMP, pairwise", "apart", "10 4 2 4"),
        "jmvae": Look("JMVAE", "joint", "9 4"),
        "nexus": Look("Nexus", "joint", "1 3"),
        "mac_wae": Look("MAC-WAE", "joint", ""),
        "mac_vae": Look("MAC-VAE", "joint", "5 3"),
        "m_wae": Look("M-WAE", "joint", "10 4 2 4"),
    },
    lambda look, tag: look._replace(label=f"{look.label} ({tag})"),
)
"""Key of ``MODELS`` -> its look."""

MODEL_LABELS: ByModel[str] = ByModel(
    {key: look.label for key, look in MODEL_LOOKS.items()}, lambda label, tag: f"{label} ({tag})"
)
"""Model key -> short name."""

MODEL_DASHES: ByModel[str] = ByModel({key: look.dash for key, look in MODEL_LOOKS.items()})
"""Model key -> SVG ``stroke-dasharray`` in px; empty is solid."""

MODEL_COLORS: dict[str, ByModel[str]] = {
    theme: ByModel({key: colors[look.family] for key, look in MODEL_LOOKS.items()})
    for theme, colors in FAMILY_COLORS.items()
}
"""Theme -> model key -> color."""

PLOTLY_DASHES: ByModel[str] = ByModel(
    {
        key: dash.replace(" ", "px,") + "px" if dash else "solid"
        for key, dash in MODEL_DASHES.items()
    }
)
"""The same patterns for Plotly's ``line.dash``."""

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
