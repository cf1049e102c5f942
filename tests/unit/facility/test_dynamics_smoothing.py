"""Closed forms against published figures, against the wave step by step, and in their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gigawatt.engines.facility.dynamics import (
    CRITICAL_BANDS,
    SquareWave,
    TrainingJob,
    band_rms_w,
    band_swing_w,
    filter_store,
    filtered_ramp_w_per_s,
    filtered_swing_w,
    flattening_j,
    simulate_filter,
    site_power_w,
    smallest_tau_s,
)
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.units import JOULES_PER_MWH

# 1 GW, 650 MW peak to peak, 0.5 Hz, high for three quarters of the step
WAVE = SquareWave(1e9, 350e6, 2.0, 0.75)
STEP = 0.0025


def settled(tau_s: float) -> np.ndarray:
    """The grid's power over the last of many periods, simulated step by step."""
    load = site_power_w([TrainingJob(WAVE)], 40.0, STEP)
    # from the mean, so that only the wave's own transient has to die away; then as long again from where that led
    seen = simulate_filter(load, STEP, tau_s, WAVE.mean_w)
    for _ in range(20):
        seen = simulate_filter(load, STEP, tau_s, float(seen[-1]))
    return seen[-round(WAVE.period_s / STEP) - 1 :]


@pytest.mark.parametrize(
    ("tau_s", "swing_mw", "ramp_mw_per_s"),
    [(2.0, 120.0, 271.0), (5.0, 49.0, 102.0), (10.0, 24.0, 50.0), (30.0, 8.12, 16.4)],
)
def test_smoothing_of_a_gigawatt(tau_s: float, swing_mw: float, ramp_mw_per_s: float) -> None:
    assert filtered_swing_w(WAVE, tau_s) / 1e6 == pytest.approx(swing_mw, rel=0.02)
    assert filtered_ramp_w_per_s(WAVE, tau_s) / 1e6 == pytest.approx(ramp_mw_per_s, rel=0.02)


@pytest.mark.parametrize("tau_s", [0.3, 2.0, 10.0, 30.0])
def test_the_closed_forms_are_what_the_simulated_wave_does(tau_s: float) -> None:
    seen = settled(tau_s)
    assert np.ptp(seen) == pytest.approx(filtered_swing_w(WAVE, tau_s), rel=1e-3)
    ramps = np.abs(np.diff(seen)) / STEP
    assert ramps.max() == pytest.approx(filtered_ramp_w_per_s(WAVE, tau_s), rel=0.01)


@pytest.mark.parametrize("tau_s", [0.3, 2.0, 10.0])
def test_the_store_moves_as_much_energy_as_the_simulated_one(tau_s: float) -> None:
    seen = settled(tau_s)
    load = site_power_w([TrainingJob(WAVE)], WAVE.period_s, STEP)
    start = seen[:-1]
    # even load over a step, exponential grid power: the store takes tau times what the grid's power moved
    stored = np.concatenate(([0.0], np.cumsum(tau_s * np.diff(seen))))
    store = filter_store(WAVE, tau_s)
    assert np.ptp(stored) == pytest.approx(store.wave_j, rel=1e-3)
    taken = np.cumsum((load - (start + seen[1:]) / 2.0) * STEP)  # the same by adding up load less grid
    assert np.ptp(taken) == pytest.approx(store.wave_j, rel=0.01)
    assert np.abs(load - start).max() == pytest.approx(store.rating_w, rel=0.01)


def test_a_stop_of_all_jobs_sizes_the_store() -> None:
    tau_s, idle_w = 10.0, 250e6
    store = filter_store(WAVE, tau_s, idle_w)
    assert store.wave_j / JOULES_PER_MWH == pytest.approx(0.07, rel=0.05)
    assert store.usable_j / JOULES_PER_MWH == pytest.approx(1.7, rel=0.03)
    # stop at the end of the high part, followed to the end
    top_w = float(settled(tau_s).max())
    after = simulate_filter(np.full(60_000, idle_w), STEP, tau_s, top_w)
    given = ((after - idle_w) * STEP).sum()
    assert given == pytest.approx(store.stop_j, rel=0.01)


def test_long_time_constants_flatten_and_short_ones_do_nothing() -> None:
    assert filter_store(WAVE, 1e4).wave_j == pytest.approx(flattening_j(WAVE), rel=1e-6)
    assert filtered_swing_w(WAVE, 1e-3) == pytest.approx(WAVE.swing_w)
    taus = np.geomspace(0.01, 1e3, 40)
    swings = [filtered_swing_w(WAVE, tau) for tau in taus]
    ramps = [filtered_ramp_w_per_s(WAVE, tau) for tau in taus]
    assert np.all(np.diff(swings) <= 0.0)
    assert np.all(np.diff(ramps) < 0.0)


def test_energy_to_flatten_one_accelerator() -> None:
    # 975 W swing, three quarters high, 2 s: 366 J; a power supply that holds 65 J flattens 18 % of it, or all of 2.8 Hz
    wave = SquareWave(1525.0, 550.0, 2.0, 0.75)
    assert flattening_j(wave) == pytest.approx(366.0, abs=0.5)
    assert 65.0 / flattening_j(wave) == pytest.approx(0.18, abs=0.005)
    assert flattening_j(SquareWave(1525.0, 550.0, 1.0 / 2.8, 0.75)) == pytest.approx(65.0, rel=0.01)


def test_bands_behind_a_filter_agree_with_the_simulated_wave() -> None:
    tau_s = 2.0
    load = site_power_w([TrainingJob(WAVE)], 200.0, STEP)
    seen = simulate_filter(load, STEP, tau_s, WAVE.mean_w)[-40_000:]
    for band in CRITICAL_BANDS.values():
        found = 2 * math.sqrt(2) * band_rms_w(seen, STEP, band)
        assert found == pytest.approx(band_swing_w(WAVE, band, tau_s), rel=0.02)


def test_the_smallest_time_constant_keeps_each_limit_and_a_smaller_one_does_not() -> None:
    band = CRITICAL_BANDS["inter-area"]
    for limits in ((50e6, math.inf, ()), (math.inf, 30e6, ()), (math.inf, math.inf, ((band, 20e6),))):
        tau_s = smallest_tau_s(WAVE, *limits)

        def kept(tau: float, limits: tuple = limits) -> bool:
            swing, ramp, bands = limits
            return (
                filtered_swing_w(WAVE, tau) <= swing
                and filtered_ramp_w_per_s(WAVE, tau) <= ramp
                and all(band_swing_w(WAVE, each, tau) <= limit for each, limit in bands)
            )

        assert kept(tau_s * 1.0001)
        assert not kept(tau_s * 0.999)


def test_limits_that_the_load_keeps_need_no_filter_and_impossible_ones_are_refused() -> None:
    assert smallest_tau_s(WAVE, 650e6, math.inf) == 0.0
    with pytest.raises(InfeasibleError, match="no time constant"):
        smallest_tau_s(WAVE, 1.0, math.inf)
    with pytest.raises(InputError, match="must be positive"):
        filtered_swing_w(WAVE, 0.0)
