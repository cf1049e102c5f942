"""Sizing and dispatch: the published optimum, a second formulation, tariffs worked by hand, what binds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from energy_parts import abilene, least_cost_usd, small

from gigawatt.engines.energy import Flexible, Generator, Grid, Ppa, Storage, SupplyProblem, dispatch, size_supply
from gigawatt.engines.energy.model import build
from gigawatt.engines.energy.sizing import _proposed
from gigawatt.engines.energy.steps import every_hour
from gigawatt.errors import InfeasibleError, InputError

# Facility notes, target 4: interior point with and without crossover, simplex, first-order solver and PyPSA agree.
ABILENE_USD = 892.33e6
ABILENE_W = {"solar": 2371e6, "wind": 1403e6, "gas": 744e6, "battery": 1241e6}
GAS = Generator("gas", 1.0, 20.0, variable_usd_per_mwh=40.0)


def day(**changes):
    """A flat day of 100 MW with gas at no capital cost."""
    given = {
        "demand_w_H": np.full(24, 100e6),
        "discount_rate_frac": 0.0,
        "generators": (replace(GAS, capex_usd_per_w=0.0),),
    }
    return SupplyProblem(**{**given, **changes})


def plain_grid(hours=24, limit_w=100e6, price=30.0, **changes):
    fill = (np.full(hours, value) for value in (limit_w, price, 400.0, 0.4))
    return Grid(*fill, **changes)


def test_published_optimum_at_abilene_is_met():
    supply = size_supply(abilene())
    assert supply.total_usd == pytest.approx(ABILENE_USD, rel=1e-3)
    assert supply.capacity_w == pytest.approx(ABILENE_W, rel=0.01)
    assert supply.certificate.residual_frac <= 1e-9
    gas_mwh = supply.output_w_H["gas"].sum() / 1e6
    assert gas_mwh == pytest.approx(0.30 * 8760e3, rel=1e-5)
    assert supply.certificate.lower_bound_usd <= supply.total_usd <= 1.00001 * supply.certificate.lower_bound_usd
    served = float(supply.price_usd_per_mwh_H.sum()) * 1000.0  # prices pay for all, the share of gas for its scarcity
    scarce = supply.policy_price_usd["energy of gas"] * 0.30 * 8760e3
    assert served - scarce == pytest.approx(supply.total_usd, rel=1e-4)


def test_joined_hours_bound_the_published_optimum_from_both_sides():
    supply = size_supply(abilene(), steps_count=1500)
    assert supply.certificate.lower_bound_usd < ABILENE_USD < supply.total_usd * (1.0 + 1e-5)
    assert supply.total_usd < 1.005 * ABILENE_USD
    assert supply.certificate.gap_frac == pytest.approx(supply.total_usd / supply.certificate.lower_bound_usd - 1.0)
    assert supply.capacity_w == pytest.approx(ABILENE_W, rel=0.05)
    assert supply.certificate.residual_frac <= 1e-9


def test_the_method_for_long_years_finds_what_the_solver_finds():
    problem = small(3, hours=600, flexible=Flexible(0.1, 300.0))
    found = _proposed(problem, every_hour(600))
    solved = build(problem, every_hour(600)).program.minimum(interior=False)
    assert found.total_usd == pytest.approx(solved.value * problem.demand_w_H.max() / 1e3, rel=1e-5)
    assert 0.0 <= found.certificate.gap_frac <= 1e-5
    assert found.certificate.residual_frac <= 1e-9


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"carbon_free_min_frac": 0.8, "carbon_limit_kg": np.inf},
        {"flexible": Flexible(0.2, 50.0, 0.03)},
        {"ppas": (), "unserved_usd_per_mwh": None},
        {"storages": (Storage("battery", 0.002, 15.0, 4.0, charge_frac=0.9, discharge_frac=0.9),)},
        {"grid": None, "ppas": ()},
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_second_formulation_has_the_same_optimum(changes, seed):
    problem = small(seed, **changes)
    supply = size_supply(problem)
    assert supply.total_usd == pytest.approx(least_cost_usd(problem), rel=1e-8)
    assert supply.total_usd == pytest.approx(supply.certificate.lower_bound_usd, rel=1e-8)
    assert supply.certificate.residual_frac <= 1e-9


def test_pypsa_agrees():
    pypsa = pytest.importorskip("pypsa")
    problem = small(3, grid=None, ppas=(), carbon_limit_kg=np.inf, unserved_usd_per_mwh=None)
    problem = replace(
        problem, generators=(*problem.generators[:2], replace(problem.generators[2], energy_limit_frac=np.inf))
    )
    network = pypsa.Network()
    network.set_snapshots(range(48))
    network.add("Bus", "site")
    network.add("Load", "load", bus="site", p_set=problem.demand_w_H / 1e6)
    for g in problem.generators:
        rate = problem.discount_rate_frac
        yearly = rate / (1.0 - (1.0 + rate) ** -g.life_years) * g.capex_usd_per_w * 1e6 + g.fixed_usd_per_mw_year
        available = 1.0 if g.availability_frac_H is None else g.availability_frac_H
        network.add(
            "Generator", g.name, bus="site", p_nom_extendable=True, p_nom_max=g.max_w / 1e6, capital_cost=yearly,
            marginal_cost=g.marginal_usd_per_mwh, p_max_pu=available,
        )  # fmt: skip
    network.optimize(solver_name="highs")
    alone = size_supply(replace(problem, storages=()))
    assert alone.total_usd == pytest.approx(network.objective, rel=1e-6)


def test_demand_charge_is_billed_on_the_peak_the_ratchet_and_the_minimum():
    demand = np.full(24, 50e6)
    demand[3] = 80e6  # in the first month; the second peaks at 50 MW
    month = np.repeat([0, 1], 12)
    grid = plain_grid(price=0.0, demand_usd_per_mw_month=1000.0)
    for changes, billed in (
        ({}, [80e6, 50e6]),
        ({"ratchet_frac": 0.9}, [80e6, 72e6]),
        ({"minimum_bill_frac": 0.85}, [85e6, 85e6]),
        ({"minimum_bill_frac": 0.75, "ratchet_frac": 0.9}, [80e6, 75e6]),
    ):
        problem = SupplyProblem(demand, 0.0, grid=replace(grid, **changes), month_of_hour_H=month)
        supply = size_supply(problem)
        assert supply.billed_w_M == pytest.approx(billed)
        assert supply.cost_usd == pytest.approx({"grid.demand": sum(billed) / 1e6 * 1000.0})


def test_a_price_is_what_the_dearest_running_source_costs():
    supply = size_supply(day(grid=plain_grid(limit_w=60e6)))
    assert supply.import_w_H == pytest.approx(np.full(24, 60e6))
    assert supply.price_usd_per_mwh_H == pytest.approx(np.full(24, 40.0))
    assert supply.grid_value_usd_per_mw_year == pytest.approx(24 * 10.0)


def test_a_megawatt_of_contract_is_worth_what_it_saves():
    problem = small(5, grid=replace(small(5).grid, minimum_bill_frac=0.0))
    supply = size_supply(problem)
    step_mw = 0.01
    more = replace(problem, grid=replace(problem.grid, limit_w_H=problem.grid.limit_w_H + step_mw * 1e6))
    saved = (supply.total_usd - size_supply(more).total_usd) / step_mw
    assert saved == pytest.approx(supply.grid_value_usd_per_mw_year, rel=1e-3, abs=1e-3)


def test_a_price_of_carbon_is_what_another_tonne_saves():
    problem = small(1)
    supply = size_supply(problem)
    saved = supply.total_usd - size_supply(replace(problem, carbon_limit_kg=problem.carbon_limit_kg + 1e3)).total_usd
    assert supply.carbon.hourly_kg == pytest.approx(problem.carbon_limit_kg)
    assert saved == pytest.approx(supply.policy_price_usd["carbon"], rel=1e-3)
    assert saved > 0.0


def test_an_agreement_costs_its_strike_whatever_the_hub_does():
    production = np.full(24, 0.5)
    hub = np.linspace(-20.0, 80.0, 24)
    deal = Ppa("deal", 30.0, production, hub, min_w=100e6, max_w=100e6)
    flat = day(grid=plain_grid(price=1000.0), ppas=(deal,))
    supply = size_supply(flat)
    cost = sum(supply.cost_usd[f"deal.{part}"] for part in ("settlement", "energy"))
    sold = supply.spilled_w_H["deal"] / 1e6
    assert cost == pytest.approx(30.0 * 24 * 50.0 - float(sold @ hub))
    assert supply.carbon.market_kg == supply.carbon.hourly_kg == 0.0
    assert supply.carbon.location_kg == pytest.approx(400.0 * supply.output_w_H["deal"].sum() / 1e6)


def test_a_virtual_agreement_does_not_change_what_is_drawn_but_what_is_paid():
    hub = np.full(24, 20.0)
    grid = plain_grid(limit_w=200e6, price=25.0)
    without = size_supply(day(grid=grid))
    virtual = size_supply(day(grid=grid, ppas=(Ppa("deal", 30.0, np.full(24, 0.5), hub, 5.0, 100e6, 100e6),)))
    # settled at strike - hub = 10 USD on 50 MW for 24 hours
    assert virtual.total_usd - without.total_usd == pytest.approx(10.0 * 50.0 * 24)


def test_compute_is_turned_down_when_power_costs_more_than_it_earns():
    price = np.where(np.arange(24) == 18, 300.0, 30.0)
    grid = replace(plain_grid(), price_usd_per_mwh_H=price)
    supply = size_supply(SupplyProblem(np.full(24, 100e6), 0.0, grid=grid, flexible=Flexible(0.25, 200.0)))
    assert supply.turned_down_w_H[18] == pytest.approx(25e6)
    assert supply.turned_down_w_H.sum() == pytest.approx(25e6)


def test_money_for_lost_load_is_not_in_the_cost_of_energy():
    supply = size_supply(day(generators=(replace(GAS, capex_usd_per_w=0.0, max_w=50e6),), unserved_usd_per_mwh=1e4))
    assert supply.lcoe_usd_per_mwh == pytest.approx(40.0)
    assert supply.cost_usd["unserved"] == pytest.approx(50.0 * 24 * 1e4)


def test_negative_prices_do_not_make_spill_a_sink():
    # at -30 USD the site would be paid to burn power; only its demand and the battery may take it
    grid = replace(plain_grid(limit_w=500e6), price_usd_per_mwh_H=np.full(24, -30.0))
    sun = Generator("sun", 0.0, 30.0, availability_frac_H=np.full(24, 0.5), min_w=40e6, max_w=40e6)
    supply = size_supply(day(grid=grid, generators=(sun,)))
    assert supply.import_w_H == pytest.approx(np.full(24, 100e6))
    assert supply.spilled_w_H["sun"] == pytest.approx(np.full(24, 20e6))
    assert supply.price_usd_per_mwh_H == pytest.approx(np.full(24, -30.0))


def test_dispatch_of_the_optimal_capacities_costs_the_optimum():
    problem = small(4)
    supply = size_supply(problem)
    again = dispatch(problem, supply.capacity_w, supply.energy_capacity_mwh)
    assert again.total_usd == pytest.approx(supply.total_usd, rel=1e-7)


def test_what_binds_is_named_with_its_size():
    short = day(generators=(replace(GAS, max_w=60e6),), grid=plain_grid(limit_w=15e6))
    with pytest.raises(
        InfeasibleError, match=r"at least 600 MWh in 24 hours, most by 25 MW.*gas 60 MW, grid 15 to 15 MW"
    ):
        size_supply(short)
    dirty = day(generators=(Generator("gas", 0.1, 20.0, 0.0, 3.0, 2.0, 10.0, 200.0),), carbon_limit_kg=480e3)
    with pytest.raises(InfeasibleError, match=r"demand|carbon \(480 t a year\)"):
        size_supply(dirty)
    with pytest.raises(InfeasibleError, match=r"demand|carbon-free share \(90.0% hour by hour"):
        size_supply(replace(dirty, carbon_limit_kg=np.inf, carbon_free_min_frac=0.9))


def test_faults_are_all_named():
    wrong = day(
        demand_w_H=np.full(24, 100e6),
        discount_rate_frac=-0.1,
        generators=(GAS, replace(GAS, availability_frac_H=np.full(23, 1.0), min_w=2.0, max_w=1.0)),
        storages=(Storage("battery", 1.0, 15.0, charge_frac=1.2),),
        ppas=(Ppa("deal", 30.0, np.full(24, 1.5), np.full(24, np.nan)),),
    )
    with pytest.raises(InputError) as caught:
        size_supply(wrong)
    for fault in (
        '"gas" is given twice', "no range", "efficiencies", "needs a duration", "23 hours and demand 24",
        "1.5..1.5", "not finite in hour 0", "discount_rate_frac", "needs a grid connection",
    ):  # fmt: skip
        assert fault in str(caught.value)
    with pytest.raises(InputError, match="no capacity is given for gas"):
        dispatch(day(), {})


def test_nothing_is_printed(capfd):
    size_supply(day())
    assert capfd.readouterr() == ("", "")
