"""The Generation page as a visitor meets it."""

import re

import pytest
import torch
from playwright.sync_api import expect

from explorer.datasets import load_dataset
from explorer.models import build_model
from tests.browser.conftest import Opener

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


@pytest.fixture(scope="module")
def others(serve, tmp_path_factory):
    """The app where two models are trained, not at all, on datasets of other kinds."""
    runs = tmp_path_factory.mktemp("runs")
    torch.manual_seed(0)
    for name in ("digits_photo_text", "simulated_rats"):
        for key in ("mopoe", "mac_wae"):
            model = build_model(key, load_dataset(name).modalities, latent_dim=8)
            model.save_pretrained(runs / name / key)
    with serve(EXPLORER_RUNS=str(runs)) as url:
        yield url


@pytest.fixture
def open_others(contexts, others):
    opener = Opener(contexts, others)
    yield opener
    opener.close()
    assert not opener.problems, "\n".join(opener.problems)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("view", ["draws", "conflict"])
@pytest.mark.parametrize("name", ["digits_photo_text", "simulated_rats"])
def test_texts_and_spikes_are_drawn_and_accessible(open_others, axe, look, view, name):
    theme, width = LOOKS[look]
    query = f"generation?data={name}&view={view}&models=mopoe,mac_wae"
    page = open_others(query, theme=theme, width=width)
    answered(page)
    assert not axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=f"test-results/generation-{name}-{view}-{look}.png", full_page=True)


def test_tiles_keep_their_shape(open_others):
    page = open_others("generation?data=digits_photo_text&models=mopoe")
    answered(page)
    for name, ratio in (("photo", 1), ("text", 8 * 23 / 36)):
        row = page.locator(ANSWER).locator(".row[role=img]").filter(has_text=name)
        box = row.locator(".drawn canvas").first.bounding_box()
        assert box["width"] / box["height"] == pytest.approx(ratio, rel=0.1)
        assert box["width"] > 40


def test_another_dataset_is_a_choice_away(open_others):
    page = open_others("generation?data=digits_photo_text")
    answered(page)
    page.get_by_role("combobox", name="Dataset").click()
    page.get_by_role("option", name="Simulated rats").click()
    page.wait_for_url(re.compile("data=simulated_rats"))
    page.get_by_role("button", name="barat").wait_for()
    answered(page)
    expect(page.locator(".strip button").first).to_have_attribute(
        "aria-label", re.compile("sample 0, odor [A-D]")
    )


def test_a_model_is_found_by_typing(open_generation):
    page = open_generation("models=poe")
    page.get_by_role("combobox", name=re.compile("^Models")).fill("wass")
    page.get_by_role("option", name="Mixture of Wasserstein", exact=True).click()
    page.wait_for_url(re.compile("models=poe(,|%2C)mwb"))
    page.keyboard.press("Escape")
    page.get_by_text("About these models").click()
    expect(page.get_by_role("tab", name="Mixture of Wasserstein")).to_be_visible()


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
        mean, draws = words.split("The draws: ")
        assert len(re.findall("right|wrong", mean)) == 1
        assert row.locator(".drawn canvas").count() == len(re.findall("right|wrong", draws))


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
