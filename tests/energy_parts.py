"""Supply problems that several tests share, and the same linear programme written again the long way.

Shape letter: H hours.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from gigawatt.catalogue import load
from gigawatt.engines.energy import Generator, Grid, Ppa, Storage, SupplyProblem, plain_solar_frac, wind_frac


def abilene(**changes):
    """The published sizing problem: 1,000 MW flat at Abilene, gas for at most 30 % of the energy."""
    hours = load().weather("abilene_tx")
    sun = plain_solar_frac(np.array(hours["ghi_w_m2"]))
    wind = wind_frac(np.array(hours["wind_m_s"]), shear_exponent=0.143)
    given = {
        "demand_w_H": np.full(8760, 1e9),
        "discount_rate_frac": 0.08,
        "generators": (
            Generator("solar", 1.1, 30.0, 20e3, 0.01, availability_frac_H=sun),
            Generator("wind", 1.5, 30.0, 30e3, 0.02, availability_frac_H=wind),
            Generator("gas", 2.0, 30.0, 20e3, 35.0, energy_limit_frac=0.30),
        ),
        "storages": (Storage("battery", 1.0, 15.0, 4.0, charge_frac=0.93, discharge_frac=0.93),),
    }
    return SupplyProblem(**{**given, **changes})


def small(seed=0, hours=48, **changes):
    """Two days with every kind of part, drawn from a seed."""
    rng = np.random.default_rng(seed)
    sun = np.clip(np.sin((np.arange(hours) - 6.0) * np.pi / 12.0), 0.0, 1.0) * rng.uniform(0.6, 1.0, hours)
    hub = rng.uniform(-5.0, 60.0, hours)
    month = (np.arange(hours) * 2 // hours).astype(np.int64)
    given = {
        "demand_w_H": rng.uniform(80e6, 100e6, hours),
        "discount_rate_frac": 0.07,
        "generators": (
            Generator("solar", 0.004, 30.0, 0.0, 0.5, availability_frac_H=sun, max_w=120e6),
            Generator("wind", 0.006, 30.0, 0.0, 1.5, availability_frac_H=rng.uniform(0.0, 1.0, hours), max_w=80e6),
            Generator("gas", 0.003, 25.0, 40.0, 3.0, 2.0, 12.0, 181.0, energy_limit_frac=0.5),
        ),
        "storages": (Storage("battery", 0.002, 15.0, 0.0, 300.0, 10.0, 0.2, 0.95, 0.9),),
        "grid": Grid(
            np.linspace(30e6, 60e6, hours), rng.uniform(-10.0, 90.0, hours), np.full(hours, 400.0),
            rng.uniform(0.1, 0.6, hours), 900.0, 0.9, 0.4,
        ),
        "ppas": (Ppa("deal", 25.0, rng.uniform(0.0, 1.0, hours), hub, 4.0, max_w=40e6),),
        "unserved_usd_per_mwh": 5000.0,
        "carbon_limit_kg": 500e3,
        "month_of_hour_H": month,
    }  # fmt: skip
    return SupplyProblem(**{**given, **changes})


def least_cost_usd(problem):
    """Least cost of a problem, from one row and one column for everything, solved by scipy's linprog."""
    hours_count = problem.demand_w_H.size
    lower, upper, cost, columns = [], [], [], 0
    equal, below = [], []

    def new(count, price=0.0, low=0.0, high=np.inf):
        nonlocal columns
        lower.extend(np.broadcast_to(low, count).tolist())
        upper.extend(np.broadcast_to(high, count).tolist())
        cost.extend(np.broadcast_to(price, count).tolist())
        columns += count
        return np.arange(columns - count, columns)

    demand = problem.demand_w_H / 1e6
    balance = [{} for _ in range(hours_count)]
    carbon, dirty = {}, {}

    def crf(life):
        rate = problem.discount_rate_frac
        return rate / (1.0 - (1.0 + rate) ** -life)

    for g in problem.generators:
        cap = new(
            1, crf(g.life_years) * g.capex_usd_per_w * 1e6 + g.fixed_usd_per_mw_year, g.min_w / 1e6, g.max_w / 1e6
        )
        out = new(hours_count, g.marginal_usd_per_mwh)
        available = np.ones(hours_count) if g.availability_frac_H is None else g.availability_frac_H
        for hour in range(hours_count):
            below.append(({out[hour]: 1.0, cap[0]: -available[hour]}, 0.0))
            balance[hour][out[hour]] = 1.0
            carbon[out[hour]] = g.emission_kg_per_mwh
            dirty[out[hour]] = float(g.emission_kg_per_mwh > 0.0)
        if np.isfinite(g.energy_limit_frac):
            below.append((dict.fromkeys(out, 1.0), g.energy_limit_frac * demand.sum()))
    for s in problem.storages:
        energy_cost = crf(s.life_years) * s.capex_usd_per_mwh
        power_cost = crf(s.life_years) * s.capex_usd_per_w * 1e6 + s.fixed_usd_per_mw_year
        power, energy = new(1, power_cost, s.min_w / 1e6, s.max_w / 1e6), new(1, energy_cost)
        if s.duration_h > 0.0:
            equal.append(({energy[0]: 1.0, power[0]: -s.duration_h}, 0.0))
        into, out, level = new(hours_count), new(hours_count, s.variable_usd_per_mwh), new(hours_count)
        for hour in range(hours_count):
            below.append(({into[hour]: 1.0, out[hour]: 1.0, power[0]: -1.0}, 0.0))
            below.append(({level[hour]: 1.0, energy[0]: -1.0}, 0.0))
            step = {level[hour]: 1.0, into[hour]: -s.charge_frac, out[hour]: 1.0 / s.discharge_frac}
            step[level[hour - 1]] = step.get(level[hour - 1], 0.0) - 1.0
            equal.append((step, 0.0))
            balance[hour] |= {into[hour]: -1.0, out[hour]: 1.0}
    if problem.grid is not None:
        grid = problem.grid
        taken = new(hours_count, grid.price_usd_per_mwh_H)
        used = []
        for p in problem.ppas:
            settled = float(np.sum(p.production_frac_H * (p.strike_usd_per_mwh - p.hub_usd_per_mwh_H)))
            contract = new(1, settled, p.min_w / 1e6, p.max_w / 1e6)
            used.append(new(hours_count, p.hub_usd_per_mwh_H + p.delivery_usd_per_mwh))
            for hour in range(hours_count):
                below.append(({used[-1][hour]: 1.0, contract[0]: -p.production_frac_H[hour]}, 0.0))
                balance[hour][used[-1][hour]] = 1.0
        month = problem.month_of_hour_H
        months = int(month.max()) + 1
        least = [grid.minimum_bill_frac * grid.limit_w_H[month == m].max() / 1e6 for m in range(months)]
        billed = new(months, grid.demand_usd_per_mw_month, np.array(least))
        for hour in range(hours_count):
            through = {taken[hour]: 1.0} | {block[hour]: 1.0 for block in used}
            below.append((through, grid.limit_w_H[hour] / 1e6))
            for m in range(months):  # the ratchet in one row per hour and month
                share = 1.0 if m == month[hour] else grid.ratchet_frac
                below.append((dict.fromkeys(through, share) | {billed[m]: -1.0}, 0.0))
            balance[hour][taken[hour]] = 1.0
            carbon[taken[hour]] = grid.carbon_kg_per_mwh_H[hour]
            dirty[taken[hour]] = 1.0 - grid.carbon_free_frac_H[hour]
    lost = []
    if problem.unserved_usd_per_mwh is not None:
        lost.append(new(hours_count, problem.unserved_usd_per_mwh, 0.0, demand))
    if problem.flexible is not None:
        lost.append(new(hours_count, problem.flexible.value_usd_per_mwh, 0.0, problem.flexible.share_frac * demand))
        below.append((dict.fromkeys(lost[-1], 1.0), problem.flexible.year_limit_frac * demand.sum()))
    for block in lost:
        for hour in range(hours_count):
            balance[hour][block[hour]] = 1.0
    if np.isfinite(problem.carbon_limit_kg):
        below.append((carbon, problem.carbon_limit_kg))
    if problem.carbon_free_min_frac > 0.0:
        allowed = 1.0 - problem.carbon_free_min_frac
        row = dirty | {column: allowed for block in lost for column in block}
        below.append((row, allowed * demand.sum()))
    equal += [(row, demand[hour]) for hour, row in enumerate(balance)]

    def matrix(rows):
        entries = [(r, c, v) for r, (row, _) in enumerate(rows) for c, v in row.items()]
        r, c, v = zip(*entries, strict=True)
        return sparse.csr_matrix((v, (r, c)), shape=(len(rows), columns)), [right for _, right in rows]

    (a_ub, b_ub), (a_eq, b_eq) = matrix(below), matrix(equal)
    bounds = np.column_stack([lower, upper])
    found = linprog(cost, A_ub=a_ub, b_ub=b_ub, A_eq=a_eq, b_eq=b_eq, bounds=bounds, method="highs-ds")
    assert found.status in (0, 2), found.message
    return found.fun if found.status == 0 else None
