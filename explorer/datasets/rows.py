"""Splits that lie in memory row by row: pictures as bytes, texts as numbers of symbols.

Shapes: N rows, M modalities, B batch.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Rows:
    """N observations of each modality that belong together, row by row.

    ``rows[index]`` (tensor, slice or list of positions) gives a batch: modality name to float.

    Parameters
    ----------
    arrays
        Modality name to ``(N, *shape)``: float as it is; uint8 is a picture, divided by 255.
    labels
        Long ``(N,)``, or 0 and 1 ``(N, C)`` where several classes may hold at once.
    tables
        Modality name to ``(n, *row)``: what each number 0 to n - 1 in its array stands for, again
        float, or uint8 for a picture.
    observed
        Bool ``(N, M)``, which rows have which modality, in the order of ``arrays``; None where all
        have all. A batch with gaps says so under ``observed``, and lacks what no row in it has.
    """

    arrays: dict[str, Tensor]
    labels: Tensor
    tables: dict[str, Tensor] = field(default_factory=dict)
    observed: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Tensor | slice | list[int]) -> dict[str, Tensor]:
        batch = {name: self._floats(name, array[index]) for name, array in self.arrays.items()}
        if self.observed is None or (observed := self.observed[index]).all():
            return batch
        there = observed.any(0).tolist()
        kept = {name: x for (name, x), some in zip(batch.items(), there, strict=True) if some}
        return kept | {"observed": observed}

    def _floats(self, name: str, part: Tensor) -> Tensor:
        if name in self.tables:
            part = self.tables[name][part.long()]
        return part.float().div_(255) if part.dtype == torch.uint8 else part

    def to(self, device: torch.device | str) -> "Rows":
        """The same rows with everything on ``device``."""
        return replace(
            self,
            arrays={name: array.to(device) for name, array in self.arrays.items()},
            labels=self.labels.to(device),
            tables={name: table.to(device) for name, table in self.tables.items()},
            observed=None if self.observed is None else self.observed.to(device),
        )


def scaling(table: NDArray, train: NDArray) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation ``(*)`` of the rows ``train`` of numbers ``(N, *)``.

    A number that never varies there, but for rounding, has the standard deviation 1.
    """
    x = table[train]
    reach = np.abs(x).max(0).astype(np.float64)
    # squares of numbers beyond these leave the range of float64
    unit = np.where((reach > 1e100) | ((reach < 1e-100) & (reach > 0)), reach, 1).astype(x.dtype)
    mean, std = (x / unit).mean(0) * unit, (x / unit).std(0) * unit
    rounding = 8 * np.finfo(x.dtype).eps * reach
    still = x.max(0) / 2 - x.min(0) / 2 <= rounding
    return np.where(still, x[0], mean), np.where(still, 1, std)


def standardised(table: NDArray, train: NDArray) -> NDArray:
    """Numbers ``(N, *)`` with mean 0 and standard deviation 1 over the rows ``train``, float32.

    What never varies there becomes 0 there.
    """
    mean, std = scaling(table, train)
    return ((table - mean) / std).astype(np.float32)
