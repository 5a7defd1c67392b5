"""Drawing from a belief and decoding what was drawn: what every reading of generations starts from.

Shapes: B samples, N draws, K components, D latent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE


class Draws(NamedTuple):
    """Latents drawn from a posterior, and the component that each came from.

    Parameters
    ----------
    z
        ``(N, B, D)``.
    component
        Long ``(N, B)``, below K.
    """

    z: Tensor
    component: Tensor


def draw(
    posterior: Mixture,
    n_draws: int,
    generator: torch.Generator | None = None,
    temperature: float = 1.0,
) -> Draws:
    """Draw a component by weight and a point of it, ``n_draws`` times.

    The noise comes before the choice of components, so that two posteriors and one seed share
    their noise and pictures differ by what the posteriors say.

    Parameters
    ----------
    posterior
        Components ``(K, B, D)``.
    n_draws
        N.
    generator
        Decides everything.
    temperature
        Factor on the standard deviation; 0 draws the components' means.
    """
    repeated = posterior.repeat(n_draws)
    mu = posterior.components.mu
    zeros = mu.new_zeros(n_draws, *mu.shape[1:])
    noise = type(posterior.components)(zeros, zeros).rsample(generator)
    component = repeated.choose(generator)
    chosen = repeated.pick(component)
    return Draws(chosen.mu + temperature * chosen.std * noise, component)


def draw_prior(
    model: MultimodalVAE, n_draws: int, generator: torch.Generator | None = None
) -> Tensor:
    """Draws from the prior, ``(N, D)``, where the model is."""
    like = next(model.parameters()).new_zeros(n_draws, model.latent_dim)
    return model.prior(like).rsample(generator)


@torch.inference_mode()
def decode(
    model: MultimodalVAE,
    z: Tensor,
    names: Sequence[str],
    generator: torch.Generator | None = None,
    *,
    batch_size: int = 250,
) -> dict[str, Tensor]:
    """Decode latents ``(*, D)``: modality name to decoder means ``(*, *shape)``.

    Each modality's own style, where the model has styles, is drawn from its prior.
    """
    flat = z.reshape(-1, z.shape[-1])
    styles = model.draw_styles(flat, generator)
    parts: dict[str, list[Tensor]] = {name: [] for name in names}
    for start in range(0, len(flat), batch_size):
        rows = slice(start, start + batch_size)
        own = None if styles is None else {name: style[rows] for name, style in styles.items()}
        for name, decoded in model.decode(flat[rows], names, own).items():
            parts[name].append(decoded.mean)
    return {
        name: torch.cat(part).reshape(*z.shape[:-1], *part[0].shape[1:])
        for name, part in parts.items()
    }
