"""The line: who trains, who waits, and what becomes of a run that ended."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import explorer
from explorer.app.train.queue.record import (
    CHECKPOINT,
    LOG,
    STATE,
    Record,
    Request,
    TrainingError,
    append,
    read_record,
    read_request,
    write_request,
)
from explorer.checkpoints import CONFIG, PRETRAINED, WEIGHTS, list_pretrained, runs_directory
from explorer.files.whole import alone

MOST_WAITING = 10
"""Trainings in line, at most."""

COMMAND = (sys.executable, "-m", "explorer", "attend")
"""What carries out the training in a folder, which is its last argument."""

TAG = re.compile(r"[a-z0-9_]{1,20}")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Training(NamedTuple):
    """A training as people see it.

    Parameters
    ----------
    number
        Its name; trainings are counted from 1.
    request
        What is trained.
    state
        ``waiting``, ``training``, ``stopping``, ``finished``, ``stopped``, ``interrupted`` or
        ``failed``.
    place
        1 for the next in line; 0 for those that do not wait.
    message
        What is to be said about the state; may be empty.
    history, done
        As in :class:`Record`.
    has_weights, has_state
        Whether it can be kept; whether it can go on from where it was.
    folder
        Where it is.
    """

    number: int
    request: Request
    state: str
    place: int
    message: str
    history: list[tuple[int, dict[str, float]]]
    done: float
    has_weights: bool
    has_state: bool
    folder: Path

    @property
    def over(self) -> bool:
        """Whether it neither trains nor waits."""
        return self.state not in ("waiting", "training", "stopping")


class Line:
    """Trainings under one folder, one at a time; one object a server.

    Only the server that holds the folder's lock starts anything. The training process ends when
    its standard input does, and saves what it has: it never outlives its server.

    Parameters
    ----------
    root
        The folder; by default ``trainings`` in the user's runs.
    command
        What is run for a training, with its folder as last argument.
    """

    def __init__(self, root: Path | None = None, command: Sequence[str] = COMMAND) -> None:
        self.root = (root or runs_directory() / "trainings").resolve()
        self.command = command
        self._guard = threading.RLock()
        self._lock = contextlib.ExitStack()
        self._holds_lock = False
        self._running: tuple[int, subprocess.Popen] | None = None
        self._stopping = False
        self._last_words: dict[int, tuple[str, str]] = {}
        self._read: dict[int, tuple[tuple[int, int], Record]] = {}
        self.root.mkdir(parents=True, exist_ok=True)
        self._advance()

    def ask(self, request: Request) -> int:
        """Put a training in line and return its number.

        Raises
        ------
        TrainingError
            The line is full, another server has it, or a number is out of its limits.
        OSError
            Nothing could be written.
        """
        request.check()
        with self._guard:
            self._own()
            if sum(training.state == "waiting" for training in self.trainings()) >= MOST_WAITING:
                raise TrainingError(
                    f"{MOST_WAITING} trainings are waiting already; come back when some are done"
                )
            number = self._new_folder()
            write_request(self._folder(number), request)
            append(self._folder(number), event="asked", time=time.time())
            self._advance()
        return number

    def trainings(self) -> list[Training]:
        """All that are there, oldest first."""
        with self._guard:
            self._advance()
            found = []
            for number in self._numbers():
                with contextlib.suppress(TrainingError):  # half made, or being discarded
                    found.append(self._describe(number))
            waiting = [training.number for _, training in sorted(found) if training.place]
        return [
            training._replace(place=waiting.index(training.number) + 1)
            if training.place
            else training
            for _, training in sorted(found, key=lambda pair: pair[1].number)
        ]

    def training(self, number: int) -> Training | None:
        """The one of this number; None if there is none."""
        return next((one for one in self.trainings() if one.number == number), None)

    def stop(self, number: int, *, at_once: bool = False) -> None:
        """End a training after its step, and have it save what it has; ``at_once`` kills it."""
        with self._guard:
            if self._running is None or self._running[0] != number:
                raise TrainingError(f"run {number} is not training here, so it cannot be stopped")
            self._stopping = True
            process = self._running[1]
            if at_once:
                process.kill()
                return
            with contextlib.suppress(OSError, ValueError):  # it has ended by itself, or was told
                process.stdin.write(b"stop\n")
                process.stdin.close()

    def resume(self, number: int) -> None:
        """Put a training that ended early in line again; it goes on from its last state."""
        with self._guard:
            self._own()
            training = self._over(number)
            if training.state == "finished":
                raise TrainingError(f"run {number} has used its budget; start another")
            self._last_words.pop(number, None)
            append(training.folder, event="asked", time=time.time())
            self._advance()

    def keep(self, number: int, tag: str) -> str:
        """Move what a training made to the user's own checkpoints, as ``<model>-<tag>``.

        Returns
        -------
        The name by which :func:`explorer.checkpoints.load_pretrained` and every page finds it.

        Raises
        ------
        TrainingError
            Nothing to keep, or a tag that cannot be or is taken.
        """
        with self._guard:
            self._own()
            training = self._over(number)
            if not training.has_weights:
                raise TrainingError(f"run {number} has no weights yet; resume it or start another")
            if not TAG.fullmatch(tag):
                raise TrainingError(
                    "a name must be 1 to 20 small letters, digits or underscores, "
                    f"got {len(tag)} characters"
                )
            dataset, name = training.request.dataset, f"{training.request.model}-{tag}"
            if any((place / dataset / name).exists() for place in _places()):
                raise TrainingError(f"{name} is taken on {dataset}; give another name")
            source, target = training.folder / CHECKPOINT, runs_directory() / dataset / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(training.folder / LOG, source / "training.jsonl")
            os.replace(source, target)
            (target / STATE).unlink(missing_ok=True)
            shutil.rmtree(training.folder)
        return name

    def discard(self, number: int) -> None:
        """Delete a training that is over, or take one out of the line."""
        with self._guard:
            self._own()
            training = self.training(number)
            if training is None:
                return
            if training.state in ("training", "stopping"):
                raise TrainingError(f"run {number} is training; stop it first")
            shutil.rmtree(training.folder)
            self._last_words.pop(number, None)

    def close(self) -> None:
        """End what is training, have it saved, and let another server have the line."""
        with self._guard:
            running, self._closed = self._running, True
            if running is not None:
                running[1].stdin.close()
        if running is not None:
            running[1].wait()
        self._lock.close()

    _closed = False

    def _own(self) -> None:
        """Hold the lock of the folder from now on, or say who does."""
        if self._holds_lock:
            return
        held = TrainingError(
            "another server on this machine trains into the same folder; train there, or start "
            "this one with another EXPLORER_RUNS"
        )
        self._lock.enter_context(alone(self.root / ".lock", held=held))
        self._holds_lock = True

    def _advance(self) -> None:
        """Start the next training if none is running."""
        with self._guard:
            if self._running is not None or self._closed:
                return
            try:
                self._own()
            except TrainingError:
                return
            waiting = []
            for number in self._numbers():
                with contextlib.suppress(TrainingError):
                    asked, training = self._describe(number)
                    if training.place:
                        waiting.append((asked, number))
            for _, number in sorted(waiting):
                try:
                    self._start(number)
                except OSError as error:
                    self._last_words[number] = "failed", f"It could not be started: {error}."
                else:
                    return

    def _start(self, number: int) -> None:
        folder = self._folder(number)
        append(folder, event="started")
        process = subprocess.Popen(
            [*self.command, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=Path(explorer.__file__).parents[1],
            env=os.environ | ONE_THREAD,
        )
        self._running, self._stopping = (number, process), False
        threading.Thread(target=self._attend, args=(number, process), daemon=True).start()

    def _attend(self, number: int, process: subprocess.Popen) -> None:
        """Wait for the end of a training; say how it ended where it could not; start the next."""
        said = process.stderr.read().decode("utf-8", errors="replace").strip()
        code = process.wait()
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stderr.close()
        with self._guard:
            if read_record(self._folder(number)).state == "started":
                self._last_words[number] = _last_words(code, said)
            self._running = None
            self._advance()

    def _describe(self, number: int) -> tuple[float, Training]:
        """When it was asked for, and what it is; 1 stands for the place of any that waits."""
        folder = self._folder(number)
        request, record = read_request(folder), self._record(number)
        state, message = record.state, record.message
        if self._running is not None and self._running[0] == number and state == "started":
            state, message = ("stopping" if self._stopping else "training"), ""
        elif number in self._last_words:
            state, message = self._last_words[number]
        elif state == "asked":
            state = "waiting"
        elif state in ("started", ""):
            state = "interrupted" if self._holds_lock else "training"
            message = "The server ended while it was training." if self._holds_lock else ""
        checkpoint = folder / CHECKPOINT
        return record.asked, Training(
            number,
            request,
            state,
            int(state == "waiting"),
            message,
            record.history,
            record.done,
            (checkpoint / WEIGHTS).is_file() and (checkpoint / CONFIG).is_file(),
            (checkpoint / STATE).is_file(),
            folder,
        )

    def _record(self, number: int) -> Record:
        """What the log says, read again only when it has grown."""
        try:
            found = (self._folder(number) / LOG).stat()
        except FileNotFoundError:
            return Record("", 0.0, "", [], 0.0)
        stamp = found.st_mtime_ns, found.st_size
        if self._read.get(number, (None,))[0] != stamp:
            self._read[number] = stamp, read_record(self._folder(number))
        return self._read[number][1]

    def _over(self, number: int) -> Training:
        training = self.training(number)
        if training is None:
            raise TrainingError(f"there is no run {number} any more")
        if not training.over:
            raise TrainingError(f"run {number} is {training.state}; wait for it or stop it first")
        return training

    def _numbers(self) -> list[int]:
        return sorted(int(path.name) for path in self.root.iterdir() if path.name.isdecimal())

    def _folder(self, number: int) -> Path:
        return self.root / f"{number:04d}"

    def _new_folder(self) -> int:
        number = max(self._numbers(), default=0) + 1
        while True:
            try:
                self._folder(number).mkdir()
            except FileExistsError:
                number += 1
            else:
                return number


def free_tag(dataset: str, model: str) -> str:
    """The first number, from 2, that no checkpoint of a model has for its tag."""
    number = 2
    while any((place / dataset / f"{model}-{number}").exists() for place in _places()):
        number += 1
    return str(number)


def kept() -> list[tuple[str, str, Path]]:
    """Every checkpoint among the user's own runs, as (dataset, name, folder)."""
    return list_pretrained(root=runs_directory())


def _places() -> tuple[Path, Path]:
    return PRETRAINED, runs_directory()


def _last_words(code: int, said: str) -> tuple[str, str]:
    """State and sentence for a process that ended without telling its log."""
    if code < 0:
        return "interrupted", f"Its process was killed (signal {-code})."
    last = said.splitlines()[-1].removeprefix("error: ") if said else "it did not say why"
    return "failed", f"Its process ended with code {code}: {last}"
