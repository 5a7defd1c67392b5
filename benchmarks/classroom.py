"""Forty students in a room: how soon the teacher sees an answer, and whether anything fails.

    python benchmarks/classroom.py [--students 40]

Starts the server as ``python -m explorer class`` does, opens as many sessions of the app as there
are students within twenty seconds (a websocket each, which loads page 1), and waits until the
server has loaded its models. Then each student answers every question after a moment of thought,
asking meanwhile, twice in three seconds, what was opened; and the teacher's results are read twice
a second, as the teacher's page does. Printed: seconds from sending an answer until
results that hold it have arrived (median, 95 %, longest), and what went wrong.
"""

import argparse
import asyncio
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from tornado.websocket import websocket_connect

from explorer.app.lesson.classroom import links
from explorer.app.lesson.lesson import for_browser, load_lesson
from explorer.app.lesson.room import Room, asked

ROOT = Path(__file__).parents[1]
THINK = 6.0
"""Longest pause before an answer, in seconds."""

ARRIVAL = 20.0
"""Seconds within which all students open the app."""


def start(port: int, file: Path) -> subprocess.Popen:
    """Start the class on a port of this computer."""
    command = [sys.executable, "-m", "explorer", "class", "--address", "127.0.0.1"]
    return subprocess.Popen(
        [*command, "--port", str(port), "--file", str(file)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ,
    )


async def session(port: int, query: str) -> object:
    """A visitor's session of the app: connected, and page 1 run once."""
    await asyncio.sleep(random.uniform(0, ARRIVAL))
    connection = await websocket_connect(
        f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"]
    )
    message = BackMsg()
    message.rerun_script.query_string = query
    await connection.write_message(message.SerializeToString(), binary=True)
    return connection


async def student(client, base, room, questions, sent, failures) -> None:
    """Answer every question, and ask what is open meanwhile."""
    who = secrets.token_hex(16)
    done = False

    async def poll():
        while not done:
            response = await client.get(f"{base}/room/{room}/open")
            if response.status_code != 200:
                failures.append(f"open {response.status_code}")
            await asyncio.sleep(1.5)

    polling = asyncio.create_task(poll())
    for key, entry in questions.items():
        await asyncio.sleep(random.uniform(0.5, THINK))
        answer = {
            "choice": lambda entry=entry: random.randrange(len(entry["options"])),
            "challenge": lambda: 1,
            "sketch": lambda: [random.randint(0, 100) for _ in range(41)],
        }[entry["kind"]]()
        sent[(who, key)] = time.perf_counter()
        body = {"who": who, "question": key, "answer": answer}
        response = await client.post(f"{base}/room/{room}/answers", json=body)
        if response.status_code != 200:
            failures.append(f"answer {response.status_code} {response.text}")
    done = True
    await polling


async def teacher(client, base, key, sent, delays, stop) -> None:
    """Read the results as the teacher's page does; an answer has arrived once its count has."""
    arrived: dict[str, int] = {}
    while not stop.is_set() or len(delays) < len(sent):
        headers = {"Authorization": f"Bearer {key}"}
        response = await client.get(f"{base}/teacher/results", headers=headers)
        now = time.perf_counter()
        for row in response.json()["questions"]:
            times = sorted(t for (_, question), t in sent.items() if question == row["key"])
            for at in times[arrived.get(row["key"], 0) : row["answered"]]:
                delays.append(now - at)
            arrived[row["key"]] = row["answered"]
        await asyncio.sleep(0.5)


async def measure(n: int, port: int, room: Room) -> None:
    """Run the class and print what was found."""
    base = f"http://127.0.0.1:{port}"
    sent, delays, failures = {}, [], []
    limits = httpx.Limits(max_connections=2 * n + 5)
    async with httpx.AsyncClient(limits=limits, timeout=20) as client:
        for _ in range(120):
            try:
                if (await client.get(f"{base}/_stcore/health")).status_code == 200:
                    break
            except httpx.TransportError:
                await asyncio.sleep(0.5)
        query = links(room, "127.0.0.1", port)[0].split("?")[1]
        connections = await asyncio.gather(*(session(port, query) for _ in range(n)))
        while not (await client.get(f"{base}/api/ready")).json()["ready"]:
            await asyncio.sleep(0.5)
        stop = asyncio.Event()
        watching = asyncio.create_task(teacher(client, base, room.key, sent, delays, stop))
        await asyncio.gather(
            *(student(client, base, room.code, room.questions, sent, failures) for _ in range(n))
        )
        stop.set()
        await asyncio.wait_for(watching, 60)
        for connection in connections:
            connection.close()
    delays.sort()
    print(f"load of this machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{n} students, {len(sent)} answers, {len(failures)} failures {failures[:3]}")
    middle, most = delays[len(delays) // 2], delays[int(0.95 * len(delays))]
    print(f"seen after {middle:.2f} s (median), {most:.2f} s (95 %), {delays[-1]:.2f} s (longest)")


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=40)
    n = parser.parse_args().students
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "room.sqlite"
        lesson = load_lesson("fusion")
        room = Room(file, "fusion", asked(lesson, for_browser("fusion", lesson)))
        process = start(port, file)
        try:
            asyncio.run(measure(n, port, room))
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
