"""A room keeps answers and nothing else; only the teacher's key shows, opens and deletes them."""

import csv
import io
import json
import stat

import pytest
from rich.console import Console
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer.app.lesson import classroom
from explorer.app.lesson.lesson import for_browser, load_lesson
from explorer.app.lesson.room import MOST_STUDENTS, Room, RoomError, asked, escape
from explorer.app.lesson.routes import LARGEST, OFTEN, room_of_environment, routes

WHO = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def questions():
    lesson = load_lesson("fusion")
    return asked(lesson, for_browser("fusion", lesson))


@pytest.fixture
def room(tmp_path, questions):
    room = Room(tmp_path / "room.sqlite", "fusion", questions)
    yield room
    room.close()


@pytest.fixture
def client(room):
    with TestClient(Starlette(routes=routes(room))) as client:
        yield client


def answer(client, room, question="consensus", value=1, who=WHO):
    body = {"who": who, "question": question, "answer": value}
    return client.post(f"/room/{room.code}/answers", json=body)


def as_teacher(room):
    return {"Authorization": f"Bearer {room.key}"}


def row(room, key):
    return next(each for each in room.results()["questions"] if each["key"] == key)


def test_an_answer_is_counted_once_and_may_be_changed_until_it_is_opened(client, room):
    assert answer(client, room, value=0).status_code == 200
    assert answer(client, room, value=1).status_code == 200
    assert [o["count"] for o in row(room, "consensus")["options"]] == [0, 1, 0]
    room.open("consensus", True)
    late = answer(client, room, value=2)
    assert (late.status_code, late.json()["error"]) == (400, "the answers were opened already")
    assert [o["count"] for o in row(room, "consensus")["options"]] == [0, 1, 0]


def test_sketches_and_solved_challenges_are_kept_too(client, room):
    heights = [0] * 20 + [100] + [0] * 20
    assert answer(client, room, "sketch_believe", heights).status_code == 200
    assert answer(client, room, "false_consensus", 1).status_code == 200
    assert row(room, "sketch_believe")["sketches"] == [heights]
    assert row(room, "false_consensus")["answered"] == 1


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("consensus", 3),
        ("consensus", -1),
        ("consensus", True),
        ("consensus", "1"),
        ("consensus", None),
        ("sketch_believe", [1] * 40),
        ("sketch_believe", [101] * 41),
        ("sketch_believe", "x" * 41),
        ("false_consensus", True),
        ("before_peak", [0]),
        ("absent", 0),
    ],
)
def test_what_is_no_answer_is_refused_and_not_kept(client, room, question, value):
    assert answer(client, room, question, value).status_code == 400
    assert room.count() == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"[" * 1500, b"x" * (LARGEST + 1), json.dumps({"who": "me"}).encode()],
)
def test_a_message_that_is_none_is_refused(client, room, body):
    headers = {"Content-Type": "application/json"}
    response = client.post(f"/room/{room.code}/answers", content=body, headers=headers)
    assert response.status_code == 400
    assert room.count() == 0


def test_a_form_of_another_site_cannot_answer(client, room):
    body = json.dumps({"who": WHO, "question": "consensus", "answer": 1})
    headers = {"Content-Type": "text/plain"}
    response = client.post(f"/room/{room.code}/answers", content=body, headers=headers)
    assert response.status_code == 400


def test_who_sends_too_much_is_told_to_wait(client, room):
    codes = [answer(client, room).status_code for _ in range(OFTEN + 1)]
    assert codes == [200] * OFTEN + [429]
    assert answer(client, room, who="f" * 32).status_code == 200


def test_another_code_finds_no_room(client, room):
    assert client.post("/room/AAAAA/answers", json={}).status_code == 404
    assert client.get("/room/AAAAA/open").status_code == 404


def test_a_room_has_room_for_so_many(room, monkeypatch):
    monkeypatch.setattr(room, "count", lambda: MOST_STUDENTS)
    with pytest.raises(RoomError, match="the room is full"):
        room.put(WHO, "consensus", 1)


@pytest.mark.parametrize("path", ["results", "answers.csv", "open", "delete"])
def test_nothing_of_the_teacher_is_had_without_the_key(client, room, path):
    ask = client.get if path in ("results", "answers.csv") else client.post
    assert ask(f"/teacher/{path}").status_code == 403
    assert ask(f"/teacher/{path}", headers={"Authorization": "Bearer x"}).status_code == 403


def test_keys_cannot_be_guessed_at_speed(client):
    codes = [client.get("/teacher/results").status_code for _ in range(OFTEN + 1)]
    assert codes[-1] == 429


def test_opening_and_covering_reaches_the_students(client, room):
    for on, expected in ((True, ["consensus"]), (False, [])):
        body = {"question": "consensus", "open": on}
        assert client.post("/teacher/open", json=body, headers=as_teacher(room)).status_code == 200
        assert client.get(f"/room/{room.code}/open").json() == {"open": expected}


def test_the_table_has_numbers_for_students_and_no_formula(client, room):
    room.questions = room.questions | {
        "odd": {"kind": "choice", "step": 1, "text": "?", "options": [("=1+1", True), ("b", False)]}
    }
    answer(client, room, "odd", 0)
    answer(client, room, "consensus", 0, who="f" * 32)
    text = client.get("/teacher/answers.csv", headers=as_teacher(room)).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(r["student"], r["question"], r["text"]) for r in rows] == [
        ("1", "odd", "'=1+1"),
        ("2", "consensus", "Only the product"),
    ]
    assert WHO not in text


@pytest.mark.parametrize("cell", ["=a", "+a", "-a", "@a", "\ta", "\ra"])
def test_a_cell_that_a_spreadsheet_would_run_is_escaped(cell):
    assert escape(cell) == f"'{cell}"


def test_a_room_survives_a_restart_and_is_its_owners_alone(tmp_path, questions):
    file = tmp_path / "rooms" / "room.sqlite"
    first = Room(file, "fusion", questions)
    first.put(WHO, "consensus", 1)
    first.open("consensus", True)
    first.close()
    again = Room(file, "fusion", questions)
    assert (again.code, again.key) == (first.code, first.key)
    assert (again.count(), again.opened()) == (1, ["consensus"])
    again.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(RoomError, match="holds the answers of the class 'fusion'"):
        Room(file, "mine", questions)


def test_one_button_deletes_everything_from_the_file(client, room, tmp_path):
    answer(client, room)
    assert client.post("/teacher/delete", headers=as_teacher(room)).status_code == 200
    assert room.count() == 0
    assert WHO.encode() not in (tmp_path / "room.sqlite").read_bytes()


def test_the_teachers_page_holds_no_secret_and_no_markup_of_a_class(client, room):
    page = client.get("/teacher")
    assert page.status_code == 200
    assert room.key not in page.text
    assert room.code not in page.text


def test_without_a_room_there_are_no_addresses(monkeypatch):
    monkeypatch.delenv("EXPLORER_ROOM", raising=False)
    assert routes(room_of_environment()) == []


def test_make_class_says_what_it_opens_and_lets_in_only_its_own_address(tmp_path, monkeypatch):
    ran = {}
    monkeypatch.setattr(classroom.os, "chdir", lambda _: None)
    monkeypatch.setattr(
        classroom.os, "execve", lambda program, line, env: ran.update(line=line, env=env)
    )
    out = io.StringIO()
    file = tmp_path / "room.sqlite"
    classroom.start("fusion", "192.168.7.5", 8599, file, Console(file=out, width=60))
    said = out.getvalue()
    assert "http://192.168.7.5:8599/?class=fusion&room=" in said
    assert "opens port 8599 of this computer to everybody on its network" in said
    assert "█" in said
    assert "--server.address=192.168.7.5" in ran["line"]
    assert "--server.allowedHosts=192.168.7.5" in ran["line"]
    assert ran["env"]["EXPLORER_ROOM"] == str(file)
