"""How quick the app is, in a real browser on this machine: ``python benchmarks/app.py``.

Starts the app, drives it with headless Chromium as a visitor would, and writes
``benchmarks/results/app.json`` with every figure, its target and the machine, and the table
``benchmarks/results/app.md`` that the README quotes. Wall times on a busy machine are those of a
busy machine; the load stands beside them.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import psutil
import websockets
from playwright.sync_api import sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from explorer.checkpoints import commit

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MIB = 2**20
MOVES = 40
CLICKS = 12

CURVES = "[data-curve]"
HANDLE = ".bx-handle"

# From an event of ``kind`` to the first frame in which the curves differ, and the frame after it.
WATCH = """(kind) => {
  const pierce = (selector, root = document) => {
    const found = [...root.querySelectorAll(selector)];
    for (const node of root.querySelectorAll("*"))
      if (node.shadowRoot) found.push(...pierce(selector, node.shadowRoot));
    return found;
  };
  const curves = pierce("[data-curve]");
  const shape = () => curves.map((curve) => curve.getAttribute("d") ?? "").join("|");
  const watch = { latencies: [], gaps: [], blank: 0, frames: 0, on: true };
  let last = shape(), since = null, painted = null;
  addEventListener(kind, () => (since ??= performance.now()), { capture: true });
  const frame = (now) => {
    if (!watch.on) return;
    watch.frames += 1;
    const at = shape();
    if (!curves[0].isConnected || !/\\d/.test(at)) watch.blank += 1;
    if (at !== last) {
      const began = since; // null while the page only moves by itself
      if (began !== null)
        requestAnimationFrame(() => watch.latencies.push(performance.now() - began));
      if (painted !== null) watch.gaps.push(now - painted);
      [last, since, painted] = [at, null, now];
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  globalThis.watch = watch;
  curves[0].marked = true;
  watch.kept = () => pierce("[data-curve]")[0]?.marked === true;
}"""
STOP = """() => {
  watch.on = false;
  return { ...watch, kept: watch.kept() };
}"""
# Milliseconds from a click on ``node`` until the frame after the one that shows what it did.
TO_FRAME = """(node) => new Promise((done) => {
  const began = performance.now();
  node.click();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
})"""


def row(name, value, unit, target=None, digits=0):
    """One figure of the table."""
    return {"name": name, "value": round(value, digits), "unit": unit, "target": target}


def quantile(values, q):
    """The smallest value that a share ``q`` of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


@contextmanager
def app():
    """The running app: its process, its address, and the seconds until it was healthy."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
        + ["--server.headless=true"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        while ask(url, "/_stcore/health") is None:
            if process.poll() is not None or time.perf_counter() - began > 60:
                raise RuntimeError("the app did not start: run `streamlit run app.py` to see why")
            time.sleep(0.02)
        yield process, url, began, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(20)


def ask(url, path):
    """Body of an answer; None while there is none."""
    try:
        with urllib.request.urlopen(url + path, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return None


def memory(process):
    """Resident MiB of the server."""
    return psutil.Process(process.pid).memory_info().rss / MIB


@contextmanager
def browser(**options):
    """Chromium with an empty profile."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        raise RuntimeError(f"this benchmark needs a browser: one of {', '.join(BROWSERS)}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium.new_context(viewport={"width": 1280, "height": 900}, **options)
        chromium.close()


def visit(context, url, ready):
    """A new tab on ``url`` once ``ready`` is on the screen, and the bytes of its websocket."""
    page = context.new_page()
    page.set_default_timeout(60_000)
    traffic = {"sent": [], "received": []}
    page.on("websocket", lambda socket: listen(socket, traffic))
    page.goto(url)
    page.locator(ready).first.wait_for()
    return page, traffic


def listen(websocket, traffic):
    websocket.on("framesent", lambda payload: traffic["sent"].append(len(payload)))
    websocket.on("framereceived", lambda payload: traffic["received"].append(len(payload)))


def quiet(page):
    """Let what a page does by itself come to an end."""
    page.wait_for_timeout(2500)


def starts(repeats):
    """From the command to a healthy server, to page 1, and to page 1 in a second tab."""
    health, first, second = [], [], []
    for _ in range(repeats):
        with browser() as context, app() as (_, url, began, seconds):
            health.append(seconds)
            visit(context, url, HANDLE)
            first.append(time.perf_counter() - began)
            again = time.perf_counter()
            visit(context, url, HANDLE)
            second.append(time.perf_counter() - again)
    return [
        row("start to healthy", statistics.median(health), "s", "<= 1.5", 2),
        row(
            "start to page 1 usable, empty browser cache", statistics.median(first), "s", "<= 3", 2
        ),
        row("page 1 in a second tab", statistics.median(second), "s", "<= 1", 2),
    ]


def plotly_start():
    """From the command to a drawn Plotly figure on the last page."""
    with browser() as context, app() as (_, url, began, _):
        visit(context, f"{url}/scores", ".js-plotly-plot .trace")
        return [row("start to Scores drawn", time.perf_counter() - began, "s", "<= 4", 2)]


def drag(context, url):
    """Forty moves of an expert's dot, then forty presses of an arrow key on it."""
    page, traffic = visit(context, url, HANDLE)
    quiet(page)
    handle = page.locator(HANDLE).first
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(WATCH, "pointermove")
    page.mouse.move(x, y)
    page.mouse.down()
    traffic["sent"].clear()
    traffic["received"].clear()
    for move in range(1, MOVES + 1):
        page.mouse.move(x + 3 * move, y - move)
        page.wait_for_timeout(30)
    held = sum(traffic["sent"]) + sum(traffic["received"])
    seen = page.evaluate(STOP)
    page.mouse.up()
    quiet(page)
    released = sum(traffic["sent"]) + sum(traffic["received"])
    reruns = len(traffic["sent"])
    page.evaluate(WATCH, "keydown")
    handle.focus()
    for _ in range(MOVES):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(60)
    pressed = page.evaluate(STOP)
    kept = seen["kept"] and pressed["kept"]
    page.close()
    return [
        row("drag: input to paint, median", statistics.median(seen["latencies"]), "ms"),
        row("drag: input to paint, p95", quantile(seen["latencies"], 0.95), "ms", "<= 50"),
        row("drag: moves painted", 100 * len(seen["latencies"]) / MOVES, "%", ">= 95"),
        row("drag: time between paints, median", statistics.median(seen["gaps"]), "ms"),
        row("drag: blank frames", seen["blank"], "frames", "0"),
        row("drag and release: curves kept in place", int(kept), "of 1", "1"),
        row("drag: sent while dragging", held, "B", "0"),
        row("release: sent, both ways", released / 1e3, "kB", "<= 6", 1),
        row("release: reruns", reruns, "", "1"),
        row("arrow key: input to paint, p95", quantile(pressed["latencies"], 0.95), "ms", "<= 50"),
    ]


def scatter(context, url):
    """The map of 31 subsets: what it weighs, and how quickly it is drawn and redrawn."""
    began = time.perf_counter()
    page, traffic = visit(context, f"{url}/latent-space", ".scatter[data-drawn]")
    drawn = time.perf_counter() - began
    quiet(page)
    largest = max(traffic["received"])
    maps = page.get_by_role("radiogroup", name="Map")
    asked = time.perf_counter()
    maps.locator("[data-key=pca]").click()
    page.locator(".scatter:not(.waits)").wait_for()
    fetched = time.perf_counter() - asked
    quiet(page)
    switches = [
        maps.locator(f"[data-key={key}]").evaluate(TO_FRAME)
        for key in ("umap0", "pca") * (CLICKS // 2)
    ]
    chip = page.locator(".scatter .chips button").first
    toggles = [chip.evaluate(TO_FRAME) for _ in range(CLICKS)]
    page.close()
    return [
        row("map: largest message", largest / 1e3, "kB", "<= 150"),
        row("map: opened to drawn, warm cache", drawn, "s", "<= 1.5", 2),
        row("map: first switch to a layout, sent when asked for", 1e3 * fetched, "ms"),
        row("map: switch embedding, median", statistics.median(switches), "ms", "<= 250"),
        row("map: toggle a modality, median", statistics.median(toggles), "ms", "<= 50"),
    ]


MORPH = """async (view, draws) => {
  const range = view.querySelector(".gx-morph input");
  const painted = () => view.dataset.painted;
  const latencies = [];
  for (let k = 0; k < 40; k++) {
    const before = painted(), began = performance.now();
    range.value = (k % 20) / 20;
    range.dispatchEvent(new Event(draws === 8 ? "change" : "input"));
    while (painted() === before) await new Promise((next) => requestAnimationFrame(next));
    latencies.push(performance.now() - began);
  }
  return latencies;
}"""


def generation(context, url):
    """From an input that changes to what four rules make of it, all in the browser."""
    ready = ".gx[data-state=ready]"
    fetched = []
    opened = []
    for _ in range(2):  # the first visitor of a server waits for torch
        page = context.new_page()
        context.clear_cookies()
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        page.on("requestfinished", lambda request: fetched.append((request.url, weight(request))))
        began = time.perf_counter()
        page.goto(f"{url}/generation")
        page.locator(ready).wait_for()
        opened.append(time.perf_counter() - began)
        page.close()
    page, traffic = visit(context, f"{url}/generation", ready)
    quiet(page)
    page.get_by_role("button", name="Stop counting").click()
    quiet(page)
    before = sum(traffic["sent"])
    view = page.locator(".gx")
    moving = view.evaluate(MORPH, 4)
    resting = view.evaluate(MORPH, 8)
    sent = sum(traffic["sent"]) - before
    page.close()
    model = max(size for address, size in fetched if "/moe/model.safetensors" in address)
    return [
        row("generation: first visitor of a server, opened to pictures", opened[0], "s", None, 2),
        row("generation: opened to pictures, cold cache", opened[1], "s", "<= 1.5", 2),
        row("generation: fetched for the first model", model / 1e6, "MB", "<= 2", 2),
        row("generation: input to four rules painted, median", statistics.median(moving), "ms"),
        row("generation: input to four rules painted, p95", quantile(moving, 0.95), "ms", "<= 50"),
        row("generation: 8 draws of four rules, p95", quantile(resting, 0.95), "ms", "<= 250"),
        row("generation: sent while dragging", sent, "B", "0"),
    ]


def weight(request):
    """Bytes of an answer's body as it was sent."""
    return request.sizes()["responseBodySize"]


async def student(url, path):
    """One session without a browser: seconds until its page was complete, and its red boxes."""
    began = time.perf_counter()
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    async with websockets.connect(address, max_size=None, origin=url) as connection:
        message = BackMsg()
        message.rerun_script.page_name = path
        await connection.send(message.SerializeToString())
        errors = elements = 0
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(await connection.recv())
            kind = answer.WhichOneof("type")
            if kind == "delta":
                elements += 1
                errors += answer.delta.new_element.HasField("exception")
            if kind == "script_finished":
                if elements < 10:
                    raise RuntimeError(f"/{path} answered with {elements} elements only")
                return time.perf_counter() - began, errors


async def together(url, path, students):
    return await asyncio.gather(*(student(url, path) for _ in range(students)))


def classroom(url, process, students):
    """Everyone opens the same page at once."""
    rows = []
    for path, title, target in [("", "page 1", None), ("generation", "Generation", "<= 5")]:
        before = memory(process)
        with ThreadPoolExecutor() as pool:  # Playwright has this thread's event loop
            answers = pool.submit(asyncio.run, together(url, path, students)).result()
        slowest = max(seconds for seconds, _ in answers)
        growth = (memory(process) - before) / students
        rows += [
            row(f"{students} students open {title} at once: slowest", slowest, "s", target, 2),
            row(f"{title}: errors among them", sum(errors for _, errors in answers), "", "0"),
            row(f"{title}: server memory a student", growth, "MiB", "<= 1", 2),
        ]
    return rows


def run(repeats, students):
    """All figures, in the order of the table."""
    rows = [*starts(repeats), *plotly_start()]
    with browser(reduced_motion="reduce") as context, app() as (process, url, _, _):
        for path in ("", "scores", "train"):
            visit(context, f"{url}/{path}", "text=Barycenter Explorer 0")[0].close()
        asked = "server memory while nothing asks for torch"
        rows.append(row(asked, memory(process), "MiB", "<= 320"))
        rows += generation(context, url)
        rows += drag(context, url)
        rows += scatter(context, url)
        rows += classroom(url, process, students)
        rows.append(row("server memory after all that", memory(process), "MiB", "<= 600"))
    return rows


def machine():
    """What the figures were taken on."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "packages": {name: version(name) for name in ("streamlit", "plotly", "torch")},
        "commit": commit(),
        "load_before_and_after": [round(psutil.getloadavg()[0], 1)],
    }


def table(rows, about):
    """The figures as Markdown."""
    load = " and ".join(map(str, about["load_before_and_after"]))
    lines = [
        f"{about['cores']} cores, {about['system']}, headless Chromium; one-minute load {load} "
        f"before and after; commit {about['commit']}. By `python benchmarks/app.py`.",
        "",
        "| what | measured | target |",
        "|---|---:|---:|",
    ]
    for r in rows:
        lines.append(f"| {r['name']} | {r['value']:g} {r['unit']} | {r['target'] or ''} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="starts of the server (3)")
    parser.add_argument("--students", type=int, default=30, help="sessions at once (30)")
    options = parser.parse_args()
    about = machine()
    rows = run(options.repeats, options.students)
    about["load_before_and_after"].append(round(psutil.getloadavg()[0], 1))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "app.json").write_text(
        json.dumps({"machine": about, "figures": rows}, indent=2) + "\n"
    )
    (RESULTS / "app.md").write_text(table(rows, about))
    print(table(rows, about))


if __name__ == "__main__":
    main()
