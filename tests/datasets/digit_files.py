"""Small pen digits and spoken digits in the formats of the data directory."""

import numpy as np

N_PENS, N_CLIPS = 40, 60


def pens(seed):
    """Paths that say which they are: the first point's x is their number."""
    points = np.random.default_rng(seed).integers(0, 101, (N_PENS, 8, 2)).astype(np.uint8)
    points[:, 0, 0] = np.arange(N_PENS) + 50 * seed
    return points


def write_digit_files(folder):
    """Write them under ``folder``; clips sing their number."""
    digits = np.arange(N_PENS).astype(np.uint8) % 10
    (folder / "pendigits").mkdir()
    np.savez(
        folder / "pendigits" / "pendigits.npz",
        x_train=pens(0),
        y_train=digits,
        x_test=pens(1),
        y_test=digits[::-1],
    )
    lengths = 3000 + 20 * np.arange(N_CLIPS)
    tones = [
        8000 * np.sin(2 * np.pi * (200 + 50 * i) * np.arange(n) / 8000)
        for i, n in enumerate(lengths)
    ]
    (folder / "fsdd").mkdir()
    np.savez(
        folder / "fsdd" / "fsdd.npz",
        audio=np.concatenate(tones).astype(np.int16),
        offset=np.concatenate([[0], np.cumsum(lengths)]),
        label=(np.arange(N_CLIPS) % 10).astype(np.uint8),
        is_test=np.arange(N_CLIPS) % 30 >= 20,
        rate=8000,
    )
