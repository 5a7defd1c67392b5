"""JMVAE: an encoder of all modalities together, and one of each that learns to agree with it.

Shapes: M modalities, S subsets, B batch, D latent, K components.
"""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from explorer.datasets.modality import Modality
from explorer.gaussians import Gaussian, Mixture, kl_divergence, kl_to_prior
from explorer.models.terms import (
    Losses,
    named_style,
    negative_log_likelihood,
    observed_by,
    seen_by,
    style_kl,
    weigh,
)
from explorer.models.vae import Beliefs, MultimodalVAE
from explorer.networks import perceptron

WARM_UP = 0.1
"""Share of the run over which the divergences gain their weight (MultiVae: 10 of 100 epochs)."""

HIDDEN = 512
"""Width of the joint encoder's two hidden layers, as in MultiVae."""


class JMVAE(MultimodalVAE):
    r"""Joint multimodal VAE (Suzuki et al. 2017): q(z|x_1...x_M) has a network of its own.

    .. math:: E_q[-\log p(x|z)] + a \{ \beta KL(q \| p) + \alpha \sum_m KL(q \| q_m) \}

    with a rising from 0 to 1 over the first tenth of the run. The joint encoder reads the mean
    heads of its own copies of the encoders, side by side. Believed given one modality: q_m; given
    all: q; given any other subset: the product of its q_m without the prior, as in MultiVae,
    which no term trains. At ``alpha`` 0 the objective is the ELBO of q, and the q_m learn nothing.

    In training data with gaps, samples that have everything use the joint encoder, the others
    the product of what they have; q in the formula is the one or the other. Nothing is published
    about this.

    Parameters
    ----------
    modalities, latent_dim, beta, style_dim, beta_style
        As in ``MultimodalVAE``.
    alpha
        How much the q_m are drawn to q, and q to them.
    """

    def __init__(
        self,
        modalities: Sequence[Modality],
        *,
        latent_dim: int = 64,
        beta: float = 1.0,
        alpha: float = 0.1,
        style_dim: int = 0,
        beta_style: float = 1.0,
    ) -> None:
        options = {
            "latent_dim": latent_dim,
            "beta": beta,
            "style_dim": style_dim,
            "beta_style": beta_style,
        }
        super().__init__(modalities, aggregation="product", **options)
        self.config = {"modalities": self.config["modalities"], "alpha": alpha} | options
        self.alpha = alpha
        self.joint_encoders = copy.deepcopy(self.encoders)
        self.joint_head = perceptron(len(self.names) * latent_dim, HIDDEN, HIDDEN, 2 * latent_dim)

    def beliefs(self, batch: dict[str, Tensor], weights: dict[str, float] | None = None) -> Beliefs:
        """Experts, the joint encoder's belief (or a product, see the class) and styles."""
        beliefs = super().beliefs(batch, weights)
        if not self._has_all(batch):
            return beliefs
        complete = observed_by(self, batch).all(1).unsqueeze(-1)
        parts = zip(self._joint(batch), beliefs.posterior.components, strict=True)
        chosen = Gaussian(*(torch.where(complete, joint, fused) for joint, fused in parts))
        return beliefs._replace(posterior=Mixture(chosen.mu.new_ones(1), chosen))

    def subset_posterior(
        self,
        batch: dict[str, Tensor],
        observed: Sequence[str] | None = None,
        weights: dict[str, float] | None = None,
    ) -> Mixture:
        """What is believed given exactly these: the same as :meth:`posterior`."""
        return self.posterior(self._without_gaps(self._select(batch, observed)), None, weights)

    def subset_posteriors(
        self, batch: dict[str, Tensor], weights: dict[str, float] | None = None
    ) -> Mixture:
        """:meth:`subset_posterior` of the subsets looked at, components ``(1, S, B, D)``."""
        found = super().subset_posteriors(batch, weights)
        if not self._has_all(batch):
            return found
        parts = zip(found.components, self._joint(batch), strict=True)
        rows = (torch.cat([fused[:, :-1], joint[None, None]], dim=1) for fused, joint in parts)
        return Mixture(found.weights, Gaussian(*rows))

    def loss(self, batch: dict[str, Tensor], generator: torch.Generator | None = None) -> Losses:
        """The objective's total and terms, per sample, in nats."""
        beliefs = self.beliefs(batch)
        q = Gaussian(*(part[0] for part in beliefs.posterior.components))
        kl = kl_to_prior(q)
        to_experts = (seen_by(self, batch, beliefs) * kl_divergence(q, beliefs.experts)).sum(0)
        nll = negative_log_likelihood(self, batch, q.rsample(generator), beliefs.styles, generator)
        style = style_kl(self, batch, beliefs.styles)
        penalty = self.beta * (kl + self.beta_style * style) + self.alpha * to_experts
        total = weigh(self, nll) + min(1.0, self.progress / WARM_UP) * penalty
        terms = {"reconstruction": sum(nll.values()), "kl": kl, "kl_to_experts": to_experts}
        return Losses(total, terms | named_style(self, style))

    def _joint(self, batch: dict[str, Tensor]) -> Gaussian:
        """The joint encoder's belief, ``(B, D)``; of samples with gaps it means nothing."""
        means = [
            self.joint_encoders[name](x)[:, : self.latent_dim]
            for name, x in self._inputs(batch).items()
        ]
        return Gaussian(*self.joint_head(torch.cat(means, dim=-1)).chunk(2, dim=-1))

    def _has_all(self, batch: dict[str, Tensor]) -> bool:
        return all(name in batch for name in self.names)
