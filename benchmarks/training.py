"""Time of a training step: every model, Muon beside AdamW, small networks and the MoPoE paper's.

    python benchmarks/training.py [--rounds 7] [--steps 4] [--device cuda] [--models mwb,mopoe]

Models take turns within a round, so that whatever else the machine does falls on all of them
alike; a figure is the median over rounds. Times are CPU seconds of this process (on a CPU: one
thread, so what a quiet core would take) and wall seconds beside them. Writes
``benchmarks/results/training.json``.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from explorer.__main__ import ALLOCATOR
from explorer.checkpoints import commit
from explorer.datasets import load_dataset
from explorer.models import MODELS, build_model
from explorer.training.numbers import PEAK
from explorer.training.optimizer import build_optimizers

RESULTS = Path(__file__).parent / "results" / "training.json"
BATCH_SIZE = 128
RECIPES = {
    "small": {"network": "patch", "latent_dim": 64},
    "MoPoE paper": {"network": "mopoe_conv", "latent_dim": 512},
}


class Timer:
    """Runs a function ``steps`` times; keeps CPU and wall seconds of one call, by round."""

    def __init__(self, work, device):
        self.work, self.device = work, device
        self.cpu, self.wall = [], []
        self.work()  # memory is taken and kernels are chosen here

    def round(self, steps):
        """Time ``steps`` calls."""
        self._wait()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(steps):
            self.work()
        self._wait()
        self.cpu.append((time.process_time() - cpu) / steps)
        self.wall.append((time.perf_counter() - wall) / steps)

    def _wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def milliseconds(self):
        """Median and least over the rounds, of one call."""
        return {
            kind: {
                "median": round(1000 * statistics.median(values), 2),
                "least": round(1000 * min(values), 2),
            }
            for kind, values in (("cpu_ms", self.cpu), ("wall_ms", self.wall))
        }


def training_step(model, batch, optimizer):
    """Return a function that takes one optimiser step."""
    movers = build_optimizers(model, optimizer, learning_rate=1e-4, weight_decay=0.01)

    def step():
        for mover in movers:
            mover.zero_grad()
        model.loss(batch).total.mean().backward()
        for mover in movers:
            mover.step()

    return step


def measure(rounds, steps, device, models):
    """Milliseconds by recipe and model, and for composing a batch."""
    data = load_dataset("polydigits")
    split = data.train.to(device)
    index = torch.randint(len(split), (BATCH_SIZE,), device=device)
    batch = split[index]
    timers = {"batch": Timer(lambda: split[index], device)}
    parameters = {}
    for recipe, settings in RECIPES.items():
        modalities = [replace(m, network=settings["network"]) for m in data.modalities]
        for key in models:
            for optimizer in PEAK:
                model = build_model(key, modalities, latent_dim=settings["latent_dim"]).to(device)
                parameters[recipe] = sum(p.numel() for p in model.parameters())
                step = training_step(model, batch, optimizer)
                timers[recipe, key, optimizer] = Timer(step, device)
    for number in range(rounds):
        for timer in timers.values():
            timer.round(steps)
        print(f"round {number + 1} of {rounds}")
    return {
        "compose a batch": timers["batch"].milliseconds(),
        "training step": {
            recipe: settings
            | {
                "parameters": parameters[recipe],
                "models": {
                    key: {name: timers[recipe, key, name].milliseconds() for name in PEAK}
                    for key in models
                },
            }
            for recipe, settings in RECIPES.items()
        },
    }


def machine(device):
    """Describe what ran this, and how busy it was."""
    return {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_average": load_average(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "commit": commit(),
    }


def load_average():
    """How many processes wanted a core, over 1, 5 and 15 minutes."""
    return [round(load, 1) for load in os.getloadavg()]


def processor():
    """Name of the CPU, as Linux has it; elsewhere as the platform calls it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    """Measure, write the file, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=4, help="steps of each model a round")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--models", default=",".join(MODELS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    device = torch.device(arguments.device)
    found = machine(device)
    models = arguments.models.split(",")
    measured = measure(arguments.rounds, arguments.steps, device, models)
    results = {
        "batch_size": BATCH_SIZE,
        "rounds": arguments.rounds,
        "steps_a_round": arguments.steps,
        "machine": found | {"load_average_after": load_average()},
        **measured,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    for recipe, found in results["training step"].items():
        print(f"{recipe}: {found['parameters'] / 1e6:.2f} M parameters")
        for key, times in found["models"].items():
            muon, adamw = (times[name]["cpu_ms"]["median"] for name in ("muon", "adamw"))
            print(f"  {key:20} muon {muon:7.1f} ms, adamw {adamw:7.1f} ms: {muon / adamw - 1:+.0%}")
    print(f"wrote {RESULTS.relative_to(Path(__file__).parents[1])}")


if __name__ == "__main__":
    if sys.platform == "linux" and not ALLOCATOR.keys() <= os.environ.keys():
        # as `python -m explorer train` does: glibc reads these when the process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], ALLOCATOR | os.environ)
    main()
