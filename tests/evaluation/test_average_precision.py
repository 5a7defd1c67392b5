"""Average precision by hand, and what hard predictions make of it."""

import numpy as np
import pytest

from explorer.evaluation.average_precision import (
    mean_average_precision,
    published_average_precision,
)


def test_by_hand():
    """Ranked yes, no, yes: precision 1 at half the recall, 2/3 at all of it."""
    labels = np.array([[1, 0], [0, 1], [1, 0]])
    scores = np.array([[0.9, 0.1], [0.8, 0.7], [0.2, 0.3]])
    assert mean_average_precision(labels, scores) == pytest.approx((5 / 6 + 1) / 2)


def test_only_the_order_of_scores_counts():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, (200, 4)), rng.normal(size=(200, 4))
    assert mean_average_precision(labels, np.exp(scores)) == pytest.approx(
        mean_average_precision(labels, scores)
    )


def test_guessing_gives_the_share_that_holds():
    rng = np.random.default_rng(1)
    labels = (rng.random((20_000, 3)) < [0.1, 0.3, 0.5]).astype(int)
    found = mean_average_precision(labels, rng.random(labels.shape))
    assert found == pytest.approx(0.3, abs=0.02)


def test_hard_predictions_lose_what_the_order_knew():
    """Hits over calls times recall, and the rest at the base rate."""
    labels = np.array([[1], [1], [0], [0]])
    called = np.array([[1], [0], [1], [0]])
    # recall 1/2 at precision 1/2, then recall 1 at precision 1/2
    assert published_average_precision(labels, called, batch_size=4) == pytest.approx(0.5)
    scores = np.array([[0.9], [0.45], [0.55], [0.1]])
    assert (called == (scores > 0.5)).all()
    assert mean_average_precision(labels, scores) == pytest.approx((1 + 2 / 3) / 2)


def test_the_published_variant_averages_whole_batches_and_counts_absence_as_zero():
    labels = np.array([[1, 1], [0, 1], [1, 0], [0, 0], [1, 1]])
    # first batch perfect, second perfect for one attribute that holds; the fifth row is dropped
    assert published_average_precision(labels, labels, batch_size=2) == pytest.approx(3 / 4)


def test_what_cannot_be_is_refused():
    labels, scores = np.array([[1, 0], [0, 0]]), np.zeros((2, 2))
    with pytest.raises(ValueError, match=r"attributes \[1\] never do"):
        mean_average_precision(labels, scores)
    with pytest.raises(ValueError, match="observations, attributes"):
        mean_average_precision(labels, scores[:, :1])
    with pytest.raises(ValueError, match="0 or 1"):
        published_average_precision(labels, scores + 0.5)
    with pytest.raises(ValueError, match="needs 256 observations, got 2"):
        published_average_precision(labels, scores)
