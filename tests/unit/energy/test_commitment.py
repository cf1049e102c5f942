"""What is running of a plant: against whole units counted out, an own programme, and what must hold hour by hour."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from energy_parts import abilene
from scipy.optimize import linprog

from gigawatt.catalogue import load
from gigawatt.engines.energy import Generator, Storage, SupplyProblem, dispatch, size_supply, started_w
from gigawatt.errors import InputError
from gigawatt.planning.supply import generator

DEMAND_W_H = np.array([40.0, 90.0, 100.0, 30.0, 10.0, 60.0]) * 1e6
PLANT = Generator(
    "gas", 0.1, 20.0, variable_usd_per_mwh=5.0, heat_rate_ratio=2.0, fuel_usd_per_mwh=12.0, carbon_kg_per_mwh=181.0,
    least_load_frac=0.4, start_usd_per_mw=80.0, no_load_fuel_frac=0.1,
)  # fmt: skip
PROBLEM = SupplyProblem(DEMAND_W_H, 0.08, (PLANT,), unserved_usd_per_mwh=300.0)
CAPACITY_W = 100e6


def running_usd(result):
    return result.cost_usd["gas.fuel"] + result.cost_usd["gas.variable"] + result.cost_usd.get("gas.starts", 0.0)


def hour_usd(units_w, demand_w):
    """Cost of an hour with so much running, and none where it cannot run so low."""
    if demand_w < PLANT.least_load_frac * units_w:
        return np.inf
    output = min(units_w, demand_w) / 1e6
    fuel = 2.0 * 12.0 * (0.9 * output + 0.1 * units_w / 1e6)
    return fuel + 5.0 * output + 300.0 * (demand_w / 1e6 - output)


def whole_units_usd(units_count):
    """Least cost of the day with whole units, every schedule counted out by the last state (the day is a circle)."""
    unit_w = CAPACITY_W / units_count
    states = range(units_count + 1)
    best = np.inf
    for first in states:
        value = {first: hour_usd(first * unit_w, DEMAND_W_H[0])}
        for demand_w in DEMAND_W_H[1:]:
            value = {
                now: min(cost + 80.0 * max(now - before, 0) * unit_w / 1e6 for before, cost in value.items())
                + hour_usd(now * unit_w, demand_w)
                for now in states
            }
        best = min(best, *(cost + 80.0 * max(first - last, 0) * unit_w / 1e6 for last, cost in value.items()))
    return best


def test_many_whole_units_cost_what_the_continuum_does_and_few_cost_more():
    relaxed = dispatch(PROBLEM, {"gas": CAPACITY_W})
    bound = running_usd(relaxed) + relaxed.cost_usd.get("unserved", 0.0)
    costs = [whole_units_usd(count) for count in (1, 2, 4, 200)]
    assert costs[3] == pytest.approx(bound, rel=1e-3)
    assert bound <= min(costs) * (1.0 + 1e-9)
    assert costs[0] > 1.02 * bound  # one unit of 100 MW cannot follow 10 MW


def test_the_counting_of_whole_units_is_itself_right():
    """Two units: all 3^6 schedules one by one."""
    unit_w = CAPACITY_W / 2

    def cost(schedule):
        starts = sum(max(b - a, 0) for a, b in pairwise((schedule[-1], *schedule)))
        hours = sum(hour_usd(n * unit_w, d) for n, d in zip(schedule, DEMAND_W_H, strict=True))
        return hours + 80.0 * starts * unit_w / 1e6

    assert whole_units_usd(2) == pytest.approx(min(cost(s) for s in product(range(3), repeat=6)))


def test_the_programme_agrees_with_one_written_out():
    """Columns: output, running, started, unserved; each of six hours."""
    n = DEMAND_W_H.size
    eye, none = np.eye(n), np.zeros((n, n))
    back = np.roll(eye, -1, axis=1)
    cost = np.repeat([5.0 + 24.0 * 0.9, 24.0 * 0.1, 80.0, 300.0], n)
    limits = np.block([[eye, -eye, none, none], [-eye, 0.4 * eye, none, none], [none, eye - back.T, -eye, none]])
    balance = np.block([eye, none, none, eye])
    bounds = [(0, None)] * n + [(0, 100.0)] * n + [(0, None)] * 2 * n
    own = linprog(cost, limits, np.zeros(3 * n), balance, DEMAND_W_H / 1e6, bounds)
    found = dispatch(PROBLEM, {"gas": CAPACITY_W})
    assert running_usd(found) + found.cost_usd.get("unserved", 0.0) == pytest.approx(own.fun, rel=1e-6)


def test_every_hour_runs_between_minimum_and_what_is_running_and_burns_along_the_line():
    result = dispatch(PROBLEM, {"gas": CAPACITY_W})
    output, running = result.output_w_H["gas"], result.running_w_H["gas"]
    assert (output <= running + 1.0).all()
    assert (output >= PLANT.least_load_frac * running - 1.0).all()
    assert (running <= CAPACITY_W + 1.0).all()
    burned_mwh = 2.0 * (0.9 * output.sum() + 0.1 * running.sum()) / 1e6
    assert result.cost_usd["gas.fuel"] == pytest.approx(12.0 * burned_mwh)
    assert result.carbon.onsite_kg == pytest.approx(181.0 * burned_mwh)
    assert result.cost_usd["gas.starts"] == pytest.approx(80.0 * started_w(running).sum() / 1e6)


def test_each_of_minimum_load_starts_and_no_load_fuel_costs_and_nothing_of_them_changes_nothing():
    plain = replace(PLANT, least_load_frac=0.0, start_usd_per_mw=0.0, no_load_fuel_frac=0.0)
    battery = Storage("battery", 0.001, 15.0, 2.0, charge_frac=0.93, discharge_frac=0.93, min_w=2e7, max_w=2e7)
    problem = replace(PROBLEM, storages=(battery,))
    held = {"gas": CAPACITY_W, "battery": 2e7}
    base = dispatch(replace(problem, generators=(plain,)), held)
    assert not base.running_w_H
    for name in ("least_load_frac", "start_usd_per_mw", "no_load_fuel_frac"):
        one = replace(plain, **{name: getattr(PLANT, name)})
        found = dispatch(replace(problem, generators=(one,)), held)
        assert found.total_usd >= base.total_usd * (1.0 - 1e-9)
    tiny = dispatch(replace(problem, generators=(replace(plain, start_usd_per_mw=1e-6),)), held)
    assert tiny.total_usd == pytest.approx(base.total_usd, rel=1e-6)


def test_a_sized_island_pays_for_starts():
    days = slice(0, 168)
    year = abilene()
    generators = tuple(
        g if g.availability_frac_H is None else replace(g, availability_frac_H=g.availability_frac_H[days])
        for g in year.generators
    )
    week = replace(year, demand_w_H=year.demand_w_H[days], generators=generators)
    gas = replace(generators[2], least_load_frac=0.4, start_usd_per_mw=96.0)
    plain, committed = size_supply(week), size_supply(replace(week, generators=(*generators[:2], gas)))
    assert committed.total_usd > plain.total_usd
    assert committed.certificate.residual_frac < 1e-9


def test_the_catalogue_gives_every_plant_that_burns_its_starts():
    for kind in load().shelf("supply").values():
        if kind.technology in ("gas", "fuel-cell") and kind.capex_usd_per_w is not None:
            plant = generator(kind, commitment=True)
            assert plant.is_committed
            assert not generator(kind).is_committed
            assert 0.0 < plant.least_load_frac < 1.0
            assert plant.start_usd_per_mw > 0.0
    assert 0.0 < generator(load().shelf("supply")["ccgt"], commitment=True).no_load_fuel_frac < 0.3


@pytest.mark.parametrize(
    ("name", "value"), [("least_load_frac", 1.2), ("no_load_fuel_frac", -0.1), ("start_usd_per_mw", -1.0)]
)
def test_what_is_no_share_is_refused(name, value):
    with pytest.raises(InputError, match=name):
        size_supply(replace(PROBLEM, generators=(replace(PLANT, **{name: value}),)))
