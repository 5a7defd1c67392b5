"""Networks by name: an encoder to 2 D numbers and a decoder from D, for one modality's shape.

``NETWORKS[name](shape, latent_dim)`` returns the pair. Encoders give mean and log-variance side by
side, ``(B, *shape)`` -> ``(B, 2 D)``; decoders give what a likelihood reads, ``(B, D)`` ->
``(B, *shape)``. Texts are one-hot, ``(length, n_symbols)``; spikes are ``(neurons, bins)``. To add
one: a function and a line in ``NETWORKS``.
"""

from collections.abc import Callable

from torch import nn

from explorer.networks.layers import perceptron
from explorer.networks.published import (
    mac_conv,
    mac_label,
    mac_sound,
    mac_trajectory,
    mmvamp_rats,
    mmvamp_resnet,
    mopoe_attributes,
    mopoe_conv,
    mopoe_face,
    mopoe_mnist,
    mopoe_svhn,
    mopoe_text,
)
from explorer.networks.small import dense, mlp, patch, text_patch

__all__ = ["NETWORKS", "perceptron"]

NETWORKS: dict[str, Callable[[tuple[int, ...], int], tuple[nn.Module, nn.Module]]] = {
    "patch": patch,
    "mlp": mlp,
    "dense": dense,
    "text_patch": text_patch,
    "mopoe_conv": mopoe_conv,
    "mopoe_mnist": mopoe_mnist,
    "mopoe_svhn": mopoe_svhn,
    "mopoe_text": mopoe_text,
    "mopoe_face": mopoe_face,
    "mopoe_attributes": mopoe_attributes,
    "mac_conv": mac_conv,
    "mac_trajectory": mac_trajectory,
    "mac_sound": mac_sound,
    "mac_label": mac_label,
    "mmvamp_resnet": mmvamp_resnet,
    "mmvamp_rats": mmvamp_rats,
}
