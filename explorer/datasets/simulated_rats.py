"""Simulated rats: spikes of five simulated animals that smell one of four odors. No download.

Made in the shape of the recordings behind the MM-VAMP paper's rat experiment (Sutter et al. 2024;
hippocampal spikes, Dryad doi 10.7280/D14X30), and nothing in it was recorded: five animals with as
many neurons as there, 25 bins of 10 ms a trial, sub-windows of 10 bins at all 16 places, trials
paired across animals by odor. In each bin a neuron's count is Poisson with

    log rate = baseline + gain of the animal + tuning (odor, time) + loading . trial state + arousal

A share of each animal's neurons is tuned: to one odor each, with a strength, latency and duration
of its own; no rate exceeds 100 spikes a second. The trial state, one number, is common to the five
paired trials; arousal is each animal's own. So the views have something in common beyond the label,
which recordings of different animals on different days cannot have. Neurons are listed by the odor
they are tuned to, the untuned last. Trials are split before they are cut, so no trial is in both
train and test; the published evaluation used its training data. Sub-windows of one trial overlap:
test samples are not independent, and standard errors that take them so are too small.

Shapes: N samples, T trials, B batch.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from explorer.datasets.modality import Dataset, Modality

NEURONS = {"barat": 92, "buchanan": 79, "mitt": 104, "stella": 49, "superchris": 46}
ODORS = ("A", "B", "C", "D")
BINS, WINDOW = 25, 10
PLACES = BINS - WINDOW + 1
BIN_SECONDS = 0.01
FASTEST = 100
"""Spikes a second that no neuron's rate exceeds."""


@dataclass(frozen=True)
class SpikeWindows:
    """Sub-windows of paired trials, cut when asked for.

    ``windows[index]`` gives, by animal, spike counts as float ``(B, neurons, 10)``.

    Parameters
    ----------
    counts
        Animal to uint8 ``(T, neurons, 25)``.
    trials, starts
        Long ``(N,)``: the trial and first bin of each sample.
    labels
        Long ``(N,)``: the odor.
    """

    counts: dict[str, Tensor]
    trials: Tensor
    starts: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Tensor | slice | list[int]) -> dict[str, Tensor]:
        trials, starts = self.trials[index], self.starts[index]
        return {
            name: counts.unfold(2, WINDOW, 1)[trials, :, starts].float()
            for name, counts in self.counts.items()
        }

    def to(self, device: torch.device | str) -> "SpikeWindows":
        """The same samples with everything on ``device``."""
        return replace(
            self,
            counts={name: counts.to(device) for name, counts in self.counts.items()},
            trials=self.trials.to(device),
            starts=self.starts.to(device),
            labels=self.labels.to(device),
        )


def simulated_rats(*, n_train: int = 10_240, n_test: int = 2_560, seed: int = 0) -> Dataset:
    """Simulated rats: five animals, spike counts ``(neurons, 10)``, 92, 79, 104, 49, 46 neurons.

    Parameters
    ----------
    n_train, n_test
        Numbers of sub-windows, 16 of each trial: 640 and 160 trials.
    seed
        Decides the animals, the trials and the order of the samples.
    """
    generator = torch.Generator().manual_seed(seed)
    animals = {name: _Animal.draw(n_neurons, generator) for name, n_neurons in NEURONS.items()}

    def split(n_windows: int) -> SpikeWindows:
        n_trials = -(-n_windows // PLACES)
        odors = torch.arange(n_trials) % len(ODORS)
        states = torch.randn(n_trials, 1, generator=generator)
        order = torch.randperm(n_trials * PLACES, generator=generator)[:n_windows]
        return SpikeWindows(
            counts={name: a.respond(odors, states, generator) for name, a in animals.items()},
            trials=order // PLACES,
            starts=order % PLACES,
            labels=odors[order // PLACES],
        )

    return Dataset(
        name="simulated_rats",
        modalities=spike_modalities("simulated"),
        train=split(n_train),
        test=split(n_test),
        classes=ODORS,
    )


def spike_modalities(origin: str) -> tuple[Modality, ...]:
    """The five animals as modalities; ``origin`` says how their spikes came about."""
    return tuple(
        Modality(
            name,
            (n_neurons, WINDOW),
            likelihood="poisson",
            network="dense",
            description=f"spikes of {n_neurons} neurons, {origin}",
            kind="spikes",
        )
        for name, n_neurons in NEURONS.items()
    )


@dataclass(frozen=True)
class _Animal:
    log_rates: Tensor
    """``(neurons,)``: of a bin, without odor."""
    tuning: Tensor
    """``(neurons, odors, bins)``, added to them."""
    loadings: Tensor
    """``(neurons, 1)`` on the trial state."""

    @classmethod
    def draw(cls, n_neurons: int, generator: torch.Generator) -> "_Animal":
        def uniform(low: float, high: float, *size: int) -> Tensor:
            return low + (high - low) * torch.rand(*size, generator=generator)

        spikes_a_second = 3 * uniform(0.7, 1.4, 1)
        spread = 0.7 * torch.randn(n_neurons, generator=generator)
        n_tuned = round(n_neurons * uniform(0.4, 0.6, 1).item())
        favorite = torch.randint(len(ODORS), (n_tuned,), generator=generator).sort().values
        latency, duration = uniform(4, 20, n_tuned, 1), uniform(5, 10, n_tuned, 1)
        course = (-((torch.arange(BINS) - latency) ** 2) / (2 * duration**2)).exp()
        tuning = torch.zeros(n_neurons, len(ODORS), BINS)
        tuning[torch.arange(n_tuned), favorite] = uniform(1.2, 2.4, n_tuned, 1) * course
        return cls(
            (spikes_a_second * BIN_SECONDS).log() + spread,
            tuning,
            0.2 * torch.randn(n_neurons, 1, generator=generator),
        )

    def respond(self, odors: Tensor, states: Tensor, generator: torch.Generator) -> Tensor:
        """Counts in all bins of each trial, uint8 ``(T, neurons, 25)``."""
        arousal = 0.1 * torch.randn(len(odors), 1, generator=generator)
        trial = self.log_rates + states @ self.loadings.T + arousal
        log_rates = trial.unsqueeze(2) + self.tuning[:, odors].transpose(0, 1)
        rates = log_rates.exp().clamp(max=FASTEST * BIN_SECONDS)
        return torch.poisson(rates, generator=generator).to(torch.uint8)
