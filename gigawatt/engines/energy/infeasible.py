"""What binds when nothing satisfies a supply problem. H hours, K steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gigawatt.engines.energy.model import Model, build
from gigawatt.engines.energy.types import Steps, SupplyProblem
from gigawatt.errors import EngineError
from gigawatt.units import WATTS_PER_MEGAWATT

TOLERANCE = 1e-6  # shares of demand or of a limit below this are the solver's rounding. [1]
KILOGRAMS_PER_TONNE = 1000.0


def explain(problem: SupplyProblem, steps: Steps) -> str:
    """Say which rules cannot hold together, and by how much at the least.

    Parameters
    ----------
    problem : SupplyProblem
        Infeasible.
    steps : Steps

    Returns
    -------
    str

    Raises
    ------
    EngineError
        If the relaxed problem cannot be solved either.

    Notes
    -----
    Costs are dropped; demand may go unserved and each rule of the year be broken at a price of one per share of
    demand or of the limit. The least sum tells what stands in the way.
    """
    free = replace(problem, unserved_usd_per_mwh=1.0, flexible=problem.flexible)
    model = build(free, steps)
    slack = _relax(model)
    solution = model.program.minimum(interior=False)
    if solution is None:
        message = "energy: a problem stays infeasible with demand unserved and every rule broken"
        raise EngineError(message)
    reasons: list[str] = []
    if model.unserved is not None:
        short_K = model.unserved.of(solution.column) * model.base_w
        energy_mwh = float(short_K @ steps.hours_K) / WATTS_PER_MEGAWATT
        if energy_mwh * WATTS_PER_MEGAWATT > TOLERANCE * float(np.sum(problem.demand_w_H)):
            hours = float(np.sum(steps.hours_K[short_K > TOLERANCE * model.base_w]))
            worst = int(steps.start_K[int(np.argmax(short_K))])
            reasons.append(
                f"demand of {np.max(problem.demand_w_H) / WATTS_PER_MEGAWATT:,.0f} MW goes short by at least "
                f"{energy_mwh:,.0f} MWh in {hours:,.0f} hours, most by {np.max(short_K) / WATTS_PER_MEGAWATT:,.0f} MW "
                f"in hour {worst + 1}{_ceilings(problem)}"
            )
    for name, (column, limit) in slack.items():
        excess = float(solution.column[column])
        if excess > TOLERANCE:
            reasons.append(f"the limit on {name} ({limit}) is missed by at least {excess:.1%} of it")
    return "supply: nothing satisfies the problem: " + "; ".join(reasons or ["its rules exclude each other"])


def _relax(model: Model) -> dict[str, tuple[int, str]]:
    """Drop the costs, let the year's rules be broken at a price; return the slack columns and the limits as text."""
    program, problem = model.program, model.problem
    program.drop_costs()
    energy = float(np.sum(problem.demand_w_H)) / model.base_w
    if model.unserved is not None:
        program.price(model.unserved, model.steps.hours_K / energy)
    slack: dict[str, tuple[int, str]] = {}
    for name, row in model.policy.items():
        limit = max(float(program.upper_of(row)), TOLERANCE * energy)
        column = program.columns(1, 1.0)
        program.put(row, column, -limit)
        slack[name] = (column.start, _as_text(problem, name))
    return slack


def _as_text(problem: SupplyProblem, name: str) -> str:
    """Return a rule's limit as its writer gave it."""
    if name == "carbon":
        return f"{problem.carbon_limit_kg / KILOGRAMS_PER_TONNE:,.0f} t a year"
    if name == "carbon-free share":
        return f"{problem.carbon_free_min_frac:.1%} hour by hour, so {1.0 - problem.carbon_free_min_frac:.1%} other"
    limits = {f"energy of {g.name}": g.energy_limit_frac for g in problem.generators}
    return f"{limits[name]:.1%} of demand"


def _ceilings(problem: SupplyProblem) -> str:
    """Every ceiling of capacity that stands, as text."""
    found = [
        f"{part.name} {part.max_w / WATTS_PER_MEGAWATT:,.0f} MW" for part in problem.parts if np.isfinite(part.max_w)
    ]
    if problem.grid is not None:
        low, high = np.min(problem.grid.limit_w_H), np.max(problem.grid.limit_w_H)
        found.append(f"grid {low / WATTS_PER_MEGAWATT:,.0f} to {high / WATTS_PER_MEGAWATT:,.0f} MW")
    return f"; ceilings: {', '.join(found)}" if found else ""
