"""What objectives are made of: reconstruction of what is there, KL terms, and gaps.

Shapes: M modalities, B batch, D latent, K components.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution

from explorer.aggregations import check_observed
from explorer.gaussians import Gaussian, Mixture, kl_to_prior
from explorer.networks.likelihoods import log_likelihood

if TYPE_CHECKING:
    from explorer.models.vae import Beliefs, MultimodalVAE

Batch = dict[str, Tensor]
Noise = torch.Generator | None


def mixed_seed(*numbers: int) -> int:
    """One seed from several whole numbers, of any sign, far from those of their neighbours."""
    mixed = np.random.SeedSequence([number % 2**64 for number in numbers])
    return int(mixed.generate_state(1, np.uint64)[0] >> 1)


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


def mean_kl(posterior: Mixture) -> Tensor:
    """Mean over components of KL(q_k || N(0, I)), ``(B,)``: a bound of the mixture's own."""
    return (posterior.batch_weights * kl_to_prior(posterior.components)).sum(0)


def members(model: "MultimodalVAE", batch: Batch) -> list[tuple[int, str, Tensor | float]]:
    """Row among the experts, name, and who has it, of each modality in the batch."""
    gaps = batch.get("observed")
    given = [(m, name) for m, name in enumerate(model.names) if name in batch]
    return [
        (row, name, 1.0 if gaps is None else gaps[:, m].float())
        for row, (m, name) in enumerate(given)
    ]


def seen_by(model: "MultimodalVAE", batch: Batch, beliefs: "Beliefs") -> Tensor:
    """One where a sample has a modality, zero in a gap: ``(M, B)`` of the modalities given."""
    rows = [present for _, _, present in members(model, batch)]
    like = beliefs.experts.mu[0, :, 0]
    return torch.stack([torch.ones_like(like) * present for present in rows])


def negative_log_likelihood(
    model: "MultimodalVAE",
    batch: Batch,
    z: Tensor,
    styles: dict[str, Gaussian],
    generator: Noise,
    names: Sequence[str] | None = None,
) -> dict[str, Tensor]:
    """-log p(x_m | z) of what is there, by modality: z ``(*, B, D)`` -> ``(*, B)``."""
    drawn = {name: style.rsample(generator) for name, style in styles.items()}
    wanted = [name for name in names or model.names if name in batch]
    decoded = model.decode(z, wanted, drawn)
    return {name: surprise(model, batch, name, decoded[name]) for name in decoded}


def surprise(model: "MultimodalVAE", batch: Batch, name: str, distribution: Distribution) -> Tensor:
    """-log p(x_m) under what was decoded, zero in a gap: ``(*, B)``."""
    x, gaps = batch[name], batch.get("observed")
    if gaps is None:
        return -log_likelihood(distribution, x)
    # zeros in the gaps first: a NaN there would survive its zero weight in the gradient
    present = gaps[:, model.names.index(name)]
    x = torch.where(present.reshape(-1, *[1] * (x.ndim - 1)), x, torch.zeros_like(x))
    return -(present * log_likelihood(distribution, x))


def observed_by(model: "MultimodalVAE", batch: Batch) -> Tensor:
    """Which sample has which of all modalities, bool ``(B, M)``; the same for all without gaps.

    Raises
    ------
    ValueError
        A sample has none, or ``observed`` has the wrong shape.
    """
    n = len(next(batch[name] for name in model.names if name in batch))
    device = next(model.parameters()).device
    # filled there: a table brought from here would make a GPU wait
    given = torch.stack(
        [torch.full((n,), name in batch, device=device) for name in model.names], dim=1
    )
    gaps = batch.get("observed")
    if gaps is None:
        return given
    check_observed(gaps, *given.shape)
    check_observed(gaps & given, *given.shape)
    return gaps & given


def draw(mixture: Mixture, generator: Noise, n_draws: int | None = None) -> tuple[Tensor, ...]:
    """Draw from a mixture: z, which component each came from, and the log weight of that.

    Shapes ``(B, D)``, ``(B)`` and ``(B)``; ``(N, B, D)``, ``(N, B)`` and ``(N, B)`` for
    ``n_draws``.
    """
    mixture = mixture if n_draws is None else mixture.repeat(n_draws)
    component = mixture.choose(generator)
    weights = mixture.batch_weights
    share = weights.gather(0, component.unsqueeze(0)).squeeze(0)
    return mixture.pick(component).rsample(generator), component, share.log()


def through_choice(loss: Tensor, log_share: Tensor) -> Tensor | float:
    r"""Nothing in value; in gradient, what the choice of the component adds to the loss's own.

    A draw depends on the weights of a mixture through which component it comes from, and there
    reparameterisation ends: the gradient is that of :math:`(L - b) \log \pi`, with the mean loss
    of the batch's other samples as b. Zero where weights are constants.

    Parameters
    ----------
    loss
        What is minimised at the draw, ``(B,)``.
    log_share
        Log weight of the component that was drawn, ``(B,)``.
    """
    if not log_share.requires_grad or len(loss) < 2:
        return 0.0
    others = (loss.sum() - loss) / (len(loss) - 1)
    return (loss - others).detach() * (log_share - log_share.detach())


def weigh(model: "MultimodalVAE", nll: dict[str, Tensor]) -> Tensor:
    """Sum over modalities, each by its ``weight``."""
    return sum(model.likelihood_weights[name] * value for name, value in nll.items())


def style_kl(model: "MultimodalVAE", batch: Batch, styles: dict[str, Gaussian]) -> Tensor | float:
    """KL of all styles to their prior, ``(B,)``; 0 without any."""
    kls = [
        present * kl_to_prior(styles[name])
        for _, name, present in members(model, batch)
        if name in styles
    ]
    return sum(kls) if kls else 0.0


def named_style(model: "MultimodalVAE", style: Tensor | float) -> dict[str, Tensor]:
    """The term ``kl_style``, where there are styles."""
    return {"kl_style": style} if model.style_dim else {}
