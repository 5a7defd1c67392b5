"""The real app in a real browser.

``open_page("latent-space", theme="dark", width=390)`` gives a Playwright page on which the app has
finished drawing. When the test ends, any console error, uncaught exception, red box of Streamlit's
or request to another host fails it. ``axe(page)`` lists what axe-core holds against the page.
"""

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
import pytest
from playwright.sync_api import Page, sync_playwright

AXE = "axe-core@4.14.1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FOOTER = "Barycenter Explorer"
# At /generation Streamlit asks whether the app is served from below that path; a 404 says no.
PROBE = re.compile(r"/[\w-]+/_stcore/(health|host-config)$")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="package")
def chromium():
    """A headless Chromium for all browser tests."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


class Opener:
    """Opens pages of the app, and remembers what went wrong and what was sent."""

    def __init__(self, contexts, url):
        self.contexts, self.url = contexts, url
        self.pages: list[Page] = []
        self.problems: list[str] = []
        self.sent: list[int] = []  # bytes of each websocket frame, browser to server
        self.received: list[int] = []  # and back

    def __call__(self, path="", *, theme="light", width=1280, height=900, wait=True) -> Page:
        page = self.contexts[theme].new_page()
        self.pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(90_000)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("request", self._request)
        page.on("websocket", self._websocket)
        page.goto(path if "://" in path else f"{self.url}/{path.lstrip('/')}")
        if wait:
            settle(page)
        return page

    def _console(self, message):
        source = message.location.get("url", "")
        if message.type == "error" and not PROBE.search(source):
            self.problems.append(f"console: {message.text} ({source})")

    def _request(self, request):
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and url.hostname != "127.0.0.1":
            self.problems.append(f"request to another host: {request.url}")

    def _websocket(self, websocket):
        websocket.on("framesent", lambda payload: self.sent.append(len(payload)))
        websocket.on("framereceived", lambda payload: self.received.append(len(payload)))

    def close(self):
        for page in self.pages:
            for box in page.get_by_test_id("stException").all():
                self.problems.append(f"exception: {box.inner_text()}")
            page.close()


def settle(page):
    """Wait until a page is complete: script at its end, footer there, no skeleton left."""
    page.get_by_text(re.compile(rf"^{FOOTER} \d")).wait_for()
    page.wait_for_function(
        """() => document.querySelector("[data-testid=stApp]")
                         .getAttribute("data-test-script-state") === "notRunning"
                 && !document.querySelector("[data-testid=stSkeleton]")"""
    )


@pytest.fixture
def open_page(contexts, server):
    opener = Opener(contexts, server)
    yield opener
    opener.close()
    assert not opener.problems, "\n".join(opener.problems)


@pytest.fixture(scope="package")
def contexts(chromium):
    """One browser profile a theme, kept so that Streamlit's own files are loaded once."""
    profiles = {theme: chromium.new_context(color_scheme=theme) for theme in ("light", "dark")}
    yield profiles
    for profile in profiles.values():
        profile.close()


@pytest.fixture(scope="package")
def axe_source():
    """Text of axe-core (MPL-2.0, not part of this repository), kept in the user's cache."""
    home = platformdirs.user_cache_path("barycenter-explorer") / AXE.replace("@", "-")
    source = home / "package" / "axe.min.js"
    if not source.exists():
        if shutil.which("npm") is None:
            pytest.skip("no npm to fetch axe-core with")
        home.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(
            ["npm", "pack", AXE, "--silent"], cwd=home, capture_output=True, text=True, timeout=120
        )
        if fetched.returncode:
            pytest.skip(f"axe-core could not be fetched: {fetched.stderr.strip()[-200:]}")
        with tarfile.open(home / fetched.stdout.strip().splitlines()[-1]) as package:
            package.extractall(home, filter="data")
    return source.read_text("utf-8")


@pytest.fixture
def axe(axe_source):
    """``axe(page)``: violations of WCAG 2.0 to 2.2, levels A and AA, one line each."""

    def run(page) -> list[str]:
        page.evaluate(axe_source)
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = page.evaluate(
            "async (tags) => (await axe.run(document, {runOnly: tags})).violations", tags
        )
        return [
            f"{rule['id']} ({rule['help']}): {json.dumps(node['target'])} {node['html'][:160]}"
            for rule in found
            for node in rule["nodes"]
        ]

    return run
