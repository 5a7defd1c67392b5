"""Maps and scores made in the background: one command at a time, each in a process of low priority.

What is asked for is known until the server ends; what was made is a file beside the checkpoint, as
if the command had been typed.
"""

import atexit
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple

COMMANDS = {"embed": "a map", "evaluate": "a table of scores"}
"""Command of the explorer -> what it makes of a checkpoint."""

PRIORITY = 15
SECONDS = 3600
"""A command that takes longer is ended."""


class Task(NamedTuple):
    """One command about one checkpoint."""

    command: str
    dataset: str
    model: str


def run(task: Task) -> str:
    """Carry out a task; return why it failed, empty where it did not."""
    process = subprocess.Popen(
        [sys.executable, "-m", "explorer", task.command]
        + ["--dataset", task.dataset, "--model", task.model],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        preexec_fn=(lambda: os.nice(PRIORITY)) if hasattr(os, "nice") else None,
    )
    atexit.register(process.kill)
    try:
        _, said = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return f"it took more than {SECONDS // 60} minutes"
    finally:
        atexit.unregister(process.kill)
    lines = said.strip().splitlines() or [f"it ended with code {process.returncode}"]
    return "" if process.returncode == 0 else lines[-1].removeprefix("error: ")


class Measuring:
    """Tasks in the order in which they were asked for.

    Parameters
    ----------
    work
        Carries out a task and returns why it failed.
    """

    def __init__(self, work: Callable[[Task], str] = run):
        self._work, self._guard = work, threading.Condition()
        self._waiting: list[Task] = []
        self._failed: dict[Task, str] = {}
        self._now: Task | None = None
        self._thread: threading.Thread | None = None

    def ask(self, dataset: str, model: str, *commands: str) -> None:
        """Have the map, the scores or, by default, both made."""
        with self._guard:
            for command in commands or COMMANDS:
                task = Task(command, dataset, model)
                self._failed.pop(task, None)
                if task != self._now and task not in self._waiting:
                    self._waiting.append(task)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._go, daemon=True)
                self._thread.start()

    def said(self, dataset: str, model: str) -> list[str]:
        """A sentence for each task about a checkpoint that is waiting, at work or failed."""
        with self._guard:
            tasks = [*([self._now] if self._now else []), *self._waiting]
            found = [
                f"{COMMANDS[task.command].capitalize()} "
                + ("is being made." if task == self._now else "is waiting to be made.")
                for task in tasks
                if task[1:] == (dataset, model)
            ]
            return found + [
                f"{COMMANDS[task.command].capitalize()} could not be made: {why}"
                for task, why in self._failed.items()
                if task[1:] == (dataset, model)
            ]

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is left to do; whether that came in time."""
        with self._guard:
            return self._guard.wait_for(lambda: not self._waiting and self._now is None, seconds)

    def _go(self) -> None:
        while True:
            with self._guard:
                self._guard.notify_all()
                if not self._waiting:
                    self._thread = None
                    return
                self._now = self._waiting.pop(0)
            why = self._work(self._now)
            with self._guard:
                if why:
                    self._failed[self._now] = why
                self._now = None


MEASURING = Measuring()
"""That of this server."""
