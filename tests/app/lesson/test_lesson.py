"""A class is data: what comes with the app opens everywhere, and mistakes are told, all of them."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from explorer.app.barycenters.state import read_link
from explorer.app.lesson import lesson as classes
from explorer.app.lesson.lesson import (
    HERE,
    LARGEST,
    LessonError,
    for_browser,
    load_lesson,
    part_link,
    read_lesson,
)

SMALL = {
    "title": "Mine",
    "steps": [{"key": "one", "title": "First", "minutes": 5, "parts": [{"text": "Look."}]}],
}


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    (tmp_path / "classes").mkdir()

    def write(content, name="mine"):
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "classes" / f"{name}.yaml").write_text(text, "utf-8")

    return write


def with_part(**part):
    return {**SMALL, "steps": [{**SMALL["steps"][0], "parts": [part]}]}


@pytest.fixture(scope="module")
def fusion():
    return load_lesson("fusion")


def test_the_class_has_eight_steps_in_ninety_minutes_over_four_pages(fusion):
    assert (len(fusion.steps), fusion.minutes) == (8, 90)
    pages = {part.page for step in fusion.steps for part in step.parts}
    assert pages == {"barycenters", "generation", "scores", "latent-space"}


def test_the_ticket_is_asked_before_and_after_and_has_six_questions(fusion):
    shown = [part.ticket for step in fusion.steps for part in step.parts if part.ticket]
    assert shown == ["before", "after"]
    assert len(fusion.ticket) == 6


def test_every_state_of_page_1_in_the_class_is_one_that_the_page_understands(fusion):
    states = [(part.page, part.state) for step in fusion.steps for part in step.parts]
    states += [(each.page, each.state) for each in fusion.misconceptions]
    for page, state in states:
        if page == "barycenters":
            assert read_link(state)[1] == []


def test_a_link_opens_the_page_of_the_part_in_its_state_and_says_where_in_the_class(fusion):
    link = urlsplit(part_link("fusion", fusion, 6, 1))
    assert link.path == "/latent-space"
    query = dict(parse_qsl(link.query, keep_blank_values=True))
    assert query["class"] == "fusion"
    assert query["step"] == "7.2"
    assert query["layout"] == "pca"


def test_a_prediction_of_page_1_brings_its_text_its_answers_and_its_state(fusion):
    part = for_browser("fusion", fusion)["steps"][2]["parts"][0]
    assert part["key"] == "consensus"
    assert sum(option["right"] for option in part["options"]) == 1
    assert part["state"]["e"].startswith("-4,1")


def test_a_class_of_ones_own_is_found_in_the_data_directory(own):
    own(SMALL)
    assert load_lesson("mine").title == "Mine"


@pytest.mark.parametrize("name", ["../fusion", "Fusion", "", "a" * 41, "fusion.yaml", "a/b"])
def test_a_name_that_is_none_never_reaches_the_disk(name, monkeypatch):
    monkeypatch.setattr(classes, "own_classes", lambda: pytest.fail("looked on the disk"))
    with pytest.raises(LessonError, match="the name of a class is"):
        load_lesson(name)


def test_a_class_that_is_not_there_says_where_it_would_be(own):
    with pytest.raises(LessonError, match=r"classes.absent\.yaml"):
        load_lesson("absent")


def test_all_mistakes_are_told_at_once_with_their_places(own):
    content = with_part(text="x" * 1201, page="nowhere", colour="red")
    own(content | {"minutes": 4})
    with pytest.raises(LessonError) as told:
        load_lesson("mine")
    for place in ("minutes", "steps 1 parts 1 text", "parts 1 page", "parts 1 colour"):
        assert place in str(told.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("steps: [", "not valid YAML, line 1"),
        ("just words", "mistakes"),
        ("a: &x [1]\nb: *x", "alias"),
        (with_part(text="Q", key="q", options=[{"text": "a", "why": "b"}] * 2), "0 options"),
        (with_part(text="Q", options=[{"text": "a", "why": "b", "right": True}]), "a key too"),
        (with_part(text="Q", sketch=True, challenge="part"), "sketch and challenge"),
        (with_part(text="Q", sketch=True, page="scores"), "on the page barycenters"),
        (with_part(page="scores"), "no text"),
        (with_part(text="Q", ticket="after"), "no questions under ticket"),
        ({**SMALL, "steps": SMALL["steps"] * 2}, "two steps have the key one"),
        ("[" * 5000, "not valid YAML"),
    ],
)
def test_a_mistake_is_told_in_words(own, content, why):
    own(content)
    with pytest.raises(LessonError, match=why):
        load_lesson("mine")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    file = tmp_path / "big.yaml"
    file.write_text("#" * (LARGEST + 1))
    with pytest.raises(LessonError, match="larger than 100 kB"):
        read_lesson(file)


def test_a_file_that_is_not_text_is_told_apart(tmp_path):
    file = tmp_path / "odd.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LessonError, match="not UTF-8"):
        read_lesson(file)


def test_the_class_that_comes_with_the_app_is_small_enough_to_be_one_file():
    assert (HERE / "fusion.yaml").stat().st_size < LARGEST
