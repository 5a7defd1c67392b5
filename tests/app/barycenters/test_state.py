"""Links hold the whole state of page 1, and nonsense in them does no harm."""

import pytest

from explorer.app.barycenters.state import (
    FIELDS,
    Ellipse,
    Expert,
    State,
    changed,
    read_link,
    snippet,
    write_link,
)
from explorer.playground import fuse, scores

STATES = {
    "default": State(),
    "line": State(
        experts=(Expert(-4, 0.3, 0.2), Expert(0, 5), Expert(2.5, 1.25, 0.75)),
        curves=("logpool", "mwb"),
        view="log",
        prior=True,
        step=2,
        dial=-1.5,
        path=("displacement", 0.35),
        rug=True,
    ),
    "nothing drawn": State(curves=()),
    "plane": State(
        tab="plane",
        ellipses=(Ellipse(-1, 2, 3, 0.5, 30), Ellipse(0, 0, 1, 1, -90, 0.4)),
        image="wb",
    ),
}
NONSENSE = [
    ("e", "<script>alert(1)</script>"),
    ("e", "1,2"),
    ("e", "1,2;3,4;5,6;1,1;1,1;1,1"),
    ("e", "nan,1;0,1"),
    ("e", "0,inf;0,1"),
    ("e", "1,2,3,4;1,2"),
    ("e", ";".join(["1,1"] * 240)),
    ("c", "poe,astrology"),
    ("l", "sideways"),
    ("p", "yes"),
    ("k", "two"),
    ("a", ""),
    ("g", "mixing"),
    ("g", "teleport,0.5"),
    ("f", "1,2,3;4,5,6"),
    ("i", "everything"),
    ("t", "4-D"),
]


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_link_opens_in_exactly_the_state_it_was_made_from(state):
    assert read_link(write_link(state)) == (state, [])


@pytest.mark.parametrize(("parameter", "text"), NONSENSE)
def test_nonsense_falls_back_with_a_notice_that_does_not_repeat_it(parameter, text):
    state, notices = read_link({parameter: text})
    assert state == State()
    assert len(notices) == 1
    assert "<" not in notices[0]


def test_one_bad_part_leaves_the_others_alone():
    state, notices = read_link({"e": "-1,1;1,1", "l": "?", "p": "1"})
    assert (state.experts, state.prior) == ((Expert(-1, 1), Expert(1, 1)), True)
    assert len(notices) == 1


def test_numbers_are_brought_within_their_limits():
    state, notices = read_link({"e": "-1e9,0;1e9,1e9,-3", "a": "1e30", "g": "mixing,7"})
    assert state.experts == (Expert(-9, 0.1), Expert(9, 8, 0.05))
    assert (state.dial, state.path) == (6, ("mixing", 1))
    assert len(notices) == 3


def test_unknown_parameters_are_left_alone():
    assert read_link({"utm_source": "x"}) == (State(), [])


@pytest.mark.parametrize(
    "message",
    [
        None,
        "state",
        {},
        {"more": 1},
        {"experts": 3},
        {"experts": [[0, 1], None]},
        {"experts": [[10**400, 1], [0, 1]]},
        {"curves": ["poe", 3]},
        {"curves": [["poe"]]},
        {"dial": [1]},
        {"prior": "yes"},
    ],
)
def test_what_is_no_state_in_a_message_changes_nothing(message):
    assert changed(STATES["line"], message) == STATES["line"]


def test_every_field_of_the_state_is_in_the_link():
    assert tuple(field.name for field in FIELDS) == State._fields
    assert len({field.key for field in FIELDS}) == len(FIELDS)


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_code_shown_runs_and_reproduces_the_figure(state, capsys):
    names = {}
    exec(compile(snippet(state), "<snippet>", "exec"), names)
    printed = capsys.readouterr().out
    if state.tab == "plane":
        assert "Wasserstein" in printed
        return
    experts = state.experts[: state.step or None]
    assert str(scores(experts, prior=state.prior)["wb"]) in printed
    n_extra = (state.dial is not None) + (state.path is not None)
    assert len(names["figure"].data) == len(state.curves) + n_extra
    assert set(state.curves) <= set(fuse(experts))
