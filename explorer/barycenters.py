r"""Barycenters: the one point that is nearest, on weighted average, to several Gaussian experts.

"Nearest" depends on the divergence, and each divergence here has a closed form of the same kind:
map every expert to coordinates, average the coordinates, map back.

========================  =====================================  =================================
key of ``BARYCENTERS``    minimises over q                       averages
========================  =====================================  =================================
``reverse_kl``            sum w_m KL(q || p_m), zero-forcing     natural parameters
``wasserstein``           sum w_m W2(q, p_m)^2, moves mass       mean and standard deviation
``forward_kl``            sum w_m KL(p_m || q), mass-covering    first and second moments
========================  =====================================  =================================

The **product of experts is not in the table**: the reverse-KL barycenter is the normalised
geometric mean. Theorem 1 of Qiu et al. (AAAI 2025) says otherwise; ``product`` has the same
coordinates with weights that sum to M, so its precision is M times too high (it minimises
sum_m KL(q || p_m) + (M - 1) H(q)). ``tests/test_barycenters.py`` checks both statements.

Shapes: M experts, S rows of weights (subsets), B batch, D latent. To add a barycenter of diagonal
Gaussians: a function here, an entry in ``BARYCENTERS`` and one in ``DIVERGENCES``.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from explorer.gaussians import Gaussian, kl_divergence, wasserstein2_squared


def geometric_mean(experts: Gaussian, weights: Tensor) -> Gaussian:
    r"""The density proportional to prod_m p_m^{w_m}: the reverse-KL barycenter.

    Zero-forcing: where one expert has no mass, neither has the result. In natural parameters
    (precision, precision times mean) it is a plain weighted average.

    Parameters
    ----------
    experts
        Gaussian ``(M, B, D)``. Finite in float32 for logvar from -60 to 60.
    weights
        ``(M,)``, ``(S, M)`` or ``(B, S, M)``. Rows that sum to one give the barycenter; rows of
        ones give the product of experts, see :func:`product`.

    Returns
    -------
    Gaussian ``(B, D)`` for one row of weights, else ``(S, B, D)``.

    Examples
    --------
    Precisions 1 and 4 average to 2.5, and the surer expert pulls four times as hard:

    >>> variances = torch.tensor([[[1.0]], [[0.25]]])
    >>> experts = Gaussian(torch.tensor([[[-1.0]], [[2.0]]]), variances.log())
    >>> q = geometric_mean(experts, torch.tensor([0.5, 0.5]))
    >>> q.mu, 1 / q.std**2
    (tensor([[1.4000]]), tensor([[2.5000]]))
    """
    precision = (-experts.logvar).exp()
    total, pull = _average(weights, precision), _average(weights, precision * experts.mu)
    if pull.requires_grad:
        return Gaussian(pull / total, total.log().neg_())
    # with many subsets, fresh buffers would cost more than the matrix product
    return Gaussian(pull.div_(total), total.log_().neg_())


def product(experts: Gaussian) -> Gaussian:
    """The product of experts, normalised: precisions add. ``(M, B, D)`` -> ``(B, D)``.

    Same mean as the equally weighted :func:`geometric_mean`, variance M times smaller: M experts
    that say the same thing are counted as M independent witnesses.
    """
    return geometric_mean(experts, experts.mu.new_ones(len(experts.mu)))


def wasserstein_barycenter(experts: Gaussian, weights: Tensor) -> Gaussian:
    """The Wasserstein-2 barycenter: means average, and so do standard deviations.

    It slides the experts onto one another at least transport cost; widths are kept, modes are
    not. For diagonal covariances it is exact, dimension by dimension (Agueh & Carlier 2011,
    SIAM J. Math. Anal. 43(2)); shapes as in :func:`geometric_mean`, rows summing to one.
    """
    std = _average(weights, experts.std)
    log_std = std.log() if std.requires_grad else std.log_()
    return Gaussian(_average(weights, experts.mu), log_std.mul_(2))


def mean_variance(experts: Gaussian, weights: Tensor) -> Gaussian:
    """Means average, and so do variances: no barycenter, but one reading of "average the experts".

    Wider than :func:`wasserstein_barycenter`, narrower than :func:`moment_match`, which adds the
    spread of the means. Shapes as in :func:`geometric_mean`, rows summing to one.
    """
    variance = _average(weights, experts.logvar.exp())
    return Gaussian(_average(weights, experts.mu), variance.log())


def moment_match(experts: Gaussian, weights: Tensor) -> Gaussian:
    """The Gaussian with the mixture's mean and variance: the forward-KL barycenter.

    Mass-covering within Gaussians (over all densities the forward-KL barycenter is the mixture
    itself). Shapes as in :func:`geometric_mean`, rows summing to one.
    """
    mean = _average(weights, experts.mu)
    variance = _average(weights, experts.logvar.exp())
    # spread of the means around each row's own centre: no cancellation, unlike E[z^2] - E[z]^2
    for m, mu in enumerate(experts.mu):
        variance = variance + _column(weights, m) * (mu - mean).square()
    return Gaussian(mean, variance.log())


BARYCENTERS: dict[str, Callable[[Gaussian, Tensor], Gaussian]] = {
    "reverse_kl": geometric_mean,
    "wasserstein": wasserstein_barycenter,
    "forward_kl": moment_match,
}

DIVERGENCES: dict[str, Callable[[Gaussian, Gaussian], Tensor]] = {
    "reverse_kl": kl_divergence,
    "wasserstein": wasserstein2_squared,
    "forward_kl": lambda q, expert: kl_divergence(expert, q),
}
"""What each entry of ``BARYCENTERS`` minimises: (q, expert) -> nats, or squared distance."""


def bures_wasserstein_barycenter(
    means: Tensor,
    covs: Tensor,
    weights: Tensor,
    *,
    tol: float = 1e-9,
    max_iter: int = 500,
) -> tuple[Tensor, Tensor]:
    r"""Wasserstein-2 barycenter of full-covariance Gaussians.

    Slides Gaussians onto one another at least transport cost: the means average, and the
    covariance S solves the fixed point

    .. math:: S = \sum_i w_i \, (S^{1/2} \Sigma_i S^{1/2})^{1/2}.

    Writing A(S) for the right-hand side, we iterate :math:`S \leftarrow S^{-1/2} A(S)^2 S^{-1/2}`,
    which lowers the cost at every step and so needs no step size.

    Parameters
    ----------
    means
        ``(M, D)``.
    covs
        ``(M, D, D)``, each symmetric positive definite. The iteration runs in float64 whatever
        the input dtype.
    weights
        ``(M,)``, non-negative, summing to one.
    tol
        Stop once a step moves no entry of S by more than ``tol`` times its largest.
    max_iter
        Raise rather than return an unconverged covariance.

    Returns
    -------
    mean, cov
        The barycenter N(mean, cov), ``(D,)`` and ``(D, D)``, in the input dtype.

    Raises
    ------
    ValueError
        Shapes that do not match, weights that do not sum to one, a covariance that is not
        positive definite.
    RuntimeError
        No convergence in ``max_iter`` steps.

    See Also
    --------
    wasserstein_barycenter : the closed form for diagonal Gaussians, used inside the VAEs.

    References
    ----------
    Agueh & Carlier (2011), Barycenters in the Wasserstein space, SIAM J. Math. Anal. 43(2).
    Álvarez-Esteban et al. (2016), A fixed-point approach to barycenters in Wasserstein space,
    J. Math. Anal. Appl. 441(2), 744-762.

    Examples
    --------
    Two 1-D Gaussians of standard deviation 1 and 3 meet at standard deviation 2:

    >>> means = torch.tensor([[0.0], [4.0]])
    >>> covs = torch.tensor([[[1.0]], [[9.0]]])
    >>> bures_wasserstein_barycenter(means, covs, torch.tensor([0.5, 0.5]))
    (tensor([2.]), tensor([[4.]]))
    """
    expected = (*means.shape, means.shape[-1])
    if covs.shape != expected:
        raise ValueError(f"covs must have shape {expected} to match means, got {tuple(covs.shape)}")
    if not torch.isclose(weights.sum(), torch.ones((), dtype=weights.dtype)):
        raise ValueError(f"weights must sum to 1, got {weights.sum():.4g}")
    lowest = torch.linalg.eigvalsh(covs.double()).min()
    if lowest <= 0:
        raise ValueError(f"covs must be positive definite, got an eigenvalue of {lowest:.3g}")

    mean, dtype = weights @ means, covs.dtype
    covs, weights = covs.double(), weights.double()
    cov = torch.einsum("m,mij->ij", weights, covs)
    for _ in range(max_iter):
        root = _sqrtm(cov)
        inverse_root = torch.linalg.inv(root)
        average = torch.einsum("m,mij->ij", weights, _sqrtm(root @ covs @ root))
        updated = inverse_root @ average @ average @ inverse_root
        change = (updated - cov).abs().max()
        cov = updated
        if change <= tol * cov.abs().max():
            return mean, cov.to(dtype)
    raise RuntimeError(
        f"no convergence in {max_iter} iterations: the last step still moved the covariance by "
        f"{change / cov.abs().max():.1e} (relative); raise max_iter or tol"
    )


def _average(weights: Tensor, coordinate: Tensor) -> Tensor:
    """Weighted sums of ``(M, B, D)`` for every row of ``weights``, as one matrix product."""
    if weights.ndim == 3:  # (B, S, M): each sample has its own rows
        return torch.einsum("bsm,mbd->sbd", weights, coordinate)
    rows = weights @ coordinate.flatten(1)
    return rows.reshape(*weights.shape[:-1], *coordinate.shape[1:])


def _column(weights: Tensor, m: int) -> Tensor:
    """Weight of expert m, broadcastable to the rows' ``(B, D)``, ``(S, B, D)``."""
    if weights.ndim == 3:
        return weights[..., m].T.unsqueeze(-1)  # (S, B, 1)
    return weights[..., m].reshape(*weights.shape[:-1], 1, 1)


def _sqrtm(matrix: Tensor) -> Tensor:
    """Symmetric square root of positive definite matrices, ``(*, D, D)``."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0).sqrt().unsqueeze(-2)) @ vectors.mT
