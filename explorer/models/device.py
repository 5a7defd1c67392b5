"""Where tensors live: one answer to ``--device`` for whoever trains or measures."""

from dataclasses import replace

import torch

from explorer.datasets import Dataset

DEVICES = ("auto", "cpu", "cuda")


def find_device(name: str = "auto") -> torch.device:
    """The device called ``name``; ``auto`` is a GPU where there is one, else the CPU.

    Raises
    ------
    ValueError
        Another name, or ``cuda`` where torch sees no GPU.

    Examples
    --------
    >>> find_device("cpu")
    device(type='cpu')
    """
    if name not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}; got {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but torch sees no GPU; use auto or cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def moved(data: Dataset, device: torch.device) -> Dataset:
    """The same dataset with both splits on ``device``; batches are composed there."""
    return replace(data, train=data.train.to(device), test=data.test.to(device))
