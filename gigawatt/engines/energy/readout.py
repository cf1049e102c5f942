"""From the programme's columns to capacities, hours, costs and prices. H hours, K steps."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.energy.carbon import carbon
from gigawatt.engines.energy.commitment import fuel_w, started_w
from gigawatt.engines.energy.model import PER_THOUSAND, Model, availability
from gigawatt.engines.energy.money import capital_recovery_per_year
from gigawatt.engines.energy.program import Block, Solution
from gigawatt.engines.energy.result import Carbon, Certificate, SupplyResult
from gigawatt.engines.energy.types import Floats, SupplyProblem
from gigawatt.units import WATTS_PER_MEGAWATT


def capacities(model: Model, solution: Solution) -> dict[str, float]:
    """Return the capacities of a solution [W]."""
    return {name: float(block.of(solution.column)[0]) * model.base_w for name, block in model.capacity.items()}


def prices(model: Model, solution: Solution) -> tuple[Floats, float, dict[str, float]]:
    """Return the price of power by hour, of a megawatt of contract, and of the year's rules; as in `SupplyResult`."""
    hourly_K = model.balance.of(solution.row_price) / model.steps.hours_K
    rules = {name: -float(block.of(solution.row_price)[0]) / PER_THOUSAND for name, block in model.policy.items()}
    return model.steps.spread(hourly_K) / PER_THOUSAND, _grid_value(model, solution), rules


def slope_of(model: Model, solution: Solution, names: set[str]) -> float:
    """Return how the cost of a dispatch changes as the named capacities grow in proportion [objective]."""
    slope = 0.0
    for name in names:
        capacity = model.capacity[name]
        slope += float(capacity.of(solution.column)[0] * capacity.of(solution.column_price)[0])
    for generator in model.problem.generators:
        if generator.name in names and not generator.runs_by_itself:  # held: its hours are bounds, not rows
            output = model.running.get(generator.name, model.output[generator.name])
            slope += float(output.of(solution.column) @ np.minimum(output.of(solution.column_price), 0.0))
    return slope


def _hours(model: Model, solution: Solution, block: Block | None) -> Floats:
    """Return a block's power by hour, zero where there is none; rounding below zero is cut [W]."""
    if block is None:
        return np.zeros(model.steps.hours_count)
    return model.steps.spread(np.maximum(block.of(solution.column), 0.0)) * model.base_w


def read(model: Model, solution: Solution, lower_bound_usd: float, gap_frac: float, steps_count: int) -> SupplyResult:
    """Read a solved programme whose steps are the hours.

    Parameters
    ----------
    model : Model
    solution : Solution
    lower_bound_usd, gap_frac : float
        For the certificate. [USD, 1]
    steps_count : int
        Steps of the programme that chose the capacities.

    Returns
    -------
    SupplyResult
    """
    problem, base_w = model.problem, model.base_w
    capacity_w = capacities(model, solution)
    output_w_H = {name: _hours(model, solution, block) for name, block in model.output.items()}
    running_w_H = {name: _hours(model, solution, block) for name, block in model.running.items()}
    charge_w_H = {name: _hours(model, solution, block) for name, block in model.charge.items()}
    stored = {name: _hours(model, solution, block) / WATTS_PER_MEGAWATT for name, block in model.stored.items()}
    spilled_w_H = _spills(model, solution, capacity_w, output_w_H)
    imported, unserved, turned_down = (
        _hours(model, solution, block) for block in (model.imported, model.unserved, model.turned_down)
    )
    billed_w_M = np.zeros(0) if model.billed is None else model.billed.of(solution.column) * base_w
    energy_mwh = {
        storage.name: (
            storage.duration_h * capacity_w[storage.name]
            if storage.duration_h > 0.0
            else float(model.energy_capacity[storage.name].of(solution.column)[0]) * base_w
        )
        / WATTS_PER_MEGAWATT
        for storage in problem.storages
    }
    cost = _costs(problem, capacity_w, energy_mwh, output_w_H, running_w_H, imported, unserved, turned_down, billed_w_M)
    total = sum(cost.values())
    served_w_H = problem.demand_w_H - unserved - turned_down
    lost = cost.get("unserved", 0.0) + cost.get("turned down", 0.0)
    sources = imported + unserved + turned_down - problem.demand_w_H
    sources = sources + sum(output_w_H.values()) - sum(charge_w_H.values())
    price_usd_per_mwh_H, grid_value, policy_price = prices(model, solution)
    return SupplyResult(
        capacity_w=capacity_w,
        energy_capacity_mwh=energy_mwh,
        output_w_H=output_w_H,
        spilled_w_H=spilled_w_H,
        running_w_H=running_w_H,
        charge_w_H=charge_w_H,
        stored_mwh_H=stored,
        import_w_H=imported,
        unserved_w_H=unserved,
        turned_down_w_H=turned_down,
        billed_w_M=billed_w_M,
        cost_usd=cost,
        total_usd=total,
        lcoe_usd_per_mwh=(total - lost) / (float(np.sum(served_w_H)) / WATTS_PER_MEGAWATT),
        price_usd_per_mwh_H=price_usd_per_mwh_H,
        grid_value_usd_per_mw_year=grid_value,
        policy_price_usd=policy_price,
        carbon=_carbon(problem, served_w_H, output_w_H, running_w_H, capacity_w, imported),
        certificate=Certificate(
            steps_count=steps_count,
            iterations_count=solution.iterations_count,
            lower_bound_usd=lower_bound_usd,
            gap_frac=gap_frac,
            residual_frac=float(np.max(np.abs(sources))) / base_w,
        ),
    )


def _spills(
    model: Model, solution: Solution, capacity_w: dict[str, float], output_w_H: dict[str, Floats]
) -> dict[str, Floats]:
    """Share each group's spill by what its plants offered, and set their output; agreements sell what is not used."""
    spilled_w_H: dict[str, Floats] = {}
    by_name = {generator.name: generator for generator in model.problem.generators}
    for names, block in model.spill.items():
        spill_K = block.of(solution.column)
        offered_K = {name: availability(by_name[name], model.steps) * capacity_w[name] for name in names}
        whole_K = sum(offered_K.values(), np.zeros_like(spill_K))
        share_K = np.divide(spill_K * model.base_w, whole_K, out=np.zeros_like(spill_K), where=whole_K > 0.0)
        for name in names:
            spilled_w_H[name] = model.steps.spread(offered_K[name] * share_K)
            output_w_H[name] = model.steps.spread(offered_K[name] * (1.0 - share_K))
    for ppa in model.problem.ppas:
        made_w_H = ppa.production_frac_H * capacity_w[ppa.name]
        spilled_w_H[ppa.name] = np.maximum(made_w_H - output_w_H[ppa.name], 0.0)
    return spilled_w_H


def _mwh(power_w_H: Floats) -> float:
    """Energy of hours of power [MWh]."""
    return float(np.sum(power_w_H)) / WATTS_PER_MEGAWATT


def _costs(
    problem: SupplyProblem,
    capacity_w: dict[str, float],
    energy_mwh: dict[str, float],
    output_w_H: dict[str, Floats],
    running_w_H: dict[str, Floats],
    imported: Floats,
    unserved: Floats,
    turned_down: Floats,
    billed_w_M: Floats,
) -> dict[str, float]:
    """Costs of the year by part; parts that cost nothing are left out [USD]."""
    cost: dict[str, float] = {}
    for part in problem.plants:
        recovery = capital_recovery_per_year(problem.discount_rate_frac, part.life_years)
        cost[f"{part.name}.capital"] = recovery * part.capex_usd_per_w * capacity_w[part.name]
        cost[f"{part.name}.fixed"] = part.fixed_usd_per_mw_year * capacity_w[part.name] / WATTS_PER_MEGAWATT
        cost[f"{part.name}.variable"] = part.variable_usd_per_mwh * _mwh(output_w_H[part.name])
    for storage in problem.storages:
        recovery = capital_recovery_per_year(problem.discount_rate_frac, storage.life_years)
        cost[f"{storage.name}.capital"] += recovery * storage.capex_usd_per_mwh * energy_mwh[storage.name]
    for generator in problem.generators:
        output_H = output_w_H[generator.name]
        running_H = running_w_H.get(generator.name, output_H)
        cost[f"{generator.name}.fuel"] = generator.fuel_usd_per_mwh * _mwh(fuel_w(generator, output_H, running_H))
        if generator.is_committed:
            cost[f"{generator.name}.starts"] = generator.start_usd_per_mw * _mwh(started_w(running_H))
    if problem.grid is not None:
        cost["grid.energy"] = float(imported @ problem.grid.price_usd_per_mwh_H) / WATTS_PER_MEGAWATT
        cost["grid.demand"] = problem.grid.demand_usd_per_mw_month * _mwh(billed_w_M)
    for ppa in problem.ppas:
        spread_H = ppa.production_frac_H * (ppa.strike_usd_per_mwh - ppa.hub_usd_per_mwh_H)
        used_w_H = output_w_H[ppa.name]
        cost[f"{ppa.name}.settlement"] = float(np.sum(spread_H)) * capacity_w[ppa.name] / WATTS_PER_MEGAWATT
        cost[f"{ppa.name}.energy"] = float(used_w_H @ ppa.hub_usd_per_mwh_H) / WATTS_PER_MEGAWATT
        cost[f"{ppa.name}.delivery"] = ppa.delivery_usd_per_mwh * _mwh(used_w_H)
    if problem.unserved_usd_per_mwh is not None:
        cost["unserved"] = problem.unserved_usd_per_mwh * _mwh(unserved)
    if problem.flexible is not None:
        cost["turned down"] = problem.flexible.value_usd_per_mwh * _mwh(turned_down)
    return {name: value for name, value in cost.items() if value != 0.0}


def _grid_value(model: Model, solution: Solution) -> float:
    """Return what one more megawatt of import in every hour saves in a year [USD/MW/year]."""
    if model.imported is None:
        return 0.0
    if model.import_limit is not None:
        price_K = model.import_limit.of(solution.row_price)
    else:
        price_K = np.minimum(model.imported.of(solution.column_price), 0.0)
    return -float(np.sum(price_K)) / PER_THOUSAND


def _carbon(
    problem: SupplyProblem,
    served_w_H: Floats,
    output_w_H: dict[str, Floats],
    running_w_H: dict[str, Floats],
    capacity_w: dict[str, float],
    imported: Floats,
) -> Carbon:
    """Carbon of the year."""
    nothing = np.zeros_like(imported)
    burners = [generator for generator in problem.generators if generator.heat_rate_ratio > 0.0]
    fossil = [output_w_H[g.name] for g in problem.generators if g.emission_kg_per_mwh > 0.0]
    return carbon(
        served_w_H=served_w_H,
        fuel_w_H={g.name: fuel_w(g, output_w_H[g.name], running_w_H.get(g.name, output_w_H[g.name])) for g in burners},
        fuel_kg_per_mwh={g.name: g.carbon_kg_per_mwh for g in burners},
        fossil_w_H=sum(fossil, nothing),
        import_w_H=imported,
        agreement_w_H=sum((output_w_H[ppa.name] for ppa in problem.ppas), nothing),
        certificates_mwh=sum(_mwh(ppa.production_frac_H) * capacity_w[ppa.name] for ppa in problem.ppas),
        grid_kg_per_mwh_H=nothing if problem.grid is None else problem.grid.carbon_kg_per_mwh_H,
        grid_free_frac_H=nothing if problem.grid is None else problem.grid.carbon_free_frac_H,
    )
