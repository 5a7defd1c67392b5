"""Small networks that learn within minutes of one core: what every dataset has by default."""

from itertools import pairwise
from math import prod

from torch import nn

from explorer.networks.layers import (
    Transposed,
    check_text,
    flat,
    halved,
    image_channels,
    normalised,
)


def patch(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Small convolutions over 4x4 patches with batch normalisation, for images of 28, 32 or 64.

    Places are halved until 4x4 are left, channels doubled. Five times cheaper on a CPU than the
    convolutions of the MoPoE paper, and draws digits after minutes where those have drawn none.
    """
    channels = image_channels(shape, "patch", (28, 32, 64))
    sides = halved(shape[-1] // 4)
    widths = [32 * 2**k for k in range(len(sides))]
    size = widths[-1] * 4 * 4
    halvings: list[nn.Module] = []
    doublings: list[nn.Module] = []
    for (large, small), (few, many) in zip(pairwise(sides), pairwise(widths), strict=True):
        halvings += normalised(
            nn.Conv2d(few, many, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(many)
        )
        doubling = nn.ConvTranspose2d(
            many, few, 3, stride=2, padding=1, output_padding=large - 2 * small + 1, bias=False
        )
        doublings = [*normalised(doubling, nn.BatchNorm2d(few)), *doublings]
    encoder = nn.Sequential(
        *normalised(nn.Conv2d(channels, 32, 4, stride=4, bias=False), nn.BatchNorm2d(32)),
        *halvings,
        nn.Flatten(),
        *normalised(nn.Linear(size, 128, bias=False), nn.BatchNorm1d(128)),
        nn.Linear(128, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        *normalised(nn.Linear(latent_dim, 128, bias=False), nn.BatchNorm1d(128)),
        *normalised(nn.Linear(128, size, bias=False), nn.BatchNorm1d(size)),
        nn.Unflatten(1, (widths[-1], 4, 4)),
        *doublings,
        nn.Conv2d(32, 16 * channels, 3, padding=1),
        nn.PixelShuffle(4),
    )
    return encoder, decoder


def mlp(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Two hidden layers of 128 units either way, for observations of any shape."""
    return flat(shape, latent_dim, 128, 128)


def dense(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Two hidden layers of 128 units either way with batch normalisation: short texts, spikes."""
    size = prod(shape)
    encoder = nn.Sequential(
        nn.Flatten(),
        *normalised(nn.Linear(size, 128, bias=False), nn.BatchNorm1d(128)),
        *normalised(nn.Linear(128, 128, bias=False), nn.BatchNorm1d(128)),
        nn.Linear(128, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        *normalised(nn.Linear(latent_dim, 128, bias=False), nn.BatchNorm1d(128)),
        *normalised(nn.Linear(128, 128, bias=False), nn.BatchNorm1d(128)),
        nn.Linear(128, size),
        nn.Unflatten(1, shape),
    )
    return encoder, decoder


def text_patch(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Convolutions over four symbols at a time with batch normalisation, for texts of 256."""
    check_text(shape, "text_patch", 256)
    widths = (shape[1], 64, 96, 128)  # at 256, 64, 16 and 4 places
    encoder = nn.Sequential(
        Transposed(),
        *(
            layer
            for few, many in pairwise(widths)
            for layer in normalised(
                nn.Conv1d(few, many, 4, stride=4, bias=False), nn.BatchNorm1d(many)
            )
        ),
        nn.Flatten(),
        *normalised(nn.Linear(512, 128, bias=False), nn.BatchNorm1d(128)),
        nn.Linear(128, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        *normalised(nn.Linear(latent_dim, 128, bias=False), nn.BatchNorm1d(128)),
        *normalised(nn.Linear(128, 512, bias=False), nn.BatchNorm1d(512)),
        nn.Unflatten(1, (128, 4)),
        *(
            layer
            for many, few in pairwise(widths[:0:-1])
            for layer in normalised(
                nn.ConvTranspose1d(many, few, 4, stride=4, bias=False), nn.BatchNorm1d(few)
            )
        ),
        nn.ConvTranspose1d(64, shape[1], 4, stride=4),
        Transposed(),
    )
    return encoder, decoder
