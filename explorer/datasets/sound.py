"""Sound as a picture and back: log-mel spectrograms, and waveforms that would look like them.

A spectrogram keeps how loud each band is and forgets the phases. :func:`waveform` spreads the bands
over frequencies (pseudo-inverse of the mel filters) and finds phases that fit (Griffin and Lim
1984), so what is heard is the spectrogram, not the recording. Only numpy is needed.

Shapes: N clips, T samples, frames and bands as ``Scale`` says.
"""

import io
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True)
class Scale:
    """What the axes and levels of a spectrogram mean.

    Parameters
    ----------
    rate
        Samples a second.
    window, hop
        Samples in a frame, and from one frame to the next.
    bands
        Of equal width on the mel scale, lowest first, from ``lowest`` to ``highest`` Hz.
    decibels
        From level 0 to level 1, the loudest moment of a clip.
    """

    rate: int = 8000
    window: int = 512
    hop: int = 160
    bands: int = 32
    lowest: float = 60.0
    highest: float = 4000.0
    decibels: float = 60.0

    @property
    def seconds_a_frame(self) -> float:
        """Time from one frame to the next."""
        return self.hop / self.rate

    @property
    def frequencies(self) -> np.ndarray:
        """Middle of each band in Hz, ``(bands,)``."""
        return _edges(self)[1:-1]


SPOKEN_DIGITS = Scale()
"""32 bands up to 4 kHz, a frame every 20 ms: recordings at 8 kHz."""

MHD = Scale(rate=16000, window=1024, highest=8000.0)
"""What MHD's 32 bands and 128 frames are taken for; its files do not say."""

SCALES: dict[tuple[int, int], Scale] = {(32, 32): SPOKEN_DIGITS, (32, 128): MHD}
"""(bands, frames) -> what they mean."""


def scale_of(bands: int, frames: int) -> Scale:
    """What a spectrogram of this size means; for an unknown size, bands as of spoken digits."""
    return SCALES.get((bands, frames), Scale(bands=bands))


def log_mel(clips: Sequence[np.ndarray], scale: Scale, frames: int) -> np.ndarray:
    """Levels of clips from their first sound on, ``(N, bands, frames)`` in [0, 1].

    A clip starts one frame before it first comes within half of the decibels of its loudest
    moment. What is longer than the frames is cut, what is shorter ends in silence.

    Parameters
    ----------
    clips
        Each ``(T,)``, of any length and loudness.
    """
    filters = _filters(scale)
    levels = np.zeros((len(clips), scale.bands, frames), dtype=np.float32)
    for level, clip in zip(levels, clips, strict=True):
        power = np.abs(_frames(np.asarray(clip, dtype=np.float64), scale)) ** 2
        bands = filters @ power.T  # (bands, frames of the clip)
        top = bands.max()
        if top <= 0:
            continue  # silence
        found = (1 + 10 * np.log10((bands / top).clip(min=1e-12)) / scale.decibels).clip(0, 1)
        first = max(0, int((found.max(0) > 0.5).argmax()) - 1)
        found = found[:, first : first + frames]
        level[:, : found.shape[1]] = found
    return levels


def waveform(levels: np.ndarray, scale: Scale, *, iterations: int = 48) -> np.ndarray:
    """A sound whose spectrogram is near ``levels``, ``(bands, frames)``: ``(T,)`` in [-1, 1].

    Phases start at random, always the same; levels outside [0, 1] are clipped.
    """
    levels = np.asarray(levels, dtype=np.float64).clip(0, 1)
    power = np.where(levels > 0, 10 ** ((levels - 1) * scale.decibels / 10), 0)
    magnitude = np.sqrt((_inverse(scale) @ power).clip(min=0)).T  # (frames, frequencies)
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, magnitude.shape)
    spectrum = magnitude * np.exp(1j * phases)
    for _ in range(iterations):
        found = _frames(_overlap(spectrum, scale), scale)
        spectrum = magnitude * np.exp(1j * np.angle(found))
    sound = _overlap(spectrum, scale)
    return (0.9 * sound / max(np.abs(sound).max(), 1e-9)).astype(np.float32)


def wav(samples: np.ndarray, rate: int) -> bytes:
    """A mono 16-bit WAV file of samples in [-1, 1]."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.asarray(samples).clip(-1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def hear(x: object) -> bytes:
    """A WAV file of what a spectrogram ``(1, bands, frames)`` sounds like.

    In a notebook: ``IPython.display.Audio(hear(x))``.
    """
    levels = np.asarray(x, dtype=np.float32)
    if levels.ndim != 3 or len(levels) != 1:
        raise ValueError(f"a sound must have shape (1, bands, frames), got {levels.shape}")
    scale = scale_of(*levels.shape[1:])
    return wav(waveform(levels[0], scale), scale.rate)


def _frames(sound: np.ndarray, scale: Scale) -> np.ndarray:
    """Spectra of frames around every ``hop`` samples, complex ``(frames, frequencies)``."""
    half = scale.window // 2
    padded = np.pad(sound, (half, half))
    windows = np.lib.stride_tricks.sliding_window_view(padded, scale.window)[:: scale.hop]
    return np.fft.rfft(windows * np.hanning(scale.window), axis=1)


def _overlap(spectrum: np.ndarray, scale: Scale) -> np.ndarray:
    """The sound whose frames are nearest to these spectra, ``((frames - 1) * hop,)``."""
    shape = np.hanning(scale.window)
    pieces = np.fft.irfft(spectrum, scale.window, axis=1) * shape
    total = np.zeros((len(pieces) - 1) * scale.hop + scale.window)
    weight = np.full_like(total, 1e-3)  # nothing is known where no frame reaches
    for i, piece in enumerate(pieces):
        part = slice(i * scale.hop, i * scale.hop + scale.window)
        total[part] += piece
        weight[part] += shape**2
    half = scale.window // 2
    return (total / weight)[half:-half]


@cache
def _filters(scale: Scale) -> np.ndarray:
    """Triangles over frequencies, ``(bands, frequencies)``, each summing to 1."""
    low, middle, high = (_edges(scale)[i : i + scale.bands, None] for i in range(3))
    at = np.fft.rfftfreq(scale.window, 1 / scale.rate)
    triangles = np.minimum((at - low) / (middle - low), (high - at) / (high - middle))
    triangles = triangles.clip(min=0)
    return triangles / triangles.sum(1, keepdims=True)


@cache
def _inverse(scale: Scale) -> np.ndarray:
    return np.linalg.pinv(_filters(scale))


def _edges(scale: Scale) -> np.ndarray:
    """Where bands begin, peak and end, ``(bands + 2,)`` Hz, evenly spaced in mel."""
    mel = 2595 * np.log10(1 + np.array([scale.lowest, scale.highest]) / 700)
    return 700 * (10 ** (np.linspace(*mel, scale.bands + 2) / 2595) - 1)
