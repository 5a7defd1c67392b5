"""Diagonal Gaussians, mixtures of them, and the distances between them.

Shapes: B batch, D latent, K components; any leading axes are allowed where a docstring says ``*``.
Everything is computed from ``logvar`` = log sigma^2, so nothing needs an epsilon.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Gaussian(NamedTuple):
    """A diagonal Gaussian N(mu, diag exp(logvar)).

    Parameters
    ----------
    mu, logvar
        Mean and log-variance, both ``(*, D)``; the last axis is the latent axis.
    """

    mu: Tensor
    logvar: Tensor

    @property
    def mean(self) -> Tensor:
        """The mean, ``(*, D)``: the same word as for a mixture."""
        return self.mu

    @property
    def std(self) -> Tensor:
        """Standard deviation, ``(*, D)``."""
        return (self.logvar / 2).exp()

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density of ``z`` (``(*, D)``, broadcast) in nats, summed over the last axis."""
        squared = ((z - self.mu) / self.std).square()
        return -0.5 * (squared + self.logvar + math.log(2 * math.pi)).sum(-1)

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """One reparameterised draw, ``(*, D)``."""
        return self.mu + self.std * _standard_normal(self.mu, generator)


class Laplace(NamedTuple):
    """A product of Laplace distributions given by mean and variance, to stand where a Gaussian may.

    Only drawing from it and its density are defined: no closed form fuses or compares Laplaces
    here. Its scale is ``std / sqrt(2)``.

    Parameters
    ----------
    mu, logvar
        Mean and log-variance, both ``(*, D)``; the last axis is the latent axis.
    """

    mu: Tensor
    logvar: Tensor

    @property
    def mean(self) -> Tensor:
        """The mean, ``(*, D)``."""
        return self.mu

    @property
    def std(self) -> Tensor:
        """Standard deviation, ``(*, D)``."""
        return (self.logvar / 2).exp()

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density of ``z`` (``(*, D)``, broadcast) in nats, summed over the last axis."""
        distance = math.sqrt(2) * (z - self.mu).abs() / self.std
        return -(distance + self.logvar / 2 + math.log(2) / 2).sum(-1)

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """One reparameterised draw, ``(*, D)``."""
        u = _noise(torch.rand, self.mu, generator)
        tail = torch.log1p(-(2 * u - 1).abs().clamp_max(1 - torch.finfo(u.dtype).eps))
        return self.mu - self.std / math.sqrt(2) * (u - 0.5).sign() * tail


class Mixture(NamedTuple):
    """A mixture of K diagonal Gaussians (or Laplaces); K = 1 is a plain one.

    Parameters
    ----------
    weights
        ``(K,)`` or ``(K, *)``: non-negative, summing to one over K.
    components
        Gaussian ``(K, *, D)``; ``*`` is usually the batch B.
    """

    weights: Tensor
    components: Gaussian | Laplace

    @property
    def batch_weights(self) -> Tensor:
        """The weights with one entry per component and batch element, ``(K, *)``."""
        shape = self.components.mu.shape[:-1]
        missing = len(shape) - self.weights.ndim
        return self.weights.reshape(self.weights.shape + (1,) * missing).expand(shape)

    @property
    def mean(self) -> Tensor:
        """Mean of the mixture, ``(*, D)``."""
        return (self.batch_weights.unsqueeze(-1) * self.components.mu).sum(0)

    @property
    def variance(self) -> Tensor:
        """Variance of the mixture per dimension, ``(*, D)``: within and between components."""
        within = self.components.logvar.exp()
        between = (self.components.mu - self.mean).square()
        return (self.batch_weights.unsqueeze(-1) * (within + between)).sum(0)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density of ``z`` under the whole mixture, in nats: ``(*, D)`` -> ``(*)``.

        Several draws at once come first, ``(N, *, D)`` -> ``(N, *)``.
        """
        draws = (1,) * (z.ndim + 1 - self.components.mu.ndim)
        weights, mu, logvar = (
            part.reshape(len(part), *draws, *part.shape[1:])
            for part in (self.batch_weights, *self.components)
        )
        # a weight that underflowed to zero would pass an infinite gradient through its logarithm
        absent = weights == 0
        log_weights = weights.masked_fill(absent, 1).log().masked_fill(absent, -math.inf)
        return torch.logsumexp(log_weights + type(self.components)(mu, logvar).log_prob(z), dim=0)

    def choose(self, generator: torch.Generator | None = None) -> Tensor:
        """One component index per batch element, ``(*)``, drawn by weight.

        Every element is drawn for itself: which component it gets does not depend on its place
        in the batch, nor on how many others there are.
        """
        weights = self.batch_weights
        if len(weights) == 1:
            return torch.zeros(weights.shape[1:], dtype=torch.long, device=weights.device)
        flat = weights.flatten(1).T
        where = flat.device if generator is None else generator.device
        index = torch.multinomial(flat.to(where), 1, generator=generator).to(flat.device)
        return index.reshape(weights.shape[1:])

    def pick(self, index: Tensor) -> Gaussian | Laplace:
        """Component ``index`` (``(*)``, from :meth:`choose`) of each batch element, ``(*, D)``."""
        index = index.unsqueeze(0).unsqueeze(-1).expand(1, *self.components.mu.shape[1:])
        return type(self.components)(
            *(part.gather(0, index).squeeze(0) for part in self.components)
        )

    def repeat(self, n_draws: int) -> "Mixture":
        """The same mixture ``n_draws`` times, to draw from at once: components ``(K, N, *, D)``."""
        weights, mu, logvar = (
            part.unsqueeze(1).expand(-1, n_draws, *part.shape[1:])
            for part in (self.batch_weights, *self.components)
        )
        return Mixture(weights, type(self.components)(mu, logvar))

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """One draw per batch element, ``(*, D)``: a component by weight, then a point from it."""
        return self.pick(self.choose(generator)).rsample(generator)


def standard_normal_like(q: Gaussian) -> Gaussian:
    """The prior N(0, I) in the shape of ``q``."""
    return Gaussian(torch.zeros_like(q.mu), torch.zeros_like(q.logvar))


def kl_divergence(q: Gaussian, p: Gaussian) -> Tensor:
    """KL(q || p) in nats, summed over the latent axis: ``(*, D)`` -> ``(*)``.

    >>> q = Gaussian(torch.tensor([1.0]), torch.tensor([0.0]))
    >>> kl_divergence(q, standard_normal_like(q))
    tensor(0.5000)
    """
    log_ratio = q.logvar - p.logvar
    squared = ((q.mu - p.mu) / p.std).square()
    return 0.5 * (log_ratio.exp() - 1 - log_ratio + squared).sum(-1)


def kl_to_prior(q: Gaussian) -> Tensor:
    """KL(q || N(0, I)) in nats, summed over the latent axis: ``(*, D)`` -> ``(*)``."""
    return 0.5 * (q.logvar.exp() - 1 - q.logvar + q.mu.square()).sum(-1)


def wasserstein2_squared(q: Gaussian, p: Gaussian) -> Tensor:
    """Squared Wasserstein-2 distance of diagonal Gaussians, ``(*, D)`` -> ``(*)``.

    For commuting covariances W2^2 is the squared distance of the means plus that of the
    standard deviations (Dowson & Landau 1982, J. Multivariate Anal. 12(3)).
    """
    return ((q.mu - p.mu).square() + (q.std - p.std).square()).sum(-1)


def _standard_normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    return _noise(torch.randn, like, generator)


def _noise(draw: Callable[..., Tensor], like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Noise in the shape and on the device of ``like``, drawn where the generator is.

    So one seed of a CPU generator gives the same draws whatever the device of the model is.
    """
    where = like.device if generator is None else generator.device
    return draw(like.shape, generator=generator, dtype=like.dtype, device=where).to(like.device)
