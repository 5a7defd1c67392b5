"""Trade-off curves over beta for the seven rules: the command ``compare``, many runs on one GPU.

    python -m benchmarks.gpu.trade_offs [--steps 3000] [--workers 8] [--seeds 3]

On PolyDigits and PolyMNIST. Every worker is a process that trains on the GPU and evaluates on a
core. Stopped, the same command goes on.
"""

from collections.abc import Sequence

from rich.console import Console

from benchmarks.gpu.report import machine, options
from explorer.catalog.looks import LABELS
from explorer.results.comparison import Settings
from explorer.results.comparison.command import compare

BETAS = "0.125,0.5,1,2.5,5,10"


def main(words: Sequence[str] | None = None) -> None:
    """Carry out what is missing of both comparisons; each prints its table."""
    parser = options(__doc__)
    parser.add_argument("--steps", type=int, default=3000, help="of every training")
    parser.add_argument("--workers", default="8", help="processes at once")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each")
    parser.add_argument("--datasets", default="polydigits,polymnist", help="keys, commas between")
    asked = parser.parse_args(words)
    console = Console(width=160)
    wanted = {"models": ",".join(LABELS), "betas": BETAS, "seeds": asked.seeds}
    plans = [Settings(name, asked.steps) for name in asked.datasets.split(",")]
    if asked.smoke:
        wanted = {"models": "poe", "betas": "1", "seeds": 1}
        plans = [Settings("digits_photo_text", 2, 4, 8, n_validation=40, n_test=40)]
    console.print(machine())
    for settings in plans:
        compare(
            settings,
            name="trade_offs",
            root=asked.out,
            workers="1" if asked.smoke else asked.workers,
            engine="local",
            scheduler=None,
            accelerator=asked.accelerator,
            retry=False,
            console=console,
            **wanted,
        )


if __name__ == "__main__":
    main()
