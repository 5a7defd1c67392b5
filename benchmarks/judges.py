"""How far judges and pictures make PolyMNIST's coherence easier than the published one.

    EXPLORER_DATA=... python benchmarks/judges.py [--models mopoe,mwb] [--epochs 3]

The same generated pictures are read by our classifiers, and by classifiers of the published
network (two convolutions, three dropouts of a half; Sutter et al. 2021), with dropout off as is
meant and on as in the released code; and once more without ``m2``, whose picture is not the
published one. Writes ``benchmarks/results/judges.json``.
"""

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.aggregations import membership
from explorer.checkpoints import commit, load_pretrained
from explorer.datasets import Dataset, load_dataset
from explorer.evaluation.classifiers import find_classifiers
from explorer.evaluation.coherence import generated_correct, prior_agrees
from explorer.evaluation.figures import sizes
from explorer.evaluation.readers import read_image_as_published
from explorer.evaluation.representation import encode

RESULTS = Path(__file__).parent / "results" / "judges.json"
DATASET, OTHER_PICTURE = "polymnist", "m2"


class PublishedJudges(nn.Module):
    """One network of the published kind for each modality; ``train()`` leaves dropout on."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(
            {name: read_image_as_published((3, 28, 28), 10) for name in names}
        )

    def predict(self, pictures: dict[str, Tensor]) -> dict[str, Tensor]:
        """Name to the class of each picture."""
        return {name: self.networks[name](x).argmax(-1) for name, x in pictures.items()}


def learn(judges: PublishedJudges, data: Dataset, epochs: float, batch_size: int = 128) -> None:
    """Cross-entropy and Adam over the training tuples; every modality at each step."""
    optimizer = torch.optim.Adam(judges.parameters(), lr=1e-3)
    for _ in range(round(epochs * len(data.train) / batch_size)):
        index = torch.randint(len(data.train), (batch_size,))
        labels = data.train.labels[index]
        loss = sum(
            F.cross_entropy(judges.networks[name](x), labels)
            for name, x in data.train[index].items()
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.inference_mode()
def on_real(judges: PublishedJudges, data: Dataset, n: int) -> dict[str, float]:
    """Accuracy and agreement on real test tuples."""
    calls = torch.stack(list(judges.predict(data.test[slice(0, n)]).values()))
    return {
        "accuracy": (calls == data.test.labels[:n]).float().mean().item(),
        "agreement": (calls == calls[0]).all(0).float().mean().item(),
    }


def by_size(correct: Tensor, kept: Tensor) -> dict[str, float]:
    """Share that is right among modalities not given, over ``kept`` ones, by number given."""
    n_modalities = correct.shape[1]
    observed = membership(n_modalities)
    return {
        str(size): correct[own][~observed[own] & kept].float().mean().item()
        for size, own in sizes(n_modalities)[:-1]
    }


def main() -> None:
    """Train the judges, read every model, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="moe,mopoe,mwb,mvtcae")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--tuples", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = load_dataset(DATASET)
    names = [m.name for m in data.modalities]
    everything = torch.ones(len(names), dtype=torch.bool)
    shared = torch.tensor([name != OTHER_PICTURE for name in names])

    published = PublishedJudges(names)
    learn(published, data, arguments.epochs)
    judges = {"ours": find_classifiers(DATASET), "published": published}
    modes = {"ours": ("ours", False), "published": ("published", False)}
    modes["published, dropout on"] = ("published", True)

    real, models = {}, {}
    for mode, (key, dropout) in modes.items():
        torch.manual_seed(0)
        real[mode] = on_real(judges[key].train(dropout), data, arguments.tuples)
    for model_key in arguments.models.split(","):
        model = load_pretrained(DATASET, model_key)
        beliefs = encode(model, data.test, arguments.tuples)
        labels = data.test.labels[: arguments.tuples]
        models[model_key] = {}
        for mode, (key, dropout) in modes.items():
            torch.manual_seed(0)
            judge = judges[key].train(dropout)
            correct = generated_correct(model, judge, beliefs, labels)
            models[model_key][mode] = {
                "all": by_size(correct, everything),
                f"without {OTHER_PICTURE}": by_size(correct, shared),
                "joint": prior_agrees(model, judge, arguments.tuples).float().mean().item(),
            }
        print(model_key, json.dumps(models[model_key], indent=1))
    result = {
        "epochs": arguments.epochs,
        "tuples": arguments.tuples,
        "commit": commit(),
        "real": real,
        "models": models,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(real, indent=1))


if __name__ == "__main__":
    main()
