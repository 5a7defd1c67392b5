"""The README's results are those of the shipped scores."""

import importlib.util
from pathlib import Path

import pytest

from explorer.checkpoints import PRETRAINED
from explorer.palette import LABELS
from explorer.scores import headline, read_evaluations, tidy

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def writer():
    path = ROOT / "benchmarks" / "readme_table.py"
    spec = importlib.util.spec_from_file_location("readme_table", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_is_in_step_with_the_scores(writer):
    readme = writer.README.read_text("utf-8")
    text = writer.table(read_evaluations("polydigits", PRETRAINED))
    assert writer.replaced(readme, text) == readme, "run python benchmarks/readme_table.py"


def test_the_table_has_every_headline_figure(writer, scored):
    evaluations = read_evaluations("polydigits", scored)
    lines = writer.table(evaluations).splitlines()
    scores = tidy(evaluations)
    for evaluation in evaluations[:-1]:
        (line,) = [line for line in lines if line.startswith(f"| {LABELS[evaluation.model]} |")]
        cells = [cell.strip(" *") for cell in line.strip("|").split("|")]
        assert cells[1:] == [str(s) for s in headline(scores, evaluation.model).values()]
    assert "evaluated at commit" in lines[-1]


def test_only_what_is_between_the_markers_changes(writer):
    readme = f"before\n{writer.BEGIN}\nold\n{writer.END}\nafter\n"
    assert writer.replaced(readme, "new") == readme.replace("old", "new")


def test_a_readme_without_markers_is_left_alone(writer):
    with pytest.raises(ValueError, match=r"README.md needs one line"):
        writer.replaced("no markers here", "new")
