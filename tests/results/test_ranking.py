"""Ranks and wins: by hand, and the published table of the MAC-WAE study recomputed."""

from math import comb, nan

import pytest

from explorer.catalog.published.translation import BETTER, OUTCOMES
from explorer.results.ranking import WinLoss, average_ranks, ranks, times_best, win_loss

TASKS = ("reconstruction", "many to one", "one to one")
PRINTED = {
    "mac_wae": (0.810, 0.875, 0.821),
    "mac_vae": (0.480, 0.604, 0.706),
    "m_wae": (0.727, 0.715, 0.632),
    "mvtcae": (0.663, 0.236, 0.119),
    "jmvae": (0.148, 0.252, 0.257),
    "mopoe": (0.674, 0.632, 0.639),
    "nexus": (0.024, 0.205, 0.345),
}
WITHOUT_M_WAE = {
    "mac_wae": (0.843, 0.886, 0.843),
    "mac_vae": (0.550, 0.679, 0.736),
    "mvtcae": (0.721, 0.271, 0.143),
    "jmvae": (0.179, 0.275, 0.268),
    "mopoe": (0.708, 0.683, 0.658),
    "nexus": (0.029, 0.232, 0.375),
}


def of(task, without=()):
    return {
        key: {model: value for model, value in values.items() if model not in without}
        for key, values in OUTCOMES.items()
        if key[0] == task or task is None
    }


def test_ranks_are_equally_spaced_whatever_the_values():
    assert ranks({"a": 0.1, "b": 100, "c": 0.2}) == {"a": 0, "b": 1, "c": 0.5}


def test_less_is_better_turns_ranks_around():
    values = {"a": 3, "b": 1, "c": 2}
    down = ranks(values, better=-1)
    assert down == {model: 1 - rank for model, rank in ranks(values).items()}
    assert down["b"] == 1


def test_ties_share_the_mean_of_their_places():
    assert ranks({"a": 1, "b": 1}) == {"a": 0.5, "b": 0.5}
    assert ranks({"a": 2, "b": 2, "c": 0})["a"] == 0.75


def test_average_ranks_by_hand():
    outcomes = {"x": {"a": 1, "b": 2, "c": 3}, "y": {"a": 5, "b": 4}, "z": {"a": 1, "c": 2}}
    result = average_ranks(outcomes, {"x": 1, "y": 1, "z": -1})
    assert [result[model].n for model in "abc"] == [3, 2, 2]
    assert result["a"].mean == pytest.approx((0 + 1 + 1) / 3)
    assert result["a"].standard_error == pytest.approx((1 / 3) ** 0.5 / 3**0.5)
    assert result["b"].mean == pytest.approx((0.5 + 0) / 2)
    assert result["c"].mean == pytest.approx((1 + 0) / 2)


def test_one_outcome_has_no_standard_error():
    assert average_ranks({"x": {"a": 1, "b": 2}}, {"x": 1})["a"].standard_error is None


def test_wins_ties_and_losses_by_hand():
    outcomes = {
        "x": {"a": 1, "b": 2, "c": 2},
        "y": {"a": 0.1, "b": 0.3},
        "z": {"a": 1, "b": 1},
    }
    table = win_loss(outcomes, {"x": 1, "y": -1, "z": 1})
    assert table["a", "b"] == WinLoss(1, 1, 1)
    assert table["b", "a"] == WinLoss(1, 1, 1)
    assert table["b", "c"] == WinLoss(0, 1, 0)
    assert table["c", "a"] == WinLoss(1, 0, 0)
    assert table["a", "b"].share == pytest.approx(1 / 3)
    assert ("a", "a") not in table


def test_the_two_halves_of_the_matrix_agree():
    table = win_loss(OUTCOMES, BETTER)
    for (row, column), counts in table.items():
        assert table[column, row] == counts[::-1]


@pytest.mark.parametrize(("wins", "ties", "losses"), [(3, 0, 1), (3, 1, 0), (0, 2, 2), (4, 0, 0)])
def test_the_p_value_is_the_chance_of_as_many_heads(wins, ties, losses):
    """A tie is a toss that was not won."""
    n = wins + ties + losses
    chance = sum(comb(n, k) for k in range(wins, n + 1)) / 2**n
    assert WinLoss(wins, ties, losses).p_value == pytest.approx(chance)


def test_the_best_is_nobody_where_the_best_value_is_shared():
    outcomes = {"x": {"a": 2, "b": 2, "c": 1}, "y": {"a": 2, "b": 3}}
    assert times_best(outcomes, {"x": 1, "y": 1}) == {"a": 0, "b": 1, "c": 0}


@pytest.mark.parametrize("values", [{}, {"a": 1}])
def test_a_rank_needs_a_rival(values):
    with pytest.raises(ValueError, match="at least two models"):
        ranks(values)


@pytest.mark.parametrize("function", [average_ranks, times_best, win_loss])
def test_what_cannot_be_compared_is_refused(function):
    with pytest.raises(ValueError, match=r"got nan for b; leave a missing model out"):
        function({"x": {"a": 1, "b": nan}}, {"x": 1})
    with pytest.raises(ValueError, match=r"better must be 1 .* got 0"):
        function({"x": {"a": 1, "b": 2}}, {"x": 0})


@pytest.mark.parametrize("place", range(3), ids=TASKS)
def test_published_average_ranks(place):
    ranked = average_ranks(of(TASKS[place]), BETTER)
    for model, printed in PRINTED.items():
        assert ranked[model].mean == pytest.approx(printed[place], abs=0.0006), model
    errors = (0.065, 0.065, 0.075)
    assert ranked["mac_wae"].standard_error == pytest.approx(errors[place], abs=0.0006)
    assert {model: ranked[model].n for model in ranked} == dict.fromkeys(ranked, 14) | {"mopoe": 12}


@pytest.mark.parametrize("place", range(3), ids=TASKS)
def test_published_average_ranks_without_m_wae(place):
    ranked = average_ranks(of(TASKS[place], {"m_wae"}), BETTER)
    assert set(ranked) == set(WITHOUT_M_WAE)
    for model, printed in WITHOUT_M_WAE.items():
        assert ranked[model].mean == pytest.approx(printed[place], abs=0.0006), model


def test_mac_wae_is_best_in_26_of_42_and_in_29_only_without_m_wae():
    assert times_best(OUTCOMES, BETTER)["mac_wae"] == 26
    assert times_best(of(None, {"m_wae"}), BETTER)["mac_wae"] == 29


@pytest.mark.parametrize(
    ("row", "column", "counts", "p_value"),
    [
        ("mac_wae", "mac_vae", (34, 0, 8), 3e-5),
        ("mac_wae", "m_wae", (30, 1, 11), 0.004),
        ("mac_wae", "mvtcae", (36, 0, 6), 1.4e-6),
        ("mac_wae", "jmvae", (40, 0, 2), 2e-10),
        ("mac_wae", "mopoe", (24, 0, 12), 0.033),
        ("mac_wae", "nexus", (40, 0, 2), 2e-10),
        ("m_wae", "mac_vae", (28, 1, 13), 0.02),
        ("m_wae", "mvtcae", (35, 1, 6), 8e-6),
        ("m_wae", "mopoe", (18, 2, 16), 0.57),
    ],
)
def test_published_wins(row, column, counts, p_value):
    result = win_loss(OUTCOMES, BETTER)[row, column]
    assert result == counts
    assert result.p_value == pytest.approx(p_value, rel=0.2)


@pytest.mark.parametrize(
    ("task", "wins", "p_value"),
    [("reconstruction", 7, 0.39), ("many to one", 9, 0.07), ("one to one", 8, 0.19)],
)
def test_no_single_task_tells_mac_wae_from_mopoe(task, wins, p_value):
    result = win_loss(of(task), BETTER)["mac_wae", "mopoe"]
    assert (result.wins, result.n) == (wins, 12)
    assert result.p_value == pytest.approx(p_value, abs=0.005)
    assert result.p_value > 0.05
