"""What a dataset is: named modalities and two splits that compose batches on demand."""

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor


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
    """

    name: str
    shape: tuple[int, ...]
    likelihood: str = "laplace"
    network: str = "patch"
    description: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"a modality's name must be a plain identifier, got {self.name!r}")
        object.__setattr__(self, "shape", tuple(self.shape))


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
