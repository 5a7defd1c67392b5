"""Models by name: an aggregation and an objective for the one VAE.

The key is the word of the command line, the URL, the checkpoint's folder and the test. To add a
model: a line in ``MODELS``.
"""

from collections.abc import Sequence

from explorer.aggregations import AGGREGATIONS
from explorer.datasets.modality import Modality
from explorer.models.objectives import OBJECTIVES, Losses
from explorer.models.vae import MultimodalVAE

__all__ = ["MODELS", "OBJECTIVES", "Losses", "MultimodalVAE", "build_model"]

MODELS: dict[str, dict[str, object]] = {
    key: {"aggregation": key, "objective": "elbo"} for key in AGGREGATIONS
}
"""Arguments of ``MultimodalVAE`` by model."""


def build_model(
    name: str, modalities: Sequence[Modality], *, latent_dim: int = 64, **options: object
) -> MultimodalVAE:
    """An untrained model: ``name`` is a key of ``MODELS``, ``options`` override its recipe."""
    if name not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, got {name!r}")
    return MultimodalVAE(modalities, latent_dim=latent_dim, **{**MODELS[name], **options})
