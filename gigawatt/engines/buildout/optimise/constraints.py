"""What holds in every build-out: stock, power, who uses what, work, budget, limits. The rows of the programme.

Shape letters: P periods, Q periods of orders, K kinds, V variants, S sites.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.optimise.program import Program
from gigawatt.engines.buildout.optimise.types import Goal, OptimiseInputs
from gigawatt.engines.buildout.optimise.variables import GPUS, USD, WATTS, Columns, asked_pools, asked_runs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Positions of the rows that a reader may ask about; those that do not exist are -1.

    Attributes
    ----------
    power_SP, budget_P : Ints
    runs_U : Ints
        Need of each run.
    pools_GP : Ints
        Demand of each pool.
    limits_L : Ints
    room_P : Ints
        Power that comes in time for what is ordered.
    income_P : Ints
        Definition of income: where depreciation of orders stands.
    """

    power_SP: Ints
    budget_P: Ints
    runs_U: Ints
    pools_GP: Ints
    limits_L: Ints
    room_P: Ints
    income_P: Ints


def add_rows(program: Program, columns: Columns, inputs: OptimiseInputs, goal: Goal, income_P: Ints) -> Rows:
    """Add every constraint that is not money's own.

    Parameters
    ----------
    program, columns : Program, Columns
    inputs : OptimiseInputs
    goal : Goal
    income_P : Ints
        Rows of income, from `objective`.

    Returns
    -------
    Rows
    """
    _stock(program, columns, inputs)
    power_SP = _power(program, columns, inputs)
    _uses(program, columns, inputs)
    return Rows(
        power_SP=power_SP,
        budget_P=_budget(program, columns, inputs),
        runs_U=_runs(program, columns, inputs, goal),
        pools_GP=_pools(program, columns, inputs, goal),
        limits_L=_limits(program, columns, inputs),
        room_P=_room(program, columns, inputs),
        income_P=income_P,
    )


def _stock(program: Program, columns: Columns, inputs: OptimiseInputs) -> None:
    """Let what is online be in service: ordered, delivered, commissioned, neither retired nor sold."""
    kinds, periods = inputs.supply_count_KP.shape
    orders_KQ1 = columns.order_KQ[:, :, None]
    bought_KP = program.rows((kinds, periods), upper=0.0, there=(inputs.ready_frac_KQP > 0.0).any(axis=1))
    program.put(bought_KP[inputs.kind_V][None], columns.bought_SVP, 1.0)
    program.put(bought_KP[:, None, :], orders_KQ1, -inputs.ready_frac_KQP)
    has_KP = inputs.installed_count_KP > 0.0
    sells = inputs.installed_resale_usd_KP is not None
    count_KP = inputs.installed_count_KP / GPUS
    installed_KP = program.rows((kinds, periods), -np.inf if sells else count_KP, count_KP, there=has_KP)
    program.put(installed_KP[inputs.kind_V][None], columns.installed_SVP, 1.0)
    first_K = np.maximum(inputs.installed_count_KP.max(axis=1, keepdims=True), 1.0)
    for period in range(periods):
        until = slice(0, period + 1)
        sold_KQ = columns.sold_KQP[:, :, until]
        program.put(bought_KP[:, None, None, period], sold_KQ, inputs.ready_frac_KQP[:, :, period, None])
        left_K1 = inputs.installed_count_KP[:, period : period + 1] / first_K
        program.put(installed_KP[:, period : period + 1], columns.sold_installed_KP[:, until], left_K1)
    there_KQ = (columns.sold_KQP >= 0).any(axis=2)
    sold_KQ = program.rows(there_KQ.shape, upper=0.0, there=there_KQ)
    program.put(sold_KQ[:, :, None], columns.sold_KQP, 1.0)
    program.put(sold_KQ, columns.order_KQ, -1.0)
    there_K = (columns.sold_installed_KP >= 0).any(axis=1)
    sold_K = program.rows(there_K.shape, upper=first_K[:, 0] / GPUS, there=there_K)
    program.put(sold_K[:, None], columns.sold_installed_KP, 1.0)


def _power(program: Program, columns: Columns, inputs: OptimiseInputs) -> Ints:
    """Facility watts of what is online fit the power energised and the halls opened."""
    sites, periods = inputs.facility_w_SP.shape
    used_SP = ((columns.bought_SVP >= 0) | (columns.installed_SVP >= 0)).any(axis=1)
    power_SP = program.rows((sites, periods), upper=inputs.facility_w_SP / WATTS, there=used_SP)
    per_unit_SV1 = (inputs.system_w_V * inputs.peak_pue_S[:, None] * GPUS / WATTS)[:, :, None]
    for online_SVP in (columns.bought_SVP, columns.installed_SVP):
        program.put(power_SP[:, None, :], online_SVP, per_unit_SV1)
    for option, opened_Q in zip(inputs.halls, columns.halls_HQ, strict=True):
        for period in range(periods):
            program.put(power_SP[option.site, period], opened_Q[: period + 1], -option.hall_w / WATTS)
    there_H = (columns.halls_HQ >= 0).any(axis=1)
    most_H = program.rows(there_H.shape, upper=np.array([o.most_count for o in inputs.halls], float), there=there_H)
    program.put(most_H[:, None], columns.halls_HQ, 1.0)
    return power_SP


def _room(program: Program, columns: Columns, inputs: OptimiseInputs) -> Ints:
    """Order nothing for which power does not come within the look-ahead, held to its lowest power cap."""
    if inputs.room_w_P is None or inputs.alive_frac_KQP is None or inputs.ahead_P is None:
        return program.rows(inputs.months_P.shape, there=False)
    room_P = program.rows(inputs.months_P.shape, upper=inputs.room_w_P / WATTS)
    least_w_K = np.full(len(inputs.kinds), np.inf)
    np.minimum.at(least_w_K, inputs.kind_V, inputs.system_w_V)
    drawn = inputs.alive_frac_KQP * (least_w_K * GPUS / WATTS)[:, None, None]
    program.put(room_P[None, None], columns.order_KQ[:, :, None], drawn)
    for option, opened_Q in zip(inputs.halls, columns.halls_HQ, strict=True):
        it_mw = option.hall_w / inputs.peak_pue_S[option.site] / WATTS
        for period, ahead in enumerate(inputs.ahead_P.tolist()):
            program.put(room_P[period], opened_Q[:ahead], -it_mw)
    return room_P


def _uses(program: Program, columns: Columns, inputs: OptimiseInputs) -> None:
    """Let runs, pools and the goal hold no more of a variant than is online and not kept, or rented in the cloud."""
    variants, periods = len(inputs.variants), inputs.months_P.size
    used_VP = program.rows((variants, periods), upper=0.0)
    for run, months_WP in zip(inputs.runs, columns.run_UWP, strict=True):
        for way, months_P in zip(run.ways, months_WP, strict=True):
            program.put(used_VP[way.variant], months_P, way.gpus_count / GPUS / inputs.months_P)
    for gpus_VP in (*columns.pool_GVP, columns.spare_VP):
        program.put(used_VP, gpus_VP, 1.0)
    free_P = 1.0 - inputs.reserve_frac_P
    for online_SVP in (columns.bought_SVP, columns.installed_SVP):
        program.put(used_VP[None], online_SVP, -free_P)
    for option, rented_P in zip(inputs.clouds, columns.cloud_CP, strict=True):
        program.put(used_VP[option.variant], rented_P, -1.0)


def _runs(program: Program, columns: Columns, inputs: OptimiseInputs, goal: Goal) -> Ints:
    """Do each run by its deadline, one way at a time."""
    asked = asked_runs(inputs, goal)
    need_U = np.array([run.need_frac for run in inputs.runs])
    sought = np.array([position == goal.run for position in range(len(asked))], dtype=bool)
    runs_U = program.rows(
        (len(asked),), np.where(sought, -np.inf, need_U), np.where(sought, need_U, np.inf), there=np.array(asked, bool)
    )
    for run, months_WP, row in zip(inputs.runs, columns.run_UWP, runs_U.tolist(), strict=True):
        if not months_WP.size:
            continue
        lengths_W1 = np.array([way.length_months for way in run.ways])[:, None]
        program.put(np.array(row), months_WP, 1.0 / lengths_W1)
        open_P = program.rows(run.open_months_P.shape, upper=run.open_months_P, there=(months_WP >= 0).sum(axis=0) > 1)
        program.put(open_P[None], months_WP, 1.0)
    return runs_U


def _pools(program: Program, columns: Columns, inputs: OptimiseInputs, goal: Goal) -> Ints:
    """Serve the demand of a pool at most once, in full where it must be."""
    periods = inputs.months_P.size
    rows_GP = []
    for pool, gpus_VP, asked in zip(inputs.pools, columns.pool_GVP, asked_pools(inputs, goal), strict=True):
        must = goal.required_pools and pool.required
        row_P = program.rows((periods,), 1.0 if must else -np.inf, 1.0, there=pool.asked_P & asked)
        served_VP = np.divide(GPUS, pool.gpus_VP, out=np.zeros_like(pool.gpus_VP), where=pool.gpus_VP > 0.0)
        program.put(row_P[None], gpus_VP, served_VP)
        rows_GP.append(row_P)
    return np.array(rows_GP, dtype=np.int64).reshape(len(rows_GP), periods)


def _budget(program: Program, columns: Columns, inputs: OptimiseInputs) -> Ints:
    """Orders and further halls, paid so far in an unbroken run of budgets, stay below its ceiling."""
    periods = inputs.months_P.size
    has_P = (inputs.budget_run_P > 0) & (not inputs.free_budget)
    budget_P = program.rows((periods,), upper=inputs.ceiling_usd_P / USD, there=has_P)
    for period in np.flatnonzero(has_P).tolist():
        paid = (inputs.budget_run_P == inputs.budget_run_P[period]) & (np.arange(periods) <= period)
        row = budget_P[period]
        program.put(row, columns.order_KQ, np.where(paid, inputs.price_usd_KP, 0.0) * GPUS / USD)
        for option, opened_Q in zip(inputs.halls, columns.halls_HQ, strict=True):
            program.put(row, opened_Q, (option.paid_usd_QP * paid).sum(axis=1) / USD)
    return budget_P


def _limits(program: Program, columns: Columns, inputs: OptimiseInputs) -> Ints:
    """Carbon and water of what is online stay below their limits; each row is in shares of its limit."""
    limits_L = program.rows((len(inputs.limits),), upper=1.0)
    for limit, row in zip(inputs.limits, limits_L, strict=True):
        share_SVP = limit.per_gpu_SVP * limit.counts_P * GPUS / max(limit.most, 1.0)
        for online_SVP in (columns.bought_SVP, columns.installed_SVP):
            program.put(row, online_SVP, share_SVP)
    return limits_L
