"""Models by name: an aggregation and an objective for the one VAE, or a network of their own.

The key is the word of the command line, the URL, the checkpoint's folder and the test. What each
is, with its formula, source and known faults: ``explorer.catalog.cards``. To add a model: a line in
``MODELS``.
"""

from collections.abc import Sequence

from explorer.datasets.modality import Modality
from explorer.models.jmvae import JMVAE
from explorer.models.mac import MAC
from explorer.models.nexus import Nexus
from explorer.models.objectives import OBJECTIVES, Losses
from explorer.models.vae import Beliefs, MultimodalVAE

__all__ = [
    "JMVAE",
    "MAC",
    "MODELS",
    "OBJECTIVES",
    "Beliefs",
    "Losses",
    "MultimodalVAE",
    "Nexus",
    "build_model",
]

PRIVATE = {"objective": "private", "style_dim": 16, "auxiliary": True}
"""What models with private latents share that tell decoders nothing of what others should say."""

MODELS: dict[str, dict[str, object]] = {
    "poe": {"aggregation": "poe"},
    "poe_unimodal": {"aggregation": "poe", "objective": "elbo_with_unimodal"},
    "logpool": {"aggregation": "logpool"},
    "moe": {"aggregation": "moe"},
    "moe_mixture": {"aggregation": "moe", "objective": "mixture_elbo"},
    "moe_iwae": {"aggregation": "moe", "objective": "iwae"},
    "moe_dreg": {"aggregation": "moe", "objective": "dreg", "latent": "laplace"},
    "mopoe": {"aggregation": "mopoe"},
    "mopoe_mixture": {"aggregation": "mopoe", "objective": "mixture_elbo"},
    "mopoe_style": {"aggregation": "mopoe", "style_dim": 16},
    "wb": {"aggregation": "wb"},
    "mwb": {"aggregation": "mwb"},
    "mwb_mixture": {"aggregation": "mwb", "objective": "mixture_elbo"},
    "moments": {"aggregation": "moments"},
    "holder": {"aggregation": "holder"},
    "hellinger": {"aggregation": "hellinger"},
    "dependent": {"aggregation": "dependent"},
    "code": {"aggregation": "code", "objective": "code", "lambdas": "learned"},
    "multivi": {"aggregation": "multivi"},
    "mmvae_plus": PRIVATE | {"aggregation": "moe", "latent": "laplace"},
    "holder_plus": PRIVATE | {"aggregation": "holder"},
    "cmvae": PRIVATE | {"aggregation": "moe", "latent": "laplace", "clusters": 10},
    "mmjsd": {"aggregation": "moe", "objective": "jsd"},
    "mvtcae": {"aggregation": "product", "objective": "mvtcae"},
    "independent": {"aggregation": "moe", "objective": "independent", "shared": False},
    "aggregated_std": {"aggregation": "wb", "objective": "aggregated"},
    "aggregated_variance": {"aggregation": "variance", "objective": "aggregated"},
    "aggregated_product": {"aggregation": "product", "objective": "aggregated"},
    "mmvamp": {"aggregation": "moe", "objective": "mmvamp", "shared": False},
    "mmvamp_pairwise": {"aggregation": "moe", "objective": "mmvamp_pairwise", "shared": False},
    "jmvae": {"kind": JMVAE},
    "nexus": {"kind": Nexus},
    "mac_wae": {"kind": MAC, "regulariser": "mmd", "beta": 500.0},
    "mac_vae": {"kind": MAC, "regulariser": "kl", "beta": 1.0},
    "m_wae": {"kind": MAC, "regulariser": "mmd", "beta": 500.0, "mask_given": False},
}
"""Arguments by model; ``kind`` where it is not ``MultimodalVAE``."""


def build_model(
    name: str, modalities: Sequence[Modality], *, latent_dim: int = 64, **options: object
) -> MultimodalVAE:
    """An untrained model: ``name`` is a key of ``MODELS``, ``options`` override its recipe."""
    if name not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, got {name!r}")
    recipe = {"kind": MultimodalVAE} | MODELS[name] | options
    kind = recipe.pop("kind")
    return kind(modalities, latent_dim=latent_dim, **recipe)
