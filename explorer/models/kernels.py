r"""Kernels: how far a cloud of codes is from draws of the prior, without either one's density.

The maximum mean discrepancy is the distance of two distributions' mean embeddings in the kernel's
Hilbert space (Gretton et al. 2012). It acts on the codes of a whole batch, where a KL term acts on
one posterior at a time: codes may be points, as long as together they look like the prior.

Shapes: N and P points, D latent; leading axes ``*`` are further pairs of clouds.
"""

import torch
from torch import Tensor


def rbf(u: Tensor, v: Tensor, bandwidth: float = 1.0) -> Tensor:
    r"""Gaussian kernel between all pairs, ``(*, N, D)`` and ``(*, P, D)`` -> ``(*, N, P)``.

    .. math:: k(u, v) = \exp(-\|u - v\|^2 / (2 D h^2))

    The D keeps it from vanishing: for independent standard normals and h = 1 its mean is
    (1 + 2/D)^(-D/2), which falls only to 1/e.

    >>> rbf(torch.zeros(1, 2), torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    tensor([[1.0000, 0.6065]])
    """
    squared = (
        u.square().sum(-1).unsqueeze(-1)
        + v.square().sum(-1).unsqueeze(-2)
        - 2 * u @ v.transpose(-1, -2)
    )
    return (-squared.clamp_min(0) / (2 * u.shape[-1] * bandwidth**2)).exp()


def mmd_squared(z: Tensor, prior_draws: Tensor, bandwidth: float = 1.0) -> Tensor:
    r"""Squared maximum mean discrepancy, unbiased: ``(*, N, D)`` and ``(*, P, D)`` -> ``(*)``.

    .. math:: \frac{1}{n(n-1)} \sum_{i \neq j} k(z_i, z_j)
              + \frac{1}{p(p-1)} \sum_{i \neq j} k(y_i, y_j) - \frac{2}{np} \sum_{i,j} k(z_i, y_j)

    Zero on average when z follows the prior, so it may be negative; never above 2, and at most
    about .4 for clouds that are collapsed or too wide around the prior's mean. Equation 8 of the
    MAC-WAE paper prints 1/(n-1) in the place of the first factor, which makes a perfect match
    cost about 47 for n = 128; its code has the factor of here.

    **A value near zero is no proof of a match.** With one :func:`rbf` of h = 1 in many dimensions,
    a cloud with 61 % of its points at the origin and the others anywhere far away costs (1 +
    2/D)^(-D/2) - (1 + 1/D)^(-D), .003 for D = 64 and nothing in the limit: squared distances to
    the origin and between draws concentrate at D and 2 D, and exp(-2/2) is exp(-1/2) squared. Far
    points feel no pull back. Look at variances too.

    Parameters
    ----------
    z, prior_draws
        Two clouds; N and P at least 2.
    bandwidth
        h of :func:`rbf`.
    """
    if min(z.shape[-2], prior_draws.shape[-2]) < 2:
        raise ValueError(
            f"a discrepancy needs at least 2 points on either side, got {z.shape[-2]} and "
            f"{prior_draws.shape[-2]}; use larger batches"
        )
    across = rbf(z, prior_draws, bandwidth).mean((-1, -2))
    return _between(z, bandwidth) + _between(prior_draws, bandwidth) - 2 * across


def _between(z: Tensor, bandwidth: float) -> Tensor:
    """Mean kernel of different points of one cloud."""
    n = z.shape[-2]
    k = rbf(z, z, bandwidth)
    others = ~torch.eye(n, dtype=torch.bool, device=z.device)
    return (k * others).sum((-1, -2)) / (n * (n - 1))
