"""The scripts for a machine with a GPU run on any machine when budgets are tiny."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = {"report", "trainings"}
SCRIPTS = {
    "does_it_run": (["--models=poe,mac_wae"], ["mac_wae", "bf16-mixed"]),
    "throughput": (["--model=poe"], ["MoPoE paper", "compiled", "arithmetic, ms"]),
    "polymnist": (["--models=poe"], ["core-minutes", "poe"]),
    "more_data": (["--models=poe"], ["core-minutes", "poe"]),
    "trade_offs": ([], ["poe"]),
    "likelihoods": ([], ["log p(x)", "poe"]),
}
"""Options of a short run, and what its output must hold."""


def test_every_script_is_run_here():
    found = {path.stem for path in (ROOT / "benchmarks" / "gpu").glob("*.py")}
    assert found == SHARED | SCRIPTS.keys()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_ends_with_its_table(name, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path))
    words, expected = SCRIPTS[name]
    script = importlib.import_module(f"benchmarks.gpu.{name}")
    script.main(["--smoke", f"--out={tmp_path}", "--accelerator=cpu", *words])
    said = capfd.readouterr().out
    assert all(word in said for word in expected), said
    assert "torch" in said.splitlines()[-1] or "|" in said
