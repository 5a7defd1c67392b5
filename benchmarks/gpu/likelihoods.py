"""Importance-weighted log p(x) of the shipped checkpoints with 5,000 draws.

    python -m benchmarks.gpu.likelihoods --threads 16 [--draws 5000] [--datasets polydigits]

By the library's ``evaluate``, which computes on the CPU; a machine with a GPU has many cores. The
figures are printed and kept as ``likelihoods.json``; shipped scores stay as they are.
"""

import json
from collections.abc import Sequence

import torch

from benchmarks.gpu.report import machine, options, show
from explorer.checkpoints import PRETRAINED, list_pretrained, load_pretrained
from explorer.datasets import load_dataset
from explorer.evaluation import evaluate, weights_sha256


def main(words: Sequence[str] | None = None) -> None:
    """Estimate, print, keep."""
    parser = options(__doc__)
    parser.add_argument("--draws", type=int, default=5000, help="importance draws a tuple")
    parser.add_argument("--tuples", type=int, default=100, help="test tuples")
    parser.add_argument("--datasets", default="polydigits", help="keys, commas between")
    parser.add_argument("--models", default="all", help="keys, commas between; or all")
    asked = parser.parse_args(words)
    torch.set_num_threads(asked.threads)
    draws, tuples, models = asked.draws, asked.tuples, asked.models
    if asked.smoke:
        draws, tuples, models = 12, 2, "poe,mac_wae"
    sizes = {"n_train": 1, "n_test": tuples, "n_likelihood": tuples, "n_images": 1}
    rows, found = [], {}
    for name in asked.datasets.split(","):
        data = load_dataset(name)
        for _, key, folder in list_pretrained(name, PRETRAINED):
            if models != "all" and key not in models.split(","):
                continue
            model = load_pretrained(name, key, PRETRAINED)
            if not model.has_density:
                continue
            scores = evaluate(
                model, data, "not asked for", n_draws=draws, only={"likelihood"}, **sizes
            )["likelihood"]
            found[f"{name}/{key}"] = scores | {"weights_sha256": weights_sha256(folder)}
            rows += [
                {"dataset": name, "model": key, "given": given}
                | {"log p(x)": each["mean"], "±": each["standard_error"]}
                | {"draws that count": each["effective_draws"]}
                for given, each in scores["importance_weighted"].items()
            ]
            print(rows[-1])
    asked.out.mkdir(parents=True, exist_ok=True)
    path = asked.out / "likelihoods.json"
    path.write_text(json.dumps({"machine": machine(), "found": found}, indent=1) + "\n")
    show(f"{draws} draws, {tuples} tuples; {path}", rows)


if __name__ == "__main__":
    main()
