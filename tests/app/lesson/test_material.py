"""What is printed is made from the class: the committed sheets are those of the steps."""

import re
from pathlib import Path

import pytest

from explorer.app.barycenters.lessons import PREDICTIONS
from explorer.app.lesson.lesson import Lesson, Option, Part, Question, Step, load_lesson
from explorer.app.lesson.material import LOCAL, SHEETS, qr, sheet, write

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return {file.stem: file.read_text("utf-8") for file in write(tmp_path_factory.mktemp("made"))}


def drawn(page):
    """Coordinates to whole pixels, which no machine rounds differently."""
    return re.sub(r"(\d+)\.\d", r"\1", page)


@pytest.mark.parametrize("kind", SHEETS)
def test_the_sheets_in_the_repository_are_those_of_the_class(made, kind):
    committed = (ROOT / "teaching" / f"{kind}.html").read_text("utf-8")
    assert drawn(committed) == drawn(made[kind]), "run: python -m explorer material teaching"


def test_the_worksheet_gives_no_answer_away_and_the_key_gives_all(made):
    right = [next(o for o in p.options if o.right).why for p in PREDICTIONS.values()]
    right += [next(o for o in q.options if o.right).why for q in load_lesson("fusion").ticket]
    for why in right:
        said = why.replace("'", "&#x27;")
        assert said in made["key"]
        assert said not in made["worksheet"]
    assert 'class="right"' not in made["worksheet"]


def test_every_step_is_on_the_plan_with_its_link(made):
    for number, step in enumerate(load_lesson("fusion").steps, start=1):
        assert step.title.replace("'", "&#x27;") in made["plan"]
        assert f"class=fusion&amp;step={number}" in made["plan"]


def test_a_teachers_text_never_becomes_markup():
    evil = "<script>alert(1)</script>"
    options = [Option(text=evil, right=True, why=evil), Option(text="b", why="c")]
    lesson = Lesson(
        title=evil,
        ticket=[Question(key="q", text=evil, options=options)],
        steps=[
            Step(
                key="s",
                title=evil,
                minutes=5,
                parts=[
                    Part(text=evil, word=evil),
                    Part(text=evil, key="k", options=options, page="scores"),
                    Part(text=evil, ticket="before"),
                ],
            )
        ],
    )
    for solved in (False, True):
        assert "<script" not in sheet("x", lesson, solved)
    for make in SHEETS.values():
        assert "<script" not in make("x", lesson, "https://example.org")


def test_slides_have_codes_to_photograph_only_where_others_can_open_them():
    assert qr(LOCAL, LOCAL) == ""
    assert "<svg" in qr("https://example.org", "https://example.org/?class=fusion")
