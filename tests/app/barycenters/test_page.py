"""Page 1 under AppTest: links, notices, questions, challenges. The browser has its own tests."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.app.barycenters.lessons import CHALLENGES, QUESTIONS
from explorer.app.barycenters.state import State, write_link

PAGE = Path(__file__).parents[3] / "explorer/app/barycenters/page.py"


def opened(**query):
    app = AppTest.from_file(PAGE, default_timeout=60)
    for name, text in query.items():
        app.query_params[name] = text
    return ran(app.run())


def ran(app):
    assert not app.exception, app.exception
    return app


def told(app):
    """What the widget was told."""
    return app.session_state["barycenters_command"]


def test_the_page_opens_in_its_default_state():
    app = opened()
    assert told(app)["state"] == json.loads(json.dumps(State()._asdict()))
    assert not app.warning
    assert len(app.get("bidi_component")) == 1


def test_the_link_decides_what_is_shown():
    state = State(view="log", prior=True, dial=2.0)
    app = opened(**write_link(state))
    assert told(app)["state"] == json.loads(json.dumps(state._asdict()))
    assert "exponent=2" in app.code[0].value


def test_nonsense_in_the_link_is_named_and_never_repeated():
    app = opened(e="<img src=x onerror=alert(1)>", l="sideways", lesson="<b>")
    assert len(app.warning) == 1
    notice = app.warning[0].value
    assert notice.count("not understood") == 2
    assert "no such lesson" in notice
    assert "<" not in notice
    assert told(app)["state"] == json.loads(json.dumps(State()._asdict()))


@pytest.mark.parametrize("key", CHALLENGES)
def test_a_lesson_link_states_its_task_and_hides_controls(key):
    app = opened(lesson=key)
    assert CHALLENGES[key].label in app.info[0].value
    assert told(app)["lesson"]
    assert not app.get("button_group")


@pytest.mark.parametrize("key", QUESTIONS)
def test_a_question_hides_the_curves_until_it_is_answered(key):
    app = opened()
    app.button_group(key="barycenters_mode").set_value("Predict first")
    ran(app.run())
    app.button_group(key="barycenters_question").set_value(key)
    ran(app.run())
    assert told(app)["hide"]
    for i, option in enumerate(QUESTIONS[key].options):
        app.button_group(key="barycenters_answer").set_value(i)
        ran(app.run())
        shown = app.success if option.right else app.warning
        assert option.why in shown[0].value
        assert not told(app)["hide"]
