"""Maps and scores in the background: one at a time, in order, and a failure is said."""

import threading

from explorer.app.shared.measuring import Measuring, Task, run


def test_tasks_are_done_one_at_a_time_in_order_and_only_once():
    go, done, together = threading.Event(), [], []

    def work(task):
        together.append(task)
        assert go.wait(10)
        done.append((len(together), task))
        together.remove(task)
        return ""

    measuring = Measuring(work)
    measuring.ask("digits", "poe-2")
    measuring.ask("digits", "poe-2", "evaluate")
    assert measuring.said("digits", "moe-2") == []
    assert len(measuring.said("digits", "poe-2")) == 2
    go.set()
    assert measuring.wait(10)
    tasks = [Task("embed", "digits", "poe-2"), Task("evaluate", "digits", "poe-2")]
    assert done == [(1, task) for task in tasks]
    assert measuring.said("digits", "poe-2") == []


def test_what_could_not_be_made_says_why_until_it_is_asked_for_again():
    answers = ["no space left", ""]
    measuring = Measuring(lambda task: answers.pop(0))
    measuring.ask("digits", "poe-2", "embed")
    assert measuring.wait(10)
    assert measuring.said("digits", "poe-2") == ["A map could not be made: no space left"]
    measuring.ask("digits", "poe-2", "embed")
    assert measuring.wait(10)
    assert measuring.said("digits", "poe-2") == []


def test_a_command_that_fails_ends_in_its_own_sentence():
    assert "nosuch" in run(Task("embed", "nosuch", "poe"))
