"""What is sought, and the money that it needs: revenue, cost, depreciation, tax on new highs of income, the end.

Shape letters: P periods, Q periods of orders, K kinds, V variants, S sites.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.optimise.program import ABSENT, Program
from gigawatt.engines.buildout.optimise.types import Goal, OptimiseInputs
from gigawatt.engines.buildout.optimise.variables import GPUS, USD, Columns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TANGENTS_COUNT = (
    100  # of the logarithm, evenly spaced in doublings: it is exceeded by some 0.0003 of a doubling at most [-]
)
TIE = 1e-6  # of the programme's objective, which no reader sees: a tenth of a cent an accelerator and period [-]
CARBON_T = 1000  # carbon in one unit of the programme [t]


def add_money(program: Program, columns: Columns, inputs: OptimiseInputs, goal: Goal) -> Ints:
    r"""Add the rows that define revenue, income and tax.

    Parameters
    ----------
    program, columns : Program, Columns
    inputs : OptimiseInputs
    goal : Goal

    Returns
    -------
    Ints
        Rows that define income, by period; -1 where the goal has none.

    Notes
    -----
    Tax so far is :math:`\tau \max(0, \max_{u \le t} Y_u)` with income so far Y: losses are carried forward without
    limit. It is the least X with :math:`X_t \ge \tau Y_t`, :math:`X_t \ge X_{t-1}` and :math:`X \ge 0`, which an
    optimum takes, because tax paid later is worth more.
    """
    periods = inputs.months_P.size
    none: Ints = np.full(periods, ABSENT, dtype=np.int64)
    if goal.name not in ("npv", "cost"):
        return none
    _operating(program, columns, inputs, goal)
    if goal.name == "cost":
        return none
    _doublings(program, columns, inputs)
    income_P = program.rows((periods,), inputs.fixed_income_usd_P / USD, inputs.fixed_income_usd_P / USD)
    program.put(income_P, columns.income_P, 1.0)
    program.put(income_P[1:], columns.income_P[:-1], -1.0)
    program.put(income_P, columns.operating_P, -1.0)
    program.put(income_P[None, None], columns.order_KQ[:, :, None], inputs.depreciation_usd_KQP * GPUS / USD)
    for option, opened_Q in zip(inputs.halls, columns.halls_HQ, strict=True):
        program.put(income_P[None], opened_Q[:, None], option.depreciation_usd_QP / USD)
    _sales(program, columns, inputs, income_P)
    taxed_P = program.rows((periods,), lower=0.0)
    program.put(taxed_P, columns.tax_P, 1.0)
    program.put(taxed_P, columns.income_P, -inputs.tax_frac)
    rising_P = program.rows((periods,), lower=0.0)
    program.put(rising_P, columns.tax_P, 1.0)
    program.put(rising_P[1:], columns.tax_P[:-1], -1.0)
    return income_P


def _operating(program: Program, columns: Columns, inputs: OptimiseInputs, goal: Goal) -> None:
    """Revenue less operating cost of the period, of what is judged; what no choice changes is not in it."""
    row_P = program.rows(inputs.months_P.shape, 0.0, 0.0)
    program.put(row_P, columns.operating_P, 1.0)
    earns = goal.name == "npv"
    margin_SVP = (inputs.revenue_usd_SVP if earns else 0.0) - inputs.opex_usd_SVP
    judged = (columns.bought_SVP, columns.installed_SVP) if inputs.counts_installed else (columns.bought_SVP,)
    for online_SVP in judged:
        program.put(row_P[None, None], online_SVP, -margin_SVP * GPUS / USD)
    for cloud, rented_P in zip(inputs.clouds, columns.cloud_CP, strict=True):
        program.put(row_P, rented_P, cloud.usd_P * GPUS / USD)
    if not earns:
        return
    program.put(row_P, columns.doublings_P, -inputs.compute_usd_P / USD)
    for pool, gpus_VP in zip(inputs.pools, columns.pool_GVP, strict=True):
        share_VP = np.divide(GPUS, pool.gpus_VP, out=np.zeros_like(pool.gpus_VP), where=pool.gpus_VP > 0.0)
        program.put(row_P[None], gpus_VP, -share_VP * pool.worth_usd_P / USD)


def _doublings(program: Program, columns: Columns, inputs: OptimiseInputs) -> None:
    r"""Doublings of compute lie below tangents of :math:`\log_2((I + N) / I)`; a share of the most where I is 0."""
    periods = inputs.months_P.size
    there = bool((columns.compute_P != ABSENT).any())
    compute_P = program.rows((periods,), 0.0, 0.0, there=there)
    program.put(compute_P, columns.compute_P, 1.0)
    judged = (columns.bought_SVP, columns.installed_SVP) if inputs.counts_installed else (columns.bought_SVP,)
    for online_SVP in judged:
        program.put(compute_P[None, None], online_SVP, -inputs.compute_weight_V[:, None])
    if inputs.compute_base <= 0.0:
        row_P = program.rows((periods,), upper=0.0, there=there)
        program.put(row_P, columns.doublings_P, 1.0)
        program.put(row_P, columns.compute_P, -GPUS / max(inputs.compute_most, 1.0))
        return
    base = inputs.compute_base / GPUS
    points = base * (2.0 ** np.linspace(0.0, _most_doublings(inputs), TANGENTS_COUNT) - 1.0)
    slope_J = 1.0 / ((base + points) * np.log(2.0))
    row_PJ = program.rows(
        (periods, TANGENTS_COUNT), upper=np.log2((base + points) / base) - slope_J * points, there=there
    )
    program.put(row_PJ, columns.doublings_P[:, None], 1.0)
    program.put(row_PJ, columns.compute_P[:, None], -slope_J)


def _most_doublings(inputs: OptimiseInputs) -> float:
    """No more doublings than all power on the best variant for it could bring."""
    watts = float(inputs.facility_w_SP.sum(axis=0).max()) + sum(o.hall_w * o.most_count for o in inputs.halls)
    best = float((inputs.compute_weight_V / inputs.system_w_V).max())
    return float(np.log2(1.0 + max(watts * best / inputs.compute_base, 1.0)))


def _sales(program: Program, columns: Columns, inputs: OptimiseInputs, income_P: Ints) -> None:
    """Let a sale bring its price less the book value to income, and end depreciation."""
    if inputs.installed_resale_usd_KP is not None and inputs.counts_installed:
        program.put(income_P[None], columns.sold_installed_KP, -inputs.installed_resale_usd_KP * GPUS / USD)
    if inputs.resale_usd_KQP is None:
        return
    worn_KQP = np.cumsum(inputs.depreciation_usd_KQP, axis=2)
    book_KQP = inputs.price_usd_KP[:, :, None] - worn_KQP
    program.put(income_P[None, None], columns.sold_KQP, -(inputs.resale_usd_KQP - book_KQP) * GPUS / USD)
    for period in range(inputs.months_P.size - 1):
        later = slice(period + 1, None)
        program.put(
            income_P[None, None, later],
            columns.sold_KQP[:, :, period, None],
            -inputs.depreciation_usd_KQP[:, :, later] * GPUS / USD,
        )


def order_worth(inputs: OptimiseInputs) -> Floats:
    """Return what an order is worth by its price alone: paid when ordered, its book value at the end. Shape (K, Q)."""
    present_KQ = inputs.terminal_discount_frac * inputs.terminal_usd_KQ - inputs.discount_P * inputs.price_usd_KP
    return np.asarray(present_KQ * GPUS / USD)


def prefer_uncapped(program: Program, columns: Columns, inputs: OptimiseInputs) -> None:
    """Break ties: no accelerator is capped where nothing comes of it."""
    most_w_K = np.zeros(len(inputs.kinds))
    np.maximum.at(most_w_K, inputs.kind_V, inputs.system_w_V)
    capped_V = inputs.system_w_V < most_w_K[inputs.kind_V]
    for online_SVP in (columns.bought_SVP, columns.installed_SVP):
        program.worth(online_SVP, np.where(capped_V, -TIE, 0.0)[:, None])


def add_worth(program: Program, columns: Columns, inputs: OptimiseInputs, goal: Goal) -> None:
    """Say what each column is worth to the goal; costs and carbon count as negative.

    Parameters
    ----------
    program, columns : Program, Columns
    inputs : OptimiseInputs
    goal : Goal
    """
    if goal.name == "carbon":
        for online_SVP in (columns.bought_SVP, columns.installed_SVP):
            program.worth(online_SVP, -inputs.carbon_t_SVP * GPUS / CARBON_T)
        return
    if goal.name == "work":
        lengths = [np.array([way.length_months for way in run.ways])[:, None] for run in inputs.runs]
        counted_P = np.arange(inputs.months_P.size) < (goal.until or inputs.months_P.size)
        program.worth(columns.run_UWP[goal.run], counted_P / lengths[goal.run])
        return
    if goal.name in ("compute", "tokens"):
        program.worth(columns.spare_VP, goal.rate_V[:, None] / goal.rate_V.max() * inputs.months_P)
        return
    program.worth(columns.order_KQ, order_worth(inputs))
    program.worth(columns.operating_P, inputs.discount_P)
    for option, opened_Q in zip(inputs.halls, columns.halls_HQ, strict=True):
        present_Q = inputs.terminal_discount_frac * option.terminal_usd_Q - option.paid_usd_QP @ inputs.discount_P
        program.worth(opened_Q, present_Q / USD)
    if inputs.resale_usd_KQP is not None:
        lost_KQ1 = inputs.terminal_discount_frac * inputs.terminal_usd_KQ[:, :, None]
        program.worth(columns.sold_KQP, (inputs.discount_P * inputs.resale_usd_KQP - lost_KQ1) * GPUS / USD)
    if inputs.installed_resale_usd_KP is not None and inputs.counts_installed:
        program.worth(columns.sold_installed_KP, inputs.discount_P * inputs.installed_resale_usd_KP * GPUS / USD)
    if goal.name == "npv":
        program.worth(columns.tax_P, -inputs.discount_P)
        program.worth(columns.tax_P[:-1], inputs.discount_P[1:])
    fixed_usd = (
        float(inputs.discount_P @ inputs.fixed_usd_P) + inputs.terminal_discount_frac * inputs.fixed_terminal_usd
    )
    program.offset += fixed_usd / USD


def unit_of(goal: Goal) -> float:
    """Return what one unit of the programme's objective is in the goal's own: USD, t, work or rate."""
    if goal.name in ("npv", "cost"):
        return float(USD)
    if goal.name == "carbon":
        return float(CARBON_T)
    if goal.name == "work":
        return 1.0
    return float(goal.rate_V.max()) * GPUS


def sense_of(goal: Goal) -> float:
    """Return -1 for goals that are to be small, 1 for the others."""
    return -1.0 if goal.name in ("cost", "carbon") else 1.0
