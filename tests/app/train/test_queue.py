"""The line of trainings: one at a time, nothing lost, every end told in a sentence."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from explorer import training
from explorer.app.train.queue import MOST_WAITING, Line, Request, TrainingError, free_tag
from explorer.app.train.queue.record import STATE, append, read_record
from explorer.checkpoints import list_pretrained

ASKED = Request("polydigits", "mopoe", 1)

TRAINER = (sys.executable, str(Path(__file__).with_name("fake_trainer.py")))


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """The user's runs, and no shipped checkpoints."""
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr("explorer.app.train.queue.line.PRETRAINED", tmp_path / "pretrained")
    return tmp_path / "runs"


@pytest.fixture
def open_line(runs):
    """``open_line()``: a server's line, its trainer one that takes no time."""
    opened = []

    def make():
        opened.append(Line(command=TRAINER))
        return opened[-1]

    yield make
    for line in opened:
        with contextlib.suppress(TrainingError):
            for one in line.trainings():
                if one.state in ("training", "stopping"):
                    line.stop(one.number, at_once=True)
        line.close()


def until(line, number, *states, seconds=20):
    """Wait until a run is in one of ``states``, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        one = line.training(number)
        if one.state in states:
            return one
        time.sleep(0.01)
    pytest.fail(f"run {number} is {one.state}, expected {' or '.join(states)}: {one.message}")


def learning(line, number):
    """Wait until a run has told of a step."""
    while not until(line, number, "training").history:
        time.sleep(0.01)


def states(line):
    return {one.number: (one.state, one.place) for one in line.trainings()}


def test_one_trains_and_the_others_wait_in_the_order_they_came(open_line):
    line = open_line()
    numbers = [line.ask(ASKED) for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert states(line) == {1: ("training", 0), 2: ("waiting", 1), 3: ("waiting", 2)}
    learning(line, 1)
    line.stop(1)
    until(line, 2, "training")
    assert until(line, 1, "stopped").has_weights
    assert states(line)[3] == ("waiting", 1)


def test_two_visitors_share_one_line(open_line):
    line = open_line()
    first, second = line.ask(ASKED), line.ask(ASKED._replace(model="moe", seed=1))
    line.discard(second)
    assert line.training(second) is None
    third = line.ask(ASKED._replace(seed=1))
    assert states(line)[first] == ("training", 0)
    with pytest.raises(TrainingError, match="stop it first"):
        line.discard(first)
    line.stop(first)
    assert until(line, third, "finished").request.seed == 1


def test_the_line_is_not_endless(open_line):
    line = open_line()
    for _ in range(MOST_WAITING + 1):
        line.ask(ASKED)
    with pytest.raises(TrainingError, match="waiting already"):
        line.ask(ASKED)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"minutes": 0}, "minutes"),
        ({"minutes": 1e9}, "minutes"),
        ({"seed": -1}, "seed"),
        ({"beta": float("nan")}, "beta"),
    ],
)
def test_what_nobody_should_ask_for_is_refused(open_line, change, word):
    with pytest.raises(TrainingError, match=word):
        open_line().ask(ASKED._replace(**change))


def test_a_kept_run_is_a_checkpoint_of_its_own_name(open_line, runs):
    line = open_line()
    number = line.ask(ASKED._replace(seed=1))
    until(line, number, "finished")
    assert free_tag("polydigits", "mopoe") == "2"
    assert line.keep(number, "2") == "mopoe-2"
    assert line.trainings() == []
    assert [found[:2] for found in list_pretrained()[-1:]] == [("polydigits", "mopoe-2")]
    kept = {path.name for path in (runs / "polydigits" / "mopoe-2").iterdir()}
    assert kept == {"config.json", "model.safetensors", "training.jsonl"}
    assert free_tag("polydigits", "mopoe") == "3"


@pytest.mark.parametrize("tag", ["", "../../x", "a/b", "Å", "x" * 21, "a-b", "<b>"])
def test_a_name_that_cannot_be_is_refused(open_line, tag):
    line = open_line()
    number = line.ask(ASKED._replace(seed=1))
    until(line, number, "finished")
    with pytest.raises(TrainingError, match="small letters"):
        line.keep(number, tag)
    assert until(line, number, "finished").has_weights


def test_a_name_that_is_taken_is_refused(open_line, runs, tmp_path):
    line = open_line()
    number = line.ask(ASKED._replace(seed=1))
    until(line, number, "finished")
    for place in (runs, tmp_path / "pretrained"):
        (place / "polydigits" / "mopoe-taken").mkdir(parents=True)
        with pytest.raises(TrainingError, match="taken"):
            line.keep(number, "taken")
        (place / "polydigits" / "mopoe-taken").rmdir()


def test_a_failure_ends_in_its_sentence_and_the_next_one_starts(open_line):
    line = open_line()
    bad, worse, good = (line.ask(ASKED._replace(seed=seed)) for seed in (2, 3, 1))
    assert until(line, bad, "failed").message == "loss term 'kl' became nan at step 1."
    assert "no space left" in until(line, worse, "failed").message
    until(line, good, "finished")
    with pytest.raises(TrainingError, match="no weights"):
        line.keep(bad, "2")


def test_a_killed_trainer_is_noticed_and_can_be_resumed(open_line):
    line = open_line()
    number = line.ask(ASKED)
    learning(line, number)
    os.kill(line._running[1].pid, signal.SIGKILL)
    one = until(line, number, "interrupted")
    assert "killed (signal 9)" in one.message
    assert one.has_state
    assert not one.has_weights
    line.resume(number)
    learning(line, number)
    line.stop(number)
    assert until(line, number, "stopped").has_weights


def test_a_trainer_that_does_not_listen_can_be_killed(open_line):
    line = open_line()
    number = line.ask(ASKED._replace(seed=4))
    learning(line, number)
    line.stop(number)
    until(line, number, "stopping")
    line.stop(number, at_once=True)
    until(line, number, "interrupted")


def test_a_restarted_server_finds_everything(open_line):
    line = open_line()
    done = line.ask(ASKED._replace(seed=1))
    until(line, done, "finished")
    numbers = [line.ask(ASKED) for _ in range(2)]
    learning(line, numbers[0])
    line.close()  # as if the server had ended: the trainer's standard input does
    again = open_line()
    assert again.training(done).has_weights
    interrupted = until(again, numbers[0], "interrupted")
    assert interrupted.has_state
    assert until(again, numbers[1], "training").place == 0
    again.stop(numbers[1])
    until(again, numbers[1], "stopped")
    again.resume(numbers[0])
    until(again, numbers[0], "training")


def test_a_server_that_died_at_once_leaves_an_interrupted_run(open_line, runs):
    line = open_line()
    number = line.ask(ASKED._replace(seed=1))
    until(line, number, "finished")
    append(line.training(number).folder, event="started")
    line.close()
    one = open_line().training(number)
    assert one.state == "interrupted"
    assert one.message == "The server ended while it was training."


def test_a_second_server_only_looks(open_line):
    line, other = open_line(), open_line()
    number = line.ask(ASKED)
    learning(line, number)
    assert other.training(number).state == "training"
    for refused in (lambda: other.ask(ASKED), lambda: other.discard(number)):
        with pytest.raises(TrainingError, match="another server"):
            refused()
    line.close()
    assert other.ask(ASKED) == number + 1


def test_lines_that_a_full_disk_cut_are_passed_over(tmp_path):
    append(tmp_path, event="asked", time=1.0)
    append(tmp_path, event="started")
    for step in (1, 2, 3):
        append(tmp_path, step=step, done=step / 10, terms={"total": 1.0})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 4, "te\n[]\n')
    append(tmp_path, step=2, done=0.2, terms={"total": 0.5})  # resumed from an earlier state
    record = read_record(tmp_path)
    assert record.history == [(1, {"total": 1.0}), (2, {"total": 0.5})]
    assert (record.state, record.asked, record.done) == ("started", 1.0, 0.2)


def test_the_training_state_has_the_name_that_training_gives_it():
    assert STATE == training.STATE


def test_the_page_s_rooms_do_not_wait_for_torch():
    code = "import sys, explorer.app.train.queue; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_real_training_learns_tells_draws_and_is_kept(runs):
    line = Line()
    try:
        number = line.ask(Request("digits_photo_text", "moe", 0.05, seed=3, beta=2.0))
        one = until(line, number, "finished", "failed", seconds=240)
        assert one.state == "finished", one.message
        assert one.done == 1.0
        assert set(one.history[-1][1]) >= {"total", "reconstruction", "kl"}
        step, given, drawn = json.loads((one.folder / "samples.json").read_text())
        assert step == one.history[-1][0]
        assert given[0] == "digit"
        assert [name for name, *_ in drawn] == ["digit", "photo", "text"]
        for _, width, pictures, words in drawn:
            assert len(pictures) == len(words) == 8 and width > 0
            assert all(picture.startswith("data:image/png;base64,") for picture in pictures)
        line.keep(number, "mine")
        config = json.loads(Path(runs, "digits_photo_text", "moe-mine", "config.json").read_text())
        assert config["beta"] == 2.0
        assert config["provenance"]["model"] == "moe"
        assert config["provenance"]["seed"] == 3
    finally:
        line.close()
