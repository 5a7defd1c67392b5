"""What a trained model can do, in figures: ``python -m explorer evaluate`` writes scores.json.

Every figure is an object ``{"mean", "standard_error"}``; the error is over test tuples (or draws)
of this one trained model. Tuples share source digits and a second training run would differ, so
gaps of a few points between models mean nothing. What has no such error is a plain number. Keys of
subsets, which are those of ``explorer.subsets``, are modality names joined by ``+``;
keys ``"1"``, ``"2"``, ... are numbers of observed modalities. Where a measure is not defined for a
model, ``{"absent": reason}`` stands instead; of a single tuple the error is null. Every number is
finite.

=================== ===============================================================================
key                 holds
=================== ===============================================================================
latent_accuracy     by_subset, by_size: a linear classifier on each subset's posterior mean; the
                    same under few_labels, trained on fewer tuples; train_tuples, test_tuples
coherence           conditional_by_size, conditional_by_target (target, then size), self_by_size,
                    by_subset (subset, then target), joint; the classifiers' ceiling (by modality)
                    and ceiling_agreement on real images; judges: by kind of classifier,
                    conditional_by_size, joint, and accuracy and agreement on real images;
                    test_tuples, prior_draws
average_precision   instead of these two where several classes may hold of a tuple: latent,
                    latent_as_published (by subset), generated (subset, then target), by_attribute
                    (subset, then attribute, latent), ceiling, chance; train_tuples, test_tuples,
                    generated_tuples
likelihood          importance_weighted: by proposal, in nats, with effective_draws; beside it
                    published_statistic; by_size: mean over all proposals of a size, subset_draws
                    each; elbo, reconstruction and kl of the same tuples; draws, test_tuples
reconstruction      by modality, and ``mean`` of what all have, in measures that suit the kind
self_reconstruction by modality, from its own belief alone, likewise
translation         by modality and task (reconstruction, many_to_one, one_to_one), likewise
diversity           given_one, given_others, real (by modality): how far draws are apart, as a
                    classifier sees them; classifier_frechet_distance: generated and real
sampling            prior, mixture: joint (share that agrees), classes (how many, by entropy),
                    to_nearest_training_code, and that of test tuples
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
import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

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
    sampling,
    translation,
)
from explorer.evaluation.classifiers import Classifiers
from explorer.evaluation.figures import Progress, absent, finite
from explorer.evaluation.representation import encode, first
from explorer.files.whole import write_whole
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE
from explorer.models.device import find_device, moved
from explorer.models.vae import WEIGHTS
from explorer.subsets import MOST_ENUMERATED

JUDGED = {"coherence", "diversity", "sampling", "average_precision"}
"""Sections that classifiers are needed for."""

SIZES: dict[str, int] = {
    "n_train": 2000,
    "n_few": 500,
    "n_test": 2000,
    "n_coherence": 1000,
    "n_prior": 2000,
    "n_likelihood": 100,
    "n_draws": 100,
    "n_images": 1000,
    "n_translation": 500,
    "n_diversity": 50,
    "n_frechet": 1000,
}
"""How much is looked at unless :func:`evaluate` is told otherwise; it says what each is."""

CUT = {"n_coherence", "n_translation", "n_diversity"}
"""Sizes that are never more than ``n_test``."""


class Asked(NamedTuple):
    """What the sections are computed from.

    Parameters
    ----------
    model, classifiers, others, seed, every_subset
        As in :func:`evaluate`.
    train, test
        Beliefs given every subset, components ``(K, S, N, D)``, with the tuples' labels.
    observations
        Test tuples, from the first on.
    classes
        What they are called.
    n
        ``SIZES``, cut to what there is.
    """

    model: MultimodalVAE
    classifiers: Classifiers | str
    others: Mapping[str, Classifiers]
    train: tuple[Mixture, Tensor]
    test: tuple[Mixture, Tensor]
    observations: dict[str, Tensor]
    classes: Sequence[str]
    n: dict[str, int]
    seed: int
    every_subset: bool

    def beliefs(self, size: str) -> Mixture:
        """Beliefs of the first test tuples, as many as ``size`` says."""
        return first(self.test[0], self.n[size])

    def labels(self, size: str) -> Tensor:
        """Labels of the same."""
        return self.test[1][: self.n[size]]

    def images(self, size: str) -> dict[str, Tensor]:
        """Observations of the same."""
        return {name: x[: self.n[size]] for name, x in self.observations.items()}


def _latent_accuracy(asked: Asked, step: Progress) -> dict:
    probes = asked.beliefs("n_test"), asked.labels("n_test")
    return representation.report(asked.model.names, asked.train, probes, asked.n["n_few"], step)


def _coherence(asked: Asked, step: Progress) -> dict:
    return coherence.report(
        asked.model,
        asked.classifiers,
        asked.beliefs("n_coherence"),
        asked.labels("n_coherence"),
        others=asked.others,
        n_prior=asked.n["n_prior"],
        seed=asked.seed,
        on_step=step,
    )


def _average_precision(asked: Asked, step: Progress) -> dict:
    return attributes.report(
        asked.model,
        asked.classifiers,
        asked.train,
        (asked.beliefs("n_test"), asked.labels("n_test")),
        classes=asked.classes,
        n_few=asked.n["n_few"],
        n_generated=asked.n["n_coherence"],
        seed=asked.seed,
        on_step=step,
    )


def _likelihood(asked: Asked, step: Progress) -> dict:
    return likelihood.report(
        asked.model,
        asked.images("n_likelihood"),
        n_draws=asked.n["n_draws"],
        every_subset=asked.every_subset,
        seed=asked.seed,
        on_step=step,
    )


def _reconstruction(asked: Asked, step: Progress) -> dict:
    means = asked.beliefs("n_images").mean
    return fidelity.report(asked.model, means, asked.images("n_images"), step)


def _self_reconstruction(asked: Asked, step: Progress) -> dict:
    means = asked.beliefs("n_translation").mean
    return fidelity.report_alone(asked.model, means, asked.images("n_translation"), step)


def _translation(asked: Asked, step: Progress) -> dict:
    means = asked.beliefs("n_translation").mean
    return translation.report(asked.model, means, asked.images("n_translation"), step)


def _diversity(asked: Asked, step: Progress) -> dict:
    return diversity.report(
        asked.model,
        asked.classifiers,
        asked.beliefs("n_diversity"),
        (asked.images("n_real"), asked.labels("n_real")),
        seed=asked.seed,
        on_step=step,
    )


def _sampling(asked: Asked, step: Progress) -> dict:
    return sampling.report(
        asked.model,
        asked.classifiers,
        asked.train[0],
        asked.test[0],
        n_draws=asked.n["n_prior"],
        seed=asked.seed,
        on_step=step,
    )


def _geometry(asked: Asked, step: Progress) -> dict:
    return geometry.report(asked.model.names, asked.beliefs("n_translation"), step)


SECTIONS: dict[str, Callable[[Asked, Progress], dict]] = {
    "latent_accuracy": _latent_accuracy,
    "coherence": _coherence,
    "likelihood": _likelihood,
    "reconstruction": _reconstruction,
    "self_reconstruction": _self_reconstruction,
    "translation": _translation,
    "diversity": _diversity,
    "sampling": _sampling,
    "geometry": _geometry,
    "average_precision": _average_precision,
}
"""Sections of scores.json. To add one: its ``report`` in a module of its subject, a line here."""


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
    others: Mapping[str, Classifiers] | None = None,
    seed: int = 0,
    every_subset: bool = False,
    only: Collection[str] | None = None,
    device: str = "cpu",
    on_step: Callable[[str, float], None] | None = None,
    **sizes: int,
) -> dict:
    """Compute every section of scores.json except where it came from (``computed``).

    Of data with gaps, only tuples that have every modality are used: all subsets are asked about
    the same ones.

    Parameters
    ----------
    classifiers
        Read what is generated; or why there are none, which then stands in their sections.
    others
        Judges of other kinds (keys of ``readers.JUDGES``) that read the same draws for coherence.
    seed
        Of every draw; the same seed gives the same figures on the same machine.
    every_subset
        Whether every subset is a proposal for the likelihood, or one of each size.
    only
        Names of the sections to compute; all by default.
    device
        Where model, classifiers and data are meanwhile, as
        :func:`explorer.models.device.find_device` has it. Draws come from the CPU's generator, so
        that figures on two devices differ by rounding only.
    on_step
        Called with what is being computed and the share of it that is done.
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
    n_images
        Test tuples for reconstruction.
    n_translation
        Test tuples for translation, self-reconstruction and geometry.
    n_diversity
        Test tuples to generate from ten times each.
    n_frechet
        Prior draws for the Frechet distance, and half of the real observations beside them.

    Raises
    ------
    ValueError
        A split is too small, or a section or a size is unknown.
    """
    data = data.having()
    sections = _sections(data, classifiers)
    _check_names("sections", only or (), sections)
    _check_names("sizes", sizes, SIZES)
    n = SIZES | sizes
    _check_sizes(data, n)

    def step(name: str) -> Progress:
        told = name.replace("_", " ")
        return lambda done: on_step(told, done) if on_step is not None else None

    where = find_device(device)
    data = moved(data, where)
    readers = [c for c in (classifiers, *(others or {}).values()) if not isinstance(c, str)]
    for network in (model.eval(), *readers):
        network.to(where)
    step("encoding")(0)
    n_train, n_test = n["n_train"], max(n["n_test"], n["n_likelihood"], n["n_images"])
    n |= {key: min(n[key], n["n_test"]) for key in CUT}
    n["n_real"] = 2 * min(n["n_frechet"], n_test // 2)
    train, test = encode(model, data.train, n_train), encode(model, data.test, n_test)
    asked = Asked(
        model,
        classifiers,
        others or {},
        (train, data.train.labels[:n_train]),
        (test, data.test.labels[:n_test]),
        data.test[slice(0, n_test)],
        data.classes,
        n,
        seed,
        every_subset,
    )
    try:
        found = {
            name: section(asked, step(name))
            for name, section in sections.items()
            if only is None or name in only
        }
    finally:
        for network in (model, *readers):
            network.cpu()
    return finite(found)


def _sections(data: Dataset, classifiers: Classifiers | str) -> dict[str, Callable]:
    """Those that ``data`` has; what cannot be computed of it says why."""
    sections = dict(SECTIONS)
    if data.multi_label:
        of_one_class = ("latent_accuracy", "coherence", "sampling")
        sections |= dict.fromkeys(of_one_class, lambda *_: absent(attributes.SECTION))
    else:
        del sections["average_precision"]
    if isinstance(classifiers, str):
        reason = classifiers
        sections |= dict.fromkeys(JUDGED & sections.keys(), lambda *_: absent(reason))
    return sections


def _check_names(what: str, given: Collection[str], known: Collection[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"{what} are {', '.join(known)}; got {', '.join(unknown)}")


def _check_sizes(data: Dataset, n: dict[str, int]) -> None:
    low = [f"{key}={value}" for key, value in n.items() if value < 1]
    if low:
        raise ValueError(f"sizes must be at least 1, got {', '.join(low)}")
    needed = {"train": n["n_train"], "test": max(n["n_test"], n["n_likelihood"], n["n_images"])}
    for name, asked in needed.items():
        have = len(getattr(data, name))
        if have < asked:
            raise ValueError(
                f"evaluation needs {asked} {name} tuples, {data.name!r} has {have} with every "
                "modality; ask for fewer"
            )


def write_scores(scores: dict, folder: Path) -> Path:
    """Write ``scores.json`` beside a checkpoint; whole or not at all."""
    path = folder / SCORES
    write_whole(path, _lines(scores) + "\n")
    return path


def _lines(tree: dict, indent: str = "") -> str:
    """JSON with a line for every table that holds no other table."""
    if not any(isinstance(branch, dict) for branch in tree.values()):
        return json.dumps(tree, allow_nan=False)
    inner = indent + "  "
    parts = [
        f"{inner}{json.dumps(key)}: "
        + (
            _lines(branch, inner)
            if isinstance(branch, dict)
            else json.dumps(branch, allow_nan=False)
        )
        for key, branch in tree.items()
    ]
    return "{\n" + ",\n".join(parts) + f"\n{indent}}}"


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
