"""Likelihoods: what a decoder's output means as a distribution over the modality.

A likelihood is ``(output) -> torch.distributions.Distribution`` whose ``mean`` is what is shown.
To add one: a function here and a line in ``LIKELIHOODS``.
"""

from collections.abc import Callable

from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Laplace, Normal

LAPLACE_SCALE = 0.75
"""Scale of the image likelihood in all the papers' experiments (Shi et al. 2019 onwards)."""


def laplace(output: Tensor) -> Distribution:
    """Laplace(output, 0.75): absolute errors, so backgrounds that vary are medians, not means."""
    return Laplace(output, output.new_full((), LAPLACE_SCALE), validate_args=False)


def normal(output: Tensor) -> Distribution:
    """Normal(output, 1): half the squared error, up to a constant."""
    return Normal(output, output.new_ones(()), validate_args=False)


def bernoulli(output: Tensor) -> Distribution:
    """Bernoulli with ``output`` as logits."""
    return Bernoulli(logits=output, validate_args=False)


LIKELIHOODS: dict[str, Callable[[Tensor], Distribution]] = {
    "laplace": laplace,
    "normal": normal,
    "bernoulli": bernoulli,
}


def log_likelihood(distribution: Distribution, x: Tensor) -> Tensor:
    """Log density log p(x | z) in nats, summed over the axes of one observation.

    Parameters
    ----------
    distribution
        From decoding z of shape ``(*, D)``: batch shape ``(*, *shape)``.
    x
        ``(B, *shape)``, broadcast against ``*``.

    Returns
    -------
    ``(*)``
    """
    n_axes = x.ndim - 1
    return distribution.log_prob(x).flatten(-n_axes).sum(-1)
