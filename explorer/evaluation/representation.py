"""What the latent space knows: the class, read off the posterior mean of every subset.

Shapes: M modalities, S subsets, K components, N tuples, D latent.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from explorer.datasets import Split
from explorer.evaluation.figures import Progress, figure, sizes, subset_labels
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE


@torch.inference_mode()
def encode(model: MultimodalVAE, split: Split, n_tuples: int, *, batch_size: int = 500) -> Mixture:
    """Belief given every subset of the first tuples of a split: components ``(K, S, N, D)``.

    Subsets are those of ``explorer.subsets``, in that order, here and wherever every
    subset is spoken of; each modality is encoded once.

    Raises
    ------
    ValueError
        The split has fewer tuples.
    """
    if not 0 < n_tuples <= len(split):
        raise ValueError(f"the split has {len(split)} tuples, but {n_tuples} were asked for")
    parts = [
        model.subset_posteriors(split[slice(start, min(start + batch_size, n_tuples))])
        for start in range(0, n_tuples, batch_size)
    ]
    components = zip(*(part.components for part in parts), strict=True)
    joined = type(parts[0].components)(*map(_joined, components))
    return Mixture(parts[0].weights, joined)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """Parts ``(K, S, n, D)`` one after the other; what all subsets share is kept once."""
    shared = parts[0].stride(1) == 0
    whole = torch.cat([part[:, :1] if shared else part for part in parts], dim=2)
    return whole.expand(*parts[0].shape[:2], -1, -1)


def first(beliefs: Mixture, n_tuples: int) -> Mixture:
    """The same of the first tuples only."""
    kept = (part[:, :, :n_tuples] for part in beliefs.components)
    return Mixture(beliefs.weights, type(beliefs.components)(*kept))


def latent_correct(
    train: tuple[Mixture, Tensor],
    test: tuple[Mixture, Tensor],
    *,
    on_step: Callable[[float], None] | None = None,
) -> Tensor:
    """Whether a linear classifier reads each test tuple's class from each subset's mean.

    One logistic regression per subset, on standardised posterior means (a mixture's mean where
    the belief is a mixture).

    Parameters
    ----------
    train, test
        Beliefs ``(K, S, N, D)`` from :func:`encode` and labels ``(N,)``.
    on_step
        Called with the share that is done.

    Returns
    -------
    Bool ``(S, N)``, in the order of ``explorer.subsets``.

    Raises
    ------
    ValueError
        The training labels hold a single class.
    """
    labels, truth = train[1].cpu().numpy(), test[1].cpu()
    if len(np.unique(labels)) < 2:
        raise ValueError(
            f"a classifier needs training tuples of two classes or more; all {len(labels)} are of "
            f"class {labels[0]}"
        )
    means = [beliefs.mean.cpu() for beliefs, _ in (train, test)]
    correct = torch.empty(len(means[0]), len(test[1]), dtype=torch.bool)
    for s, (features, probes) in enumerate(zip(*means, strict=True)):
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        probe.fit(features.numpy(), labels)
        correct[s] = torch.from_numpy(probe.predict(probes.numpy())) == truth
        if on_step is not None:
            on_step((s + 1) / len(correct))
    return correct


def report(
    names: Sequence[str],
    train: tuple[Mixture, Tensor],
    test: tuple[Mixture, Tensor],
    n_few: int,
    on_step: Progress,
) -> dict:
    """Section ``latent_accuracy`` of scores.json: with all training tuples, and the first few."""

    def figures(train: tuple[Mixture, Tensor], start: float) -> dict:
        correct = latent_correct(train, test, on_step=lambda done: on_step(start + done / 2))
        return {
            "train_tuples": len(train[1]),
            "test_tuples": len(test[1]),
            "by_subset": dict(zip(subset_labels(names), map(figure, correct), strict=True)),
            "by_size": {str(size): figure(correct[rows]) for size, rows in sizes(len(names))},
        }

    few = (first(train[0], n_few), train[1][:n_few])
    return {
        "how": "share of test tuples whose class a logistic regression reads from the "
        "standardised mean of the subset's posterior",
        **figures(train, 0.0),
        "few_labels": figures(few, 0.5),
    }
