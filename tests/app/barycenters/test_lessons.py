"""Presets, questions and challenges: each can be shown, solved, and makes its point."""

import math
import subprocess
import sys

import pytest

from explorer.app.barycenters.lessons import CHALLENGES, PLANE_PRESETS, PREDICTIONS, PRESETS, fused
from explorer.app.barycenters.state import State, changed
from explorer.densities import Expert
from explorer.playground import scores

SETUPS = [
    entry.setup
    for group in (PRESETS, PREDICTIONS, CHALLENGES, PLANE_PRESETS)
    for entry in group.values()
]
SOLUTIONS = {
    "false_consensus": [(-4, 1), (4, 1)],
    "sharp_product": [(0, 0.5), (0.2, 0.5), (0.1, 0.5)],
    "coincide": [(-2, 1), (2, 1)],
    "part": [(-2, 0.5), (2, 2)],
    "dragged": [(-2, 0.3), (6, 5)],
    "two_modes": [(-4, 0.8), (-3.5, 0.8), (3.5, 0.8), (4, 0.8)],
}


def state_with(setup):
    return changed(State(), setup)


def preset_scores(key):
    return scores(state_with(PRESETS[key].setup).experts)


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_every_setup_is_a_state_within_limits(setup):
    state = state_with(setup)
    for name, value in setup.items():
        rows = [
            list(row[: len(given)]) if isinstance(given, list) else row
            for row, given in zip(getattr(state, name), value, strict=True)
        ]
        assert rows == list(value)


def test_there_are_nine_presets():
    assert len(PRESETS) == 9


@pytest.mark.parametrize("key", CHALLENGES)
def test_a_challenge_starts_unsolved_and_can_be_solved(key):
    challenge = CHALLENGES[key]
    assert not challenge.check(state_with(challenge.setup))[0]
    solved, numbers = challenge.check(State(experts=tuple(Expert(*e) for e in SOLUTIONS[key])))
    assert solved
    assert numbers.endswith(".")


@pytest.mark.parametrize("question", PREDICTIONS.values(), ids=PREDICTIONS)
def test_a_question_has_one_right_answer_and_explains_the_others(question):
    assert [option.right for option in question.options].count(True) == 1
    assert all(len(option.why) > 40 for option in question.options)


def test_agreement_makes_only_products_surer_than_everyone():
    rows = preset_scores("agree")
    assert rows["poe"].std < 1 < min(rows["moe"].std, rows["wb"].std)


def test_conflict_is_kept_by_the_mixture_alone():
    rows = preset_scores("conflict")
    assert (rows["poe"].mean, rows["wb"].mean) == pytest.approx((0, 0))
    assert [rows[key].modes for key in ("poe", "wb", "moe")] == [1, 1, 2]


def test_the_overconfident_expert_takes_the_product():
    rows = preset_scores("overconfident")
    assert abs(rows["poe"].mean + 3) < 0.5
    assert rows["wb"].mean == pytest.approx(1 / 3)


def test_the_vacuous_expert_moves_wasserstein_half_the_way_and_the_product_by_a_seventh():
    rows = preset_scores("vacuous_off")
    assert rows["wb"].mean == pytest.approx(2)
    assert rows["poe"].mean == pytest.approx(-1.846, abs=0.001)


def test_an_echo_narrows_the_product_most_and_widens_multivi_s_average():
    rows = preset_scores("duplicate")
    assert rows["poe"].std == pytest.approx(1.2 / math.sqrt(2))
    assert rows["logpool"].std == pytest.approx(1.2)
    assert rows["holder"].std == pytest.approx(1.2)
    assert rows["dependent"].std ** 2 == pytest.approx(0.75 * 1.2**2)
    assert rows["multivi"].std ** 2 == pytest.approx(math.sqrt(2) * 1.2**2)


def test_the_outlier_has_its_own_bump_in_the_mixtures():
    rows = preset_scores("outlier")
    assert rows["moe"].modes == 2
    assert rows["mwb"].modes >= 2
    assert rows["moments"].modes == 1


def test_equal_widths_make_geometric_mean_and_wasserstein_one_curve_and_others_part_them():
    for key, same in (("equal", True), ("widths", False)):
        rows = preset_scores(key)
        gap = abs(rows["logpool"].mean - rows["wb"].mean)
        gap += abs(rows["logpool"].std - rows["wb"].std)
        assert (gap < 1e-9) == same


@pytest.mark.parametrize("key", PRESETS)
def test_by_forward_kl_wasserstein_never_pays_more_than_the_geometric_mean(key):
    """Why "find a case where Wasserstein is the worst by KL(p||q)" is not a challenge."""
    rows = preset_scores(key)
    assert rows["wb"].forward_kl <= rows["logpool"].forward_kl + 1e-9


@pytest.mark.parametrize("prior", [False, True])
@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_challenges_are_judged_by_the_library_s_figures(setup, prior):
    state = state_with(setup)._replace(prior=prior)
    rows = scores(state.experts, prior=prior)
    for key in ("poe", "logpool", "moe", "wb"):
        ours, row = fused(state, key), rows[key]
        assert ours[:2] == pytest.approx((row.mean, row.std), abs=1e-4)
        assert ours.modes == row.modes
        assert ours.reverse_kl == pytest.approx(row.reverse_kl, rel=1e-3, abs=1e-5)


def test_page_1_works_without_torch():
    code = (
        "import sys; from explorer.app.barycenters.lessons import CHALLENGES;"
        "from explorer.app.barycenters.state import State;"
        "[task.check(State()) for task in CHALLENGES.values()];"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
