"""A room uses only the rooms below it, and heavy tools stay where they belong."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = [  # from the ground floor up
    "files",
    "subsets",
    "gaussians",
    "barycenters",
    "aggregations",
    "densities",
    "playground",
    "networks",
    "datasets",
    "models",
    "checkpoints",
    "training",
    "evaluation",
    "catalog",
    "results",
    "drawing",
    "app",
    "__main__",
]
VIEWS = {"streamlit": {"app"}, "plotly": {"app", "drawing"}, "umap": {"evaluation"}}
"""Heavy modules, and the rooms that may use them."""
MODULES = sorted((ROOT / "explorer").rglob("*.py"))


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


@pytest.fixture(params=MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def module(request):
    return request.param, ast.parse(request.param.read_text("utf-8"))


def test_a_room_imports_only_from_the_rooms_below(module):
    file, tree = module
    assert room(file) is None or room(file) in ROOMS
    used = {m.split(".")[1] for m in imports(tree) if m.startswith("explorer.")} & set(ROOMS)
    place = -1 if room(file) is None else ROOMS.index(room(file))
    assert {r for r in used if ROOMS.index(r) > place} == set()


def test_heavy_tools_are_used_only_where_they_belong(module):
    file, tree = module
    tops = {name.split(".")[0] for name in imports(tree)}
    assert {tool for tool in VIEWS if tool in tops and room(file) not in VIEWS[tool]} == set()


def test_umap_is_imported_only_inside_the_function_that_fits_it():
    tree = ast.parse((ROOT / "explorer/evaluation/maps.py").read_text("utf-8"))
    within = [imports(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    everywhere = [module for module in imports(tree) if module.startswith("umap")]
    assert everywhere
    assert len([m for modules in within for m in modules if m.startswith("umap")]) == len(
        everywhere
    )


def test_nothing_is_unpickled(module):
    _, tree = module
    tops = {name.split(".")[0] for name in imports(tree)}
    assert not {"pickle", "dill", "cloudpickle", "joblib", "shelve"} & tops
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        settings = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if ast.unparse(call.func) == "torch.load":
            assert settings.get("weights_only") == "True"
        assert settings.get("allow_pickle", "False") == "False"


def test_the_house_has_at_most_twenty_rooms():
    assert len([path for path in (ROOT / "explorer").iterdir() if path.name != "__pycache__"]) <= 20
