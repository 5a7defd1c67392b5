"""What a room knows: one SQLite file with the answers of a class, without a name in it.

A room has a code, which the students' link holds, and a key, which only the teacher's link holds.
Whoever answers is a random word that their browser made up. :class:`Room` survives a restart of the
server: everything is in the file.
"""

import csv
import hmac
import io
import json
import secrets
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from explorer.app.lesson.lesson import Lesson

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Of a room's code: none that is taken for another when it is read from a wall."""

MOST_STUDENTS = 300
POINTS = 41
"""Heights of a sketch."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS room (code TEXT, key TEXT, class TEXT);
CREATE TABLE IF NOT EXISTS answers (
    who TEXT, question TEXT, answer TEXT, at REAL, PRIMARY KEY (who, question)
);
CREATE TABLE IF NOT EXISTS opened (question TEXT PRIMARY KEY);
"""


class RoomError(ValueError):
    """What was sent to a room cannot be kept; says why."""


def asked(lesson: Lesson, browser: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """List what can be answered in a class, in its order.

    Parameters
    ----------
    lesson, browser
        The class, and the same as its panel reads it (``for_browser``).

    Returns
    -------
    Key -> kind (``choice``, ``challenge`` or ``sketch``), step, text, and a choice's options.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, step in enumerate(browser["steps"], start=1):
        for part in step["parts"]:
            entry = {"step": number, "text": part.get("text", "")}
            if part.get("ticket"):
                for question in lesson.ticket:
                    found[f"{part['ticket']}_{question.key}"] = {
                        "kind": "choice",
                        "step": number,
                        "text": f"{part['ticket'].capitalize()} the class: {question.text}",
                        "options": [(o.text, o.right) for o in question.options],
                    }
            elif part.get("sketch"):
                found[f"sketch_{step['key']}"] = {"kind": "sketch", **entry}
            elif part.get("challenge"):
                found[part["challenge"]] = {"kind": "challenge", **entry}
            elif part.get("options"):
                options = [(o["text"], o.get("right", False)) for o in part["options"]]
                found[part["key"]] = {"kind": "choice", "options": options, **entry}
    return found


def check_answer(entry: dict[str, Any], answer: object) -> None:
    """Raise :class:`RoomError` unless ``answer`` is one to this question."""

    def whole(value: object, most: int) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most

    fits = {
        "choice": lambda: whole(answer, len(entry.get("options", ())) - 1),
        "challenge": lambda: answer is not True and answer == 1,
        "sketch": lambda: (
            isinstance(answer, list)
            and len(answer) == POINTS
            and all(whole(height, 100) for height in answer)
        ),
    }[entry["kind"]]()
    if not fits:
        raise RoomError(f"this is no answer to a {entry['kind']}")


class Room:
    """The answers of one class, in one file.

    Parameters
    ----------
    file
        Made where there is none, for the person who runs the server alone.
    name, questions
        The class's name, and what can be answered (:func:`asked`).
    """

    def __init__(self, file: Path, name: str, questions: dict[str, dict[str, Any]]):
        self.questions = questions
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        self._lock = threading.Lock()
        self._file = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA secure_delete = ON")
        self._file.executescript(SCHEMA)
        found = self._ask("SELECT code, key, class FROM room")
        if found and found[0][2] != name:
            self._file.close()
            raise RoomError(
                f"{file} holds the answers of the class {found[0][2]!r}: delete them on the "
                "teacher's page, or name another file"
            )
        if not found:
            code = "".join(secrets.choice(LETTERS) for _ in range(5))
            self._ask("INSERT INTO room VALUES (?, ?, ?)", code, secrets.token_urlsafe(18), name)
        self.code, self.key, self.name = self._ask("SELECT code, key, class FROM room")[0]

    def _ask(self, statement: str, *values: object) -> list[tuple]:
        with self._lock:
            return self._file.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def knows(self, key: str) -> bool:
        """Whether this is the teacher's key."""
        return hmac.compare_digest(key.encode(), self.key.encode())

    def put(self, who: str, question: str, answer: object) -> None:
        """Keep an answer, in the place of an earlier one; what was opened stays as it is.

        Raises
        ------
        RoomError
            There is no such question, this is no answer to it, it was opened, or the room is full.
        """
        if question not in self.questions:
            raise RoomError("this class has no such question")
        check_answer(self.questions[question], answer)
        if question in self.opened() and self.questions[question]["kind"] != "challenge":
            raise RoomError("the answers were opened already")
        new = not self._ask("SELECT 1 FROM answers WHERE who = ? LIMIT 1", who)
        if new and self.count() >= MOST_STUDENTS:
            raise RoomError(f"the room is full: it has {MOST_STUDENTS} students")
        self._ask(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
            who,
            question,
            json.dumps(answer),
            time.time(),
        )

    def count(self) -> int:
        """How many students have answered anything."""
        return self._ask("SELECT COUNT(DISTINCT who) FROM answers")[0][0]

    def opened(self) -> list[str]:
        """Questions whose answers the students may see."""
        return [row[0] for row in self._ask("SELECT question FROM opened ORDER BY question")]

    def open(self, question: str, on: bool) -> None:
        """Open the answers of a question, or cover them again."""
        if question not in self.questions:
            raise RoomError("this class has no such question")
        if on:
            self._ask("INSERT OR REPLACE INTO opened VALUES (?)", question)
        else:
            self._ask("DELETE FROM opened WHERE question = ?", question)

    def results(self) -> dict[str, Any]:
        """What the teacher's page shows: how many chose what, sketches, challenges solved."""
        given: dict[str, list[Any]] = {key: [] for key in self.questions}
        for question, answer in self._ask("SELECT question, answer FROM answers ORDER BY at"):
            given.setdefault(question, []).append(json.loads(answer))
        opened = set(self.opened())
        rows = []
        for key, entry in self.questions.items():
            row = {
                "key": key,
                "kind": entry["kind"],
                "step": entry["step"],
                "text": entry["text"],
                "answered": len(given[key]),
                "open": key in opened,
            }
            if entry["kind"] == "choice":
                row["options"] = [
                    {"text": text, "right": right, "count": given[key].count(i)}
                    for i, (text, right) in enumerate(entry["options"])
                ]
            if entry["kind"] == "sketch":
                row["sketches"] = given[key]
            rows.append(row)
        return {"code": self.code, "students": self.count(), "questions": rows}

    def table(self) -> str:
        """All answers as CSV; students are numbers, in the order in which they came."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(["student", "step", "question", "answer", "text", "right", "time"])
        numbers: dict[str, int] = {}
        for who, question, answer, at in self._ask(
            "SELECT who, question, answer, at FROM answers ORDER BY at"
        ):
            entry = self.questions.get(question, {"step": "", "kind": ""})
            said = json.loads(answer)
            text, right = ("", "")
            if entry["kind"] == "choice":
                text, right = entry["options"][said]
            cells = [numbers.setdefault(who, len(numbers) + 1), entry["step"], question]
            cells += [answer, text, right, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))]
            writer.writerow([escape(str(cell)) for cell in cells])
        return out.getvalue()

    def delete(self) -> None:
        """Delete every answer, for good; the room stays, empty, with its code and key."""
        self._ask("DELETE FROM answers")
        self._ask("DELETE FROM opened")
        self._ask("VACUUM")


def escape(cell: str) -> str:
    """``cell`` such that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and cell[:1] else cell
