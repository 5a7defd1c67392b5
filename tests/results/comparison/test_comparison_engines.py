"""Processes and clusters: killed, restarted, never more threads than cores."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from explorer.files.whole import alone
from explorer.results import comparison
from explorer.results.comparison import ComparisonError, Run, engines
from explorer.results.comparison.engines import available_cores, carry_out
from explorer.results.comparison.runs import RESULT
from explorer.results.comparison.work import PROGRESS
from explorer.training import STATE
from tests.results.comparison.tiny import OPTIONS, command


def started(root, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "explorer", "compare", f"--root={root}", *OPTIONS, *arguments],
        env=os.environ | {"OMP_NUM_THREADS": "4"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until(condition, seconds=300):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def test_a_killed_comparison_leaves_no_process_and_goes_on_where_it_was(tmp_path):
    asked = ["--models=poe,mwb", "--seeds=1", "--workers=2"]
    root = tmp_path / "comparisons" / "digits_photo_text" / "main"
    first = started(tmp_path, *asked)
    wait_until(lambda: len(list(root.glob(f"runs/*/*/{PROGRESS}"))) == 2)
    workers = [
        child
        for child in psutil.Process(first.pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    assert [worker.environ()["OMP_NUM_THREADS"] for worker in workers] == ["1", "1"]
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert psutil.wait_procs(workers, timeout=20)[1] == []
    before = set(root.glob(f"runs/*/*/{RESULT}"))

    again = command(tmp_path, *asked)
    assert again.exit_code == 0, again.output
    assert f"[{2 - len(before)}/{2 - len(before)}]" in again.output
    results = comparison.read_results(root)
    assert [result.run for result in results] == [Run("poe", 1.0, 0), Run("mwb", 1.0, 0)]
    assert all(result.computed["threads"] == 1 for result in results)
    assert all(result.trained["steps"] == 4 for result in results)
    assert not list(root.rglob(STATE)) and not list(root.rglob("*.partial"))
    for suffix in ("csv", "tex", "json"):
        assert (root / f"table.{suffix}").read_text()

    written = {path: path.stat().st_mtime_ns for path in root.rglob(RESULT)}
    once_more = command(tmp_path, *asked)  # nothing is missing: no process, the same table
    assert once_more.exit_code == 0, once_more.output
    assert "Mixture of Wasserstein" in once_more.output
    assert {path: path.stat().st_mtime_ns for path in root.rglob(RESULT)} == written


def test_two_workers_of_a_dask_cluster_do_the_same(folder):
    runs = [Run("poe", 1.0, 0), Run("poe", 2.0, 0)]
    *_, last = carry_out(folder, runs, engine="dask", workers=2)
    assert last.outcomes == dict.fromkeys(runs, "finished")
    results = comparison.read_results(folder)
    assert [result.run for result in results] == runs
    assert all(result.computed["threads"] == 1 and result.scores for result in results)


def test_a_scheduler_that_does_not_answer_is_explained(folder, monkeypatch):
    monkeypatch.setattr(engines, "CONNECT_SECONDS", 0.2)
    with pytest.raises(ComparisonError, match="no Dask scheduler answers at tcp://127.0.0.1:1 "):
        next(carry_out(folder, [Run("poe", 1.0, 0)], engine="dask", scheduler="tcp://127.0.0.1:1"))


def test_without_dask_the_remedy_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ComparisonError, match=r"pip install 'barycenter-explorer\[cluster\]'"):
        next(carry_out(folder, [Run("poe", 1.0, 0)], engine="dask"))


def test_there_are_as_many_processes_as_cores_and_no_more(tmp_path, monkeypatch):
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(engines, "CPU_QUOTA", quota)
    free = available_cores()
    for text, cores in (("max 100000", free), ("150000 100000", 1), ("6400000 100000", free)):
        quota.write_text(text)
        assert available_cores() == cores


def test_the_environment_is_given_back(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    before = dict(os.environ)
    with engines.local(1):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert dict(os.environ) == before


def test_only_one_compare_at_a_time_works_in_a_folder(folder):
    with (
        alone(folder / ".lock"),
        pytest.raises(ComparisonError, match="another compare is at work"),
    ):
        next(carry_out(folder, [Run("poe", 1.0, 0)]))
