"""Whether what is generated belongs together, as classifiers see it.

*Conditional* coherence: z is drawn from the belief given a subset, every modality is decoded, and
a missing modality counts when its classifier calls it the class of the tuple. *Self* coherence is
the same for the observed modalities. *Joint* coherence: the share of draws from the prior on
which all classifiers agree. The classifiers' accuracy on real images (their ceiling) gives the
scale; it is no bound, because generated digits can be more typical, and easier, than real ones.

Shapes: M modalities, S subsets, N tuples, D latent.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from explorer.aggregations import subsets
from explorer.evaluation.classifiers import Classifiers
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE


@torch.inference_mode()
def generated_correct(
    model: MultimodalVAE,
    classifiers: Classifiers,
    beliefs: Mixture,
    labels: Tensor,
    *,
    seed: int = 0,
    batch_size: int = 500,
    on_step: Callable[[float], None] | None = None,
) -> Tensor:
    """Whether each generated image shows its tuple's class, by observed subset and target.

    One draw of z per tuple and subset, shown as the decoder's mean. Targets include the observed
    modalities themselves (from their own latent where latents are not shared).

    Parameters
    ----------
    beliefs, labels
        ``(K, S, N, D)`` from ``representation.encode`` and ``(N,)``.
    seed
        Of the draws, which do not depend on ``batch_size``.
    on_step
        Called with the share that is done.

    Returns
    -------
    Bool ``(S, M, N)``, subsets in the order of ``explorer.aggregations.subsets``.
    """
    generator = torch.Generator().manual_seed(seed)
    z = beliefs.rsample(generator)  # (S, N, D)
    rows = {subset: s for s, subset in enumerate(subsets(model.names))}
    correct = torch.empty(len(z), len(model.names), len(labels), dtype=torch.bool)
    for subset, s in rows.items():
        sources = [rows[tuple(model.source(subset, name))] for name in model.names]
        for row in set(sources):
            targets = [m for m, source in enumerate(sources) if source == row]
            names = [model.names[m] for m in targets]
            calls = _read(model, classifiers, z[row], names, generator, batch_size)
            correct[s, targets] = calls == labels
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
    """Whether all modalities of each draw from the prior are called the same: bool ``(N,)``.

    Raises
    ------
    ValueError
        The model has no prior from which all modalities are drawn together.
    """
    if not model.has_prior:
        raise ValueError("each modality has a latent of its own: nothing joint can be drawn")
    generator = torch.Generator().manual_seed(seed)
    z = model.prior(torch.empty(n_samples, model.latent_dim)).rsample(generator)
    calls = _read(model, classifiers, z, model.names, generator, batch_size)
    return (calls == calls[0]).all(0)


def _read(
    model: MultimodalVAE,
    classifiers: Classifiers,
    z: Tensor,
    names: Sequence[str],
    generator: torch.Generator,
    batch_size: int,
) -> Tensor:
    """Each classifier's call of what each z decodes to: ``(N, D)`` -> long ``(len(names), N)``."""
    calls = []
    for part in z.split(batch_size):
        decoded = model.decode(part, names, model.draw_styles(part, generator))
        verdicts = classifiers.predict({name: d.mean for name, d in decoded.items()})
        calls.append(torch.stack([verdicts[name] for name in names]))
    return torch.cat(calls, dim=1)
