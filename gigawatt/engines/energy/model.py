"""The linear programme of a supply problem. H hours, K steps, M months.

Power is counted in units of the highest demand, money in thousands of dollars per megawatt of it, so that all
coefficients lie near one: a capacity costs its USD/kW and a unit of energy its USD/kWh.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gigawatt.engines.energy.commitment import commit
from gigawatt.engines.energy.money import capital_recovery_per_year
from gigawatt.engines.energy.program import Block, Program
from gigawatt.engines.energy.steps import months_of
from gigawatt.engines.energy.types import Floats, Generator, Grid, Integers, Ppa, Steps, Storage, SupplyProblem
from gigawatt.units import WATTS_PER_MEGAWATT

NOTHING = Block(0, 0)
PER_THOUSAND = 1e-3  # USD/MWh to thousands of USD per MWh, USD/MW to thousands of USD per MW, kg to t


@dataclass(slots=True)
class Model:
    """A programme and where its parts stand."""

    program: Program
    base_w: float
    problem: SupplyProblem
    steps: Steps
    capacity: dict[str, Block] = field(default_factory=dict)
    energy_capacity: dict[str, Block] = field(default_factory=dict)
    output: dict[str, Block] = field(default_factory=dict)
    running: dict[str, Block] = field(default_factory=dict)
    spill: dict[tuple[str, ...], Block] = field(default_factory=dict)
    charge: dict[str, Block] = field(default_factory=dict)
    stored: dict[str, Block] = field(default_factory=dict)
    imported: Block | None = None
    import_limit: Block | None = None
    billed: Block | None = None
    unserved: Block | None = None
    turned_down: Block | None = None
    balance: Block = NOTHING
    policy: dict[str, Block] = field(default_factory=dict)


def availability(generator: Generator, steps: Steps) -> Floats:
    """Return a generator's availability by step; 1 where it has no profile."""
    if generator.availability_frac_H is None:
        return np.ones_like(steps.hours_K)
    return steps.mean(generator.availability_frac_H)


def yearly_usd_per_w(problem: SupplyProblem, part: Generator | Storage) -> float:
    """Return capital recovery and fixed cost of a watt for a year [USD/W]."""
    recovery = capital_recovery_per_year(problem.discount_rate_frac, part.life_years)
    return recovery * part.capex_usd_per_w + part.fixed_usd_per_mw_year / WATTS_PER_MEGAWATT


def build(problem: SupplyProblem, steps: Steps) -> Model:
    """Put the programme together.

    Parameters
    ----------
    problem : SupplyProblem
        Checked.
    steps : Steps

    Returns
    -------
    Model
    """
    base_w = float(np.max(problem.demand_w_H))
    model = Model(Program(), base_w, problem, steps)
    demand_K = steps.mean(problem.demand_w_H) / base_w
    model.balance = model.program.rows(len(demand_K), demand_K, demand_K, steps.index)
    groups: dict[float, list[Generator]] = {}
    for generator in problem.generators:
        if generator.runs_by_itself:
            groups.setdefault(generator.variable_usd_per_mwh, []).append(generator)
        else:
            _dispatchable(model, generator)
    for rank, cost in enumerate(sorted(groups)):
        _by_itself(model, groups[cost], first=rank == 0)
    for storage in problem.storages:
        _storage(model, storage)
    if problem.grid is not None:
        _grid(model, problem.grid)
    _shortfall(model, demand_K)
    _policies(model, demand_K)
    return model


def _capacity(model: Model, part: Generator | Storage, cost: float) -> Block:
    """Add the capacity column of a plant."""
    block = model.program.columns(1, cost, part.min_w / model.base_w, part.max_w / model.base_w)
    model.capacity[part.name] = block
    return block


def _dispatchable(model: Model, generator: Generator) -> None:
    """Add a plant whose output is chosen, up to what the hour allows, or to what is running of that."""
    program, hours_K = model.program, model.steps.hours_K
    available_K = availability(generator, model.steps)
    capacity = _capacity(model, generator, yearly_usd_per_w(model.problem, generator) / PER_THOUSAND)
    fixed = generator.min_w == generator.max_w
    upper = available_K * generator.max_w / model.base_w if fixed else np.inf
    saved = generator.heat_rate_ratio * generator.fuel_usd_per_mwh * generator.no_load_fuel_frac
    cost = (generator.marginal_usd_per_mwh - saved) * PER_THOUSAND * hours_K
    output = program.columns(len(hours_K), cost, 0.0, upper)
    limited = output
    if generator.is_committed:
        limited = commit(program, generator, output, hours_K, model.steps.index, upper)
        model.running[generator.name] = limited
    if not fixed:
        rows = program.rows(len(hours_K), -np.inf, 0.0, model.steps.index)
        program.put(rows, limited, 1.0)
        program.put(rows, capacity, -available_K)
    program.put(model.balance, output, 1.0)
    model.output[generator.name] = output


def _by_itself(model: Model, group: list[Generator], first: bool) -> None:
    """Add plants of one variable cost that produce what sun and wind offer, and their common spill.

    The group whose output costs least needs no row to keep its spill within its output: spilling anything dearer than
    its credit never pays, except in steps where import costs less than that.
    """
    program, hours_K = model.program, model.steps.hours_K
    marginal = group[0].variable_usd_per_mwh * PER_THOUSAND
    capacities, offered_K = [], np.zeros_like(hours_K)
    for generator in group:
        available_K = availability(generator, model.steps)
        cost = yearly_usd_per_w(model.problem, generator) / PER_THOUSAND + marginal * float(available_K @ hours_K)
        capacity = _capacity(model, generator, cost)
        program.put(model.balance, capacity, available_K)
        capacities.append((capacity, available_K))
        offered_K = np.maximum(offered_K, available_K)
    spill = program.columns(len(hours_K), -marginal * hours_K, 0.0, np.where(offered_K > 0.0, np.inf, 0.0))
    program.put(model.balance, spill, -1.0)
    bound = offered_K > 0.0
    if first:
        bound &= _cheapest_other(model) < marginal
    at = np.flatnonzero(bound)
    rows = program.rows(len(at), -np.inf, 0.0, at)
    program.put(rows, spill.index[at], 1.0)
    for capacity, available_K in capacities:
        program.put(rows, capacity, -available_K[at])
    model.spill[tuple(generator.name for generator in group)] = spill


def _cheapest_other(model: Model) -> Floats:
    """Least marginal cost by step of everything that does not run by itself [1000 USD/MWh]."""
    problem, steps = model.problem, model.steps
    least = min((g.marginal_usd_per_mwh for g in problem.generators if not g.runs_by_itself), default=np.inf)
    cheapest_K = np.full_like(steps.hours_K, least)
    if problem.grid is not None:
        cheapest_K = np.minimum(cheapest_K, steps.mean(problem.grid.price_usd_per_mwh_H))
    for ppa in problem.ppas:
        cheapest_K = np.minimum(cheapest_K, steps.mean(ppa.hub_usd_per_mwh_H) + ppa.delivery_usd_per_mwh)
    return cheapest_K * PER_THOUSAND


def _storage(model: Model, storage: Storage) -> None:
    """Add a storage: power, energy, charge, discharge and what is stored at the end of each step, cyclic."""
    program, hours_K = model.program, model.steps.hours_K
    steps_count = len(hours_K)
    recovery = capital_recovery_per_year(model.problem.discount_rate_frac, storage.life_years)
    per_mwh = recovery * storage.capex_usd_per_mwh * PER_THOUSAND
    cost = yearly_usd_per_w(model.problem, storage) / PER_THOUSAND + storage.duration_h * per_mwh
    power = _capacity(model, storage, cost)
    charge = program.columns(steps_count)
    discharge = program.columns(steps_count, storage.variable_usd_per_mwh * PER_THOUSAND * hours_K)
    converter = program.rows(steps_count, -np.inf, 0.0, model.steps.index)
    program.put(converter, charge, 1.0)
    program.put(converter, discharge, 1.0)
    program.put(converter, power, -1.0)
    stored = program.columns(steps_count)
    tank = program.rows(steps_count, -np.inf, 0.0, model.steps.index)
    program.put(tank, stored, 1.0)
    if storage.duration_h > 0.0:
        program.put(tank, power, -storage.duration_h)
    else:
        model.energy_capacity[storage.name] = program.columns(1, per_mwh)
        program.put(tank, model.energy_capacity[storage.name], -1.0)
    level = program.rows(steps_count, 0.0, 0.0, model.steps.index)
    program.put(level, stored, 1.0)
    program.put(level, np.roll(stored.index, 1), -1.0)
    program.put(level, charge, -storage.charge_frac * hours_K)
    program.put(level, discharge, hours_K / storage.discharge_frac)
    program.put(model.balance, charge, -1.0)
    program.put(model.balance, discharge, 1.0)
    model.charge[storage.name], model.output[storage.name], model.stored[storage.name] = charge, discharge, stored


def _grid(model: Model, grid: Grid) -> None:
    """Add import, power purchase agreements, which share its limit, and the demand charge."""
    program, steps, problem = model.program, model.steps, model.problem
    limit_K = steps.mean(grid.limit_w_H) / model.base_w
    cost_K = steps.mean(grid.price_usd_per_mwh_H) * PER_THOUSAND * steps.hours_K
    model.imported = program.columns(len(limit_K), cost_K, 0.0, np.inf if problem.ppas else limit_K)
    program.put(model.balance, model.imported, 1.0)
    for ppa in problem.ppas:
        _agreement(model, ppa)
    taken = [model.imported, *(model.output[ppa.name] for ppa in problem.ppas)]
    if problem.ppas:
        model.import_limit = program.rows(len(limit_K), -np.inf, limit_K, steps.index)
        for block in taken:
            program.put(model.import_limit, block, 1.0)
    if grid.demand_usd_per_mw_month > 0.0:
        _demand_charge(model, grid, taken)


def _agreement(model: Model, ppa: Ppa) -> None:
    """Add a power purchase agreement: what is settled follows the contract, what is used is bought at the hub."""
    program, steps = model.program, model.steps
    settled = float(np.sum(ppa.production_frac_H * (ppa.strike_usd_per_mwh - ppa.hub_usd_per_mwh_H))) * PER_THOUSAND
    contract = program.columns(1, settled, ppa.min_w / model.base_w, ppa.max_w / model.base_w)
    price_K = steps.mean(ppa.hub_usd_per_mwh_H) + ppa.delivery_usd_per_mwh
    used = program.columns(len(price_K), price_K * PER_THOUSAND * steps.hours_K)
    rows = program.rows(len(price_K), -np.inf, 0.0, steps.index)
    program.put(rows, used, 1.0)
    program.put(rows, contract, -steps.mean(ppa.production_frac_H))
    program.put(model.balance, used, 1.0)
    model.capacity[ppa.name], model.output[ppa.name] = contract, used


def _emit(model: Model, row: Block, generator: Generator) -> None:
    """Put what a plant emits into a row: by output, and by what is running."""
    each_K = generator.emission_kg_per_mwh * PER_THOUSAND * model.steps.hours_K
    idle = generator.no_load_fuel_frac
    model.program.put(row, model.output[generator.name], (1.0 - idle) * each_K)
    if idle > 0.0:
        model.program.put(row, model.running[generator.name], idle * each_K)


def contract_of_month(grid: Grid, month_H: Integers) -> Floats:
    """Return the contracted import of each month: the most that any of its hours allows [W]."""
    contract_w_M = np.zeros(int(month_H.max()) + 1)
    np.maximum.at(contract_w_M, month_H, grid.limit_w_H)
    return contract_w_M


def _demand_charge(model: Model, grid: Grid, taken: list[Block]) -> None:
    """Add the billed demand of each month: its peak, the ratchet on the year's, the minimum bill."""
    program, steps = model.program, model.steps
    month_H = months_of(steps.hours_count, model.problem.month_of_hour_H)
    month_K = month_H[steps.start_K]
    least_M = grid.minimum_bill_frac * contract_of_month(grid, month_H) / model.base_w
    months_count = len(least_M)
    peak, year = program.columns(months_count), program.columns(1)
    billed = program.columns(months_count, grid.demand_usd_per_mw_month * PER_THOUSAND, least_M)
    above = program.rows(len(month_K), -np.inf, 0.0, steps.index)
    for block in taken:
        program.put(above, block, 1.0)
    program.put(above, peak.index[month_K], -1.0)
    for low, high, share in ((peak, billed, 1.0), (year, billed, grid.ratchet_frac), (peak, year, 1.0)):
        rows = program.rows(months_count, -np.inf, 0.0)
        program.put(rows, low, share)
        program.put(rows, high, -1.0)
    model.billed = billed


def _shortfall(model: Model, demand_K: Floats) -> None:
    """Add demand that is not served and compute that is turned down."""
    program, problem, hours_K = model.program, model.problem, model.steps.hours_K
    if problem.unserved_usd_per_mwh is not None:
        cost_K = problem.unserved_usd_per_mwh * PER_THOUSAND * hours_K
        model.unserved = program.columns(len(hours_K), cost_K, 0.0, demand_K)
        program.put(model.balance, model.unserved, 1.0)
    if problem.flexible is not None:
        cost_K = problem.flexible.value_usd_per_mwh * PER_THOUSAND * hours_K
        model.turned_down = program.columns(len(hours_K), cost_K, 0.0, problem.flexible.share_frac * demand_K)
        program.put(model.balance, model.turned_down, 1.0)
        if problem.flexible.year_limit_frac < 1.0:
            row = program.rows(1, -np.inf, problem.flexible.year_limit_frac * float(demand_K @ hours_K))
            program.put(row, model.turned_down, hours_K)


def _policies(model: Model, demand_K: Floats) -> None:
    """Add what must hold over the year: fuel energy, carbon, the carbon-free share."""
    program, problem, steps = model.program, model.problem, model.steps
    hours_K, energy = steps.hours_K, float(demand_K @ steps.hours_K)
    for generator in problem.generators:
        if np.isfinite(generator.energy_limit_frac):
            row = program.rows(1, -np.inf, generator.energy_limit_frac * energy)
            program.put(row, model.output[generator.name], hours_K)
            model.policy[f"energy of {generator.name}"] = row
    burning = [g for g in problem.generators if g.emission_kg_per_mwh > 0.0]
    if np.isfinite(problem.carbon_limit_kg):
        limit = problem.carbon_limit_kg * PER_THOUSAND / (model.base_w / WATTS_PER_MEGAWATT)
        row = program.rows(1, -np.inf, limit)
        for generator in burning:
            _emit(model, row, generator)
        if problem.grid is not None and model.imported is not None:
            carbon_K = steps.mean(problem.grid.carbon_kg_per_mwh_H) * PER_THOUSAND
            program.put(row, model.imported, carbon_K * hours_K)
        model.policy["carbon"] = row
    if problem.carbon_free_min_frac > 0.0:
        allowed = 1.0 - problem.carbon_free_min_frac
        row = program.rows(1, -np.inf, allowed * energy)
        for generator in burning:
            program.put(row, model.output[generator.name], hours_K)
        if problem.grid is not None and model.imported is not None:
            program.put(row, model.imported, (1.0 - steps.mean(problem.grid.carbon_free_frac_H)) * hours_K)
        for block in (model.unserved, model.turned_down):
            if block is not None:
                program.put(row, block, allowed * hours_K)
        model.policy["carbon-free share"] = row
