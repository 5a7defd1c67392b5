"""Weights on disk at 8 bits each, and how they are checked before they are believed.

A file is ``safetensors``. Every floating-point tensor NAME with two axes or more is stored as

- ``NAME``: int8, the same shape, from -127 to 127, and
- ``NAME.scale``: float32 ``(rows,)``, one for each place of the first axis;

the weight is ``NAME[i] * NAME.scale[i]``. All other tensors (biases, normalisation and its running
statistics) are stored as they are, in float32 or, counters, int64. Files of before have matrices in
float16 and no scales; they are read as well.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

SCALE = ".scale"
LEVELS = 127
"""Largest whole number that stands for a weight."""


def packed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as they are stored.

    Raises
    ------
    ValueError
        A tensor holds NaN or infinity; names it.
    """
    found = {}
    for name, tensor in state.items():
        x = tensor.detach().cpu().contiguous()
        if not x.is_floating_point():
            found[name] = x
            continue
        if not torch.isfinite(x).all():
            raise ValueError(f"{name} holds numbers that are not finite; such weights are not kept")
        found[name] = x.float()
        if x.ndim > 1:
            rows = x.float().flatten(1)
            scale = rows.abs().amax(1) / LEVELS
            steps = rows / scale.clamp(min=torch.finfo(torch.float32).tiny).unsqueeze(1)
            found[name] = steps.round().clamp(-LEVELS, LEVELS).to(torch.int8).reshape(x.shape)
            found[name + SCALE] = scale
    return found


def unpacked(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as a model has them, floating-point ones in float32; the inverse of :func:`packed`.

    Raises
    ------
    ValueError
        A tensor holds NaN or infinity, or a scale does not fit.
    """
    found = {}
    for name, x in stored.items():
        if name.endswith(SCALE) and _is_packed(stored.get(name.removesuffix(SCALE))):
            continue
        if _is_packed(x):
            scale = stored.get(name + SCALE)
            if scale is None or scale.shape != x.shape[:1]:
                raise ValueError(f"{name} needs {name + SCALE} with a number for each of its rows")
            x = x.float() * scale.float().reshape(-1, *[1] * (x.ndim - 1))
        elif x.is_floating_point():
            x = x.float()
        if x.is_floating_point() and not torch.isfinite(x).all():
            raise ValueError(f"{name} holds numbers that are not finite")
        found[name] = x
    return found


def write_weights(model: nn.Module, path: Path) -> None:
    """Write a model's weights; ValueError if they are not finite, OSError if there is no room."""
    try:
        save_file(packed(model.state_dict()), path)
    except SafetensorError as error:  # how a full disk is told
        raise OSError(f"could not write {path} ({error})") from error


def read_weights(model: nn.Module, path: Path) -> None:
    """Fill a model that was built on the ``meta`` device, where it takes no memory.

    Raises
    ------
    ValueError
        Names, shapes or numbers are not the model's; told before memory is taken, but for numbers.
    SafetensorError
        The file is truncated or damaged.
    """
    expected = {name: tuple(x.shape) for name, x in model.state_dict().items()}
    with safe_open(path, "pt") as file:
        given = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    wrong = [name for name, shape in expected.items() if given.get(name) != shape]
    extra = [
        name for name in given if name not in expected and name.removesuffix(SCALE) not in expected
    ]
    if wrong or extra:
        name = (wrong + extra)[0]
        raise ValueError(
            f"the weights are not those of the configuration: {name} should have shape "
            f"{expected.get(name, 'none')}, and has {given.get(name, 'none')}"
        )
    model.load_state_dict(unpacked(load_file(path)), assign=True)


def _is_packed(x: Tensor | None) -> bool:
    return x is not None and x.dtype == torch.int8
