"""Maps of the latent space, and what they leave out: figures computed in the full space.

A map is fitted to the posterior means of many test tuples under **every** subset of the modalities
at once, so that within one model all subsets share the axes. Fitted maps of two models share
nothing. What all models share is the prior, mean 0 and variance 1 in every direction: the linear
layouts (``pca``, and ``latent`` where the latent space has two dimensions) keep its origin and its
unit, so that two models can be drawn on the same axes, each turned about the prior's mean.

The maps of a model are stored beside its checkpoint: ``embedding.npz`` (16-bit coordinates,
predicted classes) and ``embedding.json`` (how they were made, and the figures to read beside them).

Shapes: S subsets in the order of ``explorer.subsets``, T test tuples, N neighbor
candidates (training tuples), D latent, C classes, M modalities. Arrays are NumPy.
"""

import hashlib
import json
import math
import os
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from scipy.spatial import cKDTree
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_score

from explorer.checkpoints import CheckpointError, check_data, checkpoint_directory, load_pretrained
from explorer.datasets import Dataset, Split
from explorer.evaluation.geometry import centroid_gaps, effective_dimension
from explorer.models.device import find_device
from explorer.models.vae import WEIGHTS, MultimodalVAE
from explorer.subsets import MOST_ENUMERATED, subset_label, subsets

ARRAYS, REPORT = "embedding.npz", "embedding.json"
K = 15
"""Neighbors, in the maps' fit and in every figure."""
MOST_POINTS = 31_000
"""Points of a map where not every subset is looked at: as many as five modalities give."""
LEVELS = 65_535
"""Steps of a quantised coordinate: uint16."""
LINEAR = ("latent", "pca")
"""Layouts in which a length is a length of the latent space; the first that is there is used."""
BY_SUBSET = (
    "accuracy",
    "accuracy_shuffled_labels",
    "silhouette",
    "posterior_variance",
    "variance_of_means",
    "effective_dimension",
    "offset_from_prior",
    "shift_to_all",
    "gap_to_all",
)
"""Figures of each subset in the report."""
DAMAGED = (ValueError, TypeError, LookupError, AttributeError, EOFError, OSError, RecursionError)
DAMAGED += (OverflowError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What reading a file of another shape, or a piece of one, raises."""


class EmbeddingError(CheckpointError):
    """Maps that are missing or broken; says which, why, and the remedy."""


@dataclass(frozen=True)
class Embedding:
    """The maps of one model's latent space.

    Parameters
    ----------
    tuples, labels
        ``(T,)``: position in the test split, and class, of each tuple.
    predicted
        uint8 ``(S, T)``: the class that the K nearest training tuples vote for, in the full
        latent space, under the same subset.
    table
        ``(S, C, C)``: among the K neighbors of tuples of class a, how many are of class b.
    gaps
        ``(S, S)``: :func:`centroid_gaps`.
    layouts
        Name to uint16 ``(S, T, 2)``; one step is the same length on both axes. ``pca``, ``umap0``,
        ``umap1``, ..., and ``latent`` where D is 2.
    report
        What ``embedding.json`` holds.
    """

    tuples: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    table: np.ndarray
    gaps: np.ndarray
    layouts: dict[str, np.ndarray]
    report: dict


def encode(
    model: MultimodalVAE, split: Split, index: torch.Tensor, *, batch_size: int = 500
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the posterior of each tuple under every subset, both ``(S, len, D)``.

    Encoders run once per tuple. Where a subset's posterior is a mixture, its mean and variance.
    """
    means, variances = [], []
    where = next(model.parameters()).device
    with torch.inference_mode():
        for part in index.split(batch_size):
            batch = {name: x.to(where) for name, x in split[part].items()}
            posterior = model.subset_posteriors(batch)
            means.append(posterior.mean.cpu())
            variances.append(posterior.variance.cpu())
    return torch.cat(means, dim=1).numpy(), torch.cat(variances, dim=1).numpy()


def quantise(layout: np.ndarray) -> np.ndarray:
    """Coordinates ``(*, 2)`` as uint16, centred in a square; one step is equal on both axes.

    Raises
    ------
    ValueError
        A coordinate is not finite, or all points coincide.
    """
    corner, step = grid(layout)
    return np.clip(np.rint((layout - corner) / step), 0, LEVELS).astype(np.uint16)


def grid(layout: np.ndarray) -> tuple[np.ndarray, float]:
    """What :func:`quantise` counts from and in: coordinates are about ``corner + step * steps``."""
    flat = layout.reshape(-1, 2)
    low, high = flat.min(0), flat.max(0)
    side = (high - low).max()
    if not np.isfinite(side) or side == 0:
        raise ValueError(f"a map needs finite coordinates with some extent, got a side of {side}")
    return (low + high) / 2 - side / 2, side / LEVELS


def turn_to(layout: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """``layout`` turned, mirrored and moved, not scaled, to lie as near ``reference`` as it can.

    Row i of both, ``(n, 2)``, is the same point. The orientation of a map means nothing; turning
    it alike makes two of them easier to compare (orthogonal Procrustes).
    """
    centred = layout - layout.mean(0)
    u, _, vt = np.linalg.svd(centred.T @ (reference - reference.mean(0)))
    return centred @ (u @ vt) + reference.mean(0)


def vote(
    points: np.ndarray, candidates: np.ndarray, candidate_labels: np.ndarray, n_classes: int, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Classes of the k nearest candidates of each point, and the class most of them have.

    Parameters
    ----------
    points, candidates
        ``(T, D)`` and ``(N, D)``.
    candidate_labels
        ``(N,)``.

    Returns
    -------
    counts, winner
        ``(T, C)`` summing to k along C, and ``(T,)``; ties go to the lower class.
    """
    distances = torch.cdist(torch.from_numpy(points), torch.from_numpy(candidates))
    nearest = distances.topk(k, largest=False).indices.numpy()
    counts = np.stack([(candidate_labels[nearest] == c).sum(1) for c in range(n_classes)], axis=1)
    return counts, counts.argmax(1)


def spectra(means: np.ndarray) -> np.ndarray:
    """Variance of the codes along their principal directions, largest first: ``(S, D)``.

    ``means``: (S, T, D). Their mean over D is the variance of :func:`encode`'s means; a direction
    in which codes fill the prior N(0, 1) has 1.
    """
    centred = means - means.mean(1, keepdims=True)
    covariance = np.einsum("std,ste->sde", centred, centred, dtype=np.float64) / means.shape[1]
    return np.linalg.eigvalsh(covariance)[:, ::-1].clip(min=0)


def shared_neighbors(one: np.ndarray, other: np.ndarray, rows: np.ndarray, k: int) -> float:
    """Share of the k nearest neighbors of ``rows`` that two layouts of the same points agree on."""
    neighbors = [_nearest(points, rows, k) for points in (one, other)]
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(*neighbors, strict=True)]))


def _nearest(points: np.ndarray, rows: np.ndarray, k: int) -> list[list[int]]:
    """List the k nearest other points of each row: by a tree in the plane, else all distances."""
    if points.shape[1] <= 3:
        found = cKDTree(points).query(points[rows], k + 1)[1]
    else:
        everything = torch.from_numpy(points)
        found = torch.cat(
            [
                torch.cdist(everything[part], everything).topk(k + 1, largest=False).indices
                for part in torch.from_numpy(rows).split(250)
            ]
        ).numpy()
    return [
        [i for i in line if i != row][:k] for row, line in zip(rows, found.tolist(), strict=True)
    ]


def fit_umap(points: np.ndarray, *, seed: int) -> np.ndarray:
    """UMAP of ``points`` ``(n, D)`` in the plane, seeded and on one thread: ``(n, 2)``."""
    from umap import UMAP  # seconds to import: only where a map is fitted

    return UMAP(n_neighbors=K, random_state=seed, n_jobs=1).fit_transform(points)


def embed(
    model: MultimodalVAE,
    data: Dataset,
    *,
    n_tuples: int = 1000,
    n_candidates: int = 3000,
    n_seeds: int = 3,
    fit: Callable[..., np.ndarray] = fit_umap,
    progress: Callable[[str], None] = lambda step: None,
) -> Embedding:
    """Fit the maps of a model's latent space and compute the figures beside them.

    Parameters
    ----------
    n_tuples
        The first so many test tuples; each is a point under every subset of
        ``explorer.subsets``. Fewer where these are a selection (``MOST_POINTS``).
    n_candidates
        The first so many training tuples, among which neighbors vote. They show none of the test
        set's digit pictures; neighbors among test tuples would, and would look better for it.
    n_seeds
        How often the map is fitted, with seeds 0, 1, ...
    fit
        (points, seed=) -> ``(n, 2)``.
    progress
        Told what is being done.
    """
    started = time.perf_counter()
    looked_at = subsets(model.names)
    if len(model.names) > MOST_ENUMERATED:
        n_tuples = min(n_tuples, MOST_POINTS // len(looked_at))
    tuples = torch.arange(min(n_tuples, len(data.test.labels)))
    candidates = torch.arange(min(n_candidates, len(data.train.labels)))
    if len(candidates) < K:
        raise ValueError(f"a map needs {K} training tuples or more, got {len(candidates)}")
    least = 2 * K // len(looked_at) + 1
    if len(tuples) < least:
        raise ValueError(
            f"a map needs {least} test tuples with every modality, got {len(tuples)}; have more "
            "rows for testing, or fewer gaps"
        )
    labels = data.test.labels[tuples].numpy()
    candidate_labels = data.train.labels[candidates].numpy()
    progress("encoding")
    means, variances = encode(model, data.test, tuples)
    candidate_means, _ = encode(model, data.train, candidates)

    progress("neighbors in the full latent space")
    shuffled = np.random.default_rng(0).permutation(candidate_labels)
    n_classes = len(data.classes)
    predicted = np.empty(means.shape[:2], np.uint8)
    table = np.zeros((len(means), n_classes, n_classes), np.uint32)
    control = []
    for s, (points, others) in enumerate(zip(means, candidate_means, strict=True)):
        counts, predicted[s] = vote(points, others, candidate_labels, n_classes, K)
        np.add.at(table[s], labels, counts)
        control.append(float((vote(points, others, shuffled, n_classes, K)[1] == labels).mean()))

    points = means.reshape(-1, means.shape[-1])
    pca = PCA(2, random_state=0).fit(points)
    layouts = {"latent": points} if points.shape[1] == 2 else {}
    layouts["pca"] = points @ pca.components_.T  # not centred: 0 is the prior's mean
    for seed in range(n_seeds):
        progress(f"map {seed + 1} of {n_seeds}")
        layout = fit(points, seed=seed)
        layouts[f"umap{seed}"] = turn_to(layout, layouts["umap0"] if seed else layout)

    progress("how faithful the maps are")
    rows = np.random.default_rng(0).choice(len(points), min(2000, len(points)), replace=False)
    faithful = {
        name: {
            "trustworthiness": _rounded(trustworthiness(points[rows], layout[rows], n_neighbors=K)),
            "neighbors_kept": _rounded(shared_neighbors(points, layout, rows, K)),
        }
        for name, layout in layouts.items()
    }
    faithful["pca"]["explained_variance"] = _rounded(pca.explained_variance_ratio_)
    for name in [name for name in LINEAR if name in layouts]:
        corner, step = grid(layouts[name])
        faithful[name] |= {"corner": corner.tolist(), "step": float(step)}
    pairs = list(combinations(range(n_seeds), 2))
    overlap = [
        shared_neighbors(layouts[f"umap{a}"], layouts[f"umap{b}"], rows, K) for a, b in pairs
    ]
    full = means[-1]
    radius = math.sqrt(((full - full.mean(0)) ** 2).sum(-1).mean())
    gaps = centroid_gaps(means)
    spectrum = spectra(means)
    sizes = np.array([len(subset) for subset in looked_at])
    report = {
        "dataset": data.name,
        "fitted": {
            "points": f"posterior means of {len(tuples):,} test tuples under "
            + ("all " if len(model.names) <= MOST_ENUMERATED else "")
            + f"{len(means)} subsets, together",
            "dimensions": means.shape[-1],
            "method": f"UMAP, {K} neighbors, min_dist 0.1, Euclidean, spectral start",
            "seeds": n_seeds,
        },
        "neighbors": {
            "k": K,
            "among": f"{len(candidates):,} training tuples under the same subset",
            "sampled_points": len(rows),
        },
        "subsets": [subset_label(subset) for subset in looked_at],
        "by_subset": {
            "accuracy": _rounded((predicted == labels).mean(1)),
            "accuracy_shuffled_labels": _rounded(control),
            "silhouette": _rounded([silhouette_score(p, labels) for p in means]),
            "posterior_variance": _rounded(variances.mean((1, 2))),
            "variance_of_means": _rounded(means.var(1).mean(-1)),
            "effective_dimension": _rounded(
                [effective_dimension(torch.from_numpy(m)) for m in means]
            ),
            "offset_from_prior": _rounded(np.sqrt((means.mean(1) ** 2).mean(-1))),
            "shift_to_all": _rounded(np.linalg.norm(means - full, axis=-1).mean(1) / radius),
            "gap_to_all": _rounded(gaps[:, -1]),
        },
        "spectrum": _rounded([spectrum[sizes == n].mean(0) for n in np.unique(sizes)]),
        "layouts": faithful,
        "seed_overlap": {"pairs": pairs, "shared_neighbors": _rounded(overlap)},
        "seconds": round(time.perf_counter() - started, 1),
    }
    shape = (*means.shape[:2], 2)
    return Embedding(
        tuples.numpy().astype(np.uint16),
        labels.astype(np.uint8),
        predicted,
        table,
        gaps.astype(np.float32),
        {name: quantise(layout).reshape(shape) for name, layout in layouts.items()},
        report,
    )


def _rounded(values: object) -> object:
    return np.asarray(values, float).round(4).tolist()


def save_embedding(embedding: Embedding, folder: Path) -> None:
    """Write ``embedding.npz`` and ``embedding.json`` into ``folder``; each whole or not at all."""
    arrays = {
        "tuples": embedding.tuples,
        "labels": embedding.labels,
        "predicted": embedding.predicted,
        "table": embedding.table,
        "gaps": embedding.gaps,
    } | {f"layout_{name}": layout for name, layout in embedding.layouts.items()}
    partial = folder / "embedding.partial.npz"
    try:
        np.savez_compressed(partial, allow_pickle=False, **arrays)
        os.replace(partial, folder / ARRAYS)
        partial.write_text(json.dumps(embedding.report, indent=1) + "\n")
        os.replace(partial, folder / REPORT)
    finally:
        partial.unlink(missing_ok=True)


def embed_pretrained(
    dataset: str, model: str, data: Dataset, root: Path | None, device: str = "cpu", **options
) -> Path:
    """Embed a checkpoint, save the maps beside it and return the folder.

    Of data with gaps, tuples that have every modality are mapped.
    """
    folder = checkpoint_directory(dataset, model, root)
    loaded = load_pretrained(dataset, model, root)
    check_data(loaded.provenance, data, f"model {model!r}")
    embedding = embed(loaded.to(find_device(device)), data.single().having(), **options)
    embedding.report.update(model=model, weights=fingerprint(folder))
    save_embedding(embedding, folder)
    return folder


def fingerprint(folder: Path) -> str:
    """First 16 hex digits of the SHA-256 of the weights that a map belongs to."""
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()[:16]


def load_embedding(dataset: str, model: str, root: Path | str | None = None) -> Embedding:
    """Load the stored maps of a checkpoint.

    Raises
    ------
    EmbeddingError
        Missing, damaged, or made for other weights than the checkpoint has now.
    """
    remedy = f"python -m explorer embed --dataset {dataset} --model {model}"
    try:
        folder = checkpoint_directory(dataset, model, root)
    except CheckpointError as error:
        raise EmbeddingError(str(error)) from error
    try:
        report = json.loads((folder / REPORT).read_text("utf-8"))
        with (folder / ARRAYS).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
        layouts = {n.removeprefix("layout_"): arrays.pop(n) for n in list(arrays) if "_" in n}
        embedding = Embedding(**arrays, layouts=layouts, report=report)
        _check(embedding)
        stale = report["weights"] != fingerprint(folder)
    except FileNotFoundError as error:
        raise EmbeddingError(
            f"no map of {model!r} yet ({Path(error.filename).name} is missing); make it: {remedy}"
        ) from error
    except DAMAGED as error:
        raise EmbeddingError(
            f"the map of {model!r} is damaged ({error}); make it again: {remedy}"
        ) from error
    if stale:
        raise EmbeddingError(
            f"the map of {model!r} was made for other weights than its checkpoint has now; "
            f"make it again: {remedy}"
        )
    return embedding


def _check(embedding: Embedding) -> None:
    """Raise ValueError unless the arrays fit one another and the report."""
    n_subsets, n_tuples = len(embedding.report["subsets"]), len(embedding.tuples)
    expected = {
        "labels": (embedding.labels, (n_tuples,), "u1"),
        "predicted": (embedding.predicted, (n_subsets, n_tuples), "u1"),
        "gaps": (embedding.gaps, (n_subsets, n_subsets), "f4"),
    } | {
        name: (layout, (n_subsets, n_tuples, 2), "u2") for name, layout in embedding.layouts.items()
    }
    for name, (array, shape, kind) in expected.items():
        if array.shape != shape or array.dtype.str[1:] != kind:
            raise ValueError(f"{name} is {array.dtype} {array.shape}, expected {kind} {shape}")
    if "pca" not in embedding.layouts or "umap0" not in embedding.layouts:
        raise ValueError(f"layouts are {sorted(embedding.layouts)}, expected pca and umap0")
    n_classes = embedding.table.shape[-1]
    if embedding.table.shape != (n_subsets, n_classes, n_classes):
        raise ValueError(f"table is {embedding.table.shape}, expected subsets x classes x classes")
    report = embedding.report
    for name in BY_SUBSET:
        if len(report["by_subset"][name]) != n_subsets:
            raise ValueError(f"{name} in the report must have {n_subsets} numbers")
    spectrum = np.array(report["spectrum"], float)
    sizes = {subset.count("+") for subset in report["subsets"]}
    expected_shape = (len(sizes), report["fitted"]["dimensions"])
    if spectrum.shape != expected_shape:
        raise ValueError(f"spectrum is {spectrum.shape}, expected {expected_shape}")
    for name in [name for name in LINEAR if name in embedding.layouts]:
        grid_of = report["layouts"][name]
        if len(grid_of["corner"]) != 2 or not grid_of["step"] > 0:
            raise ValueError(f"corner and step of {name} in the report do not place its points")
