"""Where runs are carried out: processes of this machine, or a cluster under Dask.

Dask rather than Ray: two pure Python packages that also give a ``concurrent.futures`` executor, so
that both engines are driven by the same lines, where Ray is 79 MB of its own servers.

To add an engine: a function to ``ENGINES``.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import NamedTuple

from explorer.files.whole import alone
from explorer.results.comparison.runs import LOCK, RESULT, STOP, ComparisonError, Run
from explorer.results.comparison.work import PROGRESS, work

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""One process a core and one thread a process: two one-threaded runs side by side are faster than
one after the other with two threads, and threads that wait for each other are many times slower."""

POLL_SECONDS = 0.5
CONNECT_SECONDS = 20.0
STOP_SECONDS = 60.0
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


class Progress(NamedTuple):
    """How far a comparison is.

    Parameters
    ----------
    total
        Runs to carry out.
    outcomes
        Those that ended: ``finished``, ``failed``, ``stopped``, or what kept them from it.
    running
        Those at work: what at, and the share of it that is done.
    """

    total: int
    outcomes: dict[Run, str]
    running: dict[Run, tuple[str, float]]


def available_cores() -> int:
    """Cores that this process may use, by affinity and by the container's quota."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    if CPU_QUOTA.is_file():
        quota, period = CPU_QUOTA.read_text().split()
        if quota != "max":
            cores = min(cores, max(1, int(quota) // int(period)))
    return cores


@contextmanager
def local(workers: int, scheduler: str | None = None) -> Iterator[Executor]:
    """Processes of this machine, which end when this one does, however it does."""
    if scheduler is not None:
        raise ValueError("a scheduler's address is for --engine dask")
    before = dict(os.environ)
    os.environ.update(ONE_THREAD)  # read when a process first loads its mathematics
    try:
        with ProcessPoolExecutor(workers, get_context("spawn"), _prepare_worker) as executor:
            yield executor
    finally:
        for name in ONE_THREAD:
            os.environ.pop(name)
        os.environ.update(before)


@contextmanager
def dask(workers: int, scheduler: str | None = None) -> Iterator[Executor]:
    """Workers of a Dask cluster: the one at ``scheduler``, or one made here for the occasion.

    Scheduler and workers elsewhere need this package, workers also the folder of the comparison at
    the same path.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise ComparisonError(
            "--engine dask needs distributed: pip install 'barycenter-explorer[cluster]'"
        ) from None
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=CONNECT_SECONDS)
        except OSError as error:
            raise ComparisonError(
                f"no Dask scheduler answers at {scheduler} ({error}); start one: dask scheduler"
            ) from error
        with client:
            yield client.get_executor(pure=False)
        return
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=None,
            dashboard_address=None,
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        client.run(_leave_ctrl_c_to_parent)
        yield client.get_executor(pure=False)


ENGINES: dict[str, Callable[[int, str | None], AbstractContextManager[Executor]]] = {
    "local": local,
    "dask": dask,
}
"""Name to ``(workers, scheduler) -> executor``."""


def carry_out(
    folder: Path,
    runs: Iterable[Run],
    *,
    engine: str = "local",
    workers: int | None = None,
    scheduler: str | None = None,
    accelerator: str = "cpu",
    task: Callable[..., str] = work,
) -> Iterator[Progress]:
    """Carry out those of ``runs`` that have no result, and tell twice a second how far it is.

    Whoever stops asking stops the runs: their trainings are saved first and go on next time.

    Parameters
    ----------
    workers
        Processes, one thread each; by default one a core.
    task
        Carries out one run, as :func:`explorer.results.comparison.work.work`.

    Raises
    ------
    ComparisonError
        Another process is at work in the folder, or an engine that cannot be had.
    RuntimeError
        A worker died without a word; what it had is kept.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}")
    held = ComparisonError(
        f"another compare is at work in {folder}; wait for it, stop it, or give another --name"
    )
    with alone(folder / LOCK, held=held):
        (folder / STOP).unlink(missing_ok=True)
        missing = [run for run in runs if not (run.directory(folder) / RESULT).is_file()]
        if not missing:
            return
        for run in missing:  # of a compare that was killed
            (run.directory(folder) / PROGRESS).unlink(missing_ok=True)
        n_workers = min(workers or available_cores(), len(missing))
        with ENGINES[engine](n_workers, scheduler) as executor:
            futures = {executor.submit(task, str(folder), *r, accelerator): r for r in missing}
            pending, outcomes = set(futures), {}
            try:
                while pending:
                    done, pending = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
                    outcomes |= {futures[future]: _outcome(future) for future in done}
                    at_work = [futures[future] for future in pending]
                    yield Progress(len(missing), dict(outcomes), _running(folder, at_work))
            finally:
                if pending:  # those that wait their turn see the file and end at once
                    (folder / STOP).touch()
                    wait(pending, STOP_SECONDS)


def _outcome(future: object) -> str:
    try:
        return future.result()
    except (BrokenProcessPool, CancelledError) as error:
        raise RuntimeError(
            "a worker process was killed, perhaps for want of memory; give the same command again "
            "to go on, with fewer --workers if it happens twice"
        ) from error
    except Exception as error:  # of one run: the others go on, and the caller is told
        return f"{type(error).__name__}: {error}"


def _running(folder: Path, runs: Iterable[Run]) -> dict[Run, tuple[str, float]]:
    found = {}
    for run in runs:
        try:
            done, stage = (run.directory(folder) / PROGRESS).read_text("utf-8").split(" ", 1)
        except FileNotFoundError:  # waits its turn, or has just ended
            continue
        found[run] = stage, float(done)
    return found


def _prepare_worker() -> None:
    """End with the parent, and leave Ctrl-C to it."""
    _leave_ctrl_c_to_parent()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _leave_ctrl_c_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_with_parent() -> None:
    parent_process().join()
    os._exit(1)
