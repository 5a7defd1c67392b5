"""Posteriors of all subsets: one matrix product against a plain loop over subsets.

    python benchmarks/aggregation.py [--rounds 15] [--samples 10000]

The loop is a good one: exponentials are taken once, subsets are listed once, and each accumulates
straight into the result. Both take turns, one thread, no gradient; a figure is the median over
rounds of CPU milliseconds of this process (what a quiet core would take), and the ratio is the
loop's time over the product's. Writes ``benchmarks/results/aggregation.json``.
"""

import argparse
import json
import os
import statistics
import sys
import time
from functools import cache
from pathlib import Path

import torch
from training import load_average, machine

from explorer.__main__ import ALLOCATOR
from explorer.aggregations import AGGREGATIONS, subsets
from explorer.datasets import load_dataset
from explorer.gaussians import Gaussian
from explorer.models import build_model

RESULTS = Path(__file__).parent / "results" / "aggregation.json"
CASES = {
    "two to ten modalities": [(m, 64, 64) for m in range(2, 11)],
    "one sample, what a click costs": [(5, 1, 64), (5, 1, 512)],
    "other sizes": [(5, 256, 64), (5, 256, 512), (8, 64, 512), (10, 32, 64), (10, 32, 512)],
}
"""(M modalities, B batch, D latent)."""


@cache
def every_subset(n_modalities):
    """Members of each subset, listed once."""
    return subsets(range(n_modalities))


def loop_of_products(experts):
    """Every subset's product of experts."""
    precision = (-experts.logvar).exp()
    pull = precision * experts.mu
    return accumulate(
        pull, precision, lambda pull, total, _: (pull.div_(total), total.log_().neg_())
    )


def loop_of_wasserstein(experts):
    """Every subset's Wasserstein barycenter."""
    return accumulate(
        experts.mu, experts.std, lambda mu, std, n: (mu.div_(n), std.div_(n).log_().mul_(2))
    )


def accumulate(first, second, finish):
    """Sum two coordinates over the members of each subset, ``(S, B, D)``, and map them back."""
    members = every_subset(len(first))
    sums = [part.new_empty(len(members), *part.shape[1:]) for part in (first, second)]
    first, second = first.unbind(), second.unbind()
    for subset, a, b in zip(members, *sums, strict=True):
        a.copy_(first[subset[0]])
        b.copy_(second[subset[0]])
        for m in subset[1:]:
            a.add_(first[m])
            b.add_(second[m])
        finish(a, b, len(subset))
    return Gaussian(*sums)


LOOPS = {"mopoe": loop_of_products, "mwb": loop_of_wasserstein}


def cpu_ms(work, calls):
    """CPU milliseconds of one call."""
    start = time.process_time()
    for _ in range(calls):
        work()
    return 1000 * (time.process_time() - start) / calls


def compare(rounds, product, loop):
    """Medians over rounds in which both take turns, and the ratio."""
    product(), loop()  # memory is taken here
    calls = max(1, min(200, int(20 / max(cpu_ms(product, 3), 0.01))))
    turns = [(cpu_ms(product, calls), cpu_ms(loop, calls)) for _ in range(rounds)]
    ours, theirs = (statistics.median(times) for times in zip(*turns, strict=True))
    return {
        "product_ms": round(ours, 3),
        "loop_ms": round(theirs, 3),
        "ratio": round(statistics.median(b / a for a, b in turns), 2),
    }


def all_subsets(rounds, sizes):
    """Compare both ways of fusing, by rule and size."""
    rows = []
    for n_modalities, batch, latent_dim in sizes:
        experts = Gaussian(*torch.randn(2, n_modalities, batch, latent_dim))
        row = {"modalities": n_modalities, "batch": batch, "latent_dim": latent_dim}
        for key, loop in LOOPS.items():
            product = AGGREGATIONS[key].subset_posteriors
            for part, other in zip(product(experts), loop(experts), strict=True):
                torch.testing.assert_close(part, other, rtol=1e-3, atol=1e-4)
            row[key] = compare(rounds, lambda: product(experts), lambda: loop(experts))  # noqa: B023
        rows.append(row)
        print(f"M={n_modalities:2} B={batch:3} D={latent_dim:3}", describe(row))
    return rows


def describe(row):
    """Both rules of a row in words."""
    return "   ".join(
        f"{key}: {row[key]['product_ms']:8.3f} ms, loop {row[key]['loop_ms']:8.3f} ms, "
        f"ratio {row[key]['ratio']:6.2f}"
        for key in LOOPS
    )


def encode(n_samples, batch_size=250):
    """Seconds to encode images under all 31 subsets, encoders run once or once a subset.

    Asking subset by subset is measured on a tenth of the samples and multiplied by ten.
    """
    data = load_dataset("polydigits")
    batch = data.test[torch.arange(batch_size)]
    asked = subsets([modality.name for modality in data.modalities])
    results = []
    for latent_dim in (64, 512):
        model = build_model("mwb", data.modalities, latent_dim=latent_dim).eval()

        def once(model=model):
            model.aggregation.subset_posteriors(model.experts(batch))

        def each(model=model):
            for subset in asked:
                model.subset_posterior(batch, list(subset))

        once(), each()
        n_batches = n_samples // batch_size
        seconds = cpu_ms(once, n_batches) * n_batches / 1000
        asked_each = cpu_ms(each, n_batches // 10) * n_batches / 1000
        results.append(
            {
                "latent_dim": latent_dim,
                "samples": n_samples,
                "subsets": len(asked),
                "once_s": round(seconds, 2),
                "subset_by_subset_s": round(asked_each, 1),
                "ratio": round(asked_each / seconds, 1),
            }
        )
        print(f"encode {n_samples} samples, D={latent_dim}:", results[-1])
    return results


@torch.inference_mode()
def main():
    """Measure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--samples", type=int, default=10_000, help="how many to encode")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    found = machine(torch.device("cpu"))
    measured = {name: all_subsets(arguments.rounds, sizes) for name, sizes in CASES.items()}
    measured["encode under all subsets"] = encode(arguments.samples)
    results = {
        "rounds": arguments.rounds,
        "machine": found | {"load_average_after": load_average()},
        **measured,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"wrote {RESULTS.relative_to(Path(__file__).parents[1])}")


if __name__ == "__main__":
    if sys.platform == "linux" and not ALLOCATOR.keys() <= os.environ.keys():
        # as the command line does: glibc reads these when the process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], ALLOCATOR | os.environ)
    main()
