"""Page 1 plays by itself until a hand comes near, and leads into a trained model and back."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

expect.set_options(timeout=30_000)


def test_page_1_plays_until_a_hand_comes_near(open_page):
    page = open_page()
    page.locator(".bx[data-playing]").wait_for()
    page.wait_for_timeout(3000)
    expect(page.locator(".bx-point")).to_contain_text("The experts come to agree")
    page.mouse.move(640, 500)
    expect(page.locator(".bx[data-playing]")).to_have_count(0)
    assert page.locator(".bx-handle").nth(1).get_attribute("aria-valuenow") in (None, "3")
    assert not urlsplit(page.url).query


def test_a_link_is_shown_as_it_is(open_page):
    page = open_page("?e=-2,1,1;2,1,1")
    page.wait_for_timeout(2500)
    assert page.locator(".bx[data-playing]").count() == 0


def test_two_experts_lead_into_a_model_and_back_to_the_very_same_state(open_page):
    page = open_page("?e=-2,1,1;2,1,1&c=poe,moe")
    page.get_by_role("link", name="inside a trained model").click()
    page.locator(".gx[data-state=ready]").wait_for()
    expect(page.locator(".gx-row")).to_have_count(2)
    page.get_by_role("button", name="One against three").click()
    page.wait_for_function("() => location.search.includes('target')")
    page.locator(".gx[data-state=ready]").wait_for()
    left = page.url
    page.get_by_role("link", name="In Barycenters").click()
    page.locator(".bx-handle").nth(3).wait_for()
    page.get_by_role("link", name="inside a trained model").click()
    page.locator(".gx[data-state=ready]").wait_for()
    assert page.url == left
