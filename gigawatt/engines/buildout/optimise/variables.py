"""What the optimiser decides: the columns of the programme.

Shape letters: P periods, Q periods of orders, K kinds, V variants, S sites, H options for halls, C for the cloud.
Inside, accelerators count in thousands, money in millions of USD, power in megawatts, so that numbers are near one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.optimise.program import Program
from gigawatt.engines.buildout.optimise.types import Goal, OptimiseInputs
from gigawatt.units import WATTS_PER_MEGAWATT

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

GPUS = 1000  # accelerators in one unit of the programme [-]
USD = 1_000_000  # money in one unit [USD]
WATTS = WATTS_PER_MEGAWATT


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions of the columns; those that do not exist are -1.

    Attributes
    ----------
    order_KQ, sold_KQP, sold_installed_KP : Ints
        Accelerators ordered; sold early.
    bought_SVP, installed_SVP : Ints
        Accelerators online.
    halls_HQ, cloud_CP : Ints
    run_UWP : tuple of Ints
        Months that a run spends in a way, by run: (ways, P).
    pool_GVP : tuple of Ints
        Accelerators of a pool: (V, P).
    spare_VP : Ints
        Accelerators for the goal's own work.
    compute_P, doublings_P : Ints
        H100-equivalents that are judged, and what they earn by.
    operating_P, income_P, tax_P : Ints
        Revenue less operating cost; income before tax so far; tax so far.
    """

    order_KQ: Ints
    sold_KQP: Ints
    sold_installed_KP: Ints
    bought_SVP: Ints
    installed_SVP: Ints
    halls_HQ: Ints
    cloud_CP: Ints
    run_UWP: tuple[Ints, ...]
    pool_GVP: tuple[Ints, ...]
    spare_VP: Ints
    compute_P: Ints
    doublings_P: Ints
    operating_P: Ints
    income_P: Ints
    tax_P: Ints


def orderable(inputs: OptimiseInputs) -> Bools:
    """Whether a kind can be ordered in a period: on offer, and there is money. Shape (K, Q)."""
    may: Bools = np.asarray((inputs.supply_count_KP > 0.0) & np.isfinite(inputs.price_usd_KP))
    return may if inputs.free_budget else np.asarray(may & (inputs.budget_run_P > 0))


def asked_runs(inputs: OptimiseInputs, goal: Goal) -> list[bool]:
    """Whether each training run is part of the programme."""
    return [goal.required_runs or position == goal.run for position in range(len(inputs.runs))]


def asked_pools(inputs: OptimiseInputs, goal: Goal) -> list[bool]:
    """Whether each pool is part of the programme: required, or worth money."""
    money = goal.name == "npv"
    must = goal.required_pools
    return [(must and pool.required) or (money and bool(pool.worth_usd_P.any())) for pool in inputs.pools]


def add_columns(program: Program, inputs: OptimiseInputs, goal: Goal) -> Columns:
    """Add every column.

    Parameters
    ----------
    program : Program
        Takes the columns.
    inputs : OptimiseInputs
    goal : Goal
        Leaves out what does not bear on it.

    Returns
    -------
    Columns
    """
    periods = inputs.months_P.size
    sites, variants, kinds = len(inputs.sites), len(inputs.variants), len(inputs.kinds)
    may_KQ = orderable(inputs)
    order_KQ = program.columns((kinds, periods), there=may_KQ, upper=inputs.supply_count_KP / GPUS)
    halls = [option.open_P & (option.most_count > 0) for option in inputs.halls]
    halls_HQ = program.columns(
        (len(halls), periods),
        there=np.array(halls, dtype=bool).reshape(len(halls), periods),
        upper=np.array([float(option.most_count) for option in inputs.halls])[:, None],
        integer=True,
    )
    powered_SP: Bools = np.asarray(inputs.facility_w_SP > 0.0)
    for option, opens_P in zip(inputs.halls, halls, strict=True):
        powered_SP[option.site] |= np.cumsum(opens_P) > 0
    ready_KP = np.einsum("kqp,kq->kp", inputs.ready_frac_KQP, may_KQ) > 0.0
    powered_SVP = np.broadcast_to(powered_SP[:, None, :], (sites, variants, periods))
    money = goal.name in ("npv", "cost")
    earns = goal.name == "npv" and bool(inputs.compute_usd_P.any())
    asked = zip(inputs.pools, asked_pools(inputs, goal), strict=True)
    counted_P = np.arange(periods) < (goal.until or periods)
    return Columns(
        order_KQ=order_KQ,
        sold_KQP=_sold(program, inputs, may_KQ),
        sold_installed_KP=program.columns(
            (kinds, periods), there=(inputs.installed_count_KP > 0.0) & (inputs.installed_resale_usd_KP is not None)
        ),
        bought_SVP=program.columns(powered_SVP.shape, there=powered_SVP & ready_KP[inputs.kind_V]),
        installed_SVP=program.columns(
            powered_SVP.shape, there=powered_SVP & (inputs.installed_count_KP > 0.0)[inputs.kind_V]
        ),
        halls_HQ=halls_HQ,
        cloud_CP=program.columns(
            (len(inputs.clouds), periods),
            upper=np.array([option.most_P / GPUS for option in inputs.clouds]).reshape(len(inputs.clouds), periods),
        ),
        run_UWP=tuple(
            program.columns(
                (len(run.ways), periods), there=(run.open_months_P > 0.0)[None] & wanted, upper=run.open_months_P[None]
            )
            for run, wanted in zip(inputs.runs, asked_runs(inputs, goal), strict=True)
        ),
        pool_GVP=tuple(
            program.columns((variants, periods), there=np.isfinite(pool.gpus_VP) & pool.asked_P & wanted)
            for pool, wanted in asked
        ),
        spare_VP=program.columns(
            (variants, periods), there=(goal.rate_V[:, None] > 0.0) & counted_P if goal.rate_V.size else False
        ),
        compute_P=program.columns((periods,), there=earns),
        doublings_P=program.columns((periods,), there=earns),
        operating_P=program.columns((periods,), there=money, lower=-np.inf),
        income_P=program.columns((periods,), there=goal.name == "npv", lower=-np.inf),
        tax_P=program.columns((periods,), there=goal.name == "npv"),
    )


def _sold(program: Program, inputs: OptimiseInputs, may_KQ: Bools) -> Ints:
    """Add what is sold early of each order, once it is in service."""
    shape = inputs.ready_frac_KQP.shape
    if inputs.resale_usd_KQP is None:
        return program.columns(shape, there=False)
    return program.columns(shape, there=may_KQ[:, :, None] & (inputs.ready_frac_KQP > 0.0))
