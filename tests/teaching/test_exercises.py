"""The exercises can be solved, a wrong answer is told what is wrong, an open one is left open."""

import math
import runpy
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "teaching" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SOLUTIONS = runpy.run_path(str(FOLDER / "solutions.py"))["SOLUTIONS"]


@pytest.fixture
def check(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.delitem(sys.modules, "check", raising=False)
    import check

    return check


def tag_of(cell):
    tags = cell.metadata.get("tags", [])
    return tags[1] if tags[:1] == ["exercise"] else None


def exercises():
    for file in NOTEBOOKS:
        for cell in nbformat.read(file, as_version=4).cells:
            if tag_of(cell):
                yield file.stem, tag_of(cell), cell.source


def test_every_exercise_is_marked_as_to_do_and_has_a_solution():
    found = list(exercises())
    assert {tag for _, tag, _ in found} == set(SOLUTIONS)
    assert all("# TODO" in source and "..." in source for _, _, source in found)


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_with_its_solutions_a_notebook_runs_and_every_answer_is_right(file, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        if tag_of(cell):
            cell.source = SOLUTIONS[tag_of(cell)]
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": FOLDER}}).execute()
    said = "".join(
        out.get("text", "")
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.startswith(("check.", "columns"))
        for out in cell.outputs
    )
    assert (
        said.count(": right.")
        == len(said.strip().splitlines())
        == sum(bool(tag_of(cell)) for cell in notebook.cells)
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda *_: (..., ...), "still to do"),
        (lambda m1, s1, m2, s2: (0.5 * (m1 + m2), 1.0), "weigh each by its precision"),
        (lambda m1, s1, m2, s2: mean_and(m1, s1, m2, s2, 1.0), "take the square root"),
        (lambda m1, s1, m2, s2: mean_and(m1, s1, m2, s2, 0.5, 2), "precisions add"),
        (lambda *_: 3.0, "return two numbers"),
        (lambda *_: 1 / 0, "stops with ZeroDivisionError"),
    ],
)
def test_a_wrong_product_is_told_what_is_wrong(check, capsys, answer, told):
    check.rule("Exercise 1", "product", answer)
    assert told in capsys.readouterr().out


def mean_and(m1, s1, m2, s2, power, times=1):
    p1, p2 = s1**-2, s2**-2
    return (p1 * m1 + p2 * m2) / (p1 + p2), (times / (p1 + p2)) ** power


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda *_: ..., "still to do"),
        (lambda *_: 0.5 * (4 - math.log(4)), "weigh by q"),
        (lambda *_: 7.0, "yours 7.0000"),
    ],
)
def test_a_wrong_divergence_is_told_what_is_wrong(check, capsys, answer, told):
    check.kl("Exercise 1", answer)
    assert told in capsys.readouterr().out


def test_a_wrong_column_and_a_wrong_side_are_named(check, capsys):
    check.wins("Exercise 2", {"a": "moe", "b": "wb"}, {"a": "moe", "b": "poe"})
    assert "look again at the column b" in capsys.readouterr().out
    counts = {"poe": {4: 0, 6: 100}, "moe": {4: 50, 6: 50}}
    check.sides("Exercise 2", {"both": "poe", "one": "moe"}, counts)
    assert "count again: 'poe'" in capsys.readouterr().out
