"""Firm capacity, loss of load, power until the grid comes: textbook cases and published anchors."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.energy import BridgingUnit, Units, bridge, capacity_states, contract_w, firm_units, loss_of_load
from gigawatt.engines.energy.firm import at_least
from gigawatt.errors import CatalogueError, InfeasibleError, InputError
from gigawatt.planning.supply import bridging_unit

# Socrates South, New Albany: 307 MW of nameplate for 200 MW firm (filings with the Ohio Power Siting Board).
SOCRATES_RATIO = 1.54
TURBINE = BridgingUnit("turbine", 16.5e6, 0.06, 2, 27e3, 60e3, 8.0, 3.0, 12.0, 181.0)


@pytest.mark.parametrize(("units", "outage"), [(1, 0.1), (7, 0.04), (40, 0.3), (5, 0.0)])
def test_probabilities_are_those_of_the_binomial(units, outage):
    for running in range(units + 1):
        exact = sum(math.comb(units, k) * (1 - outage) ** k * outage ** (units - k) for k in range(running, units + 1))
        assert at_least(running, units, outage) == pytest.approx(exact, rel=1e-11)


def test_the_fleet_is_the_smallest_that_meets_the_target():
    for target in (0.9, 0.99, 0.9999):
        fleet = firm_units(200e6, 20e6, 0.08, target)
        assert fleet.availability_frac >= target
        assert at_least(fleet.needed_count, fleet.units_count - 1, 0.08) < target


def test_spare_units_stand_beside_the_target():
    assert firm_units(100e6, 25e6, 0.0, 0.999).units_count == 4
    assert firm_units(100e6, 25e6, 0.0, 0.999, spare_count=1).units_count == 5
    assert firm_units(100e6, 33e6, 0.0, 1.0).units_count == 4


def test_overbuild_of_socrates_lies_in_the_range_of_targets():
    # aeroderivative and industrial turbines of about 16.5 MW at 37 C (1 %/K above 15 C), 5 % forced outage
    ratio = {t: firm_units(200e6, 16.5e6, 0.05, t, derating_frac=0.78).nameplate_ratio for t in (0.9, 0.99, 0.999)}
    assert ratio[0.9] < SOCRATES_RATIO < ratio[0.999]
    assert ratio[0.99] == pytest.approx(SOCRATES_RATIO, rel=0.08)


def test_loss_of_load_of_two_kinds_of_unit_by_hand():
    fleet = (Units(100e6, 0.1, 1), Units(50e6, 0.2, 1))
    capacity, probability = capacity_states(fleet)
    assert capacity.tolist() == [0.0, 50e6, 100e6, 150e6]
    assert probability == pytest.approx([0.02, 0.08, 0.18, 0.72])
    hours, energy = loss_of_load(np.array([120e6, 40e6]), fleet)
    assert hours == pytest.approx(0.28 + 0.02)
    assert energy == pytest.approx(0.18 * 20 + 0.08 * 70 + 0.02 * 120 + 0.02 * 40)
    assert loss_of_load(np.array([120e6, 40e6]), fleet, np.array([20e6, 40e6]))[0] == pytest.approx(0.10)


def test_a_large_mixed_fleet_has_its_mean_and_a_whole_probability():
    capacity, probability = capacity_states((Units(16.5e6, 0.05, 60), Units(5.6e6, 0.04, 80), Units(52e6, 0.06, 10)))
    assert probability.sum() == pytest.approx(1.0)
    mean = 60 * 16.5e6 * 0.95 + 80 * 5.6e6 * 0.96 + 10 * 52e6 * 0.94
    assert float(capacity @ probability) == pytest.approx(mean)


def test_nonsense_is_refused():
    with pytest.raises(InputError, match="outage 1"):
        firm_units(1e6, 1e6, 1.0, 0.9)
    with pytest.raises(InputError, match="must be positive"):
        firm_units(1e6, 0.0, 0.1, 0.9)
    with pytest.raises(InfeasibleError, match=r"more than 2000 units of 0\.01 MW"):
        firm_units(1e9, 1e4, 0.1, 0.9)
    with pytest.raises(InputError, match="demand has 3 months and grid 2"):
        bridge(np.ones(3), np.ones(2), TURBINE, 0.99)


def test_a_bridge_ends_when_the_grid_is_there():
    demand = np.array([30e6, 60e6, 100e6, 150e6, 150e6, 150e6])
    grid = contract_w(6, ((4, 150e6),))
    power = bridge(demand, grid, TURBINE, 0.99, load_frac=0.8)
    assert power.unmet_w_M.tolist() == [30e6, 60e6, 0.0, 0.0, 0.0, 0.0]
    assert power.units_M[:2].tolist() == power.units_M[4:].tolist() == [0, 0]
    assert power.nameplate_w_M[3] >= 150e6
    hours = 730.5
    assert power.energy_mwh_M[3] == pytest.approx(0.8 * 150 * hours)
    assert power.fuel_mwh_M[3] == pytest.approx(3.0 * power.energy_mwh_M[3])
    assert power.carbon_kg_M.sum() == pytest.approx(3.0 * 181.0 * power.energy_mwh_M.sum())
    rent = power.nameplate_w_M.sum() / 1e6 * 27e3
    brought = power.nameplate_w_M.max() / 1e6 * 60e3
    burned = power.energy_mwh_M.sum() * (8.0 + 36.0)
    assert power.cost_usd_M.sum() == pytest.approx(rent + brought + burned)
    assert power.cost_usd_per_mwh == pytest.approx(power.cost_usd_M.sum() / power.energy_mwh_M.sum())


def test_units_stay_while_they_will_be_needed_again_and_delay_costs():
    demand = np.array([80e6, 40e6, 80e6, 80e6])
    stays = bridge(demand, np.zeros(4), replace(TURBINE, lead_months=0), 0.9)
    assert stays.units_M[1] == stays.units_M[0]
    on_time = bridge(demand, contract_w(4, ((2, 80e6),)), replace(TURBINE, lead_months=0), 0.9)
    late = bridge(demand, contract_w(4, ((2, 80e6),), delay_months=1), replace(TURBINE, lead_months=0), 0.9)
    assert late.cost_usd_M.sum() > on_time.cost_usd_M.sum()


def test_no_gap_needs_no_bridge():
    power = bridge(np.full(3, 50e6), np.full(3, 60e6), TURBINE, 0.99)
    assert power.cost_usd_M.sum() == 0.0
    assert power.cost_usd_per_mwh == 0.0


def test_a_campus_like_colossus_until_its_substation_comes():
    # 150 MW for 100,000 GPUs on mobile turbines first, the grid later; the dates here are made up
    supply = load().shelf("supply")
    unit = bridging_unit(supply["gas-turbine-mobile"], 37.0, lead_months=0)
    power = bridge(np.full(12, 150e6), contract_w(12, ((0, 8e6), (8, 150e6))), unit, 0.99)
    assert np.flatnonzero(power.units_M).tolist() == list(range(8))
    assert 150e6 < power.nameplate_w_M[0] < 300e6
    assert 80.0 < power.cost_usd_per_mwh < 150.0  # rent of 1.5 times the load and gas at 3.50 USD/MMBtu
    with pytest.raises(CatalogueError, match="has no rent_usd_per_mw_month"):
        bridging_unit(supply["ccgt"], 37.0)
