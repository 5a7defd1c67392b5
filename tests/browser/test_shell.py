"""What holds for every page: drawn without errors, usable by everyone, talking to no other host."""

import base64
import contextlib
import http.client
import json
import os
from urllib.parse import urlsplit

import pytest

from explorer.pages import PAGES

LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}

NONSENSE = [
    "e=nan,inf,-1e999;;<script>alert(1)</script>&c=999&l=%00&lesson=%F0%9F%92%A9",
    "model=../../etc/passwd&models=poe,,xx&seed=-1&k=1e9&item=99999999&given=m9&dim=-5&class=zz",
    "a=" + "x" * 5000,
]


def shot(page, name):
    """Save what the whole page looks like under test-results/, for people to look at."""
    height = page.evaluate(
        "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
    )
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(height, 6000)})
    page.wait_for_timeout(400)
    page.screenshot(path=f"test-results/{name}.png")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_drawn_and_accessible(open_page, axe, path, look):
    theme, width = LOOKS[look]
    page = open_page(path, theme=theme, width=width)
    shot(page, f"{path}-{look}")
    assert not axe(page)


@pytest.mark.parametrize("path", PAGES)
def test_headings_start_at_one_and_skip_no_level(open_page, path):
    page = open_page(path)
    levels = [
        int(heading.evaluate("node => node.tagName[1]"))
        for heading in page.locator("h1, h2, h3, h4, h5, h6").all()
        if heading.is_visible()
    ]
    assert levels[:1] == [1]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_on_a_phone(open_page, path):
    page = open_page(path, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("query", NONSENSE, ids=["numbers", "names", "length"])
@pytest.mark.parametrize("path", PAGES)
def test_nonsense_in_the_url_breaks_no_page(open_page, path, query):
    page = open_page(f"{path}?{query}")
    assert page.locator("h1").count() == 1


def test_navigation_walks_through_all_pages_and_back(open_page):
    page = open_page()
    for path, title in [*PAGES.items(), next(iter(PAGES.items()))]:
        page.get_by_test_id("stTopNavLink").filter(has_text=title).click()
        page.wait_for_url(lambda url, path=path: urlsplit(url).path.strip("/") in (path, ""))
        page.wait_for_function(
            "title => document.title.startsWith(title)", arg=title, timeout=15_000
        )


def test_copy_link_copies_the_address(open_page):
    page = open_page(next(iter(PAGES)))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def answer(server, path, headers):
    """Status, headers and body that the server answers with."""
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as response:
            body = b"" if response.status == 101 else response.read()
            return response.status, response.headers, body


def upgrade(server, host):
    """Status of a websocket handshake that names ``host``."""
    headers = {
        "Host": host,
        "Origin": f"http://{host}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    status, _, _ = answer(server, "/_stcore/stream", headers)
    return status


def test_a_rebound_host_name_is_refused(server):
    assert upgrade(server, urlsplit(server).netloc) == 101
    assert upgrade(server, "attacker.example") == 403


@pytest.mark.parametrize("path", ["/", "/api/ready", "/_stcore/health"])
def test_every_answer_carries_the_security_headers(server, path):
    _, headers, _ = answer(server, path, {})
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_the_server_says_when_checkpoints_are_loaded(server):
    _, _, body = answer(server, "/api/ready", {})
    assert set(json.loads(body)) == {"ready"}
