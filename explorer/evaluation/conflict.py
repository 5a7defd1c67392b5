"""Conflict: some inputs show one digit, the others another, and draws take a side, or none.

Side A is the sample, side B the digit that was swapped in; a classifier reads every draw. Counts
become words by the thresholds below, the same for every model.

Shapes: B samples, N draws, C classes, K components, D latent.
"""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from explorer.datasets import Split
from explorer.evaluation.draws import decode, draw
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE

DECIDED = 0.8
"""A model takes a side when at least this share of its draws shows one of the two digits."""

MINORITY = 0.2
"""It alternates when the two digits together have ``DECIDED`` and each has at least this share."""

NEITHER = 0.5
"""It blends when at least this share of the draws reads as a digit that nobody showed."""

CALM = 0.5
"""It is lost, rather than blending, when without a conflict fewer of its draws are right."""

BEHAVIORS = ("takes side A", "takes side B", "alternates", "blends", "wavers", "is lost")
"""What ``behavior`` answers; "wavers" is none of the others."""


class Classifiers(Protocol):
    """What reads pictures: name to ``(*, *shape)`` in, name to class ``(*)`` out."""

    def predict(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Class of every picture."""
        ...


class ConflictCounts(NamedTuple):
    """What the draws were read as.

    Parameters
    ----------
    by_class
        Long ``(B, C)``: how many of a sample's draws were read as each class.
    """

    by_class: Tensor

    def sides(self, label_a: Tensor, label_b: Tensor) -> Tensor:
        """Draws on side A, on side B and on neither: long ``(B, 3)``.

        Parameters
        ----------
        label_a, label_b
            Long ``(B,)``: the class of the sample, and of what was swapped in.

        Raises
        ------
        ValueError
            The same class on both sides.
        """
        if (label_a == label_b).any():
            raise ValueError("the two sides must be of different classes")
        a = self.by_class.gather(1, label_a.unsqueeze(1))
        b = self.by_class.gather(1, label_b.unsqueeze(1))
        return torch.cat([a, b, self.by_class.sum(1, keepdim=True) - a - b], dim=1)


def contradict(
    batch: dict[str, Tensor], other: dict[str, Tensor], swapped: Collection[str]
) -> dict[str, Tensor]:
    """``batch`` with the modalities in ``swapped`` taken from ``other``.

    Raises
    ------
    ValueError
        A name that is not observed, nothing swapped, or nothing kept.
    """
    unknown = [name for name in swapped if name not in batch or name not in other]
    if unknown:
        raise ValueError(f"swapped names {unknown}, but the batch observes {sorted(batch)}")
    if not swapped or set(swapped) == set(batch):
        raise ValueError(
            f"a conflict keeps and swaps at least one modality each; of {sorted(batch)}, "
            f"swapped are {sorted(swapped)}"
        )
    return {name: other[name] if name in swapped else x for name, x in batch.items()}


def count_classes(verdicts: Tensor, n_classes: int) -> ConflictCounts:
    """Count what N draws of B samples were read as: long ``(N, B)`` -> ``(B, C)``."""
    return ConflictCounts(torch.nn.functional.one_hot(verdicts, n_classes).sum(0))


@torch.inference_mode()
def read(
    model: MultimodalVAE,
    classifiers: Classifiers,
    posterior: Mixture,
    target: str,
    n_draws: int,
    generator: torch.Generator | None = None,
    *,
    n_classes: int = 10,
) -> ConflictCounts:
    """Draw from ``posterior``, decode ``target`` and count what the classifier reads."""
    pictures = decode(model, draw(posterior, n_draws, generator).z, [target], generator)
    return count_classes(classifiers.predict(pictures)[target], n_classes)


@torch.inference_mode()
def conflict(
    model: MultimodalVAE,
    classifiers: Classifiers,
    batch: dict[str, Tensor],
    other: dict[str, Tensor],
    swapped: Collection[str],
    target: str,
    n_draws: int = 200,
    generator: torch.Generator | None = None,
    *,
    whole_mixture: bool = False,
    n_classes: int = 10,
) -> ConflictCounts:
    """Show a model contradicting inputs and count what it draws.

    Parameters
    ----------
    model, classifiers
        Who draws and who reads; both in eval mode.
    batch
        The observed modalities of B samples, side A; what is not in it is not observed.
    other
        As many samples of other classes, side B.
    swapped
        The observed modalities that come from ``other``.
    target
        The modality that is drawn and read.
    n_draws
        Per sample.
    generator
        Decides every draw.
    whole_mixture
        Draw from ``model.posterior``, the mixture that is trained, rather than from
        ``model.subset_posterior``, what the papers generate from.
    n_classes
        C.
    """
    given = contradict(batch, other, swapped)
    posterior = (model.posterior if whole_mixture else model.subset_posterior)(given)
    return read(model, classifiers, posterior, target, n_draws, generator, n_classes=n_classes)


def behavior(sides: Tensor, calm: float = 1.0) -> str:
    """One of ``BEHAVIORS`` for draws on side A, on side B and on neither, ``(3,)``.

    ``calm`` is the share of draws that are right when nothing is swapped: a model that cannot
    draw from such views at all does not blend.

    >>> behavior(torch.tensor([190, 6, 4]))
    'takes side A'
    >>> behavior(torch.tensor([90, 100, 10]))
    'alternates'
    >>> behavior(torch.tensor([40, 30, 130]))
    'blends'
    >>> behavior(torch.tensor([40, 30, 130]), calm=0.2)
    'is lost'
    """
    a, b, neither = (sides / sides.sum()).tolist()
    if a >= DECIDED:
        return "takes side A"
    if b >= DECIDED:
        return "takes side B"
    if a + b >= DECIDED and min(a, b) >= MINORITY:
        return "alternates"
    if calm < CALM:
        return "is lost"
    return "blends" if neither >= NEITHER else "wavers"


def opponents(labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """For each sample the position of another one with a different label, long ``(B,)``.

    Drawn uniformly among all that differ.

    Raises
    ------
    ValueError
        All samples have the same label.
    """
    differs = (labels.unsqueeze(1) != labels).float()
    if not differs.any(1).all():
        raise ValueError("every sample has the same label; a conflict needs two classes")
    return torch.multinomial(differs, 1, generator=generator).squeeze(1)


@torch.inference_mode()
def conflict_rates(
    model: MultimodalVAE,
    classifiers: Classifiers,
    split: Split,
    observed: Collection[str],
    swapped: Collection[str],
    target: str,
    *,
    n_samples: int = 200,
    n_draws: int = 50,
    seed: int = 0,
    whole_mixture: bool = False,
    batch_size: int = 50,
) -> dict[str, object]:
    """Meet one kind of conflict in many samples: mean shares, and how often each behavior is seen.

    Parameters
    ----------
    split
        Samples and their opponents are drawn from it.
    observed, swapped, target
        Names as in :func:`conflict`.
    n_samples, n_draws
        Pairs, and draws for each.
    seed
        Decides pairs and draws; every model that is asked with it meets the same pairs.

    Returns
    -------
    ``shares``: mean share of draws on side A, side B and neither; ``behaviors``: share of samples
    by behavior; ``calm``: mean share of draws that show the sample's digit when nothing is
    swapped, without which the rest cannot be judged; and what they were computed from.
    """
    generator = torch.Generator().manual_seed(seed)
    n_samples = min(n_samples, len(split))
    chosen = torch.randperm(len(split), generator=generator)[:n_samples]
    others = chosen[opponents(split.labels[chosen], generator)]
    asked = {"n_classes": int(split.labels.max()) + 1}
    believe = model.posterior if whole_mixture else model.subset_posterior
    sides, calm = [], []
    for here, there in zip(chosen.split(batch_size), others.split(batch_size), strict=True):
        batch, other = (_only(split[i], observed) for i in (here, there))
        torn, peace = (
            read(model, classifiers, believe(given), target, n_draws, generator, **asked)
            for given in (contradict(batch, other, swapped), batch)
        )
        sides.append(torn.sides(split.labels[here], split.labels[there]))
        calm.append(peace.by_class.gather(1, split.labels[here].unsqueeze(1)))
    sides, calm = torch.cat(sides), torch.cat(calm).squeeze(1) / n_draws
    seen = Counter(map(behavior, sides, calm.tolist()))
    return {
        "shares": (sides / n_draws).mean(0).tolist(),
        "calm": float(calm.mean()),
        "behaviors": {name: seen[name] / n_samples for name in BEHAVIORS},
        "n_samples": n_samples,
        "n_draws": n_draws,
        "seed": seed,
        "whole_mixture": whole_mixture,
    }


def _only(batch: dict[str, Tensor], names: Collection[str]) -> dict[str, Tensor]:
    return {name: x for name, x in batch.items() if name in names}
