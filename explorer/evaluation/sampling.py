"""Drawing from nothing, by the prior and by the mixture fitted to training codes after training.

Beside how often all modalities agree stands what a sampler could cheat with: draws of few classes,
and draws that repeat training codes.

Shapes: N draws, D latent, C classes.
"""

from pathlib import Path

import torch
from torch import Tensor

from explorer.datasets import Dataset
from explorer.evaluation.classifiers import Classifiers
from explorer.evaluation.coherence import NO_PRIOR
from explorer.evaluation.figures import Progress, absent, figure
from explorer.evaluation.representation import encode
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE
from explorer.models.sampler import fit_sampler, write_sampler

N_CODES = 6000
"""Training tuples whose codes a mixture is fitted to."""


def codes_given_all(beliefs: Mixture) -> Mixture:
    """Of beliefs given every subset, ``(K, S, N, D)``, those given all: ``(K, N, D)``."""
    parts = (part[:, -1] for part in beliefs.components)
    return Mixture(beliefs.batch_weights[:, -1], type(beliefs.components)(*parts))


def fit(model: MultimodalVAE, data: Dataset, folder: Path, weights: str, *, seed: int = 0) -> None:
    """Fit a mixture to draws of training codes, one a tuple, and keep it with the checkpoint.

    Parameters
    ----------
    weights
        Hash of the weights whose codes these are.
    """
    data = data.having()
    n = min(N_CODES, len(data.train))
    beliefs = codes_given_all(encode(model, data.train, n))
    codes = beliefs.rsample(torch.Generator().manual_seed(seed))
    model.sampler = fit_sampler(codes, seed=seed)
    write_sampler(model.sampler, folder, weights)


@torch.inference_mode()
def report(
    model: MultimodalVAE,
    classifiers: Classifiers,
    train: Mixture,
    test: Mixture,
    *,
    n_draws: int,
    seed: int,
    on_step: Progress,
) -> dict:
    """Section ``sampling`` of scores.json.

    Parameters
    ----------
    train, test
        Beliefs about training and test tuples given every subset, components ``(K, S, N, D)``.
    """
    if not model.has_prior:
        return absent(NO_PRIOR)
    known = codes_given_all(train).mean
    held_out = codes_given_all(test).mean[:n_draws]
    found = {}
    for sampler in ("prior", "mixture"):
        if sampler == "mixture" and model.sampler is None:
            found[sampler] = absent("no mixture was fitted to this model's codes")
            continue
        generator = torch.Generator().manual_seed(seed)
        z = model.draw_codes(n_draws, sampler=sampler, generator=generator)
        calls = _calls(model, classifiers, z, generator)
        agree = (calls == calls[0]).all(0)
        found[sampler] = {
            "joint": figure(agree.double()),
            "classes": round(_classes(calls[0][agree]), 2),
            "to_nearest_training_code": figure(_nearest(z, known).double()),
        }
        on_step(0.5)
    held_out = figure(_nearest(held_out, known).double())
    on_step(1.0)
    return {
        "how": "all modalities decoded from one z, drawn from the prior or from the mixture of "
        "Gaussians fitted to training codes; joint: share that all classifiers call the same; "
        "classes: exponential of the entropy of what these are called; to_nearest_training_code: "
        "distance of z to the closest posterior mean of a training tuple given all, and that of "
        "test tuples' means beside it",
        **found,
        "test_to_nearest_training_code": held_out,
        "draws": n_draws,
        "training_codes": len(known),
    }


def _calls(
    model: MultimodalVAE, classifiers: Classifiers, z: Tensor, generator: torch.Generator
) -> Tensor:
    """What each modality of each draw is called, ``(M, N)``."""
    parts = []
    for part in z.split(250):
        decoded = model.decode(part, styles=model.draw_styles(part, generator))
        said = classifiers.predict({name: found.mean for name, found in decoded.items()})
        parts.append(torch.stack([said[name] for name in model.names]))
    return torch.cat(parts, dim=1)


def _classes(calls: Tensor) -> float:
    """How many classes there are, weighed by how often: the exponential of the entropy."""
    if len(calls) == 0:
        return 0.0
    shares = calls.bincount().double() / len(calls)
    return torch.special.entr(shares).sum().exp().item()


def _nearest(z: Tensor, known: Tensor) -> Tensor:
    """Distance of each code to the closest known one, ``(N,)``."""
    return torch.cat([torch.cdist(part, known).amin(1) for part in z.split(500)])
