"""What a dataset is: named modalities and two splits that compose batches on demand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.files.own.kinds import KINDS
from explorer.files.sources.directory import DataError
from explorer.subsets import MOST_ENUMERATED


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
        Key of ``explorer.networks.likelihoods.LIKELIHOODS``.
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
    scaling
        Mean and standard deviation that each number was brought to 0 and 1 with; empty where
        numbers are as they were measured. :meth:`in_units` goes back.

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
    scaling: tuple[tuple[float, float], ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"a modality's name must be a plain identifier, got {self.name!r}")
        object.__setattr__(self, "shape", tuple(self.shape))
        object.__setattr__(self, "parts", tuple(self.parts))
        object.__setattr__(self, "scaling", tuple((mean, std) for mean, std in self.scaling))
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
        if self.scaling and len(self.scaling) != math.prod(self.shape):
            raise ValueError(
                f"scaling of {self.name!r} must have {math.prod(self.shape)} pairs or none, got "
                f"{len(self.scaling)}"
            )

    def in_units(self, x: NDArray) -> NDArray:
        """Observations or draws ``(*, *shape)`` in the units that they were measured in, float64.

        >>> Modality("size", (1,), kind="vector", scaling=((20, 5),)).in_units(np.array([2.0]))
        array([30.])
        """
        if not self.scaling:
            return np.asarray(x, dtype=np.float64)
        mean, std = np.array(self.scaling).T
        return np.asarray(x, dtype=np.float64) * std.reshape(self.shape) + mean.reshape(self.shape)


def told_in_words(modalities: Sequence[Modality]) -> tuple[Modality, ...]:
    """Modalities that are told in words rather than drawn: labels of two classes.

    None where modalities are few enough for a tile each.
    """
    many = len(modalities) > MOST_ENUMERATED
    return tuple(m for m in modalities if many and m.kind == "label" and m.shape == (2,))


class Split(Protocol):
    """Samples that can be counted, labelled and asked for by position.

    One in which samples lack modalities also has ``observed``, bool ``(N, M)``, and its batches are
    as the models expect them: ``explorer.models.vae``.
    """

    labels: Tensor
    """Class of each sample, long ``(N,)``; or 0 and 1 ``(N, C)``, where several may hold."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Tensor | slice | list[int]) -> dict[str, Tensor]: ...

    def to(self, device: torch.device | str) -> "Split":
        """The same samples on ``device``."""
        ...


def of_class(labels: Tensor, k: int) -> Tensor:
    """Which samples are of class k, bool ``(N,)``; they may be of several."""
    return labels[:, k] > 0 if labels.ndim == 2 else labels == k


@dataclass(frozen=True)
class Part:
    """Some samples of a split, or one of several classes that may hold of them.

    Parameters
    ----------
    split
        Where they come from.
    positions
        Which samples, long ``(N,)``.
    k
        The class whose presence is the label, 0 or 1; None leaves labels as they are.
    """

    split: Split
    positions: Tensor
    k: int | None = None

    @property
    def labels(self) -> Tensor:
        """Class of each sample, or whether class k holds of it."""
        labels = self.split.labels[self.positions]
        return labels if self.k is None else labels[:, self.k]

    @property
    def observed(self) -> Tensor | None:
        """Which sample has which modality, bool ``(N, M)``; None where all have all."""
        observed = getattr(self.split, "observed", None)
        return None if observed is None else observed[self.positions]

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: Tensor | slice | list[int]) -> dict[str, Tensor]:
        return self.split[self.positions[index]]

    def to(self, device: torch.device | str) -> "Part":
        """The same samples on ``device``."""
        return replace(self, split=self.split.to(device), positions=self.positions.to(device))


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
        What label k is called; where several may hold, what attribute k is called.
    leading
        Where several may hold: the one that is asked about where a sample can have one class only.
    fingerprint
        Of a visitor's own data: what tells them from others with the same name, as
        ``explorer.datasets.fingerprint`` writes it; None for the built-in ones.
    """

    name: str
    modalities: tuple[Modality, ...]
    train: Split
    test: Split
    classes: tuple[str, ...]
    leading: str = ""
    fingerprint: dict | None = field(default=None, compare=False)

    @property
    def multi_label(self) -> bool:
        """Whether several classes may hold of a sample."""
        return self.train.labels.ndim == 2

    def single(self) -> "Dataset":
        """The same dataset with one class for each sample: whether ``leading`` holds."""
        if not self.multi_label:
            return self
        if self.leading not in self.classes:
            raise ValueError(
                f"the leading class of {self.name!r} must be one of {', '.join(self.classes)}, got "
                f"{self.leading!r}"
            )
        k = self.classes.index(self.leading)
        return replace(
            self,
            train=Part(self.train, torch.arange(len(self.train)), k),
            test=Part(self.test, torch.arange(len(self.test)), k),
            classes=(f"not {self.leading}", self.leading),
        )

    def with_networks(self, networks: dict[str, str]) -> "Dataset":
        """The same dataset with other networks for the named modalities."""
        return replace(
            self,
            modalities=tuple(
                replace(one, network=networks.get(one.name, one.network)) for one in self.modalities
            ),
        )

    def having(self, *names: str) -> "Dataset":
        """The same dataset without the samples that lack one of these modalities (by default, any).

        Raises
        ------
        DataError
            No sample of a split is left.
        """
        places = [m for m, one in enumerate(self.modalities) if not names or one.name in names]

        def kept(split: Split, which: str) -> Split:
            observed = getattr(split, "observed", None)
            if observed is None:
                return split
            rows = observed[:, places].all(1).nonzero().flatten()
            if not len(rows):
                wanted = ", ".join(self.modalities[m].name for m in places)
                raise DataError(
                    f"no {which} sample of {self.name!r} has all of {wanted}; a model can be "
                    "trained on it, but not measured or shown where they are needed together"
                )
            return split if len(rows) == len(split) else Part(split, rows)

        return replace(self, train=kept(self.train, "train"), test=kept(self.test, "test"))
