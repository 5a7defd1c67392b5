"""What a trained model can do, in figures: ``python -m explorer evaluate`` writes scores.json.

Every figure is an object ``{"mean", "standard_error"}``; the error is over test tuples (or draws)
of this one trained model. Tuples share source digits and a second training run would differ, so
gaps of a few points between models mean nothing. What has no such error is a plain number. Keys of
subsets, which are those of ``explorer.subsets``, are modality names joined by ``+``;
keys ``"1"``, ``"2"``, ... are numbers of observed modalities. Where a measure is not defined for a
model, ``{"absent": reason}`` stands instead.

=================== ===============================================================================
key                 holds
=================== ===============================================================================
latent_accuracy     by_subset, by_size: a linear classifier on each subset's posterior mean; the
                    same under few_labels, trained on fewer tuples; train_tuples, test_tuples
coherence           conditional_by_size, conditional_by_target (target, then size), self_by_size,
                    by_subset (subset, then target), joint; the classifiers' ceiling (by modality)
                    and ceiling_agreement on real images; test_tuples, prior_draws
average_precision   instead of these two where several classes may hold of a tuple: latent,
                    latent_as_published (by subset), generated (subset, then target), ceiling,
                    chance; train_tuples, test_tuples, generated_tuples
likelihood          importance_weighted: by proposal, in nats, with effective_draws; beside it
                    published_statistic; elbo, reconstruction and kl of the same tuples; draws,
                    test_tuples
reconstruction      by modality, and ``mean`` of what all have, in measures that suit the kind
translation         by modality and task (reconstruction, many_to_one, one_to_one), likewise
diversity           given_one, given_others, real (by modality): how far draws are apart, as a
                    classifier sees them; classifier_frechet_distance: generated and real
geometry            by_subset: variance, posterior_variance, effective_dimension,
                    pairwise_distance, gap_to_all of the codes; gap
computed            seed, seconds and cpu_seconds it took, commit, torch, cpu, threads, and
                    weights_sha256 of the checkpoint it was computed from
=================== ===============================================================================

Each but the last also says in one sentence under ``how`` how it was computed. Every section is the
``report`` of a module of its name or subject. Shapes: M modalities, S subsets, N tuples.
"""

import hashlib
import json
import os
import platform
import re
from collections.abc import Callable, Collection
from pathlib import Path

import torch

from explorer.checkpoints import SCORES, commit
from explorer.datasets import Dataset
from explorer.evaluation import (
    attributes,
    coherence,
    diversity,
    fidelity,
    geometry,
    likelihood,
    representation,
    translation,
)
from explorer.evaluation.classifiers import Classifiers
from explorer.evaluation.figures import Progress, absent
from explorer.evaluation.representation import encode, first
from explorer.models import MultimodalVAE
from explorer.models.vae import WEIGHTS
from explorer.subsets import MOST_ENUMERATED

JUDGED = {"coherence", "diversity", "average_precision"}
"""Sections that classifiers are needed for."""


def fitting_sizes(data: Dataset, **asked: int) -> dict[str, int]:
    """Sizes for :func:`evaluate` that ``data`` has: those ``asked`` for, else its own, or fewer.

    Less is generated where modalities are so many that not every subset of them is looked at.
    """
    data = data.having()
    sizes = {"n_train": 2000, "n_test": 2000, "n_likelihood": 100, "n_images": 1000}
    if len(data.modalities) > MOST_ENUMERATED:
        sizes["n_coherence"] = 250
    sizes |= asked
    splits = {"n_train": data.train}
    return {key: min(n, len(splits.get(key, data.test))) for key, n in sizes.items()}


def evaluate(
    model: MultimodalVAE,
    data: Dataset,
    classifiers: Classifiers | str,
    *,
    seed: int = 0,
    n_train: int = 2000,
    n_few: int = 500,
    n_test: int = 2000,
    n_coherence: int = 1000,
    n_prior: int = 2000,
    n_likelihood: int = 100,
    n_draws: int = 100,
    every_subset: bool = False,
    n_images: int = 1000,
    n_translation: int = 500,
    n_diversity: int = 50,
    n_frechet: int = 1000,
    only: Collection[str] | None = None,
    on_step: Callable[[str, float], None] | None = None,
) -> dict:
    """Compute every section of scores.json except where it came from (``computed``).

    Of data with gaps, only tuples that have every modality are used: all subsets are asked about
    the same ones.

    Parameters
    ----------
    classifiers
        Read what is generated; or why there are none, which then stands in their sections.
    seed
        Of every draw; the same seed gives the same figures on the same machine.
    n_train, n_few
        Training tuples for the linear classifiers; ``few_labels`` is the first ``n_few`` of them.
    n_test
        Test tuples for latent accuracy and, at most so many, for the following.
    n_coherence
        Test tuples for coherence: what costs most, every subset times M modalities each.
    n_prior
        Draws from the prior for joint coherence.
    n_likelihood, n_draws
        Test tuples for the likelihood, and importance draws for each.
    every_subset
        Whether every subset is a proposal for the likelihood, or one of each size.
    n_images
        Test tuples for reconstruction.
    n_translation
        Test tuples for translation and geometry.
    n_diversity
        Test tuples to generate from ten times each.
    n_frechet
        Prior draws for the Frechet distance, and half of the real observations beside them.
    only
        Names of the sections to compute; all by default.
    on_step
        Called with what is being computed and the share of it that is done.

    Raises
    ------
    ValueError
        A split is too small, or a section is unknown.
    """
    data = data.having()
    needed = {"train": n_train, "test": max(n_test, n_likelihood, n_images)}
    for name, n in needed.items():
        have = len(getattr(data, name))
        if have < n:
            raise ValueError(
                f"evaluation needs {n} {name} tuples, {data.name!r} has {have} with every "
                "modality; ask for fewer"
            )

    def step(name: str) -> Progress:
        return lambda done: on_step(name, done) if on_step is not None else None

    model.eval()
    step("encoding")(0)
    train, test = encode(model, data.train, n_train), encode(model, data.test, needed["test"])
    train_labels, test_labels = data.train.labels[:n_train], data.test.labels
    n_coherence, n_translation, n_diversity = (
        min(n, n_test) for n in (n_coherence, n_translation, n_diversity)
    )
    n_frechet = min(n_frechet, needed["test"] // 2)

    def images(n: int) -> dict[str, torch.Tensor]:
        return data.test[slice(0, n)]

    sections: dict[str, Callable[[Progress], dict]] = {
        "latent_accuracy": lambda step: representation.report(
            model.names,
            (train, train_labels),
            (first(test, n_test), test_labels[:n_test]),
            n_few,
            step,
        ),
        "coherence": lambda step: coherence.report(
            model,
            classifiers,
            first(test, n_coherence),
            test_labels[:n_coherence],
            n_prior=n_prior,
            seed=seed,
            on_step=step,
        ),
        "likelihood": lambda step: likelihood.report(
            model,
            images(n_likelihood),
            n_draws=n_draws,
            every_subset=every_subset,
            seed=seed,
            on_step=step,
        ),
        "reconstruction": lambda step: fidelity.report(
            model, first(test, n_images).mean, images(n_images), step
        ),
        "translation": lambda step: translation.report(
            model, first(test, n_translation).mean, images(n_translation), step
        ),
        "diversity": lambda step: diversity.report(
            model,
            classifiers,
            first(test, n_diversity),
            (images(2 * n_frechet), test_labels[: 2 * n_frechet]),
            seed=seed,
            on_step=step,
        ),
        "geometry": lambda step: geometry.report(model.names, first(test, n_translation), step),
    }
    if data.multi_label:
        sections |= dict.fromkeys(
            ("latent_accuracy", "coherence"), lambda step: absent(attributes.SECTION)
        )
        sections["average_precision"] = lambda step: attributes.report(
            model,
            classifiers,
            (train, train_labels),
            (first(test, n_test), test_labels[:n_test]),
            n_few=n_few,
            n_generated=n_coherence,
            seed=seed,
            on_step=step,
        )
    if isinstance(classifiers, str):
        judged = JUDGED & sections.keys()
        sections |= dict.fromkeys(judged, lambda step: absent(classifiers))
    unknown = sorted(set(only or ()) - set(sections))
    if unknown:
        raise ValueError(f"sections are {', '.join(sections)}; got {', '.join(unknown)}")
    return {
        name: section(step(name.replace("_", " ")))
        for name, section in sections.items()
        if only is None or name in only
    }


def write_scores(scores: dict, folder: Path) -> Path:
    """Write ``scores.json`` beside a checkpoint; whole or not at all."""
    path = folder / SCORES
    partial = path.with_suffix(".partial")
    text = json.dumps(scores, indent=2) + "\n"
    figures = re.compile(r'\{\s+("(?:mean|variance)":[^{}]*)\}')
    partial.write_text(figures.sub(lambda found: f"{{{' '.join(found[1].split())}}}", text))
    os.replace(partial, path)
    return path


def origin(folder: Path, seed: int, seconds: float, cpu_seconds: float) -> dict:
    """Where figures came from, for ``computed``: machine, versions and the very weights."""
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
