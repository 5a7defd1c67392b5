"""What a dataset is: named modalities and two splits that compose batches on demand."""

import math
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

KINDS = ("image", "text", "vector", "spikes", "audio", "trajectory", "attributes", "label")


@dataclass(frozen=True)
class Modality:
    """One kind of observation: its name, shape and how a model reads and writes it.

    Parameters
    ----------
    name
        The key in every batch; letters, digits and ``_`` (``+`` joins names of subsets).
    shape
        Shape of one observation, without the batch axis.
    likelihood
        Key of ``explorer.likelihoods.LIKELIHOODS``.
    network
        Key of ``explorer.networks.NETWORKS``.
    description
        What a person is told it is.
    kind
        How it is shown and read: one of ``KINDS``. Images are ``(channels, height, width)``; texts
        are one-hot ``(length, n_symbols)``; spikes are counts ``(neurons, bins)``; audio is a
        log-mel spectrogram ``(1, mels, frames)`` in [0, 1], lowest first; a trajectory is a pen's
        path ``(2, points)``, x then y in [0, 1], y up; attributes are ``(n,)`` of 0 and 1; a label
        is one-hot ``(n,)``.
    weight
        What its log-likelihood is multiplied by in training; measures of likelihood ignore it.
    symbols
        The alphabet of a text: symbol k is ``symbols[k]``. Empty for every other kind.
    parts
        What the numbers of attributes, a label or a vector are called, in their order; may be
        empty.

    Raises
    ------
    ValueError
        A name, kind, weight or alphabet that cannot be.
    """

    name: str
    shape: tuple[int, ...]
    likelihood: str = "laplace"
    network: str = "patch"
    description: str = field(default="", compare=False)
    kind: str = "image"
    weight: float = 1.0
    symbols: str = ""
    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"a modality's name must be a plain identifier, got {self.name!r}")
        object.__setattr__(self, "shape", tuple(self.shape))
        object.__setattr__(self, "parts", tuple(self.parts))
        if self.kind not in KINDS:
            raise ValueError(f"kind of {self.name!r} must be one of {KINDS}, got {self.kind!r}")
        if not (self.weight > 0 and math.isfinite(self.weight)):
            raise ValueError(
                f"weight of {self.name!r} must be positive and finite, got {self.weight}"
            )
        if len(set(self.symbols)) != len(self.symbols):
            raise ValueError(f"symbols of {self.name!r} must all differ, got {self.symbols!r}")
        expected = self.shape[-1] if self.kind == "text" else 0
        if len(self.symbols) != expected:
            raise ValueError(
                f"a modality of kind {self.kind!r} and shape {self.shape} must have {expected} "
                f"symbols, got {len(self.symbols)} for {self.name!r}"
            )
        if self.parts and len(self.parts) != math.prod(self.shape):
            raise ValueError(
                f"parts of {self.name!r} must name its {math.prod(self.shape)} numbers or be "
                f"empty, got {len(self.parts)}"
            )


class Split(Protocol):
    """Samples that can be counted, labelled and asked for by position."""

    labels: Tensor

    def __len__(self) -> int: ...

    def __getitem__(self, index: Tensor | slice | list[int]) -> dict[str, Tensor]: ...

    def to(self, device: torch.device | str) -> "Split":
        """The same samples on ``device``."""
        ...


@dataclass(frozen=True)
class Dataset:
    """A multimodal dataset, train and test apart.

    Parameters
    ----------
    name
        Its key in ``DATASETS``.
    modalities
        In the order that subsets and experts follow.
    train, test
        The splits; no source observation is in both.
    classes
        What label k is called.
    """

    name: str
    modalities: tuple[Modality, ...]
    train: Split
    test: Split
    classes: tuple[str, ...]
