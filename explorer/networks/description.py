"""A model's networks as a list of layers, so that a browser can compute what torch computes.

``describe(model)`` reads the layers from the torch modules themselves; together with the checkpoint
file that is all that ``explorer/app/generation/network.js`` needs. Weights are named, not copied.
To add a kind of layer: an entry in ``LAYERS`` here, and one there.
"""

from collections.abc import Callable
from typing import Any

from torch import nn

from explorer.networks.layers import Transposed


def describe(model: nn.Module) -> dict[str, Any]:
    """What a browser must know of a model, as JSON has it.

    Parameters
    ----------
    model
        A ``MultimodalVAE`` of any kind, or ``Classifiers``. Its weights are not looked at, so it
        may lie on torch's ``meta`` device.

    Returns
    -------
    The model's ``config``, its ``kind``, and under ``networks`` the layers of every network by its
    path in the model: ``encoders.m0``, ``decoders.m0``, ``joint_head``, ...

    Raises
    ------
    ValueError
        A layer that the browser does not know.
    """
    networks = {}
    for name, child in model.named_children():
        parts = child.items() if isinstance(child, nn.ModuleDict) else [("", child)]
        for key, network in parts:
            path = f"{name}.{key}" if key else name
            networks[path] = _layers(network, path)
    return {"kind": type(model).__name__, **model.config, "networks": networks}


def _layers(module: nn.Module, path: str) -> list[dict[str, Any]]:
    """The layers of one module in their order; none for what does nothing once it is trained."""
    if isinstance(module, nn.Dropout | nn.Identity):
        return []
    if isinstance(module, nn.Sequential):
        parts = (_layers(each, f"{path}.{key}") for key, each in module.named_children())
        return [layer for part in parts for layer in part]
    if hasattr(module, "SHARES"):  # a weighed sum of several ways, as residual blocks are
        branches = [
            {"scale": scale, "layers": _layers(getattr(module, way), f"{path}.{way}")}
            for way, scale in module.SHARES.items()
        ]
        return [{"op": "sum", "branches": branches}]
    for kind, told in LAYERS.items():
        if isinstance(module, kind):
            op, facts = told(module)
            return [{"op": op, **facts, **_tensors(module, path)}]
    raise ValueError(
        f"{path} is a {type(module).__name__}, which the browser cannot compute; it knows "
        f"{', '.join(kind.__name__ for kind in LAYERS)}"
    )


def _tensors(module: nn.Module, path: str) -> dict[str, str]:
    """Names of a layer's tensors in the checkpoint, by what they are."""
    known = {"running_mean": "mean", "running_var": "variance"}
    held = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    return {
        known.get(name, name): f"{path}.{name}"
        for name, tensor in held
        if tensor is not None and name != "num_batches_tracked"
    }


def _convolution(layer: nn.Module) -> dict[str, Any]:
    if set(layer.dilation) != {1} or layer.groups != 1 or layer.padding_mode != "zeros":
        raise ValueError(f"the browser computes plain convolutions, got {layer}")
    line = len(layer.kernel_size) == 1
    facts = {"stride": layer.stride, "padding": layer.padding}
    if isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d):
        facts["output_padding"] = layer.output_padding
    still = {"stride": 1, "padding": 0, "output_padding": 0}
    return {key: [still[key], *value] if line else [*value] for key, value in facts.items()}


def _pool(layer: nn.AvgPool2d) -> dict[str, Any]:
    sizes = {"kernel": layer.kernel_size, "stride": layer.stride, "padding": layer.padding}
    if not (all(isinstance(v, int) for v in sizes.values()) and layer.count_include_pad):
        raise ValueError(f"the browser pools over squares and counts their padding, got {layer}")
    return sizes


Told = Callable[[nn.Module], tuple[str, dict[str, Any]]]

LAYERS: dict[type[nn.Module], Told] = {
    nn.Linear: lambda _: ("linear", {}),
    nn.Conv1d: lambda layer: ("conv", _convolution(layer)),
    nn.Conv2d: lambda layer: ("conv", _convolution(layer)),
    nn.ConvTranspose1d: lambda layer: ("conv_transposed", _convolution(layer)),
    nn.ConvTranspose2d: lambda layer: ("conv_transposed", _convolution(layer)),
    nn.BatchNorm1d: lambda layer: ("norm", {"eps": layer.eps}),
    nn.BatchNorm2d: lambda layer: ("norm", {"eps": layer.eps}),
    nn.ReLU: lambda _: ("relu", {}),
    nn.LeakyReLU: lambda layer: ("leaky_relu", {"slope": layer.negative_slope}),
    nn.Sigmoid: lambda _: ("sigmoid", {}),
    nn.GELU: lambda _: ("gelu", {}),
    nn.SiLU: lambda _: ("silu", {}),
    nn.Flatten: lambda _: ("flatten", {}),
    nn.Unflatten: lambda layer: ("unflatten", {"shape": [*layer.unflattened_size]}),
    Transposed: lambda _: ("transpose", {}),
    nn.PixelShuffle: lambda layer: ("pixel_shuffle", {"factor": layer.upscale_factor}),
    nn.AvgPool2d: lambda layer: ("avg_pool", _pool(layer)),
    nn.AdaptiveAvgPool2d: lambda layer: ("adaptive_avg_pool", {"size": layer.output_size}),
    nn.AdaptiveMaxPool2d: lambda layer: ("adaptive_max_pool", {"size": layer.output_size}),
    nn.Upsample: lambda layer: ("upsample", {"factor": int(layer.scale_factor)}),
}
"""Kind of layer -> its name in the browser, and the numbers that decide what it computes."""
