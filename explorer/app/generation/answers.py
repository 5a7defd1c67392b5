"""What the Generation page answers, as plain data for ``explorer/app/generation/gallery.js``.

No Streamlit here: the preset cache is written by the same functions that answer live.

Shapes: N draws, K components, M observed modalities, D latent, C classes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.aggregations import AGGREGATIONS, power_set
from explorer.app.generation.experts import expert, is_point, look, sd, spread
from explorer.app.generation.sprite import Sprite
from explorer.app.generation.state import About, Question
from explorer.catalog.looks import LABELS
from explorer.catalog.subjects import SUBJECTS
from explorer.datasets import Dataset, Modality
from explorer.datasets.modality import told_in_words
from explorer.drawing.tiles import describe as in_words
from explorer.evaluation.conflict import behavior, contradict, count_classes, draw, read
from explorer.gaussians import Gaussian, Mixture
from explorer.models import MultimodalVAE

SHOWN = 8
"""Example draws beside each bar of a conflict."""

CALM_VOTES = 50
"""Draws that say what a model makes of the same views when nothing is swapped."""


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
    def in_words(self) -> set[str]:
        """Modalities that are told in words, not shown as tiles."""
        return {modality.name for modality in told_in_words(self.data.modalities)}

    @property
    def mixtures(self) -> list[str]:
        """Models whose trained belief differs from what their papers generate from."""
        return [key for key, rule in AGGREGATIONS.items() if rule.family is power_set]


def describe(
    data: Dataset,
    models: Sequence[str],
    n_dimensions: int,
    read: tuple[str, ...] | None = None,
) -> About:
    """What questions may refer to."""
    return About(
        data.name,
        tuple((m.name, m.description) for m in data.modalities),
        tuple(data.classes),
        len(data.test),
        tuple(models),
        n_dimensions,
        read,
    )


@torch.inference_mode()
def observations(lab: Lab, question: Question) -> dict[str, dict[str, Tensor]]:
    """What an answer shows tiles of: modality to ``(1 + N, *shape)``, the mean first.

    Under the key of each model; what went in under ``""``, ``(1, *shape)``, in a conflict under
    ``"A"`` and ``"B"``. A model that is not there is left out.
    """
    here, there = (lab.data.test[torch.tensor([i])] for i in (question.item, question.other))
    batch, targets = _split(lab, here, question)
    found, shown = {"": here}, question.draws
    if question.view == "conflict":
        batch = contradict(batch, there, question.swapped)
        found, shown = {"A": here, "B": there}, SHOWN
        question = replace(question, draws=question.votes)
    for key in question.models:
        if not isinstance(model := lab.models[key], str):
            parts = [made for _, _, made, _ in _by_source(model, batch, targets, question)]
            found[key] = {name: x[: 1 + shown] for part in parts for name, x in part.items()}
    return found


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
    batch, targets = _split(lab, sample, question)
    shown = {name: _input(lab, name, x, sprite) for name, x in sample.items()}
    return {
        "kind": "draws",
        **_words(lab.data),
        "label": label,
        "given": [shown[name] for name in batch],
        "hidden": [shown[name] for name in targets],
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
    """Given inputs that contradict each other, and whose side each model's draws take.

    Asked are the rules of Barycenters, where they are trained, and the question's models.
    """
    sprite = Sprite()
    pair = torch.tensor([question.item, question.other])
    labels = lab.data.test.labels[pair]
    both = lab.data.test[pair]
    here, there = ({name: x[i : i + 1] for name, x in both.items()} for i in (0, 1))
    calm = {name: here[name] for name in lab.names if name in question.given}
    batch = contradict(calm, there, question.swapped)
    asked = [key for key in lab.models if key in LABELS or key in question.models]
    return {
        "kind": "conflict",
        **_words(lab.data),
        "labels": labels.tolist(),
        "target": question.target,
        "votes": question.votes,
        "calm_votes": CALM_VOTES,
        "given": [
            _input(lab, name, x, sprite) | {"side": "AB"[name in question.swapped]}
            for name, x in batch.items()
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
            for key in asked
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


def thumbnails(data: Dataset, items: list[int], name: str) -> dict[str, object]:
    """The strip of samples to choose from: one modality of each."""
    sprite = Sprite()
    index = torch.tensor(items)
    modality = next(m for m in data.modalities if m.name == name)
    places = sprite.add(modality, data.test[index][name])
    labels = data.test.labels[index].tolist()
    return {
        "kind": "strip",
        **_words(data),
        "items": [
            {"item": item, "tile": tile, "label": label}
            for item, tile, label in zip(items, places, labels, strict=True)
        ],
        **sprite.encode(),
    }


def _split(
    lab: Lab, sample: dict[str, Tensor], question: Question
) -> tuple[dict[str, Tensor], list[str]]:
    """What is given, and what is asked for: what is hidden, or all where nothing is."""
    batch = {name: sample[name] for name in lab.names if name in question.given}
    return batch, [name for name in lab.names if name not in batch] or lab.names


def _drawn(
    lab: Lab,
    model: MultimodalVAE,
    batch: dict[str, Tensor],
    targets: list[str],
    label: int,
    question: Question,
    sprite: Sprite,
) -> dict[str, object]:
    believe = model.posterior if question.whole else model.subset_posterior
    experts, posterior = model.experts(batch), believe(batch)
    alone, rows, told = False, [], []
    for source, belief, made, component in _by_source(model, batch, targets, question):
        alone |= source != tuple(batch)
        components = _components(source, belief)
        verdicts = _read(lab, made)
        for name, x in made.items():
            if name in lab.in_words:
                told.append({"name": name, "shares": x[:, 1].tolist()})
                continue
            seen = _tiles(lab, name, x, sprite)
            tiles = [s | v for s, v in zip(seen, verdicts[name], strict=True)]
            rows.append(
                expert(lab.names, name)
                | {
                    "mean": tiles[0],
                    "draws": [
                        tile | {"source": components[k]}
                        for tile, k in zip(tiles[1:], component, strict=True)
                    ],
                    "agree": sum(tile.get("reads") == label for tile in tiles[1:]),
                    "ceiling": None
                    if isinstance(lab.classifiers, str)
                    else lab.classifiers.ceiling.get(name),
                }
            )
    own = [Gaussian(*(part[m] for part in experts)) for m in range(len(batch))]
    return {
        "components": _components(list(batch), posterior),
        "alone": alone,
        "experts": [
            expert(lab.names, name) | {"sd": sd(x)} for name, x in zip(batch, own, strict=True)
        ],
        "spread": None if is_point(posterior.components) else spread(posterior),
        "rows": rows,
        **({"told": told} if told else {}),
    }


def _by_source(
    model: MultimodalVAE, batch: dict[str, Tensor], targets: list[str], question: Question
) -> Iterator[tuple[tuple[str, ...], Mixture, dict[str, Tensor], list[int]]]:
    """What one belief sees, the belief, and the targets made of it as :func:`_make` does."""
    believe = model.posterior if question.whole else model.subset_posterior
    sources = {name: tuple(model.source(list(batch), name)) for name in targets}
    for source in dict.fromkeys(sources.values()):
        generator = torch.Generator().manual_seed(question.seed)
        names = [name for name in targets if sources[name] == source]
        belief = believe(batch, source)
        yield source, belief, *_make(model, belief, names, question.draws, question, generator)


def _sided(
    lab: Lab,
    model: MultimodalVAE,
    batch: dict[str, Tensor],
    calm: dict[str, Tensor],
    labels: Tensor,
    question: Question,
    sprite: Sprite,
) -> dict[str, object]:
    target, n_classes = question.target, len(lab.data.classes)
    believe = model.posterior if question.whole else model.subset_posterior
    source = model.source(list(batch), target)
    posterior = believe(batch, source)
    generator = torch.Generator().manual_seed(question.seed)
    made, component = _make(model, posterior, [target], question.votes, question, generator)
    x = made[target][1:]
    read_as = lab.classifiers.predict({target: x})[target]
    counts = count_classes(read_as.unsqueeze(1), n_classes)
    sides = counts.sides(labels[:1], labels[1:])[0]
    strangers = counts.by_class[0].clone()
    strangers[labels] = 0
    peace = read(
        model,
        lab.classifiers,
        believe(calm, source),
        target,
        CALM_VOTES,
        generator,
        n_classes=n_classes,
    ).by_class[0]
    components = _components(source, posterior)
    return {
        "components": components,
        "sides": sides.tolist(),
        "calm": int(peace[labels[0]]),
        "behavior": behavior(sides, float(peace[labels[0]] / CALM_VOTES)),
        "stranger": int(strangers.argmax()) if strangers.sum() else None,
        "draws": [
            tile | {"reads": label, "source": components[k]}
            for tile, label, k in zip(
                _tiles(lab, target, x[:SHOWN], sprite), read_as.tolist(), component, strict=False
            )
        ],
    }


def _make(
    model: MultimodalVAE,
    belief: Mixture,
    names: list[str],
    n_draws: int,
    question: Question,
    generator: torch.Generator,
) -> tuple[dict[str, Tensor], list[int]]:
    """Decode the mean of a belief and N draws from it, and say which component each came from.

    Name to ``(1 + N, *shape)``. Styles come from their prior: their mean, then a draw for each.
    """
    drawn = draw(belief, n_draws, generator, question.temperature)
    styles = model.draw_styles(drawn.z, generator)
    if styles is not None:
        styles = {
            name: question.temperature * torch.cat([torch.zeros_like(e[:1]), e])[:, 0]
            for name, e in styles.items()
        }
    z = torch.cat([belief.mean, drawn.z[:, 0]])  # (1 + N, D)
    decoded = model.decode(z, names, styles)
    return {name: d.mean for name, d in decoded.items()}, drawn.component[:, 0].tolist()


def _read(lab: Lab, pictures: dict[str, Tensor]) -> dict[str, list[dict[str, object]]]:
    """The classifier's class and confidence for everything; nothing where there is none."""
    verdicts: dict[str, list[dict[str, object]]] = {
        name: [{}] * len(x) for name, x in pictures.items()
    }
    if isinstance(lab.classifiers, str):
        return verdicts
    seen = {name: x for name, x in pictures.items() if name in lab.classifiers.shapes}
    for name, probabilities in lab.classifiers.probabilities(seen).items():
        confidence, label = probabilities.max(-1)
        verdicts[name] = [
            {"reads": k, "confidence": round(c, 3)}
            for k, c in zip(label.tolist(), confidence.tolist(), strict=True)
        ]
    return verdicts


def _components(observed: Sequence[str], posterior: Mixture) -> list[list[str]]:
    """Which modalities each component of a posterior fuses."""
    n_components = len(posterior.components.mu)
    if n_components == 1:
        return [list(observed)]
    if n_components == len(observed):
        return [[name] for name in observed]
    members = power_set(len(observed)).tolist()
    return [list(compress(observed, row)) for row in members]


def _modality(lab: Lab, name: str) -> Modality:
    return lab.data.modalities[lab.names.index(name)]


def _input(lab: Lab, name: str, x: Tensor, sprite: Sprite) -> dict[str, object]:
    about = {"name": name, "about": _modality(lab, name).description}
    if name in lab.in_words:
        return about | {"share": float(x[0, 1])}
    return about | _tiles(lab, name, x, sprite)[0]


def _tiles(lab: Lab, name: str, x: Tensor, sprite: Sprite) -> list[dict[str, object]]:
    """A tile for each of ``(N, *shape)``, in words where it is no image."""
    modality = _modality(lab, name)
    tiles = [{"tile": place} for place in sprite.add(modality, x)]
    if modality.kind == "image":
        return tiles
    return [tile | {"words": in_words(modality, each)} for tile, each in zip(tiles, x, strict=True)]


def _words(data: Dataset) -> dict[str, object]:
    """What the classes are called."""
    return {"word": SUBJECTS[data.name].word, "classes": list(data.classes)}
