"""What several networks are made of, and which shapes they refuse."""

from itertools import pairwise
from math import prod

from torch import Tensor, nn


def perceptron(*sizes: int) -> nn.Sequential:
    """Linear layers from size to size with ReLU between them, for what is no modality's own."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def flat(
    shape: tuple[int, ...], latent_dim: int, *hidden: int
) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder and decoder of linear layers and ReLU, through the ``hidden`` sizes either way."""
    size = prod(shape)
    return (
        nn.Sequential(nn.Flatten(), *perceptron(size, *hidden, 2 * latent_dim)),
        nn.Sequential(*perceptron(latent_dim, *reversed(hidden), size), nn.Unflatten(1, shape)),
    )


class Transposed(nn.Module):
    """Symbols and places of a text, exchanged: convolutions want channels first."""

    def forward(self, x: Tensor) -> Tensor:
        """Exchange the last two axes."""
        return x.transpose(1, 2)


def normalised(layer: nn.Module, normalisation: nn.Module) -> tuple[nn.Module, ...]:
    """A layer, its normalisation and a ReLU."""
    return layer, normalisation, nn.ReLU(inplace=True)


def halved(side: int) -> list[int]:
    """Sides of an image that is halved until at most four are left.

    >>> halved(28)
    [28, 14, 7, 4]
    """
    sides = [side]
    while sides[-1] > 4:
        sides.append(-(-sides[-1] // 2))
    return sides


def image_channels(shape: tuple[int, ...], name: str, sides: tuple[int, ...]) -> int:
    """Channels of a square image of one of these sides; ValueError for any other shape."""
    if len(shape) != 3 or shape[1] != shape[2] or shape[1] not in sides:
        known = " or ".join(f"(channels, {side}, {side})" for side in sides)
        raise ValueError(f"network {name!r} needs images of shape {known}, got {shape}")
    return shape[0]


def check_text(shape: tuple[int, ...], name: str, length: int) -> None:
    """Raise ValueError unless the shape is that of a text of this length."""
    if len(shape) != 2 or shape[0] != length:
        raise ValueError(
            f"network {name!r} needs texts of shape ({length}, n_symbols), got {tuple(shape)}"
        )
