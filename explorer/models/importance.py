"""Importance-weighted bounds of MMVAE, with plain and doubly reparameterised gradients.

Shapes: M modalities, B batch, D latent, K components, N draws.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from explorer.gaussians import Gaussian, Laplace, Mixture
from explorer.models.terms import (
    Batch,
    Losses,
    Noise,
    draw,
    negative_log_likelihood,
    seen_by,
    style_kl,
    surprise,
    through_choice,
    weigh,
)

if TYPE_CHECKING:
    from explorer.models.vae import MultimodalVAE


def iwae(
    model: "MultimodalVAE",
    batch: Batch,
    generator: Noise = None,
    *,
    n_draws: int = 2,
    bound: str = "loose",
) -> Losses:
    r"""Negative importance-weighted bound, with z from the components of the mixture.

    With w = p(z)^beta p(x|z) / q(z)^beta and q the whole mixture:

    .. math:: \sum_k \pi_k E_{z_n \sim q_k} \log \frac1N \sum_n w(z_n) \quad \text{(loose)}
    .. math:: E \log \sum_k \pi_k \frac1N \sum_n w(z_{kn}) \quad \text{(tight)}
    .. math:: E_{z_n \sim q} \log \frac1N \sum_n w(z_n) \quad \text{(mixture)}

    Shi et al. (2019) draw from every component in turn (stratified): ``loose``, which they train
    with, and ``tight``. ``mixture`` draws N times from the mixture as a whole.

    Parameters
    ----------
    n_draws
        N, of every component; decoding costs K N times that of :func:`elbo` (``mixture``: N).
    bound
        Key of ``BOUNDS``.
    """
    log_w, terms, _ = _importance(model, batch, generator, n_draws, bound, detach=False)
    return Losses(-BOUNDS[bound](*log_w), terms)


def dreg(
    model: "MultimodalVAE",
    batch: Batch,
    generator: Noise = None,
    *,
    n_draws: int = 2,
    bound: str = "loose",
) -> Losses:
    r"""The bound of :func:`iwae` with the doubly reparameterised gradient (Tucker et al. 2019).

    Gradients of the encoders flow through z alone: with normalised weights v_n they are
    sum v_n^2 dlog w/dz dz/dphi, of the decoders sum v_n dlog w/dtheta. The same in expectation as
    those of :func:`iwae`, with less noise, for a single Gaussian, for N = 1, and for
    ``bound="mixture"``. Not for the stratified bounds with N > 1 that MMVAE trains with: the
    identity behind it needs each draw to come from the density that it is divided by, and a
    stratum is not the mixture (``tests/models/test_objectives.py`` shows both).

    Parameters
    ----------
    n_draws, bound
        As in :func:`iwae`.
    """
    (log_w, weights), terms, z = _importance(model, batch, generator, n_draws, bound, detach=True)
    with torch.no_grad():
        value = -BOUNDS[bound](log_w, weights)
        normalised = _SHARES[bound](log_w, weights)
    if z.requires_grad:
        z.register_hook(lambda gradient: gradient * normalised[0].unsqueeze(-1))
    surrogate = -(normalised[1] * normalised[0] * log_w).sum((0, 1))
    return Losses(value + surrogate - surrogate.detach(), terms)


def private(
    model: "MultimodalVAE",
    batch: Batch,
    generator: Noise = None,
    *,
    n_draws: int = 1,
    bound: str = "mixture",
) -> Losses:
    r"""MMVAE+: private latents that tell a decoder nothing of what it should hear from others.

    A draw z comes from a component of the posterior, made of the modalities A. Those in A are
    decoded from z and their own private latent, all others from z and a draw of their auxiliary
    prior r, so that **what z must carry cannot hide in the private latents**:

    .. math:: w = \frac{p(z) \prod_{m \in A} p(s_m)}{q(z) \prod_{m \in A} q_m(s_m)}
              \prod_{m \in A} p(x_m|z,s_m) \prod_{n \notin A} p(x_n|z,\tilde s_n), \quad
              \tilde s_n \sim r_n

    in the bounds of :func:`iwae`, with ratios of densities to the power beta. Palumbo et al.
    (2023), with a mixture of experts, so that A is one modality.

    A component's part bounds the evidence of the model in which the private latents of all but A
    come from r. Where r is the prior p, as it is before training, all these are the same model and
    the whole is a bound of log p(x); the paper lets the widths of r be learned.

    Parameters
    ----------
    n_draws
        N. Their PolyMNIST runs take 1.
    bound
        Key of ``BOUNDS``. With one draw ``mixture`` and ``loose`` are equal on average, and
        ``mixture`` decodes one component a sample where ``loose`` decodes all.
    """
    _check_bound(bound, n_draws)
    beliefs = model.beliefs(batch)
    posterior, log_share = beliefs.posterior, None
    names = [name for name in model.names if name in batch]
    family = model.aggregation.family(len(names)).to(beliefs.experts.mu.device)
    if bound == "mixture":
        z, component, log_share = draw(posterior, generator, n_draws)
        z, own = z.unsqueeze(1), family[component].unsqueeze(1)  # (N, 1, B, D) and (N, 1, B, M)
        weights = torch.ones_like(posterior.batch_weights[:1])
    else:
        z = _from_each(posterior.components, n_draws, generator)
        own = family.reshape(1, len(family), 1, -1).expand(*z.shape[:-1], -1)
        weights = posterior.batch_weights
    seen = seen_by(model, batch, beliefs)
    nll, style = {}, torch.zeros_like(z[..., 0])
    for m, name in enumerate(names):
        told, chosen, told_cost = _private(
            model, name, beliefs.styles[name], own[..., m], generator
        )
        decoded = model.decode(z, [name], {name: chosen})
        nll[name] = surprise(model, batch, name, decoded[name])
        style = style + seen[m] * told * told_cost
    q = posterior.log_prob(z.flatten(0, 1)).unflatten(0, z.shape[:2])
    kl = q - model.prior(z).log_prob(z)
    log_w = -weigh(model, nll) - model.beta * (kl + model.beta_style * style)
    total = -BOUNDS[bound](log_w, weights)
    if log_share is not None:
        total = total + through_choice(total, log_share.sum(0))
    share = (weights / n_draws).detach()
    terms = {"reconstruction": sum(nll.values()), "kl": kl, "kl_style": style}
    return Losses(total, {key: (share * value).sum((0, 1)) for key, value in terms.items()})


def _private(
    model: "MultimodalVAE", name: str, style: Gaussian | Laplace, own: Tensor, generator: Noise
) -> tuple[Tensor, Tensor, Tensor]:
    """Whether a modality's own style is told, the style decoded, and what telling costs.

    ``own``, bool ``(N, K, B)``, says where; styles are ``(N, K, B, E)``.
    """
    shape = (*own.shape, style.mu.shape[-1])
    posterior = type(style)(*(part.expand(shape) for part in style))
    prior = model.standard(posterior.mu)
    widths = prior.logvar
    if model.auxiliary is not None:
        widths = model.auxiliary.unflatten(0, (len(model.names), -1))
        widths = widths[model.names.index(name)].expand(shape)
    auxiliary = type(style)(prior.mu, widths)
    drawn = posterior.rsample(generator)
    cost = posterior.log_prob(drawn) - prior.log_prob(drawn)
    chosen = torch.where(own.unsqueeze(-1), drawn, auxiliary.rsample(generator))
    return own.to(cost.dtype), chosen, cost


BOUNDS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "loose": lambda log_w, weights: (weights * _log_mean(log_w)).sum(0),
    "tight": lambda log_w, weights: torch.logsumexp(weights.log() + _log_mean(log_w), dim=0),
    "mixture": lambda log_w, weights: _log_mean(log_w)[0],
}
"""From log w ``(N, K, B)`` and weights ``(K, B)`` to the bound ``(B,)``."""

_SHARES: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "loose": lambda log_w, weights: (log_w.softmax(0), weights),
    "tight": lambda log_w, weights: (
        (log_w + weights.log()).flatten(0, 1).softmax(0).reshape(log_w.shape),
        torch.ones_like(weights),
    ),
    "mixture": lambda log_w, weights: (log_w.softmax(0), torch.ones_like(log_w[0])),
}
"""Each draw's share of its bound, ``(N, K, B)``, and the weight of the bound it is in."""


def _importance(
    model: "MultimodalVAE",
    batch: Batch,
    generator: Noise,
    n_draws: int,
    bound: str,
    detach: bool,
) -> tuple[tuple[Tensor, Tensor], dict[str, Tensor], Tensor]:
    """Log weights ``(N, K, B)`` with the weights of K, the terms, and the draws."""
    _check_bound(bound, n_draws)
    beliefs = model.beliefs(batch)
    posterior = beliefs.posterior
    if bound == "mixture":
        z = posterior.repeat(n_draws).rsample(generator).unsqueeze(1)  # (N, 1, B, D)
        weights = torch.ones_like(posterior.batch_weights[:1])
    else:
        z = _from_each(posterior.components, n_draws, generator)
        weights = posterior.batch_weights
    q = posterior
    if detach:
        q = Mixture(posterior.weights, type(q.components)(*(p.detach() for p in q.components)))
    kl = q.log_prob(z.flatten(0, 1)).unflatten(0, z.shape[:2]) - model.prior(z).log_prob(z)
    nll = negative_log_likelihood(model, batch, z, beliefs.styles, generator)
    style = model.beta_style * style_kl(model, batch, beliefs.styles)
    log_w = -weigh(model, nll) - model.beta * (kl + style)
    share = (weights / n_draws).detach()
    terms = {
        "reconstruction": (share * sum(nll.values())).sum((0, 1)),
        "kl": (share * kl).sum((0, 1)),
    }
    return (log_w, weights), terms, z


def _check_bound(bound: str, n_draws: int) -> None:
    if bound not in BOUNDS:
        raise ValueError(f"bound must be one of {', '.join(BOUNDS)}, got {bound!r}")
    if n_draws < 1:
        raise ValueError(f"n_draws must be at least 1, got {n_draws}")


def _from_each(components: Gaussian | Laplace, n_draws: int, generator: Noise) -> Tensor:
    """Draws of every component, ``(N, K, B, D)``."""
    repeated = (part.unsqueeze(0).expand(n_draws, *part.shape) for part in components)
    return type(components)(*repeated).rsample(generator)


def _log_mean(log_w: Tensor) -> Tensor:
    return log_w.logsumexp(0) - math.log(len(log_w))
