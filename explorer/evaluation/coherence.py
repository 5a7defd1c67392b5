"""Whether what is generated belongs together, as classifiers see it.

*Conditional* coherence: z is drawn from the belief given a subset, every modality is decoded, and
a missing modality counts when its classifier calls it the class of the tuple. *Self* coherence is
the same for the observed modalities. *Joint* coherence: the share of draws from the prior on
which all classifiers agree. The classifiers' accuracy on real images (their ceiling) gives the
scale; it is no bound, because generated digits can be more typical, and easier, than real ones.

Judges that read real images equally well may read the same draws very differently, so several
(``explorer.evaluation.readers.JUDGES``) read each draw, and each figure names its judge.

Shapes: M modalities, S subsets, N tuples, D latent, J judges.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from explorer.aggregations import membership
from explorer.evaluation.classifiers import Classifiers
from explorer.evaluation.draws import decode, draw_prior
from explorer.evaluation.figures import Progress, absent, figure, rows, sizes, subset_labels
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE

NO_PRIOR = "each modality has a latent of its own: nothing joint can be drawn"

Reader = Callable[[dict[str, Tensor]], dict[str, Tensor]]
"""``Classifiers.predict`` or ``.probabilities``: observations by name to what is said of them."""


def panel(judges: Sequence[Classifiers]) -> Reader:
    """All judges at once: name to the class that each calls every observation, ``(N, J)``."""

    def read(observations: dict[str, Tensor]) -> dict[str, Tensor]:
        calls = [judge.predict(observations) for judge in judges]
        return {name: torch.stack([c[name] for c in calls], dim=-1) for name in observations}

    return read


def generated_calls(
    model: MultimodalVAE,
    judges: Sequence[Classifiers],
    beliefs: Mixture,
    *,
    seed: int = 0,
    batch_size: int = 250,
    on_step: Callable[[float], None] | None = None,
) -> Tensor:
    """What each judge calls every generated image: long ``(J, S, M, N)``.

    One draw of z per tuple and subset, shown as the decoder's mean. Targets include the observed
    modalities themselves (from their own latent where latents are not shared). Subsets are in the
    order of ``explorer.subsets``.

    Parameters
    ----------
    beliefs
        ``(K, S, N, D)`` from ``representation.encode``.
    seed
        Of the draws, which do not depend on ``batch_size``.
    on_step
        Called with the share that is done.
    """
    _, n_subsets, n_tuples, _ = beliefs.components.mu.shape
    places = len(judges), n_subsets, len(model.names), n_tuples
    calls = torch.empty(places, dtype=torch.long, device=beliefs.components.mu.device)
    for s, targets, called in readings(
        model, panel(judges), beliefs, seed=seed, batch_size=batch_size
    ):
        calls[:, s, targets] = called.movedim(-1, 0)
        if on_step is not None:
            on_step((s + 1) / n_subsets)
    return calls


def generated_correct(
    model: MultimodalVAE, classifiers: Classifiers, beliefs: Mixture, labels: Tensor, **options
) -> Tensor:
    """Whether one judge sees the tuple's class in each generated image: bool ``(S, M, N)``.

    Arguments as in :func:`generated_calls`; ``labels``: ``(N,)``.
    """
    return generated_calls(model, [classifiers], beliefs, **options)[0] == labels


@torch.inference_mode()
def readings(
    model: MultimodalVAE,
    read: Reader,
    beliefs: Mixture,
    *,
    targets: Sequence[str] | None = None,
    seed: int = 0,
    batch_size: int = 250,
) -> Iterator[tuple[int, list[int], Tensor]]:
    """What a reader says of what is generated from one draw of z per tuple and subset.

    Parameters
    ----------
    beliefs, seed
        As :func:`generated_calls`.
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
                said = read(decode(model, z[row], names, generator, batch_size=batch_size))
                yield s, own, torch.stack([said[name] for name in names])


@torch.inference_mode()
def prior_calls(
    model: MultimodalVAE,
    judges: Sequence[Classifiers],
    n_samples: int,
    *,
    seed: int = 0,
    batch_size: int = 250,
) -> Tensor:
    """What each judge calls the modalities of each draw from the prior: long ``(J, M, N)``.

    Raises
    ------
    ValueError
        The model has no prior from which all modalities are drawn together.
    """
    if not model.has_prior:
        raise ValueError(NO_PRIOR)
    generator = torch.Generator().manual_seed(seed)
    z = draw_prior(model, n_samples, generator)
    said = panel(judges)(decode(model, z, model.names, generator, batch_size=batch_size))
    return torch.stack([said[name] for name in model.names]).movedim(-1, 0)


def agree(calls: Tensor) -> Tensor:
    """Whether all modalities are called the same, ``(M, N)`` -> bool ``(N,)``."""
    return (calls == calls[0]).all(0)


def prior_agrees(
    model: MultimodalVAE, classifiers: Classifiers, n_samples: int, **options
) -> Tensor:
    """Whether one judge calls all modalities of a draw from the prior the same: bool ``(N,)``.

    Arguments as in :func:`prior_calls`.
    """
    return agree(prior_calls(model, [classifiers], n_samples, **options)[0])


def report(
    model: MultimodalVAE,
    classifiers: Classifiers,
    beliefs: Mixture,
    labels: Tensor,
    *,
    others: Mapping[str, Classifiers],
    n_prior: int,
    seed: int,
    on_step: Progress,
) -> dict:
    """Section ``coherence`` of scores.json.

    Parameters
    ----------
    classifiers, others
        The judge of all figures, and judges of other kinds for those by number given and joint.
    beliefs, labels
        As in :func:`generated_correct`.
    """
    judges = others | {classifiers.judge: classifiers}
    asked = list(judges.values())
    calls = generated_calls(model, asked, beliefs, seed=seed, on_step=on_step)
    joint = (
        prior_calls(model, asked, n_prior, seed=seed) if model.has_prior else [None] * len(asked)
    )
    verdicts = {
        name: _verdict(judge, call == labels, together)
        for (name, judge), call, together in zip(judges.items(), calls, joint, strict=True)
    }
    correct, names = calls[list(judges).index(classifiers.judge)] == labels, model.names
    observed, by_size = membership(len(names)), sizes(len(names))  # (S, M)
    return {
        "how": "z drawn once from the posterior given the subset, decoder mean, share that the "
        "modality's classifier calls the tuple's class; conditional: modalities that were not "
        "observed, self: those that were; joint: share of prior draws on which all agree; judges: "
        "the same draws read by classifiers of other kinds",
        "conditional_by_size": verdicts[classifiers.judge]["conditional_by_size"],
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
        "joint": verdicts[classifiers.judge]["joint"],
        "ceiling": {name: classifiers.ceiling[name] for name in names},
        "ceiling_agreement": classifiers.agreement,
        "judges": verdicts,
        "test_tuples": len(labels),
        "prior_draws": n_prior,
    }


def _verdict(judge: Classifiers, correct: Tensor, joint: Tensor | None) -> dict:
    """What one judge says by number given, bool ``(S, M, N)``, and jointly, ``(M, N)``."""
    n_modalities, known = correct.shape[1], [c for c in judge.ceiling.values() if c is not None]
    observed = membership(n_modalities)
    return {
        "conditional_by_size": {
            str(size): figure(correct[own][~observed[own]])
            for size, own in sizes(n_modalities)[:-1]
        },
        "joint": absent(NO_PRIOR) if joint is None else figure(agree(joint)),
        **({"accuracy": round(sum(known) / len(known), 4)} if known else {}),
        "agreement": judge.agreement,
    }
