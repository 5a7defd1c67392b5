"""Networks that read one modality's observations, and how observations may vary in training.

``CLASSIFIER_NETWORKS[kind](shape, n_classes)`` gives logits ``(B, C)``; the last layer is linear.
To read another kind of modality, add a line to ``CLASSIFIER_NETWORKS``; one to ``AUGMENTATIONS``
where observations can be varied without changing their class.

Shapes: B batch, C classes.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NAME = 24
"""Letters of a name that are looked for; more are cut off."""


def _normalised(layer: nn.Module, channels: int) -> tuple[nn.Module, ...]:
    return layer, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)


def read_image(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """Three strided convolutions and two linear layers: 0.1 M parameters for 28x28 images."""
    channels, *sides = shape
    places = math.prod(-(-(side // 2) // 4) for side in sides)
    return nn.Sequential(
        *_normalised(nn.Conv2d(channels, 24, 4, stride=2, padding=1, bias=False), 24),  # 14x14
        *_normalised(nn.Conv2d(24, 48, 3, stride=2, padding=1, bias=False), 48),  # 7x7
        *_normalised(nn.Conv2d(48, 64, 3, stride=2, padding=1, bias=False), 64),  # 4x4
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(64 * places, 64),
        nn.ReLU(),
        nn.Dropout(0.25),
        nn.Linear(64, n_classes),
    )


def read_image_as_published(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """The PolyMNIST classifier of Sutter et al. (2021): two convolutions, three dropouts.

    Dropout is off whenever it reads, as is meant; the released code leaves it on.
    """
    channels, height, width = shape
    return nn.Sequential(
        nn.Conv2d(channels, 10, 4, stride=2, padding=1),
        nn.Dropout2d(0.5),
        nn.ReLU(),
        nn.Conv2d(10, 20, 4, stride=2, padding=1),
        nn.Dropout2d(0.5),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(20 * (height // 4) * (width // 4), 128),
        nn.Dropout(0.5),
        nn.ReLU(),
        nn.Linear(128, n_classes),
    )


def read_image_sharply(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """Three normalised convolutions of 32 to 96 channels and one linear layer, no dropout."""
    channels, *sides = shape
    places = math.prod(-(-(side // 2) // 4) for side in sides)
    return nn.Sequential(
        *_normalised(nn.Conv2d(channels, 32, 4, stride=2, padding=1, bias=False), 32),
        *_normalised(nn.Conv2d(32, 64, 3, stride=2, padding=1, bias=False), 64),
        *_normalised(nn.Conv2d(64, 96, 3, stride=2, padding=1, bias=False), 96),
        nn.Flatten(),
        nn.Linear(96 * places, 64),
        nn.ReLU(),
        nn.Linear(64, n_classes),
    )


def read_text(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """Windows of five symbols, the strongest answer anywhere: words are read wherever they start.

    Reads one-hot symbols and, as decoders give them, shares of symbols.
    """
    return nn.Sequential(
        nn.Unflatten(1, (1, shape[0])),
        *_normalised(nn.Conv2d(1, 64, (5, shape[1]), padding=(2, 0), bias=False), 64),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(64, n_classes),
    )


def read_names(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """How far the letters of each class's name stand in a row anywhere; nothing is learned.

    Filters are the names themselves, by :func:`spell_names`: where all letters are there, a filter
    gives 1; where decoders are unsure, the mean of what they give to the letters.
    """
    return nn.Sequential(
        nn.Unflatten(1, (1, shape[0])),
        nn.Conv2d(1, n_classes, (NAME, shape[1]), padding=(NAME // 2, 0), bias=False),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(n_classes, n_classes),
    ).requires_grad_(False)


def spell_names(network: nn.Sequential, names: Sequence[str], symbols: str) -> None:
    """Make the filters of :func:`read_names` out of names; 0.9 of a name counts as half sure."""
    _, filters, *_, last = network
    filters.weight.zero_()
    for k, name in enumerate(names):
        letters = name[:NAME]
        start = (NAME - len(letters)) // 2
        for place, letter in enumerate(letters, start):
            filters.weight[k, 0, place, symbols.index(letter)] = 1 / len(letters)
    last.weight.copy_(40 * torch.eye(len(names)))
    last.bias.fill_(-36)


def read_vector(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """One hidden layer of 64 units, for numbers and counts of any shape."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(math.prod(shape), 64, bias=False),
        nn.BatchNorm1d(64),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(64, n_classes),
    )


def read_audio(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """Three strided convolutions over bands and frames of any number, averaged to 4x4."""
    return nn.Sequential(
        *_normalised(nn.Conv2d(shape[0], 24, 3, stride=2, padding=1, bias=False), 24),
        *_normalised(nn.Conv2d(24, 48, 3, stride=2, padding=1, bias=False), 48),
        *_normalised(nn.Conv2d(48, 64, 3, stride=2, padding=1, bias=False), 64),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(64 * 4 * 4, n_classes),
    )


def read_trajectory(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """Two hidden layers of 128 units, for the few points of a path."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(math.prod(shape), 128, bias=False),
        nn.BatchNorm1d(128),
        nn.ReLU(inplace=True),
        nn.Linear(128, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, n_classes),
    )


def read_label(shape: tuple[int, ...], n_classes: int) -> nn.Sequential:
    """One linear layer that starts by believing the label: it says it itself."""
    layer = nn.Linear(math.prod(shape), n_classes, bias=False)
    nn.init.eye_(layer.weight).data *= 8
    return nn.Sequential(layer)


CLASSIFIER_NETWORKS: dict[str, Callable[[tuple[int, ...], int], nn.Sequential]] = {
    "image": read_image,
    "text": read_text,
    "names": read_names,
    "vector": read_vector,
    "spikes": read_vector,
    "audio": read_audio,
    "trajectory": read_trajectory,
    "attributes": read_vector,
    "label": read_label,
}


def _wobble(images: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, shear, scale and shift each image a little at random, ``(B, C, H, W)``."""

    def uniform(reach: float) -> Tensor:
        luck = torch.rand(len(images), generator=generator).to(images.device)
        return (luck * 2 - 1) * reach

    angle, scale, shear = uniform(0.2), 1 + uniform(0.1), uniform(0.15)
    rows = (
        torch.stack([scale * angle.cos(), shear - scale * angle.sin(), uniform(0.1)], -1),
        torch.stack([scale * angle.sin(), scale * angle.cos(), uniform(0.1)], -1),
    )
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def _misspell(texts: Tensor, generator: torch.Generator) -> Tensor:
    """Put one symbol in eight as another text of the batch has it, ``(B, length, n_symbols)``."""
    others = texts[torch.randperm(len(texts), generator=generator).to(texts.device)]
    slips = torch.rand(*texts.shape[:2], 1, generator=generator).to(texts.device) < 1 / 8
    return torch.where(slips, others, texts)


AUGMENTATIONS: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "image": _wobble,
    "text": _misspell,
}


class Judge(NamedTuple):
    """A kind of classifier: what reads pictures, and how it is trained.

    Parameters
    ----------
    label
        How people are told of it.
    read_image
        The network for images; other kinds of modality are read alike by every judge.
    augment
        Whether training observations are varied (``AUGMENTATIONS``).
    label_smoothing, learning_rate, weight_decay
        Of the cross-entropy, the peak of the schedule, and of AdamW.
    effort
        Factor on the epochs that ours need.
    """

    label: str
    read_image: Callable[[tuple[int, ...], int], nn.Sequential]
    augment: bool = False
    label_smoothing: float = 0.0
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    effort: float = 1.0


JUDGES: dict[str, Judge] = {
    "published": Judge("published network", read_image_as_published, weight_decay=0.0, effort=2.0),
    "ours": Judge("ours, varied in training", read_image, augment=True, label_smoothing=0.05),
    "sharp": Judge("sharp, never varied", read_image_sharply, effort=2.0),
}
"""Kind to how it is made. The first leads wherever several are shown: papers are read by it."""
