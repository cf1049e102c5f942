from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from gigawatt.engines.facility.dynamics import (
    CRITICAL_BANDS,
    Dip,
    Limit,
    LoadGroup,
    RemedyTerms,
    SquareWave,
    assess_remedies,
    band_swing_w,
    filtered_swing_w,
    floored,
    lost_w,
    ramp_store_j,
)
from gigawatt.errors import InputError
from gigawatt.units import JOULES_PER_MWH

WAVE = SquareWave(1e9, 350e6, 2.0, 0.75)
TERMS = RemedyTerms(
    gpus_count=650e6 / 975.0,
    idle_w=250e6,
    capacitor_j=65.0,
    highest_floor_frac=0.9,
    filler_slowdown_frac=0.05,
    energy_usd_per_mwh=60.0,
    output_usd_per_year=1e10,
    storage_usd_per_mwh=250e3,
    converter_usd_per_w=0.15,
    round_trip_frac=0.9,
)


def by_name(limit: Limit, terms: RemedyTerms = TERMS) -> dict:
    return {remedy.name: remedy for remedy in assess_remedies(WAVE, limit, terms)}


@pytest.mark.parametrize(("floor", "swing", "energy"), [(0.9, 0.10, 0.16), (0.8, 0.20, 0.13)])
def test_floors_trade_energy_for_swing(floor: float, swing: float, energy: float) -> None:
    # a wave whose low is 35 % of its high, three quarters high
    after = floored(WAVE, floor * WAVE.high_w)
    assert after.swing_w / WAVE.high_w == pytest.approx(swing)
    assert after.mean_w / WAVE.mean_w - 1.0 == pytest.approx(energy, abs=0.005)


def test_a_floor_below_the_low_changes_nothing_and_one_above_the_high_is_refused() -> None:
    assert floored(WAVE, 1e8) == WAVE
    with pytest.raises(InputError, match="above the load"):
        floored(WAVE, 1.1e9)


def test_without_limits_nothing_is_needed() -> None:
    for remedy in by_name(Limit()).values():
        assert remedy.keeps_limit
        assert remedy.keeps_stop
        assert remedy.swing_w == pytest.approx(WAVE.swing_w)
        assert remedy.store_j == remedy.capex_usd == remedy.running_usd_per_year == 0.0


def test_each_remedy_for_a_tenth_of_the_peak() -> None:
    found = by_name(Limit(swing_w=100e6))
    assert not found["none"].keeps_limit
    # power supplies hold 65 of the 366 J: 18 % of the swing
    assert not found["capacitors"].keeps_limit
    assert found["capacitors"].swing_w == pytest.approx(650e6 * (1 - 65 / 365.6), rel=1e-3)
    assert found["firmware-floor"].keeps_limit
    assert found["firmware-floor"].floor_w == pytest.approx(0.9e9)
    # 137.5 MW more on average, at 60 USD/MWh
    assert found["firmware-floor"].energy_extra_w == pytest.approx(137.5e6)
    assert found["firmware-floor"].running_usd_per_year == pytest.approx(137.5 * 8766 * 60)
    assert found["software-filler"].running_usd_per_year == pytest.approx(137.5 * 8766 * 60 + 5e8)
    battery = found["battery"]
    assert battery.keeps_limit
    assert filtered_swing_w(WAVE, battery.tau_s) == pytest.approx(100e6, rel=1e-6)
    assert battery.store_j < 0.1 * JOULES_PER_MWH
    assert battery.capex_usd == pytest.approx(
        battery.store_j / JOULES_PER_MWH * 250e3 + battery.rating_w * 0.15, rel=1e-9
    )


def test_a_floor_that_cannot_be_set_high_enough_says_so() -> None:
    found = by_name(Limit(swing_w=50e6))
    assert not found["firmware-floor"].keeps_limit
    assert found["firmware-floor"].swing_w == pytest.approx(100e6)
    assert found["battery"].keeps_limit


def test_capacitors_enough_need_no_more_than_they_must() -> None:
    found = by_name(Limit(swing_w=325e6), replace(TERMS, capacitor_j=1000.0))["capacitors"]
    assert found.keeps_limit
    assert found.swing_w == pytest.approx(325e6)
    assert found.store_j / TERMS.gpus_count == pytest.approx(365.6 / 2, rel=1e-3)


def test_a_band_may_bind() -> None:
    band = CRITICAL_BANDS["torsional"]
    limit = Limit(bands=((band, 60e6),))
    found = by_name(limit)
    for name in ("firmware-floor", "battery"):
        assert found[name].keeps_limit
        assert found[name].band_swing_w[0] == pytest.approx(60e6, rel=1e-3)
    assert found["none"].band_swing_w[0] == pytest.approx(band_swing_w(WAVE, band))


def test_a_ramp_per_minute_is_kept_by_a_swing_that_small_or_a_filter_that_slow() -> None:
    # 60 MW per minute: the wave's 650 MW are more, and so is a stop of all jobs
    found = by_name(Limit(ramp_w_per_s=1e6, window_s=60.0))
    assert not found["none"].keeps_limit
    assert not found["none"].keeps_stop
    assert not found["capacitors"].keeps_stop
    assert not found["software-filler"].keeps_stop  # it died with the job
    assert found["firmware-floor"].keeps_stop
    battery = found["battery"]
    assert battery.ramp_w_per_s <= 1e6 * (1 + 1e-6)
    # the stop of 837.5 - 250 MW in a straight line
    assert battery.store_j == pytest.approx(ramp_store_j(587.5e6, 1e6))
    assert battery.rating_w >= 587.5e6


def test_tighter_limits_never_need_less() -> None:
    limits = [Limit(swing_w=swing) for swing in (600e6, 300e6, 150e6, 100e6)]
    rows = [by_name(limit) for limit in limits]
    for earlier, later in pairwise(rows):
        assert later["battery"].tau_s > earlier["battery"].tau_s
        assert later["firmware-floor"].energy_extra_w > earlier["firmware-floor"].energy_extra_w


def test_wrong_terms_are_refused_all_at_once() -> None:
    with pytest.raises(InputError, match=r"swing_w.*round_trip_frac"):
        assess_remedies(WAVE, Limit(swing_w=0.0), replace(TERMS, round_trip_frac=1.1))


# --- ride-through ------------------------------------------------------------------------------------------

CURVE = ((0.02, 0.7), (0.5, 0.8), (10.0, 0.9))
FAULTS = [Dip(82.0 * number / 5, 0.1, 0.5) for number in range(6)]  # six in 82 s


def test_the_third_dip_takes_1500_mw_off_the_grid() -> None:
    # NERC, incident of 2024-07-10: six faults in 82 s on a 230 kV line, 1,500 MW of data centres lost
    lost = lost_w([LoadGroup(1.5e9, CURVE)], FAULTS)
    assert lost.transferred_w == 1.5e9
    assert lost.off_grid_w[-1] == 1.5e9
    # back after the first and the second
    assert list(lost.off_grid_w).count(0.0) == 2
    assert lost.dark_w == 0.0


@pytest.mark.parametrize(("count", "window_s"), [(0, 60.0), (7, 1000.0), (3, 20.0)])
def test_with_another_setting_all_of_it_comes_back(count: int, window_s: float) -> None:
    lost = lost_w([LoadGroup(1.5e9, CURVE, count_to_transfer=count, window_s=window_s)], FAULTS)
    assert lost.transferred_w == 0.0
    assert lost.off_grid_w[-1] == 0.0
    assert lost.peak_off_grid_w == 1.5e9


def test_a_supply_that_tolerates_the_dip_never_leaves() -> None:
    lost = lost_w([LoadGroup(1e9, ((0.15, 0.5),))], FAULTS)
    assert lost.peak_off_grid_w == 0.0


def test_groups_add_up_and_a_battery_without_generator_ends_dark() -> None:
    groups = [LoadGroup(1e9, CURVE), LoadGroup(2e8, CURVE, generators=False), LoadGroup(3e8, ())]
    lost = lost_w(groups, FAULTS)
    assert lost.transferred_w == 1.2e9
    assert lost.dark_w == 2e8
    assert lost.peak_off_grid_w == 1.2e9


def test_a_battery_shorter_than_the_dip_does_not_come_back() -> None:
    lost = lost_w([LoadGroup(1e8, CURVE, store_s=5.0, generators=False)], [Dip(0.0, 20.0, 0.0)])
    assert lost.dark_w == 1e8


def test_a_second_dip_before_the_return_is_one_absence() -> None:
    dips = [Dip(0.0, 0.1, 0.0), Dip(0.5, 0.1, 0.0)]
    lost = lost_w([LoadGroup(1e8, CURVE, return_s=1.0)], dips)
    assert lost.peak_off_grid_w == 1e8
    assert math.isclose(lost.time_s[-1], 1.6)


def test_dips_out_of_order_are_refused() -> None:
    with pytest.raises(InputError, match=r"order of time.*retained"):
        lost_w([], [Dip(1.0, 0.1, 0.5), Dip(0.0, 0.1, 1.5)])
