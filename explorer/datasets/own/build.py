"""A visitor's own data: a dataset made of a folder with a description and one table.

What is wrong with the folder is told all at once (:func:`check`). Vectors are standardised with
the mean and standard deviation of the training split, where their likelihood has a fixed scale.
Weights are by default the published rule (Sutter et al. 2020), size of the largest modality over
one's own, where a text counts its characters.

Shapes: N rows, M modalities.
"""

import hashlib
import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from explorer.datasets.fingerprint import fingerprint
from explorer.datasets.modality import Dataset, Modality
from explorer.datasets.own.columns import choose_columns
from explorer.datasets.own.division import divide
from explorer.datasets.own.formats import read_table
from explorer.datasets.own.table import Table
from explorer.datasets.own.values import (
    MASK,
    Values,
    check_presence,
    class_numbers,
    read_mask,
    read_values,
)
from explorer.datasets.rows import Rows, scaling
from explorer.files.own import find_description, list_folders
from explorer.files.own.description import Described, Description, Label, read_description
from explorer.files.own.folders import HELP
from explorer.files.own.kinds import (
    LIKELIHOOD_NEEDS,
    NUMBERS,
    STANDARDIZED,
    choose_likelihood,
    choose_network,
)
from explorer.files.own.kinds import size as size_of
from explorer.files.own.mistakes import Mistakes, noting
from explorer.files.sources.directory import DataError
from explorer.networks import NETWORKS
from explorer.networks.likelihoods import LIKELIHOODS

TAKEN = {MASK, *dir(nn.ModuleDict())}
"""Names that batches and networks use themselves."""
RESERVED = ("comparisons", "trainings")
"""Folders of runs that hold other things than the checkpoints of a dataset."""


class Findings(NamedTuple):
    """What a folder holds.

    Parameters
    ----------
    dataset
        None where there are mistakes.
    mistakes
        What has to be mended, a sentence each.
    notes
        What was made of it, a sentence each.
    """

    dataset: Dataset | None
    mistakes: list[str]
    notes: list[str]


def own(folder: Path, builtin: Collection[str] = ()) -> Dataset:
    """The dataset in ``folder``, whose name must not be one of ``builtin``.

    Raises
    ------
    DataError
        It has mistakes; says the first, and which command tells all of them.
    """
    found = check(folder, builtin)
    if found.dataset is None:
        first, *others = found.mistakes
        more = f" (and {len(others)} more)" if others else ""
        asked = folder.name if list_folders().get(folder.name) == folder else folder
        raise DataError(
            f"{folder.name!r} cannot be used: {first}{more}; see all of it: "
            f"python -m explorer data check {asked}"
        )
    return found.dataset


def check(folder: Path, builtin: Collection[str] = ()) -> Findings:
    """Read a folder and tell every mistake in it, not only the first.

    Parameters
    ----------
    builtin
        Names that it may not have.
    """
    folder, mistakes = Path(os.path.abspath(folder)), []
    if not _is_name(folder.name):
        mistakes.append(
            "the folder's name is the dataset's and must be letters, digits and _, a letter "
            f"first; got {folder.name!r}"
        )
    if folder.name in (*builtin, *RESERVED):
        mistakes.append(f"{folder.name!r} is a name that the explorer uses; rename the folder")
    path = find_description(folder)
    if path is None:
        mistakes.append(f"there is no dataset.yaml or dataset.json; {HELP}")
        return Findings(None, mistakes, [])
    description, table = read_description(path, mistakes), None
    with noting(mistakes):
        table = read_table(folder)
    found = None
    if description is not None and table is not None:
        found = _build(folder.name, description, table, mistakes)
    if mistakes:
        return Findings(None, mistakes, [])
    data, notes = found
    place = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Findings(replace(data, fingerprint=data.fingerprint | {"folder": place}), [], notes)


def _build(
    name: str, description: Description, table: Table, mistakes: list[str]
) -> tuple[Dataset, list[str]] | None:
    """The dataset and what was made of it; nothing where there are mistakes."""
    for one in description.modalities:
        if not _is_name(one.name) or one.name in TAKEN:
            mistakes.append(
                f"modality {one.name!r}: a name must be letters, digits and _, a letter first, and "
                "not one that batches and networks use themselves"
            )
    chosen: dict[str, list[str]] = {}
    with noting(mistakes):
        chosen, said = choose_columns(description, table)
    if not chosen:
        return None
    found, labels, is_test, notes = _read(description, table, chosen, mistakes)
    if mistakes:
        return None
    arrays, modalities, told = _for_models(description, found, ~is_test, mistakes)
    if mistakes:
        return None
    notes = [f"{one}{said[key]}" for key, one in zip(found, told, strict=True)] + notes
    observed = torch.from_numpy(np.stack([v.present for v in found.values()], axis=1))
    tables = {key: torch.eye(len(v.symbols)) for key, v in found.items() if v.symbols}
    # many tables are sorted by class, and the first rows of a split stand for it in many places
    order = np.random.default_rng(description.split.seed).permutation(len(labels))
    train, test = (
        Rows(
            {key: array[rows] for key, array in arrays.items()},
            torch.from_numpy(labels)[rows],
            tables,
            None if observed.all() else observed[rows],
        )
        for rows in (torch.from_numpy(order[part[order]]) for part in (~is_test, is_test))
    )
    classes = description.label.classes
    notes += _counts(train, test, classes)
    known = fingerprint(modalities, classes, train, test)
    return Dataset(name, tuple(modalities), train, test, classes, fingerprint=known), notes


def _read(
    description: Description, table: Table, chosen: dict[str, list[str]], mistakes: list[str]
) -> tuple[dict[str, Values], NDArray | None, NDArray | None, list[str]]:
    """Values of each modality, number of each row's class, which rows are for testing, notes."""
    mask, labels, is_test, found, notes = None, None, None, {}, []
    with noting(mistakes):
        mask = read_mask(table, len(description.modalities))
    for place, one in enumerate(description.modalities):
        given = None if mask is None else mask[:, place]
        with noting(mistakes, f"modality {one.name!r}"):
            found[one.name] = read_values(one, table, chosen[one.name], given)
    if len(found) == len(description.modalities):
        with noting(mistakes):
            check_presence(found.values(), table)
    with noting(mistakes, "label"):
        labels = _read_labels(description.label, table)
    if labels is not None:
        with noting(mistakes, "split"):
            is_test, notes = divide(description.split, labels, description.label.classes, table)
    return found, labels, is_test, [*table.notes, *notes]


def _for_models(
    description: Description, found: dict[str, Values], train: NDArray, mistakes: list[str]
) -> tuple[dict[str, torch.Tensor], list[Modality], list[str]]:
    """Arrays, modalities as models see them, and a sentence about each."""
    largest = max(size_of(one.kind, found[one.name].shape) for one in description.modalities)
    arrays, modalities, told = {}, [], []
    for one in description.modalities:
        values = found[one.name]
        with noting(mistakes, f"modality {one.name!r}"):
            array, scale, said = _scaled(one, values, train & values.present)
            arrays[one.name] = torch.from_numpy(array)
            modalities.append(_modality(one, values, scale, said, largest))
            told.append(_note(modalities[-1], values, said))
    return arrays, modalities, told


def _counts(train: Rows, test: Rows, classes: tuple[str, ...]) -> list[str]:
    """A sentence about each split."""
    notes = []
    for which, split in (("train", train), ("test", test)):
        whole = len(split) if split.observed is None else int(split.observed.all(1).sum())
        counts = split.labels.bincount(minlength=len(classes)).tolist()
        shown = ", ".join(f"{n} {kind}" for n, kind in zip(counts, classes, strict=True))
        notes.append(f"{which}: {len(split)} rows, {whole} with every modality ({shown})")
    return notes


def _is_name(name: str) -> bool:
    return name.isascii() and name.isidentifier()


def _read_labels(label: Label, table: Table) -> NDArray:
    texts = table.texts(label.array)
    unlabelled = (texts == "").nonzero()[0]
    if len(unlabelled):
        raise Mistakes(f"every row must have one; empty in {table.places(unlabelled)}")
    return class_numbers(texts, label.classes, table, np.ones(len(texts), bool))


def _scaled(
    one: Described, values: Values, train: NDArray
) -> tuple[NDArray, tuple[tuple[float, float], ...], str]:
    """Numbers as models see them, mean and standard deviation of each, what was done to them.

    Parameters
    ----------
    train
        Bool ``(N,)``: training rows that have the modality.
    """
    kind = one.likelihood or choose_likelihood(one.kind)
    wanted = one.kind == "vector" and kind in STANDARDIZED
    if one.standardize and one.kind != "vector":
        raise Mistakes(f"standardize is for vectors, not for kind {one.kind!r}")
    if not (wanted if one.standardize is None else one.standardize):
        if one.kind != "vector":
            return values.array, (), ""
        return _single(values.array, values, "standardize them, or take other units"), (), ""
    if not train.any():
        raise Mistakes("no training row has it, so it cannot be standardised")
    with np.errstate(over="ignore"):  # what overflows is refused below
        mean, std = scaling(values.array, train)
        scaled = np.where(_rows(values), (values.array - mean) / std, 0)
    pairs = tuple(zip(mean.ravel().tolist(), std.ravel().tolist(), strict=True))
    remedy = "it is too far from the training rows; take other units, or correct it"
    return _single(scaled, values, remedy), pairs, ", standardised"


def _single(numbers: NDArray, values: Values, remedy: str) -> NDArray:
    """Numbers as float32, if they fit."""
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    wrong = (~np.isfinite(single)).reshape(len(single), -1)
    if wrong.any():
        row, place = np.argwhere(wrong)[0]
        what = f"column {values.parts[place]!r}" if values.parts else f"number {place}"
        raise Mistakes(
            f"{what} holds {values.array.reshape(len(single), -1)[row, place]:g} (row {row}), too "
            f"much for models, which compute in float32; {remedy}"
        )
    return single


def _rows(values: Values) -> NDArray:
    """Which rows have it, in the shape of its array."""
    return values.present.reshape(-1, *[1] * (values.array.ndim - 1))


def _modality(
    one: Described,
    values: Values,
    scale: tuple[tuple[float, float], ...],
    said: str,
    largest: int,
) -> Modality:
    """The modality that models see; its likelihood and network are tried."""
    chosen = one.likelihood or choose_likelihood(one.kind)
    network, found = one.network or choose_network(one.kind, values.shape), []
    for what, key, table in (("likelihood", chosen, LIKELIHOODS), ("network", network, NETWORKS)):
        if key not in table:
            found.append(f"{what} must be one of {', '.join(table)}, got {key!r}")
    if (chosen == "categorical") != (one.kind not in NUMBERS):
        found.append(f"likelihood {chosen!r} does not fit kind {one.kind!r}")
    if chosen in LIKELIHOOD_NEEDS and one.kind in NUMBERS:
        needs, allowed = LIKELIHOOD_NEEDS[chosen]
        if values.array.dtype != np.uint8 and not allowed(values.array[values.present]).all():
            found.append(f"likelihood {chosen!r} needs numbers {needs}")
    if network in NETWORKS:
        try:
            NETWORKS[network](values.shape, 1)
        except ValueError as error:
            found.append(str(error))
    if found:
        raise Mistakes(*found)
    words = {"text": "characters", "label": "classes"}.get(one.kind, "numbers")
    n = size_of(one.kind, values.shape)
    return Modality(
        one.name,
        values.shape,
        likelihood=chosen,
        network=network,
        description=one.description or f"{n} {words}{said}",
        kind=one.kind,
        weight=one.weight or round(largest / n, 4),
        symbols="".join(values.symbols) if one.kind == "text" else "",
        parts=values.parts,
        scaling=scale,
    )


def _note(modality: Modality, values: Values, said: str) -> str:
    rows, lacking = len(values.present), int((~values.present).sum())
    gaps = f"; {lacking} of {rows} rows lack it" if lacking else ""
    return (
        f"{modality.name}: {modality.kind} of shape {modality.shape}{values.said}{said}, "
        f"likelihood {modality.likelihood}, network {modality.network}, weight "
        f"{modality.weight:g}{gaps}"
    )
