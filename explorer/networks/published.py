"""The networks of the papers' experiments, from their released code where text and code differ."""

from itertools import pairwise
from math import prod
from typing import ClassVar

from torch import Tensor, nn

from explorer.networks.layers import Transposed, check_text, flat, halved, image_channels


def mopoe_conv(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutions of the MoPoE paper's PolyMNIST experiment, for 28x28 images.

    2.8 M parameters a modality at D = 512 (Sutter et al. 2021, released code).
    """
    channels = image_channels(shape, "mopoe_conv", (28,))
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


def mopoe_mnist(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """One hidden layer of 400 units either way, for MNIST in MNIST-SVHN-Text (Sutter et al. 2021).

    The only decoder here that ends in a sigmoid, as the released code's does.
    """
    size = 28 * 28 * image_channels(shape, "mopoe_mnist", (28,))
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
    channels = image_channels(shape, "mopoe_svhn", (32,))
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
    check_text(shape, "mopoe_text", 8)
    n_symbols = shape[1]
    encoder = nn.Sequential(
        Transposed(),
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
        Transposed(),
    )
    return encoder, decoder


def mopoe_face(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The residual convolutions of the MoPoE paper for CelebA's 64x64 images (Sutter et al. 2021).

    22 M parameters either way; dropout of a half is part of it.
    """
    channels = image_channels(shape, "mopoe_face", (64,))
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
    check_text(shape, "mopoe_attributes", 256)
    steps = [(128, 256), (256, 384), (384, 512), (512, 640), (640, 640)]  # at 128 places to 4
    encoder = nn.Sequential(
        Transposed(),
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
        Transposed(),
    )
    return encoder, decoder


def mac_conv(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutions of the MAC-WAE study, for images of 28 (PolyMNIST, MHD) or 64 (CUB, CelebA).

    Its sigmoid at the end is left out, as everywhere here.
    """
    channels = image_channels(shape, "mac_conv", (28, 64))
    sides = halved(shape[-1])
    widths = [channels, *(32 * 2**k for k in range(len(sides) - 1))]
    halvings: list[nn.Module] = []
    doublings: list[nn.Module] = []
    for (large, small), (few, many) in zip(pairwise(sides), pairwise(widths), strict=True):
        halvings += [nn.Conv2d(few, many, 3, stride=2, padding=1), nn.ReLU()]
        doubling = nn.ConvTranspose2d(
            many, few, 3, stride=2, padding=1, output_padding=large - 2 * small + 1
        )
        doublings = [doubling, nn.ReLU(), *doublings]
    size = widths[-1] * 4 * 4
    encoder = nn.Sequential(
        *halvings,
        nn.Flatten(),
        nn.Linear(size, latent_dim),
        nn.ReLU(),
        nn.Linear(latent_dim, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, size),
        nn.ReLU(),
        nn.Unflatten(1, (widths[-1], 4, 4)),
        *doublings[:-1],
    )
    return encoder, decoder


def mac_trajectory(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """Two hidden layers of 512 units, for MHD's trajectories in the MAC-WAE study."""
    return flat(shape, latent_dim, 512, 512)


def mac_sound(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutions of the MAC-WAE study for MHD's sounds of 32 bands, all frames at once."""
    if len(shape) != 3 or shape[:2] != (1, 32):
        raise ValueError(f"network 'mac_sound' needs sounds of shape (1, 32, frames), got {shape}")
    bands = {"kernel_size": (4, 1), "stride": (2, 1), "padding": (1, 0)}
    encoder = nn.Sequential(
        nn.Conv2d(1, 32, (1, shape[2])),
        nn.ReLU(),
        nn.Conv2d(32, 64, **bands),
        nn.ReLU(),
        nn.Conv2d(64, 128, **bands),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(1024, latent_dim),
        nn.ReLU(),
        nn.Linear(latent_dim, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 1024),
        nn.ReLU(),
        nn.Unflatten(1, (128, 8, 1)),
        nn.ConvTranspose2d(128, 64, **bands),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, **bands),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 1, (1, shape[2])),
    )
    return encoder, decoder


def mac_label(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """One hidden layer of 32 units, for the labels and attributes of the MAC-WAE study."""
    return flat(shape, latent_dim, 32)


def mmvamp_resnet(shape: tuple[int, ...], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The residual convolutions of the MM-VAMP paper's translated PolyMNIST, for 28x28 images.

    20.6 M parameters a modality at D = 512 (Sutter et al. 2024; Daunhawer et al. 2022).
    """
    channels = image_channels(shape, "mmvamp_resnet", (28,))
    encoder = nn.Sequential(
        nn.Conv2d(channels, 64, 3, padding=1),
        _Leaky(64, 64),
        nn.AvgPool2d(3, stride=2, padding=1),
        _Leaky(64, 128),
        nn.AvgPool2d(3, stride=2, padding=1),
        _Leaky(128, 256),
        nn.Flatten(),
        nn.Linear(256 * 7 * 7, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, 256 * 7 * 7),
        nn.Unflatten(1, (256, 7, 7)),
        _Leaky(256, 128),
        nn.Upsample(scale_factor=2),
        _Leaky(128, 64),
        nn.Upsample(scale_factor=2),
        _Leaky(64, 64),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, channels, 3, padding=1),
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


class _Residual(nn.Module):
    """Twice a convolution of the input and 0.3 times two, with batch normalisation and dropout.

    ``convolution`` is a class of ``torch.nn``; the kernel that changes the size is of 4.
    """

    SHARES: ClassVar[dict[str, float]] = {"straight": 2.0, "around": 0.3}

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
        return sum(scale * getattr(self, way)(x) for way, scale in self.SHARES.items())


class _Leaky(nn.Module):
    """The input, made as wide as the output, and a tenth of two convolutions of it."""

    SHARES: ClassVar[dict[str, float]] = {"straight": 1.0, "around": 0.1}

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        n_between = min(n_in, n_out)
        self.straight = nn.Conv2d(n_in, n_out, 1, bias=False) if n_in != n_out else nn.Identity()
        self.around = nn.Sequential(
            nn.LeakyReLU(0.2),
            nn.Conv2d(n_in, n_between, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(n_between, n_out, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return sum(scale * getattr(self, way)(x) for way, scale in self.SHARES.items())
