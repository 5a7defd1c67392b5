"""Objectives: ``(model, batch, generator) -> Losses``. What a model minimises, in nats.

To add one: a function here and a line in ``OBJECTIVES``.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from explorer.gaussians import kl_to_prior
from explorer.likelihoods import log_likelihood

if TYPE_CHECKING:
    from explorer.models.vae import MultimodalVAE


class Losses(NamedTuple):
    """What is minimised, and the terms it is made of, per sample, in nats.

    Parameters
    ----------
    total
        ``(B,)``.
    terms
        Name to ``(B,)``, unweighted.
    """

    total: Tensor
    terms: dict[str, Tensor]


def elbo(
    model: "MultimodalVAE", batch: dict[str, Tensor], generator: torch.Generator | None = None
) -> Losses:
    """Negative mean over components of the components' ELBOs, with KL weighted by ``beta``.

    One component is drawn per sample, whatever its place in the batch, and decodes every
    observed modality; the KL term is the exact mean of KL(q_k || p) over components, an upper
    bound of the mixture's KL by convexity, so this is a lower bound of log p(x). It is what the
    code of the MoPoE paper optimises in expectation (its text writes the tighter mixture ELBO).
    """
    posterior = model.posterior(batch)
    z = posterior.rsample(generator)
    observed = batch.get("observed")
    reconstruction = torch.zeros_like(z[:, 0])
    for m, (name, distribution) in enumerate(model.decode(z).items()):
        if name not in batch:
            continue
        x = batch[name]
        if observed is None:
            reconstruction = reconstruction - log_likelihood(distribution, x)
        else:
            # zeros in the gaps first: a NaN there would survive its zero weight in the gradient
            present = observed[:, m]
            x = torch.where(present.reshape(-1, *[1] * (x.ndim - 1)), x, torch.zeros_like(x))
            reconstruction = reconstruction - present * log_likelihood(distribution, x)
    kl = (posterior.batch_weights * kl_to_prior(posterior.components)).sum(0)
    return Losses(reconstruction + model.beta * kl, {"reconstruction": reconstruction, "kl": kl})


OBJECTIVES: dict[str, Callable[..., Losses]] = {"elbo": elbo}
