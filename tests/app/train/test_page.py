"""The Train page without a browser: start, look, stop, keep, and what it says when it cannot."""

import io
import sys
import time
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import explorer.app
from explorer.app.shared.measuring import MEASURING
from explorer.app.train.kept import archive, rename
from explorer.app.train.queue import MOST_WAITING, Line, TrainingError
from explorer.checkpoints import list_pretrained

TRAINER = (sys.executable, str(Path(__file__).with_name("fake_trainer.py")))
PAGE = str(Path(explorer.app.__file__).with_name("train") / "page.py")


@pytest.fixture
def line(tmp_path, monkeypatch):
    """The server's line, with a trainer that takes no time."""
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr("explorer.app.train.queue.line.PRETRAINED", tmp_path / "pretrained")
    opened = {}

    def open_once(root, command=TRAINER):
        if root not in opened:
            opened[root] = Line(root, command)
        return opened[root]

    monkeypatch.setattr("explorer.app.train.queue.Line", open_once)
    yield open_once(tmp_path / "runs" / "trainings")
    for one in opened.values():
        for training in one.trainings():
            if training.state in ("training", "stopping"):
                one.stop(training.number, at_once=True)
        one.close()


def visit(**query):
    app = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return again(app)


def again(app):
    app.run()
    assert not app.exception
    return app


def button(app, key):
    return next((b for b in app.button if b.key == key), None)


def texts(elements):
    return " ".join(element.value for element in elements)


def html(app):
    return " ".join(element.proto.body for element in app.get("html"))


def until(line, number, *states):
    deadline = time.monotonic() + 20
    while line.training(number).state not in states:
        assert time.monotonic() < deadline, line.training(number)
        time.sleep(0.01)


def press(app, key):
    button(app, key).click().run()
    assert not app.exception
    return app


@pytest.fixture
def measured(monkeypatch):
    """What was asked to be measured, without doing it."""
    tasks = []
    monkeypatch.setattr(MEASURING, "_work", lambda task: tasks.append(task) or "")
    return tasks


def test_a_run_is_started_watched_stopped_and_kept(line, measured):
    app = press(visit(time="20 seconds", data="simulated_rats"), "train_start")
    request = line.training(1).request
    assert (request.dataset, request.model) == ("simulated_rats", "mopoe")
    assert request.minutes == pytest.approx(1 / 3)
    assert app.query_params["run"] in ("1", ["1"])
    while not line.training(1).history:
        time.sleep(0.01)
    again(app)
    assert "| 1 | Mixture of products | Simulated rats | 0 | training" in texts(app.markdown)
    assert "total from 1 at step 1" in html(app)
    press(app, "train_stop_1")
    until(line, 1, "stopped")
    again(app)
    assert button(app, "train_resume_1") is not None
    press(app, "train_keep_1")
    assert "Kept as **mopoe-2**" in texts(app.success)
    assert [found[:2] for found in list_pretrained("simulated_rats")[-1:]] == [
        ("simulated_rats", "mopoe-2")
    ]
    assert MEASURING.wait(10)
    assert [task[:] for task in measured] == [
        (command, "simulated_rats", "mopoe-2") for command in ("embed", "evaluate")
    ]
    assert "**mopoe\\-2**" in texts(again(app).markdown) or "**mopoe-2**" in texts(app.markdown)


def kept_model(tmp_path):
    folder = tmp_path / "runs" / "simulated_rats" / "mopoe-2"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_a_kept_model_is_renamed_downloaded_and_deleted(line, tmp_path):
    folder = kept_model(tmp_path)
    app = visit()
    app.text_input(key="tag_simulated_rats_mopoe-2").set_value("mine")
    press(app, "rename_simulated_rats_mopoe-2")
    assert not folder.exists()
    assert folder.with_name("mopoe-mine").is_dir()
    names = zipfile.ZipFile(io.BytesIO(archive("simulated_rats", "mopoe-mine"))).namelist()
    assert "simulated_rats/mopoe-mine/config.json" in names
    press(again(app), "delete_simulated_rats_mopoe-mine")
    assert not folder.with_name("mopoe-mine").exists()


@pytest.mark.parametrize("tag", ["../up", "", "a b", "x" * 21, "taken"])
def test_a_name_that_cannot_be_is_refused_and_the_model_stays(line, tmp_path, tag):
    folder = kept_model(tmp_path)
    folder.with_name("mopoe-taken").mkdir()
    with pytest.raises(TrainingError):
        rename("simulated_rats", "mopoe-2", tag)
    assert folder.is_dir()


def test_a_second_visitor_sees_the_line_and_may_not_stop_by_accident(line):
    press(visit(), "train_start")
    other = press(visit(model="moe"), "train_start")
    assert "| 2 | Mixture | PolyDigits | 0 | Next in line, about 1 min left. |" in texts(
        other.markdown
    )
    assert "**Next in line, about 1 min left.** It starts by itself." in texts(other.markdown)
    assert button(other, "train_leave_2") is not None
    looking = visit(run="1")
    assert "Run 1: Mixture of products" in texts(looking.subheader)
    assert button(looking, "train_stop_1") is None
    looking.checkbox(key="train_permit_1").check().run()
    assert button(looking, "train_stop_1") is not None


def test_a_full_line_says_so(line):
    for _ in range(MOST_WAITING + 1):
        app = press(visit(), "train_start")
    app = press(app, "train_start")
    assert "trainings are waiting already" in texts(app.error)


def test_a_failure_is_a_sentence_on_the_page(line):
    app = visit()
    app.number_input(key="train_seed").set_value(2)
    press(again(app), "train_start")
    until(line, 1, "failed")
    again(app)
    assert "loss term 'kl' became nan at step 1." in texts(app.error)
    assert button(app, "train_keep_1") is None
    press(app, "train_discard_1")
    assert line.trainings() == []


def test_a_bad_name_is_refused_in_a_sentence(line):
    app = visit()
    app.number_input(key="train_seed").set_value(1)
    press(again(app), "train_start")
    until(line, 1, "finished")
    again(app).text_input(key="train_tag_1").set_value("../x")
    press(again(app), "train_keep_1")
    assert "small letters, digits or underscores" in texts(app.error)
    assert line.training(1).has_weights


def test_an_interrupted_run_can_be_resumed(line):
    app = press(visit(), "train_start")
    while not line.training(1).history:
        time.sleep(0.01)
    line.stop(1, at_once=True)
    until(line, 1, "interrupted")
    again(app)
    assert "Its process was killed" in texts(app.info)
    press(app, "train_resume_1")
    until(line, 1, "training")


@pytest.mark.parametrize("run", ["99", "-1", "²", "x" * 500, "<b>"])
def test_nonsense_in_the_link_is_passed_over(line, run):
    press(visit(), "train_start")
    app = visit(run=run, train_model="../../etc", train_time="9 years", data="<i>")
    assert "Run 1: Mixture of products" in texts(app.subheader)


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("EXPLORER_RUNS", str(blocked))
    assert "Nothing can be trained here" in texts(visit().error)


def test_the_card_of_the_model_is_at_hand(line):
    app = visit(model="mac_wae")
    assert "About MAC-WAE" in [expander.label for expander in app.expander]
