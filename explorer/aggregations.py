"""Aggregations: a barycenter applied to a family of subsets of the modalities.

A family is a boolean membership matrix ``(S, 1 + M)``, one row per mixture component, column 0
for the prior N(0, I). Weighed and normalised row by row it is the weight matrix of a barycenter,
so **all components come from one matrix product**, whatever the rule; a modality that is missing
from a sample is a zero in that sample's rows.

========= ==================== ================= ==========================================
key       barycenter           components        in the papers
========= ==================== ================= ==========================================
poe       product              all, and prior    MVAE, PoE-VAE (Wu & Goodman 2018)
logpool   geometric mean       all               what "PoE is the barycenter" really gives
moe       any                  each alone        MMVAE (Shi et al. 2019)
mopoe     product              every subset      MoPoE-VAE (Sutter et al. 2021)
wb        Wasserstein          all               WB-VAE (Qiu et al. 2025)
mwb       Wasserstein          every subset      MWB-VAE (Qiu et al. 2025)
moments   forward KL           all               moment matching, a Gaussian for the mixture
holder    power mean at 1/2    each, each pair   Hoelder+ (Vo et al. 2026)
hellinger its moments          all               HELVAE (Vo & Valera 2026)
dependent correlated errors    all               the consensus of CoDE-VAE
code      correlated errors    every subset      CoDE-VAE (Mancisidor et al. 2025)
multivi   square-root weights  all               MultiVI of scvi-tools
product   product              all               MVTCAE (Hwang et al. 2021): no prior expert
variance  mean of variances    all               one reading of Hosoya's "aggregated" VAE
========= ==================== ================= ==========================================

**Weights.** Experts can be given weights, positive and of any sum; uniform unless told. A
barycenter averages by them; a product raises an expert to its weight, in a scale in which the
weights of a subset's members average to one; a component of a mixture counts as much as its
members do on average, times its own weight lambda where one is given.

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
    dependent_experts,
    geometric_mean,
    hellinger_average,
    hoelder_pool,
    mean_variance,
    moment_match,
    multivi_average,
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


def pairs(n_modalities: int) -> Tensor:
    """A component for each modality, then for each pair: bool ``(M (M + 1) / 2, M)``."""
    numbers = range(n_modalities)
    return _rows(n_modalities, [(m,) for m in numbers] + list(combinations(numbers, 2)))


def check_weights(weights: Tensor, expected: int, what: str) -> None:
    """Raise ValueError unless there are ``expected`` weights, each positive and finite.

    Learned ones are only counted: looking at them would make a GPU wait at every step.
    """
    if weights.shape != (expected,):
        raise ValueError(f"expected {expected} weights of {what}, got {list(weights.shape)}")
    if not weights.requires_grad and not bool((weights > 0).all() & weights.isfinite().all()):
        raise ValueError(
            f"weights of {what} must be positive and finite, got {weights.tolist()}; to leave a "
            "modality out, do not observe it"
        )


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

    def __call__(
        self,
        experts: Gaussian,
        observed: Tensor | None = None,
        weights: Tensor | None = None,
        lambdas: Tensor | None = None,
    ) -> Mixture:
        """The joint posterior, as the training objective uses it.

        Parameters
        ----------
        experts
            Gaussian ``(M, B, D)``. What an expert says of a sample it did not see is ignored.
        observed
            Bool ``(B, M)``; None when nothing is missing. Components that a sample cannot form
            get weight zero for that sample; the others share its weight as they would without.
        weights
            Positive weights of the experts ``(M,)``, of any sum; all the same by default.
        lambdas
            Positive weights of the components ``(K,)``, of any sum; all the same by default. The
            lambda of the barycentric paper's mixture, and what CoDE-VAE learns.

        Returns
        -------
        Mixture with K components ``(K, B, D)``; weights ``(K,)``, or ``(K, B)`` with gaps.

        Raises
        ------
        ValueError
            A sample observes nothing, or ``observed`` or weights have the wrong shape or sign.
        """
        n_modalities, batch = experts.mu.shape[:2]
        family = _members(self.family, n_modalities, experts.mu.device)
        shares = self._shares(family, experts, weights, lambdas)
        if observed is None:
            return Mixture(shares, self._fuse(experts, family, weights))
        check_observed(observed, batch, n_modalities)
        experts = _blank(experts, observed)
        members = family & observed.unsqueeze(1)  # (B, K, M)
        if len(family) == 1:
            shares = experts.mu.new_ones(1, batch)
        else:
            whole = (members == family).all(-1).T * shares.unsqueeze(1)  # (K, B)
            shares = whole / whole.sum(0)
            # a component nobody can form has weight zero; any finite stand-in will do
            members = torch.where(members.any(-1, keepdim=True), members, observed.unsqueeze(1))
        return Mixture(shares, self._fuse(experts, members, weights))

    def subset_posteriors(
        self, experts: Gaussian, weights: Tensor | None = None
    ) -> Gaussian | Mixture:
        """What the model believes given each of ``subsets``, in their order.

        One Gaussian per subset, ``(S, B, D)``. For the power-set rules that is the subset's own
        product or barycenter, which is what their papers evaluate and generate from, not the
        mixture over its subsets. Where several experts stay apart (``moe``) it is a Mixture with
        components ``(M, S, B, D)`` and weights ``(M, S)``.
        """
        members = _members(membership, len(experts.mu), experts.mu.device)
        if self.family is not singletons:
            return self._fuse(experts, members, weights)
        rows = _weigh(members, experts, weights).T
        components = Gaussian(
            *(part.unsqueeze(1).expand(-1, len(members), -1, -1) for part in experts)
        )
        return Mixture(rows / rows.sum(0), components)

    def subset_posterior(self, experts: Gaussian, weights: Tensor | None = None) -> Mixture:
        """What the model believes given exactly these experts, as a mixture.

        ``subset_posteriors`` of the full set alone: ``(M, B, D)`` -> components ``(K, B, D)``.
        """
        if self.family is singletons:
            return self(experts, weights=weights)
        full = _members(everything, len(experts.mu), experts.mu.device)
        return Mixture(experts.mu.new_ones(1), self._fuse(experts, full, weights))

    def _shares(
        self, family: Tensor, experts: Gaussian, weights: Tensor | None, lambdas: Tensor | None
    ) -> Tensor:
        """Weight of each component, ``(K,)``, summing to one."""
        if weights is None and lambdas is None:
            return experts.mu.new_full((len(family),), 1 / len(family))
        shares = _weigh(family, experts, weights).sum(-1) / family.sum(-1)
        if lambdas is not None:
            check_weights(lambdas, len(family), "components")
            shares = shares * lambdas.to(shares)
        return shares / shares.sum()

    def _fuse(self, experts: Gaussian, members: Tensor, weights: Tensor | None = None) -> Gaussian:
        rows = _weigh(members, experts, weights)
        if weights is not None:  # a subset's weights average to one
            rows = rows * (members.sum(-1, keepdim=True) / rows.sum(-1, keepdim=True))
        if self.prior:
            rows = torch.cat([torch.ones_like(rows[..., :1]), rows], dim=-1)
            experts = Gaussian(*(torch.cat([torch.zeros_like(p[:1]), p]) for p in experts))
        if self.normalise:
            rows = rows / rows.sum(-1, keepdim=True)
        return self.barycenter(experts, rows)


@dataclass(frozen=True)
class HoelderPooling:
    """Hoelder pooling at 1/2: a mixture whose weights are how much experts overlap.

    It answers what an ``Aggregation`` answers. Its components are the experts and the geometric
    means of their pairs (``family``), the same ones for every subset and for samples with gaps,
    which only weigh them differently.

    Parameters
    ----------
    label
        What people call it.
    """

    label: str
    family: Callable[[int], Tensor] = pairs
    prior: bool = False

    def __call__(
        self,
        experts: Gaussian,
        observed: Tensor | None = None,
        weights: Tensor | None = None,
        lambdas: Tensor | None = None,
    ) -> Mixture:
        """The joint posterior, components ``(K, B, D)``, weights ``(K, B)``; see ``Aggregation``.

        Raises
        ------
        ValueError
            As ``Aggregation`` does; ``lambdas`` are given, where the overlaps decide.
        """
        if lambdas is not None:
            raise ValueError("Hoelder pooling weighs its components itself: give no lambdas")
        n_modalities, batch = experts.mu.shape[:2]
        full = _members(everything, n_modalities, experts.mu.device)
        if observed is None:
            return hoelder_pool(experts, _weigh(full, experts, weights)[0])
        check_observed(observed, batch, n_modalities)
        experts = _blank(experts, observed)
        shares, components = hoelder_pool(experts, _weigh(observed.unsqueeze(1), experts, weights))
        return Mixture(shares[:, 0], Gaussian(*(part[:, 0] for part in components)))

    def subset_posteriors(self, experts: Gaussian, weights: Tensor | None = None) -> Mixture:
        """What the model believes given each of ``subsets``: components ``(K, S, B, D)``."""
        members = _members(membership, len(experts.mu), experts.mu.device)
        return hoelder_pool(experts, _weigh(members, experts, weights))

    def subset_posterior(self, experts: Gaussian, weights: Tensor | None = None) -> Mixture:
        """What the model believes given exactly these experts: the pool of them all."""
        return self(experts, weights=weights)


def _weigh(members: Tensor, experts: Gaussian, weights: Tensor | None) -> Tensor:
    """Weight of every expert in every row of ``members``, bool ``(*, M)`` -> ``(*, M)``."""
    rows = members.to(experts.mu.dtype)
    if weights is None:
        return rows
    check_weights(weights, len(experts.mu), "experts")
    return rows * weights.to(rows)


@cache
def _members(family: Callable[[int], Tensor], n_modalities: int, device: torch.device) -> Tensor:
    return family(n_modalities).to(device)


def _blank(experts: Gaussian, observed: Tensor) -> Gaussian:
    """Replace what unobserved experts say by N(0, I), so that nothing non-finite can leak."""
    keep = observed.T.unsqueeze(-1)
    return Gaussian(*(torch.where(keep, part, torch.zeros_like(part)) for part in experts))


AGGREGATIONS: dict[str, Aggregation | HoelderPooling] = {
    "poe": Aggregation(
        "Product of experts", geometric_mean, everything, normalise=False, prior=True
    ),
    "logpool": Aggregation("Geometric mean", geometric_mean, everything),
    "moe": Aggregation("Mixture of experts", geometric_mean, singletons),
    "mopoe": Aggregation("Mixture of products", geometric_mean, power_set, normalise=False),
    "wb": Aggregation("Wasserstein barycenter", wasserstein_barycenter, everything),
    "mwb": Aggregation("Mixture of Wasserstein barycenters", wasserstein_barycenter, power_set),
    "moments": Aggregation("Moment matching", moment_match, everything),
    "holder": HoelderPooling("Hoelder pooling at 1/2"),
    "hellinger": Aggregation("Hellinger average", hellinger_average, everything),
    "dependent": Aggregation("Dependent experts", dependent_experts, everything, normalise=False),
    "code": Aggregation(
        "Mixture of dependent experts", dependent_experts, power_set, normalise=False
    ),
    "multivi": Aggregation("MultiVI's average", multivi_average, everything),
    "product": Aggregation("Product without a prior", geometric_mean, everything, normalise=False),
    "variance": Aggregation("Mean of variances", mean_variance, everything),
}
