"""Rats: spikes recorded in five rats while they smelled one of four odors (Dryad 10.7280/D14X30).

Hippocampal recordings of Shahbaba et al. (2022), as the MM-VAMP paper uses them: of each animal
the trials that were correct, in sequence and of odors A to D; 25 bins of 10 ms from 250 ms after
the poke into the port, 500 ms for Mitt and Stella; sub-windows of 10 bins at all 16 places. The
i-th trials of an odor are paired across animals, as many as the animal with fewest has. Animals
were recorded on different days: views share the odor and nothing else, the pairing is arbitrary.

The published code trains and validates on the same trials. Here trials are split, odor by odor,
before they are cut, so no trial is in both train and test. Sub-windows of one trial overlap: test
samples are not independent, and standard errors that take them so are too small. Likelihood and
networks are those of ``simulated_rats``, which has the same shapes: Poisson counts, where the paper
has squared errors.

Shapes: T trials, N samples.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from explorer.datasets.archives import again
from explorer.datasets.download import DataError, needed
from explorer.datasets.modality import Dataset
from explorer.datasets.simulated_rats import (
    BINS,
    NEURONS,
    ODORS,
    PLACES,
    SpikeWindows,
    spike_modalities,
)

FIRST_BIN = {"barat": 225, "buchanan": 225, "mitt": 250, "stella": 250, "superchris": 225}
"""Where the 25 bins of each animal start; the poke is at bin 200."""

CORRECT, IN_SEQUENCE, ODOR = 0, 1, 3
"""Columns of a trial's information; odors count from 1."""

FEWEST = 2
"""Paired trials that each odor must have: one to train on and one to test on."""


def rats(*, test_percent: int = 20, seed: int = 0) -> Dataset:
    """Rats: five animals, spike counts ``(neurons, 10)``, 92, 79, 104, 49, 46 neurons.

    Parameters
    ----------
    test_percent
        Share of each odor's trials that is for testing, at least one of them.
    seed
        Decides which, and the order of the samples.

    Raises
    ------
    DataError
        Files that are missing, damaged or of another size, or an odor without enough trials.
    """
    if not 0 < test_percent < 100:
        raise ValueError(f"test_percent must be from 1 to 99, got {test_percent}")
    counts, odors = _paired({name: _read(name) for name in NEURONS})
    generator = torch.Generator().manual_seed(seed)
    chosen = []
    for odor in range(len(ODORS)):
        trials = (odors == odor).nonzero().flatten()
        n_test = min(max(1, round(len(trials) * test_percent / 100)), len(trials) - 1)
        chosen.append(trials[torch.randperm(len(trials), generator=generator)[:n_test]])
    is_test = torch.zeros(len(odors), dtype=torch.bool)
    is_test[torch.cat(chosen)] = True

    def split(trials: Tensor) -> SpikeWindows:
        order = torch.randperm(len(trials) * PLACES, generator=generator)
        return SpikeWindows(
            counts=counts,
            trials=trials[order // PLACES],
            starts=order % PLACES,
            labels=odors[trials[order // PLACES]],
        )

    return Dataset(
        name="rats",
        modalities=spike_modalities("recorded"),
        train=split((~is_test).nonzero().flatten()),
        test=split(is_test.nonzero().flatten()),
        classes=ODORS,
    )


def _paired(animals: dict[str, tuple[NDArray, NDArray]]) -> tuple[dict[str, Tensor], Tensor]:
    """Counts of paired trials, animal to uint8 ``(T, neurons, 25)``, and their odors ``(T,)``."""
    chosen: dict[str, list[NDArray]] = {name: [] for name in animals}
    odors = []
    for odor in range(len(ODORS)):
        trials = {name: np.flatnonzero(found == odor) for name, (_, found) in animals.items()}
        fewest = min(trials, key=lambda name: len(trials[name]))
        n = len(trials[fewest])
        if n < FEWEST:
            raise DataError(
                f"'rats' needs {FEWEST} correct, in-sequence trials of odor {ODORS[odor]} of every "
                f"animal, got {n} of {fewest}; {again('rats')}"
            )
        odors += [odor] * n
        for name, rows in trials.items():
            chosen[name].append(rows[:n])
    counts = {
        name: torch.from_numpy(spikes[np.concatenate(chosen[name])])
        for name, (spikes, _) in animals.items()
    }
    return counts, torch.tensor(odors)


def _read(name: str) -> tuple[NDArray, NDArray]:
    """Counts of the trials that are used, uint8 ``(T, neurons, 25)``, and their odors from 0."""
    files = (f"rats/{name}_spike_data_binned.npy", f"rats/{name}_trial_info.npy")
    spike_file, info_file = needed("rats", *files)
    spikes, info = _load(spike_file), _load(info_file)
    last = FIRST_BIN[name] + BINS
    if spikes.ndim != 3 or spikes.shape[1] != NEURONS[name] or spikes.shape[2] < last:
        raise DataError(
            f"{spike_file} must have shape (trials, {NEURONS[name]}, bins) with {last} bins or "
            f"more, got {spikes.shape}"
        )
    if info.ndim != 2 or len(info) != len(spikes) or info.shape[1] <= ODOR:
        raise DataError(
            f"{info_file} must have a row for each of {len(spikes)} trials and {ODOR + 1} columns "
            f"or more, got {info.shape}"
        )
    used = (info[:, CORRECT] == 1) & (info[:, IN_SEQUENCE] == 1)
    used &= (info[:, ODOR] >= 1) & (info[:, ODOR] <= len(ODORS))
    window = spikes[used, :, FIRST_BIN[name] : last]
    whole = window.astype(np.uint8) if ((window >= 0) & (window <= 255)).all() else None
    if whole is None or (whole != window).any():
        raise DataError(
            f"{spike_file} must hold counts of spikes, whole numbers from 0 to 255; "
            f"got {window.min():.4g} to {window.max():.4g}"
        )
    return whole, info[used, ODOR].astype(np.int64) - 1


def _load(file: Path) -> NDArray:
    try:
        return np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{file} is damaged ({error}); {again('rats')}") from error
