"""What page 1 teaches with: presets, predictions and challenges, all as data.

To add one: an entry here. ``setup`` is a part of ``State`` as plain values; a challenge's
``check`` gets the state that the browser sent and returns whether it is solved, and what to say.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from explorer import densities
from explorer.app.barycenters.state import State


class Preset(NamedTuple):
    """A starting point that makes one point."""

    label: str
    point: str
    setup: dict[str, Any]


class Option(NamedTuple):
    """One answer, and why it is right or wrong."""

    label: str
    right: bool
    why: str


class Prediction(NamedTuple):
    """A question that is answered before the fused curves are shown."""

    label: str
    text: str
    setup: dict[str, Any]
    options: tuple[Option, ...]


class Challenge(NamedTuple):
    """A task that is done on the plot and checked in Python on every release."""

    label: str
    task: str
    hint: str
    setup: dict[str, Any]
    check: Callable[[State], tuple[bool, str]]
    """State -> (solved, what the numbers are)."""


PRESETS: dict[str, Preset] = {
    "agree": Preset(
        "Agreement",
        "Three experts agree: the product becomes surer than each of them, mixture and "
        "Wasserstein do not.",
        {"experts": [[0.4, 1.2], [0, 1], [-0.3, 1.4]], "curves": ["poe", "moe", "wb"]},
    ),
    "conflict": Preset(
        "Conflict",
        "Two experts contradict each other: product and Wasserstein peak where nobody believes; "
        "only mixtures keep both answers.",
        {"experts": [[-4, 1], [4, 1]], "curves": ["poe", "moe", "wb"]},
    ),
    "overconfident": Preset(
        "Overconfident",
        "One expert is far too sure: the product follows it almost alone, the Wasserstein "
        "barycenter counts it as one of three.",
        {"experts": [[-3, 0.3], [1.5, 1.4], [2.5, 1.6]], "curves": ["poe", "moe", "wb"]},
    ),
    "vacuous": Preset(
        "Knows nothing",
        "One expert knows nothing: the product ignores it, the Wasserstein barycenter is widened "
        "by it, the mixture keeps it as a floor.",
        {"experts": [[0, 0.8], [0, 5]], "curves": ["poe", "moe", "wb"]},
    ),
    "vacuous_off": Preset(
        "Knows nothing, far away",
        "It knows nothing and sits far away: the Wasserstein barycenter is dragged half the way "
        "towards it, the product hardly moves.",
        {"experts": [[-2, 0.7], [6, 5]], "curves": ["poe", "logpool", "wb"]},
    ),
    "duplicate": Preset(
        "Duplicate",
        "The same expert twice. The product halves its variance, as if there were two witnesses; "
        "dependent experts take off a quarter; the geometric mean and Hölder pooling nothing; "
        "MultiVI's average multiplies it by the square root of 2.",
        {
            "experts": [[1, 1.2], [1, 1.2]],
            "curves": ["poe", "logpool", "dependent", "multivi"],
        },
    ),
    "outlier": Preset(
        "Outlier",
        "One of five is far off: all single Gaussians shift towards it, mixtures give it a "
        "bump of its own.",
        {
            "experts": [[-2, 1], [-1.4, 0.8], [-1, 1.1], [-0.6, 0.9], [6, 0.8]],
            "curves": ["poe", "moe", "wb", "mwb"],
        },
    ),
    "widths": Preset(
        "Different widths",
        "With unequal widths geometric mean and Wasserstein part company: one averages "
        "precisions, the other standard deviations.",
        {"experts": [[-2.5, 0.5], [2.5, 2.2]], "curves": ["logpool", "moe", "wb"]},
    ),
    "equal": Preset(
        "Equal widths",
        "With equal widths geometric mean and Wasserstein are the same curve, whatever the means.",
        {
            "experts": [[-3, 1.2], [0.5, 1.2], [2.8, 1.2]],
            "curves": ["logpool", "moe", "wb"],
        },
    ),
}

PLANE_PRESETS: dict[str, Preset] = {
    "crossing": Preset(
        "Crossing ellipses",
        "Two thin ellipses cross: the product is a small disc, the Wasserstein barycenter a round "
        "mean of the widths, the mixture a cross. The diagonal shortcut is too wide.",
        {"ellipses": [[0, 0, 2.4, 0.5, 45], [0, 0, 2.4, 0.5, -45]], "image": "moe"},
    ),
    "tilted": Preset(
        "Same tilt",
        "Both lean the same way, and so does the true barycenter; the diagonal shortcut forgets "
        "that they lean.",
        {"ellipses": [[-2, -1, 2, 0.5, 40], [2, 1, 1.2, 0.8, 40]], "image": "wb"},
    ),
    "upright": Preset(
        "Upright",
        "Axes along the coordinates, as in a VAE with diagonal covariances: now the shortcut is "
        "exact.",
        {"ellipses": [[-2, 0, 2, 0.6, 0], [2, 0.5, 0.7, 1.8, 0]], "image": "wb"},
    ),
}

PREDICTIONS: dict[str, Prediction] = {
    "consensus": Prediction(
        "Two contradict",
        "Two equally sure experts stand at -4 and 4. Which rules put their peak at 0, where "
        "nobody believes?",
        PRESETS["conflict"].setup,
        (
            Option(
                "Only the product",
                False,
                "The product does, but so does the Wasserstein barycenter: it averages the means "
                "and keeps the width. Moving mass is not the same as keeping modes.",
            ),
            Option(
                "Product and Wasserstein",
                True,
                "Both sit at 0. With equal widths the geometric mean is even the very same curve "
                "as the Wasserstein barycenter. Only mixtures avoid the false consensus.",
            ),
            Option(
                "The mixture",
                False,
                "The mixture's mean is 0, but it has almost no density there: it keeps two peaks, "
                "at -4 and 4.",
            ),
        ),
    ),
    "twice": Prediction(
        "Said twice",
        "The same expert is heard twice. What happens to the width of the product and of the "
        "geometric mean?",
        PRESETS["duplicate"].setup,
        (
            Option(
                "Both get narrower",
                False,
                "The product does: precisions add. The geometric mean averages precisions, and "
                "the average of two equal numbers is that number.",
            ),
            Option(
                "Only the product gets narrower",
                True,
                "Precisions add up in the product, so a repeated opinion counts as new evidence. "
                "That is right for independent witnesses and wrong for echoes.",
            ),
            Option(
                "Both stay as they are",
                False,
                "True for the geometric mean. The product multiplies the density with itself, "
                "which narrows it by the square root of 2.",
            ),
        ),
    ),
    "vague": Prediction(
        "Vague and far",
        "A sure expert stands at -2; another, five units wide, stands at 6. Which result moves "
        "furthest from the sure expert?",
        PRESETS["vacuous_off"].setup,
        (
            Option(
                "The product",
                False,
                "It weighs by precision: 1/0.49 against 1/25. It moves by about 0.15.",
            ),
            Option(
                "The Wasserstein barycenter",
                True,
                "It averages the means whatever their widths, so it moves by 4. That is the price "
                "of never ignoring anyone.",
            ),
            Option(
                "The geometric mean",
                False,
                "It has the same mean as the product when weights are equal, and is only wider.",
            ),
        ),
    ),
    "sensor": Prediction(
        "A broken sensor",
        "One of five sensors may be broken and report nonsense with full confidence. Which rule "
        "would you use, if you must not lose what the others say?",
        PRESETS["outlier"].setup,
        (
            Option(
                "Product",
                False,
                "A confident wrong factor moves the whole product, and it becomes surer at the "
                "same time: wrong and certain.",
            ),
            Option(
                "Wasserstein barycenter",
                False,
                "The broken sensor drags it by a fifth of its error, and nothing in the result "
                "shows that anyone disagreed.",
            ),
            Option(
                "Mixture",
                True,
                "Four fifths of the mass stay where the healthy sensors are and the last fifth is "
                "visible as its own bump: you can see that something is wrong.",
            ),
            Option(
                "Moment match",
                False,
                "It is wide enough to cover everybody, but it is a single bump: its peak lies "
                "between the groups, and the disagreement cannot be seen in it.",
            ),
        ),
    ),
}


class Fused(NamedTuple):
    """What a challenge asks of a fused belief: a part of ``playground.Row``, without torch."""

    mean: float
    std: float
    modes: int
    reverse_kl: float


def fused(state: State, key: str) -> Fused:
    """The figures of one rule, ``poe``, ``logpool``, ``moe`` or ``wb``, on a fine grid."""
    mean, std, weight = np.array(state.experts, float).T
    x, w = np.linspace(-60, 60, 24_001), weight / weight.sum()
    log_p = densities.log_normal(x, mean, std)
    if key == "wb":
        log_q = densities.log_normal(x, w @ mean, w @ std)
    else:
        log_q = densities.power_mean(log_p, w, x, exponent=float(key == "moe"))
    if key == "poe":
        prior = densities.log_normal(x, 0, 1) if state.prior else 0
        log_q = densities.normalise(len(w) * log_q + prior, x)
    center, width = densities.mean_and_std(log_q, x)
    reverse = sum(
        share * densities.kl_divergence(log_q, log_i, x)
        for share, log_i in zip(w, log_p, strict=True)
    )
    return Fused(float(center), float(width), densities.count_modes(log_q), float(reverse))


def _false_consensus(state: State) -> tuple[bool, str]:
    peak = fused(state, "poe").mean
    nearest = min(abs(peak - e.mean) / e.std for e in state.experts)
    return nearest >= 3, f"The product peaks {nearest:.1f} sd from the nearest expert."


def _sharp_product(state: State) -> tuple[bool, str]:
    std = fused(state, "poe").std
    surest = min(e.std for e in state.experts)
    numbers = f"The product's sd is {std:.2f}, the surest expert's {surest:.2f}."
    return std < 0.3 and surest >= 0.5, numbers


def _gap(state: State) -> float:
    one, other = fused(state, "logpool"), fused(state, "wb")
    return abs(one.mean - other.mean) + abs(one.std - other.std)


def _coincide(state: State) -> tuple[bool, str]:
    means = [e.mean for e in state.experts]
    spread, gap = max(means) - min(means), _gap(state)
    numbers = f"Means and widths differ by {gap:.2f}; the experts' means span {spread:.1f}."
    return gap < 0.02 and spread >= 1, numbers


def _part(state: State) -> tuple[bool, str]:
    gap = _gap(state)
    return gap >= 1, f"Means and widths differ by {gap:.2f}."


def _dragged(state: State) -> tuple[bool, str]:
    ratio = fused(state, "wb").reverse_kl / max(fused(state, "poe").reverse_kl, 1e-9)
    return ratio >= 10, f"Wasserstein pays {ratio:.1f} times what the product pays."


def _two_modes(state: State) -> tuple[bool, str]:
    modes, n = fused(state, "moe").modes, len(state.experts)
    return modes == 2 and n == 4, f"{n} experts, {modes} {'mode' if modes == 1 else 'modes'}."


CHALLENGES: dict[str, Challenge] = {
    "false_consensus": Challenge(
        "False consensus",
        "Make the product peak at least 3 standard deviations away from every expert.",
        "Let sure experts contradict each other.",
        {"experts": [[-1, 1], [1, 1]], "curves": ["poe", "moe"]},
        _false_consensus,
    ),
    "sharp_product": Challenge(
        "Certainty from nowhere",
        "Bring the product's sd below 0.3 although every expert's sd is at least 0.5.",
        "Precisions add: how many experts with precision 4 do you need for more than 11?",
        {"experts": [[0, 1], [0.5, 1]], "curves": ["poe", "logpool"]},
        _sharp_product,
    ),
    "coincide": Challenge(
        "Two rules, one curve",
        "Make the Wasserstein barycenter and the geometric mean coincide, with means at least 1 "
        "apart.",
        "One averages precisions, the other standard deviations. When do the two agree?",
        {"experts": [[-2, 0.6], [2, 2]], "curves": ["logpool", "wb"]},
        _coincide,
    ),
    "part": Challenge(
        "And part again",
        "Now let them part: means and widths together should differ by at least 1.",
        "Make one expert surer.",
        {"experts": [[-2, 1], [2, 1]], "curves": ["logpool", "wb"]},
        _part,
    ),
    "dragged": Challenge(
        "The price of listening to everyone",
        "Find experts for which the Wasserstein barycenter pays at least ten times the product's "
        "price in KL(q‖p). By KL(p‖q) it can never be the worst: its mean is the mixture's, and "
        "it is wider than the geometric mean, so the geometric mean always pays more, or the same.",
        "Remember the expert who knows nothing and stands far away.",
        {"experts": [[-2, 1], [2, 1]], "curves": ["poe", "wb"]},
        _dragged,
    ),
    "two_modes": Challenge(
        "Four experts, two modes",
        "Give the mixture exactly two modes with exactly four experts.",
        "Two experts merge into one peak when they stand within about two sd of each other.",
        {"experts": [[-6, 0.8], [-2, 0.8], [2, 0.8], [6, 0.8]], "curves": ["moe"]},
        _two_modes,
    ),
}
"""Key -> challenge; the key is also the word for ``?lesson=``."""
