"""What the Generation page answers, as plain data for ``explorer/widgets/gallery.js``.

No Streamlit here: the preset cache is written by the same functions that answer live.

Shapes: N draws, K components, M observed modalities, D latent, C classes.
"""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlencode

import torch
from PIL import Image
from torch import Tensor

from explorer.aggregations import AGGREGATIONS, power_set, subsets
from explorer.datasets import Dataset
from explorer.evaluation.conflict import behavior, contradict, count_classes, draw, read
from explorer.gaussians import Gaussian, Mixture, kl_to_prior
from explorer.links import State, read_link, write_link
from explorer.models import MODELS, MultimodalVAE
from explorer.pages.questions import About, Question
from explorer.palette import COLORS, DASHES, EXPERT_COLORS, LABELS, THEMES
from explorer.playground import Expert

SHOWN = 8
"""Example draws beside each bar of a conflict."""

CALM_VOTES = 50
"""Draws that say what a model makes of the same views when nothing is swapped."""

SPRITE_COLUMNS = 16

STRETCHES = (1, 2, 5, 10, 20)
"""Factors tried to fit experts into the limits of Barycenters."""


class Lab(NamedTuple):
    """What answering takes.

    Parameters
    ----------
    data
        Samples come from its test split.
    models
        Key to model, or to the sentence that says why it is not there.
    classifiers
        ``.probabilities(name to pictures)`` and ``.ceiling``; or why they are not there.
    """

    data: Dataset
    models: Mapping[str, MultimodalVAE | str]
    classifiers: object

    @property
    def names(self) -> list[str]:
        """Modalities in dataset order."""
        return [modality.name for modality in self.data.modalities]

    @property
    def mixtures(self) -> list[str]:
        """Models whose trained belief differs from what their papers generate from."""
        return [key for key, rule in AGGREGATIONS.items() if rule.family is power_set]


@dataclass
class Sprite:
    """Pictures on their way into one image; ``add`` says where each one lies in it."""

    tiles: list[Tensor] = field(default_factory=list)

    def add(self, pictures: Tensor) -> list[int]:
        """Append float ``(N, C, H, W)`` in [0, 1], clamped; their positions."""
        start = sum(len(t) for t in self.tiles)
        self.tiles.append(pictures.clamp(0, 1).mul(255).round().byte())
        return list(range(start, start + len(pictures)))

    def encode(self) -> dict[str, object]:
        """The image as a data URI, its columns and rows, and the size of a tile."""
        tiles = torch.cat(self.tiles)
        if tiles.shape[1] == 1:
            tiles = tiles.expand(-1, 3, -1, -1)
        height, width = tiles.shape[-2:]
        rows = -(-len(tiles) // SPRITE_COLUMNS)
        sheet = tiles.new_zeros(rows * SPRITE_COLUMNS, *tiles.shape[1:])
        sheet[: len(tiles)] = tiles
        sheet = sheet.reshape(rows, SPRITE_COLUMNS, 3, height, width).permute(0, 3, 1, 4, 2)
        image = Image.fromarray(sheet.reshape(rows * height, SPRITE_COLUMNS * width, 3).numpy())
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", lossless=True, method=0, quality=20)
        encoded = base64.b64encode(buffer.getvalue()).decode()
        return {
            "sprite": f"data:image/webp;base64,{encoded}",
            "columns": SPRITE_COLUMNS,
            "rows": rows,
        }


def describe(lab: Lab) -> About:
    """What questions may refer to."""
    models = [m for m in lab.models.values() if not isinstance(m, str)]
    return About(
        tuple((m.name, m.description) for m in lab.data.modalities),
        len(lab.data.test),
        min((m.latent_dim for m in models), default=64),
    )


@torch.inference_mode()
def answer(lab: Lab, question: Question) -> dict[str, object]:
    """The gallery that answers ``question``."""
    return {"draws": show_draws, "conflict": show_conflict}[question.view](lab, question)


def show_draws(lab: Lab, question: Question) -> dict[str, object]:
    """Given, hidden, and for each model the draws of what is hidden, read by the classifier.

    When nothing is hidden the models reconstruct what they were given.
    """
    sprite = Sprite()
    sample = lab.data.test[torch.tensor([question.item])]
    label = int(lab.data.test.labels[question.item])
    batch = {name: sample[name] for name in lab.names if name in question.given}
    targets = [name for name in lab.names if name not in batch] or lab.names
    places = dict(zip(lab.names, sprite.add(torch.cat(list(sample.values()))), strict=True))
    return {
        "kind": "draws",
        "label": label,
        "given": [_input(lab, name, places[name]) for name in batch],
        "hidden": [_input(lab, name, places[name]) for name in targets],
        "nothing_hidden": len(batch) == len(lab.names),
        "models": [
            look(key)
            | (
                {"error": model}
                if isinstance(model := lab.models[key], str)
                else _drawn(lab, model, batch, targets, label, question, sprite)
            )
            for key in question.models
        ],
        "note": lab.classifiers if isinstance(lab.classifiers, str) else "",
        **sprite.encode(),
    }


def show_conflict(lab: Lab, question: Question) -> dict[str, object]:
    """Given inputs that contradict each other, and for every model whose side its draws take."""
    sprite = Sprite()
    pair = torch.tensor([question.item, question.other])
    labels = lab.data.test.labels[pair]
    both = lab.data.test[pair]
    here, there = ({name: x[i : i + 1] for name, x in both.items()} for i in (0, 1))
    calm = {name: here[name] for name in lab.names if name in question.given}
    batch = contradict(calm, there, question.swapped)
    places = dict(zip(batch, sprite.add(torch.cat(list(batch.values()))), strict=True))
    return {
        "kind": "conflict",
        "labels": labels.tolist(),
        "target": question.target,
        "votes": question.votes,
        "calm_votes": CALM_VOTES,
        "given": [
            _input(lab, name, places[name]) | {"side": "AB"[name in question.swapped]}
            for name in batch
        ],
        "models": [
            look(key)
            | (
                {"error": model}
                if isinstance(model := lab.models[key], str)
                else {"error": lab.classifiers}
                if isinstance(lab.classifiers, str)
                else _sided(lab, model, batch, calm, labels, question, sprite)
            )
            for key in MODELS
        ],
        **sprite.encode(),
    }


def show_rates(rates: list[dict[str, object]]) -> dict[str, object]:
    """The behaviors of every model in many samples, from ``conflict_rates``."""
    return {
        "kind": "rates",
        "models": [
            look(row["key"])
            | {"whole": row["whole"], "shares": row["behaviors"], "calm": row["calm"]}
            for row in rates
        ],
        "n_samples": rates[0]["n_samples"],
        "n_draws": rates[0]["n_draws"],
    }


def look(key: str) -> dict[str, object]:
    """Key, name and appearance of a model."""
    return {
        "key": key,
        "name": LABELS[key],
        "colors": [COLORS[theme][key] for theme in THEMES],
        "dash": DASHES[key],
    }


def thumbnails(data: Dataset, items: list[int], name: str) -> dict[str, object]:
    """The strip of samples to choose from: one modality of each."""
    sprite = Sprite()
    index = torch.tensor(items)
    places = sprite.add(data.test[index][name])
    labels = data.test.labels[index].tolist()
    return {
        "kind": "strip",
        "items": [
            {"item": item, "tile": tile, "label": label}
            for item, tile, label in zip(items, places, labels, strict=True)
        ],
        **sprite.encode(),
    }


@torch.inference_mode()
def marginals(lab: Lab, question: Question) -> dict[str, object]:
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
        d = int(gap.argsort(descending=True)[question.rank - 1])
        fused = (model.posterior if question.whole else model.subset_posterior)(batch)
        at = slice(d, d + 1)
        shown.append(
            look(key)
            | {
                "dimension": d,
                "gap": float(gap[d]),
                "experts": [
                    _expert(lab, name) | {"mu": float(mu), "sd": float(sd)}
                    for name, mu, sd in zip(
                        batch, experts.mu[:, 0, at], experts.std[:, 0, at], strict=True
                    )
                ],
                "fused": {
                    "weights": fused.weights.tolist(),
                    "mu": fused.components.mu[:, 0, d].tolist(),
                    "sd": fused.components.std[:, 0, d].tolist(),
                },
            }
        )
        shown[-1] |= _link(key, shown[-1]["experts"], question.models)
    return {"kind": "marginals", "several": len(batch) > 1, "models": shown}


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

    One expert alone disagrees with the prior, by the root of twice its KL.

    Parameters
    ----------
    experts
        Gaussian ``(M, 1, D)``.
    """
    mu, variance = experts.mu[:, 0], experts.logvar[:, 0].exp()
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


def _drawn(
    lab: Lab,
    model: MultimodalVAE,
    batch: dict[str, Tensor],
    targets: list[str],
    label: int,
    question: Question,
    sprite: Sprite,
) -> dict[str, object]:
    experts = model.experts(batch)
    posterior = (model.posterior if question.whole else model.subset_posterior)(batch)
    generator = torch.Generator().manual_seed(question.seed)
    drawn = draw(posterior, question.draws, generator, question.temperature)
    z = torch.cat([posterior.mean, drawn.z[:, 0]])  # (1 + N, D)
    decoded = {name: d.mean for name, d in model.decode(z, targets).items()}
    components = _components(lab, batch, posterior)
    sources = [components[k] for k in drawn.component[:, 0].tolist()]
    verdicts = _read(lab, decoded)
    rows = []
    for name, pictures in decoded.items():
        tiles = [
            {"tile": place, **verdict}
            for place, verdict in zip(sprite.add(pictures), verdicts[name], strict=True)
        ]
        rows.append(
            _expert(lab, name)
            | {
                "mean": tiles[0],
                "draws": [
                    tile | {"source": source}
                    for tile, source in zip(tiles[1:], sources, strict=True)
                ],
                "agree": sum(tile.get("digit") == label for tile in tiles[1:]),
                "ceiling": None
                if isinstance(lab.classifiers, str)
                else lab.classifiers.ceiling[name],
            }
        )
    return {
        "components": components,
        "experts": [
            _expert(lab, name) | {"sd": float(sd.mean())}
            for name, sd in zip(batch, experts.std, strict=True)
        ],
        "spread": spread(posterior),
        "rows": rows,
    }


def _sided(
    lab: Lab,
    model: MultimodalVAE,
    batch: dict[str, Tensor],
    calm: dict[str, Tensor],
    labels: Tensor,
    question: Question,
    sprite: Sprite,
) -> dict[str, object]:
    believe = model.posterior if question.whole else model.subset_posterior
    posterior = believe(batch)
    generator = torch.Generator().manual_seed(question.seed)
    drawn = draw(posterior, question.votes, generator, question.temperature)
    pictures = model.decode(drawn.z[:, 0], [question.target])[question.target].mean
    digits = lab.classifiers.predict({question.target: pictures})[question.target]
    counts = count_classes(digits.unsqueeze(1), len(lab.data.classes))
    sides = counts.sides(labels[:1], labels[1:])[0]
    strangers = counts.by_class[0].clone()
    strangers[labels] = 0
    peace = read(
        model, lab.classifiers, believe(calm), question.target, CALM_VOTES, generator
    ).by_class[0]
    components = _components(lab, batch, posterior)
    places = sprite.add(pictures[:SHOWN])
    return {
        "components": components,
        "sides": sides.tolist(),
        "calm": int(peace[labels[0]]),
        "behavior": behavior(sides, float(peace[labels[0]] / CALM_VOTES)),
        "stranger": int(strangers.argmax()) if strangers.sum() else None,
        "draws": [
            {"tile": tile, "digit": digit, "source": components[k]}
            for tile, digit, k in zip(
                places, digits.tolist(), drawn.component[:, 0].tolist(), strict=False
            )
        ],
    }


def _read(lab: Lab, pictures: dict[str, Tensor]) -> dict[str, list[dict[str, object]]]:
    """The classifier's digit and confidence for every picture; nothing where there is none."""
    if isinstance(lab.classifiers, str):
        return {name: [{}] * len(x) for name, x in pictures.items()}
    answers = {}
    for name, probabilities in lab.classifiers.probabilities(pictures).items():
        confidence, digit = probabilities.max(-1)
        answers[name] = [
            {"digit": d, "confidence": round(c, 3)}
            for d, c in zip(digit.tolist(), confidence.tolist(), strict=True)
        ]
    return answers


def _components(lab: Lab, batch: dict[str, Tensor], posterior: Mixture) -> list[list[str]]:
    """Which modalities each component of a posterior fuses."""
    observed = list(batch)
    n_components = len(posterior.components.mu)
    if n_components == 1:
        return [observed]
    if n_components == len(observed):
        return [[name] for name in observed]
    return [list(subset) for subset in subsets(observed)]


def _expert(lab: Lab, name: str) -> dict[str, object]:
    m = lab.names.index(name)
    return {"name": name, "colors": [EXPERT_COLORS[theme][m] for theme in THEMES]}


def _input(lab: Lab, name: str, tile: int) -> dict[str, object]:
    m = lab.names.index(name)
    return {"name": name, "about": lab.data.modalities[m].description, "tile": tile}
