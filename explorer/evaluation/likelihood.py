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

from explorer.gaussians import Mixture
from explorer.likelihoods import log_likelihood
from explorer.models import MultimodalVAE


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
    explained = sum(log_likelihood(d, batch[name]) for name, d in model.decode(z).items())
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


class Estimate(NamedTuple):
    """What importance weighting says of each observation, both ``(B,)``.

    Parameters
    ----------
    log_likelihood
        Estimate of log p(x), in nats.
    effective_draws
        How many equally weighted draws its weights are worth.
    """

    log_likelihood: Tensor
    effective_draws: Tensor


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
        raise ValueError(
            f"{type(model).__name__} as configured defines no density of z to weigh by"
        )
    mixtures = {
        name: model.posterior(batch)
        if observed is None
        else model.subset_posterior(batch, observed)
        for name, observed in proposals.items()
    }
    rows: dict[str, list[Tensor]] = {name: [] for name in proposals}
    n = len(next(iter(batch.values())))
    for i in range(n):
        alone = {name: x[i : i + 1] for name, x in batch.items()}
        for name, (weights, components) in mixtures.items():
            generator = torch.Generator().manual_seed(hash((seed, i)) & (2**63 - 1))
            q = Mixture(weights, type(components)(*(part[:, i : i + 1] for part in components)))
            rows[name].append(log_weights(model, alone, q, n_draws, generator))
        if on_step is not None:
            on_step((i + 1) / n)
    weights = {name: torch.cat(parts) for name, parts in rows.items()}
    return {
        name: Estimate(log_mean_weight(log_w), effective_sample_size(log_w))
        for name, log_w in weights.items()
    }
