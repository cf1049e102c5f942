from __future__ import annotations

import math

import numpy as np
import pytest

from gigawatt.engines.facility.dynamics import (
    CRITICAL_BANDS,
    Band,
    SquareWave,
    TrainingJob,
    band_rms_w,
    band_swing_w,
    harmonic_amplitude_w,
    largest_ramp_w_per_s,
    site_power_w,
    spectrum_w,
    with_random_phases,
)
from gigawatt.errors import InputError

WAVE = SquareWave(1e9, 350e6, 2.0, 0.75)


def test_the_mean_over_whole_periods_is_the_waves_whatever_the_step() -> None:
    for step in (0.01, 0.3, 0.7):
        power = site_power_w([TrainingJob(WAVE)], 42.0, step)
        assert power.mean() == pytest.approx(WAVE.mean_w, rel=1e-9)
        assert np.all((power >= WAVE.low_w * (1 - 1e-9)) & (power <= WAVE.high_w * (1 + 1e-9)))


def test_a_step_that_straddles_an_edge_holds_its_mean() -> None:
    # high for 1.5 of 2 s; in steps of 1 s the second is half high
    power = site_power_w([TrainingJob(WAVE)], 4.0, 1.0)
    np.testing.assert_allclose(power, [1e9, 675e6, 1e9, 675e6])


def test_a_job_starts_and_crashes_from_and_to_idle() -> None:
    power = site_power_w([TrainingJob(WAVE, idle_w=2e8, start_s=2.0, stop_s=3.0)], 5.0, 1.0, rest_w=1e7)
    np.testing.assert_allclose(power, [2.1e8, 2.1e8, 1.01e9, 2.1e8, 2.1e8])


def test_a_checkpoint_pauses_and_the_step_goes_on_after_it() -> None:
    job = TrainingJob(WAVE, checkpoint_interval_s=3.0, checkpoint_s=2.0, checkpoint_w=4e8)
    power = site_power_w([job], 10.0, 0.5)
    # high .5 .5 .5, low .5, high .5 .5 | pause 2 s | high .5 of the step that was interrupted, low, high ...
    np.testing.assert_allclose(power[:10] / 1e8, [10, 10, 10, 3.5, 10, 10, 4, 4, 4, 4])
    np.testing.assert_allclose(power[10:16] / 1e8, [10, 3.5, 10, 10, 10, 3.5])


def test_a_phase_shifts_the_wave() -> None:
    shifted = site_power_w([TrainingJob(WAVE, phase_s=1.5)], 4.0, 0.5)
    np.testing.assert_allclose(shifted, np.roll(site_power_w([TrainingJob(WAVE)], 4.0, 0.5), -3))


def test_jobs_of_random_phases_add_up_as_the_root_of_their_number() -> None:
    count = 16
    rng = np.random.default_rng(0)
    alone = band_rms_w(site_power_w([TrainingJob(WAVE)], 20.0, 0.05), 0.05, CRITICAL_BANDS["inter-area"])
    together = [
        band_rms_w(
            site_power_w(with_random_phases([TrainingJob(WAVE)] * count, rng), 20.0, 0.05),
            0.05,
            CRITICAL_BANDS["inter-area"],
        )
        for _ in range(100)
    ]
    assert math.sqrt(np.mean(np.square(together))) == pytest.approx(alone * math.sqrt(count), rel=0.15)
    assert max(together) < alone * count


def test_the_spectrum_of_the_simulated_wave_has_the_harmonics_of_the_series() -> None:
    power = site_power_w([TrainingJob(WAVE)], 200.0, 0.001)
    frequency, amplitude = spectrum_w(power, 0.001)
    for number in range(1, 8):
        line = amplitude[np.argmin(np.abs(frequency - number / WAVE.period_s))]
        assert line == pytest.approx(harmonic_amplitude_w(WAVE, number), rel=1e-3, abs=1e3)


@pytest.mark.parametrize("name", sorted(CRITICAL_BANDS))
def test_the_closed_form_of_a_band_agrees_with_the_simulated_wave(name: str) -> None:
    power = site_power_w([TrainingJob(WAVE)], 200.0, 0.001)
    band = CRITICAL_BANDS[name]
    assert 2 * math.sqrt(2) * band_rms_w(power, 0.001, band) == pytest.approx(band_swing_w(WAVE, band), rel=0.01)


def test_all_bands_together_hold_all_the_variance() -> None:
    rng = np.random.default_rng(2)
    for size in (500, 501):
        power = rng.uniform(0.0, 1.0, size)
        assert band_rms_w(power, 0.1, Band(0.0, math.inf)) == pytest.approx(power.std())


def test_the_training_wave_of_a_two_second_step_lies_in_the_critical_bands() -> None:
    # most of a 0.5 Hz wave is between areas of a grid; sharp edges reach shafts as well
    assert band_swing_w(WAVE, CRITICAL_BANDS["inter-area"]) > 585e6
    assert 0.3 < band_swing_w(WAVE, CRITICAL_BANDS["torsional"]) / WAVE.swing_w < 0.4


def test_a_ramp_is_metered_over_its_window() -> None:
    power = np.concatenate((np.full(100, 1e9), np.full(100, 4e8)))
    assert largest_ramp_w_per_s(power, 1.0, 60.0) == pytest.approx(1e7)
    assert largest_ramp_w_per_s(power, 1.0, 1.0) == pytest.approx(6e8)
    assert largest_ramp_w_per_s(power, 1.0, 1000.0) == 0.0


def test_impossible_waves_are_refused_all_at_once() -> None:
    with pytest.raises(InputError, match=r"low <= high.*period.*high share"):
        SquareWave(1.0, 2.0, 0.0, 1.0)
    with pytest.raises(InputError, match="cannot be told"):
        site_power_w([], 1.0, 0.0)
