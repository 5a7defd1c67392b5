"""Core-seconds from random weights to digits: each model, Muon beside AdamW.

    python benchmarks/speedrun.py [--dataset polydigits] [--models mwb,mopoe] [--optimizers muon]

A record is the shortest whole run, its learning rate back at zero, whose draws given one modality
are of the right class in the share asked for. Runs are of ``LADDER`` steps, from random weights
each; one run of each length, seed 0, one thread. Seconds are CPU seconds of training alone; the
judges are the shipped classifiers, on 500 test tuples, and are not counted. Adds to
``benchmarks/results/speedrun.json`` and writes the table ``speedrun.md`` beside it.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import torch

from benchmarks.training import load_average, processor
from explorer.__main__ import ALLOCATOR
from explorer.checkpoints import commit
from explorer.datasets import load_dataset
from explorer.evaluation.classifiers import load_classifiers
from explorer.models import build_model
from explorer.training import train

RESULTS = Path(__file__).parent / "results" / "speedrun.json"
TARGETS = {"polydigits": (0.80, 0.85, 0.90), "polymnist": (0.50, 0.65, 0.75)}
BETA = {"polydigits": 1.0, "polymnist": 0.2}
LADDER = {
    "polydigits": (150, 200, 300, 400, 600, 800, 1200),
    "polymnist": (800, 1200, 1800, 2700, 4000, 6000),
}
N_TUPLES = 500


def coherence(model, data, judges):
    """Share of draws of another modality that are of the right class, given one."""
    batch, labels = data.test[slice(0, N_TUPLES)], data.test.labels[:N_TUPLES]
    generator = torch.Generator().manual_seed(0)
    shares = []
    for given in model.names:
        drawn = model.generate({given: batch[given]}, generator=generator)
        others = {name: x[0] for name, x in drawn.items() if name != given}
        calls = judges.predict(others)
        shares += [(call == labels).double().mean().item() for call in calls.values()]
    return statistics.mean(shares)


def climb(dataset, name, optimizer, data, judges):
    """Train for longer and longer, until the last target is met; yield what each run gave."""
    for steps in LADDER[dataset]:
        torch.manual_seed(0)
        model = build_model(name, data.modalities, beta=BETA[dataset])
        used = time.process_time()
        train(
            model, data, steps=steps, optimizer=optimizer, seed=0, accelerator="cpu", progress=False
        )
        seconds = time.process_time() - used
        share = coherence(model, data, judges)
        yield {"steps": steps, "core_seconds": round(seconds, 1), "coherence": round(share, 4)}
        if share >= TARGETS[dataset][-1]:
            return


def table(results):
    """Markdown: core-seconds (steps) of the first run that met each target."""
    lines = []
    for dataset, targets in TARGETS.items():
        if dataset not in results:
            continue
        heads = [f"{target:.2f}" for target in targets]
        lines += [f"**{dataset}**, core-seconds (steps) to a coherence given one of", ""]
        lines += [f"| model | optimizer | {' | '.join(heads)} | best seen |"]
        lines += ["| --- " * (len(targets) + 3) + "|"]
        for key, runs in results[dataset].items():
            cells = []
            for target in targets:
                met = [run for run in runs["runs"] if run["coherence"] >= target]
                cells.append(f"{met[0]['core_seconds']:.0f} ({met[0]['steps']})" if met else "-")
            best = max(runs["runs"], key=lambda run: run["coherence"])
            shown = f"{best['coherence']:.3f} ({best['steps']})"
            lines.append(f"| {' | '.join([*key.split('/'), *cells, shown])} |")
        lines.append("")
    return "\n".join(lines)


def main():
    """Climb, write the file after every run, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="polydigits", choices=TARGETS)
    parser.add_argument("--models", default="mwb,mopoe,moe,mvtcae")
    parser.add_argument("--optimizers", default="muon,adamw")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data, judges = load_dataset(asked.dataset), load_classifiers(asked.dataset)
    for name in asked.models.split(","):
        for optimizer in asked.optimizers.split(","):
            about = {"processor": processor(), "commit": commit(), "torch": torch.__version__}
            runs = []
            for run in climb(asked.dataset, name, optimizer, data, judges):
                runs.append(run | {"load_average": load_average()[0]})
                print(asked.dataset, name, optimizer, run, flush=True)
                results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
                found = results.setdefault(asked.dataset, {})
                found[f"{name}/{optimizer}"] = about | {"runs": runs}
                RESULTS.write_text(json.dumps(results, indent=1) + "\n")
                RESULTS.with_suffix(".md").write_text(table(results))
    print(RESULTS.with_suffix(".md").read_text())


if __name__ == "__main__":
    if sys.platform == "linux" and not ALLOCATOR.keys() <= os.environ.keys():
        # as `python -m explorer train` does: glibc reads these when the process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], ALLOCATOR | os.environ)
    main()
