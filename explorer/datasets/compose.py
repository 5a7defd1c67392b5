"""Digits set on photographs: the PolyMNIST construction, composed when asked for.

A picture is a 28x28 crop of a modality's photograph whose colors are inverted where the digit is
(Sutter et al. 2021). Kept are the digit masks, the photographs and, per tuple, which digit and
which crop each modality shows: a few MB and no waiting, where the pictures themselves would be
hundreds. Composition is plain indexing, so it runs on whatever device the tensors are on.

Shapes: N tuples, M modalities, B batch, P digit pictures.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

SIZE = 28


@dataclass(frozen=True)
class DigitTuples:
    """Tuples of M different digit pictures of one class, each on its modality's photograph.

    ``len(tuples)`` counts them; ``tuples[index]`` (tensor, slice or list of positions) composes a
    batch: ``dict`` of modality name to float ``(B, 3, 28, 28)`` in [0, 1].

    Parameters
    ----------
    masks
        Bool ``(P, 28, 28)``: where the digit's ink is.
    photographs
        Modality name to uint8 ``(3, height, width)``.
    digits
        Long ``(N, M)``: which mask each modality shows.
    corners
        Long ``(N, M, 2)``: top and left of each crop.
    labels
        Long ``(N,)``: the class that all M pictures of a tuple share.
    """

    masks: Tensor
    photographs: dict[str, Tensor]
    digits: Tensor
    corners: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Tensor | slice | list[int]) -> dict[str, Tensor]:
        digits, corners = self.digits[index], self.corners[index]
        return {
            name: compose(self.masks[digits[:, m]], photograph, corners[:, m])
            for m, (name, photograph) in enumerate(self.photographs.items())
        }

    def to(self, device: torch.device | str) -> "DigitTuples":
        """The same tuples with everything on ``device``; batches are then composed there."""
        return replace(
            self,
            masks=self.masks.to(device),
            photographs={name: p.to(device) for name, p in self.photographs.items()},
            digits=self.digits.to(device),
            corners=self.corners.to(device),
            labels=self.labels.to(device),
        )


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


def draw_tuples(
    masks: Tensor,
    classes: Tensor,
    photographs: dict[str, Tensor],
    n_tuples: int,
    generator: torch.Generator,
) -> DigitTuples:
    """Draw tuples of different digit pictures of one class, classes in equal numbers.

    Each class deals its pictures from shuffled decks, M at a time, so that every picture is used
    about equally often and no tuple holds the same picture twice.

    Parameters
    ----------
    masks, classes
        Bool ``(P, 28, 28)`` and long ``(P,)``: the pictures to draw from and what they show.
    photographs
        One per modality, in the order of the modalities.
    n_tuples
        How many tuples.
    generator
        Decides everything: the same seed gives the same tuples.

    Raises
    ------
    ValueError
        A class has fewer pictures than there are modalities.
    """
    n_modalities = len(photographs)
    labels = torch.arange(n_tuples) % (int(classes.max()) + 1)
    labels = labels[torch.randperm(n_tuples, generator=generator)]
    digits = torch.empty(n_tuples, n_modalities, dtype=torch.long)
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
    return DigitTuples(masks, photographs, digits, corners, labels)
