"""Page 1 as a student meets it: dragged, read, shared, in light, dark and on a phone."""

import csv
import re
from urllib.parse import parse_qs, urlsplit

import pytest

MOVES = 40
VARIANTS = {
    "light": {"theme": "light"},
    "dark": {"theme": "dark"},
    "phone": {"theme": "light", "width": 390, "height": 844},
}
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def curve(page, key):
    return page.locator(f"[data-curve={key}]:visible").first


def dot(page, name="Expert 1 on the plot"):
    return page.get_by_role("slider", name=name, exact=True)


def opened(open_page, query="", **variant):
    page = open_page(query, **variant)
    page.locator("[data-curve]").first.wait_for(state="attached")
    page.evaluate(PAINTED)
    return page


def in_the_link(page, parameter):
    """The value of a URL parameter, once the page has written it."""
    page.wait_for_function(
        "(name) => new URLSearchParams(location.search).has(name)", arg=parameter
    )
    return parse_qs(urlsplit(page.url).query)[parameter][0]


def drag(page, handle, dx, dy, moves=MOVES):
    """Drag in steps, a frame each; returns what the product looked like after every one."""
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    seen = []
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(1, moves + 1):
        page.mouse.move(x + dx * i / moves, y + dy * i / moves)
        page.evaluate(PAINTED)
        seen.append(curve(page, "poe").get_attribute("d" if "plane" not in page.url else "rx"))
    return seen


def test_every_dragged_move_is_drawn_and_nothing_is_sent_until_release(open_page):
    page = opened(open_page)
    curve(page, "poe").evaluate("(node) => { node.marked = true }")
    sent, received = len(open_page.sent), len(open_page.received)
    seen = drag(page, dot(page), 160, 60)
    assert len(set(seen)) == MOVES
    assert (len(open_page.sent), len(open_page.received)) == (sent, received)

    page.mouse.up()
    page.wait_for_function("() => location.search.includes('e=')")
    page.wait_for_timeout(500)
    traffic = sum(open_page.sent[sent:]) + sum(open_page.received[received:])
    assert 0 < traffic <= 6000, f"{traffic} bytes for one release"
    assert len(open_page.sent) - sent == 1, "one message, one rerun"
    assert curve(page, "poe").evaluate("(node) => node.marked") is True


def test_the_dot_follows_the_pointer(open_page):
    page = opened(open_page)
    before = dot(page).bounding_box()
    drag(page, dot(page), 100, 40, moves=4)
    after = dot(page).bounding_box()
    page.mouse.up()
    assert after["x"] - before["x"] == pytest.approx(100, abs=2)
    assert after["y"] - before["y"] == pytest.approx(40, abs=4)


def test_arrow_keys_do_what_dragging_does(open_page):
    page = opened(open_page)
    handle = dot(page)
    handle.focus()
    seen = set()
    for key in ["ArrowRight"] * 5 + ["Shift+ArrowLeft", "ArrowUp", "Shift+ArrowDown"]:
        page.keyboard.press(key)
        page.evaluate(PAINTED)
        seen.add(handle.get_attribute("aria-valuetext"))
    assert len(seen) == 8
    # after the last key: 0.8 narrower by 5 %, then wider by five times that
    page.wait_for_function("() => location.search.includes('e=-3%2C0.977')")
    assert "sd" in page.locator("[aria-live=polite]", has_text="Product").inner_text()


def test_sliders_are_twins_of_the_dots(open_page):
    page = opened(open_page)
    page.get_by_role("slider", name="Expert 2 mean", exact=True).fill("5")
    assert in_the_link(page, "e").split(";")[1].startswith("5,")
    assert "mean 5.00" in dot(page, "Expert 2 on the plot").get_attribute("aria-valuetext")


def test_the_link_opens_the_same_state_again(open_page):
    page = opened(open_page)
    page.get_by_role("button", name="Outlier").click()
    page.get_by_role("button", name="Log density").click()
    in_the_link(page, "l")
    again = opened(open_page, f"?{urlsplit(page.url).query}")
    assert curve(again, "mwb").get_attribute("d") == curve(page, "mwb").get_attribute("d")


def test_each_barycenter_has_its_star(open_page):
    page = opened(open_page)
    stars = page.locator("td.bx-least:visible")
    rules = stars.evaluate_all("(cells) => cells.map((c) => c.parentNode.dataset.rule)")
    assert sorted(rules) == ["logpool", "moe", "wb"]


def test_curves_that_coincide_are_named(open_page):
    page = opened(open_page)
    page.get_by_role("button", name="Equal widths").click()
    page.get_by_text("2 curves, one line: Geometric mean = Wasserstein").wait_for()


def test_no_curve_is_cut_off_at_the_top(open_page):
    page = opened(open_page, "?e=0,0.1;0.1,0.1;-0.1,0.1&c=poe")
    page.wait_for_timeout(500)
    heights = [
        float(y)
        for y in re.findall(r"[ML]\S+ (\S+?)(?=L|$)", curve(page, "poe").get_attribute("d"))
    ]
    assert min(heights) > 0
    assert heights.count(min(heights)) <= 2


def test_prediction_comes_before_the_curves(open_page):
    page = opened(open_page)
    page.get_by_role("radio", name="Predict first").click()
    page.get_by_text("Predict first: the curves appear").wait_for()
    assert page.locator("[data-curve]:visible").count() == 0
    page.get_by_role("radio", name="Product and Wasserstein").click()
    page.get_by_text("Right. Both sit at 0").wait_for()
    curve(page, "moe").wait_for()


def test_a_challenge_is_checked_on_release(open_page):
    page = opened(open_page, "?lesson=false_consensus")
    assert not page.get_by_role("button", name="Conflict").is_visible()
    drag(page, dot(page, "Expert 2 on the plot"), 260, 0, moves=3)
    page.mouse.up()
    page.get_by_text("False consensus: solved.").wait_for()
    assert in_the_link(page, "lesson") == "false_consensus"


def test_nonsense_in_the_link_leaves_a_notice_and_a_working_page(open_page):
    page = opened(open_page, "?e=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&l=sideways")
    page.get_by_text("in the link must be 2 to 5 experts").wait_for()
    curve(page, "poe").wait_for()
    assert page.locator("img[src=x]").count() == 0


def test_ellipses_are_dragged_and_turned(open_page):
    page = opened(open_page, "?t=plane")
    turned = dot(page, "Expert 1, first axis")
    seen = drag(page, turned, -30, 40, moves=10)
    page.mouse.up()
    assert len(set(seen)) == 10
    in_the_link(page, "f")


def test_figure_and_curves_can_be_saved(open_page, tmp_path):
    page = opened(open_page)
    with page.expect_download() as figure:
        page.get_by_role("button", name="SVG").click()
    drawn = figure.value.path().read_text("utf-8")
    assert drawn.count('data-curve="poe"') == 1
    assert "http://www.w3.org/2000/svg" in drawn
    with page.expect_download() as curves:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.reader(curves.value.path().read_text("utf-8").splitlines()))
    assert rows[0] == ["x", "expert 1", "expert 2", "Product", "Mixture", "Wasserstein"]
    assert len(rows) > 800


def test_the_plot_is_above_the_fold(open_page):
    page = opened(open_page)
    box = page.locator(".bx-stage").bounding_box()
    assert box["y"] + box["height"] <= 900


@pytest.mark.parametrize("query", ["", "?t=plane", "?lesson=two_modes"])
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_nothing_stands_in_the_way_of_anyone(open_page, axe, variant, query):
    page = opened(open_page, query, **variant)
    assert axe(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, "the page scrolls sideways"
