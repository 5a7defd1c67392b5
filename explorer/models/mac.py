"""MAC: one encoder of all modalities that is told which are hidden, trained on random masks.

Shapes: M modalities, S subsets, B batch, D latent, K masks.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from explorer.aggregations import membership
from explorer.datasets.modality import Modality
from explorer.gaussians import Gaussian, Mixture, kl_to_prior
from explorer.models.kernels import mmd_squared
from explorer.models.terms import (
    Losses,
    named_style,
    negative_log_likelihood,
    observed_by,
    style_kl,
    weigh,
)
from explorer.models.vae import Beliefs, MultimodalVAE
from explorer.networks import perceptron
from explorer.subsets import MOST_ENUMERATED

WARM_UP = 0.1
"""Share of the run over which the regulariser gains its weight (the released code: 10 epochs)."""

HIDDEN = 512
"""Width of the hidden layer of the joint encoder, and of that of the mask's own network."""

POINT_LOGVAR = -30.0
"""Log-variance of a deterministic code, so that a point can stand where a Gaussian may: its
standard deviation, 3e-7, is about the rounding error of single precision."""


@dataclass(frozen=True)
class Regulariser:
    """What keeps the codes near the prior.

    Parameters
    ----------
    label
        What people call it.
    penalty
        (codes ``(K, B, D)``, draws from them, noise) -> ``(K, B)``.
    deterministic
        Whether codes are points.
    """

    label: str
    penalty: Callable[[Gaussian, Tensor, torch.Generator | None], Tensor]
    deterministic: bool


def _mmd(q: Gaussian, z: Tensor, generator: torch.Generator | None) -> Tensor:
    draws = torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
    return mmd_squared(z, draws).unsqueeze(-1).expand(z.shape[:-1])


def _kl(q: Gaussian, z: Tensor, generator: torch.Generator | None) -> Tensor:
    return kl_to_prior(q)


REGULARISERS: dict[str, Regulariser] = {
    "mmd": Regulariser("maximum mean discrepancy", _mmd, deterministic=True),
    "kl": Regulariser("Kullback-Leibler divergence", _kl, deterministic=False),
}


class MAC(MultimodalVAE):
    r"""Multimodal autoencoders with arbitrary conditioning: MAC-WAE and its two ablations.

    .. math:: \frac1K \sum_k \{ E_{z \sim q(z|x,b_k)}[-\log p(x|z)] + a \beta R_k \}

    A mask b hides modalities from the encoder, never from the reconstruction. K masks are drawn
    for each batch, each the same for the whole batch: every modality hidden with probability
    ``p_hidden`` independently, given that not all are (:func:`draw_masks`). R is MMD^2 between the
    batch's codes and as many fresh draws of the prior (``mmd``: codes are points) or the KL
    divergence of each (``kl``). a rises from 0 to 1 over the first tenth of the run. With
    ``mask_given`` false the encoder is not told the mask (M-WAE; the paper releases no code of it,
    this is the reading that works with missing inputs).

    Each modality is encoded **once** per batch, and what a mask hides is zeroed in the features.
    The paper zeroes the inputs: an encoder's answer to an all-zero input is one constant vector
    (with batch normalisation in training: one for each batch), so this only replaces that
    constant by 0, and the statistics of batch normalisation are those of data.

    The reconstruction is that of every other model here, the modalities' likelihoods by their
    weights, the same for all regularisers. The paper's MAC-WAE has summed squared errors and its
    MAC-VAE half of that, and cross-entropy for labels and texts, so its comparison of regularisers
    changes both. With their errors as with our likelihoods the sum is in the hundreds and MMD^2
    at most about .4 for codes around the origin, so **the paper's beta of 10 or less leaves the
    regulariser inactive**: beta must be scaled to the reconstruction. Recipes here: 500 for
    ``mmd``, a choice, 1 for ``kl``. With 500 on PolyDigits codes first fly apart along one
    direction (median variance 126 after a run of 150 steps, at an MMD^2 of .07, see
    :func:`.mmd_squared`) and end near the prior: given all, variances of .8 to 2.3
    after 1500 steps.

    In training data with gaps a mask is intersected with what a sample has; one that would be
    left with nothing sees all it has. What lies in a gap is neither input nor target.

    Parameters
    ----------
    modalities, latent_dim, beta, style_dim
        As in ``MultimodalVAE``.
    regulariser
        Key of ``REGULARISERS``.
    mask_given
        Whether the encoder is told the mask.
    n_masks
        K. Decoding costs K times that of the other models: 4 suit two CPU cores, the paper has
        10 (5 for CUB).
    p_hidden
        Probability that a mask hides a modality: p_0 of the paper.
    beta_style
        Weight of the styles' KL terms; unlike elsewhere ``beta`` does not multiply it, which may
        be in other units.
    """

    def __init__(
        self,
        modalities: Sequence[Modality],
        *,
        latent_dim: int = 64,
        beta: float = 500.0,
        regulariser: str = "mmd",
        mask_given: bool = True,
        n_masks: int = 4,
        p_hidden: float = 0.4,
        style_dim: int = 0,
        beta_style: float = 1.0,
    ) -> None:
        options = {
            "latent_dim": latent_dim,
            "beta": beta,
            "style_dim": style_dim,
            "beta_style": beta_style,
        }
        super().__init__(modalities, aggregation=None, **options)
        if regulariser not in REGULARISERS:
            raise ValueError(
                f"regulariser must be one of {', '.join(REGULARISERS)}, got {regulariser!r}"
            )
        if n_masks < 1 or not 0 <= p_hidden < 1:
            raise ValueError(
                f"MAC needs n_masks of at least 1 and p_hidden from 0 to below 1, got {n_masks} "
                f"and {p_hidden}"
            )
        self.config = {
            "modalities": self.config["modalities"],
            "regulariser": regulariser,
            "mask_given": mask_given,
            "n_masks": n_masks,
            "p_hidden": p_hidden,
        } | options
        self.regulariser = REGULARISERS[regulariser]
        self.n_masks, self.p_hidden = n_masks, p_hidden
        n = len(self.names)
        self.mask_encoder = perceptron(n, HIDDEN, latent_dim) if mask_given else None
        n_outputs = latent_dim if self.regulariser.deterministic else 2 * latent_dim
        self.joint_head = perceptron((n + mask_given) * latent_dim, HIDDEN, n_outputs)

    @property
    def has_density(self) -> bool:
        """False for codes that are points."""
        return super().has_density and not self.regulariser.deterministic

    def experts(self, batch: dict[str, Tensor]) -> Gaussian:
        """The belief when all but one modality is hidden, of each given, Gaussian ``(M, B, D)``."""
        return self.encode(self.features(batch)[0], self._alone(batch))

    def beliefs(self, batch: dict[str, Tensor], weights: dict[str, float] | None = None) -> Beliefs:
        """Experts, the belief given all that a sample has, and styles, encoders run once."""
        self._checked(weights)
        features, styles = self.features(batch)
        posterior = self.encode(features, observed_by(self, batch).unsqueeze(0))
        experts = self.encode(features, self._alone(batch))
        return Beliefs(experts, Mixture(posterior.mu.new_ones(1), posterior), styles)

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
        self._checked(weights)
        features, _ = self.features(self._without_gaps(batch))
        alone = self._alone(batch).squeeze(1)
        masks = (membership(len(alone)).to(alone.device).float() @ alone.float()).bool()  # (S, M)
        q = self.encode(features, masks.unsqueeze(1))
        return Mixture(q.mu.new_ones(1), Gaussian(*(part.unsqueeze(0) for part in q)))

    def loss(self, batch: dict[str, Tensor], generator: torch.Generator | None = None) -> Losses:
        """The objective's total and terms, per sample, means over masks, in nats."""
        features, styles = self.features(batch)
        observed = observed_by(self, batch)
        masks = draw_masks(self.n_masks, len(self.names), self.p_hidden, generator)
        shown = masks.to(observed.device).unsqueeze(1) & observed  # (K, B, M)
        shown = torch.where(shown.any(-1, keepdim=True), shown, observed)
        q = self.encode(features, shown)
        z = q.rsample(generator)
        nll = {
            name: value.mean(0)
            for name, value in negative_log_likelihood(self, batch, z, styles, generator).items()
        }
        penalty = self.regulariser.penalty(q, z, generator).mean(0)
        style = style_kl(self, batch, styles)
        warm = min(1.0, self.progress / WARM_UP)
        total = weigh(self, nll) + warm * (self.beta * penalty + self.beta_style * style)
        terms = {"reconstruction": sum(nll.values()), self.config["regulariser"]: penalty}
        return Losses(total, terms | named_style(self, style))

    def features(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Gaussian]]:
        """Mean heads of all M encoders ``(M, B, D)``, zeros where not given, and the styles."""
        given, styles = self._encode(batch)
        heads = iter(given.mu)
        nothing = torch.zeros_like(given.mu[0])
        rows = [next(heads) if name in batch else nothing for name in self.names]
        return torch.stack(rows), styles

    def encode(self, features: Tensor, masks: Tensor) -> Gaussian:
        """The belief under each mask, ``(M, B, D)`` and bool ``(K, B or 1, M)`` -> ``(K, B, D)``.

        Parameters
        ----------
        features
            From :meth:`features`; those of what is hidden have no influence.
        masks
            True for what is shown.
        """
        shown = features.transpose(0, 1) * masks.unsqueeze(-1)  # (K, B, M, D)
        inputs = [shown.flatten(-2)]
        if self.mask_encoder is not None:
            told = self.mask_encoder(masks.to(features.dtype))
            inputs.append(told.expand(-1, features.shape[1], -1))
        found = self.joint_head(torch.cat(inputs, dim=-1))
        if self.regulariser.deterministic:
            return Gaussian(found, torch.full_like(found, POINT_LOGVAR))
        return Gaussian(*found.chunk(2, dim=-1))

    def _alone(self, batch: dict[str, Tensor]) -> Tensor:
        """A mask for each given modality that shows it only: bool ``(M given, 1, M)``."""
        rows = torch.eye(len(self.names), dtype=torch.bool, device=next(self.parameters()).device)
        return rows[[name in batch for name in self.names]].unsqueeze(1)


def draw_masks(
    n_masks: int, n_modalities: int, p_hidden: float, generator: torch.Generator | None = None
) -> Tensor:
    r"""Masks that show at least one modality, bool ``(K, M)``.

    .. math:: p(b) = \prod_m p_0^{1-b_m} (1-p_0)^{b_m} / (1 - p_0^M), \quad b \neq 0

    Equation 7 of the MAC-WAE paper: independent Bernoullis, given that not all are hidden. Drawn
    from all masks there are; of more modalities than ten, first how many are shown, then which.
    """
    device = torch.device("cpu") if generator is None else generator.device
    if n_modalities > MOST_ENUMERATED:
        odds = _sizes(n_modalities, p_hidden, device)
        n_shown = 1 + torch.multinomial(odds, n_masks, replacement=True, generator=generator)
        luck = torch.rand(n_masks, n_modalities, generator=generator, device=device)
        return luck.argsort(1).argsort(1) < n_shown.unsqueeze(1)
    possible, odds = _masks(n_modalities, p_hidden, device)
    chosen = torch.multinomial(odds, n_masks, replacement=True, generator=generator)
    return possible[chosen]


@cache
def _sizes(n_modalities: int, p_hidden: float, device: torch.device) -> Tensor:
    """How often a mask shows 1, 2, ... modalities, up to a factor, ``(M,)``."""
    shares = [
        math.comb(n_modalities, n) * (1 - p_hidden) ** n * p_hidden ** (n_modalities - n)
        for n in range(1, n_modalities + 1)
    ]
    return torch.tensor(shares, device=device)


@cache
def _masks(n_modalities: int, p_hidden: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Every mask and how often it comes up, up to a factor; kept so that a GPU never waits."""
    possible = membership(n_modalities)
    n_shown = possible.sum(1)
    odds = (1 - p_hidden) ** n_shown * p_hidden ** (n_modalities - n_shown)
    return possible.to(device), odds.to(device)
