"""What experts say in one latent dimension, as plain data for ``gallery.js``.

Shapes: K components, M observed modalities, B batch, D latent.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import torch
from torch import Tensor

from explorer.app.barycenters.state import State, read_link, write_link
from explorer.app.generation.state import Question
from explorer.catalog.looks import (
    EXPERT_COLORS,
    LABELS,
    MODEL_COLORS,
    MODEL_DASHES,
    MODEL_LABELS,
    THEMES,
)
from explorer.densities import Expert
from explorer.evaluation.conflict import contradict
from explorer.gaussians import Gaussian, Laplace, Mixture, kl_to_prior
from explorer.models.mac import POINT_LOGVAR

if TYPE_CHECKING:
    from explorer.app.generation.answers import Lab

MOST_EXPERTS = 8
"""Densities that are drawn of a dimension; of more experts the outermost."""

STRETCHES = (1, 2, 5, 10, 20)
"""Factors tried to fit experts into the limits of Barycenters."""


def look(key: str) -> dict[str, object]:
    """Key, name and appearance of a model."""
    return {
        "key": key,
        "name": MODEL_LABELS[key],
        "colors": [MODEL_COLORS[theme][key] for theme in THEMES],
        "dash": MODEL_DASHES[key],
    }


def expert(names: Sequence[str], name: str) -> dict[str, object]:
    """Name and colors of a modality, one of ``names``."""
    colors = (EXPERT_COLORS[theme] for theme in THEMES)
    return {"name": name, "colors": [shades[names.index(name) % len(shades)] for shades in colors]}


@torch.inference_mode()
def marginals(lab: "Lab", question: Question) -> dict[str, object]:
    """Every observed expert's density in one latent dimension, and the chosen models' fusions.

    A latent dimension means something within one model only, so each model shows its own: the
    one of rank ``question.rank`` by disagreement of its experts.
    """
    test = lab.data.test
    batch = test[torch.tensor([question.item])]
    batch = {name: batch[name] for name in lab.names if name in question.given}
    if question.view == "conflict":
        batch = contradict(batch, test[torch.tensor([question.other])], question.swapped)
    shown = []
    for key in question.models:
        model = lab.models[key]
        if isinstance(model, str):
            shown.append(look(key) | {"error": model})
            continue
        experts = model.experts(batch)
        gap = disagreement(experts)
        d = int(gap.argsort(descending=True)[min(question.rank, len(gap)) - 1])
        fused = (model.posterior if question.whole else model.subset_posterior)(batch)
        own = {name: Gaussian(*(part[m, 0, d] for part in experts)) for m, name in enumerate(batch)}
        drawn = outermost(own)
        shown.append(
            look(key)
            | {
                "left_out": len(own) - len(drawn),
                "dimension": d,
                "gap": float(gap[d]),
                "points": is_point(experts),
                "laplace": isinstance(fused.components, Laplace),
                "experts": [
                    expert(lab.names, name) | {"mu": float(own[name].mu), "sd": sd(own[name])}
                    for name in drawn
                ],
                "fused": {
                    "weights": fused.weights.tolist(),
                    "mu": fused.components.mu[:, 0, d].tolist(),
                    "sd": [
                        sd(Gaussian(*(part[k, 0, d] for part in fused.components)))
                        for k in range(len(fused.weights))
                    ],
                },
            }
        )
        rule = model.config.get("aggregation")
        whole = len(drawn) == len(own) and not isinstance(fused.components, Laplace)
        if rule in LABELS and whole:
            shown[-1] |= _link(rule, shown[-1]["experts"], _rules(lab, question))
    return {"kind": "marginals", "several": len(batch) > 1, "models": shown}


def outermost(experts: dict[str, Gaussian]) -> list[str]:
    """Names of the experts that are drawn, in their order: all, or of many those at both ends."""
    if len(experts) <= MOST_EXPERTS:
        return list(experts)
    by_place = sorted(experts, key=lambda name: float(experts[name].mu))
    kept = {*by_place[: MOST_EXPERTS // 2], *by_place[-(MOST_EXPERTS // 2) :]}
    return [name for name in experts if name in kept]


def _rules(lab: "Lab", question: Question) -> tuple[str, ...]:
    """Which curves of Barycenters stand for the models that are asked."""
    asked = (lab.models[key] for key in question.models)
    rules = {m.config.get("aggregation") for m in asked if not isinstance(m, str)}
    return tuple(rule for rule in LABELS if rule in rules)


def _link(key: str, experts: list[dict], curves: tuple[str, ...]) -> dict[str, object]:
    """Where Barycenters shows these experts, and how its axis has to differ for them to fit.

    Nothing where no axis fits. Every rule but the one with a prior is the same wherever the axis
    starts and whatever its unit, so the prior takes part only on the axis as it is.
    """
    middle = (min(e["mu"] for e in experts) + max(e["mu"] for e in experts)) / 2
    for shift, stretch in [(0.0, 1), *((round(middle, 1), stretch) for stretch in STRETCHES)]:
        rows = tuple(
            Expert(round(stretch * (e["mu"] - shift), 3), round(stretch * e["sd"], 3))
            for e in experts
        )
        moved = (shift, stretch) != (0.0, 1)
        parameters = write_link(
            State(experts=rows, curves=curves, prior=key == "poe" and not moved)
        )
        if read_link(parameters)[0].experts == rows:
            axis = f"there 0 is {shift:g} here, and 1 is {1 / stretch:g}" if moved else ""
            prior = "; the prior is left out" if key == "poe" and moved else ""
            return {"link": "./?" + urlencode(parameters, safe=",;"), "axis": axis + prior}
    return {}


def disagreement(experts: Gaussian) -> Tensor:
    """How far the two experts that differ most lie apart, in units of their joint sd: ``(D,)``.

    One expert alone disagrees with the prior, by the root of twice its KL. Codes that are points
    have no sd: how far apart they lie, or from 0, is in the latent's own units.

    Parameters
    ----------
    experts
        Gaussian ``(M, 1, D)``.
    """
    mu, variance = experts.mu[:, 0], experts.logvar[:, 0].exp()
    if is_point(experts):
        return mu[0].abs() if len(mu) == 1 else mu.amax(0) - mu.amin(0)
    if len(mu) == 1:
        per_dimension = Gaussian(*(part[0, 0].unsqueeze(-1) for part in experts))
        return (2 * kl_to_prior(per_dimension)).sqrt()
    apart = (mu.unsqueeze(0) - mu.unsqueeze(1)).abs()
    return (apart / (variance.unsqueeze(0) + variance.unsqueeze(1)).sqrt()).amax((0, 1))


def spread(posterior: Mixture) -> float:
    """Standard deviation of a posterior, what lies between components included; mean over D."""
    weights = posterior.batch_weights.unsqueeze(-1)
    within = (weights * posterior.components.logvar.exp()).sum(0)
    between = (weights * (posterior.components.mu - posterior.mean).square()).sum(0)
    return float((within + between).sqrt().mean())


def is_point(belief: Gaussian) -> bool:
    """Whether a belief is a deterministic code, which stands as a Gaussian of no width."""
    return bool((belief.logvar <= POINT_LOGVAR).all())


def sd(belief: Gaussian) -> float | None:
    """Mean standard deviation; None for a point."""
    return None if is_point(belief) else float(belief.std.mean())
