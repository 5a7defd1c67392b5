"""Page 1 under AppTest: links, notices, questions, challenges. The browser has its own tests."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explorer.app.barycenters.lessons import CHALLENGES, PREDICTIONS
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
    app.session_state["barycenters_code"] = True
    ran(app.run())
    assert told(app)["state"] == json.loads(json.dumps(state._asdict()))
    assert "exponent=2" in app.code[0].value


def test_nonsense_in_the_link_is_named_and_never_repeated():
    app = opened(e="<img src=x onerror=alert(1)>", l="sideways", lesson="<b>")
    assert len(app.warning) == 1
    notice = app.warning[0].value
    assert notice.count("in the link must be") == 3
    assert "<" not in notice
    assert told(app)["state"] == json.loads(json.dumps(State()._asdict()))


@pytest.mark.parametrize("key", CHALLENGES)
def test_a_lesson_link_states_its_task_and_hides_controls(key):
    app = opened(lesson=key)
    assert CHALLENGES[key].label in app.info[0].value
    assert {"tab", "presets"} <= set(told(app)["without"])
    assert not app.get("button_group")


@pytest.mark.parametrize("key", PREDICTIONS)
def test_a_prediction_covers_the_curves_until_it_is_answered(key):
    app = opened()
    app.button_group(key="barycenters_mode").set_value("predict")
    ran(app.run())
    app.button_group(key="barycenters_prediction").set_value(key)
    ran(app.run())
    assert told(app)["covered"]
    assert "presets" in told(app)["without"]
    for i, option in enumerate(PREDICTIONS[key].options):
        app.button_group(key="barycenters_answer").set_value(i)
        ran(app.run())
        shown = app.success if option.right else app.warning
        assert option.why in shown[0].value
        assert not told(app)["covered"]


def test_a_link_copied_from_an_answered_prediction_opens_covered_again():
    app = opened()
    app.button_group(key="barycenters_mode").set_value("predict")
    ran(app.run())
    app.button_group(key="barycenters_prediction").set_value("sensor")
    ran(app.run())
    app.button_group(key="barycenters_answer").set_value(2)
    ran(app.run())
    link = dict(app.query_params)
    assert link == {"mode": "predict", "prediction": "sensor"}
    again = opened(**link)
    assert told(again)["covered"]
    assert told(again)["state"] == told(app)["state"]
    assert again.button_group(key="barycenters_answer").value is None


def test_a_link_copied_in_a_challenge_opens_that_challenge_with_its_experts():
    app = opened(mode="challenges", challenge="two_modes", e="-6,1;-5,1;2,1;6,1")
    assert app.button_group(key="barycenters_mode").value == "challenges"
    assert app.button_group(key="barycenters_challenge").value == "two_modes"
    assert CHALLENGES["two_modes"].label in " ".join(box.value for box in (*app.info, *app.success))
    assert told(app)["state"]["experts"][1] == [-5, 1, 1]
    assert "presets" in told(app)["without"], "one of them would solve the task"


def test_a_link_hides_the_controls_that_it_names():
    app = opened(hide="mode,table,words")
    assert told(app)["without"] == ["table"]
    assert not app.button_group
    assert not app.expander


def test_nonsense_from_the_component_is_not_taken_over(monkeypatch):
    from explorer.app.barycenters import widget

    sent = {"experts": [[10**400, -1], "?"], "tab": "plane", "curves": 7, "picked": [-1]}
    monkeypatch.setattr(widget, "barycenter", lambda *_, **__: sent)
    app = opened()
    assert app.session_state["barycenters_now"]["experts"] == State().experts
    assert app.session_state["barycenters_now"]["tab"] == "plane"
    ran(app.run())
