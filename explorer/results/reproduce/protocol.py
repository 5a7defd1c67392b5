"""What the papers measure, by their own rules, and beside it what is right where they are not.

A protocol is ``(Asked) -> tables``: name of a table to column to figure. Names and columns are
those of ``PUBLISHED`` where the paper prints the table; what else is told has a sentence for a
name.

Shapes: K components, M modalities, S subsets, N tuples, D latent.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from explorer.aggregations import membership
from explorer.catalog.published import PUBLISHED
from explorer.datasets import Dataset
from explorer.datasets.modality import Part
from explorer.datasets.text import read
from explorer.evaluation import attributes, coherence, likelihood
from explorer.evaluation.fidelity import root_mean_square, same_class, similarity, translate
from explorer.evaluation.figures import figure, subset_labels
from explorer.evaluation.representation import encode
from explorer.evaluation.translation import tasks
from explorer.gaussians import Mixture
from explorer.models import MultimodalVAE
from explorer.results.reproduce.scales import Scale

Tables = dict[str, dict[str, dict[str, float]]]

PROBE = "latent accuracy of {n} training latents"
RIGHT_LIKELIHOOD = "log p(x), importance weighted, by proposal"
EFFECTIVE = "draws that count, by proposal"
DROPOUT = "coherence with dropout on in the judges, as released code leaves it"
MAC_MODALITIES = {"sound": "audio", "all labels": "attributes"}
MAC_DATASETS = {
    "polymnist": "PolyMNIST",
    "polydigits": "PolyMNIST",
    "mhd": "MHD",
    "mhd_like": "MHD",
    "cub": "CUB",
    "cub_attributes": "CUB",
    "celeba_attributes": "CelebA",
}
"""Our data to the data set of the study's tables that they are, or stand in for."""


class Asked(NamedTuple):
    """What a protocol measures.

    Parameters
    ----------
    model, data
        A trained model and the data, on one device.
    judges
        ``Judges``, or shipped classifiers; None where the protocol needs none.
    scale
        How much is measured.
    tables
        Keys of ``PUBLISHED`` whose columns are wanted.
    seed
        Of every draw.
    """

    model: MultimodalVAE
    data: Dataset
    judges: nn.Module | None
    scale: Scale
    tables: Sequence[str]
    seed: int = 0

    @property
    def n_test(self) -> int:
        """Test tuples that are measured: those of the scale, or all there are."""
        return min(self.scale.n_measured, len(self.data.test))


def by_subset(asked: Asked) -> Tables:
    """Sutter et al. (2021): a probe of 500 latents, coherence, log p(x) from every subset."""
    names, (train, known), (test, labels) = asked.model.names, *_beliefs(asked)
    every = subset_labels(names)
    correct = probe(train, known, test, labels)
    found = dict(zip([("latent_accuracy_by_subset", s, "") for s in every], correct, strict=True))
    found |= _coherence(asked, test, labels, dropout=False)
    tables: Tables = {}
    for key in asked.tables:
        places = PUBLISHED[key].ours.get(asked.data.name)
        if places is not None and key != "mst_log_likelihood":
            tables[key] = {
                column: figure(found[place])
                for column, place in zip(PUBLISHED[key].columns, places, strict=True)
                if place in found
            }
    if "mst_latent_accuracy" not in tables:
        told = zip(every, map(figure, correct), strict=True)
        tables[PROBE.format(n=len(known))] = dict(told)
    if hasattr(asked.judges, "dropout"):
        asked.judges.dropout(True)
        dropped = _coherence(asked, test, labels, dropout=True)
        asked.judges.dropout(False)
        tables[DROPOUT] = {
            _named(place): figure(right)
            for place, right in dropped.items()
            if place[0] != "coherence_by_subset" or len(names) <= 3
        }
    return tables | _likelihoods(asked)


def probe(train: Mixture, known: Tensor, test: Mixture, labels: Tensor) -> list[Tensor]:
    """Whether the papers' linear classifiers are right, bool ``(N,)`` for each of S subsets.

    scikit-learn's logistic regression with its defaults, 1,000 iterations at most, on means as they
    are. Where a belief is a mixture, each tuple has the mean of one member, the members in turn of
    an equal share of the tuples, as the released code divides a batch.
    """
    features, probes = (_published_means(beliefs).cpu() for beliefs in (train, test))
    classes, truth = known.cpu().numpy(), labels.cpu()
    found = []
    for own, asked in zip(features, probes, strict=True):
        classifier = LogisticRegression(random_state=0, max_iter=1000)
        classifier.fit(own.numpy(), classes)
        found.append(torch.from_numpy(classifier.predict(asked.numpy())) == truth)
    return found


def _published_means(beliefs: Mixture) -> Tensor:
    """Mean of the belief of each subset and tuple, of one member of a mixture: ``(S, N, D)``."""
    weights, mu = beliefs.batch_weights, beliefs.components.mu
    if len(mu) == 1:
        return mu[0]
    n_tuples = mu.shape[2]
    chosen = torch.empty(mu.shape[1:3], dtype=torch.long, device=mu.device)
    for s in range(mu.shape[1]):
        members = (weights[:, s, 0] > 0).nonzero().flatten()
        share = max(1, n_tuples // len(members))
        block = (torch.arange(n_tuples, device=mu.device) // share).clamp_max(len(members) - 1)
        chosen[s] = members[block]
    return beliefs.pick(chosen).mean


def _beliefs(asked: Asked) -> tuple[tuple[Mixture, Tensor], tuple[Mixture, Tensor]]:
    """Beliefs about training latents drawn with replacement, and about test tuples, with labels."""
    generator = torch.Generator().manual_seed(asked.seed)
    chosen = torch.randint(len(asked.data.train), (asked.scale.n_probe,), generator=generator)
    part = Part(asked.data.train, chosen.to(asked.data.train.labels.device))
    known = encode(asked.model, part, len(part))
    test = encode(asked.model, asked.data.test, asked.n_test)
    return (known, part.labels), (test, asked.data.test.labels[: asked.n_test])


def _coherence(
    asked: Asked, test: Mixture, labels: Tensor, *, dropout: bool
) -> dict[tuple[str, str, str], Tensor]:
    """Whether generations are right by the judges: (measure, given, target) to ``(*, N)``."""
    model, names = asked.model, asked.model.names
    with torch.random.fork_rng():
        torch.manual_seed(asked.seed)  # of dropout, where it is on
        correct = coherence.generated_correct(model, asked.judges, test, labels, seed=asked.seed)
        observed = membership(len(names))
        found = {
            ("coherence_by_subset", given, target): correct[s, m]
            for s, given in enumerate(subset_labels(names))
            for m, target in enumerate(names)
            if not observed[s, m]
        }
        for size in range(1, len(names)):
            own = observed.sum(1) == size
            found["coherence", str(size), ""] = correct[own][~observed[own]]
        if model.has_prior:
            found["joint_coherence", "", ""] = coherence.prior_agrees(
                model, asked.judges, asked.scale.n_prior, seed=asked.seed
            )
    return found


def _likelihoods(asked: Asked) -> Tables:
    """The published statistic under its table's name, and the right estimate beside it."""
    if not asked.model.has_density:
        return {}
    n = min(asked.scale.n_likelihood, asked.n_test)
    told = likelihood.importance_weighted(
        asked.model,
        asked.data.test[slice(0, n)],
        {label: label.split("+") for label in subset_labels(asked.model.names)},
        n_draws=asked.scale.n_draws,
        seed=asked.seed,
    )
    tables: Tables = {
        RIGHT_LIKELIHOOD: {k: figure(e.log_likelihood, digits=1) for k, e in told.items()},
        EFFECTIVE: {k: figure(e.effective_draws, digits=1) for k, e in told.items()},
    }
    for key in asked.tables:
        if key.endswith("log_likelihood"):
            statistics = [figure(e.published_statistic, digits=1) for e in told.values()]
            tables[key] = dict(zip(PUBLISHED[key].columns, statistics, strict=True))
    return tables


def faces(asked: Asked) -> Tables:
    """Sutter et al. (2021) on CelebA: average precision of latents, and of what is generated."""
    (train, known), (test, labels) = _beliefs(asked)
    told = attributes.report(
        asked.model,
        asked.judges,
        (train, known),
        (test, labels),
        classes=asked.data.classes,
        n_few=len(known),
        n_generated=asked.n_test,
        seed=asked.seed,
        on_step=lambda done: None,
    )
    found = {
        ("latent_precision_published", given, ""): value
        for given, value in told["latent_as_published"].items()
    }
    for given, targets in told["generated"].items():
        found |= {("precision", given, target): value for target, value in targets.items()}
    columns = PUBLISHED["celeba_average_precision"]
    places = zip(columns.columns, columns.ours["celeba"], strict=True)
    return {
        "celeba_average_precision": {c: _number(found[p]) for c, p in places if p in found},
        "average precision of latents, by a ranking": told["latent"],
    }


def apart(asked: Asked) -> Tables:
    """Sutter et al. (2024): each modality's own latent, and what one generates of the others."""
    names, model = asked.model.names, asked.model
    (train, known), (test, labels) = _beliefs(asked)
    singles = {name: s for s, name in enumerate(subset_labels(names)) if name in names}
    correct = dict(zip(subset_labels(names), probe(train, known, test, labels), strict=True))
    tables: Tables = {
        f"accuracy of a modality's own latent, {len(known)} training latents": {
            name: figure(correct[name]) for name in names
        }
    }
    shown = [translate(model, test.mean, [name], name) for name in names]
    truth = asked.data.test[slice(0, asked.n_test)]
    error = [
        (x - truth[name]).square().flatten(1).mean(1) for x, name in zip(shown, names, strict=True)
    ]
    tables["reconstruction from its own latent"] = {
        "negative mean squared error": figure(-torch.stack(error))
    }
    if asked.judges is None:
        return tables
    right = coherence.generated_correct(model, asked.judges, test, labels, seed=asked.seed)
    across = torch.stack(
        [right[singles[a], m] for a in names for m, b in enumerate(names) if a != b]
    )
    own = torch.stack([right[singles[name], m] for m, name in enumerate(names)])
    tables["coherence of what one modality generates"] = {
        "of the others": figure(across),
        "of itself": figure(own),
    }
    return tables


def translations(asked: Asked) -> Tables:
    """Tokar & Sanner (2026): three tasks; points where a model has them, else one draw."""
    test = encode(asked.model, asked.data.test, asked.n_test)
    z = test.rsample(torch.Generator().manual_seed(asked.seed))  # (S, N, D)
    truth = asked.data.test[slice(0, asked.n_test)]
    modalities = {m.name: m for m in asked.model.modalities}
    known = MAC_DATASETS.get(asked.data.name, asked.data.name)
    found: dict[tuple[str, str], list[Tensor]] = {}
    for name, modality in modalities.items():
        pooled = modality.kind == "label" and len(modalities) > 10
        column = "all labels" if pooled else name
        for task, sources in tasks(list(modalities), name).items():
            for given in filter(None, sources):
                shown = translate(asked.model, z, given, name)
                measure, values = _as_in_study(modality.kind, shown, truth[name], modality.symbols)
                where = f"{known} {MAC_MODALITIES.get(column, column)}, {measure}"
                found.setdefault((task, where), []).append(values)
    tables: Tables = {}
    for (task, column), values in found.items():
        tables.setdefault(f"mac_wae_{task}", {})[column] = figure(torch.stack(values))
    return tables


def _as_in_study(kind: str, shown: Tensor, truth: Tensor, symbols: str) -> tuple[str, Tensor]:
    """The study's measure of a kind of modality and its value for each tuple, ``(N,)``."""
    if kind == "image":
        return "SSIM", similarity(shown, truth, 2)  # scikit-image's range for floats, as there
    if kind == "label":
        return "ACC", 100 * same_class(shown, truth).double()
    if kind == "text":
        from torchmetrics.functional.text import bleu_score  # seconds to import

        hypotheses, references = (read(x.cpu(), symbols) for x in (shown, truth))
        one = 100 * bleu_score(
            [h.strip() or "-" for h in hypotheses], [[r.strip()] for r in references], n_gram=4
        )
        return "BLEU", one.double().expand(len(shown))
    return "RMSE", root_mean_square(shown, truth)


PROTOCOLS: dict[str, Callable[[Asked], Tables]] = {
    "mopoe": by_subset,
    "celeba": faces,
    "mmvamp": apart,
    "rats": apart,
    "mac": translations,
}


def _named(place: tuple[str, str, str]) -> str:
    measure, given, target = place
    if measure == "joint_coherence":
        return "joint"
    return f"{target}|{given}" if target else given


def _number(value: float | dict[str, float]) -> dict[str, float]:
    return value if isinstance(value, dict) else {"mean": value}
