"""What must hold for any supply problem, fleet and tariff. Shape letter: H hours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from energy_parts import small
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.energy import Flexible, firm_units, size_supply
from gigawatt.engines.energy.steps import cluster, months_of

SEEDS = st.integers(0, 2**31 - 1)
FEW = settings(max_examples=15, deadline=None)


def check_balances(problem, supply):
    """Every hour balances, nothing exceeds its bound, and the parts of the cost are the objective."""
    assert supply.certificate.residual_frac <= 1e-9
    assert supply.total_usd == pytest.approx(supply.certificate.lower_bound_usd, rel=1e-7)
    assert supply.total_usd == pytest.approx(sum(supply.cost_usd.values()))
    slack_w = 1e-6 * problem.demand_w_H.max()
    for part in problem.generators:
        available = 1.0 if part.availability_frac_H is None else part.availability_frac_H
        offered = available * supply.capacity_w[part.name]
        assert np.all(supply.output_w_H[part.name] >= -slack_w)
        assert np.all(supply.output_w_H[part.name] <= offered + slack_w)
        assert supply.capacity_w[part.name] <= part.max_w + slack_w
        if part.name in supply.spilled_w_H:
            whole = supply.output_w_H[part.name] + supply.spilled_w_H[part.name]
            assert whole == pytest.approx(offered, abs=slack_w)
    for part in problem.storages:
        stored = supply.stored_mwh_H[part.name]
        into, out = supply.charge_w_H[part.name] / 1e6, supply.output_w_H[part.name] / 1e6
        level = np.roll(stored, 1) + part.charge_frac * into - out / part.discharge_frac
        assert stored == pytest.approx(level, abs=slack_w / 1e6)
        assert stored.max() <= supply.energy_capacity_mwh[part.name] + slack_w / 1e6
        assert np.all(into + out <= supply.capacity_w[part.name] / 1e6 + slack_w / 1e6)
    through = supply.import_w_H + sum(supply.output_w_H[ppa.name] for ppa in problem.ppas)
    assert np.all(through <= problem.grid.limit_w_H + slack_w)
    month = problem.month_of_hour_H
    assert all(through[month == m].max() <= supply.billed_w_M[m] + slack_w for m in range(2))


@FEW
@given(seed=SEEDS, free=st.floats(0.0, 0.9))
def test_a_year_balances_and_its_price_covers_its_cost(seed, free):
    problem = small(seed, carbon_free_min_frac=free, flexible=Flexible(0.1, 300.0))
    supply = size_supply(problem)
    check_balances(problem, supply)
    assert supply.carbon.hourly_kg <= problem.carbon_limit_kg * (1.0 + 1e-6)
    assert supply.carbon.carbon_free_frac >= free - 1e-6
    assert supply.carbon.hourly_kg <= supply.carbon.location_kg + 1e-6


@FEW
@given(seed=SEEDS)
def test_a_tighter_rule_never_saves_and_more_contract_never_costs(seed):
    problem = small(seed, grid=replace(small(seed).grid, minimum_bill_frac=0.0))
    cost = size_supply(problem).total_usd
    slack = 1e-6 * abs(cost) + 1e-3
    assert size_supply(replace(problem, carbon_free_min_frac=0.95)).total_usd >= cost - slack
    assert size_supply(replace(problem, carbon_limit_kg=0.5 * problem.carbon_limit_kg)).total_usd >= cost - slack
    wider = replace(problem.grid, limit_w_H=1.2 * problem.grid.limit_w_H)
    assert size_supply(replace(problem, grid=wider)).total_usd <= cost + slack
    assert size_supply(replace(problem, unserved_usd_per_mwh=1e4)).total_usd >= cost - slack


@FEW
@given(seed=SEEDS, steps_count=st.integers(6, 40))
def test_joined_hours_bound_the_optimum_where_prices_are_flat(seed, steps_count):
    given_problem = small(seed, ppas=())
    grid = given_problem.grid
    flat = {
        name: np.full_like(grid.limit_w_H, getattr(grid, name).mean())
        for name in ("price_usd_per_mwh_H", "carbon_kg_per_mwh_H", "carbon_free_frac_H")
    }
    problem = replace(given_problem, grid=replace(grid, **flat))
    exact, coarse = size_supply(problem), size_supply(problem, steps_count)
    slack = 1e-6 * exact.total_usd
    assert coarse.certificate.lower_bound_usd <= exact.total_usd + slack
    assert exact.total_usd <= coarse.total_usd + slack
    assert coarse.certificate.residual_frac <= 1e-9
    assert coarse.certificate.steps_count == steps_count


@FEW
@given(scale=st.floats(0.001, 1000.0))
def test_a_site_of_any_size_has_the_same_cost_per_megawatt_hour(scale):
    problem = small(7)
    larger = replace(
        problem,
        demand_w_H=scale * problem.demand_w_H,
        generators=tuple(replace(part, max_w=scale * part.max_w) for part in problem.generators),
        ppas=tuple(replace(part, max_w=scale * part.max_w) for part in problem.ppas),
        grid=replace(problem.grid, limit_w_H=scale * problem.grid.limit_w_H),
        carbon_limit_kg=scale * problem.carbon_limit_kg,
    )
    assert size_supply(larger).total_usd == pytest.approx(scale * size_supply(problem).total_usd, rel=1e-7)


@settings(max_examples=50, deadline=None)
@given(
    load_mw=st.floats(1.0, 2000.0),
    unit_mw=st.floats(2.0, 500.0),
    outage=st.floats(0.0, 0.3),
    target=st.floats(0.5, 0.9999),
)
def test_a_fleet_covers_its_load_and_better_targets_need_no_fewer_units(load_mw, unit_mw, outage, target):
    fleet = firm_units(load_mw * 1e6, unit_mw * 1e6, outage, target)
    assert fleet.needed_count * unit_mw >= load_mw * (1.0 - 1e-8)
    assert fleet.availability_frac >= target
    stricter = firm_units(load_mw * 1e6, unit_mw * 1e6, outage, 0.5 + 0.5 * target)
    assert stricter.units_count >= fleet.units_count


@FEW
@given(seed=SEEDS, steps_count=st.integers(12, 300))
def test_joining_keeps_every_hour_every_sum_and_every_month(seed, steps_count):
    rng = np.random.default_rng(seed)
    hours = 31 * 24 + 28 * 24
    series = rng.uniform(0.0, 1.0, (3, hours))
    month = months_of(hours, None)
    steps = cluster(series, steps_count, month)
    assert len(steps.hours_K) == steps_count
    assert steps.hours_K.sum() == hours
    for row in series:
        assert float(steps.mean(row) @ steps.hours_K) == pytest.approx(row.sum())
    assert np.all(month[steps.start_K] == month[(steps.start_K + steps.hours_K - 1).astype(int)])
