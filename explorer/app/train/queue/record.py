"""What a training's folder holds, written and read."""

import json
import math
from pathlib import Path
from typing import NamedTuple

from explorer.files.whole import write_whole

REQUEST, LOG, CHECKPOINT, STATE = "request.json", "log.jsonl", "checkpoint", "state.pt"
MOST_MINUTES = 10
MOST_SEED = 2**31 - 1


class TrainingError(ValueError):
    """Something that cannot be done with a training now; says why and what can."""


class Request(NamedTuple):
    """What is to be trained.

    Parameters
    ----------
    dataset, model
        Keys of ``DATASETS`` and ``MODELS``.
    minutes
        Budget, from the first step on.
    seed
        Of weights, data order and noise.
    beta
        Weight of the KL term or what stands in its place; the recipe's where it is None.
    """

    dataset: str
    model: str
    minutes: float
    seed: int = 0
    beta: float | None = None

    def check(self) -> None:
        """Raise :class:`TrainingError` for numbers that no training can have."""
        if not 0 < self.minutes <= MOST_MINUTES:
            raise TrainingError(
                f"minutes must be above 0 and at most {MOST_MINUTES}, got {self.minutes}"
            )
        if not 0 <= self.seed <= MOST_SEED:
            raise TrainingError(f"seed must be from 0 to {MOST_SEED}, got {self.seed}")
        if self.beta is not None and not (self.beta >= 0 and math.isfinite(self.beta)):
            raise TrainingError(f"beta must be 0 or more and finite, got {self.beta}")


class Record(NamedTuple):
    """What a log says.

    Parameters
    ----------
    state
        The last event: ``asked``, ``started``, or how it ended: ``finished``, ``stopped``,
        ``interrupted``, ``failed``. Empty for none.
    asked
        When it was put in line, in seconds since 1970.
    message
        What the end said, as a sentence.
    history
        (step, loss terms), in nats, as far as the training went.
    done
        Share of the budget that is used, 0 to 1.
    """

    state: str
    asked: float
    message: str
    history: list[tuple[int, dict[str, float]]]
    done: float


def append(folder: Path, **line: object) -> None:
    """Add a line to the log."""
    with (folder / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def read_record(folder: Path) -> Record:
    """What the log says; lines that a full disk or a kill left half written are passed over."""
    state, asked, message, done = "", 0.0, "", 0.0
    history: list[tuple[int, dict[str, float]]] = []
    try:
        text = (folder / LOG).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        text = ""
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if not isinstance(entry, dict):
            continue
        if "event" in entry:
            state, message = entry["event"], entry.get("message", "")
            asked = entry.get("time", asked)
        elif "terms" in entry:
            while history and history[-1][0] >= entry["step"]:  # resumed from an earlier state
                history.pop()
            history.append((entry["step"], entry["terms"]))
            done = entry["done"]
    return Record(state, asked, message, history, done)


def write_request(folder: Path, request: Request) -> None:
    """Write what is to be trained."""
    write_whole(folder / REQUEST, json.dumps(request._asdict(), indent=1) + "\n")


def read_request(folder: Path) -> Request:
    """Read what is to be trained.

    Raises
    ------
    TrainingError
        The file is missing or damaged.
    """
    try:
        request = Request(**json.loads((folder / REQUEST).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(f"{folder / REQUEST} is damaged ({error}); discard the run") from error
    request.check()
    return request
