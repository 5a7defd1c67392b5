"""The class in a real browser: a step is a link, answers cover and uncover, a sketch is kept."""

import re
from pathlib import Path

import pytest

from explorer.app.lesson.lesson import for_browser, load_lesson
from explorer.app.lesson.room import Room, asked

ROOT = Path(__file__).parents[2]


def shown(page, curve):
    return page.locator(f"path[data-curve={curve}]").is_visible()


def test_the_class_leads_from_step_to_step_and_the_navigation_is_away(open_page):
    page = open_page("?class=fusion&step=2.2&e=-2,0.6;2,1.6&c=logpool,moe,wb")
    panel = page.locator("section.class")
    panel.get_by_text("Step 2 of 8, part 2 of 5").wait_for()
    assert not page.get_by_role("link", name="Generation").is_visible()
    assert not page.get_by_role("heading", name="How should experts be combined?").is_visible()
    panel.get_by_role("link", name="Next").click()
    page.wait_for_url(re.compile(r"step=2\.3"))
    page.get_by_text("Zero wherever anyone says zero.", exact=False).wait_for()


def test_curves_are_covered_until_a_prediction_is_made(open_page):
    page = open_page("?e=-4,1;4,1&class=fusion&step=3")
    panel = page.locator("section.class")
    panel.get_by_role("button", name="The mixture").wait_for()
    page.get_by_text("Predict first: the curves").wait_for()
    assert not shown(page, "poe")
    panel.get_by_role("button", name="The mixture").click()
    panel.get_by_text("Not quite.").wait_for()
    page.locator("path[data-curve=poe]").wait_for(state="visible")


def test_a_curve_is_sketched_with_the_pointer_before_the_rules_are_shown(open_page):
    page = open_page("?e=-3,0.8;3,1.6&c=poe,moe,wb&class=fusion&step=1.2")
    panel = page.locator("section.class")
    panel.get_by_role("button", name="Show it without drawing").wait_for()
    box = page.locator(".bx-stage svg").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 250)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 120, steps=8)
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 250, steps=8)
    page.mouse.up()
    panel.get_by_text("Drawn.").wait_for()
    assert not shown(page, "poe")
    panel.get_by_role("button", name="Show what the rules believe").click()
    page.locator("path[data-curve=poe]").wait_for(state="visible")


def test_a_challenge_is_solved_by_hand_and_then_explained(open_page):
    page = open_page("?e=-1,1,1;1,1,1&c=poe,moe&class=fusion&step=4")
    panel = page.locator("section.class")
    panel.get_by_role("button", name="Give me a hint").click()
    panel.get_by_text("Let sure experts contradict each other.").wait_for()
    for expert, key in (
        ("Expert 1 on the plot", "ArrowLeft"),
        ("Expert 2 on the plot", "ArrowRight"),
    ):
        page.get_by_label(expert).focus()
        for _ in range(6):
            page.keyboard.press(f"Shift+{key}")
    panel.get_by_text("Solved.").wait_for()
    panel.get_by_text("The product asks what everybody finds possible.", exact=False).wait_for()


def test_a_class_that_does_not_exist_says_so_and_leaves_the_page(open_page):
    page = open_page("?class=absent")
    page.get_by_text("This class cannot be opened.").wait_for()
    assert page.get_by_role("heading", name="How should experts be combined?").is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_class_is_accessible(open_page, axe, theme):
    page = open_page("?e=-4,1;4,1&class=fusion&step=3", theme=theme)
    page.locator("section.class").get_by_role("button", name="The mixture").click()
    assert axe(page) == []


def test_on_a_phone_the_panel_stands_above_the_plot(open_page):
    page = open_page("?e=-4,1;4,1&class=fusion&step=3", width=390, height=844)
    panel = page.locator("section.class")
    panel.get_by_role("link", name="Next").wait_for()
    below = page.locator(".bx-stage").bounding_box()["y"]
    box = panel.bounding_box()
    assert box["y"] + box["height"] <= below
    assert box["width"] <= 390


@pytest.mark.parametrize(
    ("sheet", "pages"),
    [("plan", 1), ("worksheet", 6), ("key", 7), ("misconceptions", 4), ("slides", 40)],
)
def test_the_sheets_print(chromium, tmp_path, sheet, pages):
    page = chromium.new_page()
    page.goto((ROOT / "teaching" / f"{sheet}.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert printed.startswith(b"%PDF")
    count = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert 1 <= count <= pages


@pytest.fixture(scope="module")
def classroom(serve, tmp_path_factory):
    """The app with a room: its address, and the room's file opened beside it."""
    file = tmp_path_factory.mktemp("room") / "room.sqlite"
    lesson = load_lesson("fusion")
    room = Room(file, "fusion", asked(lesson, for_browser("fusion", lesson)))
    with serve(EXPLORER_ROOM=str(file)) as url:
        yield url, room
    room.close()


def test_a_prediction_reaches_the_teacher_who_opens_it_for_the_students(open_page, classroom):
    url, room = classroom
    teacher = open_page(f"{url}/teacher#{room.key}", wait=False)
    teacher.get_by_text(room.code).wait_for()
    link = f"{url}/?e=-4,1;4,1&class=fusion&step=3&room={room.code}"
    student = open_page(link)
    panel = student.locator("section.class")
    panel.get_by_role("button", name="The mixture").click()
    panel.get_by_text("Sent. Your teacher opens the answers.").wait_for()
    assert not shown(student, "poe")
    card = teacher.locator("article", has_text="Which rules put their peak at 0")
    card.get_by_text("1 answered").wait_for()
    card.get_by_role("button", name="Open the answers").click()
    panel.get_by_text("Not quite.").wait_for()
    student.locator("path[data-curve=poe]").wait_for(state="visible")
    card.get_by_role("button", name="Cover the answers").wait_for()


def test_the_teachers_page_is_accessible_and_deletes_everything(open_page, classroom, axe):
    url, room = classroom
    room.put("a" * 32, "sketch_believe", [0] * 20 + [100] + [0] * 20)
    teacher = open_page(f"{url}/teacher#{room.key}", wait=False, theme="dark")
    teacher.get_by_role("img", name="1 sketches").wait_for()
    assert axe(teacher) == []
    teacher.on("dialog", lambda dialog: dialog.accept())
    teacher.get_by_role("button", name="Delete everything").click()
    teacher.get_by_text("0 students").wait_for()
    assert room.count() == 0
