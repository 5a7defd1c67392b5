"""Attributes of which several may hold: what latents know of them, and whether draws show them.

Latent accuracy and coherence want one class a tuple. Where labels are attributes, both are told as
average precision, the mean over attributes, as in the CelebA experiments of Sutter et al. (2021):
of linear classifiers on posterior means, and of the classifiers that read what is generated.
Guessing gives the share of tuples in which an attribute holds, which stands beside it.

A modality that is itself an attribute has no classifier: whether it is drawn right is told by
``explorer.evaluation.translation``, and only what the others show is read here.

Published latent figures are made of hard predictions of classifiers trained on 500 tuples, batch
by batch (``explorer.evaluation.average_precision``); that statistic is given too, by its own name.

Shapes: M modalities, S subsets, N tuples, A attributes, D latent.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from explorer.evaluation.average_precision import (
    bootstrap_error,
    mean_average_precision,
    published_average_precision,
)
from explorer.evaluation.classifiers import Classifiers
from explorer.evaluation.coherence import readings
from explorer.evaluation.figures import Progress, subset_labels
from explorer.evaluation.representation import first
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE

SECTION = "several classes may hold of a tuple: see average_precision"
"""Why there is no latent accuracy and no coherence."""
PUBLISHED_BATCH = 256
MOST_DETAILED = 31
"""Subsets, at most, of which every attribute is told by itself."""


def linear_scores(
    train: tuple[NDArray, NDArray], test: NDArray, on_attribute: Progress | None = None
) -> NDArray:
    """How sure linear classifiers are of each attribute of the test latents: ``(N, A)``.

    One logistic regression for each attribute, on standardised latents; positive means that it
    holds. An attribute that always or never holds in training is scored 0.

    Parameters
    ----------
    train
        Latents ``(N, D)`` and attributes ``(N, A)``.
    test
        Latents ``(N, D)``.
    """
    scaler = StandardScaler().fit(train[0])
    features, probes = scaler.transform(train[0]), scaler.transform(test)
    scores = np.zeros((len(test), train[1].shape[1]))
    for a, holds in enumerate(train[1].T):
        if len(np.unique(holds)) == 2:
            fitted = LogisticRegression(max_iter=1000).fit(features, holds)
            scores[:, a] = fitted.decision_function(probes)
        if on_attribute is not None:
            on_attribute((a + 1) / scores.shape[1])
    return scores


def report(
    model: MultimodalVAE,
    classifiers: Classifiers,
    train: tuple[Mixture, Tensor],
    test: tuple[Mixture, Tensor],
    *,
    classes: Sequence[str],
    n_few: int,
    n_generated: int,
    seed: int,
    on_step: Progress,
) -> dict:
    """Section ``average_precision`` of scores.json.

    Parameters
    ----------
    train, test
        Beliefs ``(K, S, N, D)`` from ``representation.encode`` and labels ``(N, A)``.
    classes
        What the A attributes are called.
    n_few
        Training tuples for the statistic as published.
    n_generated
        Test tuples, at most, to generate from.
    """
    names = subset_labels(model.names)
    truth, known_labels = test[1].cpu().numpy(), train[1].cpu().numpy()
    latent, published, by_attribute = {}, {}, {}
    for s, (name, known, probes) in enumerate(
        zip(names, train[0].mean.cpu().numpy(), test[0].mean.cpu().numpy(), strict=True)
    ):
        sure = linear_scores((known, known_labels), probes)
        latent[name] = _figure(truth, sure)
        if len(names) <= MOST_DETAILED:
            by_attribute[name] = _by_attribute(classes, truth, sure)
        few = linear_scores((known[:n_few], known_labels[:n_few]), probes)
        if len(truth) >= PUBLISHED_BATCH:
            published[name] = round(published_average_precision(truth, (few > 0).astype(int)), 4)
        on_step((s + 1) / (2 * len(names)))
    n_generated = min(n_generated, len(truth))
    generated: dict[str, dict] = {name: {} for name in names}
    read = [name for name in model.names if name in classifiers.shapes]
    for s, targets, said in readings(
        model,
        classifiers.probabilities,
        first(test[0], n_generated),
        targets=read,
        seed=seed,
    ):
        for m, probabilities in zip(targets, said.cpu().numpy(), strict=True):
            generated[names[s]][model.names[m]] = _figure(truth[:n_generated], probabilities)
        on_step(0.5 + (s + 1) / (2 * len(names)))
    return {
        "how": "mean over attributes of the area under the precision-recall curve; latent: "
        "logistic regressions on the standardised mean of the subset's posterior; "
        f"latent_as_published: of their hard predictions, trained on {n_few} tuples, in batches of "
        f"{PUBLISHED_BATCH}; generated: z drawn once from the posterior given the subset, decoder "
        "mean, probabilities of the modality's classifier; errors by bootstrap over test tuples",
        "latent": latent,
        "latent_as_published": published,
        "generated": generated,
        "by_attribute": by_attribute,
        "ceiling": {name: classifiers.ceiling[name] for name in read},
        "chance": round(float(truth.mean()), 4),
        "train_tuples": len(train[1]),
        "test_tuples": len(truth),
        "generated_tuples": n_generated,
    }


def _by_attribute(classes: Sequence[str], truth: NDArray, scores: NDArray) -> dict[str, float]:
    """Average precision of each attribute that holds somewhere, by its name."""
    return {
        name: round(mean_average_precision(truth[:, [a]], scores[:, [a]]), 4)
        for a, name in enumerate(classes)
        if truth[:, a].any()
    }


def _figure(truth: NDArray, scores: NDArray) -> dict[str, float]:
    """Mean average precision of attributes that hold somewhere, and its error over tuples."""
    there = truth.any(0)
    return {
        "mean": round(mean_average_precision(truth[:, there], scores[:, there]), 4),
        "standard_error": round(bootstrap_error(truth[:, there], scores[:, there]), 4),
    }
