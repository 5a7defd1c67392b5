"""The loop: reproducible, resumable after a kill, and loud when it goes wrong."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from lightning.fabric import Fabric
from typer.testing import CliRunner

from explorer.__main__ import app
from explorer.checkpoints import load_pretrained
from explorer.datasets import Dataset, Modality, load_dataset
from explorer.models import build_model
from explorer.training import STATE, TrainingDivergedError, one_cycle, train, train_checkpoint
from explorer.training.optimizer import Muon


@dataclasses.dataclass(frozen=True)
class Table:
    """A split that holds its samples in memory."""

    columns: dict[str, torch.Tensor]
    labels: torch.Tensor

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return {name: x[index] for name, x in self.columns.items()}

    def to(self, device):
        return Table({n: x.to(device) for n, x in self.columns.items()}, self.labels.to(device))


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    common = 4 * torch.randn(96, 2, generator=generator)
    columns = {n: common + 0.3 * torch.randn(96, 2, generator=generator) for n in ("a", "b")}
    modalities = tuple(Modality(n, (2,), likelihood="normal", network="mlp") for n in columns)
    split = Table(columns, torch.zeros(96).long())
    return Dataset("table", modalities, split, split, ("only",))


def build(data, seed=0):
    torch.manual_seed(seed)
    return build_model("mopoe", data.modalities, latent_dim=2)


OPTIONS = {"batch_size": 16, "progress": False, "accelerator": "cpu"}


def test_training_lowers_the_loss_and_says_what_it_did(data):
    seen = []
    model = train(
        build(data), data, steps=120, on_step=lambda n, terms: seen.append((n, terms)), **OPTIONS
    )
    assert [n for n, _ in seen] == list(range(1, 121))
    totals = [terms["total"] for _, terms in seen]
    assert sum(totals[-10:]) < 0.6 * sum(totals[:10])
    assert not model.training
    assert model.provenance["steps"] == 120
    assert model.provenance["epochs"] == 20


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(data):
    first, again, other = (
        train(build(data), data, steps=10, seed=s, **OPTIONS).state_dict() for s in (3, 3, 4)
    )
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)


def test_every_sample_is_seen_once_an_epoch(data):
    seen = []

    class Spy(Table):
        def __getitem__(self, index):
            seen.extend(index.tolist())
            return super().__getitem__(index)

        def to(self, device):
            return self

    spied = dataclasses.replace(data, train=Spy(data.train.columns, data.train.labels))
    train(build(data), spied, epochs=2, **OPTIONS)
    assert sorted(seen[:96]) == sorted(seen[96:]) == list(range(96))
    assert seen[:96] != seen[96:]


def test_minutes_end_on_time_with_the_cycle_complete(data):
    started = time.monotonic()
    model = train(build(data), data, minutes=0.02, **OPTIONS)
    assert 1.2 <= time.monotonic() - started < 20
    assert model.provenance["steps"] > 3


def test_the_cycle_rises_and_falls():
    assert one_cycle(0) < 0.1
    assert one_cycle(0.05) == pytest.approx(1)
    assert one_cycle(0.01) < one_cycle(0.03) < one_cycle(0.05) > one_cycle(0.5) > one_cycle(0.9)
    assert one_cycle(1) < 1e-3


def fourteen_steps(directory, **options):
    """Weights after that many, always from the same start."""
    data = load_dataset("polydigits", n_train=256, n_test=100)
    torch.manual_seed(0)
    model = build_model("mwb", data.modalities, latent_dim=8)
    options = OPTIONS | {"batch_size": 32, "directory": directory} | options
    return train(model, data, steps=14, **options).state_dict()


CHILD = """
import sys, time
import explorer.training.loop
from tests.training.test_training import fourteen_steps

explorer.training.loop.SAVE_EVERY_SECONDS = 0

def on_step(step, terms):
    if step == 9:
        print("there", flush=True)
        time.sleep(60)

fourteen_steps(sys.argv[1], on_step=on_step)
"""


def test_killed_and_resumed_ends_with_the_weights_of_an_uninterrupted_run(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    expected = fourteen_steps(None)
    assert child.stdout.readline() == "there\n"
    child.kill()
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    assert torch.load(tmp_path / STATE, weights_only=True)["step"] in (8, 9)
    got = fourteen_steps(tmp_path, resume=True)
    assert all(torch.equal(expected[k], got[k]) for k in expected)


def test_control_c_saves_before_it_stops(data, tmp_path):
    def interrupt(step, terms):
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(build(data), data, steps=10, directory=tmp_path, on_step=interrupt, **OPTIONS)
    assert torch.load(tmp_path / STATE, weights_only=True)["step"] == 5
    resumed = train(build(data), data, steps=10, directory=tmp_path, resume=True, **OPTIONS)
    whole = train(build(data), data, steps=10, **OPTIONS)
    assert all(torch.equal(x, whole.state_dict()[k]) for k, x in resumed.state_dict().items())


def test_a_loss_that_is_not_finite_names_step_and_term_and_keeps_the_last_good_state(
    data, tmp_path, monkeypatch
):
    monkeypatch.setattr("explorer.training.loop.SAVE_EVERY_SECONDS", 0)
    asked = []

    class Poisoned(Table):
        def __getitem__(self, index):
            asked.append(len(index))
            # the first call takes the fingerprint of the data
            return {n: x / (len(asked) != 6) for n, x in super().__getitem__(index).items()}

        def to(self, device):
            return self

    poisoned = dataclasses.replace(data, train=Poisoned(data.train.columns, data.train.labels))
    with pytest.raises(TrainingDivergedError, match="'reconstruction' became .* at step 5.*kept"):
        train(build(data), poisoned, steps=10, directory=tmp_path, **OPTIONS)
    state = torch.load(tmp_path / STATE, weights_only=True)
    assert state["step"] == 4
    assert all(torch.isfinite(x).all() for x in state["model"].values())


def test_spoilt_weights_are_never_saved_over_good_ones(data, tmp_path, monkeypatch):
    monkeypatch.setattr("explorer.training.loop.SAVE_EVERY_SECONDS", 0)
    model = build(data)

    def spoil(step, terms):
        if step == 4:
            with torch.no_grad():
                model.decoders["a"][0].weight[0, 0] = float("nan")

    with pytest.raises(
        TrainingDivergedError, match="decoders.a.0.weight is no longer finite.*kept"
    ):
        train(model, data, steps=10, directory=tmp_path, on_step=spoil, **OPTIONS)
    state = torch.load(tmp_path / STATE, weights_only=True)
    assert state["step"] == 3
    assert all(torch.isfinite(x).all() for x in state["model"].values())


def test_the_first_bad_step_is_named_even_when_looks_are_rare(data, monkeypatch):
    monkeypatch.setattr("explorer.training.loop.CHECK_EVERY", {"cpu": 6})
    bad = {n: x.clone() for n, x in data.train.columns.items()}
    bad["b"][40] = float("inf")
    broken = dataclasses.replace(data, train=Table(bad, data.train.labels))
    with pytest.raises(TrainingDivergedError, match="at step [1-6];"):
        train(build(data), broken, epochs=1, **OPTIONS)


def test_a_full_disk_is_said_and_the_last_state_survives(data, tmp_path, monkeypatch):
    train(build(data), data, steps=3, directory=tmp_path, **OPTIONS)
    before = (tmp_path / STATE).read_bytes()

    def full(state, path):
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(OSError, match="No space left.*untouched.*--resume"):
        train(build(data), data, steps=3, directory=tmp_path, **OPTIONS)
    assert (tmp_path / STATE).read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [STATE]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of steps, epochs, minutes; got none"),
        ({"steps": 1, "minutes": 1}, "one of steps, epochs, minutes; got"),
        ({"steps": 0}, "steps must be 1 or more, got 0"),
        ({"minutes": float("nan")}, "minutes must be above 0, got nan"),
        ({"epochs": float("inf")}, "epochs must be above 0, got inf"),
        ({"steps": 1, "batch_size": 1}, "batch_size must be 2 or more, got 1"),
        ({"steps": 1, "learning_rate": 0}, "learning_rate must be above 0"),
        ({"steps": 1, "weight_decay": -1}, "weight_decay must be 0 or more"),
        ({"steps": 1, "devices": -1}, "devices must be 1 or more"),
        ({"steps": 1, "optimizer": "adam"}, "optimizer must be one of muon, adamw, got 'adam'"),
        ({"steps": 1, "resume": True}, "resume needs the directory"),
        ({"steps": 1, "batch_size": 97}, "exceeds the 96 training samples"),
    ],
)
def test_settings_that_make_no_sense_are_explained(data, options, message):
    with pytest.raises(ValueError, match=message):
        train(build(data), data, **OPTIONS | options)


def test_resuming_nothing_or_rubbish_or_another_run_is_explained(data, tmp_path):
    resume = {"resume": True, "directory": tmp_path, **OPTIONS}
    with pytest.raises(ValueError, match="nothing to resume"):
        train(build(data), data, steps=3, **resume)
    (tmp_path / STATE).write_bytes(b"PK\x03\x04 truncated")
    with pytest.raises(ValueError, match="not a whole training state"):
        train(build(data), data, steps=3, **resume)
    train(build(data), data, steps=3, directory=tmp_path, **OPTIONS)
    with pytest.raises(ValueError, match="steps was 3, now 4"):
        train(build(data), data, steps=4, **resume)


def test_two_processes_share_a_batch(tmp_path):
    """DDP on two CPU processes, as two GPUs would: gradients are averaged, one checkpoint."""
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "explorer", "train", "--model", "poe", "--steps", "3"),
            *("--batch-size", "16", "--accelerator", "cpu", "--devices", "2"),
            *("--root", str(tmp_path / "out")),
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "EXPLORER_RUNS": str(tmp_path / "runs")},
    )
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "out/polydigits/poe/model.safetensors").is_file()


def test_the_command_line_hands_options_to_the_dataset_and_records_them(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_RUNS", str(tmp_path))

    def run(*options):
        words = ["--dataset=polydigits", "--model=poe", "--steps=1", *options]
        return CliRunner().invoke(app, ["train", *words])

    done = run("--option=n_train=200", "--option=n_test=50", "--batch-size=8")
    assert done.exit_code == 0, done.output
    trained = load_pretrained("polydigits", "poe", tmp_path).provenance
    assert trained["options"] == {"n_train": 200, "n_test": 50}
    assert trained["epochs"] == 0.04  # 1 of 25 steps
    assert run("--option=n_train=200", "--style-dim=3", "--beta-style=4").exit_code == 0
    model = load_pretrained("polydigits", "poe", tmp_path)
    assert (model.style_dim, model.beta_style) == (3, 4.0)
    assert run("--option=n_train=200", "--weights=m0=3,m4=0.5").exit_code == 0
    model = load_pretrained("polydigits", "poe", tmp_path)
    assert model.config["weights"] == {"m0": 3.0, "m4": 0.5}
    assert "must be KEY=VALUE, got n_train" in str(run("--option=n_train").exception)
    assert "options of polydigits are n_train, n_test, seed; got color" in str(
        run("--option=color=red").exception
    )


def run_command(*words):
    return CliRunner().invoke(app, ["train", "--model=poe", *words])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--minutes=nan"], "--minutes must be above 0, got nan"),
        (["--weights=m0"], "--weights must be NAME=NUMBER"),
        (["--weights=m0=2", "--model=nexus"], "of models that fuse by a rule; nexus has none"),
        (["--minutes=inf"], "--minutes must be above 0, got inf"),
        (["--epochs=0"], "--epochs must be above 0, got 0"),
        (["--epochs=-1"], "--epochs must be above 0"),
        (["--steps=0"], "--steps must be 1 or more, got 0"),
        (["--batch-size=0"], "--batch-size must be 2 or more, got 0"),
        (["--batch-size=1"], "--batch-size must be 2 or more, got 1"),
        (["--threads=100000"], "--threads must be 1 or more, and at most"),
        (["--threads=0"], "--threads must be 1 or more"),
        (["--devices=-1"], "--devices must be 1 or more"),
        (["--beta=-1"], "--beta must be 0 or more"),
        (["--beta=nan"], "--beta must be 0 or more"),
        (["--beta-style=-1"], "--beta-style must be 0 or more"),
        (["--learning-rate=0"], "--learning-rate must be above 0"),
        (["--learning-rate=inf"], "--learning-rate must be above 0"),
        (["--latent-dim=0"], "--latent-dim must be 1 or more"),
        (["--style-dim=-1"], "--style-dim must be 0 or more"),
        (["--steps=1", "--minutes=1"], "give one of steps, epochs, minutes"),
        (["--steps=1", "--optimizer=sgd"], "--optimizer must be one of muon, adamw, got 'sgd'"),
        (["--steps=1", "--precision=8"], "--precision must be one of 32-true"),
        (["--steps=1", "--model=vae"], "--model must be one of poe"),
    ],
)
def test_every_number_of_the_command_has_its_range(words, message, tmp_path, monkeypatch):
    loaded = []
    monkeypatch.setattr("explorer.datasets.load_dataset", lambda *a, **k: loaded.append(a))
    answer = run_command(f"--root={tmp_path}", *words)
    assert isinstance(answer.exception, ValueError)
    assert message in str(answer.exception)
    assert not loaded
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_loaded(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("explorer.datasets.load_dataset", lambda *a, **k: pytest.fail("loaded"))
    (tmp_path / "file").write_text("")
    answer = run_command("--steps=1", f"--root={tmp_path / 'file'}")
    assert isinstance(answer.exception, OSError)
    assert "cannot write to" in str(answer.exception)
    assert "give another --root" in str(answer.exception)


@pytest.fixture
def small():
    return load_dataset("polydigits", n_train=64, n_test=20)


SMALL = {"batch_size": 16, "progress": False, "accelerator": "cpu", "recipe": {"latent_dim": 4}}


def interrupted(folder, data, name="poe", **options):
    """Train to the third of ten steps, where somebody stops it."""

    def stop_there(model):
        def on_step(step, terms):
            if step == 3:
                raise KeyboardInterrupt

        return on_step

    with pytest.raises(KeyboardInterrupt):
        train_checkpoint(folder, data, name, watch=stop_there, steps=10, **SMALL | options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": {"latent_dim": 4, "beta": 5.0}}, "beta was 1.0, now 5.0"),
        ({"recipe": {"latent_dim": 5}}, "latent_dim was 4, now 5"),
        ({"recipe": {"latent_dim": 4, "style_dim": 2}}, "style_dim was 0, now 2"),
        ({"seed": 1}, "seed was 0, now 1"),
        ({"batch_size": 8}, "batch_size was 16, now 8"),
        ({"optimizer": "adamw"}, "optimizer was 'muon', now 'adamw', learning_rate was"),
        ({"learning_rate": 1e-3}, "learning_rate was 0.06, now 0.001"),
        ({"precision": "bf16-mixed"}, "precision was '32-true', now 'bf16-mixed'"),
        ({"options": {"n_train": 64}}, "options was None, now {'n_train': 64}"),
        ({"start": "polydigits", "recipe": {}}, "started_from was None, now 'polydigits/p"),
        ({"name": "logpool"}, "model was 'poe', now 'logpool'"),
    ],
)
def test_a_state_of_other_settings_is_refused_and_each_that_differs_is_said(
    small, tmp_path, options, message
):
    interrupted(tmp_path, small)
    options = {"name": "poe"} | options
    with pytest.raises(ValueError, match=re.escape(message)):
        train_checkpoint(tmp_path, small, steps=10, resume=True, **SMALL | options)


def test_a_state_of_other_data_is_refused(small, tmp_path):
    interrupted(tmp_path, small)
    other = load_dataset("polydigits", n_train=64, n_test=20, seed=1)
    with pytest.raises(ValueError, match="data was '.*', now '"):
        train_checkpoint(tmp_path, other, "poe", steps=10, resume=True, **SMALL)


def test_the_state_lies_with_its_checkpoint_and_goes_when_that_is_whole(small, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    interrupted(one, small)
    train_checkpoint(two, small, "poe", steps=4, seed=1, **SMALL)
    assert (one / STATE).is_file()
    assert not (two / STATE).exists()
    resumed = train_checkpoint(one, small, "poe", steps=10, resume=True, **SMALL)
    whole = train_checkpoint(tmp_path / "whole", small, "poe", steps=10, **SMALL)
    assert all(torch.equal(x, whole.state_dict()[k]) for k, x in resumed.state_dict().items())
    assert not (one / STATE).exists()


def test_a_training_that_was_told_to_stop_saves_its_weights_and_can_go_on(small, tmp_path):
    asked = []

    def stop():
        asked.append(1)
        return len(asked) > 4

    train_checkpoint(tmp_path, small, "poe", steps=10, stop=stop, **SMALL)
    assert (tmp_path / "config.json").is_file()
    assert torch.load(tmp_path / STATE, weights_only=True)["step"] == 4


def test_two_trainings_in_one_folder_are_refused(small, tmp_path):
    def another(model):
        def on_step(step, terms):
            with pytest.raises(ValueError, match="another training is on in"):
                train_checkpoint(tmp_path, small, "poe", steps=1, **SMALL)

        return on_step

    train_checkpoint(tmp_path, small, "poe", steps=1, watch=another, **SMALL)
    train_checkpoint(tmp_path, small, "poe", steps=1, **SMALL)


def test_a_run_that_breaks_does_not_call_an_earlier_ones_state_its_own(small, tmp_path):
    interrupted(tmp_path, small)
    kept = (tmp_path / STATE).read_bytes()
    with pytest.raises(TrainingDivergedError, match="no state had been saved yet"):
        train_checkpoint(tmp_path, small, "poe", steps=10, **SMALL | {"learning_rate": 999.0})
    assert (tmp_path / STATE).read_bytes() == kept


class Impatient(Table):
    """Sends Ctrl-C while a step composes its batch."""

    def __getitem__(self, index):
        self.asked.append(len(index))
        if len(self.asked) == 6:
            signal.raise_signal(signal.SIGINT)
        return super().__getitem__(index)

    def to(self, device):
        return self


def test_control_c_within_a_step_waits_for_its_end(data, tmp_path):
    split = Impatient(data.train.columns, data.train.labels)
    object.__setattr__(split, "asked", [])
    impatient = dataclasses.replace(data, train=split)
    modalities = tuple(Modality(n, (2,), likelihood="normal", network="dense") for n in "ab")
    torch.manual_seed(0)
    first, again, whole = (build_model("moe", modalities, latent_dim=2) for _ in range(3))
    again.load_state_dict(first.state_dict())
    whole.load_state_dict(first.state_dict())
    with pytest.raises(KeyboardInterrupt):
        train(first, impatient, steps=10, directory=tmp_path, **OPTIONS)
    assert torch.load(tmp_path / STATE, weights_only=True)["step"] == 5
    train(again, data, steps=10, directory=tmp_path, resume=True, **OPTIONS)
    train(whole, data, steps=10, **OPTIONS)
    assert all(torch.equal(x, whole.state_dict()[k]) for k, x in again.state_dict().items())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_optimizers_take_up_their_state_after_parameters_are_on_the_device(
    data, tmp_path, monkeypatch
):
    train(build(data), data, steps=2, directory=tmp_path, **OPTIONS)
    order = []
    setup, load = Fabric.setup, Muon.load_state_dict
    monkeypatch.setattr(Fabric, "setup", lambda *a: order.append("device") or setup(*a))
    monkeypatch.setattr(Muon, "load_state_dict", lambda *a: order.append("state") or load(*a))
    train(build(data), data, steps=2, directory=tmp_path, resume=True, **OPTIONS)
    assert order == ["device", "state"]
