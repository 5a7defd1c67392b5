"""A sampler fitted to training codes after training: where the model's own codes lie.

The prior is where codes were pulled to, not where they are: between the two are regions that no
decoder has seen. A mixture of Gaussians fitted to codes stays out of them.

Shapes: N codes or draws, K components, D latent.
"""

import os
import warnings
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

SAMPLER = "sampler.safetensors"


class Sampler(NamedTuple):
    """A mixture of Gaussians with full covariances.

    Parameters
    ----------
    weights
        ``(K,)``, sum 1.
    means
        ``(K, D)``.
    factors
        Lower triangular, ``(K, D, D)``: a covariance is ``factor @ factor.T``.
    """

    weights: Tensor
    means: Tensor
    factors: Tensor

    def draw(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw codes, ``(N, D)``."""
        chosen = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        noise = torch.randn(n, self.means.shape[1], generator=generator)
        return self.means[chosen] + torch.einsum("nde,ne->nd", self.factors[chosen], noise)


def fit_sampler(codes: Tensor, *, components: int = 20, seed: int = 0) -> Sampler:
    """Fit a mixture to codes, ``(N, D)``, by expectation-maximisation from k-means.

    A thousandth of the codes' mean variance is added to every direction, so that a direction in
    which codes do not vary has a density.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    spread = codes.var(0).mean().item()
    mixture = GaussianMixture(
        min(components, max(1, len(codes) // (2 * codes.shape[1]))),
        reg_covar=max(1e-3 * spread, 1e-9),
        max_iter=50,
        random_state=seed,
    )
    with warnings.catch_warnings():  # fifty rounds are enough to draw from
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(codes.double().numpy())
    covariances = torch.from_numpy(mixture.covariances_)
    return Sampler(
        torch.from_numpy(mixture.weights_).float(),
        torch.from_numpy(mixture.means_).float(),
        torch.linalg.cholesky(covariances).float(),
    )


def write_sampler(sampler: Sampler, folder: Path, weights_sha256: str) -> None:
    """Write ``sampler.safetensors`` into a checkpoint, whole; factors take 16 bits a number."""
    rows, columns = torch.tril_indices(*sampler.factors.shape[1:])
    stored = {
        "weights": sampler.weights,
        "means": sampler.means,
        "factors": sampler.factors[:, rows, columns].half(),
    }
    partial = folder / f"{SAMPLER}.partial"
    try:
        save_file({k: x.contiguous() for k, x in stored.items()}, partial, {"of": weights_sha256})
        os.replace(partial, folder / SAMPLER)
    finally:
        partial.unlink(missing_ok=True)


def read_sampler(path: Path, latent_dim: int, weights_sha256: str) -> Sampler | None:
    """Read what :func:`write_sampler` wrote; None if it was fitted to other weights' codes.

    Raises
    ------
    ValueError
        Shapes or numbers that cannot be.
    """
    with safe_open(path, "pt") as file:
        if (file.metadata() or {}).get("of") != weights_sha256:
            return None
        weights, means, lower = (
            file.get_tensor(name).float() for name in ("weights", "means", "factors")
        )
    n = len(weights)
    n_lower = latent_dim * (latent_dim + 1) // 2
    if means.shape != (n, latent_dim) or lower.shape != (n, n_lower):
        raise ValueError(f"{path.name} does not fit {latent_dim} latent dimensions")
    if not all(torch.isfinite(x).all() for x in (weights, means, lower)) or (weights < 0).any():
        raise ValueError(f"{path.name} holds numbers that cannot be")
    factors = torch.zeros(n, latent_dim, latent_dim)
    rows, columns = torch.tril_indices(latent_dim, latent_dim)
    factors[:, rows, columns] = lower
    return Sampler(weights, means, factors)
