"""The Generation page as a visitor meets it: given, contradicted, drawn into and predicted."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

expect.set_options(timeout=30_000)
LOOKS = {"light": ("light", 1440), "dark": ("dark", 1280), "phone": ("light", 390)}
READY = ".gx[data-state=ready]"


@pytest.fixture
def open_generation(open_page):
    def opened(query="", **options):
        page = open_page(f"generation?{query}", **options)
        page.locator(READY).wait_for()
        return page

    return opened


def link(page):
    return {key: value[0] for key, value in parse_qs(urlsplit(page.url).query).items()}


def drawn(page):
    """Pixels of every draw."""
    return page.locator(".gx-draw canvas").evaluate_all("all => all.map(c => c.toDataURL())")


@pytest.mark.parametrize("look", LOOKS)
def test_the_view_is_accessible_and_ends_in_a_verdict(open_generation, axe, look):
    theme, width = LOOKS[look]
    page = open_generation(theme=theme, width=width)
    expect(page.locator(".gx-verdict")).to_contain_text("Mixture alternates between both.")
    page.get_by_role("button", name="Stop counting").click()
    assert axe(page) == []
    page.screenshot(path=f"test-results/generation-{look}.png", full_page=True)


def test_all_of_it_is_seen_without_scrolling(open_generation):
    page = open_generation(width=1440, height=900)
    box = page.locator(".gx").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1440
    assert box["y"] + box["height"] <= 900


def test_a_tile_is_hidden_contradicted_and_found_in_the_address(open_generation):
    page = open_generation()
    page.get_by_role("button", name=re.compile("^View 1,")).click()
    expect(page.locator(".gx-tile").first).to_have_attribute("data-state", "hidden")
    assert link(page)["given"] == "m3"
    page.get_by_role("button", name="Contradict View 2").click()
    page.wait_for_function("() => location.search.includes('swapped')")
    assert link(page)["swapped"] == "m1,m3"
    again = open_generation(urlsplit(page.url).query)
    expect(again.locator(".gx-tile").nth(1)).to_have_attribute("data-state", "given")


def test_a_drawn_digit_is_an_input_and_nothing_is_sent(open_generation, open_page):
    page = open_generation("swapped=none")
    before, sent = drawn(page), sum(open_page.sent)
    page.get_by_role("button", name="Draw into View 4").click()
    box = page.locator(".gx-easel-picture").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.2 * box["height"])
    page.mouse.down()
    for k in range(10):
        x, y = box["x"] + box["width"] / 2, box["y"] + (0.2 + 0.06 * k) * box["height"]
        page.mouse.move(x, y)
    page.mouse.up()
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".gx-tile").nth(3)).to_contain_text("drawn, classifier sees")
    page.locator(READY).wait_for()
    assert drawn(page) != before
    assert len(link(page)["drawn"]) < 60
    assert sum(open_page.sent) == sent
    again = open_generation(urlsplit(page.url).query)
    expect(again.locator(".gx-tile").nth(3)).to_contain_text("drawn")


def test_a_belief_is_dragged_by_keyboard_and_pictures_follow(open_generation):
    page = open_generation()
    before = drawn(page)
    page.get_by_role("slider", name="Move the belief of Product").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function("() => location.search.includes('shift')")
    page.locator(READY).wait_for()
    assert link(page)["shift"] == "poe~0.2"
    after = drawn(page)
    assert after[0] != before[0]
    assert after[-1] == before[-1]


def test_a_prediction_covers_what_it_is_about_and_is_scored(open_generation):
    page = open_generation("view=predict")
    assert page.locator(".gx-rows").is_hidden()
    assert page.locator(".gx-bar").evaluate_all("all => all.every(b => !b.innerText)")
    reveal = page.get_by_role("button", name="Reveal")
    expect(reveal).to_be_disabled()
    for row in page.locator(".gx-cover-all fieldset").all():
        row.get_by_label("alternates between both").check()
    reveal.click()
    expect(page.locator(".gx-score")).to_contain_text("1 of 4 predicted")


@pytest.mark.parametrize("name", ["digits_photo_text", "simulated_rats", "celeba"])
def test_other_kinds_of_inputs_are_drawn_too(open_generation, axe, name):
    page = open_generation(f"data={name}")
    assert all(len(picture) > 100 for picture in drawn(page))
    assert axe(page) == []
    page.screenshot(path=f"test-results/generation-{name}.png", full_page=True)


def test_whoever_chooses_keeps_the_focus(open_generation):
    page = open_generation()
    choice = page.get_by_label("Trained with")
    choice.focus()
    choice.select_option("poe")
    expect(page.locator(".gx-verdict")).to_contain_text("draw poorly even without a conflict")
    expect(page.get_by_label("Trained with")).to_be_focused()


def test_a_chosen_label_is_a_side(open_generation):
    page = open_generation("data=mhd_like&chosen=label~3&given=label")
    expect(page.locator(".gx-tile").last).to_contain_text("chosen, digit 3")
    expect(page.locator(".gx-tally").first).to_contain_text("3 ")


def test_a_typed_word_is_an_input_without_any_file(open_generation):
    page = open_generation("data=mnist_svhn_text")
    page.get_by_label("Type into text").fill("seven")
    expect(page.locator(".gx-tile").last).to_contain_text("typed, digit 7")
    page.wait_for_function("() => location.search.includes('typed')")
    page.locator(READY).wait_for()
    assert link(page)["typed"] == "text~seven"
    assert link(page)["given"] == "text"
