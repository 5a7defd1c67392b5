"""The same work items on a cluster: what a killed worker had begun, another one ends."""

import logging
import signal
import subprocess
import sys

import pytest

from explorer.results.comparison.engines import carry_out
from explorer.results.comparison.runs import RESULT, Run
from explorer.results.comparison.work import PROGRESS
from explorer.results.reproduce.runs import Reproduction, begin, read_results
from explorer.results.reproduce.work import work

distributed = pytest.importorskip("distributed")


WORKER = ["-m", "distributed.cli.dask_worker", "--no-nanny", "--no-dashboard", "--nthreads=1"]


@pytest.fixture
def cluster(tmp_path):
    """A scheduler's address and two worker processes that nobody starts again."""
    with distributed.LocalCluster(
        n_workers=0, dashboard_address=None, silence_logs=logging.CRITICAL
    ) as scheduler:
        address = scheduler.scheduler_address
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        workers = [
            subprocess.Popen([sys.executable, *WORKER, address], cwd=tmp_path, **quiet)
            for _ in range(2)
        ]
        yield address, workers
        for worker in workers:
            worker.kill()
            worker.wait()


def test_a_worker_killed_in_the_middle_costs_no_run(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "nothing"))
    folder = begin(Reproduction("mmvamp-rats", "paper", "smoke", "simulated_rats"), tmp_path)
    runs = [Run("mmvamp", 1e-5, seed) for seed in range(4)]
    address, (victim, _) = cluster
    unfinished, outcomes = [], {}
    for state in carry_out(
        folder,
        runs,
        task=work,
        engine="dask",
        workers=2,
        scheduler=address,
    ):
        outcomes = state.outcomes
        begun = [run for run in runs if (run.directory(folder) / PROGRESS).is_file()]
        if len(begun) == 2 and not unfinished:
            victim.send_signal(signal.SIGKILL)
            unfinished = [r for r in begun if not (r.directory(folder) / RESULT).is_file()]
    assert unfinished
    assert outcomes == dict.fromkeys(runs, "finished")
    assert set(read_results(folder)) == set(runs)
    assert all("tables" in values for values in read_results(folder).values())
