"""Training steps a second, beside the least time that arithmetic and bytes allow.

    python -m benchmarks.gpu.throughput [--steps 1000] [--ways eager,compiled,graphs]

The library's ``train`` on PolyDigits, whose modalities have the shapes of PolyMNIST's: the small
recipe and the MoPoE paper's networks, eager or with compiled encoders and decoders, fp32 or bf16,
batches of 128 and 256. The first quarter of the steps is not counted.

arithmetic: floating point operations of a step (counted, forward and backward) over the peak of
the device's data sheet; fp32 takes that of TF32, which convolutions may use. bytes: weights,
gradients and both moments as often as a step must touch them, and every layer's output written and
read once, over the peak of the memory. Both are floors: no step can be faster than either.
"""

import time
from collections.abc import Sequence

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.gpu.report import options, show
from explorer.datasets import Dataset, load_dataset
from explorer.models import MultimodalVAE, build_model
from explorer.training import train

RECIPES = {
    "small": {"network": "patch", "latent_dim": 64},
    "MoPoE paper": {"network": "mopoe_conv", "latent_dim": 512},
}
WAYS: dict[str, dict | None] = {
    "eager": None,
    "compiled": {},
    "graphs": {"mode": "reduce-overhead"},
}
"""How encoders and decoders run: as they are, or what ``torch.compile`` is given."""

PEAKS = {
    "H100": {"32-true": 494e12, "bf16-mixed": 989e12, "bytes": 3.35e12},
    "H200": {"32-true": 494e12, "bf16-mixed": 989e12, "bytes": 4.8e12},
}
"""Operations and bytes a second, dense, of the SXM modules' data sheets."""

TOUCHES = 10
"""Of every parameter in a step: read in both passes; gradient written and read; weight and two
moments read and written."""


def main(words: Sequence[str] | None = None) -> None:
    """Time every combination and print the table."""
    parser = options(__doc__)
    parser.add_argument("--model", default="mopoe", help="key of MODELS")
    parser.add_argument("--steps", type=int, default=1000, help="of every training")
    parser.add_argument("--batches", default="128,256", help="batch sizes, commas between")
    parser.add_argument("--ways", default="eager,compiled", help=f"of {', '.join(WAYS)}")
    asked = parser.parse_args(words)
    torch.set_num_threads(asked.threads)
    batches = [int(size) for size in asked.batches.split(",")]
    digits, steps = load_dataset("polydigits"), asked.steps
    if asked.smoke:
        digits, steps = load_dataset("translated_polydigits", n_train=64, n_test=10), 3
        batches = [16]
    rows = []
    for recipe, settings in RECIPES.items():
        networks = {m.name: settings["network"] for m in digits.modalities}
        data = digits.with_networks(networks)
        model = build_model(asked.model, data.modalities, latent_dim=settings["latent_dim"])
        work = {size: floors(model, data, size) for size in batches}
        for size in batches:
            for precision in ("32-true", "bf16-mixed"):
                for way in asked.ways.split(","):
                    compiled = WAYS[way]
                    if compiled is not None and asked.smoke:
                        compiled = {"backend": "eager"}
                    seconds = step_seconds(
                        asked.model, data, settings, size, precision, compiled, steps, asked
                    )
                    rows.append(
                        {"recipe": recipe, "batch": size, "precision": precision, "way": way}
                        | {"steps/s": 1 / seconds, "ms": 1000 * seconds}
                        | least(work[size], precision)
                    )
                    print(rows[-1])
    show(f"{asked.model}, {steps} steps each", rows)


def step_seconds(
    key: str,
    data: Dataset,
    settings: dict,
    batch_size: int,
    precision: str,
    compiled: dict | None,
    steps: int,
    asked: object,
) -> float:
    """Seconds a step takes, by the clock when ``train`` waits for the device to tell the loss."""
    torch.manual_seed(0)
    model = build_model(key, data.modalities, latent_dim=settings["latent_dim"])
    if compiled is not None:
        for network in (*model.encoders.values(), *model.decoders.values()):
            network.compile(**compiled)
    marks = []
    train(
        model,
        data,
        steps=steps,
        batch_size=batch_size,
        accelerator=asked.accelerator,
        precision=precision,
        progress=False,
        on_step=lambda step, terms: marks.append((step, time.perf_counter())),
    )
    (first, started), (last, ended) = marks[len(marks) // 4], marks[-1]
    return (ended - started) / (last - first)


def floors(model: MultimodalVAE, data: Dataset, batch_size: int) -> dict[str, float]:
    """Operations of a step, and the numbers that it must move: parameters and outputs."""
    outputs = []
    hooks = [
        layer.register_forward_hook(lambda _, inputs, x: outputs.append(x.numel()))
        for layer in model.modules()
        if not list(layer.children())
    ]
    counter = FlopCounterMode(display=False)
    with counter:
        model.loss(data.train[slice(0, 4)]).total.mean().backward()
    for hook in hooks:
        hook.remove()
    model.zero_grad()
    share = batch_size / 4
    return {
        "operations": counter.get_total_flops() * share,
        "parameters": sum(p.numel() for p in model.parameters()),
        "outputs": sum(outputs) * share,
    }


def least(work: dict[str, float], precision: str) -> dict[str, object]:
    """The two floors of a step in milliseconds; what there is to do, where peaks are not known."""
    width = 2 if precision == "bf16-mixed" else 4
    moved = 4 * TOUCHES * work["parameters"] + 2 * width * work["outputs"]
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    peaks = next((peak for card, peak in PEAKS.items() if card in name), None)
    found = {"GFLOP": work["operations"] / 1e9, "MB": moved / 1e6}
    return found | {
        "arithmetic, ms": 1000 * work["operations"] / peaks[precision] if peaks else "-",
        "bytes, ms": 1000 * moved / peaks["bytes"] if peaks else "-",
    }


if __name__ == "__main__":
    main()
