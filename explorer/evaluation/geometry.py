"""How the codes lie in the latent space: spread by subset, and how far subsets are apart.

A code is the mean of the belief given a subset. Spread is told three ways because each can
mislead alone: the variance and the distance grow with the scale of the space, which models choose
freely; the effective dimension does not, but says nothing of size.

Shapes: S subsets, N tuples, D latent.
"""

import numpy as np
import torch
from torch import Tensor

from explorer.evaluation.figures import Progress, subset_labels
from explorer.gaussians import Mixture


def effective_dimension(codes: Tensor) -> float:
    r"""Participation ratio of the covariance's eigenvalues: ``(N, D)`` -> 1 to D.

    .. math:: (\sum_d \lambda_d)^2 / \sum_d \lambda_d^2

    D where all directions vary alike, 1 where only one does; 0 where nothing varies.
    """
    centred = codes.double() - codes.double().mean(0)
    total = centred.square().sum()
    if total == 0:
        return 0.0
    # trace of C^2 by the smaller of the two Gram matrices
    gram = centred.T @ centred if len(centred) > centred.shape[1] else centred @ centred.T
    return (total.square() / gram.square().sum()).item()


def mean_distance(points: Tensor) -> Tensor:
    """Mean Euclidean distance of different points, ``(*, N, D)`` -> ``(*)``."""
    n = points.shape[-2]
    if n < 2:
        raise ValueError(f"a distance needs two points or more, got {n}")
    # not by the product of matrices, which makes distances of equal points
    far = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    return far.sum((-2, -1)) / (n * (n - 1))


def centroid_gaps(means: np.ndarray) -> np.ndarray:
    """How far apart the clouds of the subsets lie, in units of their own radius, ``(S, S)``.

    Distance between the centroids of two clouds over the root of their mean squared distance to
    their own centroid: 0 is on top of each other, 1 is one radius apart. ``means``: (S, T, D).
    """
    centroids = means.mean(1)
    squared_radius = ((means - centroids[:, None]) ** 2).sum(-1).mean(1)  # (S,)
    distance = np.linalg.norm(centroids[:, None] - centroids[None], axis=-1)
    return distance / np.sqrt((squared_radius[:, None] + squared_radius[None]) / 2)


def report(names: list[str], beliefs: Mixture, on_step: Progress) -> dict:
    """Section ``geometry`` of scores.json.

    Parameters
    ----------
    beliefs
        Given every subset, components ``(K, S, N, D)``.
    """
    means, within = beliefs.mean, beliefs.variance
    gaps = centroid_gaps(means.double().cpu().numpy())
    by_subset = {}
    for s, label in enumerate(subset_labels(names)):
        codes = means[s]
        by_subset[label] = {
            "variance": round(codes.var(0).mean().item(), 5),
            "posterior_variance": round(within[s].mean().item(), 5),
            "effective_dimension": round(effective_dimension(codes), 3),
            "pairwise_distance": round(mean_distance(codes).item(), 4),
            "gap_to_all": round(float(gaps[s, -1]), 4),
        }
        on_step((s + 1) / len(means))
    off_diagonal = gaps[~torch.eye(len(gaps), dtype=torch.bool).numpy()]
    return {
        "how": "codes are posterior means given the subset; variance and posterior_variance: mean "
        "over dimensions, of the codes and around them; effective_dimension: participation ratio "
        "of the eigenvalues of the codes' covariance; pairwise_distance: mean over pairs of "
        "codes; gap_to_all: distance between the centroids of this subset's codes and those given "
        "everything, in radii of the clouds; gap: its mean over all pairs of subsets",
        "by_subset": by_subset,
        "gap": round(float(off_diagonal.mean()), 4) if len(gaps) > 1 else 0.0,
        "test_tuples": means.shape[1],
    }
