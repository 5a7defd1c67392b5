"""What a trained model can do, in figures: ``python -m explorer evaluate`` writes scores.json.

Every figure is an object ``{"mean", "standard_error"}``; the error is over test tuples (or draws)
of this one trained model. Tuples share source digits and a second training run would differ, so
gaps of a few points between models mean nothing. Keys of subsets are modality names joined by
``+``; keys ``"1"``, ``"2"``, ... are numbers of observed modalities.

=================== ===============================================================================
key                 holds
=================== ===============================================================================
latent_accuracy     by_subset, by_size: a linear classifier on each subset's posterior mean; the
                    same under few_labels, trained on fewer tuples; train_tuples, test_tuples
coherence           conditional_by_size, conditional_by_target (target, then size), self_by_size,
                    by_subset (subset, then target), joint; the classifiers' ceiling (by modality)
                    and ceiling_agreement on real images; test_tuples, prior_draws
likelihood          importance_weighted: by proposal, in nats, with effective_draws; elbo,
                    reconstruction and kl of the same tuples; draws, test_tuples
reconstruction      by modality and ``mean``: absolute_error, ssim_data_range_1, ssim_data_range_2
computed            seed, seconds and cpu_seconds it took, commit, torch, cpu, threads, and
                    weights_sha256 of the checkpoint it was computed from
=================== ===============================================================================

Each of the first four also says in one sentence under ``how`` how it was computed. Shapes: M
modalities, S subsets, N tuples.
"""

import hashlib
import json
import os
import platform
import re
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from explorer.aggregations import power_set, subset_label, subsets
from explorer.checkpoints import SCORES
from explorer.datasets import Dataset
from explorer.evaluation.classifiers import Classifiers
from explorer.evaluation.coherence import generated_correct, prior_agrees
from explorer.evaluation.fidelity import absolute_error, reconstruct, similarity
from explorer.evaluation.likelihood import importance_weighted
from explorer.evaluation.representation import encode, first, latent_correct
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE
from explorer.models.objectives import elbo
from explorer.models.vae import WEIGHTS


def evaluate(
    model: MultimodalVAE,
    data: Dataset,
    classifiers: Classifiers,
    *,
    seed: int = 0,
    n_train: int = 2000,
    n_few: int = 500,
    n_test: int = 2000,
    n_prior: int = 2000,
    n_likelihood: int = 200,
    n_draws: int = 100,
    n_images: int = 1000,
    on_step: Callable[[str, float], None] | None = None,
) -> dict:
    """Compute every figure of scores.json except where it came from (``computed``).

    Parameters
    ----------
    seed
        Of every draw; the same seed gives the same figures on the same machine.
    n_train, n_few
        Training tuples for the linear classifiers; ``few_labels`` is the first ``n_few`` of them.
    n_test
        Test tuples for latent accuracy and coherence.
    n_prior
        Draws from the prior for joint coherence.
    n_likelihood, n_draws
        Test tuples for the likelihood, and importance draws for each.
    n_images
        Test tuples for reconstruction.
    on_step
        Called with what is being computed and the share of it that is done.

    Raises
    ------
    ValueError
        A split is too small.
    """

    def step(name: str) -> Callable[[float], None]:
        return lambda done: on_step(name, done) if on_step is not None else None

    needed = {"train": n_train, "test": max(n_test, n_likelihood, n_images)}
    for name, n in needed.items():
        have = len(getattr(data, name))
        if have < n:
            raise ValueError(
                f"evaluation needs {n} {name} tuples, {data.name!r} has {have}; ask for fewer"
            )
    model.eval()
    step("encoding")(0)
    train, test = encode(model, data.train, n_train), encode(model, data.test, needed["test"])
    train_labels, test_labels = data.train.labels[:n_train], data.test.labels[:n_test]
    return {
        "latent_accuracy": _latent_accuracy(
            model,
            (train, train_labels),
            (first(test, n_test), test_labels),
            n_few,
            step("latent accuracy"),
        ),
        "coherence": _coherence(
            model,
            classifiers,
            first(test, n_test),
            test_labels,
            n_prior,
            seed,
            step("coherence"),
        ),
        "likelihood": _likelihood(
            model,
            data.test[slice(0, n_likelihood)],
            n_draws,
            seed,
            step("likelihood"),
        ),
        "reconstruction": _reconstruction(
            model, data.test[slice(0, n_images)], step("reconstruction")
        ),
    }


def write_scores(scores: dict, folder: Path) -> Path:
    """Write ``scores.json`` beside a checkpoint; whole or not at all."""
    path = folder / SCORES
    partial = path.with_suffix(".partial")
    text = json.dumps(scores, indent=2) + "\n"
    figures_on_one_line = re.sub(
        r'\{\s+("mean":[^{}]*)\}', lambda match: f"{{{' '.join(match[1].split())}}}", text
    )
    partial.write_text(figures_on_one_line)
    os.replace(partial, path)
    return path


def origin(folder: Path, seed: int, seconds: float, cpu_seconds: float) -> dict:
    """Where figures came from, for ``computed``: machine, versions and the very weights."""
    from explorer.training import commit  # with Lightning: 90 MiB that the app does without

    return {
        "seed": seed,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "commit": commit(),
        "torch": torch.__version__,
        "cpu": cpu_name(),
        "threads": torch.get_num_threads(),
        "weights_sha256": weights_sha256(folder),
    }


def weights_sha256(folder: Path) -> str:
    """Which weights a checkpoint holds: scores made for others are out of date."""
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()


def cpu_name() -> str:
    """Name the processor as it names itself."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _latent_accuracy(
    model: MultimodalVAE,
    train: tuple[Mixture, Tensor],
    test: tuple[Mixture, Tensor],
    n_few: int,
    on_step: Callable[[float], None],
) -> dict:
    def figures(train: tuple[Mixture, Tensor], start: float) -> dict:
        correct = latent_correct(train, test, on_step=lambda done: on_step(start + done / 2))
        return {
            "train_tuples": len(train[1]),
            "test_tuples": len(test[1]),
            "by_subset": dict(zip(_labels(model), map(_figure, correct), strict=True)),
            "by_size": {
                str(size): _figure(correct[rows]) for size, rows in _sizes(len(model.names))
            },
        }

    few = (first(train[0], n_few), train[1][:n_few])
    return {
        "how": "share of test tuples whose class a logistic regression reads from the "
        "standardised mean of the subset's posterior",
        **figures(train, 0.0),
        "few_labels": figures(few, 0.5),
    }


def _coherence(
    model: MultimodalVAE,
    classifiers: Classifiers,
    beliefs: Mixture,
    labels: Tensor,
    n_prior: int,
    seed: int,
    on_step: Callable[[float], None],
) -> dict:
    correct = generated_correct(
        model, classifiers, beliefs, labels, seed=seed, on_step=on_step
    )  # (S, M, N)
    observed = power_set(len(model.names))  # (S, M)
    sizes = _sizes(len(model.names))
    return {
        "how": "z drawn once from the posterior given the subset, decoder mean, share that the "
        "modality's classifier calls the tuple's class; conditional: modalities that were not "
        "observed, self: those that were; joint: share of prior draws on which all agree",
        "conditional_by_size": {
            str(size): _figure(correct[rows][~observed[rows]]) for size, rows in sizes[:-1]
        },
        "conditional_by_target": {
            name: {
                str(size): _figure(correct[rows & ~observed[:, m], m]) for size, rows in sizes[:-1]
            }
            for m, name in enumerate(model.names)
        },
        "self_by_size": {str(size): _figure(correct[rows][observed[rows]]) for size, rows in sizes},
        "by_subset": {
            label: dict(zip(model.names, map(_figure, targets), strict=True))
            for label, targets in zip(_labels(model), correct, strict=True)
        },
        "joint": _figure(prior_agrees(model, classifiers, n_prior, seed=seed)),
        "ceiling": {name: classifiers.ceiling[name] for name in model.names},
        "ceiling_agreement": classifiers.agreement,
        "test_tuples": len(labels),
        "prior_draws": n_prior,
    }


def _likelihood(
    model: MultimodalVAE,
    batch: dict[str, Tensor],
    n_draws: int,
    seed: int,
    on_step: Callable[[float], None],
) -> dict:
    proposals = {
        subset_label(model.names[:size]): model.names[:size]
        for size in range(1, len(model.names) + 1)
    }
    if model.aggregation.family is power_set:
        proposals["joint"] = None
    estimates = importance_weighted(
        model, batch, proposals, n_draws=n_draws, seed=seed, on_step=on_step
    )
    with torch.inference_mode():
        terms = elbo(model, batch, torch.Generator().manual_seed(seed)).terms
    return {
        "how": "log p(x) of all modalities in nats, by importance weighting with draws from the "
        "posterior given the subset (joint: the mixture that training draws from), weighted by the "
        "density that was drawn from, no beta; a lower bound on average, loose where "
        "effective_draws is near 1",
        "importance_weighted": {
            name: _figure(estimate.log_likelihood, digits=2)
            | {"effective_draws": round(estimate.effective_draws.mean().item(), 2)}
            for name, estimate in estimates.items()
        },
        "elbo": _figure(-terms["reconstruction"] - terms["kl"], digits=2),
        "reconstruction": _figure(-terms["reconstruction"], digits=2),
        "kl": _figure(terms["kl"], digits=2),
        "draws": n_draws,
        "test_tuples": len(next(iter(batch.values()))),
    }


def _reconstruction(
    model: MultimodalVAE,
    originals: dict[str, Tensor],
    on_step: Callable[[float], None],
) -> dict:
    measures = {
        "absolute_error": absolute_error,
        "ssim_data_range_1": lambda a, b: similarity(a, b, 1),
        "ssim_data_range_2": lambda a, b: similarity(a, b, 2),
    }
    images = reconstruct(model, originals)
    by_modality = {}
    for m, name in enumerate(model.names):
        by_modality[name] = {
            key: measure(images[name], originals[name]) for key, measure in measures.items()
        }
        on_step((m + 1) / len(model.names))
    tables = by_modality | {
        "mean": {
            key: torch.stack([by_modality[name][key] for name in model.names]) for key in measures
        }
    }
    return {
        "how": "decoder mean at the mean of the posterior given all modalities, clipped to [0, 1] "
        "as it is shown; SSIM of scikit-image with the data range in its name",
        **{
            name: {key: _figure(values) for key, values in table.items()}
            for name, table in tables.items()
        },
        "test_tuples": len(next(iter(originals.values()))),
    }


def _figure(values: Tensor, digits: int = 4) -> dict[str, float]:
    """Mean over everything, and its standard error over the last axis: the tuples, ``(*, N)``."""
    per_tuple = values.double().reshape(-1, values.shape[-1]).mean(0)
    error = per_tuple.std(correction=1) / len(per_tuple) ** 0.5
    return {
        "mean": round(per_tuple.mean().item(), digits),
        "standard_error": round(error.item(), digits),
    }


def _labels(model: MultimodalVAE) -> list[str]:
    return [subset_label(subset) for subset in subsets(model.names)]


def _sizes(n_modalities: int) -> list[tuple[int, Tensor]]:
    """Each number of modalities with the rows of ``subsets`` that have it, bool ``(S,)``."""
    counts = power_set(n_modalities).sum(1)
    return [(size, counts == size) for size in range(1, n_modalities + 1)]
