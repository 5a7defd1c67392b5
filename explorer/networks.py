"""Networks by name: an encoder to 2 D numbers and a decoder from D, for one modality's shape.

``NETWORKS[name](shape, latent_dim)`` returns the pair. Encoders give mean and log-variance side by
side, ``(B, *shape)`` -> ``(B, 2 D)``; decoders give what a likelihood reads, ``(B, D)`` ->
``(B, *shape)``. Texts are one-hot, ``(length, n_symbols)``; spikes are ``(neurons, bins)``. To add
one: a function and a line in ``NETWORKS``.
"""

from collections.abc import Callable
from itertools import pairwise
from math import prod

from torch import Tensor, nn


def patch(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Small convolutions over 4x4 patches with batch normalisation, for images of 28, 32 or 64.

    Places are halved until 4x4 are left, channels doubled. Five times cheaper on a CPU than the
    convolutions of the MoPoE paper, and draws digits after minutes where those have drawn none.
    """
    channels, side = _image_channels(shape, "patch", (28, 32, 64)), shape[-1] // 4
    sides = [side]  # 7, 4; 8, 4; 16, 8, 4
    while sides[-1] > 4:
        sides.append(-(-sides[-1] // 2))
    widths = [32 * 2**k for k in range(len(sides))]
    size = widths[-1] * 4 * 4
    halvings: list[nn.Module] = []
    doublings: list[nn.Module] = []
    for (large, small), (few, many) in zip(pairwise(sides), pairwise(widths), strict=True):
        halvings += _normalised(
            nn.Conv2d(few, many, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(many)
        )
        doubling = nn.ConvTranspose2d(
            many, few, 3, stride=2, padding=1, output_padding=large - 2 * small + 1, bias=False
        )
        doublings = [*_normalised(doubling, nn.BatchNorm2d(few)), *doublings]
    encoder = nn.Sequential(
        *_normalised(nn.Conv2d(channels, 32, 4, stride=4, bias=False), nn.BatchNorm2d(32)),
        *halvings,
        nn.Flatten(),
        *_normalised(nn.Linear(size, 128, bias=False), nn.BatchNorm1d(128)),
        nn.Linear(128, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        *_normalised(nn.Linear(latent_dim, 128, bias=False), nn.BatchNorm1d(128)),
        *_normalised(nn.Linear(128, size, bias=False), nn.BatchNorm1d(size)),
        nn.Unflatten(1, (widths[-1], 4, 4)),
        *doublings,
        nn.Conv2d(32, 16 * channels, 3, padding=1),
        nn.PixelShuffle(4),
    )
    return encoder, decoder


def mopoe_conv(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutions of the MoPoE paper's PolyMNIST experiment, for 28x28 images.

    2.8 M parameters a modality at D = 512 (Sutter et al. 2021, released code).
    """
    channels = _image_channels(shape, "mopoe_conv", (28,))
    encoder = nn.Sequential(
        nn.Conv2d(channels, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, 128, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2048, 512),
        nn.ReLU(),
        nn.Linear(512, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 2048),
        nn.ReLU(),
        nn.Unflatten(1, (128, 4, 4)),
        nn.ConvTranspose2d(128, 64, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(32, channels, 3, stride=2, padding=1, output_padding=1),
    )
    return encoder, decoder


def mlp(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Two hidden layers of 128 units either way, for observations of any shape."""
    size = prod(shape)
    encoder = nn.Sequential(
        nn.Flatten(),
        nn.Linear(size, 128),
        nn.ReLU(),
        nn.Linear(128, 128),
        nn.ReLU(),
        nn.Linear(128, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 128),
        nn.ReLU(),
        nn.Linear(128, 128),
        nn.ReLU(),
        nn.Linear(128, size),
        nn.Unflatten(1, shape),
    )
    return encoder, decoder


def dense(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Two hidden layers of 128 units either way with batch normalisation: short texts, spikes."""
    size = prod(shape)
    encoder = nn.Sequential(
        nn.Flatten(),
        *_normalised(nn.Linear(size, 128, bias=False), nn.BatchNorm1d(128)),
        *_normalised(nn.Linear(128, 128, bias=False), nn.BatchNorm1d(128)),
        nn.Linear(128, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        *_normalised(nn.Linear(latent_dim, 128, bias=False), nn.BatchNorm1d(128)),
        *_normalised(nn.Linear(128, 128, bias=False), nn.BatchNorm1d(128)),
        nn.Linear(128, size),
        nn.Unflatten(1, shape),
    )
    return encoder, decoder


def mopoe_mnist(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """One hidden layer of 400 units either way, for MNIST in MNIST-SVHN-Text (Sutter et al. 2021).

    The only decoder here that ends in a sigmoid, as the released code's does.
    """
    size = 28 * 28 * _image_channels(shape, "mopoe_mnist", (28,))
    encoder = nn.Sequential(
        nn.Flatten(), nn.Linear(size, 400), nn.ReLU(), nn.Linear(400, 2 * latent_dim)
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 400),
        nn.ReLU(),
        nn.Linear(400, size),
        nn.Sigmoid(),
        nn.Unflatten(1, shape),
    )
    return encoder, decoder


def mopoe_svhn(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutions of the MoPoE paper for SVHN's 32x32 images (Sutter et al. 2021)."""
    channels = _image_channels(shape, "mopoe_svhn", (32,))
    encoder = nn.Sequential(
        nn.Conv2d(channels, 32, 4, stride=2, padding=1),  # 16x16
        nn.ReLU(),
        nn.Conv2d(32, 64, 4, stride=2, padding=1),  # 8x8
        nn.ReLU(),
        nn.Conv2d(64, 64, 4, stride=2, padding=1),  # 4x4
        nn.ReLU(),
        nn.Conv2d(64, 128, 4, stride=2),  # 1x1
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 128),
        nn.ReLU(),
        nn.Unflatten(1, (128, 1, 1)),
        nn.ConvTranspose2d(128, 64, 4),  # 4x4
        nn.ReLU(),
        nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1),  # 8x8
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1),  # 16x16
        nn.ReLU(),
        nn.ConvTranspose2d(32, channels, 4, stride=2, padding=1),
    )
    return encoder, decoder


def mopoe_text(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutions of the MoPoE paper for texts of 8 characters (Sutter et al. 2021).

    They end in logits; the released code's log-softmax is the likelihood's affair here.
    """
    _check_text(shape, "mopoe_text", 8)
    n_symbols = shape[1]
    encoder = nn.Sequential(
        _Transposed(),
        nn.Conv1d(n_symbols, 128, 1),
        nn.ReLU(),
        nn.Conv1d(128, 128, 4, stride=2, padding=1),  # 4
        nn.ReLU(),
        nn.Conv1d(128, 128, 4, stride=2),  # 1
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 128),
        nn.Unflatten(1, (128, 1)),
        nn.ConvTranspose1d(128, 128, 4),  # 4
        nn.ReLU(),
        nn.ConvTranspose1d(128, 128, 4, stride=2, padding=1),  # 8
        nn.ReLU(),
        nn.Conv1d(128, n_symbols, 1),
        _Transposed(),
    )
    return encoder, decoder


def text_patch(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Convolutions over four symbols at a time with batch normalisation, for texts of 256."""
    _check_text(shape, "text_patch", 256)
    widths = (shape[1], 64, 96, 128)  # at 256, 64, 16 and 4 places
    encoder = nn.Sequential(
        _Transposed(),
        *(
            layer
            for few, many in pairwise(widths)
            for layer in _normalised(
                nn.Conv1d(few, many, 4, stride=4, bias=False), nn.BatchNorm1d(many)
            )
        ),
        nn.Flatten(),
        *_normalised(nn.Linear(512, 128, bias=False), nn.BatchNorm1d(128)),
        nn.Linear(128, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        *_normalised(nn.Linear(latent_dim, 128, bias=False), nn.BatchNorm1d(128)),
        *_normalised(nn.Linear(128, 512, bias=False), nn.BatchNorm1d(512)),
        nn.Unflatten(1, (128, 4)),
        *(
            layer
            for many, few in pairwise(widths[:0:-1])
            for layer in _normalised(
                nn.ConvTranspose1d(many, few, 4, stride=4, bias=False), nn.BatchNorm1d(few)
            )
        ),
        nn.ConvTranspose1d(64, shape[1], 4, stride=4),
        _Transposed(),
    )
    return encoder, decoder


def mopoe_face(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The residual convolutions of the MoPoE paper for CelebA's 64x64 images (Sutter et al. 2021).

    22 M parameters either way; dropout of a half is part of it.
    """
    channels = _image_channels(shape, "mopoe_face", (64,))
    steps = [(128, 256), (256, 384), (384, 512)]  # at 33, 16, 8 and 4 places a side
    encoder = nn.Sequential(
        nn.Conv2d(channels, 128, 3, stride=2, padding=2, bias=False),
        *(_Residual(nn.Conv2d, few, many, 2, 1) for few, many in steps),
        _Residual(nn.Conv2d, 512, 640, 2, 0),
        nn.Flatten(),
        nn.Linear(640, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 640),
        nn.Unflatten(1, (640, 1, 1)),
        _Residual(nn.ConvTranspose2d, 640, 512, 1, 0),
        *(_Residual(nn.ConvTranspose2d, many, few, 2, 1) for few, many in steps[::-1]),
        nn.ConvTranspose2d(128, channels, 3, stride=2, padding=1, output_padding=1),
    )
    return encoder, decoder


def mopoe_attributes(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The residual convolutions of the MoPoE paper for CelebA's texts of 256 characters.

    As :func:`mopoe_face`; they end in logits.
    """
    _check_text(shape, "mopoe_attributes", 256)
    steps = [(128, 256), (256, 384), (384, 512), (512, 640), (640, 640)]  # at 128 places to 4
    encoder = nn.Sequential(
        _Transposed(),
        nn.Conv1d(shape[1], 128, 4, stride=2, padding=1),
        *(_Residual(nn.Conv1d, few, many, 2, 1) for few, many in steps),
        _Residual(nn.Conv1d, 640, 640, 2, 0),
        nn.Flatten(),
        nn.Linear(640, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 640),
        nn.Unflatten(1, (640, 1)),
        _Residual(nn.ConvTranspose1d, 640, 640, 1, 0),
        *(_Residual(nn.ConvTranspose1d, many, few, 2, 1) for few, many in steps[::-1]),
        nn.ConvTranspose1d(128, shape[1], 4, stride=2, padding=1),
        _Transposed(),
    )
    return encoder, decoder


def mac_conv(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutions of the MAC-WAE study for the 64x64 images of CUB and CelebA.

    Its sigmoid at the end is left out, as everywhere here.
    """
    channels = _image_channels(shape, "mac_conv", (64,))
    widths = (channels, 32, 64, 128, 256)  # at 64, 32, 16, 8 and 4 places a side
    halvings: list[nn.Module] = []
    doublings: list[nn.Module] = []
    for few, many in pairwise(widths):
        halvings += [nn.Conv2d(few, many, 3, stride=2, padding=1), nn.ReLU()]
        doubling = nn.ConvTranspose2d(many, few, 3, stride=2, padding=1, output_padding=1)
        doublings = [doubling, nn.ReLU(), *doublings]
    encoder = nn.Sequential(
        *halvings,
        nn.Flatten(),
        nn.Linear(4096, latent_dim),
        nn.ReLU(),
        nn.Linear(latent_dim, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 4096), nn.ReLU(), nn.Unflatten(1, (256, 4, 4)), *doublings[:-1]
    )
    return encoder, decoder


def mmvamp_rats(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The layers of the MM-VAMP paper's rat experiment, as wide as the data (Sutter et al. 2024).

    Its second head gives log standard deviations there and log-variances here.
    """
    size = prod(shape)
    encoder = nn.Sequential(
        nn.Flatten(),
        nn.Linear(size, size),
        nn.LeakyReLU(),
        nn.Linear(size, size),
        nn.LeakyReLU(),
        nn.Linear(size, latent_dim),
        nn.LeakyReLU(),
        nn.Linear(latent_dim, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, size),
        nn.LeakyReLU(),
        nn.Linear(size, size),
        nn.LeakyReLU(),
        nn.Linear(size, size),
        nn.Unflatten(1, shape),
    )
    return encoder, decoder


NETWORKS: dict[str, Callable[[tuple[int, ...], int], tuple[nn.Module, nn.Module]]] = {
    "patch": patch,
    "mopoe_conv": mopoe_conv,
    "mlp": mlp,
    "dense": dense,
    "mopoe_mnist": mopoe_mnist,
    "mopoe_svhn": mopoe_svhn,
    "mopoe_text": mopoe_text,
    "text_patch": text_patch,
    "mopoe_face": mopoe_face,
    "mopoe_attributes": mopoe_attributes,
    "mac_conv": mac_conv,
    "mmvamp_rats": mmvamp_rats,
}


def perceptron(*sizes: int) -> nn.Sequential:
    """Linear layers from size to size with ReLU between them, for what is no modality's own."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class _Transposed(nn.Module):
    """Symbols and places of a text, exchanged: convolutions want channels first."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2)


class _Residual(nn.Module):
    """Twice a convolution of the input and 0.3 times two, with batch normalisation and dropout.

    ``convolution`` is a class of ``torch.nn``; the kernel that changes the size is of 4.
    """

    def __init__(
        self, convolution: type[nn.Module], n_in: int, n_out: int, stride: int, padding: int
    ) -> None:
        super().__init__()
        plane = convolution in (nn.Conv2d, nn.ConvTranspose2d)
        normalisation, mix = (nn.BatchNorm2d, nn.Conv2d) if plane else (nn.BatchNorm1d, nn.Conv1d)
        self.straight = nn.Sequential(
            convolution(n_in, n_out, 4, stride=stride, padding=padding), normalisation(n_out)
        )
        self.around = nn.Sequential(
            normalisation(n_in),
            nn.ReLU(),
            mix(n_in, n_in, 1),
            nn.Dropout(0.5),
            normalisation(n_in),
            nn.ReLU(),
            convolution(n_in, n_out, 4, stride=stride, padding=padding),
            nn.Dropout(0.5),
        )

    def forward(self, x: Tensor) -> Tensor:
        return 2 * self.straight(x) + 0.3 * self.around(x)


def _normalised(layer: nn.Module, normalisation: nn.Module) -> tuple[nn.Module, ...]:
    return layer, normalisation, nn.ReLU(inplace=True)


def _image_channels(shape: tuple[int, ...], name: str, sides: tuple[int, ...]) -> int:
    if len(shape) != 3 or shape[1] != shape[2] or shape[1] not in sides:
        known = " or ".join(f"(channels, {side}, {side})" for side in sides)
        raise ValueError(f"network {name!r} needs images of shape {known}, got {shape}")
    return shape[0]


def _check_text(shape: tuple[int, ...], name: str, length: int) -> None:
    if len(shape) != 2 or shape[0] != length:
        raise ValueError(
            f"network {name!r} needs texts of shape ({length}, n_symbols), got {tuple(shape)}"
        )
