"""The tables of README.md and docs/ are those of the shipped scores and benchmarks."""

import importlib.util
from pathlib import Path

import pytest

from explorer.catalog.looks import MODEL_LABELS
from explorer.results.scores import headline, read_evaluations, tidy

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def writer():
    path = ROOT / "benchmarks" / "readme_tables.py"
    spec = importlib.util.spec_from_file_location("readme_tables", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["rules", "scores", "real", "polymnist", "speed"])
def test_the_page_is_in_step(writer, name):
    page, table = writer.TABLES[name]
    text = (ROOT / page).read_text("utf-8")
    assert writer.replaced(text, name, table()) == text, "run python benchmarks/readme_tables.py"


def test_the_front_page_is_a_newcomer_s():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 200


def test_the_table_has_every_headline_figure(writer, scored):
    evaluations = read_evaluations("polydigits", scored)
    lines = writer.score_table(evaluations).splitlines()
    scores = tidy(evaluations)
    for evaluation in evaluations[:-1]:
        (line,) = [
            line for line in lines if line.startswith(f"| {MODEL_LABELS[evaluation.model]} |")
        ]
        cells = [cell.strip(" *") for cell in line.strip("|").split("|")]
        figures = [str(s) for s in headline(scores, evaluation.model).values()]
        assert cells[1:] == [f"{evaluation.trained['steps']:,}", *figures]
    assert "budgets differ" in lines[-1]


def test_only_what_is_between_the_markers_changes(writer):
    begin = "<!-- speed: written by benchmarks/readme_tables.py -->"
    readme = f"before\n{begin}\nold\n<!-- end speed -->\nafter\n"
    assert writer.replaced(readme, "speed", "new") == readme.replace("old", "new")


def test_a_page_without_markers_is_left_alone(writer):
    with pytest.raises(ValueError, match="the page needs one line"):
        writer.replaced("no markers here", "speed", "new")
