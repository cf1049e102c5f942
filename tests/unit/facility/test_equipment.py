"""Machines of the cooling plant: ratings, limits, hand-worked hours."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.facility.equipment.chiller import (
    COP_HIGHEST,
    COP_LOWEST,
    air_cooled_w,
    coefficient_of_performance,
    water_cooled_w,
)
from gigawatt.engines.facility.equipment.dry_cooler import dry_loop_w, wetted_loop
from gigawatt.engines.facility.equipment.movers import HALL_FAN_FRAC, mover_w
from gigawatt.engines.facility.equipment.outside_air import chiller_share, evaporate, humidification_l, untreated
from gigawatt.engines.facility.equipment.tower import make_up_l, tower_loop
from gigawatt.engines.facility.types import Weather


def one_hour(dry_bulb_c, wet_bulb_c, dew_point_c, pressure_pa=101_325.0):
    return Weather(*(np.array([value]) for value in (dry_bulb_c, wet_bulb_c, dew_point_c, pressure_pa)))


def test_air_cooled_chiller_meets_its_catalogue_rating():
    # 6.7 C water at 35 C air: COP 2.96 is the least that ASHRAE 90.1 path A allows, 3.4 is good
    assert 2.96 <= 1.0 / air_cooled_w(np.array([1.0]), 6.7, np.array([35.0]))[0] <= 3.4


def test_water_cooled_chiller_meets_its_catalogue_rating():
    # 6.7 C water at 29.4 C condenser water: 0.56-0.65 kW per ton is COP 5.4-6.3
    assert 5.4 <= 1.0 / water_cooled_w(np.array([1.0]), 6.7, np.array([29.4]))[0] <= 6.3


def test_performance_never_rises_with_heat_and_never_leaves_its_range():
    condensing_c = np.linspace(-40.0, 90.0, 500)
    for chilled_c in (6.0, 18.0, 32.0, 45.0):
        cop = coefficient_of_performance(chilled_c, condensing_c, 0.45)
        assert np.all(np.diff(cop) <= 0.0)
        assert cop.min() >= COP_LOWEST
        assert cop.max() <= COP_HIGHEST * (1.0 + 1e-12)


def test_fans_at_half_flow_use_the_affinity_exponent_and_stop_falling_at_their_slowest():
    power_w = mover_w(np.array([1.0, 0.5, 0.4, 0.1]), 1.0, HALL_FAN_FRAC)
    assert power_w[1] / power_w[0] == pytest.approx(0.5**2.5)
    assert power_w[3] == power_w[2]


def test_dry_loop_needs_no_compressor_until_air_is_six_kelvin_below_the_set_point():
    power_w = dry_loop_w(np.array([1e6, 1e6]), 1e6, 40.0, np.array([34.0, 35.0]))
    assert power_w[0] == pytest.approx(0.02e6)  # fans at full speed
    assert power_w[1] > 1.2 * power_w[0]


def test_dry_loop_without_free_cooling_is_all_chiller():
    power_w = dry_loop_w(np.array([1e6]), 1e6, 18.0, np.array([35.0]))
    assert power_w[0] == pytest.approx(air_cooled_w(np.array([1e6]), 18.0, np.array([35.0]))[0])


def test_pads_save_compressors_in_dry_heat_and_nothing_in_saturated_air():
    hot_dry, soaked = one_hour(42.0, 22.0, 11.0), one_hour(38.0, 38.0, 38.0)
    heat_w = np.array([1e6])
    assert wetted_loop(heat_w, 1e6, 40.0, hot_dry, 6.0).power_w_H < dry_loop_w(heat_w, 1e6, 40.0, np.array([42.0]))
    wet = wetted_loop(heat_w, 1e6, 40.0, soaked, 6.0)
    assert wet.water_l_H == 0.0
    assert wet.power_w_H == dry_loop_w(heat_w, 1e6, 40.0, np.array([38.0]))


def test_tower_evaporates_between_half_and_all_of_its_heat():
    # all of it: 1 kWh / 2.43 MJ/kg = 1.48 kg; make-up at 6 cycles is 1.2 times that
    for air in (one_hour(0.0, -2.0, -6.0), one_hour(13.0, 9.5, 6.0), one_hour(35.0, 24.0, 19.0)):
        litres_per_kwh = tower_loop(np.array([1e6]), 1e6, 32.0, air, 6.0).water_l_H[0] / 1e3
        assert 0.5 * 1.48 < litres_per_kwh / 1.2 < 1.02 * 1.48


def test_cold_air_takes_less_water_than_warm_air():
    cold, warm = (tower_loop(np.array([1e6]), 1e6, 32.0, air, 6.0).water_l_H for air in (
        one_hour(0.0, -2.0, -6.0), one_hour(30.0, 22.0, 18.5)))  # fmt: skip
    assert cold < warm


def test_blowdown_follows_the_salt_balance():
    # 1 kg/s evaporated; at 4 cycles a third more is drawn, at 6 a fifth more
    litres = [sum(make_up_l(np.array([1.0]), np.array([0.0]), cycles))[0] for cycles in (4.0, 6.0)]
    assert litres == pytest.approx([3600.0 * 4 / 3, 3600.0 * 6 / 5])


def test_drift_counts_as_blowdown_as_it_carries_salt_too():
    # 1 kg/s evaporated from 2.43 MW, 58 kg/s circulating: drift 1.2 g/s, of the 333 g/s that must go at 4 cycles
    evaporated, drained, blown = (part[0] for part in make_up_l(np.array([1.0]), np.array([2.43e6]), 4.0))
    assert blown == pytest.approx(2e-5 * 2.43e6 / 41_860 * 3600.0)
    assert drained + blown == pytest.approx(evaporated / 3.0)


def test_outside_air_alone_cools_a_cool_dry_hour():
    air = one_hour(15.0, 10.0, 5.0)
    assert chiller_share(untreated(air), air.pressure_pa_H, 27.0, 21.0) == 0.0


def test_humid_hour_needs_chillers_though_it_is_cool():
    air = one_hour(24.0, 23.7, 23.6)
    assert chiller_share(untreated(air), air.pressure_pa_H, 27.0, 15.0) > 0.5


def test_hall_recirculates_when_air_is_hotter_than_its_return():
    air = one_hour(45.0, 22.0, 5.0)
    assert chiller_share(untreated(air), air.pressure_pa_H, 27.0, 21.0) == 1.0


def test_pads_stop_at_the_dew_point_limit():
    prepared = evaporate(one_hour(40.0, 26.0, 21.5), 27.0, 21.0)
    assert prepared.temperature_c_H == 40.0
    assert prepared.water_kg_per_j_H == 0.0


def test_humidifier_runs_only_below_the_floor():
    heat_w = np.array([1e6])
    assert humidification_l(heat_w, one_hour(5.0, 2.0, -3.0), 27.0, -9.0) == 0.0
    assert humidification_l(heat_w, one_hour(5.0, 2.0, -3.0), 27.0, 5.5) > 0.0
