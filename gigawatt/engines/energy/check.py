"""Refuse supply problems that make no sense, naming every fault."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.energy.types import Floats, SupplyProblem
from gigawatt.errors import InputError


def check(problem: SupplyProblem) -> None:
    """Refuse a problem that makes no year.

    Parameters
    ----------
    problem : SupplyProblem

    Raises
    ------
    InputError
        Naming every fault.
    """
    faults: list[str] = []
    hours_count = problem.demand_w_H.size
    if hours_count == 0 or not np.all(np.isfinite(problem.demand_w_H)) or np.any(problem.demand_w_H <= 0.0):
        faults.append("demand must be positive and finite in every hour")
    if problem.discount_rate_frac < 0.0:
        faults.append(f"discount_rate_frac is {problem.discount_rate_frac}; it is at least 0")
    if not 0.0 <= problem.carbon_free_min_frac <= 1.0:
        faults.append(f"carbon_free_min_frac is {problem.carbon_free_min_frac}; it lies in 0..1")
    names = [part.name for part in problem.parts]
    faults += [f'the name "{name}" is given twice' for name in sorted({n for n in names if names.count(n) > 1})]
    faults += [
        f"{part.name}: capacity from {part.min_w:g} to {part.max_w:g} W is no range"
        for part in problem.parts
        if not 0.0 <= part.min_w <= part.max_w
    ]
    for generator in problem.generators:
        shares_given = {"least_load_frac": generator.least_load_frac, "no_load_fuel_frac": generator.no_load_fuel_frac}
        faults += [
            f"{generator.name}: {name} is {share:g}; it lies in 0..1"
            for name, share in shares_given.items()
            if not 0.0 <= share <= 1.0
        ]
        if not 0.0 <= generator.start_usd_per_mw < np.inf:
            faults.append(f"{generator.name}: start_usd_per_mw is {generator.start_usd_per_mw:g}; it is at least 0")
    for storage in problem.storages:
        ways = (storage.charge_frac, storage.discharge_frac)
        if not all(0.0 < way <= 1.0 for way in ways):
            faults.append(f"{storage.name}: efficiencies {ways} lie in 0..1")
        if storage.duration_h == 0.0 and storage.capex_usd_per_mwh == 0.0:
            faults.append(f"{storage.name}: needs a duration or a cost of energy capacity")
    for name, series in _series(problem).items():
        shares = name.endswith("_frac")
        if series.shape != (hours_count,):
            faults.append(f"{name} has {series.size} hours and demand {hours_count}")
        elif not np.all(np.isfinite(series)):
            faults.append(f"{name} is not finite in hour {int(np.argmin(np.isfinite(series)))}")
        elif shares and not (np.all(series >= 0.0) and np.all(series <= 1.0)):
            faults.append(f"{name} lies in 0..1, not {np.min(series):g}..{np.max(series):g}")
    if problem.ppas and problem.grid is None:
        faults.append("a power purchase agreement needs a grid connection")
    if faults:
        message = "supply: " + "; ".join(faults)
        raise InputError(message)


def _series(problem: SupplyProblem) -> dict[str, Floats]:
    """Every hourly series of a problem, by a name to show."""
    found = {
        f"{generator.name}: availability_frac": generator.availability_frac_H
        for generator in problem.generators
        if generator.availability_frac_H is not None
    }
    if problem.grid is not None:
        found["grid: limit_w"] = problem.grid.limit_w_H
        found["grid: price_usd_per_mwh"] = problem.grid.price_usd_per_mwh_H
        found["grid: carbon_kg_per_mwh"] = problem.grid.carbon_kg_per_mwh_H
        found["grid: carbon_free_frac"] = problem.grid.carbon_free_frac_H
    for ppa in problem.ppas:
        found[f"{ppa.name}: production_frac"] = ppa.production_frac_H
        found[f"{ppa.name}: hub_usd_per_mwh"] = ppa.hub_usd_per_mwh_H
    return found
