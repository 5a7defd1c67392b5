"""MNIST-SVHN-Text and CelebA with the papers' networks and settings, on the files at hand.

    python -m benchmarks.gpu.more_data [--minutes 5] [--models mwb,mopoe]

Sutter et al. (2021): 20 latent dimensions, beta 5 and a learning rate of 1e-3 for MNIST-SVHN-Text;
32 shared and 32 own dimensions, beta 2.5 and 5e-4 for CelebA; batches of 256.
"""

from collections.abc import Sequence

from benchmarks.gpu.report import options
from benchmarks.gpu.trainings import Job, carry_out

MODELS = ("mwb", "mopoe", "wb", "poe", "moe")


def main(words: Sequence[str] | None = None) -> None:
    """Train what is asked for, the two data sets in turn."""
    parser = options(__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="of every training")
    parser.add_argument("--models", default=",".join(MODELS), help="keys, commas between")
    parser.add_argument("--precision", default="32-true", help="32-true, bf16-mixed")
    asked = parser.parse_args(words)
    three, faces = {"latent_dim": 20, "beta": 5.0}, {"latent_dim": 32, "beta": 2.5, "style_dim": 32}
    jobs = [
        job
        for model in asked.models.split(",")
        for job in (
            Job("mnist_svhn_text", model, three, learning_rate=1e-3),
            Job("celeba", model, faces),
        )
    ]
    carry_out(jobs, asked.minutes, asked)


if __name__ == "__main__":
    main()
