"""Which model does best over many outcomes: average performance rank and win-loss matrix.

An outcome is one measure of one modality in one task, on which models are compared: its key can
be anything (a task, a data set and a modality, say), its values are one number a model. Models may
be missing from an outcome. Better is 1 where more is better and -1 where less is, as in
``explorer.results.scores.MEASURES``.

What the numbers do not account for: outcomes of one data set come from the same trained model and
often the same test tuples, so they are not independent. Standard errors over outcomes are then too
small and so are p-values; and a rank says nothing of by how much, so a difference in the third
decimal counts as much as one in the first.

After Tokar & Sanner, Efficient modality translation via arbitrary conditioning and Wasserstein
regularization (the MAC-WAE paper), whose 42 outcomes are in ``catalog/published``.
"""

from collections.abc import Hashable, Mapping
from functools import cache
from math import isnan
from typing import NamedTuple

import numpy as np

Outcomes = Mapping[Hashable, Mapping[str, float]]
"""Outcome -> model -> value."""

Better = Mapping[Hashable, int]
"""Outcome -> 1 when more is better, -1 when less is."""


class AverageRank(NamedTuple):
    """Mean of a model's ranks over outcomes.

    Parameters
    ----------
    mean
        From 1, best in every outcome, to 0, worst in every one.
    standard_error
        Over outcomes, as if they were independent; None for a single one.
    n
        Outcomes that the model is part of.
    """

    mean: float
    standard_error: float | None
    n: int


class WinLoss(NamedTuple):
    """How often one model beats another.

    Parameters
    ----------
    wins, ties, losses
        Outcomes where the first is better, equal, worse.
    """

    wins: int
    ties: int
    losses: int

    @property
    def n(self) -> int:
        """Outcomes that both models are part of."""
        return sum(self)

    @property
    def share(self) -> float:
        """Share of the common outcomes that are won; a tie is not won."""
        return self.wins / self.n

    @property
    def p_value(self) -> float:
        """One-sided binomial test of the hypothesis that no more than half are won.

        A tie counts as not won, which makes the test more careful. It takes outcomes for
        independent tosses, which those of one data set are not, so it comes out too small.
        """
        return _p_value(self.wins, self.n)


def ranks(values: Mapping[str, float], better: int = 1) -> dict[str, float]:
    """Rank models within one outcome: 1 best, 0 worst, equally spaced, ties share their mean.

    >>> ranks({"a": 0.9, "b": 0.5, "c": 0.5})
    {'a': 1.0, 'b': 0.25, 'c': 0.25}
    >>> ranks({"a": 0.9, "b": 0.1}, better=-1)
    {'a': 0.0, 'b': 1.0}

    Raises
    ------
    ValueError
        Fewer than two models, a value that is not a number, or ``better`` is not 1 or -1.
    """
    if len(values) < 2:
        raise ValueError(f"a rank needs at least two models, got {', '.join(values) or 'none'}")
    _check(values, better)
    from scipy.stats import rankdata

    places = rankdata(better * np.array(list(values.values())))
    return {
        model: float((place - 1) / (len(values) - 1))
        for model, place in zip(values, places, strict=True)
    }


def average_ranks(outcomes: Outcomes, better: Better) -> dict[str, AverageRank]:
    """Average each model's rank over outcomes, the average performance rank of the MAC-WAE paper.

    Where a model is missing, those present are ranked among themselves, so models that are part of
    different outcomes are compared with different rivals. Give the outcomes of one task for the
    paper's figure; see the module for what the standard error does not account for.
    """
    by_model: dict[str, list[float]] = {}
    for key, values in outcomes.items():
        for model, rank in ranks(values, better[key]).items():
            by_model.setdefault(model, []).append(rank)
    return {
        model: AverageRank(
            float(np.mean(all_ranks)),
            float(np.std(all_ranks, ddof=1) / len(all_ranks) ** 0.5)
            if len(all_ranks) > 1
            else None,
            len(all_ranks),
        )
        for model, all_ranks in by_model.items()
    }


def times_best(outcomes: Outcomes, better: Better) -> dict[str, int]:
    """Count for each model the outcomes in which it is better than every other one.

    Nobody is counted where the best value is shared. The count depends on who else takes part:
    a rival left out is a rival not lost to.
    """
    counts: dict[str, int] = {}
    for key, values in outcomes.items():
        for model, rank in ranks(values, better[key]).items():
            counts[model] = counts.get(model, 0) + (rank == 1)
    return counts


def win_loss(outcomes: Outcomes, better: Better) -> dict[tuple[str, str], WinLoss]:
    """Compare every model with every other, over the outcomes that both are part of.

    Returns
    -------
    (row, column) -> how often the row's model beats the column's; a pair without a common outcome
    is left out. See :attr:`WinLoss.p_value` for the test.
    """
    counts: dict[tuple[str, str], list[int]] = {}
    for key, values in outcomes.items():
        _check(values, better[key])
        for row, mine in values.items():
            for column, theirs in values.items():
                if row != column:
                    gain = better[key] * (mine - theirs)
                    place = 0 if gain > 0 else 1 if gain == 0 else 2
                    counts.setdefault((row, column), [0, 0, 0])[place] += 1
    return {pair: WinLoss(*count) for pair, count in counts.items()}


@cache
def _p_value(wins: int, n: int) -> float:
    from scipy.stats import binomtest  # takes a second, and pages import this module

    return binomtest(wins, n, 0.5, alternative="greater").pvalue


def _check(values: Mapping[str, float], better: int) -> None:
    if better not in (1, -1):
        raise ValueError(f"better must be 1 (more is better) or -1 (less is), got {better!r}")
    undefined = [model for model, value in values.items() if isnan(value)]
    if undefined:
        raise ValueError(
            f"outcomes must be numbers, got nan for {', '.join(undefined)}; "
            "leave a missing model out instead"
        )
