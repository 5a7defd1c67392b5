"""The static edition in a real browser, from a disk and from a plain web server."""

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from explorer.app.export.site import export

MOST = 12_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static") / "site"
    return folder, export(folder)


@pytest.fixture(scope="module")
def served(site):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site[0])))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(contexts, site, served):
    """Open a page from the disk or the server; any problem or request elsewhere fails the test."""
    problems, pages = [], []

    def go(path, disk=False, theme="light", width=1280):
        base = site[0].as_uri() if disk else served
        page = contexts[theme].new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith((base, "data:", "blob:"))
                else problems.append(f"request to {r.url}")
            ),
        )
        page.goto(f"{base}/{path}")
        return page

    yield go
    for page in pages:
        page.close()
    assert problems == []


def curve(page, key):
    return page.locator(f"path[data-curve={key}]")


def test_it_is_small(site):
    assert sum(site[1].values()) < MOST
    assert site[1]["page-1.html"] < 300_000


@pytest.mark.parametrize("disk", [False, True])
def test_page_1_opens_in_the_state_of_its_link_and_keeps_it_there(visit, disk):
    page = visit("index.html?e=-4,1;4,1&c=poe", disk)
    curve(page, "poe").wait_for()
    assert not curve(page, "moe").is_visible()
    page.get_by_role("button", name="Mixture", exact=True).click()
    curve(page, "moe").wait_for()
    page.wait_for_function("() => /c=poe(,|%2C)moe/.test(location.href)")
    page.reload()
    curve(page, "moe").wait_for()


def test_page_1_is_one_file_that_opens_from_a_disk(visit):
    page = visit("page-1.html", disk=True)
    curve(page, "wb").wait_for()
    page.get_by_role("button", name="Agreement").click()
    page.get_by_text("Three experts agree").wait_for()


@pytest.mark.parametrize("disk", [False, True])
def test_maps_are_drawn_and_other_layouts_are_brought_in(visit, disk):
    page = visit("latent-space.html?model=mwb&other=poe", disk)
    page.wait_for_function(
        "() => document.getElementById('figure').shadowRoot"
        "?.querySelector('.scatter').dataset.drawn"
    )
    page.get_by_role("radio", name="PCA").click()
    page.wait_for_function("() => location.href.includes('layout=pca')")
    page.wait_for_function(
        "() => !document.getElementById('figure').shadowRoot"
        ".querySelector('.scatter').classList.contains('waits')"
    )


@pytest.mark.parametrize("disk", [False, True])
def test_networks_draw_in_the_browser_and_the_link_keeps_what_is_given(visit, disk):
    page = visit("generation.html?given=m0,m3&swapped=m3", disk)
    root = page.locator("#figure .gx")
    page.wait_for_function(
        "() => document.getElementById('figure').shadowRoot"
        "?.querySelector('.gx')?.dataset.state === 'ready'"
    )
    root.get_by_role("button", name="Two views agree").click()
    page.wait_for_function("() => /swapped=none/.test(location.href)")


@pytest.mark.parametrize("disk", [False, True])
def test_the_class_leads_through_the_static_pages(visit, disk):
    page = visit("index.html", disk)
    page.get_by_role("link", name=re.compile("^Class:")).click()
    panel = page.locator("section.class")
    for _ in range(40):
        panel.locator("h2").wait_for()
        following = panel.get_by_role("link", name="Next")
        if not following.count():
            break
        at = page.url
        following.click()
        page.wait_for_url(lambda url, at=at: url != at)
    panel.get_by_text("Step 8 of 8").wait_for()


def test_a_part_whose_page_is_not_here_says_that_it_needs_the_app(visit):
    page = visit("index.html?class=fusion&step=6.2")
    page.get_by_text("This part needs the app").wait_for()


def test_an_unknown_class_is_named_as_such(visit):
    page = visit("index.html?class=absent")
    page.get_by_text("has no class of this name").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["index.html", "index.html?e=-4,1;4,1&class=fusion&step=3"])
def test_the_pages_are_accessible(visit, axe, path, theme):
    page = visit(path, theme=theme)
    curve(page, "moe").wait_for(state="attached")
    assert axe(page) == []
