"""Whether what is generated belongs together, as classifiers see it.

*Conditional* coherence: z is drawn from the belief given a subset, every modality is decoded, and
a missing modality counts when its classifier calls it the class of the tuple. *Self* coherence is
the same for the observed modalities. *Joint* coherence: the share of draws from the prior on
which all classifiers agree. The classifiers' accuracy on real images (their ceiling) gives the
scale; it is no bound, because generated digits can be more typical, and easier, than real ones.

Shapes: M modalities, S subsets, N tuples, D latent.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from explorer.aggregations import membership
from explorer.evaluation.classifiers import Classifiers
from explorer.evaluation.figures import Progress, absent, figure, rows, sizes, subset_labels
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE

NO_PRIOR = "each modality has a latent of its own: nothing joint can be drawn"


@torch.inference_mode()
def generated_correct(
    model: MultimodalVAE,
    classifiers: Classifiers,
    beliefs: Mixture,
    labels: Tensor,
    *,
    seed: int = 0,
    batch_size: int = 250,
    on_step: Callable[[float], None] | None = None,
) -> Tensor:
    """Whether each generated image shows its tuple's class, by observed subset and target.

    One draw of z per tuple and subset, shown as the decoder's mean. Targets include the observed
    modalities themselves (from their own latent where latents are not shared).

    Parameters
    ----------
    beliefs, labels
        ``(K, S, N, D)`` from ``representation.encode`` and ``(N,)``.
    seed
        Of the draws, which do not depend on ``batch_size``.
    on_step
        Called with the share that is done.

    Returns
    -------
    Bool ``(S, M, N)``, subsets in the order of ``explorer.subsets``.
    """
    n_subsets = beliefs.components.mu.shape[1]
    correct = torch.empty(n_subsets, len(model.names), len(labels), dtype=torch.bool)
    for s, targets, calls in readings(
        model, classifiers.predict, beliefs, seed=seed, batch_size=batch_size
    ):
        correct[s, targets] = calls == labels
        if on_step is not None:
            on_step((s + 1) / n_subsets)
    return correct


@torch.inference_mode()
def readings(
    model: MultimodalVAE,
    read: Callable[[dict[str, Tensor]], dict[str, Tensor]],
    beliefs: Mixture,
    *,
    targets: Sequence[str] | None = None,
    seed: int = 0,
    batch_size: int = 250,
) -> Iterator[tuple[int, list[int], Tensor]]:
    """What a reader says of what is generated from one draw of z per tuple and subset.

    Parameters
    ----------
    read
        ``Classifiers.predict`` or ``Classifiers.probabilities``.
    beliefs, seed
        As :func:`generated_correct`.
    targets
        What is generated; all modalities by default.

    Yields
    ------
    Row of the subset, positions of some targets, and what is said of these, ``(targets, N, ...)``.
    """
    generator = torch.Generator().manual_seed(seed)
    z = beliefs.rsample(generator)  # (S, N, D)
    places = rows(model.names)
    for subset, s in places.items():
        sources = [places[tuple(model.source(subset, name))] for name in model.names]
        for row in set(sources):
            own = [
                m
                for m, source in enumerate(sources)
                if source == row and (targets is None or model.names[m] in targets)
            ]
            names = [model.names[m] for m in own]
            if own:
                yield s, own, _read(model, read, z[row], names, generator, batch_size)


@torch.inference_mode()
def prior_agrees(
    model: MultimodalVAE,
    classifiers: Classifiers,
    n_samples: int,
    *,
    seed: int = 0,
    batch_size: int = 250,
) -> Tensor:
    """Whether all modalities of each draw from the prior are called the same: bool ``(N,)``.

    Raises
    ------
    ValueError
        The model has no prior from which all modalities are drawn together.
    """
    if not model.has_prior:
        raise ValueError(NO_PRIOR)
    generator = torch.Generator().manual_seed(seed)
    z = model.prior(torch.empty(n_samples, model.latent_dim)).rsample(generator)
    calls = _read(model, classifiers.predict, z, model.names, generator, batch_size)
    return (calls == calls[0]).all(0)


def _read(
    model: MultimodalVAE,
    read: Callable[[dict[str, Tensor]], dict[str, Tensor]],
    z: Tensor,
    names: Sequence[str],
    generator: torch.Generator,
    batch_size: int,
) -> Tensor:
    """What is said of what each z decodes to: ``(N, D)`` -> ``(len(names), N, ...)``."""
    calls = []
    for part in z.split(batch_size):
        decoded = model.decode(part, names, model.draw_styles(part, generator))
        verdicts = read({name: d.mean for name, d in decoded.items()})
        calls.append(torch.stack([verdicts[name] for name in names]))
    return torch.cat(calls, dim=1)


def report(
    model: MultimodalVAE,
    classifiers: Classifiers,
    beliefs: Mixture,
    labels: Tensor,
    *,
    n_prior: int,
    seed: int,
    on_step: Progress,
) -> dict:
    """Section ``coherence`` of scores.json; arguments as in :func:`generated_correct`."""
    correct = generated_correct(
        model, classifiers, beliefs, labels, seed=seed, on_step=on_step
    )  # (S, M, N)
    names = model.names
    observed, by_size = membership(len(names)), sizes(len(names))  # (S, M)
    joint = (
        figure(prior_agrees(model, classifiers, n_prior, seed=seed))
        if model.has_prior
        else absent(NO_PRIOR)
    )
    return {
        "how": "z drawn once from the posterior given the subset, decoder mean, share that the "
        "modality's classifier calls the tuple's class; conditional: modalities that were not "
        "observed, self: those that were; joint: share of prior draws on which all agree",
        "conditional_by_size": {
            str(size): figure(correct[own][~observed[own]]) for size, own in by_size[:-1]
        },
        "conditional_by_target": {
            name: {
                str(size): figure(correct[own & ~observed[:, m], m])
                for size, own in by_size[:-1]
                if (own & ~observed[:, m]).any()
            }
            for m, name in enumerate(names)
        },
        "self_by_size": {str(size): figure(correct[own][observed[own]]) for size, own in by_size},
        "by_subset": {
            label: dict(zip(names, map(figure, targets), strict=True))
            for label, targets in zip(subset_labels(names), correct, strict=True)
        },
        "joint": joint,
        "ceiling": {name: classifiers.ceiling[name] for name in names},
        "ceiling_agreement": classifiers.agreement,
        "test_tuples": len(labels),
        "prior_draws": n_prior,
    }
