"""Which constraints exclude each other: a smallest set, found by leaving them out one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.buildout.optimise.program import ABSENT, IMPOSSIBLE, Built
from gigawatt.engines.buildout.optimise.results import Clash
from gigawatt.engines.buildout.optimise.variables import GPUS, USD, WATTS

if TYPE_CHECKING:
    from gigawatt.engines.buildout.optimise.solve import Model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Group:
    """Constraints that a reader knows by one name.

    Attributes
    ----------
    what, where : str
    rows, columns : Ints
        Rows that belong to it, and columns whose upper bounds do.
    give : float
        What a row, or the bound of a column, gives way per unit of the programme: 1 or -1 by its side.
    scale : float
        Units of `unit` in one of the programme.
    unit : str
    """

    what: str
    where: str
    rows: Ints
    columns: Ints
    give: float
    scale: float
    unit: str


def _present(place: Ints) -> Ints:
    """Return the places that exist."""
    return np.unique(place[place != ABSENT])


def groups(model: Model) -> list[Group]:
    """Return every named group of constraints."""
    inputs, rows, none = model.inputs, model.rows, np.zeros(0, dtype=np.int64)
    power = [
        Group("power", site, _present(place_P), none, 1.0, WATTS, "W")
        for site, place_P in zip(inputs.sites, rows.power_SP, strict=True)
    ]
    supply = [
        Group("supply", kind, none, _present(place_P), 1.0, GPUS, "GPU")
        for kind, place_P in zip(inputs.kinds, model.columns.order_KQ, strict=True)
    ]
    limits = [
        Group(limit.name, "", _present(np.array([place])), none, 1.0, max(limit.most, 1.0), limit.unit)
        for limit, place in zip(inputs.limits, rows.limits_L.tolist(), strict=True)
    ]
    runs = [
        Group("run", run.name, _present(np.array([place])), none, -1.0, 1.0, "share")
        for run, place in zip(inputs.runs, rows.runs_U.tolist(), strict=True)
    ]
    pools = [
        Group("pool", pool.name, _present(place_P), none, -1.0, 1.0, "share")
        for pool, place_P in zip(inputs.pools, rows.pools_GP, strict=True)
    ]
    room = Group("look-ahead", "", _present(rows.room_P), none, 1.0, WATTS, "W")
    budget = Group("budget", "", _present(rows.budget_P), none, 1.0, USD, "USD")
    # left out in this order: what stays to the end is what a reader asked for, and what most often stands in its way
    found = [*supply, *limits, room, *power, budget, *pools, *runs]
    return [group for group in found if group.rows.size or group.columns.size]


def clashes(model: Model) -> tuple[Clash, ...]:
    """Return a smallest set of groups that cannot hold together.

    Parameters
    ----------
    model : Model
        Infeasible.

    Returns
    -------
    tuple of Clash
        Every group of it is needed: without any one of them there is a solution. Empty where stock and power
        balances alone exclude each other.

    Notes
    -----
    The deletion filter of J. W. Chinneck and E. W. Dravnieks, "Locating minimal infeasible constraint sets in linear
    programs," ORSA Journal on Computing 3(2), 1991, over groups instead of rows. How much each alone would have to
    give way is the least slack, the same for all rows of the group, with which there is a solution.
    """
    programme = model.built.relaxed()
    programme.worth[:] = 0.0
    if programme.solve().status != IMPOSSIBLE:
        programme = model.built.copy()  # only whole halls are impossible
        programme.worth[:] = 0.0
    kept, free = [], programme.copy()
    for group in groups(model):
        trial = _without(free, group)
        if trial.solve().status == IMPOSSIBLE:
            free = trial
        else:
            kept.append(group)
    # other sets may clash too: giving way in this one is then needed, and not enough
    return tuple(
        Clash(group.what, group.where, _least_give(programme, group), _least_give(free, group), group.unit)
        for group in kept
    )


def _without(programme: Built, group: Group) -> Built:
    """Return the programme without a group."""
    open_ = programme.copy()
    if group.give > 0.0:
        open_.row_upper[group.rows] = np.inf
    else:
        open_.row_lower[group.rows] = -np.inf
    open_.upper[group.columns] = np.inf
    return open_


def _least_give(programme: Built, group: Group) -> float:
    """Return by how much a group alone would have to give way, the same for all its rows; NaN where that is no help."""
    count, extra = programme.lower.size, group.columns.size
    row = np.repeat(np.arange(programme.row_lower.size), np.diff(programme.start))
    new_row = programme.row_lower.size + np.arange(extra)
    rows = np.concatenate([row, group.rows, new_row, new_row])
    columns = np.concatenate([programme.index, np.full(group.rows.size, count), group.columns, np.full(extra, count)])
    values = np.concatenate([programme.value, np.full(group.rows.size, -group.give), np.ones(extra), -np.ones(extra)])
    order = np.lexsort((columns, rows))
    upper = programme.upper.copy()
    upper[group.columns] = np.inf
    wide = Built(
        worth=np.append(np.zeros(count), -1.0),
        offset=0.0,
        lower=np.append(programme.lower, 0.0),
        upper=np.append(upper, np.inf),
        integer=np.append(programme.integer, False),
        row_lower=np.append(programme.row_lower, np.full(extra, -np.inf)),
        row_upper=np.append(programme.row_upper, programme.upper[group.columns]),
        start=np.append(0, np.cumsum(np.bincount(rows, minlength=programme.row_lower.size + extra))).astype(np.int64),
        index=columns[order],
        value=values[order],
    )
    solved = wide.solve()
    return float(solved.column[-1]) * group.scale if solved.found else float("nan")
