"""Likelihoods: what a decoder's output means as a distribution over the modality.

A likelihood is ``(output) -> torch.distributions.Distribution`` whose ``mean`` is what is shown.
To add one: a function here and a line in ``LIKELIHOODS``.
"""

from collections.abc import Callable

from torch import Tensor
from torch.distributions import (
    Bernoulli,
    Distribution,
    Independent,
    Laplace,
    Normal,
    OneHotCategorical,
    Poisson,
)

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


def categorical(output: Tensor) -> Distribution:
    """One symbol at each place, with ``output`` as logits over the last axis; data are one-hot.

    The released code of MoPoE hands log-probabilities over as probabilities. They are normalised
    once more, ``log s_i / sum_j log s_j``, so its likeliest symbol is the one with the smallest s
    and a confident right answer cannot be learned. Text figures published with it inherit this.
    """
    return OneHotCategorical(logits=output, validate_args=False)


def poisson(output: Tensor) -> Distribution:
    """Poisson counts with ``output`` as the logarithm of the rate."""
    return Poisson(output.exp(), validate_args=False)


LIKELIHOODS: dict[str, Callable[[Tensor], Distribution]] = {
    "laplace": laplace,
    "normal": normal,
    "bernoulli": bernoulli,
    "categorical": categorical,
    "poisson": poisson,
}


def log_likelihood(distribution: Distribution, x: Tensor) -> Tensor:
    """Log density log p(x | z) in nats, summed over the axes of one observation.

    Parameters
    ----------
    distribution
        From decoding z of shape ``(*, D)``: batch and event shape together ``(*, *shape)``.
    x
        ``(B, *shape)``, broadcast against ``*``.

    Returns
    -------
    ``(*)``
    """
    n_axes = x.ndim - 1 - len(distribution.event_shape)
    return Independent(distribution, n_axes, validate_args=False).log_prob(x)
