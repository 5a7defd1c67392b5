"""`make` on machines where something is missing: it stops, and says in one sentence what to do."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make on the PATH")


@pytest.fixture
def checkout(tmp_path):
    """What make needs of a fresh clone."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def installed(checkout):
    """The same after a first `make`: .venv is there, and its stamp."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (checkout / ".venv" / ".installed").touch()
    return checkout


def make(where, *arguments, **environment):
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "MAKE"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=where,
        env=inherited | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


def last_words(run):
    """What a failing make wrote on stderr last, without make's own line."""
    assert run.returncode
    return [line for line in run.stderr.splitlines() if not line.startswith("make")][-1]


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("goal", ["app", "test"])
def test_an_old_python_is_named_with_the_version_that_is_needed(checkout, goal):
    (checkout / "bin").mkdir()
    script(
        checkout / "bin" / "python3",
        'if [ "$1" = --version ]; then echo Python 3.9.2; exit 0; fi; exit 1',
    )
    run = make(checkout, goal, PATH=f"{checkout / 'bin'}:{os.environ['PATH']}")
    assert last_words(run) == (
        "Python 3.11 or newer is needed and 'python3' is not (Python 3.9.2): install one, "
        "or name it with 'make app PYTHON=/path/to/python3.12'."
    )
    assert not (checkout / ".venv").exists()


def test_no_python_at_all_is_said_the_same_way(checkout):
    run = make(checkout, "app", "PYTHON=/nowhere/python3")
    assert last_words(run).startswith("Python 3.11 or newer is needed and '/nowhere/python3'")


def test_a_python_without_venv_is_said_with_the_remedy(checkout):
    script(checkout / "python3", f'[ "$1" = -m ] && exit 1; exec {sys.executable} "$@"')
    run = make(checkout, "app", f"PYTHON={checkout / 'python3'}")
    assert "install its venv module" in last_words(run)


def test_without_a_network_make_says_so_and_leaves_no_stamp(checkout):
    run = make(
        checkout,
        "app",
        f"PYTHON={sys.executable}",
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_RETRIES="0",
    )
    assert last_words(run) == (
        "The installation did not finish, for the reason pip gives above: check the network "
        "connection (or the proxy) and run make again."
    )
    assert not (checkout / ".venv" / ".installed").exists()


def test_a_busy_port_is_said_with_another_one(installed):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        run = make(installed, "app", f"PORT={port}")
    assert last_words(run) == (
        f"Port {port} cannot be used: close the program that has it, "
        "or choose another with 'make app PORT=8600'."
    )


def test_the_second_time_nothing_is_installed(installed):
    run = make(installed, "--dry-run", "test")
    assert run.returncode == 0
    assert "pytest" in run.stdout
    assert "pip install" not in run.stdout


def test_changed_requirements_are_installed(installed):
    os.utime(installed / ".venv" / ".installed", (0, 0))
    assert "pip install" in make(installed, "--dry-run", "test").stdout


@pytest.fixture
def ci(tmp_path):
    """A machine without a browser, where apt-get and make only write down how they are called."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "sh", "dirname", "id", "env"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    script(tmp_path / "bin" / "sudo", 'shift; exec "$@"')
    for tool in ("apt-get", "make"):
        script(tmp_path / "bin" / tool, f'echo "{tool} $*" >> {tmp_path / "calls"}')
    return tmp_path


def run_ci(machine):
    run = subprocess.run(
        ["bash", ".ci/run"],
        cwd=machine,
        env={"PATH": str(machine / "bin")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return run, (machine / "calls").read_text().splitlines()


def test_ci_installs_a_missing_chromium_and_then_makes_test(ci):
    run, calls = run_ci(ci)
    assert run.returncode == 0
    assert calls == ["apt-get update -qq", "apt-get install -y -qq chromium", "make test"]


def test_ci_runs_the_suite_where_chromium_cannot_be_installed(ci):
    script(ci / "bin" / "apt-get", "exit 100")
    run, calls = run_ci(ci)
    assert calls == ["make test"]
    assert "browser tests will be skipped" in run.stderr


def test_ci_leaves_a_present_chromium_alone(ci):
    script(ci / "bin" / "chromium", "exit 0")
    assert run_ci(ci)[1] == ["make test"]


def test_ci_fails_when_the_suite_fails(ci):
    script(ci / "bin" / "make", f'echo "make $*" >> {ci / "calls"}; exit 2')
    assert run_ci(ci)[0].returncode == 2
