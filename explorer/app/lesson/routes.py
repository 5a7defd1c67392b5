"""The room's addresses, beside Streamlit: students send answers, the teacher looks and opens them.

They exist only where ``EXPLORER_ROOM`` names the room's file (``python -m explorer class`` sets
it). What comes in is small, checked and counted: :data:`LARGEST` bytes a message, :data:`OFTEN`
messages a student, and ten times that an address, in :data:`WINDOW` seconds.
"""

import json
import os
import re
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from explorer.app.javascript import read
from explorer.app.lesson.lesson import for_browser, load_lesson
from explorer.app.lesson.room import Room, RoomError, asked

VARIABLE = "EXPLORER_ROOM"
CLASS_VARIABLE = "EXPLORER_CLASS"
LARGEST = 2000
OFTEN = 30
WINDOW = 10.0
WHO = re.compile(r"[0-9a-f]{32}")


class Limit:
    """Counts messages by sender; the oldest senders are forgotten."""

    def __init__(self, often: int):
        self.often, self.seen = often, {}

    def allows(self, sender: str) -> bool:
        """Count one message of a sender; False where that is too many."""
        now = time.monotonic()
        times = self.seen.pop(sender, deque())
        while times and now - times[0] > WINDOW:
            times.popleft()
        self.seen[sender] = times
        if len(self.seen) > 2000:
            del self.seen[next(iter(self.seen))]
        if len(times) >= self.often:
            return False
        times.append(now)
        return True


def refuse(status: int, why: str) -> JSONResponse:
    """An answer that says why not."""
    return JSONResponse({"error": why}, status)


async def message(request: Request) -> dict:
    """The JSON object in a request, of at most ``LARGEST`` bytes; raises :class:`RoomError`."""
    if request.headers.get("content-type", "").split(";")[0] != "application/json":
        raise RoomError("expected JSON")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise RoomError(f"expected at most {LARGEST} bytes")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise RoomError("expected JSON") from None
    if not isinstance(found, dict):
        raise RoomError("expected a JSON object")
    return found


def room_of_environment() -> Room | None:
    """The room that the environment names, None where it names none."""
    if not os.environ.get(VARIABLE):
        return None
    name = os.environ.get(CLASS_VARIABLE, "fusion")
    lesson = load_lesson(name)
    return Room(Path(os.environ[VARIABLE]), name, asked(lesson, for_browser(name, lesson)))


def routes(room: Room | None) -> list[Route]:
    """The addresses of a room; none without one."""
    return _student_routes(room) + _teacher_routes(room) if room else []


def _student_routes(room: Room) -> list[Route]:
    by_student, by_address = Limit(OFTEN), Limit(10 * OFTEN)

    async def answers(request: Request) -> Response:
        if request.path_params["code"] != room.code:
            return refuse(404, "there is no such room")
        if not by_address.allows(request.client.host if request.client else ""):
            return refuse(429, "too many answers at once")
        try:
            said = await message(request)
            who = said.get("who")
            if not isinstance(who, str) or not WHO.fullmatch(who):
                raise RoomError("expected who: 32 hexadecimal digits")
            if not by_student.allows(who):
                return refuse(429, "too many answers at once")
            await run_in_threadpool(room.put, who, str(said.get("question")), said.get("answer"))
        except RoomError as error:
            return refuse(400, str(error))
        return JSONResponse({"kept": True})

    async def opened(request: Request) -> Response:
        if request.path_params["code"] != room.code:
            return refuse(404, "there is no such room")
        return JSONResponse({"open": await run_in_threadpool(room.opened)})

    return [
        Route("/room/{code}/answers", answers, methods=["POST"]),
        Route("/room/{code}/open", opened),
    ]


def _teacher_routes(room: Room) -> list[Route]:
    guesses = Limit(OFTEN)

    def with_key(do: Callable[[Request], object]) -> Callable:
        async def checked(request: Request) -> Response:
            sender = request.client.host if request.client else ""
            key = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not room.knows(key):
                if not guesses.allows(sender):
                    return refuse(429, "too many wrong keys")
                return refuse(403, "this needs the teacher's link")
            try:
                return await do(request)
            except RoomError as error:
                return refuse(400, str(error))

        return checked

    async def results(_request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(room.results))

    async def table(_request: Request) -> Response:
        return PlainTextResponse(await run_in_threadpool(room.table), media_type="text/csv")

    async def open_answers(request: Request) -> Response:
        said = await message(request)
        if not isinstance(said.get("open"), bool):
            raise RoomError("expected open: true or false")
        await run_in_threadpool(room.open, str(said.get("question")), said["open"])
        return JSONResponse({"open": await run_in_threadpool(room.opened)})

    async def delete(_request: Request) -> Response:
        await run_in_threadpool(room.delete)
        return JSONResponse({"deleted": True})

    async def page(_request: Request) -> Response:
        return HTMLResponse(teacher_page(room))

    return [
        Route("/teacher", page),
        Route("/teacher/results", with_key(results)),
        Route("/teacher/answers.csv", with_key(table)),
        Route("/teacher/open", with_key(open_answers), methods=["POST"]),
        Route("/teacher/delete", with_key(delete), methods=["POST"]),
    ]


def teacher_page(room: Room) -> str:
    """The teacher's page; the key is in the link after #, which no server ever sees."""
    dom = read("lesson/dom.js").replace("export ", "")
    code = re.sub(r"^import\b.*?;\n", "", read("lesson/teacher.js"), flags=re.M)
    return (
        read("lesson/teacher.html")
        .replace("/* css */", read("lesson/teacher.css"))
        .replace("/* js */", f"const CLASS = {json.dumps(room.name)};\n{dom}\n{code}")
    )
