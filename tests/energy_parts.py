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


class LongForm:
    """A problem with one row and one column for everything; power in MW, money in USD."""

    def __init__(self, problem):
        self.problem, self.hours = problem, range(problem.demand_w_H.size)
        self.demand = problem.demand_w_H / 1e6
        self.lower, self.upper, self.cost = [], [], []
        self.equal, self.below = [], []
        self.balance = [{} for _ in self.hours]
        self.carbon, self.dirty, self.lost = {}, {}, []

    def new(self, count, price=0.0, low=0.0, high=np.inf):
        """Add columns and return their positions."""
        for known, given in ((self.lower, low), (self.upper, high), (self.cost, price)):
            known.extend(np.broadcast_to(given, count).tolist())
        return np.arange(len(self.cost) - count, len(self.cost))

    def yearly(self, part, usd):
        """Return the annuity of a cost."""
        rate = self.problem.discount_rate_frac
        return rate / (1.0 - (1.0 + rate) ** -part.life_years) * usd

    def add_generator(self, g):
        price = self.yearly(g, g.capex_usd_per_w * 1e6) + g.fixed_usd_per_mw_year
        cap = self.new(1, price, g.min_w / 1e6, g.max_w / 1e6)
        out = self.new(len(self.hours), g.marginal_usd_per_mwh)
        available = np.ones(len(self.hours)) if g.availability_frac_H is None else g.availability_frac_H
        for hour in self.hours:
            self.below.append(({out[hour]: 1.0, cap[0]: -available[hour]}, 0.0))
            self.balance[hour][out[hour]] = 1.0
            self.carbon[out[hour]] = g.emission_kg_per_mwh
            self.dirty[out[hour]] = float(g.emission_kg_per_mwh > 0.0)
        if np.isfinite(g.energy_limit_frac):
            self.below.append((dict.fromkeys(out, 1.0), g.energy_limit_frac * self.demand.sum()))

    def add_storage(self, s):
        price = self.yearly(s, s.capex_usd_per_w * 1e6) + s.fixed_usd_per_mw_year
        power = self.new(1, price, s.min_w / 1e6, s.max_w / 1e6)
        energy = self.new(1, self.yearly(s, s.capex_usd_per_mwh))
        if s.duration_h > 0.0:
            self.equal.append(({energy[0]: 1.0, power[0]: -s.duration_h}, 0.0))
        count = len(self.hours)
        into, out, level = self.new(count), self.new(count, s.variable_usd_per_mwh), self.new(count)
        for hour in self.hours:
            self.below.append(({into[hour]: 1.0, out[hour]: 1.0, power[0]: -1.0}, 0.0))
            self.below.append(({level[hour]: 1.0, energy[0]: -1.0}, 0.0))
            step = {level[hour]: 1.0, into[hour]: -s.charge_frac, out[hour]: 1.0 / s.discharge_frac}
            step[level[hour - 1]] = step.get(level[hour - 1], 0.0) - 1.0
            self.equal.append((step, 0.0))
            self.balance[hour] |= {into[hour]: -1.0, out[hour]: 1.0}

    def add_agreement(self, p):
        settled = float(np.sum(p.production_frac_H * (p.strike_usd_per_mwh - p.hub_usd_per_mwh_H)))
        contract = self.new(1, settled, p.min_w / 1e6, p.max_w / 1e6)
        used = self.new(len(self.hours), p.hub_usd_per_mwh_H + p.delivery_usd_per_mwh)
        for hour in self.hours:
            self.below.append(({used[hour]: 1.0, contract[0]: -p.production_frac_H[hour]}, 0.0))
            self.balance[hour][used[hour]] = 1.0
        return used

    def add_grid(self, grid):
        taken = self.new(len(self.hours), grid.price_usd_per_mwh_H)
        used = [self.add_agreement(ppa) for ppa in self.problem.ppas]
        month = self.problem.month_of_hour_H
        months = int(month.max()) + 1
        least = [grid.minimum_bill_frac * grid.limit_w_H[month == m].max() / 1e6 for m in range(months)]
        billed = self.new(months, grid.demand_usd_per_mw_month, np.array(least))
        for hour in self.hours:
            through = {taken[hour]: 1.0} | {block[hour]: 1.0 for block in used}
            self.below.append((through, grid.limit_w_H[hour] / 1e6))
            for m in range(months):  # the ratchet in one row per hour and month
                share = 1.0 if m == month[hour] else grid.ratchet_frac
                self.below.append((dict.fromkeys(through, share) | {billed[m]: -1.0}, 0.0))
            self.balance[hour][taken[hour]] = 1.0
            self.carbon[taken[hour]] = grid.carbon_kg_per_mwh_H[hour]
            self.dirty[taken[hour]] = 1.0 - grid.carbon_free_frac_H[hour]

    def add_shortfall(self):
        problem, count = self.problem, len(self.hours)
        if problem.unserved_usd_per_mwh is not None:
            self.lost.append(self.new(count, problem.unserved_usd_per_mwh, 0.0, self.demand))
        if problem.flexible is not None:
            share = problem.flexible.share_frac * self.demand
            self.lost.append(self.new(count, problem.flexible.value_usd_per_mwh, 0.0, share))
            limit = problem.flexible.year_limit_frac * self.demand.sum()
            self.below.append((dict.fromkeys(self.lost[-1], 1.0), limit))
        for block in self.lost:
            for hour in self.hours:
                self.balance[hour][block[hour]] = 1.0

    def add_rules(self):
        if np.isfinite(self.problem.carbon_limit_kg):
            self.below.append((self.carbon, self.problem.carbon_limit_kg))
        if self.problem.carbon_free_min_frac > 0.0:
            allowed = 1.0 - self.problem.carbon_free_min_frac
            row = self.dirty | {column: allowed for block in self.lost for column in block}
            self.below.append((row, allowed * self.demand.sum()))
        self.equal += [(row, self.demand[hour]) for hour, row in enumerate(self.balance)]

    def matrix(self, rows):
        entries = [(r, c, v) for r, (row, _) in enumerate(rows) for c, v in row.items()]
        r, c, v = zip(*entries, strict=True)
        return sparse.csr_matrix((v, (r, c)), shape=(len(rows), len(self.cost))), [right for _, right in rows]


def least_cost_usd(problem):
    """Least cost of a problem, from one row and one column for everything, solved by scipy's linprog."""
    form = LongForm(problem)
    for generator in problem.generators:
        form.add_generator(generator)
    for storage in problem.storages:
        form.add_storage(storage)
    if problem.grid is not None:
        form.add_grid(problem.grid)
    form.add_shortfall()
    form.add_rules()
    (a_ub, b_ub), (a_eq, b_eq) = form.matrix(form.below), form.matrix(form.equal)
    bounds = np.column_stack([form.lower, form.upper])
    found = linprog(form.cost, A_ub=a_ub, b_ub=b_ub, A_eq=a_eq, b_eq=b_eq, bounds=bounds, method="highs-ds")
    assert found.status in (0, 2), found.message
    return found.fun if found.status == 0 else None
