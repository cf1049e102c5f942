"""Levelised cost, waiting for power, carbon in its several counts, what an hour allows."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.energy import (
    GAS_KG_PER_MWH,
    capital_recovery_per_year,
    carbon,
    compute_value_usd_per_mwh,
    derating_frac,
    lcoe_usd_per_mwh,
    methane_kg_per_mwh,
    part_load_efficiency_frac,
    speed_to_power,
    waiting_usd_per_mwh,
    wind_frac,
)
from gigawatt.errors import InputError
from gigawatt.units import convert

# Newkirk et al. 2025, doi 10.21203/rs.3.rs-8272920/v1: energy alone, with idle accelerators, years of waiting.
LBNL_BASE = {"grid": 70.0, "gas": 159.0, "solar": 362.0}
LBNL_TOTAL = {"grid": 1047.0, "gas": 1137.0, "solar": 803.5}
LBNL_WAIT = {"grid": 4.0, "gas": 4.0, "solar": 2.0}


def test_levelised_cost_of_a_combined_cycle_is_the_published_check():
    heat_rate = convert(6400.0, "Btu/kWh", "1")
    fuel = convert(3.50, "USD/MMBtu", "USD/MWh")
    cost = lcoe_usd_per_mwh(2.4, 0.08, 30.0, 36e3, 0.9, heat_rate, fuel, 2.1)
    assert cost == pytest.approx(56.1, abs=0.05)


def test_annuity_pays_the_capital_back():
    for rate in (0.0, 0.03, 0.12):
        pay = capital_recovery_per_year(rate, 20.0)
        assert sum(pay / (1.0 + rate) ** year for year in range(1, 21)) == pytest.approx(1.0)
    with pytest.raises(InputError, match="life 0"):
        capital_recovery_per_year(0.1, 0.0)
    with pytest.raises(InputError, match="capacity factor"):
        lcoe_usd_per_mwh(1.0, 0.1, 20.0, 0.0, 0.0)


def test_waiting_turns_the_order_of_energy_costs_round():
    # idle cost and rate are set on the solar and the grid row; the gas row and both orders are predicted
    rate = ((LBNL_TOTAL["grid"] - LBNL_BASE["grid"]) / (LBNL_TOTAL["solar"] - LBNL_BASE["solar"]) - 1.0) ** 0.5 - 1.0
    per_million = waiting_usd_per_mwh(2.0, 1e6, rate, 27.0)
    idle = (LBNL_TOTAL["solar"] - LBNL_BASE["solar"]) / per_million * 1e6
    total = speed_to_power(LBNL_BASE, LBNL_WAIT, idle, rate, 27.0)
    assert list(total) == ["solar", "grid", "gas"]
    assert sorted(LBNL_BASE, key=LBNL_BASE.get) == ["grid", "gas", "solar"]
    assert total["gas"] == pytest.approx(LBNL_TOTAL["gas"], rel=0.005)
    assert 0.08 < rate < 0.12
    a_year = total["grid"] - LBNL_BASE["grid"]
    assert 220.0 <= a_year / 4.0 <= 250.0  # 220 to 240 USD/MWh per year of waiting
    with pytest.raises(InputError, match="costs name"):
        speed_to_power({"grid": 1.0}, {"gas": 1.0}, 1.0, 0.1, 20.0)


def test_the_worth_of_power_in_accelerator_hours():
    assert compute_value_usd_per_mwh(2.5, 1500.0) == pytest.approx(2.5 / 1.5 * 1000.0)


def test_gas_emits_what_the_rule_says():
    assert 181.04 < GAS_KG_PER_MWH < 181.06
    assert GAS_KG_PER_MWH * convert(6226.0, "Btu/kWh", "1") == pytest.approx(330.3, abs=0.1)
    # 2 % of methane leaked adds about a fifth over 100 years
    assert methane_kg_per_mwh(0.02) / GAS_KG_PER_MWH == pytest.approx(0.21, abs=0.01)


def test_carbon_counts_differ_as_they_should():
    day = np.tile([1.0, 0.0], 12)  # an agreement that produces in half the hours, twice the load
    load = np.full(24, 100e6)
    used = np.where(day > 0.0, 100e6, 0.0)
    dirty_at_night = np.where(day > 0.0, 200.0, 600.0)
    year = carbon(load, {}, {}, 0 * load, load - used, used, 2 * 100.0 * 12, dirty_at_night, np.full(24, 0.25))
    assert year.location_kg == pytest.approx(100.0 * (12 * 200.0 + 12 * 600.0))
    assert year.market_kg == 0.0  # as many certificates as import
    assert year.hourly_kg == pytest.approx(100.0 * 12 * 600.0)
    assert year.carbon_free_frac == pytest.approx(0.5 + 0.5 * 0.25)


def test_fuel_on_site_is_in_every_count_and_its_methane_in_none():
    load, none = np.full(24, 100e6), np.zeros(24)
    year = carbon(
        load, {"gas": 2.0 * load}, {"gas": 181.0}, load, none, none, 0.0, none, none, methane_kg_per_mwh(0.02)
    )
    assert year.onsite_kg == year.location_kg == year.market_kg == year.hourly_kg == pytest.approx(24 * 200.0 * 181.0)
    assert year.upstream_kg == pytest.approx(24 * 200.0 * methane_kg_per_mwh(0.02))
    assert year.carbon_free_frac == 0.0


def test_turbines_lose_output_in_heat_and_efficiency_at_part_load():
    assert derating_frac(np.array([-10.0, 15.0, 35.0]), 0.007).tolist() == pytest.approx([1.0, 1.0, 0.86])
    efficiency = part_load_efficiency_frac(0.55, np.linspace(0.1, 1.0, 10), 0.2)
    assert np.all(np.diff(efficiency) > 0.0)
    assert efficiency[-1] == 0.55
    with pytest.raises(InputError, match="part load"):
        part_load_efficiency_frac(0.5, np.array([0.0]), 0.1)


def test_wind_turbines_start_saturate_and_stop():
    speed = np.linspace(0.0, 20.0, 201)
    share = wind_frac(speed)
    assert np.all(share[speed * 8 ** (1 / 7) < 3.0] == 0.0)
    running = speed * 8 ** (1 / 7) <= 25.0
    assert np.all(np.diff(share[running]) >= 0.0)
    assert share[running].max() == 1.0
    assert np.all(share[~running] == 0.0)
