"""What binds, what one more of it is worth, and at which price another accelerator would be bought.

Shape letters: P periods, Q periods of orders, K kinds, S sites.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.optimise.constraints import Rows
from gigawatt.engines.buildout.optimise.objective import order_worth, unit_of
from gigawatt.engines.buildout.optimise.program import ABSENT, Built, Solution
from gigawatt.engines.buildout.optimise.results import Price, Switch
from gigawatt.engines.buildout.optimise.types import Goal, OptimiseInputs
from gigawatt.engines.buildout.optimise.variables import GPUS, USD, WATTS, Columns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEGLIGIBLE = 1e-7  # a price below this share of the largest of its sort is the solver's rounding [-]
NOTHING = 1e-9  # accelerators, in the programme's thousands, that count as none [-]


def _at(values: Floats, place: Ints) -> Floats:
    """Return the values at places, 0 where there is none."""
    return np.where(place == ABSENT, 0.0, values[np.maximum(place, 0)])


def prices(
    inputs: OptimiseInputs, goal: Goal, columns: Columns, rows: Rows, built: Built, solved: Solution
) -> tuple[Price, ...]:
    """Return the price of everything that binds.

    Parameters
    ----------
    inputs, goal, columns, rows, built
        The programme.
    solved : Solution
        Of the linear programme with the integers held.

    Returns
    -------
    tuple of Price
        Budget, power, supply, halls, limits, runs, pools; within each the most valuable first.
    """
    unit = unit_of(goal)
    row = solved.row_price * unit
    found = [
        *_by_place("power", inputs.sites, inputs.periods, _at(row, rows.power_SP) / WATTS, "W"),
        *_by_place(
            "supply", inputs.kinds, inputs.periods, _at_most(columns.order_KQ, built, solved) * unit / GPUS, "GPU"
        ),
    ]
    budget_P = _at(row, rows.budget_P) / USD
    for run in np.unique(inputs.budget_run_P[inputs.budget_run_P > 0]).tolist():
        months = np.flatnonzero(inputs.budget_run_P == run)
        # a dollar more from a period on lifts the ceiling of that period and of all later ones of the run
        onward = np.zeros_like(budget_P)
        onward[months] = np.cumsum(budget_P[months][::-1])[::-1]
        if onward.max() > 0.0:
            first = int(months[0])
            found.append(Price("budget", "", inputs.periods[first], float(onward[first]), float(onward[first]), "USD"))
    room_P = np.maximum(_at(row, rows.room_P), 0.0) / WATTS
    onward_P = np.cumsum(room_P[::-1])[::-1]
    found += [
        Price("look-ahead", "", inputs.periods[period], float(room_P[period]), float(onward_P[period]), "W")
        for period in np.flatnonzero(room_P > NEGLIGIBLE * room_P.max(initial=0.0)).tolist()
    ]
    for limit, place in zip(inputs.limits, rows.limits_L.tolist(), strict=True):
        value = float(row[place]) / max(limit.most, 1.0)
        found.append(Price(limit.name, "", "", value, value, limit.unit))
    for run_need, place in zip(inputs.runs, rows.runs_U.tolist(), strict=True):
        value = -float(row[place]) if place != ABSENT else 0.0
        found.append(Price("run", run_need.name, run_need.deadline, value, value, "share"))
    for pool, place_P in zip(inputs.pools, rows.pools_GP, strict=True):
        value_P = -_at(row, place_P)
        found.append(Price("pool", pool.name, "", float(value_P.max(initial=0.0)), float(value_P.sum()), "share"))
    return tuple(sorted((price for price in found if price.onward > 0.0), key=lambda price: -price.onward))


def _at_most(place: Ints, built: Built, solved: Solution) -> Floats:
    """Return the prices of columns that stand at their upper bound."""
    upper = _at(built.upper, place)
    full = (place != ABSENT) & (upper > 0.0) & (_at(solved.column, place) >= upper * (1.0 - NEGLIGIBLE))
    return np.where(full, np.maximum(_at(solved.column_price, place), 0.0), 0.0)


def _by_place(what: str, places: tuple[str, ...], periods: tuple[str, ...], value: Floats, unit: str) -> list[Price]:
    """Return prices by place and period; `onward` sums the period and all later ones."""
    least = NEGLIGIBLE * float(np.abs(value).max(initial=0.0))
    onward = np.cumsum(np.maximum(value, 0.0)[:, ::-1], axis=1)[:, ::-1]
    return [
        Price(what, places[place], periods[period], float(value[place, period]), float(onward[place, period]), unit)
        for place, period in np.argwhere(value > least).tolist()
    ]


def switches(inputs: OptimiseInputs, goal: Goal, columns: Columns, rows: Rows, solved: Solution) -> tuple[Switch, ...]:
    r"""Return, for each kind on offer that is not bought, the price at which it would be.

    Parameters
    ----------
    inputs, goal, columns, rows
        The programme.
    solved : Solution
        Of the linear programme with the integers held.

    Returns
    -------
    tuple of Switch
        In the period in which the least change would do.

    Notes
    -----
    The reduced cost of an order is a part that goes with its price, m (paid, budget, depreciation, book value at the
    end), and a part that does not, g (what it brings): it is bought from :math:`f m + g = 0` on, at the share
    :math:`f = g / -m` of its price.
    """
    place_KQ = columns.order_KQ
    bought_K = (_at(solved.column, place_KQ) > NOTHING).any(axis=1)
    money_KQ = _money_part(inputs, goal, rows, solved)
    gain_KQ = _at(solved.column_price, place_KQ) - money_KQ
    may_KQ = (place_KQ != ABSENT) & (money_KQ < 0.0)
    share_KQ = np.divide(gain_KQ, -money_KQ, out=np.full(place_KQ.shape, -np.inf), where=may_KQ)
    found = []
    for kind in np.flatnonzero(may_KQ.any(axis=1) & ~bought_K).tolist():
        period = int(np.argmax(share_KQ[kind]))
        price_usd = float(inputs.price_usd_KP[kind, period])
        found.append(Switch(kind, period, price_usd, min(float(share_KQ[kind, period]), 1.0) * price_usd))
    return tuple(found)


def _money_part(inputs: OptimiseInputs, goal: Goal, rows: Rows, solved: Solution) -> Floats:
    """Return the part of each order's reduced cost that goes with its price. Shape (K, Q)."""
    worth_KQ = order_worth(inputs) if goal.name in ("npv", "cost") else np.zeros_like(inputs.price_usd_KP)
    budget_P = _at(solved.row_price, rows.budget_P)
    later_Q = np.array(
        [
            budget_P[(inputs.budget_run_P == run) & (np.arange(budget_P.size) >= period)].sum() if run else 0.0
            for period, run in enumerate(inputs.budget_run_P.tolist())
        ]
    )
    worn_KQ = inputs.depreciation_usd_KQP @ _at(solved.row_price, rows.income_P) * GPUS / USD
    return np.asarray(worth_KQ - later_Q * inputs.price_usd_KP * GPUS / USD - worn_KQ)
