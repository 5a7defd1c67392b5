"""That every model trains here, in fp32 and bf16, without waiting, and means the same on the CPU.

    python -m benchmarks.gpu.does_it_run [--seconds 30] [--models mopoe,mwb]

beliefs, pictures: the largest difference between the CPU and the device, of the same weights asked
about the same test tuples, in standard deviations. waits: how often a training step waits for the
device, as CUDA counts it; where is said below the table. accuracy: of labels read from all
modalities' latent, after that little training.
"""

import warnings
from collections.abc import Sequence

import torch

from benchmarks.gpu.report import options, show
from explorer.datasets import Dataset, load_dataset
from explorer.evaluation import evaluate
from explorer.models import MODELS, MultimodalVAE, build_model
from explorer.training import train

PRECISIONS = ("32-true", "bf16-mixed")
TUPLES = 200
WATCHED_STEPS = 3


def main(words: Sequence[str] | None = None) -> None:
    """Train, compare, print."""
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of every training")
    parser.add_argument("--models", default=",".join(MODELS), help="keys, commas between")
    asked = parser.parse_args(words)
    torch.set_num_threads(asked.threads)
    data, budget = load_dataset("polydigits"), {"minutes": asked.seconds / 60}
    if asked.smoke:
        data = load_dataset("digits_photo_text", n_train=300, n_test=TUPLES)
        budget = {"steps": 2}
    rows, places = [], set()
    for key in asked.models.split(","):
        for precision in PRECISIONS:
            torch.manual_seed(0)
            model = train(
                build_model(key, data.modalities),
                data,
                **budget,
                accelerator=asked.accelerator,
                precision=precision,
                progress=False,
            )
            device = torch.device(model.provenance["device"])
            beliefs, pictures = disagreement(model, data, device)
            found = waits(model, data, device)
            places |= set(found or ())
            rows.append(
                {
                    "model": key,
                    "precision": precision,
                    "device": device.type,
                    "steps": model.provenance["steps"],
                    "beliefs": beliefs,
                    "pictures": pictures,
                    "waits": "-" if found is None else len(found) / WATCHED_STEPS,
                    "accuracy": accuracy(model, data),
                }
            )
            print(f"{key}, {precision}: {model.provenance['steps']} steps")
    show("Every model", rows)
    for place in sorted(places):
        print(f"waits at {place}")


@torch.inference_mode()
def disagreement(model: MultimodalVAE, data: Dataset, device: torch.device) -> tuple[float, float]:
    """How far beliefs and pictures are apart on the CPU and on ``device``."""
    batch = data.having().test[slice(0, TUPLES)]
    z = torch.randn(TUPLES, model.latent_dim, generator=torch.Generator().manual_seed(0))
    here = _answers(model, batch, z)
    there = _answers(model.to(device), {k: x.to(device) for k, x in batch.items()}, z.to(device))
    model.to("cpu")
    return tuple(
        ((a - b.cpu()).abs().max() / a.std()).item() for a, b in zip(here, there, strict=True)
    )


def waits(model: MultimodalVAE, data: Dataset, device: torch.device) -> list[str] | None:
    """File and line of everything that waits in some training steps; None where nobody counts."""
    if device.type != "cuda":
        return None
    split, noise = data.train.to(device), torch.Generator(device)
    indices = torch.arange(WATCHED_STEPS * TUPLES, device=device).split(TUPLES)
    model.to(device).train()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        for index in indices:
            model.loss(split[index], noise).total.mean().backward()
        torch.cuda.set_sync_debug_mode("default")
    model.to("cpu").eval()
    model.zero_grad()
    return [f"{w.filename}:{w.lineno}" for w in told if "synchroniz" in str(w.message)]


def accuracy(model: MultimodalVAE, data: Dataset) -> float:
    """What ``evaluate`` says of the labels, given everything."""
    sizes = {"n_train": TUPLES, "n_test": TUPLES, "n_few": TUPLES // 2}
    few = {"n_likelihood": 1, "n_images": 1}
    scores = evaluate(model, data, "not asked for", only={"latent_accuracy"}, **sizes, **few)
    return scores["latent_accuracy"]["by_size"][str(len(data.modalities))]["mean"]


def _answers(
    model: MultimodalVAE, batch: dict[str, torch.Tensor], z: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    shown = [distribution.mean.flatten(1) for distribution in model.decode(z).values()]
    return model.subset_posteriors(batch).mean, torch.cat(shown, dim=1)


if __name__ == "__main__":
    main()
