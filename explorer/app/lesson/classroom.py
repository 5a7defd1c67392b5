"""``python -m explorer class``: the app for the people in a room, on its local network."""

import io
import os
import socket
import sys
from pathlib import Path

import segno
from rich.console import Console

from explorer.app.lesson.lesson import for_browser, load_lesson, own_classes
from explorer.app.lesson.room import Room, asked
from explorer.app.lesson.routes import CLASS_VARIABLE, VARIABLE

APP = Path(__file__).parents[3] / "app.py"


def own_address() -> str:
    """The address under which other computers of the local network reach this one.

    Nothing is sent: a UDP socket that is only connected tells which interface would be used.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address that is reserved for documentation
        except OSError:
            raise RuntimeError(
                "this computer is on no network: join the room's Wi-Fi, or give --address"
            ) from None
        return probe.getsockname()[0]


def qr(text: str) -> str:
    """A QR code of block characters, for a terminal."""
    out = io.StringIO()
    segno.make(text, error="m").terminal(out=out, compact=True, border=2)
    return out.getvalue()


def links(room: Room, host: str, port: int) -> tuple[str, str]:
    """The students' link, and the teacher's."""
    at = f"http://{host}:{port}"
    return f"{at}/?class={room.name}&room={room.code}", f"{at}/teacher#{room.key}"


def start(name: str, host: str | None, port: int, file: Path | None, console: Console) -> None:
    """Say what is opened and how to reach it, then become the server."""
    lesson = load_lesson(name)
    host = host or own_address()
    file = file or own_classes().parent / "rooms" / f"{name}.sqlite"
    room = Room(file, name, asked(lesson, for_browser(name, lesson)))
    students, teacher = links(room, host, port)
    said = (
        f"{lesson.title}, room {room.code}\n",
        qr(students),
        f"Students: {students}",
        f"Teacher:  {teacher}  (keep it)\n",
        f"This opens port {port} of this computer to everybody on its network {host}, until you "
        f"press Ctrl+C. Answers are kept in {file}, without names.",
    )
    for line in said:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    room.close()
    settings = {"server.address": host, "server.port": port, "server.headless": "true"}
    command = [sys.executable, "-m", "streamlit", "run", str(APP)]
    command += [f"--{option}={value}" for option, value in settings.items()]
    command += [f"--server.allowedHosts={host}", "--server.disconnectedSessionTTL=600"]
    os.chdir(APP.parent)
    sys.stdout.flush()
    os.execve(
        sys.executable,
        command,
        {**os.environ, VARIABLE: str(file.resolve()), CLASS_VARIABLE: name},
    )
