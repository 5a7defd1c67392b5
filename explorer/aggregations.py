"""Aggregations: a barycenter applied to a family of subsets of the modalities.

A family is a boolean membership matrix ``(S, 1 + M)``, one row per mixture component, column 0
for the prior N(0, I). Normalised row by row it is the weight matrix of a barycenter, so **all
components come from one matrix product**, whatever the rule; a modality that is missing from a
sample is a zero in that sample's rows.

======== ==================== ================= ==========================================
key      barycenter           components        in the papers
======== ==================== ================= ==========================================
poe      product              all, and prior    MVAE, PoE-VAE (Wu & Goodman 2018)
logpool  geometric mean       all               what "PoE is the barycenter" really gives
moe      any                  each alone        MMVAE (Shi et al. 2019)
mopoe    product              every subset      MoPoE-VAE (Sutter et al. 2021)
wb       Wasserstein          all               WB-VAE (Qiu et al. 2025)
mwb      Wasserstein          every subset      MWB-VAE (Qiu et al. 2025)
moments  forward KL           all               moment matching, a Gaussian for the mixture
product  product              all               MVTCAE (Hwang et al. 2021): no prior expert
variance mean of variances    all               one reading of Hosoya's "aggregated" VAE
======== ==================== ================= ==========================================

Shapes: M modalities, S subsets, K components, B batch, D latent. To add an aggregation: one line
in ``AGGREGATIONS``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import torch
from torch import Tensor

from explorer.barycenters import (
    geometric_mean,
    mean_variance,
    moment_match,
    wasserstein_barycenter,
)
from explorer.gaussians import Gaussian, Mixture
from explorer.subsets import MOST_FUSED, positions
from explorer.subsets import subset_label as subset_label
from explorer.subsets import subsets as subsets


def membership(n_modalities: int) -> Tensor:
    """Who is in the subsets that are looked at, bool ``(S, M)``, in the order of ``subsets``."""
    return _rows(n_modalities, positions(n_modalities))


def power_set(n_modalities: int) -> Tensor:
    """A component for every non-empty subset, bool ``(2^M - 1, M)``, smallest first.

    Raises
    ------
    ValueError
        More modalities than a mixture over all their subsets can have.
    """
    if n_modalities > MOST_FUSED:
        raise ValueError(
            f"a mixture over all subsets takes at most {MOST_FUSED} modalities, got "
            f"{n_modalities}: it would have 2^{n_modalities} - 1 components; fuse them once (poe, "
            "wb, moments, mvtcae), keep each alone (moe) or encode them together (mac_wae, "
            "mac_vae, jmvae, nexus)"
        )
    numbers = range(n_modalities)
    every = [s for size in range(1, n_modalities + 1) for s in combinations(numbers, size)]
    return _rows(n_modalities, every)


def _rows(n_modalities: int, subsets: Sequence[tuple[int, ...]]) -> Tensor:
    rows = torch.zeros(len(subsets), n_modalities, dtype=torch.bool)
    for row, members in zip(rows, subsets, strict=True):
        row[list(members)] = True
    return rows


def everything(n_modalities: int) -> Tensor:
    """One component, made of all modalities: bool ``(1, M)``."""
    return torch.ones(1, n_modalities, dtype=torch.bool)


def singletons(n_modalities: int) -> Tensor:
    """One component per modality: bool ``(M, M)``."""
    return torch.eye(n_modalities, dtype=torch.bool)


def check_observed(observed: Tensor, batch: int, n_modalities: int) -> None:
    """Raise ValueError unless ``observed`` is ``(B, M)`` and leaves no sample empty."""
    if observed.shape != (batch, n_modalities):
        raise ValueError(
            f"observed must have shape {(batch, n_modalities)} (batch, modalities), "
            f"got {tuple(observed.shape)}"
        )
    empty = (~observed.any(1)).nonzero().flatten().tolist()
    if empty:
        raise ValueError(
            f"every sample needs at least one observed modality; none is in samples {empty[:10]}"
        )


@dataclass(frozen=True)
class Aggregation:
    """A rule that fuses experts into one posterior; call it, or ask for many subsets at once.

    Parameters
    ----------
    label
        What people call it.
    barycenter
        (experts, weights) -> Gaussian, from ``explorer.barycenters``.
    family
        M -> bool ``(K, M)``: which modalities each mixture component fuses.
    normalise
        Whether a row's weights sum to one; a product counts every member fully.
    prior
        Whether N(0, I) takes part as one more expert.
    """

    label: str
    barycenter: Callable[[Gaussian, Tensor], Gaussian]
    family: Callable[[int], Tensor]
    normalise: bool = True
    prior: bool = False

    def __call__(self, experts: Gaussian, observed: Tensor | None = None) -> Mixture:
        """The joint posterior, as the training objective uses it.

        Parameters
        ----------
        experts
            Gaussian ``(M, B, D)``. What an expert says of a sample it did not see is ignored.
        observed
            Bool ``(B, M)``; None when nothing is missing. Components that a sample cannot form
            get weight zero for that sample; the others share its weight equally.

        Returns
        -------
        Mixture with K components ``(K, B, D)``; weights ``(K,)``, or ``(K, B)`` with gaps.

        Raises
        ------
        ValueError
            A sample observes nothing, or ``observed`` has the wrong shape.
        """
        n_modalities, batch = experts.mu.shape[:2]
        family = _members(self.family, n_modalities, experts.mu.device)
        if observed is None:
            weights = experts.mu.new_full((len(family),), 1 / len(family))
            return Mixture(weights, self._fuse(experts, family))
        check_observed(observed, batch, n_modalities)
        experts = _blank(experts, observed)
        members = family & observed.unsqueeze(1)  # (B, K, M)
        if len(family) == 1:
            weights = experts.mu.new_ones(1, batch)
        else:
            whole = (members == family).all(-1).T.to(experts.mu.dtype)  # (K, B)
            weights = whole / whole.sum(0)
            # a component nobody can form has weight zero; any finite stand-in will do
            members = torch.where(members.any(-1, keepdim=True), members, observed.unsqueeze(1))
        return Mixture(weights, self._fuse(experts, members))

    def subset_posteriors(self, experts: Gaussian) -> Gaussian | Mixture:
        """What the model believes given each of ``subsets``, in their order.

        One Gaussian per subset, ``(S, B, D)``. For the power-set rules that is the subset's own
        product or barycenter, which is what their papers evaluate and generate from, not the
        mixture over its subsets. Where several experts stay apart (``moe``) it is a Mixture with
        components ``(M, S, B, D)`` and weights ``(M, S)``.
        """
        members = _members(membership, len(experts.mu), experts.mu.device)
        if self.family is not singletons:
            return self._fuse(experts, members)
        weights = members.T.to(experts.mu.dtype)
        components = Gaussian(
            *(part.unsqueeze(1).expand(-1, len(members), -1, -1) for part in experts)
        )
        return Mixture(weights / weights.sum(0), components)

    def subset_posterior(self, experts: Gaussian) -> Mixture:
        """What the model believes given exactly these experts, as a mixture.

        ``subset_posteriors`` of the full set alone: ``(M, B, D)`` -> components ``(K, B, D)``.
        """
        if self.family is singletons:
            return self(experts)
        full = _members(everything, len(experts.mu), experts.mu.device)
        return Mixture(experts.mu.new_ones(1), self._fuse(experts, full))

    def _fuse(self, experts: Gaussian, members: Tensor) -> Gaussian:
        weights = members.to(experts.mu.dtype)
        if self.prior:
            weights = torch.cat([torch.ones_like(weights[..., :1]), weights], dim=-1)
            experts = Gaussian(*(torch.cat([torch.zeros_like(p[:1]), p]) for p in experts))
        if self.normalise:
            weights = weights / weights.sum(-1, keepdim=True)
        return self.barycenter(experts, weights)


@cache
def _members(family: Callable[[int], Tensor], n_modalities: int, device: torch.device) -> Tensor:
    return family(n_modalities).to(device)


def _blank(experts: Gaussian, observed: Tensor) -> Gaussian:
    """Replace what unobserved experts say by N(0, I), so that nothing non-finite can leak."""
    keep = observed.T.unsqueeze(-1)
    return Gaussian(*(torch.where(keep, part, torch.zeros_like(part)) for part in experts))


AGGREGATIONS: dict[str, Aggregation] = {
    "poe": Aggregation(
        "Product of experts", geometric_mean, everything, normalise=False, prior=True
    ),
    "logpool": Aggregation("Geometric mean", geometric_mean, everything),
    "moe": Aggregation("Mixture of experts", geometric_mean, singletons),
    "mopoe": Aggregation("Mixture of products", geometric_mean, power_set, normalise=False),
    "wb": Aggregation("Wasserstein barycenter", wasserstein_barycenter, everything),
    "mwb": Aggregation("Mixture of Wasserstein barycenters", wasserstein_barycenter, power_set),
    "moments": Aggregation("Moment matching", moment_match, everything),
    "product": Aggregation("Product without a prior", geometric_mean, everything, normalise=False),
    "variance": Aggregation("Mean of variances", mean_variance, everything),
}
