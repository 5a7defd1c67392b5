"""How close reconstructions come: structural similarity and absolute error.

SSIM depends on the range that images are said to span. Images here are in [0, 1], so the right
one is 1; published code left scikit-image to assume 2 for floats (-1 to 1), which reads a few
points better. Both are given, by name.

Shapes: N tuples, images ``(channels, height, width)``.
"""

import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from explorer.models import MultimodalVAE


@torch.inference_mode()
def reconstruct(
    model: MultimodalVAE, batch: dict[str, Tensor], *, batch_size: int = 500
) -> dict[str, Tensor]:
    """Decode the mean of the belief given all modalities: name to images ``(N, *shape)``.

    With each modality's own style, and from its own latent where latents are not shared. Clipped
    to [0, 1], as they are shown: decoders have no squashing at the end.
    """
    images = {}
    for name in model.names:
        given = model.source(model.names, name)
        parts = []
        for start in range(0, len(batch[name]), batch_size):
            part = {key: x[start : start + batch_size] for key, x in batch.items()}
            styles = {key: style.mean for key, style in model.styles(part).items()}
            z = model.subset_posterior(part, given).mean
            parts.append(model.decode(z, [name], styles)[name].mean.clamp(0, 1))
        images[name] = torch.cat(parts)
    return images


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
