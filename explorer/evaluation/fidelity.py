"""How close reconstructions come: structural similarity and absolute error.

SSIM depends on the range that images are said to span. Images here are in [0, 1], so the right
one is 1; published code left scikit-image to assume 2 for floats (-1 to 1), which reads a few
points better. Both are given, by name.

Shapes: N tuples, images ``(channels, height, width)``.
"""

import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from explorer.aggregations import subsets
from explorer.models import MultimodalVAE


@torch.inference_mode()
def reconstruct(
    model: MultimodalVAE, batch: dict[str, Tensor], *, batch_size: int = 500
) -> dict[str, Tensor]:
    """Decode the mean of the belief given all modalities: name to images ``(N, *shape)``.

    With each modality's own style, and from its own latent where latents are not shared. Clipped
    to [0, 1], as they are shown: decoders have no squashing at the end.
    """
    rows = {subset: s for s, subset in enumerate(subsets(model.names))}
    sources = {name: rows[tuple(model.source(model.names, name))] for name in model.names}
    parts: dict[str, list[Tensor]] = {name: [] for name in model.names}
    for start in range(0, len(batch[model.names[0]]), batch_size):
        part = {name: x[start : start + batch_size] for name, x in batch.items()}
        means = model.subset_posteriors(part).mean  # (S, B, D)
        styles = {name: style.mean for name, style in model.styles(part).items()}
        for name, row in sources.items():
            shown = model.decode(means[row], [name], styles)[name].mean
            parts[name].append(shown.clamp(0, 1))
    return {name: torch.cat(images) for name, images in parts.items()}


def absolute_error(images: Tensor, originals: Tensor) -> Tensor:
    """Mean absolute difference of each image from its original, ``(N, *shape)`` -> ``(N,)``."""
    return (images - originals).abs().flatten(1).mean(1)


def similarity(images: Tensor, originals: Tensor, data_range: float) -> Tensor:
    """Structural similarity of each image with its original, ``(N, C, H, W)`` -> ``(N,)``.

    scikit-image's defaults: a uniform 7x7 window, the mean over channels and valid positions.
    """
    return torch.tensor(
        [
            structural_similarity(a, b, data_range=data_range, channel_axis=0)
            for a, b in zip(images.numpy(), originals.numpy(), strict=True)
        ]
    )
