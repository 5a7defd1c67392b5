"""What holds for every page: drawn without errors, usable by everyone, talking to no other host."""

from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from explorer.app import PAGES

LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}


def shot(page, name):
    """Save what the whole page looks like under test-results/, for people to look at."""
    height = page.evaluate(
        "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
    )
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(height, 6000)})
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    page.screenshot(path=f"test-results/{name}.png")


def levels_of(page):
    return page.locator("h1, h2, h3, h4, h5, h6").evaluate_all(
        "all => all.filter((node) => node.checkVisibility()).map((node) => +node.tagName[1])"
    )


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_drawn_and_accessible(open_page, axe, path, look):
    theme, width = LOOKS[look]
    page = open_page(path, theme=theme, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
    levels = levels_of(page)
    assert levels[:1] == [1], levels
    assert levels.count(1) == 1, levels
    assert all(below - above <= 1 for above, below in pairwise(levels)), levels
    shot(page, f"{path}-{look}")
    page.locator("[data-testid=stExpander] summary").evaluate_all(
        "all => all.forEach((summary) => summary.parentElement.open || summary.click())"
    )
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stExpander] details')]"
        ".every((box) => box.open)"
    )
    assert not axe(page)


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
