"""How different generations are from one another, as a classifier's last hidden layer sees them.

Features are our own classifiers' (``explorer.evaluation.classifiers``): trained to tell classes
apart on this very dataset. So the **classifier Frechet distance** is no FID, whose features are
those of Inception on ImageNet: the two cannot be compared, nor can two modalities. Beside both
figures stands what real observations give.

Shapes: M modalities, S subsets, N tuples, R draws of each, D latent, F features.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from explorer.datasets.modality import of_class
from explorer.evaluation.classifiers import Classifiers
from explorer.evaluation.coherence import NO_PRIOR
from explorer.evaluation.draws import decode, draw_prior
from explorer.evaluation.figures import Progress, absent, figure, rows
from explorer.evaluation.geometry import mean_distance
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE


@torch.inference_mode()
def features(
    classifiers: Classifiers, name: str, observations: Tensor, *, batch_size: int = 500
) -> Tensor:
    """What a classifier's last layer reads, ``(N, *shape)`` -> ``(N, F)``."""
    hidden = classifiers.networks[name][:-1]
    return torch.cat([hidden(part) for part in observations.split(batch_size)])


def frechet_distance(a: Tensor, b: Tensor) -> float:
    r"""Squared Frechet (Wasserstein-2) distance of Gaussians fitted to two sets, ``(N, F)`` each.

    .. math:: \|m_a - m_b\|^2 + \mathrm{tr}(C_a + C_b - 2 (C_a^{1/2} C_b C_a^{1/2})^{1/2})

    Grows as the sets get smaller: compare only sets of one size.
    """
    a, b = a.double(), b.double()
    cov_a, cov_b = a.T.cov(), b.T.cov()
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    apart = (a.mean(0) - b.mean(0)).square().sum()
    return (apart + cov_a.trace() + cov_b.trace() - 2 * cross).clamp(min=0).item()


@torch.inference_mode()
def generated_distance(
    model: MultimodalVAE,
    classifiers: Classifiers,
    beliefs: Mixture,
    given: Sequence[str],
    target: str,
    *,
    n_draws: int = 10,
    seed: int = 0,
) -> Tensor:
    """Mean distance between several generations of the same tuple, in features: ``(N,)``.

    Parameters
    ----------
    beliefs
        Components ``(K, S, N, D)``, from ``representation.encode``.
    given, target
        What is observed, and what is generated from it: z is drawn ``n_draws`` times (styles from
        their prior), and each draw shows the decoder's mean.
    """
    row = rows(model.names)[tuple(model.source(given, target))]
    components = type(beliefs.components)(*(part[:, row] for part in beliefs.components))
    generator = torch.Generator().manual_seed(seed)
    belief = Mixture(beliefs.batch_weights[:, row], components)
    z = belief.repeat(n_draws).rsample(generator)  # (R, N, D)
    shown = decode(model, z, [target], generator)[target]
    seen = features(classifiers, target, shown.flatten(0, 1)).unflatten(0, z.shape[:2])
    return mean_distance(seen.transpose(0, 1))


def real_distance(seen: Tensor, labels: Tensor, n_draws: int) -> float:
    """Mean distance between real observations of one class, in features; the mean over classes.

    Of each class the first ``n_draws``; a class with a single one is left out. An observation
    may be of several.
    """
    numbers = range(labels.shape[1]) if labels.ndim == 2 else labels.unique().tolist()
    groups = [seen[of_class(labels, k)][:n_draws] for k in numbers]
    found = [mean_distance(group).item() for group in groups if len(group) > 1]
    if not found:
        raise ValueError(f"no class has two observations among {len(labels)}; ask for more")
    return sum(found) / len(found)


def report(
    model: MultimodalVAE,
    classifiers: Classifiers,
    beliefs: Mixture,
    real: tuple[dict[str, Tensor], Tensor],
    *,
    seed: int,
    on_step: Progress,
    n_draws: int = 10,
) -> dict:
    """Section ``diversity`` of scores.json.

    Parameters
    ----------
    beliefs
        Of the tuples to generate from, components ``(K, S, N, D)``.
    real
        Real observations of 2R tuples and their labels: R to compare R prior draws with, and the
        other R to compare them with in turn.
    """
    observations, labels = real
    names = [name for name in model.names if name in classifiers.shapes]
    seen = {name: features(classifiers, name, observations[name]) for name in names}
    alone, others, scale = {}, {}, {}
    for m, target in enumerate(names):
        rest = [name for name in model.names if name != target]
        if rest:
            settings = {"n_draws": n_draws, "seed": seed}
            distances = [
                generated_distance(model, classifiers, beliefs, given, target, **settings)
                for given in [rest, *([name] for name in rest)]
            ]
            others[target] = figure(distances[0])
            alone[target] = figure(torch.stack(distances[1:]))
        scale[target] = round(real_distance(seen[target], labels, n_draws), 4)
        on_step((m + 1) / (len(names) + 1))
    frechet = _frechet(model, classifiers, seen, seed)
    on_step(1.0)
    return {
        "how": "distances between the features that a modality's classifier reads before its last "
        "layer; given_one, given_others: mean distance between several draws for the same tuple, "
        "given one other modality (mean over them) or all others; real: between real observations "
        "of one class; classifier_frechet_distance: of draws from the prior to as many real "
        "observations (generated), and of these to others (real); it is not FID",
        "given_one": alone,
        "given_others": others,
        "real": scale,
        "classifier_frechet_distance": frechet,
        "draws": n_draws,
        "test_tuples": beliefs.components.mu.shape[2],
        "real_tuples": len(labels),
        "frechet_tuples": len(labels) // 2,
    }


@torch.inference_mode()
def _frechet(
    model: MultimodalVAE, classifiers: Classifiers, seen: dict[str, Tensor], seed: int
) -> dict:
    if not model.has_prior:
        return absent(NO_PRIOR)
    half = len(next(iter(seen.values()))) // 2
    generator = torch.Generator().manual_seed(seed)
    z = draw_prior(model, half, generator)
    generated, real = {}, {}
    for name, shown in decode(model, z, list(seen), generator).items():
        drawn = features(classifiers, name, shown)
        first, second = seen[name][:half], seen[name][half : 2 * half]
        generated[name] = round(frechet_distance(drawn, first), 3)
        real[name] = round(frechet_distance(second, first), 3)
    return {"generated": generated, "real": real}
