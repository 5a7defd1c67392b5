"""What holds for every page: drawn without errors, usable by everyone, talking to no other host."""

from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from explorer.app import PAGES

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
    page.locator("[data-testid=stExpander] summary").evaluate_all(
        "all => all.forEach((summary) => summary.parentElement.open || summary.click())"
    )
    page.wait_for_timeout(1000)
    assert not axe(page)


@pytest.mark.parametrize("path", PAGES)
def test_headings_start_at_one_and_skip_no_level(open_page, path):
    page = open_page(path)
    levels = [
        int(heading.evaluate("node => node.tagName[1]"))
        for heading in page.locator("h1, h2, h3, h4, h5, h6").all()
        if heading.is_visible()
    ]
    assert levels[:1] == [1], levels
    assert levels.count(1) == 1, levels
    assert all(below - above <= 1 for above, below in pairwise(levels)), levels


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
