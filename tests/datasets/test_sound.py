"""Sounds as spectrograms and back: pitch, time and level survive."""

import io
import wave

import numpy as np
import pytest

from explorer.datasets.sound import (
    MHD,
    SCALES,
    SPOKEN_DIGITS,
    Scale,
    hear,
    log_mel,
    scale_of,
    wav,
    waveform,
)

SECONDS = np.arange(8000) / 8000


def tone(hertz, until=0.64):
    return np.sin(2 * np.pi * hertz * SECONDS) * (until > SECONDS)


def loudest_frequency(sound, rate):
    return np.fft.rfftfreq(len(sound), 1 / rate)[np.abs(np.fft.rfft(sound)).argmax()]


@pytest.mark.parametrize("hertz", [200, 440, 1000, 3000])
def test_a_tone_survives_the_round_trip(hertz):
    levels = log_mel([tone(hertz, until=0.3)], SPOKEN_DIGITS, 32)[0]
    sound = waveform(levels, SPOKEN_DIGITS)
    neighbors = np.diff(SPOKEN_DIGITS.frequencies)
    band = neighbors[min(np.searchsorted(SPOKEN_DIGITS.frequencies, hertz), len(neighbors) - 1)]
    assert abs(loudest_frequency(sound, 8000) - hertz) <= band
    energy = sound.astype(float) ** 2
    assert energy[: int(0.33 * 8000)].sum() > 0.98 * energy.sum()


def test_the_spectrogram_of_the_waveform_is_the_one_it_was_made_from():
    generator = np.random.default_rng(0)
    hum = sum(tone(120 * k, 0.5) / k for k in range(1, 20)) * (1 - SECONDS)
    levels = log_mel([hum + 0.01 * generator.normal(size=8000)], SPOKEN_DIGITS, 32)[0]
    again = log_mel([waveform(levels, SPOKEN_DIGITS)], SPOKEN_DIGITS, 32)[0]
    assert np.abs(again - levels).mean() < 0.05
    assert levels.std() > 0.15


def test_a_tone_is_loud_in_its_band_only_and_levels_are_relative():
    quiet, loud = log_mel([0.001 * tone(1000), 1000 * tone(1000)], SPOKEN_DIGITS, 32)
    np.testing.assert_allclose(quiet, loud, atol=1e-5)
    assert quiet.max() == pytest.approx(1)
    band = quiet.mean(1).argmax()
    assert band == np.abs(SPOKEN_DIGITS.frequencies - 1000).argmin()
    assert quiet[[band - 8, band + 8]].max() < 0.5


def test_ten_times_less_power_is_a_sixth_of_the_scale():
    louder, softer = tone(1000, 0.3), tone(1000, 0.6) - tone(1000, 0.3)
    levels = log_mel([louder + softer / np.sqrt(10)], SPOKEN_DIGITS, 32)[0].max(0)
    assert levels[5] - levels[22] == pytest.approx(10 / 60, abs=0.005)


def test_a_clip_starts_with_its_first_sound_and_ends_in_silence():
    late = np.concatenate([np.zeros(4000), tone(500, 0.2)])
    here, moved = log_mel([tone(500, 0.2), late], SPOKEN_DIGITS, 32)
    assert (here[:, 15:] == 0).all()
    assert moved[:, :2].max() > 0.5
    assert abs(int((here.max(0) > 0.5).sum()) - int((moved.max(0) > 0.5).sum())) <= 1


def test_silence_and_clips_shorter_than_a_frame_are_levels_too():
    levels = log_mel([np.zeros(1000), tone(500)[:100], np.zeros(1)], SPOKEN_DIGITS, 32)
    assert levels.shape == (3, 32, 32)
    assert levels[0].max() == levels[2].max() == 0 < levels[1].max()
    assert np.isfinite(waveform(levels[0], SPOKEN_DIGITS)).all()


def test_the_same_levels_sound_alike_and_levels_outside_are_clipped():
    levels = np.random.default_rng(1).uniform(-0.5, 1.5, (32, 32))
    first = waveform(levels, SPOKEN_DIGITS, iterations=4)
    np.testing.assert_array_equal(first, waveform(levels.clip(0, 1), SPOKEN_DIGITS, iterations=4))
    assert np.abs(first).max() == pytest.approx(0.9)


@pytest.mark.parametrize("scale", [SPOKEN_DIGITS, MHD, Scale(bands=20)])
def test_every_scale_has_bands_between_its_ends(scale):
    assert len(scale.frequencies) == scale.bands
    assert scale.lowest < scale.frequencies[0] < scale.frequencies[-1] < scale.highest
    assert scale.highest <= scale.rate / 2


@pytest.mark.parametrize("size", [*SCALES, (20, 50)])
def test_a_spectrogram_of_any_size_can_be_heard(size):
    bands, frames = size
    levels = np.zeros((1, bands, frames), np.float32)
    levels[0, bands // 2, : frames // 2] = 1
    with wave.open(io.BytesIO(hear(levels))) as file:
        scale = scale_of(*size)
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getframerate() == scale.rate
        assert file.getnframes() == (frames - 1) * scale.hop
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    pitch = scale.frequencies[bands // 2]
    assert loudest_frequency(heard, scale.rate) == pytest.approx(pitch, rel=0.1)


def test_a_notebook_plays_it():
    from IPython.display import Audio

    levels = np.random.default_rng(0).uniform(size=(1, 32, 32))
    assert Audio(hear(levels)).data == hear(levels)
    assert 'type="audio/wav"' in Audio(hear(levels))._repr_html_()


def test_what_is_no_spectrogram_is_refused():
    with pytest.raises(ValueError, match=r"shape \(1, bands, frames\), got \(32, 32\)"):
        hear(np.zeros((32, 32)))


def test_samples_out_of_range_do_not_wrap_around():
    with wave.open(io.BytesIO(wav(np.array([2.0, -2.0]), 8000))) as file:
        assert np.frombuffer(file.readframes(2), "<i2").tolist() == [32767, -32767]
