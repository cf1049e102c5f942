"""Refuse inputs of the optimiser that do not fit together, all reasons at once."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.buildout.optimise.types import GOALS, Goal, OptimiseInputs
from gigawatt.errors import InputError, nearest


def check(inputs: OptimiseInputs, goal: Goal) -> None:
    """Check shapes, signs and names.

    Parameters
    ----------
    inputs : OptimiseInputs
    goal : Goal

    Raises
    ------
    InputError
        With every reason.
    """
    periods, kinds = inputs.months_P.size, len(inputs.kinds)
    variants, sites = len(inputs.variants), len(inputs.sites)
    shapes: dict[str, tuple[int, ...]] = {
        **dict.fromkeys(("price_usd_KP", "supply_count_KP", "installed_count_KP", "terminal_usd_KQ"), (kinds, periods)),
        **dict.fromkeys(("ready_frac_KQP", "depreciation_usd_KQP"), (kinds, periods, periods)),
        **dict.fromkeys(("revenue_usd_SVP", "opex_usd_SVP", "carbon_t_SVP"), (sites, variants, periods)),
        **dict.fromkeys(("kind_V", "system_w_V", "compute_weight_V"), (variants,)),
        **dict.fromkeys(
            ("reserve_frac_P", "compute_usd_P", "ceiling_usd_P", "budget_run_P", "fixed_usd_P", "fixed_income_usd_P",
             "discount_P"),
            (periods,),
        ),
        "facility_w_SP": (sites, periods),
        "peak_pue_S": (sites,),
    }  # fmt: skip
    problems = [
        f"{name} has shape {np.shape(getattr(inputs, name))}, expected {shape}"
        for name, shape in shapes.items()
        if np.shape(getattr(inputs, name)) != shape
    ]
    if len(inputs.periods) != periods:
        problems.append(f"{len(inputs.periods)} periods are named, {periods} have a length")
    if goal.name not in GOALS:
        problems.append(f'goal "{goal.name}" is unknown. {nearest(goal.name, GOALS)}')
    if goal.name in ("compute", "tokens") and not (goal.rate_V.shape == (variants,) and goal.rate_V.max() > 0.0):
        problems.append(f"goal {goal.name} needs rate_V for each of {variants} variants, one of them positive")
    if goal.name == "work" and not 0 <= goal.run < len(inputs.runs):
        problems.append(f"goal work names run {goal.run} of {len(inputs.runs)}")
    not_negative = ("supply_count_KP", "installed_count_KP", "facility_w_SP", "reserve_frac_P", "ready_frac_KQP")
    problems += [f"{name} must not be negative" for name in not_negative if not np.all(getattr(inputs, name) >= 0.0)]
    if not problems and np.any(inputs.reserve_frac_P > 1.0):
        problems.append("reserve_frac_P must not exceed 1")
    if problems:
        message = "optimise: " + "; ".join(problems)
        raise InputError(message)
