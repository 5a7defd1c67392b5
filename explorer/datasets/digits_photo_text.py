"""Digit, photo, text: one digit as a clean picture, on a photograph, and as a word. No download.

The embedded analogue of MNIST-SVHN-Text (Sutter et al. 2020), made of scikit-learn's digits and
photographs of scikit-image:

- ``digit``: a grey digit, enlarged to 28x28 and not thresholded, ``(1, 28, 28)``;
- ``photo``: another picture of the same digit, lighter or darker than a crop of one of five
  photographs, with a random tint and contrast and with noise, ``(3, 28, 28)``;
- ``text``: its English word at a random offset in 8 characters, one-hot over a space and 26
  letters, ``(8, 27)``. The offset is uniform from 0 to 7 less the length of the word, as published:
  the last place is never used.

What differs from the original: the photographs and the digits on them are not house numbers (one
whole digit in the middle, no neighbors), the alphabet has 27 symbols and not 71, and offsets are
drawn once with the tuples and not at every access. Weights are the published rule, size of the
largest modality over one's own, where a text counts its characters: 2352 / 784 = 3 for ``digit``,
1 for ``photo``, 2352 / 8 = 294 for ``text``.

Shapes: N tuples, B batch, P digit pictures, F photographs.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from explorer.datasets.compose import SIZE, deal
from explorer.datasets.digits import digit_pictures, split_digits
from explorer.datasets.modality import Dataset, Modality
from explorer.datasets.polydigits import PHOTOGRAPHS, photograph
from explorer.datasets.text import WORDS, draw_offsets, spell_shifted

SYMBOLS = " abcdefghijklmnopqrstuvwxyz"
LENGTH = 8
CONTRAST = (0.45, 0.85)
"""Least and most difference in brightness between a digit and the photograph under it."""
TINT = 0.5
"""How much less than that a color channel may have."""
NOISE = 0.06
"""Standard deviation of the noise on a photo."""
GRAIN = 256
"""Side of the sheet that noise is cropped from."""


@dataclass(frozen=True)
class DigitPhotoText:
    """Tuples of a digit picture, another one on a photograph, and a word; composed when asked for.

    Parameters
    ----------
    pictures
        Float ``(P, 28, 28)`` in [0, 1]: grey digits, ink 1.
    photographs
        uint8 ``(F, 3, height, width)``.
    grain
        Float ``(3, height, width)``: noise to take crops of.
    words
        Float ``(classes, offsets, 8, 27)``: every word at every offset.
    labels, digits
        Long ``(N,)`` and ``(N, 2)``: the class, and the pictures under ``digit`` and ``photo``.
    photos, corners, grain_corners
        Long ``(N,)``, ``(N, 2)`` and ``(N, 2)``: which photograph, which crops.
    strokes
        Float ``(N, 3)``: how far the digit is from the photograph, by color.
    offsets
        Long ``(N,)``: where the word starts.
    """

    pictures: Tensor
    photographs: Tensor
    grain: Tensor
    words: Tensor
    labels: Tensor
    digits: Tensor
    photos: Tensor
    corners: Tensor
    grain_corners: Tensor
    strokes: Tensor
    offsets: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Tensor | slice | list[int]) -> dict[str, Tensor]:
        clean, inked = self.pictures[self.digits[index]].unsqueeze(2).unbind(1)  # (B, 1, 28, 28)
        top, left = self.corners[index].unbind(1)
        crops = (
            self.photographs.unfold(2, SIZE, 1)
            .unfold(3, SIZE, 1)[self.photos[index], :, top, left]
            .float()
        )
        crops = crops / 255
        side = torch.where(crops.mean((1, 2, 3)) < 0.5, 1.0, -1.0)
        strokes = (side.unsqueeze(1) * self.strokes[index])[..., None, None]  # (B, 3, 1, 1)
        top, left = self.grain_corners[index].unbind(1)
        noise = self.grain.unfold(1, SIZE, 1).unfold(2, SIZE, 1)[:, top, left].transpose(0, 1)
        return {
            "digit": clean,
            "photo": (crops + strokes * inked + noise).clamp(0, 1),
            "text": self.words[self.labels[index], self.offsets[index]],
        }

    def to(self, device: torch.device | str) -> "DigitPhotoText":
        """The same tuples with everything on ``device``; batches are then composed there."""
        return replace(self, **{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def digits_photo_text(*, n_train: int = 30_000, n_test: int = 5_000, seed: int = 0) -> Dataset:
    """Digit, photo, text: shapes ``(1, 28, 28)``, ``(3, 28, 28)`` and ``(8, 27)``.

    Parameters
    ----------
    n_train, n_test
        Numbers of tuples, from 1,437 and 360 digits.
    seed
        Decides the split of the digits, the tuples, the crops, the noise and the offsets.
    """
    pictures, classes = digit_pictures(SIZE)
    images = [photograph(name) for name in PHOTOGRAPHS]
    height, width = (min(image.shape[axis] for image in images) for axis in (1, 2))
    photographs = torch.stack([image[:, :height, :width] for image in images])
    generator = torch.Generator().manual_seed(seed)
    grain = NOISE * torch.randn(3, GRAIN, GRAIN, generator=generator)
    words = spell_shifted(WORDS, SYMBOLS, LENGTH)

    def split(positions: np.ndarray, n_tuples: int) -> DigitPhotoText:
        def corners(height: int, width: int) -> Tensor:
            return torch.stack(
                [
                    torch.randint(size - SIZE + 1, (n_tuples,), generator=generator)
                    for size in (height, width)
                ],
                dim=1,
            )

        labels, digits = deal(classes[positions], n_tuples, 2, generator)
        least, most = CONTRAST
        contrast = least + (most - least) * torch.rand(n_tuples, 1, generator=generator)
        return DigitPhotoText(
            pictures=pictures[positions].float(),
            photographs=photographs,
            grain=grain,
            words=words,
            labels=labels,
            digits=digits,
            photos=torch.randint(len(images), (n_tuples,), generator=generator),
            corners=corners(height, width),
            grain_corners=corners(GRAIN, GRAIN),
            strokes=contrast * (1 - TINT * torch.rand(n_tuples, 3, generator=generator)),
            offsets=draw_offsets(WORDS, LENGTH, labels, generator),
        )

    train, test = split_digits(seed)
    return Dataset(
        name="digits_photo_text",
        modalities=(
            Modality("digit", (1, SIZE, SIZE), description="clean grey digit", weight=3.0),
            Modality("photo", (3, SIZE, SIZE), description="noisy digit on a photograph"),
            Modality(
                "text",
                (LENGTH, len(SYMBOLS)),
                likelihood="categorical",
                network="dense",
                description="English word somewhere in 8 characters",
                kind="text",
                weight=294.0,
                symbols=SYMBOLS,
            ),
        ),
        train=split(train, n_train),
        test=split(test, n_test),
        classes=tuple("0123456789"),
    )
