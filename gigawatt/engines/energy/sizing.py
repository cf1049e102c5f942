"""Size and dispatch a supply. H hours, K steps, S series."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from gigawatt.engines.energy.check import check
from gigawatt.engines.energy.infeasible import explain
from gigawatt.engines.energy.model import PER_THOUSAND, Model, build
from gigawatt.engines.energy.program import Solution
from gigawatt.engines.energy.readout import capacities, prices, read, slope_of
from gigawatt.engines.energy.result import SupplyResult
from gigawatt.engines.energy.steps import cluster, every_hour, months_of
from gigawatt.engines.energy.types import (
    UNSERVED_USD_PER_MWH,
    Floats,
    Generator,
    Ppa,
    Steps,
    Storage,
    SupplyProblem,
)
from gigawatt.errors import EngineError, InfeasibleError, InputError
from gigawatt.units import WATTS_PER_MEGAWATT

P = TypeVar("P", Generator, Storage, Ppa)
# With more steps than this, interior point and crossover find capacities sooner than the simplex method (measured).
INTERIOR_STEPS_COUNT = 400
# Dispatches in search of the factor by which capacities found on joined hours fall short. [1]
DISPATCHES_COUNT = 3
# Step beyond where the first tangent meets the promised cost; the cost is convex, so the tangent stops short. [1]
OVERSHOOT_RATIO = 1.5
# Cost within this share of the coarse programme's is good enough to stop. [1]
CLOSE_FRAC = 0.02
# First factor: what joining hours to about 1,500 steps was seen to take off. [1]
FIRST_FACTOR = 1.01
# Capacities are enlarged by this share before dispatch, so that rounding does not make them too small. [1]
MARGIN_FRAC = 2e-6
# A dispatch within this share of the proven lower bound is taken as the optimum. [1]
PROVEN_FRAC = 1e-5
# Standard deviations of a price that weigh as much as the whole range of an availability in joining hours. [1]
PRICE_SCALE = 4.0


def size_supply(problem: SupplyProblem, steps_count: int = 0) -> SupplyResult:
    """Find the cheapest capacities and their dispatch.

    Parameters
    ----------
    problem : SupplyProblem
    steps_count : int
        0 treats every hour by itself. Otherwise capacities are found on so many steps of joined hours, enlarged by
        the one factor that suits them best, and dispatched on every hour; `certificate` says how far the result may
        be from the optimum. Where the problem forbids unserved demand, such a dispatch prices it at
        `UNSERVED_USD_PER_MWH` and shows what it left unserved. Prices are those of the joined hours.

    Returns
    -------
    SupplyResult

    Raises
    ------
    InputError
        If the problem makes no sense.
    InfeasibleError
        If nothing satisfies it, naming what binds.

    Notes
    -----
    min sum(CRF capex + fixed) + sum over hours of fuel, import, agreements, unserved and turned-down demand, subject to

    - balance: output + discharge - charge + import + agreements + unserved + turned down = demand, each hour;
    - output <= availability x capacity; storage with an efficiency each way, cyclic over the year;
    - import and agreements <= contract; billed demand of a month >= its peak, ratchet x the year's, minimum bill;
    - fuel energy, carbon and the hourly carbon-free share over the year.

    Weather, prices and demand are known for the whole year ahead, and plants run at any load: storage and firm
    capacity come out too small by what surprises and outages need, see `firm_units`.

    Joining hours relaxes the problem (limits hold on the mean of a step), so the coarse programme's cost is a lower
    bound of the true one where prices do not differ within steps.

    Examples
    --------
    >>> gas = Generator("gas", capex_usd_per_w=1.0, life_years=1.0, variable_usd_per_mwh=50.0)
    >>> supply = size_supply(SupplyProblem(np.full(24, 1e8), 0.0, (gas,)))
    >>> supply.capacity_w["gas"], float(supply.output_w_H["gas"][0])
    (100000000.0, 100000000.0)
    """
    check(problem)
    hours = every_hour(problem.demand_w_H.size)
    if not 0 < steps_count < hours.hours_count:
        if hours.hours_count > INTERIOR_STEPS_COUNT and _sized(problem):
            proposed = _proposed(problem, hours)
            if proposed is not None:
                return proposed
        model, solution = _solved(problem, hours)
        bound = solution.value * model.base_w * PER_THOUSAND
        return read(model, solution, bound, 0.0, hours.hours_count)
    series_SH, money_SH = _series(problem)
    steps = cluster(series_SH, steps_count, months_of(hours.hours_count, problem.month_of_hour_H))
    coarse, promised = _near(problem, steps)
    found = capacities(coarse, promised)
    energy = _energies(coarse, promised)
    promise_usd = promised.value * coarse.base_w * PER_THOUSAND
    flat = all(np.allclose(steps.spread(steps.mean(money)), money) for money in money_SH)
    model, solution = _scaled(problem, found, energy, promised.value)
    gap_frac = solution.value / promised.value - 1.0
    result = read(model, solution, promise_usd if flat else float("nan"), gap_frac, len(steps.hours_K))
    price_usd_per_mwh_H, grid_value, policy_price = prices(
        coarse, promised
    )  # those of given capacities carry no capital
    return replace(
        result,
        price_usd_per_mwh_H=price_usd_per_mwh_H,
        grid_value_usd_per_mw_year=grid_value,
        policy_price_usd=policy_price,
    )


def dispatch(
    problem: SupplyProblem, capacity_w: dict[str, float], energy_capacity_mwh: dict[str, float] | None = None
) -> SupplyResult:
    """Run given capacities through the hours at least cost.

    Parameters
    ----------
    problem : SupplyProblem
        Bounds of capacities are not looked at.
    capacity_w : dict of str to float
        By generator, storage and agreement. [W]
    energy_capacity_mwh : dict of str to float, optional
        By storage without a fixed duration. [MWh]

    Returns
    -------
    SupplyResult

    Raises
    ------
    InputError
        If the problem makes no sense or a capacity is missing.
    InfeasibleError
        If the capacities cannot satisfy it, naming what binds.

    Examples
    --------
    >>> gas = Generator("gas", capex_usd_per_w=1.0, life_years=1.0, variable_usd_per_mwh=50.0)
    >>> problem = SupplyProblem(np.full(24, 1e8), 0.0, (gas,), unserved_usd_per_mwh=1e4)
    >>> round(float(dispatch(problem, {"gas": 0.9e8}).unserved_w_H.sum()))
    240000000
    """
    held = with_capacities(problem, capacity_w, energy_capacity_mwh or {})
    check(held)
    hours = every_hour(problem.demand_w_H.size)
    model, solution = _solved(held, hours)
    bound = solution.value * model.base_w * PER_THOUSAND
    return read(model, solution, bound, 0.0, hours.hours_count)


def with_capacities(
    problem: SupplyProblem, capacity_w: dict[str, float], energy_capacity_mwh: dict[str, float]
) -> SupplyProblem:
    """Return a problem whose capacities are given.

    Parameters
    ----------
    problem : SupplyProblem
    capacity_w, energy_capacity_mwh : dict of str to float
        As in `dispatch`.

    Returns
    -------
    SupplyProblem

    Raises
    ------
    InputError
        If a capacity is missing.
    """
    return replace(
        problem,
        generators=_held(problem.generators, capacity_w),
        storages=tuple(_with_energy(storage, energy_capacity_mwh) for storage in _held(problem.storages, capacity_w)),
        ppas=_held(problem.ppas, capacity_w),
    )


def _held(parts: tuple[P, ...], capacity_w: dict[str, float]) -> tuple[P, ...]:
    """Fix the capacities of parts."""
    missing = [part.name for part in parts if part.name not in capacity_w]
    if missing:
        message = f"supply: no capacity is given for {', '.join(missing)}"
        raise InputError(message)
    held = [(part, max(capacity_w[part.name], 0.0)) for part in parts]
    return tuple(replace(part, min_w=capacity, max_w=capacity) for part, capacity in held)


def _with_energy(storage: Storage, energy_capacity_mwh: dict[str, float]) -> Storage:
    """Give a storage of held power its energy, as a duration."""
    if storage.duration_h > 0.0:
        return storage
    energy_mwh = energy_capacity_mwh.get(storage.name)
    if energy_mwh is None:
        message = f"supply: no energy capacity is given for {storage.name}, which has no duration"
        raise InputError(message)
    if storage.max_w == 0.0:
        return replace(storage, duration_h=1.0)
    return replace(storage, duration_h=energy_mwh * WATTS_PER_MEGAWATT / storage.max_w)


def _near(problem: SupplyProblem, steps: Steps) -> tuple[Model, Solution]:
    """Build and come close to the optimum from below; where that fails, solve."""
    if len(steps.hours_K) > INTERIOR_STEPS_COUNT and _sized(problem):
        model = build(problem, steps)
        near = model.program.near_minimum()
        if near is not None:
            return model, near
    return _solved(problem, steps)


def _proposed(problem: SupplyProblem, hours: Steps) -> SupplyResult | None:
    """Dispatch the capacities that the interior point method proposes; None where they are not proven optimal."""
    model, near = _near(problem, hours)
    limits_w = {part.name: part.max_w for part in problem.parts}
    size_w = {name: min(size * (1.0 + MARGIN_FRAC), limits_w[name]) for name, size in capacities(model, near).items()}
    energy_mwh = {name: energy * (1.0 + MARGIN_FRAC) for name, energy in _energies(model, near).items()}
    held = build(with_capacities(problem, size_w, energy_mwh), hours)
    solution = held.program.minimum(interior=False)
    if solution is None or solution.value > near.value + PROVEN_FRAC * abs(near.value):
        return None
    bound_usd = near.value * model.base_w * PER_THOUSAND
    result = read(held, solution, bound_usd, solution.value / near.value - 1.0, hours.hours_count)
    price_usd_per_mwh_H, grid_value, policy_price = prices(model, near)
    return replace(
        result,
        price_usd_per_mwh_H=price_usd_per_mwh_H,
        grid_value_usd_per_mw_year=grid_value,
        policy_price_usd=policy_price,
    )


def _scaled(
    problem: SupplyProblem, found_w: dict[str, float], energy_mwh: dict[str, float], promise: float
) -> tuple[Model, Solution]:
    """Dispatch found capacities on every hour, all enlarged by the factor that costs least; see `size_supply`.

    The cost is convex in the factor, and each dispatch gives its value and slope: while it falls the next factor lies
    beyond where its tangent meets the promised cost, then where the falling and the rising tangent meet.
    """
    hours = every_hour(problem.demand_w_H.size)
    if problem.unserved_usd_per_mwh is None:
        problem = replace(problem, unserved_usd_per_mwh=UNSERVED_USD_PER_MWH)
    limits_w = {part.name: (part.min_w, part.max_w) for part in _sized(problem)}
    falling, rising = (0.0, 0.0, 0.0), (np.inf, 0.0, 0.0)
    best: tuple[Model, Solution] | None = None
    factor = FIRST_FACTOR
    for _ in range(DISPATCHES_COUNT):
        size_w = {
            name: float(np.clip(factor * found, *limits_w[name])) if name in limits_w else found
            for name, found in found_w.items()
        }
        model, solution = _solved(
            with_capacities(problem, size_w, {k: factor * e for k, e in energy_mwh.items()}), hours
        )
        slope = slope_of(model, solution, set(limits_w)) / factor
        if best is None or solution.value < best[1].value:
            best = model, solution
        if slope < 0.0:
            falling = (factor, solution.value, slope)
        else:
            rising = (factor, solution.value, slope)
        if solution.value < promise + CLOSE_FRAC * abs(promise) or (slope >= 0.0 and not falling[2] and factor <= 1.0):
            break
        if not falling[2]:
            following = 1.0
        elif rising[2] > 0.0:
            gap = rising[1] - falling[1] + falling[2] * falling[0] - rising[2] * rising[0]
            following = gap / (falling[2] - rising[2])
        else:
            following = factor - OVERSHOOT_RATIO * (solution.value - promise) / slope
        factor = following
    if best is None:
        message = "energy: no dispatch was made"
        raise EngineError(message)
    return best


def _sized(problem: SupplyProblem) -> list[Generator | Storage | Ppa]:
    """Return the parts whose capacity is not given."""
    return [part for part in problem.parts if part.min_w < part.max_w]


def _energies(model: Model, solution: Solution) -> dict[str, float]:
    """Energy capacities that a programme found [MWh]."""
    scale = model.base_w / WATTS_PER_MEGAWATT
    return {name: float(block.of(solution.column)[0]) * scale for name, block in model.energy_capacity.items()}


def _solved(problem: SupplyProblem, steps: Steps) -> tuple[Model, Solution]:
    """Build and solve; where nothing satisfies the problem, say what binds."""
    model = build(problem, steps)
    interior = bool(_sized(problem)) and len(steps.hours_K) > INTERIOR_STEPS_COUNT
    solution = model.program.minimum(interior)
    if solution is None:
        raise InfeasibleError(explain(problem, steps))
    return model, solution


def _series(problem: SupplyProblem) -> tuple[Floats, list[Floats]]:
    """Return what tells hours apart, scaled to be comparable; and the prices among it."""
    series = [problem.demand_w_H / np.max(problem.demand_w_H)]
    series += [g.availability_frac_H for g in problem.generators if g.availability_frac_H is not None]
    money = [ppa.hub_usd_per_mwh_H for ppa in problem.ppas]
    series += [ppa.production_frac_H for ppa in problem.ppas]
    if problem.grid is not None:
        series.append(problem.grid.limit_w_H / np.max(problem.demand_w_H))
        money += [problem.grid.price_usd_per_mwh_H]
        money += [problem.grid.carbon_kg_per_mwh_H] if np.isfinite(problem.carbon_limit_kg) else []
        money += [problem.grid.carbon_free_frac_H] if problem.carbon_free_min_frac > 0.0 else []
    # a price is as telling as its spread is wide: scaled by its standard deviation
    series += [price / (np.std(price) * PRICE_SCALE) for price in money if np.std(price) > 0.0]
    return np.array(series), money
