"""One thread a process, and the running app for the tests that talk to it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def main_module(monkeypatch):
    """``AppTest`` puts its script in the place of ``__main__``; spawned processes would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of the running app, ``http://127.0.0.1:<port>``."""
    with running(tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield url


@pytest.fixture(scope="session")
def serve(tmp_path_factory):
    """``with serve(EXPLORER_RUNS=...) as url``: the app with an environment of its own."""
    return lambda **environment: running(
        tmp_path_factory.mktemp("server") / "log.txt", **environment
    )


@contextmanager
def running(log, **environment):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py"]
            + [f"--server.port={port}", "--server.headless=true"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for_health(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def scored(tmp_path_factory):
    """A folder of checkpoints without weights: scores of an untrained model, shifted by model.

    The files have the shape that ``evaluate`` gives them; the last model has none.
    """
    import torch

    from explorer.datasets import load_dataset
    from explorer.evaluation import evaluate, origin, write_scores
    from explorer.evaluation.classifiers import Classifiers
    from explorer.models import MODELS, build_model

    torch.manual_seed(0)
    data = load_dataset("polydigits")
    model = build_model("mopoe", data.modalities, latent_dim=8)
    model.provenance = {"steps": 1, "core_minutes": 0.5, "seed": 3, "commit": "abc1234"}
    shapes = {m.name: m.shape for m in data.modalities}
    judges = Classifiers(shapes, 10, dict.fromkeys(shapes, 0.96), 0.9)
    sizes = {"n_train": 60, "n_few": 30, "n_test": 40, "n_prior": 20, "n_likelihood": 3}
    scores = evaluate(model, data, judges, **sizes, n_draws=4, n_images=4, n_diversity=2)
    root = tmp_path_factory.mktemp("scored")
    model.save_pretrained(root / "polydigits" / "mopoe")
    scores["computed"] = origin(root / "polydigits" / "mopoe", 0, 1.0, 1.0)
    config = (root / "polydigits" / "mopoe" / "config.json").read_text()

    def shifted(tree, by):
        if not isinstance(tree, dict):
            return tree
        tree = {key: shifted(branch, by) for key, branch in tree.items()}
        return tree | {"mean": tree["mean"] + by} if "standard_error" in tree else tree

    for number, key in enumerate(list(MODELS)[:-1]):
        folder = root / "polydigits" / key
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(json.loads(config) | {"aggregation": key}))
        write_scores(shifted(scores, number / 10), folder)
    return root


def wait_for_health(url, process, log, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"the app did not start within {seconds} s; it said:\n{log.read_text()}")
