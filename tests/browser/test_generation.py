"""The Generation page as a visitor meets it."""

import re

import pytest
from playwright.sync_api import expect

expect.set_options(timeout=30_000)
LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}
ANSWER = ".gallery[data-kind=draws], .gallery[data-kind=conflict]"


def answered(page):
    """Wait for the live answer and everything below it."""
    page.locator(".gallery[data-kind=marginals] .panel").first.wait_for()
    page.locator(".gallery[data-state=live]").and_(page.locator(ANSWER)).wait_for()


@pytest.fixture
def open_generation(open_page):
    def opened(query="", **options):
        page = open_page(f"generation?{query}", **options)
        answered(page)
        return page

    return opened


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("query", ["", "view=conflict", "given=m0&models=moe&whole=1&draws=16"])
def test_each_view_is_drawn_and_accessible(open_generation, axe, look, query):
    theme, width = LOOKS[look]
    page = open_generation(query, theme=theme, width=width)
    assert not axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=f"test-results/generation-{len(query)}-{look}.png", full_page=True)


def test_every_picture_has_words(open_generation):
    page = open_generation("view=draws")
    rows = page.locator(".row[role=img]").all()
    assert rows
    for row in rows:
        words = row.get_attribute("aria-label")
        assert row.locator(".drawn canvas").count() == len(re.findall("right|wrong", words))


def test_a_thumbnail_chooses_the_sample_and_the_address_says_so(open_generation):
    page = open_generation()
    thumbnail = page.locator(".gallery[data-kind=strip] button").nth(3)
    item = thumbnail.get_attribute("data-item")
    thumbnail.click()
    page.wait_for_url(re.compile(rf"item={item}\b"))
    expect(page.locator(f"button[data-item='{item}']")).to_have_attribute("aria-pressed", "true")
    page.reload()
    answered(page)
    expect(page.locator(f"button[data-item='{item}']")).to_have_attribute("aria-pressed", "true")


def test_a_new_answer_replaces_the_old_without_a_blank_frame(open_generation):
    page = open_generation()
    gallery = page.locator(ANSWER)
    gallery.evaluate("""node => {
      window.frames_seen = [];
      const look = () => {
        frames_seen.push(node.isConnected ? node.querySelectorAll(".row canvas").length : 0);
        requestAnimationFrame(look);
      };
      look();
    }""")
    first = gallery.locator(".row[role=img]").first
    words = first.get_attribute("aria-label")
    page.get_by_role("button", name="Next").first.click()
    expect(first).not_to_have_attribute("aria-label", words)
    assert min(page.evaluate("frames_seen")) > 0


def test_the_experts_open_on_the_first_page(open_generation):
    page = open_generation("view=conflict&models=mopoe,mwb")
    link = page.get_by_role("link", name="Open these experts on Barycenters").first
    experts = re.search(r"e=([^&]+)", link.get_attribute("href")).group(1)
    link.click()
    page.wait_for_url(lambda url: "/generation" not in url and f"e={experts}" in url)
    page.get_by_role("heading", level=1).wait_for()


def test_a_prediction_can_come_first(open_generation):
    page = open_generation("view=conflict")
    expect(page.locator(".bar").first).to_be_visible()
    page.get_by_text("Predict first").click()
    expect(page.locator(".gallery[data-kind=conflict] .bar")).to_have_count(0)
    page.get_by_role("button", name="Reveal").click()
    expect(page.locator(".gallery[data-kind=conflict] .bar").first).to_be_visible()


def test_a_preset_shows_its_kept_answer_and_then_the_live_one(open_generation):
    page = open_generation("item=7")
    page.locator(ANSWER).evaluate("""node => {
      window.states = [node.dataset.state];
      new MutationObserver(() => states.push(node.dataset.state))
        .observe(node, {attributes: true, attributeFilter: ["data-state"]});
    }""")
    page.get_by_text("A view that hurts").click()
    expect(page.locator(ANSWER).locator(".picture").first).to_be_visible()
    page.wait_for_function("() => states.includes('precomputed') && states.at(-1) === 'live'")
    expect(page.locator(".status")).to_contain_text("computed live in")
