"""The papers' classifiers, which call what is generated, by the network of the modality they read.

Sutter et al. (2021) for MNIST, SVHN, text, PolyMNIST and CelebA; Sutter et al. (2024) for
translated PolyMNIST. MoPoE's release has trained weights and no training script, so how long and on
what they were trained is our choice: Adam at 1e-3. The released code never switches them to
evaluation mode; ``dropout`` reads as it does. Modalities of stand-in data are read by our
classifiers' networks.

Shapes: B batch, C classes.
"""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.datasets import Dataset
from explorer.evaluation.average_precision import mean_average_precision
from explorer.evaluation.classifiers import CHUNK, to_read
from explorer.evaluation.readers import CLASSIFIER_NETWORKS, read_image_as_published
from explorer.files.whole import alone, write_whole
from explorer.networks import NETWORKS
from explorer.networks.layers import Transposed

WEIGHTS, ABOUT = "model.safetensors", "judges.json"


def read_mnist(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """Three strided convolutions and a dropout of a half (MNIST of MNIST-SVHN-Text)."""
    return nn.Sequential(
        nn.Conv2d(shape[0], 32, 4, stride=2),  # 13x13
        nn.ReLU(),
        nn.Conv2d(32, 64, 4, stride=2),  # 5x5
        nn.ReLU(),
        nn.Conv2d(64, 128, 4, stride=2),  # 1x1
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(128, n_classes),
    )


def read_svhn(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """Four strided convolutions, each with a dropout of a half and batch normalisation."""
    layers: list[nn.Module] = []
    for few, many, padding in ((shape[0], 32, 1), (32, 64, 1), (64, 64, 1), (64, 128, 0)):
        convolution = nn.Conv2d(few, many, 4, stride=2, padding=padding)
        layers += [convolution, nn.Dropout(0.5), nn.BatchNorm2d(many), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128, n_classes))


class _Residual(nn.Module):
    """x' + 0.3 h(x): h normalises twice, as the text classifier's blocks do."""

    def __init__(self, few: int, many: int, padding: int) -> None:
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv1d(few, many, 4, stride=2, padding=padding), nn.BatchNorm1d(many)
        )
        self.change = nn.Sequential(
            nn.BatchNorm1d(few),
            nn.ReLU(),
            nn.Conv1d(few, few, 1),
            nn.BatchNorm1d(few),
            nn.ReLU(),
            nn.Conv1d(few, many, 4, stride=2, padding=padding),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.down(x) + 0.3 * self.change(x)


def read_words(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """A convolution and two residual blocks over 8 characters."""
    return nn.Sequential(
        Transposed(),
        nn.Conv1d(shape[1], 128, 1),
        _Residual(128, 192, 1),  # 4
        _Residual(192, 128, 0),  # 1
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(128, n_classes),
    )


def _encoder(network: str, width: int, dropout: float) -> Callable[..., nn.Sequential]:
    """A paper's encoder with a linear layer for the classes instead of its heads."""

    def read(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
        encoder, _ = NETWORKS[network](shape, 1)
        ends = [nn.Dropout(dropout)] if dropout else [nn.LeakyReLU(0.2)]
        return nn.Sequential(*list(encoder)[:-1], *ends, nn.Linear(width, n_classes))

    return read


READERS: dict[str, Callable[[tuple[int, ...], int], nn.Sequential]] = {
    "mopoe_mnist": read_mnist,
    "mopoe_svhn": read_svhn,
    "mopoe_text": read_words,
    "mopoe_conv": read_image_as_published,
    "mopoe_face": _encoder("mopoe_face", 640, 0.5),
    "mopoe_attributes": _encoder("mopoe_attributes", 640, 0.5),
    "mmvamp_resnet": _encoder("mmvamp_resnet", 256 * 7 * 7, 0.0),
}
"""A modality's network in the model to the network of the paper's classifier for it."""


class Judges(nn.Module):
    """One classifier a modality; in evaluation mode unless ``dropout`` is asked for.

    Parameters
    ----------
    data
        Whose modalities are read; those that are classes themselves need no reader.
    """

    def __init__(self, data: Dataset) -> None:
        super().__init__()
        self.multi_label = data.multi_label
        self.shapes = {m.name: m.shape for m in to_read(data)}
        self.networks = nn.ModuleDict(
            {
                m.name: READERS.get(m.network, CLASSIFIER_NETWORKS[m.kind])(
                    m.shape, len(data.classes)
                )
                for m in to_read(data)
            }
        )
        self.ceiling: dict[str, float] = {}
        self.agreement: float | None = None
        self.eval()

    def dropout(self, on: bool) -> "Judges":
        """The same judges, reading with dropout and batch statistics on as released code does."""
        return self.train(on)

    @torch.inference_mode()
    def probabilities(self, observations: dict[str, Tensor]) -> dict[str, Tensor]:
        """Class probabilities of each modality's observations ``(B, *shape)``: ``(B, C)``."""
        found = {}
        for name, x in observations.items():
            logits = torch.cat([self.networks[name](part) for part in x.split(CHUNK)])
            found[name] = logits.sigmoid() if self.multi_label else logits.softmax(-1)
        return found

    def predict(self, observations: dict[str, Tensor]) -> dict[str, Tensor]:
        """Likeliest class of each observation, or whether each attribute is likely."""
        return {
            name: (p > 0.5).long() if self.multi_label else p.argmax(-1)
            for name, p in self.probabilities(observations).items()
        }


def trained_judges(
    folder: Path, data: Dataset, *, steps: int, batch_size: int, device: torch.device
) -> Judges:
    """The judges of ``folder``; the first who asks trains them, others wait.

    Parameters
    ----------
    steps, batch_size
        Of their training; those of the folder must be of the same.

    Raises
    ------
    ValueError
        The judges of the folder were trained otherwise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    asked = {"dataset": data.name, "steps": steps, "batch_size": batch_size}
    judges = Judges(data).to(device)
    with alone(folder / ".lock"):
        if (folder / ABOUT).is_file():
            about = json.loads((folder / ABOUT).read_text("utf-8"))
            if {key: about.get(key) for key in asked} != asked:
                raise ValueError(f"{folder} holds judges of other settings; delete it")
            judges.load_state_dict(load_file(folder / WEIGHTS, device=str(device)))
        else:
            _learn(judges, data, steps, batch_size, device)
            about = asked | _on_real(judges, data, device)
            state = {key: x.contiguous().cpu() for key, x in judges.state_dict().items()}
            save_file(state, folder / WEIGHTS)
            write_whole(folder / ABOUT, json.dumps(about, indent=1) + "\n")
    judges.ceiling, judges.agreement = about["ceiling"], about["agreement"]
    return judges


def _learn(
    judges: Judges, data: Dataset, steps: int, batch_size: int, device: torch.device
) -> None:
    """Cross-entropy, or that of each attribute, over ``steps`` batches."""
    split, noise = data.having().train.to(device), torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        optimizer = torch.optim.Adam(judges.parameters(), lr=1e-3)
        judges.train()
        for _ in range(steps):
            index = torch.randint(len(split), (batch_size,), generator=noise).to(device)
            batch, labels = split[index], split.labels[index]
            loss = sum(
                F.binary_cross_entropy_with_logits(network(batch[name]), labels.float())
                if judges.multi_label
                else F.cross_entropy(network(batch[name]), labels)
                for name, network in judges.networks.items()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    judges.eval()


def _on_real(judges: Judges, data: Dataset, device: torch.device) -> dict[str, object]:
    """What they manage on real test tuples: the scale on which what is generated is read."""
    split = data.having().test.to(device)
    n = min(len(split), 5000)
    batch, labels = split[slice(0, n)], split.labels[:n]
    said = judges.probabilities({name: batch[name] for name in judges.shapes})
    if judges.multi_label:
        truth = labels.cpu().numpy()
        there = truth.any(0)
        ceiling = {
            name: mean_average_precision(truth[:, there], p.cpu().numpy()[:, there])
            for name, p in said.items()
        }
        return {"ceiling": {k: round(v, 4) for k, v in ceiling.items()}, "agreement": None}
    calls = torch.stack([p.argmax(-1) for p in said.values()])
    right = (calls == labels).double().mean(1).tolist()
    return {
        "ceiling": {name: round(x, 4) for name, x in zip(said, right, strict=True)},
        "agreement": round((calls == calls[0]).all(0).double().mean().item(), 4),
    }
