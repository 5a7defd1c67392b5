"""Whether what is generated belongs together, as classifiers see it.

*Conditional* coherence: z is drawn from the belief given a subset, every modality is decoded, and
a missing modality counts when its classifier calls it the class of the tuple. *Self* coherence is
the same for the observed modalities. *Joint* coherence: the share of draws from the prior on
which all classifiers agree. The classifiers' accuracy on real images (their ceiling) gives the
scale; it is no bound, because generated digits can be more typical, and easier, than real ones.

Shapes: M modalities, S subsets, N tuples, D latent.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from explorer.evaluation.classifiers import Classifiers
from explorer.evaluation.representation import subset_mixtures
from explorer.gaussians import Gaussian
from explorer.models import MultimodalVAE


@torch.inference_mode()
def generated_correct(
    model: MultimodalVAE,
    classifiers: Classifiers,
    experts: Gaussian,
    labels: Tensor,
    *,
    seed: int = 0,
    batch_size: int = 500,
    on_step: Callable[[float], None] | None = None,
) -> Tensor:
    """Whether each generated image shows its tuple's class, by observed subset and target.

    One draw of z per tuple and subset, shown as the decoder's mean. Targets include the observed
    modalities themselves.

    Parameters
    ----------
    experts, labels
        ``(M, N, D)`` from ``representation.encode`` and ``(N,)``.
    seed
        Of the draws, which do not depend on ``batch_size``.
    on_step
        Called with the share that is done.

    Returns
    -------
    Bool ``(S, M, N)``, subsets in the order of ``explorer.aggregations.subsets``.
    """
    generator = torch.Generator().manual_seed(seed)
    z = subset_mixtures(model.aggregation, experts).rsample(generator)  # (S, N, D)
    correct = torch.empty(len(z), len(model.names), len(labels), dtype=torch.bool)
    for s, draws in enumerate(z):
        correct[s] = _read(model, classifiers, draws, batch_size) == labels
        if on_step is not None:
            on_step((s + 1) / len(z))
    return correct


@torch.inference_mode()
def prior_agrees(
    model: MultimodalVAE,
    classifiers: Classifiers,
    n_samples: int,
    *,
    seed: int = 0,
    batch_size: int = 500,
) -> Tensor:
    """Whether all modalities of each draw from the prior are called the same: bool ``(N,)``."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n_samples, model.latent_dim, generator=generator)
    calls = _read(model, classifiers, z, batch_size)
    return (calls == calls[0]).all(0)


def _read(model: MultimodalVAE, classifiers: Classifiers, z: Tensor, batch_size: int) -> Tensor:
    """Each classifier's call of what each z decodes to: ``(N, D)`` -> long ``(M, N)``."""
    calls = []
    for part in z.split(batch_size):
        images = {name: distribution.mean for name, distribution in model.decode(part).items()}
        verdicts = classifiers.predict(images)
        calls.append(torch.stack([verdicts[name] for name in model.names]))
    return torch.cat(calls, dim=1)
