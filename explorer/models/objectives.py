r"""Objectives: ``(model, batch, generator, **options) -> Losses``. What a model minimises, in nats.

Each returns the loss of every sample; ``beta`` weighs what stands in the place of the KL term, and
a modality's ``weight`` its log-likelihood. Formulas are written for complete samples; with gaps,
sums over modalities and their number M are over what a sample has.

===================  =============================================================================
key                  in the papers
===================  =============================================================================
elbo                 mean over components of their ELBOs: what the code of MoPoE optimises
mixture_elbo         ELBO of the mixture itself, by its own density: what the text of MoPoE writes
elbo_with_unimodal   MVAE as the code of MoPoE trains it: plus the ELBO of every modality alone
iwae, dreg           MMVAE (Shi et al. 2019), plain and doubly reparameterised gradients
private              MMVAE+ (Palumbo et al. 2023): private latents and their auxiliary priors
code                 CoDE-VAE (Mancisidor et al. 2025): learned weights of the components
jsd                  mmJSD (Sutter et al. 2020): dynamic prior
mvtcae               MVTCAE (Hwang et al. 2021): total correlation
independent          a VAE per modality
aggregated           the "aggregated" baseline of MM-VAMP's code: the KL once per modality
mmvamp               MM-VAMP (Sutter et al. 2024) as its paper writes it
mmvamp_pairwise      MM-VAMP as its released code computes it
===================  =============================================================================

Shapes: M modalities, B batch, D latent, K components, N draws. To add one: a function here and a
line in ``OBJECTIVES``.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from explorer.barycenters import geometric_mean
from explorer.gaussians import Gaussian, kl_divergence, kl_to_prior
from explorer.models.importance import dreg, iwae, private
from explorer.models.terms import (
    Batch,
    Losses,
    Noise,
    draw,
    mean_kl,
    members,
    named_style,
    negative_log_likelihood,
    seen_by,
    style_kl,
    through_choice,
    weigh,
)

if TYPE_CHECKING:
    from explorer.models.vae import Beliefs, MultimodalVAE


def elbo(model: "MultimodalVAE", batch: Batch, generator: Noise = None) -> Losses:
    r"""Negative mean over components of the components' ELBOs, with KL weighted by ``beta``.

    .. math:: \sum_k \pi_k \{ E_{q_k}[-\log p(x|z)] + \beta KL(q_k \| p) \}

    One component is drawn per sample, whatever its place in the batch, and decodes every
    observed modality; the KL term is the exact mean of KL(q_k || p) over components, an upper
    bound of the mixture's KL by convexity, so this is a lower bound of log p(x). It is what the
    code of the MoPoE paper optimises in expectation (its text writes the tighter mixture ELBO).
    """
    beliefs = model.beliefs(batch)
    return _elbo(model, batch, beliefs, mean_kl(beliefs.posterior), generator)


def mixture_elbo(model: "MultimodalVAE", batch: Batch, generator: Noise = None) -> Losses:
    r"""Negative ELBO of the whole mixture, its KL estimated at the draw that is decoded.

    .. math:: E_q[-\log p(x|z) + \beta (\log q(z) - \log p(z))], \quad q = \sum_k \pi_k q_k

    Tighter than :func:`elbo` by the mean KL of the components to the mixture, at most log K at
    beta 1. Equation 6 of Sutter et al. (2021). The same for K = 1, up to the noise of the estimate.
    """
    beliefs = model.beliefs(batch)
    z, _, log_share = draw(beliefs.posterior, generator)
    kl = beliefs.posterior.log_prob(z) - model.prior(z).log_prob(z)
    losses = _elbo(model, batch, beliefs, kl, generator, z)
    return losses._replace(total=losses.total + through_choice(losses.total, log_share))


def code(
    model: "MultimodalVAE", batch: Batch, generator: Noise = None, *, entropy: float = 1000.0
) -> Losses:
    r"""The ELBO of :func:`elbo` with an entropy bonus for the learned weights of the components.

    .. math:: \sum_k \pi_k \{ E_{q_k}[-\log p(x|z)] + \beta KL(q_k \| p) \} - h \, H(\pi)

    CoDE-VAE (Mancisidor et al. 2025). Without the bonus, or with its natural h = 1, all weight goes
    to the components with the best ELBO, which differ by hundreds of nats; the released code
    multiplies it by 1000 on PolyMNIST, and so does this.

    Parameters
    ----------
    entropy
        h, in nats.
    """
    losses = elbo(model, batch, generator)
    if model.lambdas is None:
        raise ValueError("the objective 'code' needs lambdas='learned'")
    log_shares = model.lambdas.log_softmax(0)
    bonus = -(log_shares.exp() * log_shares).sum()
    return Losses(
        losses.total - entropy * bonus, losses.terms | {"entropy": bonus.expand(len(losses.total))}
    )


def elbo_with_unimodal(model: "MultimodalVAE", batch: Batch, generator: Noise = None) -> Losses:
    r"""The joint ELBO and, added, that of every modality from its own belief.

    .. math:: L(x_1 \dots x_M) + \sum_m L(x_m)

    Wu & Goodman (2018) as the released code of MoPoE trains it: without the second part a product
    never sees a modality alone. The sum of ELBOs is no bound of log p(x).
    """
    beliefs = model.beliefs(batch)
    joint = _elbo(model, batch, beliefs, mean_kl(beliefs.posterior), generator)
    alone = torch.zeros_like(joint.total)
    for m, name, present in members(model, batch):
        expert = Gaussian(*(part[m : m + 1] for part in beliefs.experts))
        posterior = model.aggregation.subset_posterior(expert)
        z = posterior.rsample(generator)
        nll = negative_log_likelihood(model, batch, z, beliefs.styles, generator, [name])
        alone = alone + weigh(model, nll) + present * model.beta * mean_kl(posterior)
    return Losses(joint.total + alone, joint.terms | {"unimodal": alone})


def jsd(model: "MultimodalVAE", batch: Batch, generator: Noise = None) -> Losses:
    r"""Reconstruction from the mixture of experts, and a Jensen-Shannon divergence to all of them.

    .. math:: E_q[-\log p(x|z)] + \beta \sum_{m=0}^{M} \frac{1}{M+1} KL(q_m \| f), \quad
              f \propto \prod_{m=0}^{M} q_m^{1/(M+1)}, \; q_0 = p

    The dynamic prior f is the geometric mean of the experts and N(0, I), and the sum, in closed
    form, includes the prior's own term (Sutter et al. 2020). z comes from the experts alone; the
    released code of MoPoE also decodes draws from the prior in training.
    """
    beliefs = model.beliefs(batch)
    seen = seen_by(model, batch, beliefs)
    everyone = Gaussian(*(torch.cat([torch.zeros_like(p[:1]), p]) for p in beliefs.experts))
    weights = torch.cat([torch.ones_like(seen[:1]), seen])
    weights = weights / weights.sum(0)  # (1 + M, B)
    dynamic = geometric_mean(everyone, weights.T.unsqueeze(1))  # (1, B, D)
    divergence = (weights * kl_divergence(everyone, dynamic)).sum(0)
    return _elbo(model, batch, beliefs, divergence, generator, name="jensen_shannon")


def mvtcae(
    model: "MultimodalVAE", batch: Batch, generator: Noise = None, *, alpha: float = 5 / 6
) -> Losses:
    r"""Total correlation: the joint belief stays near the prior, and near what each expert says.

    .. math:: \frac{M-\alpha}{M} E_q[-\log p(x|z)] + \beta \{ \frac{\alpha}{M} \sum_m KL(q \| q_m)
              + (1-\alpha) KL(q \| p) \}

    Hwang et al. (2021), with the product of the experts, no prior among them, as q. ``alpha`` is
    5/6 in their PolyMNIST experiment (MultiVae's default .1 explains its poor translation).
    """
    beliefs = model.beliefs(batch)
    seen = seen_by(model, batch, beliefs)
    n = seen.sum(0)
    q = Gaussian(*(part[0] for part in beliefs.posterior.components))
    towards = (seen * kl_divergence(q, beliefs.experts)).sum(0)
    penalty = alpha / n * towards + (1 - alpha) * kl_to_prior(q)
    z = q.rsample(generator)
    nll = negative_log_likelihood(model, batch, z, beliefs.styles, generator)
    style = style_kl(model, batch, beliefs.styles)
    total = (n - alpha) / n * weigh(model, nll) + model.beta * (penalty + model.beta_style * style)
    terms = {"reconstruction": sum(nll.values()), "kl_to_experts": towards, "kl": kl_to_prior(q)}
    return Losses(total, terms | named_style(model, style))


def independent(model: "MultimodalVAE", batch: Batch, generator: Noise = None) -> Losses:
    r"""A VAE per modality, side by side: nothing is shared.

    .. math:: \sum_m E_{q_m}[-\log p(x_m|z_m)] + \beta KL(q_m \| p)
    """
    beliefs = model.beliefs(batch)
    seen = seen_by(model, batch, beliefs)
    kl = (seen * kl_to_prior(beliefs.experts)).sum(0)
    return _apart(model, batch, beliefs, beliefs.experts.rsample(generator), kl, "kl")


def aggregated(model: "MultimodalVAE", batch: Batch, generator: Noise = None) -> Losses:
    r"""One joint belief decoded by all, its KL counted once per modality.

    .. math:: E_q[-\log p(x|z)] + M \beta KL(q \| p)

    The baseline of Sutter et al. (2024) as their code computes it; what q is made of differs
    between paper (averages), code (product) and experiments (standard deviations or variances).
    With M beta in the place of beta it is :func:`elbo`.
    """
    beliefs = model.beliefs(batch)
    n = seen_by(model, batch, beliefs).sum(0)
    return _elbo(model, batch, beliefs, n * mean_kl(beliefs.posterior), generator)


def mmvamp(model: "MultimodalVAE", batch: Batch, generator: Noise = None) -> Losses:
    r"""Soft sharing: each modality decodes its own draw; the mixture of experts is their prior.

    .. math:: \sum_m E_{q_m}[-\log p(x_m|z_m)] + \beta \sum_m KL(q_m \| h), \quad
              h = \frac1M \sum_j q_j

    The rate is M times the Jensen-Shannon divergence of the experts, between 0 and M log M. A KL
    to a mixture has no closed form and the paper does not say how it is estimated: here by
    log q_m(z_m) - log h(z_m) at the draw that is decoded (a single estimate may be negative).
    """
    beliefs = model.beliefs(batch)
    seen = seen_by(model, batch, beliefs)
    z = beliefs.experts.rsample(generator)  # (M, B, D)
    others = Gaussian(*(part.unsqueeze(1) for part in beliefs.experts))
    log_q = others.log_prob(z)  # (M, M, B): density of draw m under expert j at [j, m]
    log_h = torch.logsumexp(log_q + seen.log().unsqueeze(1), dim=0) - seen.sum(0).log()
    rate = torch.where(seen > 0, beliefs.experts.log_prob(z) - log_h, 0).sum(0)
    return _apart(model, batch, beliefs, z, rate, "rate")


def mmvamp_pairwise(
    model: "MultimodalVAE", batch: Batch, generator: Noise = None, *, annealed: float = 1.0
) -> Losses:
    r"""What the released code of MM-VAMP minimises: mean pairwise KL, annealed from independence.

    .. math:: \sum_m E_{q_m}[-\log p(x_m|z_m)] + \beta \{ (1-\alpha) \frac1M \sum_{m,j}
              KL(q_m \| q_j) + \alpha \sum_m KL(q_m \| p) \}

    An upper bound of the rate of :func:`mmvamp` without its cap: every pair pulls at each other,
    zero-forcing. alpha falls from 1 to 1e-10 exponentially; the paper does not mention it.

    Parameters
    ----------
    annealed
        Share of the training run over which alpha falls (in their runs the end is not reached:
        1e-10 would be met at 2.5 times their longest).
    """
    beliefs = model.beliefs(batch)
    seen = seen_by(model, batch, beliefs)
    left, right = (Gaussian(*(p.unsqueeze(a) for p in beliefs.experts)) for a in (1, 0))
    pairs = seen.unsqueeze(1) * seen.unsqueeze(0) * kl_divergence(left, right)  # (M, M, B)
    pairwise = pairs.sum((0, 1)) / seen.sum(0)
    alpha = math.exp(math.log(1e-10) * min(1.0, model.progress / annealed))
    kl = (seen * kl_to_prior(beliefs.experts)).sum(0)
    rate = (1 - alpha) * pairwise + alpha * kl
    z = beliefs.experts.rsample(generator)
    return _apart(model, batch, beliefs, z, rate, "rate")


OBJECTIVES: dict[str, Callable[..., Losses]] = {
    "elbo": elbo,
    "mixture_elbo": mixture_elbo,
    "elbo_with_unimodal": elbo_with_unimodal,
    "code": code,
    "iwae": iwae,
    "dreg": dreg,
    "private": private,
    "jsd": jsd,
    "mvtcae": mvtcae,
    "independent": independent,
    "aggregated": aggregated,
    "mmvamp": mmvamp,
    "mmvamp_pairwise": mmvamp_pairwise,
}

SAMPLED_OBJECTIVES = ("mixture_elbo", "iwae", "dreg", "private")
"""Those that ask posterior and prior for draws and densities only."""

SINGLE_BELIEF_OBJECTIVES = ("mvtcae",)
"""Those that read the first component of the joint belief as if it were all of it."""

STYLELESS_OBJECTIVES = ("independent", "mmvamp", "mmvamp_pairwise")
"""Those that decode each modality from its own draw, and leave styles untrained."""


def _elbo(
    model: "MultimodalVAE",
    batch: Batch,
    beliefs: "Beliefs",
    kl: Tensor,
    generator: Noise,
    z: Tensor | None = None,
    name: str = "kl",
) -> Losses:
    """Reconstruct everything from one z per sample; ``kl`` is what beta weighs."""
    log_share = torch.zeros_like(kl)
    if z is None:
        z, _, log_share = draw(beliefs.posterior, generator)
    nll = negative_log_likelihood(model, batch, z, beliefs.styles, generator)
    style = style_kl(model, batch, beliefs.styles)
    explained = weigh(model, nll)
    total = explained + model.beta * (kl + model.beta_style * style)
    total = total + through_choice(explained, log_share)
    terms = {"reconstruction": sum(nll.values()), name: kl}
    return Losses(total, terms | named_style(model, style))


def _apart(
    model: "MultimodalVAE",
    batch: Batch,
    beliefs: "Beliefs",
    z: Tensor,
    rate: Tensor,
    name: str,
) -> Losses:
    """Each modality reconstructed from its own draw, ``z[m]``."""
    nll = {}
    for m, key, _ in members(model, batch):
        nll |= negative_log_likelihood(model, batch, z[m], {}, None, [key])
    terms = {"reconstruction": sum(nll.values()), name: rate}
    return Losses(weigh(model, nll) + model.beta * rate, terms)
