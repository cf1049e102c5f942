"""Build the programme, solve it, and read the build-out and its prices out of it.

Shape letters: P periods, K kinds, V variants, S sites, H options for halls, C for the cloud.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.optimise.check import check
from gigawatt.engines.buildout.optimise.conflict import clashes
from gigawatt.engines.buildout.optimise.constraints import Rows, add_rows
from gigawatt.engines.buildout.optimise.objective import add_money, add_worth, prefer_uncapped, sense_of, unit_of
from gigawatt.engines.buildout.optimise.program import ABSENT, IMPOSSIBLE, Built, Program, Solution, Tell
from gigawatt.engines.buildout.optimise.results import Choice, Optimum
from gigawatt.engines.buildout.optimise.shadow import prices, switches
from gigawatt.engines.buildout.optimise.types import Goal, OptimiseInputs
from gigawatt.engines.buildout.optimise.variables import GPUS, USD, Columns, add_columns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDING_FRAC = 1e-7  # given orders are taken this much smaller, so that a budget spent to the cent still holds [-]


@dataclass(frozen=True, slots=True)
class Model:
    """A programme with the places of its columns and rows."""

    inputs: OptimiseInputs
    goal: Goal
    columns: Columns
    rows: Rows
    built: Built


def build(inputs: OptimiseInputs, goal: Goal) -> Model:
    """Put the programme together.

    Parameters
    ----------
    inputs : OptimiseInputs
    goal : Goal

    Returns
    -------
    Model

    Raises
    ------
    InputError
        If shapes or names are wrong.
    """
    check(inputs, goal)
    program = Program()
    columns = add_columns(program, inputs, goal)
    income_P = add_money(program, columns, inputs, goal)
    rows = add_rows(program, columns, inputs, goal, income_P)
    add_worth(program, columns, inputs, goal)
    prefer_uncapped(program, columns, inputs)
    return Model(inputs, goal, columns, rows, program.built())


def optimise(
    inputs: OptimiseInputs,
    goal: Goal,
    *,
    gap_frac: float = 0.0,
    time_limit_s: float = np.inf,
    starts: Sequence[Floats] = (),
    tell: Tell | None = None,
) -> Optimum:
    r"""Find the best build-out.

    Parameters
    ----------
    inputs : OptimiseInputs
    goal : Goal
    gap_frac : float
        How close to the proven bound is good enough. [-]
    time_limit_s : float
    starts : sequence of Floats
        Orders (K, P) to begin with; the answer is at least as good as each that is possible.
    tell : function, optional
        Is told the progress and says whether to stop.

    Returns
    -------
    Optimum
        With the bound that none can exceed, prices of what binds, and where nothing is possible a smallest set of
        constraints that exclude each other.

    Notes
    -----
    Halls are whole numbers, accelerators are not: a lot of a hundred among thousands. Prices are those of the linear
    programme with the halls held.

    Examples
    --------
    >>> from gigawatt.engines.buildout.optimise.types import Goal
    >>> Goal("npv").required_runs
    True
    """
    model = build(inputs, goal)
    begun = [solved for orders in starts if (solved := _with_orders(model, orders)).found]
    first = max(begun, key=lambda solved: solved.value, default=None)
    whole = bool(model.built.integer.any())
    found = model.built.solve(
        gap_frac=gap_frac,
        time_limit_s=time_limit_s,
        start=first.column if first is not None and whole else None,
        tell=tell if whole else None,
    )
    if found.status == IMPOSSIBLE:
        return Optimum(found.status, np.nan, np.nan, np.inf, None, clashes=clashes(model))
    if not found.found:
        return _answer(model, found)
    fixed = model.built.with_whole(found.column).solve() if whole else found
    priced = fixed if fixed.found else found
    relaxed = model.built.relaxed().solve().value if whole else found.value
    answer = _answer(model, found, priced if priced.row_price.size else None)
    return replace(answer, relaxed=sense_of(goal) * relaxed * unit_of(goal))


def evaluate(inputs: OptimiseInputs, goal: Goal, ordered_count_KP: Floats) -> Optimum:
    """Return the best that given orders can do: where they run, and for what; no further halls.

    Parameters
    ----------
    inputs : OptimiseInputs
    goal : Goal
    ordered_count_KP : Floats
        Orders, which may exceed the supply but not the budget. [-]

    Returns
    -------
    Optimum
        Impossible where they break a constraint; `clashes` then names a smallest set.
    """
    model = build(inputs, goal)
    held = _held(model, ordered_count_KP)
    solved = held.built.solve() if held is not None else None
    if solved is None or not solved.found:
        return Optimum(IMPOSSIBLE, np.nan, np.nan, np.inf, None, clashes=clashes(held) if held is not None else ())
    return _answer(model, solved)


def _held(model: Model, ordered_count_KP: Floats) -> Model | None:
    """Return the programme with the orders held and no halls; None where one is ordered that is not on offer."""
    ordered_KP = ordered_count_KP * (1.0 - ROUNDING_FRAC) / GPUS
    place_KP = model.columns.order_KQ
    if bool((ordered_KP[place_KP == ABSENT] > ROUNDING_FRAC).any()):
        return None
    held = model.built.relaxed()
    there = place_KP != ABSENT
    held.lower[place_KP[there]] = held.upper[place_KP[there]] = ordered_KP[there]
    opened = model.columns.halls_HQ
    held.upper[opened[opened != ABSENT]] = 0.0
    return Model(model.inputs, model.goal, model.columns, model.rows, held)


def _with_orders(model: Model, ordered_count_KP: Floats) -> Solution:
    """Solve with given orders."""
    held = _held(model, ordered_count_KP)
    none = np.zeros(0)
    return held.built.solve() if held is not None else Solution(IMPOSSIBLE, np.nan, np.nan, np.inf, none, none, none)


def _answer(model: Model, found: Solution, priced: Solution | None = None) -> Optimum:
    """Read an answer out of a solution."""
    unit, sense = unit_of(model.goal), sense_of(model.goal)
    choice = _choice(model, found.column) if found.found else None
    value = found.value - (_above_the_logarithm(model, found.column) if found.found else 0.0)
    gap = max(found.bound - value, 0.0) / max(abs(value), ROUNDING_FRAC) if found.found else np.inf
    return Optimum(
        status=found.status,
        value=sense * value * unit,
        bound=sense * found.bound * unit,
        gap_frac=gap,
        choice=choice,
        prices=prices(model.inputs, model.goal, model.columns, model.rows, model.built, priced) if priced else (),
        switches=switches(model.inputs, model.goal, model.columns, model.rows, priced) if priced else (),
        columns_count=model.built.lower.size,
        rows_count=model.built.row_lower.size,
        integers_count=int(model.built.integer.sum()),
        nodes_count=found.nodes_count,
    )


def _above_the_logarithm(model: Model, column: Floats) -> float:
    """Return how much of the value is there only because tangents lie above the logarithm; at most, before tax."""
    inputs, place_P = model.inputs, model.columns.doublings_P
    if not (place_P != ABSENT).any() or inputs.compute_base <= 0.0:
        return 0.0
    compute = np.maximum(column[model.columns.compute_P] * GPUS, 0.0)
    exact_P = np.log2((inputs.compute_base + compute) / inputs.compute_base)
    over_P = np.maximum(column[place_P] - exact_P, 0.0)
    return float(inputs.discount_P @ (inputs.compute_usd_P * over_P)) / USD


def _take(column: Floats, place: Ints, scale: float = GPUS) -> Floats:
    """Return the values at places; 0 where there is no column, and where the solver's rounding is negative."""
    values = np.where(place == ABSENT, 0.0, column[np.maximum(place, 0)]) if column.size else np.zeros(place.shape)
    return np.asarray(np.maximum(values, 0.0) * scale)


def _choice(model: Model, column: Floats) -> Choice:
    """Read the build-out."""
    columns = model.columns
    tax_usd_P = _take(column, columns.tax_P, USD)
    return Choice(
        ordered_count_KP=_take(column, columns.order_KQ),
        sold_count_KP=_take(column, columns.sold_KQP).sum(axis=1) + _take(column, columns.sold_installed_KP),
        installed_SVP=_take(column, columns.installed_SVP),
        bought_SVP=_take(column, columns.bought_SVP),
        halls_count_HP=np.round(_take(column, columns.halls_HQ, 1.0)),
        cloud_count_CP=_take(column, columns.cloud_CP),
        run_months=tuple(_take(column, place, 1.0) for place in columns.run_UWP),
        pool_gpus=tuple(_take(column, place) for place in columns.pool_GVP),
        spare_VP=_take(column, columns.spare_VP),
        tax_usd_P=np.diff(tax_usd_P, prepend=0.0),
        doublings_P=_take(column, columns.doublings_P, 1.0),
    )
