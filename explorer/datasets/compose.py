"""Digits set on photographs: the PolyMNIST construction, composed when asked for.

A picture is a 28x28 crop of a modality's photograph whose colors are inverted where the digit is
(Sutter et al. 2021). Digits smaller than the picture lie in it at an offset. Kept are the digit
masks, the photographs and, per tuple, which digit, crop and offset each modality shows: a few MB
and no waiting, where the pictures themselves would be hundreds. Composition is plain indexing, so
it runs on whatever device the tensors are on.

Shapes: N tuples, M modalities, B batch, P digit pictures, S their size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

SIZE = 28


@dataclass(frozen=True)
class DigitTuples:
    """Tuples of M digit pictures of one class, each on its modality's photograph.

    ``len(tuples)`` counts them; ``tuples[index]`` (tensor, slice or list of positions) composes a
    batch: ``dict`` of modality name to float ``(B, 3, 28, 28)`` in [0, 1].

    Parameters
    ----------
    masks
        Bool ``(P, S, S)``: where the digit's ink is.
    photographs
        Modality name to uint8 ``(3, height, width)``.
    digits
        Long ``(N, M)``: which mask each modality shows.
    corners
        Long ``(N, M, 2)``: top and left of each crop.
    labels
        Long ``(N,)``: the class that all M pictures of a tuple share.
    offsets
        Long ``(N, M, 2)``: top and left of each mask in its picture; None where masks fill it.
    """

    masks: Tensor
    photographs: dict[str, Tensor]
    digits: Tensor
    corners: Tensor
    labels: Tensor
    offsets: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Tensor | slice | list[int]) -> dict[str, Tensor]:
        digits, corners = self.digits[index], self.corners[index]
        pictures = {}
        for m, (name, photograph) in enumerate(self.photographs.items()):
            masks = self.masks[digits[:, m]]
            if self.offsets is not None:
                masks = place(masks, self.offsets[index][:, m])
            pictures[name] = compose(masks, photograph, corners[:, m])
        return pictures

    def to(self, device: torch.device | str) -> "DigitTuples":
        """The same tuples with everything on ``device``; batches are then composed there."""
        return replace(
            self,
            masks=self.masks.to(device),
            photographs={name: p.to(device) for name, p in self.photographs.items()},
            digits=self.digits.to(device),
            corners=self.corners.to(device),
            labels=self.labels.to(device),
            offsets=None if self.offsets is None else self.offsets.to(device),
        )


def place(masks: Tensor, offsets: Tensor) -> Tensor:
    """Masks ``(B, S, S)`` with their top left at ``offsets`` ``(B, 2)`` of a 28x28 frame."""
    slack = SIZE - masks.shape[-1]
    windows = F.pad(masks, (slack,) * 4).unfold(1, SIZE, 1).unfold(2, SIZE, 1)  # a view
    top, left = (slack - offsets).unbind(1)
    return windows[torch.arange(len(masks), device=masks.device), top, left]


def compose(masks: Tensor, photograph: Tensor, corners: Tensor) -> Tensor:
    """Crops of a photograph, inverted where the digit is.

    Parameters
    ----------
    masks
        Bool ``(B, 28, 28)``.
    photograph
        uint8 ``(3, height, width)``.
    corners
        Long ``(B, 2)``: top and left of each crop.

    Returns
    -------
    Float ``(B, 3, 28, 28)`` in [0, 1].
    """
    windows = photograph.unfold(1, SIZE, 1).unfold(2, SIZE, 1).permute(1, 2, 0, 3, 4)  # a view
    crops = windows[corners[:, 0], corners[:, 1]]
    inverted = masks.unsqueeze(1).to(torch.uint8) * 255
    return (crops ^ inverted).float().div_(255)  # 255 - c is c with all bits flipped


def deal(
    classes: Tensor, n_tuples: int, n_modalities: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw tuples of different pictures of one class, classes in equal numbers.

    Each class deals its pictures from shuffled decks, M at a time, so that every picture is used
    about equally often and no tuple holds the same picture twice.

    Parameters
    ----------
    classes
        Long ``(P,)``: what each picture shows.

    Returns
    -------
    labels, digits
        Long ``(N,)`` and ``(N, M)``: the class of each tuple and its pictures.

    Raises
    ------
    ValueError
        A class has fewer pictures than there are modalities.
    """
    labels = torch.arange(n_tuples) % (int(classes.max()) + 1)
    labels = labels[torch.randperm(n_tuples, generator=generator)]
    return labels, deal_hands(labels, classes, n_modalities, generator)


def deal_hands(
    labels: Tensor, classes: Tensor, n_modalities: int, generator: torch.Generator
) -> Tensor:
    """Like :func:`deal`, for tuples whose classes are given.

    Parameters
    ----------
    labels, classes
        Long ``(N,)`` and ``(P,)``: the class of each tuple, and what each picture shows.

    Returns
    -------
    Positions among the P, long ``(N, M)``.

    Raises
    ------
    ValueError
        A class that is wanted has fewer pictures than there are modalities.
    """
    digits = torch.empty(len(labels), n_modalities, dtype=torch.long)
    for label in labels.unique().tolist():
        members = (classes == label).nonzero().flatten()
        hands_per_deck = len(members) // n_modalities
        if hands_per_deck == 0:
            raise ValueError(
                f"a tuple needs {n_modalities} different pictures of class {label}, "
                f"got {len(members)}"
            )
        rows = (labels == label).nonzero().flatten()
        decks = -(-len(rows) // hands_per_deck)
        hands = [
            members[torch.randperm(len(members), generator=generator)][
                : hands_per_deck * n_modalities
            ].reshape(hands_per_deck, n_modalities)
            for _ in range(decks)
        ]
        digits[rows] = torch.cat(hands)[: len(rows)]
    return digits


def pair(
    classes: Sequence[Tensor], rounds: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Match observations of one class across M sources, as the released code of MoPoE does.

    In a round each class shuffles its observations in every source and puts the first with the
    first, the second with the second, until the source with the fewest is used up. So classes
    are as frequent as in the data. (Released code takes the same observations of a richer source
    in every round, here each round draws anew.)

    Parameters
    ----------
    classes
        Long ``(P_m,)``, one for each source: the class of each of its observations.
    rounds
        How often every observation of the source with the fewest is used.

    Returns
    -------
    labels, positions
        Long ``(N,)`` and ``(N, M)``, in random order: class and observations of each tuple.

    Raises
    ------
    ValueError
        No class is in all sources.
    """
    labels, positions = [], []
    for label in torch.cat(list(classes)).unique().tolist():
        members = [(c == label).nonzero().flatten() for c in classes]
        n = min(map(len, members))
        for _ in range(rounds):
            shuffled = [m[torch.randperm(len(m), generator=generator)[:n]] for m in members]
            positions.append(torch.stack(shuffled, dim=1))
            labels.append(torch.full((n,), label))
    order = torch.randperm(sum(map(len, labels)), generator=generator)
    if len(order) == 0:
        raise ValueError("no class has observations in every source; there is nothing to pair")
    return torch.cat(labels)[order], torch.cat(positions)[order]


def draw_tuples(
    masks: Tensor,
    classes: Tensor,
    photographs: dict[str, Tensor],
    n_tuples: int,
    generator: torch.Generator,
) -> DigitTuples:
    """Draw tuples of different digit pictures, classes in equal numbers, and set them on crops.

    Parameters
    ----------
    masks, classes
        Bool ``(P, S, S)`` and long ``(P,)``: the pictures to draw from and what they show.
    photographs
        One per modality, in the order of the modalities.
    n_tuples
        How many tuples.
    generator
        Decides everything: the same seed gives the same tuples.

    Raises
    ------
    ValueError
        As ``deal``.
    """
    labels, digits = deal(classes, n_tuples, len(photographs), generator)
    return set_on_crops(masks, photographs, labels, digits, generator)


def set_on_crops(
    masks: Tensor,
    photographs: dict[str, Tensor],
    labels: Tensor,
    digits: Tensor,
    generator: torch.Generator,
) -> DigitTuples:
    """Draw a crop for each picture of each tuple; and an offset for masks smaller than 28x28.

    Parameters
    ----------
    masks, photographs
        As in ``draw_tuples``.
    labels, digits
        Long ``(N,)`` and ``(N, M)``: what ``deal`` or ``pair`` gave.
    """
    n_tuples, n_modalities = digits.shape
    corners = torch.stack(
        [
            torch.stack(
                [
                    torch.randint(
                        photograph.shape[axis] - SIZE + 1, (n_tuples,), generator=generator
                    )
                    for axis in (1, 2)
                ],
                dim=1,
            )
            for photograph in photographs.values()
        ],
        dim=1,
    )
    slack = SIZE - masks.shape[-1]
    offsets = (
        torch.randint(slack + 1, (n_tuples, n_modalities, 2), generator=generator)
        if slack > 0
        else None
    )
    return DigitTuples(masks, photographs, digits, corners, labels, offsets)
