"""The scripts for a machine with a GPU run on any machine that has what that one has."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = {"report"}
SCRIPTS = {
    "does_it_run": (["--models=poe,mac_wae"], ["mac_wae", "bf16-mixed", "beliefs"]),
    "throughput": (["--model=poe", "--ways=eager"], ["MoPoE paper", "arithmetic, ms"]),
}
"""Options of a short run, and what its table must hold. Compiling would take half a minute."""

LACKING = [
    "streamlit",
    "starlette",
    "plotly",
    "umap",
    "jupyterlab",
    "ipywidgets",
    "nbformat",
    "anywidget",
    "platformdirs",
    "jaxtyping",
    "distributed",
    "dask",
    "pooch",
    "ot",
    "psutil",
]
"""What a bare GPU machine does not have; this one does as if."""

ALL_IN_ONE = """
import contextlib, importlib, json, sys
from typer.testing import CliRunner
from explorer.__main__ import app

for name, words in json.loads(sys.argv[1]).items():
    with open(f"{name}.txt", "w") as file, contextlib.redirect_stdout(file):
        importlib.import_module(f"benchmarks.gpu.{name}").main(words)

from pathlib import Path
from explorer.results.reproduce.runs import Reproduction, begin, plan, read_results
from explorer.results.reproduce.table import as_markdown
from explorer.results.reproduce.work import work

asked = Reproduction("mmvamp-rats", "paper", "smoke", "simulated_rats")
folder = begin(asked, Path())
assert work(str(folder), *plan(asked.recipe)[0]) == "finished"
Path("reproduce.txt").write_text(as_markdown(asked, read_results(folder)))

words = ["evaluate", "--dataset=simulated_rats", "--root=.", "--tuples=40", "--draws=4"]
words += ["--likelihood-tuples=4", "--device=cpu"]
for words in (["train", "--recipe=mmvamp-rats", "--steps=2", "--root=.", "--device=cpu"], words):
    found = CliRunner().invoke(app, words, catch_exceptions=False)
    assert found.exit_code == 0, found.output
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What every script printed, by name; train, evaluate and reproduce run beside them."""
    place = tmp_path_factory.mktemp("bare")
    (place / "sitecustomize.py").write_text(
        f"import sys\nsys.modules.update(dict.fromkeys({LACKING}))\n"
    )
    words = {
        name: ["--smoke", f"--out={place}", "--accelerator=cpu", *own]
        for name, (own, _) in SCRIPTS.items()
    }
    paths = os.pathsep.join([str(place), str(ROOT), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, "-c", ALL_IN_ONE, json.dumps(words)],
        cwd=place,
        env=os.environ | {"PYTHONPATH": paths, "EXPLORER_DATA": str(place / "data")},
        stderr=subprocess.PIPE,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    return {name: (place / f"{name}.txt").read_text("utf-8") for name in [*SCRIPTS, "reproduce"]}


def test_every_script_is_run_here():
    found = {path.stem for path in (ROOT / "benchmarks" / "gpu").glob("*.py")}
    assert found == SHARED | SCRIPTS.keys()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_ends_with_its_table(name, said):
    table = said[name].partition("torch ")[2]
    assert all(word in table for word in SCRIPTS[name][1]), said[name]


def test_a_bare_machine_reproduces(said):
    assert "ours: beta 1e-05, 1 seed" in said["reproduce"]
