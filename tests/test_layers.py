"""A room uses only rooms above it, and heavy tools stay where they belong."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = [
    "files",
    "sources",
    "own",
    "subsets",
    "gaussians",
    "barycenters",
    "aggregations",
    "densities",
    "kernels",
    "likelihoods",
    "networks",
    "sound",
    "datasets",
    "models",
    "checkpoints",
    "training",
    "evaluation",
    "ranking",
    "published",
    "palette",
    "cards",
    "scores",
    "comparison",
    "pictures",
    "plots",
    "links",
    "playground",
    "lessons",
    "trainings",
    "widgets",
    "pages",
    "__main__",
]
VIEWS = {"widgets", "pages"}
MODULES = sorted((ROOT / "explorer").rglob("*.py"))
SOURCES = [
    file
    for pattern in ("app.py", "explorer/**/*", "benchmarks/**/*", "notebooks/*", "tests/**/*")
    for file in sorted(ROOT.glob(pattern))
    if file.suffix in {".py", ".js", ".ipynb"}
]
CODE = [file for file in SOURCES if file.suffix != ".ipynb"]


def name(file):
    return str(file.relative_to(ROOT))


def room(file):
    """The room a module belongs to; None for ``explorer/__init__.py``."""
    first = file.relative_to(ROOT / "explorer").parts[0].removesuffix(".py")
    return None if first == "__init__" else first


def imports(tree):
    """Dotted names of all modules that the code imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported(file):
    return set(imports(ast.parse(file.read_text("utf-8"))))


def tops(file):
    return {module.split(".")[0] for module in imported(file)}


def test_every_module_is_in_a_room_of_the_plan():
    assert {room(file) for file in MODULES} - {None} - set(ROOMS) == set()


@pytest.mark.parametrize("file", MODULES, ids=name)
def test_a_room_imports_only_from_rooms_above(file):
    used = {m.split(".")[1] for m in imported(file) if m.startswith("explorer.")} & set(ROOMS)
    place = -1 if room(file) is None else ROOMS.index(room(file))
    assert {r for r in used if ROOMS.index(r) > place} == set()


@pytest.mark.parametrize("file", MODULES, ids=name)
def test_streamlit_and_plotly_are_for_views(file):
    assert "streamlit" not in tops(file) or room(file) in VIEWS
    assert "plotly" not in tops(file) or room(file) in VIEWS | {"plots"}


@pytest.mark.parametrize("file", MODULES, ids=name)
def test_umap_is_imported_only_inside_the_function_that_fits_it(file):
    if "umap" not in tops(file):
        return
    tree = ast.parse(file.read_text("utf-8"))
    within = [imports(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    everywhere = [module for module in imports(tree) if module.startswith("umap")]
    inside = [m for modules in within for m in modules if m.startswith("umap")]
    assert room(file) not in VIEWS
    assert len(inside) == len(everywhere)


@pytest.mark.parametrize("file", MODULES, ids=name)
def test_nothing_is_unpickled(file):
    tree = ast.parse(file.read_text("utf-8"))
    assert not {"pickle", "dill", "cloudpickle", "joblib", "shelve"} & tops(file)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        settings = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if ast.unparse(call.func) == "torch.load":
            assert settings.get("weights_only") == "True"
        assert settings.get("allow_pickle", "False") == "False"


@pytest.mark.parametrize("file", CODE, ids=name)
def test_a_file_can_be_read_in_one_sitting(file):
    assert len(file.read_text("utf-8").splitlines()) <= 450
