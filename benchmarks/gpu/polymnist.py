"""PolyMNIST at the papers' settings, then the small recipe trained long.

    python -m benchmarks.gpu.polymnist [--minutes 6] [--models mwb,mopoe] [--seeds 5]

Sutter et al. (2021): 512 latent dimensions, beta 2.5, batches of 256, a learning rate of 5e-4, 300
epochs (70,200 steps). Ours differ in AdamW with a cycle of the learning rate, and in the budget,
which is given in minutes; ``scores.json`` and ``config.json`` say what each had.
"""

from collections.abc import Sequence

from benchmarks.gpu.report import options
from benchmarks.gpu.trainings import Job, carry_out

MODELS = ("mwb", "mopoe", "wb", "poe", "moe", "mvtcae", "mmvamp", "mac_wae")
OWN_BETA = ("mac_wae",)
"""Models whose beta is in other units; they keep that of their recipe."""


def main(words: Sequence[str] | None = None) -> None:
    """Train what is asked for, the papers' networks first."""
    parser = options(__doc__)
    parser.add_argument("--minutes", type=float, default=6.0, help="of every training")
    parser.add_argument("--models", default=",".join(MODELS), help="keys, commas between")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each")
    parser.add_argument("--precision", default="32-true", help="32-true, bf16-mixed")
    asked = parser.parse_args(words)
    jobs = [
        settings(model, seed)
        for settings in (at_papers, small)
        for seed in range(asked.seeds)
        for model in asked.models.split(",")
    ]
    carry_out(jobs, asked.minutes, asked)


def at_papers(model: str, seed: int) -> Job:
    """The settings of Sutter et al. (2021)."""
    beta = {} if model in OWN_BETA else {"beta": 2.5}
    return Job("polymnist", model, {"latent_dim": 512} | beta, seed=seed)


def small(model: str, seed: int) -> Job:
    """The small recipe of the shipped checkpoints."""
    return Job("polymnist", model, {"latent_dim": 64}, 128, 4e-3, published=False, seed=seed)


if __name__ == "__main__":
    main()
