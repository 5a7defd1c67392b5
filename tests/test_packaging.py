"""The three lists of packages say the same, and cover what the code imports."""

import ast
import re
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import explorer

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DECLARED = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
OURS, THEIRS = (ROOT / "constraints.txt").read_text("utf-8").split("# what these bring with them\n")
CONSTRAINTS = [line for line in OURS.splitlines() if not line.startswith("#")]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def conda_pip_section():
    text = (ROOT / "environment.yml").read_text("utf-8")
    return re.findall(r"^      - (.+)$", text.split("- pip:\n")[1], re.MULTILINE)


def test_constraints_name_the_packages_of_pyproject():
    assert [line.split("==")[0] for line in CONSTRAINTS] == DECLARED


def test_conda_names_the_packages_of_pyproject():
    assert conda_pip_section() == ["-c constraints.txt", *DECLARED, "-e ."]


def test_what_an_option_needs_is_there_when_tests_run():
    assert set(PROJECT["optional-dependencies"]["cluster"]) <= set(DECLARED)


def test_every_constraint_is_one_exact_version():
    every = CONSTRAINTS + THEIRS.splitlines()
    assert [c for c in every if not re.fullmatch(r"[\w.-]+==\d[\w.]*", c)] == []


def brought(names):
    """Packages that some packages need here, and those that these need, by their normal names."""
    found, waiting = set(), list(map(Requirement, names))
    while waiting:
        requirement = waiting.pop()
        if (key := (normal(requirement.name), *sorted(requirement.extras))) in found:
            continue
        found.add(key)
        for line in distribution(requirement.name).requires or []:
            further = Requirement(line)
            if further.marker is None or any(
                further.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
            ):
                waiting.append(further)
    return {name for name, *_ in found}


@pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info[:2] != (3, 11), reason="the tested set is for it"
)
def test_what_the_packages_bring_with_them_is_pinned_too():
    pinned = {normal(line.split("==")[0]) for line in CONSTRAINTS + THEIRS.splitlines()}
    accelerators = ("nvidia", "cuda", "triton")  # come with torch for a GPU alone
    assert {n for n in brought(DECLARED) - pinned if not n.startswith(accelerators)} == set()


def test_conda_python_is_one_that_pyproject_accepts():
    conda = (ROOT / "environment.yml").read_text("utf-8")
    python = tuple(map(int, re.search(r"- python=(\d+)\.(\d+)", conda).groups()))
    assert PROJECT["requires-python"] == ">=3.11"
    assert python >= (3, 11)


def test_the_version_is_a_release_number():
    assert re.fullmatch(r"\d+\.\d+\.\d+", explorer.__version__)


def test_every_import_is_declared():
    """Something that another package happens to bring may go with its next version."""
    imported = set()
    for file in [ROOT / "app.py", *(ROOT / "explorer").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    distributions = packages_distributions()
    optional = PROJECT["optional-dependencies"]["cluster"]
    runtime = {normal(name) for name in PROJECT["dependencies"] + optional}
    undeclared = {
        module
        for module in imported - set(sys.stdlib_module_names) - {"explorer"}
        if runtime.isdisjoint(map(normal, distributions.get(module, [])))
    }
    assert undeclared == set()
