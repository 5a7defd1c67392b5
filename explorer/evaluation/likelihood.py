r"""Importance-weighted log-likelihood of all modalities, with the belief of a subset as proposal.

log p(x) is estimated by log (1/N) sum_n w_n with w_n = p(x | z_n) p(z_n) / q(z_n) and z_n ~ q
(Burda et al. 2016). Its expectation never exceeds log p(x) and rises to it with N; how far it has
come is told by the effective sample size of the weights.

Two mistakes of public code are avoided by construction, and tests hold them apart:

* draws of one observation stay together: weights are ``(B, N)``, batch first, and only the last
  axis is averaged (released code averages over different images);
* q is the density that z was drawn from: a mixture's draws come from all its components, by
  weight, and are divided by the mixture's density.

No likelihood weight and no beta enter: this is the model's log p(x), whatever it was trained on.

Shapes: B batch, N draws, K components, D latent.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.aggregations import power_set
from explorer.evaluation.figures import Progress, absent, figure, rows, sizes
from explorer.gaussians import Gaussian, Mixture
from explorer.models import MultimodalVAE
from explorer.models.objectives import elbo, mixture_elbo
from explorer.models.terms import mixed_seed
from explorer.networks.likelihoods import log_likelihood
from explorer.subsets import MOST_ENUMERATED, subset_label, subsets

PUBLISHED_DRAWS = 12
"""Draws that the released code of MoPoE takes (its paper says 15)."""
SUBSET_DRAWS = 25
"""Draws, at most, where every subset's belief is a proposal for the mean over those of a size."""
DRAWS_AT_ONCE = 250
"""Draws decoded together: bounds memory, changes nothing else."""


@torch.inference_mode()
def log_weights(
    model: MultimodalVAE,
    batch: dict[str, Tensor],
    proposal: Mixture,
    n_draws: int,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Weights of ``n_draws`` draws per observation, as log w in nats: ``(B, N)``.

    Parameters
    ----------
    batch
        All modalities of B observations: what is explained.
    proposal
        Mixture ``(K, B, D)`` to draw from: what is believed given some of them.
    """
    z = proposal.repeat(n_draws).rsample(generator)  # (N, B, D)
    explained = torch.cat(
        [
            sum(log_likelihood(d, batch[name]) for name, d in model.decode(part).items())
            for part in z.split(DRAWS_AT_ONCE)
        ]
    )
    return (explained + model.prior(z).log_prob(z) - proposal.log_prob(z)).T


def log_mean_weight(log_w: Tensor) -> Tensor:
    """Estimate log p(x) of each observation: ``(B, N)`` -> ``(B,)``.

    >>> log_mean_weight(torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    tensor([0., 1.])
    """
    return log_w.logsumexp(-1) - math.log(log_w.shape[-1])


def effective_sample_size(log_w: Tensor) -> Tensor:
    """How many equally weighted draws the weights are worth, 1 to N: ``(B, N)`` -> ``(B,)``.

    >>> effective_sample_size(torch.zeros(1, 4))
    tensor([4.])
    """
    return 1 / log_w.softmax(-1).square().sum(-1)


def published_statistic(log_w: Tensor) -> Tensor:
    """What released code reports as log-likelihood and is none: ``(B, N)`` -> ``(B,)``.

    The code of mmJSD, MoPoE and MVTCAE lays weights out as (N, B), flattens them and views them as
    (B, N), so that each row averages weights of N **different observations**. The largest wins:
    the result tells of the best explained among N, and the more observations differ, the further
    above log p(x) it lies (by 30 nats where they spread by 20, by 160 where by 100). Comes with 12
    draws there, in batches of 64, which decides only where rows wrap. Compare it with published
    tables and with nothing else.
    """
    return log_mean_weight(log_w.T.reshape(log_w.shape))


class Estimate(NamedTuple):
    """What importance weighting says of each observation, all ``(B,)``.

    Parameters
    ----------
    log_likelihood
        Estimate of log p(x), in nats.
    effective_draws
        How many equally weighted draws its weights are worth.
    published_statistic
        :func:`published_statistic` of the first 12 draws; its rows are of no one observation.
    """

    log_likelihood: Tensor
    effective_draws: Tensor
    published_statistic: Tensor


@torch.inference_mode()
def importance_weighted(
    model: MultimodalVAE,
    batch: dict[str, Tensor],
    proposals: dict[str, Sequence[str] | None],
    *,
    n_draws: int = 100,
    seed: int = 0,
    on_step: Callable[[float], None] | None = None,
) -> dict[str, Estimate]:
    """Estimate log p(x) of every observation, under each of several proposals.

    Parameters
    ----------
    batch
        All modalities of B observations.
    proposals
        Name to the modalities whose belief is drawn from; None for the joint posterior as the
        objective uses it (for a power-set rule the mixture over all subsets).
    n_draws
        N, per observation.
    seed
        Observation i has its own stream, from ``seed`` and i: its estimate does not depend on
        what else is in the batch.
    on_step
        Called with the share that is done.

    Raises
    ------
    ValueError
        The model defines no log p(x).
    """
    if not model.has_density:
        raise ValueError(f"log p(x) cannot be estimated: {no_density(model)}")
    mixtures = _mixtures(model, batch, proposals)
    drawn: dict[str, list[Tensor]] = {name: [] for name in proposals}
    n = len(next(iter(batch.values())))
    for i in range(n):
        alone = {name: x[i : i + 1] for name, x in batch.items()}
        for name, mixture in mixtures.items():
            generator = torch.Generator().manual_seed(mixed_seed(seed, i))
            components = (part[:, i : i + 1] for part in mixture.components)
            q = Mixture(mixture.batch_weights[:, i : i + 1], type(mixture.components)(*components))
            drawn[name].append(log_weights(model, alone, q, n_draws, generator))
        if on_step is not None:
            on_step((i + 1) / n)
    weights = {name: torch.cat(parts) for name, parts in drawn.items()}
    return {
        name: Estimate(
            log_mean_weight(log_w),
            effective_sample_size(log_w),
            published_statistic(log_w[:, :PUBLISHED_DRAWS]),
        )
        for name, log_w in weights.items()
    }


def no_density(model: MultimodalVAE) -> str:
    """Why a model without ``has_density`` has none, in one sentence."""
    if not model.shared:
        return "each modality has a latent of its own: no one z explains all of them"
    if model.style_dim:
        return "modalities have styles, which are not integrated over here"
    return "z has no density to weigh by: codes are points, or stand above other latents"


def report(
    model: MultimodalVAE,
    batch: dict[str, Tensor],
    *,
    n_draws: int,
    every_subset: bool,
    seed: int,
    on_step: Progress,
) -> dict:
    """Section ``likelihood`` of scores.json; the reason where log p(x) is not defined.

    Parameters
    ----------
    every_subset
        Whether every subset's belief is a proposal, or only that of the first of each size: of up
        to ten modalities the first, the first two, and so on.
    """
    if not model.has_density:
        return absent(no_density(model))
    names, every = model.names, subsets(model.names)
    one_of_each_size = {len(subset): subset for subset in reversed(every)}
    asked = every if every_subset else reversed(one_of_each_size.values())
    proposals: dict[str, Sequence[str] | None] = {subset_label(subset): subset for subset in asked}
    if model.aggregation is not None and model.aggregation.family is power_set:
        proposals["joint"] = None
    estimates = importance_weighted(
        model, batch, proposals, n_draws=n_draws, seed=seed, on_step=on_step
    )
    by_size = _by_size(model, batch, min(n_draws, SUBSET_DRAWS), seed)
    closed_form = model.latent is Gaussian
    with torch.inference_mode():
        noise = torch.Generator().manual_seed(seed)
        terms = (elbo if closed_form else mixture_elbo)(model, batch, noise).terms
    return {
        "how": "log p(x) of all modalities in nats, by importance weighting with draws from the "
        "posterior given the subset (joint: the mixture that training draws from), weighted by the "
        "density that was drawn from, no beta; a lower bound on average, loose where "
        "effective_draws is near 1; elbo: "
        + ("mean over components of theirs" if closed_form else "of the mixture, by its density")
        + "; published_statistic: what released code computes in its place from "
        f"{PUBLISHED_DRAWS} draws, mixing observations, and no estimate of log p(x); by_size: mean "
        "over the proposals of all subsets of a size, with subset_draws draws each",
        "importance_weighted": {
            name: figure(estimate.log_likelihood, digits=2)
            | {"effective_draws": round(estimate.effective_draws.mean().item(), 2)}
            for name, estimate in estimates.items()
        },
        "published_statistic": {
            name: figure(estimate.published_statistic, digits=2)
            for name, estimate in estimates.items()
        },
        **by_size,
        "elbo": figure(-terms["reconstruction"] - terms["kl"], digits=2),
        "reconstruction": figure(-terms["reconstruction"], digits=2),
        "kl": figure(terms["kl"], digits=2),
        "draws": n_draws,
        "test_tuples": len(batch[names[0]]),
    }


def _by_size(
    model: MultimodalVAE, batch: dict[str, Tensor], n_draws: int, seed: int
) -> dict[str, object]:
    """Mean of log p(x) over the proposals of all subsets of a size, as figure 3 of the papers.

    Nothing where modalities are so many that not all subsets are looked at.
    """
    if len(model.names) > MOST_ENUMERATED:
        return {}
    proposals = {subset_label(subset): subset for subset in subsets(model.names)}
    found = importance_weighted(model, batch, proposals, n_draws=n_draws, seed=seed)
    estimates = torch.stack([found[label].log_likelihood for label in proposals])  # (S, B)
    return {
        "by_size": {
            str(size): figure(estimates[own], digits=2) for size, own in sizes(len(model.names))
        },
        "subset_draws": n_draws,
    }


def _mixtures(
    model: MultimodalVAE, batch: dict[str, Tensor], proposals: dict[str, Sequence[str] | None]
) -> dict[str, Mixture]:
    """What is drawn from, components ``(K, B, D)`` each; modalities are encoded once for all."""
    together = model.subset_posteriors(batch)  # (K, S, B, D)
    places, kind = rows(model.names), type(together.components)

    def given(observed: Sequence[str]) -> Mixture:
        s = places[tuple(name for name in model.names if name in observed)]
        weights = together.batch_weights[:, s]
        used = (weights > 0).any(1)  # experts that take no part leave no density
        return Mixture(weights[used], kind(*(part[used, s] for part in together.components)))

    return {
        name: model.posterior(batch) if observed is None else given(observed)
        for name, observed in proposals.items()
    }
