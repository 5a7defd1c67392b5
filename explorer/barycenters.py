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

Four rules average in other ways: :func:`mean_variance`, :func:`multivi_average`,
:func:`dependent_experts` and, over all densities, :func:`hoelder_pool` with its best single
Gaussian :func:`hellinger_average`.

Shapes: M experts, S rows of weights (subsets), B batch, D latent, K pairs of experts. To add a
barycenter of diagonal Gaussians: a function here, an entry in ``BARYCENTERS`` and one in
``DIVERGENCES``.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from explorer.gaussians import Gaussian, Mixture, kl_divergence, wasserstein2_squared

CORRELATION = 0.5
"""How much the errors of two experts are taken to agree, in :func:`dependent_experts`."""


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


def multivi_average(experts: Gaussian, weights: Tensor) -> Gaussian:
    r"""What MultiVI computes: means by the weights w, variances by their square roots.

    .. math:: \mu = \sum_m w_m \mu_m, \qquad \sigma^2 = \sum_m \sqrt{w_m} \, \sigma_m^2

    So M equal experts come out with :math:`\sqrt M` times their own variance: being told the same
    twice makes the rule less sure. Source: ``mix_modalities`` in ``_multivae.py`` of scvi-tools,
    which takes the weights from a softmax over what a cell has.

    Shapes as in :func:`geometric_mean`, rows summing to one. Finite in float32 where the logvars
    of one dimension differ by less than 80.
    """
    middle, logvar = _around_the_middle(experts.logvar)
    variance = _average(weights.sqrt(), logvar.exp())
    return Gaussian(_average(weights, experts.mu), variance.log() + middle)


def dependent_experts(
    experts: Gaussian, weights: Tensor, *, correlation: float = CORRELATION
) -> Gaussian:
    r"""The consensus of experts whose errors are correlated: agreement counts for less.

    In each dimension the experts' means are seen as the truth plus errors with covariance
    :math:`\Sigma_{ij} = \rho \, \sigma_i \sigma_j` and :math:`\Sigma_{ii} = \sigma_i^2`. Under a
    flat prior the truth then has

    .. math:: \text{precision } 1^T \Sigma^{-1} 1, \qquad
              \text{mean } \frac{1^T \Sigma^{-1} \mu}{1^T \Sigma^{-1} 1}.

    With one correlation for all pairs that is closed in the sums of s, s^2, s mu and s^2 mu, with
    s = 1 / sigma, so that all subsets come from one matrix product here too. At correlation 0 it is
    the product of experts; n experts that agree in everything have the variance
    (1 + (n - 1) rho) / n of one, which no n brings under rho. **A vague expert can pull the mean
    away from itself**: where sigma_i > sigma_j / rho its weight is negative.

    Winkler (1981), Management Science 27(4), as CoDE-VAE uses it (Mancisidor et al. 2025, ICML).

    Parameters
    ----------
    experts
        Gaussian ``(M, B, D)``. Finite in float32 where the logvars of one dimension differ by less
        than 120.
    weights
        As in :func:`geometric_mean`: rows of ones for the rule itself. Weights w divide an
        expert's variance by w, as they do in the product; zero leaves it out.
    correlation
        rho, from 0 to below 1.

    Examples
    --------
    Two experts that say the same count as 4/3 of one, where a product counts two:

    >>> experts = Gaussian(torch.zeros(2, 1, 1), torch.zeros(2, 1, 1))
    >>> q = dependent_experts(experts, torch.ones(2))
    >>> 1 / q.std**2
    tensor([[1.3333]])
    """
    if not 0 <= correlation < 1:
        raise ValueError(f"correlation must be from 0 to below 1, got {correlation:g}")
    middle, logvar = _around_the_middle(experts.logvar)
    sharp = (-logvar / 2).exp()
    roots = weights.sqrt()
    n = _column((weights > 0).sum(-1, keepdim=True).to(weights.dtype), 0)
    shared = correlation / (1 + (n - 1) * correlation)
    once = _average(roots, sharp)
    precision = _average(weights, sharp.square()) - shared * once.square()
    pull = _average(weights, sharp.square() * experts.mu)
    pull = pull - shared * once * _average(roots, sharp * experts.mu)
    logvar = math.log1p(-correlation) - precision.log() + middle
    return Gaussian(pull / precision, logvar)


def hoelder_pool(experts: Gaussian, weights: Tensor) -> Mixture:
    r"""Hoelder pooling at 1/2, exactly: :math:`q \propto (\sum_m w_m \sqrt{p_m})^2`.

    Half way between the geometric mean (exponent 0) and the mixture (exponent 1) in the family of
    power means, and the barycenter of the one alpha-divergence that is symmetric (the squared
    Hellinger distance). Writing the square out,

    .. math:: q \propto \sum_{ij} w_i w_j \, B_{ij} \, G_{ij}, \qquad
              \sqrt{p_i p_j} = B_{ij} G_{ij}

    with G the equally weighted geometric mean of two experts and B, between 0 and 1, their
    Bhattacharyya coefficient: **a mixture of M(M+1)/2 Gaussians**. The pairs are the same for
    every subset, whose rows only weigh them. B is a product over dimensions: in many dimensions
    that of experts who differ vanishes, and what is left is a mixture of experts, each weighed by
    the square of its weight.

    Vo & Valera (2026), arXiv 2601.06572; exact in Vo et al. (2026), arXiv 2606.13381.

    Parameters
    ----------
    experts
        Gaussian ``(M, B, D)``. Finite in float32 for logvar from -200 to 80; means closer than
        1e-13 count as equal in B.
    weights
        As in :func:`geometric_mean`, rows of any positive sum.

    Returns
    -------
    Mixture with components ``(K, B, D)`` for one row of weights, else ``(K, S, B, D)``, and
    weights ``(K, B)`` or ``(K, S, B)``: each expert alone, then the pairs in order.

    Examples
    --------
    Two experts of variance 1 at -1 and 1, and their geometric mean half way:

    >>> q = hoelder_pool(Gaussian(torch.tensor([[[-1.0]], [[1.0]]]), torch.zeros(2, 1, 1)),
    ...                  torch.ones(2) / 2)
    >>> q.weights.T, q.components.mu.flatten()
    (tensor([[0.3112, 0.3112, 0.3775]]), tensor([-1.,  1.,  0.]))
    """
    components, log_overlap, first, second = _pairs(experts)
    log_weights = weights.log()
    twice = math.log(2) * (first != second).to(log_weights)
    pairs = log_weights[..., first] + log_weights[..., second] + twice  # (*, K)
    if weights.ndim < 3:  # the same for all of the batch
        pairs = pairs.unsqueeze(0)
    pairs = pairs.movedim(-1, 0).movedim(1, -1)  # (K, 1), (K, S, 1), (K, S, B)
    if weights.ndim > 1:
        log_overlap = log_overlap.unsqueeze(1)
        rows = pairs.shape[1]
        components = Gaussian(*(p.unsqueeze(1).expand(-1, rows, -1, -1) for p in components))
    return Mixture((pairs + log_overlap).softmax(0), components)


def hellinger_average(experts: Gaussian, weights: Tensor) -> Gaussian:
    """The Gaussian with the mean and variance of :func:`hoelder_pool`: its moment match.

    Where all experts agree it is what they say, with no gain of precision; where two conflict it
    covers both. Shapes as in :func:`geometric_mean`; finite in float32 for logvar from -200 to 80.
    """
    shares, (mu, logvar) = hoelder_pool(experts, weights)
    shares = shares.unsqueeze(-1)
    mean = (shares * mu).sum(0)
    within = torch.logsumexp(_log(shares) + logvar, dim=0)
    between = _log((shares * (mu - mean).square()).sum(0))
    return Gaussian(mean, torch.logaddexp(within, between))


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

    Where covariances have entries off the diagonal, averaging standard deviations axis by axis
    (as :func:`wasserstein_barycenter` does) is wrong. Two ellipses that cross have standard
    deviations of 1 along the axes, and their barycenter is narrower than that:

    >>> crossing = torch.tensor([[[1.0, 0.9], [0.9, 1.0]], [[1.0, -0.9], [-0.9, 1.0]]])
    >>> _, cov = bures_wasserstein_barycenter(torch.zeros(2, 2), crossing, torch.tensor([0.5, 0.5]))
    >>> cov.diagonal()
    tensor([0.7179, 0.7179])
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


def _around_the_middle(logvar: Tensor) -> tuple[Tensor, Tensor]:
    """Middle of the experts' log-variances, ``(B, D)``, and what each differs by, ``(M, B, D)``.

    Sums of exponentials of the differences keep their digits where those of the log-variances
    themselves would not fit a float.
    """
    middle = ((logvar.amax(0) + logvar.amin(0)) / 2).detach()
    return middle, logvar - middle


def _pairs(experts: Gaussian) -> tuple[Gaussian, Tensor, Tensor, Tensor]:
    """Geometric means of all pairs ``(K, B, D)``, log overlaps ``(K, B)``, and who is in each."""
    n, device = len(experts.mu), experts.mu.device
    alone, (low, high) = torch.arange(n, device=device), torch.triu_indices(n, n, 1, device=device)
    first, second = torch.cat([alone, low]), torch.cat([alone, high])
    mu, logvar = experts
    gap, difference = mu[low] - mu[high], logvar[high] - logvar[low]
    pulls = difference.sigmoid()  # of the first of a pair
    middle = Gaussian(
        mu[high] + pulls * gap,
        math.log(2) - torch.logaddexp(-logvar[low], -logvar[high]),
    )
    log_sum = torch.logaddexp(logvar[low], logvar[high])
    # a floor, so that two points far apart are infinitely far in no gradient
    squared = (gap * (-log_sum.clamp_min(-60) / 2).exp()).square()
    ratio = logsigmoid(difference) + logsigmoid(-difference) + 2 * math.log(2)
    log_overlap = (ratio / 4 - squared / 4).sum(-1)
    components = Gaussian(torch.cat([mu, middle.mu]), torch.cat([logvar, middle.logvar]))
    full = torch.cat([torch.zeros_like(mu[..., 0]), log_overlap])
    return components, full, first, second


def _log(x: Tensor) -> Tensor:
    """Logarithm, minus infinity at zero, where the gradient is zero instead of infinite."""
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, 1).log(), -math.inf)


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
