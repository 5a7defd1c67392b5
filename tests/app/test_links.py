"""One codec for every page: links come back, nonsense does no harm, a visit keeps its state."""

import random

import pytest
from streamlit.testing.v1 import AppTest

from explorer.app.links import (
    LONGEST,
    Field,
    amend,
    choice,
    flag,
    hiding,
    number,
    optional,
    read,
    rows,
    some,
    together,
    whole,
    write,
)

PAIR = together((choice(("left", "right")), number(0, 1)))
FIELDS = [
    Field("mode", choice(("explore", "predict")), "explore"),
    Field("seed", whole(-5, 99), 0, "s"),
    Field("heat", number(0, 2), 1.0),
    Field("prior", flag(), False),
    Field("given", some(("a", "b", "c"), least=1), ("a",)),
    Field("chips", some(("a", "b", "c"), separator="+"), ()),
    Field("path", optional(PAIR), None),
    Field("spots", rows(PAIR, 1, 3, "1 to 3 spots"), (("left", 0.5),)),
]
FIELDS.append(hiding([field.name for field in FIELDS]))
DEFAULTS = {field.name: field.default for field in FIELDS}
OTHERS = {
    "mode": "predict",
    "seed": -5,
    "heat": 0.25,
    "prior": True,
    "given": ("b", "c"),
    "chips": ("a", "c"),
    "path": ("right", 0.125),
    "spots": (("left", 1.0), ("right", 0.0)),
    "hide": ("seed", "path"),
}


def test_every_kind_comes_back_from_its_link():
    link = write(FIELDS, OTHERS)
    assert set(link) == {field.key for field in FIELDS}
    assert read(FIELDS, link) == (OTHERS, [])


def test_what_is_at_its_default_is_not_in_the_link():
    assert write(FIELDS, DEFAULTS) == {}
    assert read(FIELDS, {}) == (DEFAULTS, [])


def test_none_can_be_linked_where_it_is_not_the_default():
    fields = [Field("path", optional(PAIR), ("left", 1.0))]
    assert read(fields, write(fields, {"path": None})) == ({"path": None}, [])


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("mode", "<script>"),
        ("s", "1.5"),
        ("s", "three"),
        ("heat", "nan"),
        ("heat", "inf"),
        ("heat", "1" + "0" * 400),
        ("prior", "yes"),
        ("given", ""),
        ("given", "a,<b>"),
        ("path", "left"),
        ("path", "left,0.5,1"),
        ("path", ""),
        ("spots", "left,1;left,1;left,1;left,1"),
        ("spots", "left,1;" * LONGEST),
        ("hide", "everything"),
    ],
)
def test_nonsense_is_left_out_with_a_notice_that_does_not_repeat_it(parameter, text):
    values, notices = read(FIELDS, {parameter: text})
    assert values == DEFAULTS
    assert len(notices) == 1
    assert f"`{parameter}`" in notices[0]
    assert "<" not in notices[0]


def test_numbers_out_of_bounds_are_brought_to_the_limit_and_that_is_said():
    values, notices = read(FIELDS, {"s": "1" + "0" * 400, "heat": "-1", "path": "left,7"})
    assert (values["seed"], values["heat"], values["path"]) == (99, 0, ("left", 1))
    assert len(notices) == 3
    assert all("limit" in notice for notice in notices)


def test_one_bad_part_leaves_the_others_alone():
    values, notices = read(FIELDS, {"mode": "?", "s": "7", "utm_source": "x"})
    assert values == DEFAULTS | {"seed": 7}
    assert len(notices) == 1


def test_a_plus_that_arrives_as_a_space_still_joins():
    assert read(FIELDS, {"chips": "c a"}) == (DEFAULTS | {"chips": ("a", "c")}, [])


def test_a_notice_does_not_list_hundreds_of_options():
    fields = [Field("who", choice([f"name{i}" for i in range(500)]), "name0")]
    _, (notice,) = read(fields, {"who": "nobody"})
    assert len(notice) < 250
    assert "488 more" in notice


def junk(rng, depth=0):
    """Anything that a browser may send as JSON."""
    plain = [None, True, -1, 10**400, 1e308, float("inf"), "", "a", "left", "😀" * 9, [], {}]
    if depth < 3 and rng.random() < 0.5:
        values = [junk(rng, depth + 1) for _ in range(rng.randrange(4))]
        return values if rng.random() < 0.7 else dict(zip("abcd", values, strict=False))
    return rng.choice(plain)


def test_no_message_of_a_component_breaks_or_leaves_the_bounds():
    rng = random.Random(0)
    names = [field.name for field in FIELDS]
    for _ in range(3000):
        message = {name: junk(rng) for name in rng.sample(names, 4)}
        values = amend(FIELDS, OTHERS, message if rng.random() < 0.9 else junk(rng))
        assert amend(FIELDS, DEFAULTS, values) == values
        assert read(FIELDS, write(FIELDS, values)) == (values, [])


def script():
    import streamlit as st

    from explorer.app.links import Field, bind, keep, some, whole

    if st.session_state.get("elsewhere"):
        return
    offered = st.session_state.get("offered", ["a", "b", "c"])
    fields = [Field("seed", whole(0, 9), 3), Field("given", some(offered), ("a",))]
    bind("page", fields)
    st.number_input("Seed", 0, 9, key="page_seed")
    st.multiselect("Given", offered, key="page_given")
    st.session_state.values = keep("page", fields)


@pytest.fixture
def page():
    return AppTest.from_function(script)


def values(page):
    page.run()
    assert not page.exception, page.exception
    return page.session_state["values"]


def test_widgets_start_from_the_link_and_write_it(page):
    page.query_params["seed"] = "7"
    page.query_params["utm_source"] = "x"
    assert values(page) == {"seed": 7, "given": ("a",)}
    page.number_input[0].set_value(8)
    page.multiselect[0].set_value(["c", "a"])
    assert values(page) == {"seed": 8, "given": ("a", "c")}
    assert page.query_params == {"seed": "8", "given": "a,c", "utm_source": "x"}
    page.number_input[0].set_value(3)
    values(page)
    assert "seed" not in page.query_params


def test_a_visit_keeps_what_was_chosen_when_it_comes_back_without_a_link(page):
    page.query_params["seed"] = "7"
    values(page)
    page.session_state["elsewhere"] = True
    page.query_params.clear()
    page.run()
    assert "page_seed" not in page.session_state
    page.session_state["elsewhere"] = False
    assert values(page)["seed"] == 7
    assert page.number_input[0].value == 7


def test_another_link_in_the_same_visit_wins_over_what_was_there(page):
    page.query_params["seed"] = "7"
    values(page)
    page.query_params["seed"] = "2"
    assert values(page)["seed"] == 2
    assert page.number_input[0].value == 2


def test_what_another_dataset_does_not_have_falls_back_to_the_default(page):
    page.query_params["given"] = "b,c"
    assert values(page)["given"] == ("b", "c")
    page.session_state["offered"] = ["a", "c"]
    assert values(page)["given"] == ("a",)


def test_of_another_dataset_the_visit_starts_anew_but_for_what_is_carried():
    def script():
        import streamlit as st

        from explorer.app.links import Field, arrive, remember, whole

        fields = [Field("seed", whole(0, 9), 3), Field("item", whole(0, 9), 0)]
        about = st.session_state.get("about", "rats")
        arrival = arrive("page", fields, about, carry=["seed"])
        st.session_state.values = arrival.values
        remember("page", fields, arrival.values, about)

    page = AppTest.from_function(script)
    page.query_params["seed"], page.query_params["item"] = "7", "5"
    assert values(page) == {"seed": 7, "item": 5}
    page.session_state["about"] = "digits"
    assert values(page) == {"seed": 7, "item": 0}
    assert "item" not in page.query_params


def test_a_bad_link_is_said_once(page):
    page.query_params["seed"] = "<b>"
    values(page)
    assert len(page.warning) == 1
    assert "<" not in page.warning[0].value
    values(page)
    assert not page.warning
