"""Mean average precision over several attributes, for labels of which each may or may not hold.

Two of them, because published tables have the second: average precision orders observations by a
*score*; the released code of MoPoE and MM-VAMP hands it *hard predictions*, 0 or 1, batch by batch.

Shapes: N observations, A attributes.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score


def mean_average_precision(labels: NDArray, scores: NDArray) -> float:
    """Mean over attributes of the area under the precision-recall curve, both ``(N, A)``.

    Parameters
    ----------
    labels
        Whether each attribute holds, 0 or 1.
    scores
        How sure one is that it does; only their order within an attribute counts.

    Raises
    ------
    ValueError
        Shapes that differ, or an attribute that never holds: it has no recall.
    """
    _check(labels, scores)
    never = (~labels.astype(bool).any(0)).nonzero()[0].tolist()
    if never:
        raise ValueError(f"every attribute must hold somewhere; attributes {never} never do")
    return float(np.mean([average_precision_score(*pair) for pair in _columns(labels, scores)]))


def bootstrap_error(labels: NDArray, scores: NDArray, *, n_resamples: int = 100) -> float:
    """Standard error of :func:`mean_average_precision` over observations, both ``(N, A)``.

    The spread over sets of N observations drawn with replacement, always the same ones. Scores are
    taken to differ; an attribute that holds nowhere in a set counts 0 there.
    """
    _check(labels, scores)
    n = len(labels)
    order = np.argsort(-scores, axis=0, kind="stable")
    holds = np.take_along_axis(labels, order, axis=0) > 0
    rng = np.random.default_rng(0)
    found = []
    for _ in range(n_resamples):
        times = np.bincount(rng.integers(0, n, n), minlength=n)[order]  # (N, A)
        hits = np.cumsum(times * holds, axis=0)
        precision = hits / np.maximum(np.cumsum(times, axis=0), 1)
        found.append(((times * holds * precision).sum(0) / np.maximum(hits[-1], 1)).mean())
    return float(np.std(found, ddof=1))


def published_average_precision(
    labels: NDArray, predictions: NDArray, *, batch_size: int = 256
) -> float:
    """Average precision as released code computes it: on hard predictions, in batches.

    Predictions are 0 or 1, so the curve has a single corner and a classifier that is unsure loses
    what its order knew. The mean over whole batches, what is left over being dropped; a batch in
    which an attribute never holds counts 0 for it. To understand published tables by, not to
    compare with :func:`mean_average_precision`.
    """
    _check(labels, predictions)
    if not np.isin(predictions, (0, 1)).all():
        raise ValueError("hard predictions must be 0 or 1; scores go to mean_average_precision")
    starts = range(0, len(labels) - batch_size + 1, batch_size)
    if not starts:
        raise ValueError(f"a batch needs {batch_size} observations, got {len(labels)}")
    return float(
        np.mean(
            [
                average_precision_score(truth, called) if truth.any() else 0.0
                for start in starts
                for truth, called in _columns(
                    labels[start : start + batch_size], predictions[start : start + batch_size]
                )
            ]
        )
    )


def _columns(labels: NDArray, scores: NDArray) -> zip:
    return zip(labels.T, scores.T, strict=True)


def _check(labels: NDArray, scores: NDArray) -> None:
    if labels.ndim != 2 or labels.shape != scores.shape:
        raise ValueError(
            "labels and scores must both be (observations, attributes), got "
            f"{labels.shape} and {scores.shape}"
        )
