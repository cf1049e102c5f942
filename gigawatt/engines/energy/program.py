"""A linear programme put together block by block, and HiGHS to solve it.

HiGHS: Q. Huangfu, J. A. J. Hall, "Parallelizing the dual revised simplex method," Mathematical Programming
Computation 10(1), 2018; the interior point solver is L. Schork's IPX.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gigawatt.engines.energy.interior import Standard, approach
from gigawatt.engines.energy.types import Floats, Integers
from gigawatt.errors import EngineError

SOLVED = "kOptimal"
IMPOSSIBLE = ("kInfeasible", "kUnboundedOrInfeasible")


@dataclass(frozen=True, slots=True)
class Block:
    """A run of columns or rows.

    Attributes
    ----------
    start, count : int
    """

    start: int
    count: int

    @property
    def index(self) -> Integers:
        """Positions."""
        return np.arange(self.start, self.start + self.count)

    def of(self, values: Floats) -> Floats:
        """Return the values that stand at the block's positions."""
        return values[self.start : self.start + self.count]


@dataclass(frozen=True, slots=True)
class Solution:
    """An optimum.

    Attributes
    ----------
    value : float
        Of the objective.
    column, row_price, column_price : ndarray
        Values of the columns; change of the objective per unit of a row's bound, and per unit of a column's.
    iterations_count : int
    """

    value: float
    column: Floats
    row_price: Floats
    column_price: Floats
    iterations_count: int


@dataclass(slots=True)
class Program:
    """Columns with costs and bounds, rows with bounds, and the entries between them."""

    _columns: list[tuple[Floats, Floats, Floats]] = field(default_factory=list)
    _rows: list[tuple[Floats, Floats]] = field(default_factory=list)
    _entries: list[tuple[Integers, Integers, Floats]] = field(default_factory=list)
    _steps: list[Integers] = field(default_factory=list)
    columns_count: int = 0
    rows_count: int = 0

    def columns(
        self, count: int, cost: Floats | float = 0.0, lower: Floats | float = 0.0, upper: Floats | float = np.inf
    ) -> Block:
        """Add columns and return where they stand."""
        self._columns.append(tuple(np.broadcast_to(np.asarray(x, dtype=float), (count,)) for x in (cost, lower, upper)))  # type: ignore[arg-type]
        self.columns_count += count
        return Block(self.columns_count - count, count)

    def rows(self, count: int, lower: Floats | float, upper: Floats | float, step: Integers | None = None) -> Block:
        """Add rows and return where they stand; `step` says to which step each belongs, if to one."""
        self._steps.append(np.full(count, -1) if step is None else step)
        self._rows.append(tuple(np.broadcast_to(np.asarray(x, dtype=float), (count,)) for x in (lower, upper)))  # type: ignore[arg-type]
        self.rows_count += count
        return Block(self.rows_count - count, count)

    def put(self, rows: Block | Integers, columns: Block | Integers, values: Floats | float) -> None:
        """Set entries pairwise; a single row or column is repeated, an entry set twice is summed."""
        row = rows.index if isinstance(rows, Block) else rows
        column = columns.index if isinstance(columns, Block) else columns
        shape = np.broadcast_shapes(row.shape, column.shape)
        arrays = [np.broadcast_to(array, shape) for array in (row, column, np.asarray(values, dtype=float))]
        used = arrays[2] != 0.0
        self._entries.append((arrays[0][used], arrays[1][used], arrays[2][used]))

    def drop_costs(self) -> None:
        """Make every column free."""
        self._columns = [(np.zeros_like(cost), lower, upper) for cost, lower, upper in self._columns]

    def price(self, block: Block, cost: Floats) -> None:
        """Change the cost of columns."""
        starts = np.cumsum([0, *(len(columns[0]) for columns in self._columns)])
        position = int(np.searchsorted(starts, block.start))
        _, lower, upper = self._columns[position]
        self._columns[position] = (cost, lower, upper)

    def upper_of(self, row: Block) -> float:
        """Return the upper bound of a single row."""
        return float(np.concatenate([upper for _, upper in self._rows])[row.start])

    def _by_row(self) -> tuple[Integers, Integers, Floats]:
        """Entries in compressed rows: starts, columns, values."""
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        key = row * self.columns_count + column
        found, position = np.unique(key, return_inverse=True)
        summed = np.bincount(position, weights=value, minlength=len(found))
        counts = np.bincount(found // self.columns_count, minlength=self.rows_count)
        start: Integers = np.append(np.zeros(1, dtype=np.int64), np.cumsum(counts))
        return start, found % self.columns_count, summed.astype(np.float64)

    def near_minimum(self) -> Solution | None:
        """Return a point close to the least cost, with a lower bound of it, or None where the method fails.

        Returns
        -------
        Solution or None
            `value` is the lower bound: what the prices prove (Lagrange).
        """
        cost, lower, upper = (np.concatenate(part) for part in zip(*self._columns, strict=True))
        row_lower, row_upper = (np.concatenate(part) for part in zip(*self._rows, strict=True))
        start, index, value = self._by_row()
        row = np.repeat(np.arange(self.rows_count), np.diff(start))
        slack_of = np.flatnonzero(row_lower < row_upper)
        right: Floats = row_upper - np.bincount(row, weights=value * lower[index], minlength=self.rows_count)
        free = upper > lower
        place = np.cumsum(free) - 1
        used = free[index]
        standard = Standard(
            row=np.concatenate([row[used], slack_of]),
            column=np.concatenate([place[index[used]], int(free.sum()) + np.arange(len(slack_of))]),
            value=np.concatenate([value[used], np.ones(len(slack_of))]),
            right=right,
            cost=np.concatenate([cost[free], np.zeros(len(slack_of))]),
            upper=np.concatenate([(upper - lower)[free], np.full(len(slack_of), np.inf)]),
            step=np.concatenate(self._steps),
        )
        point = approach(standard)
        if point is None:
            return None
        column = lower.copy()
        column[free] += point.x[: int(free.sum())]
        price = point.y.copy()
        price[slack_of] = np.minimum(price[slack_of], 0.0)
        reduced: Floats = cost - np.bincount(index, weights=value * price[row], minlength=self.columns_count)
        width = np.where(np.isfinite(upper), upper - lower, 2.0 * (column - lower + 1.0))
        bound = float(right @ price + cost @ lower + np.minimum(reduced, 0.0) @ width)
        return Solution(bound, column, price, reduced, point.iterations_count)

    def minimum(self, interior: bool) -> Solution | None:
        """Return the least-cost solution at a vertex, or None where nothing satisfies the rows.

        Parameters
        ----------
        interior : bool
            Begin with the interior point method; programmes that link all hours by capacities gain from it.

        Returns
        -------
        Solution or None

        Raises
        ------
        EngineError
            If the solver stops for any other reason.

        Notes
        -----
        The interior point method is followed by a crossover to a vertex, so that balances close and prices are
        those of one basis; where it fails the dual simplex method takes over.
        """
        import highspy  # takes 0.1 s: only when something is solved

        class _Quiet(highspy.Highs):
            """A solver that prints nothing: the stock one greets when its callbacks are made."""

            def enableCallbacks(self) -> None:
                self.setOptionValue("output_flag", False)
                super().enableCallbacks()  # type: ignore[no-untyped-call]

        cost, lower, upper = (np.concatenate(part) for part in zip(*self._columns, strict=True))
        row_lower, row_upper = (np.concatenate(part) for part in zip(*self._rows, strict=True))
        start, index, value = self._by_row()
        problem = highspy.HighsLp()
        problem.num_col_, problem.num_row_ = self.columns_count, self.rows_count
        problem.col_cost_, problem.col_lower_, problem.col_upper_ = cost, lower, upper
        problem.row_lower_, problem.row_upper_ = row_lower, row_upper
        problem.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        problem.a_matrix_.start_, problem.a_matrix_.index_, problem.a_matrix_.value_ = start, index, value
        status = ""
        for method in ("ipm", "simplex") if interior else ("simplex",):
            solver = _Quiet()  # type: ignore[no-untyped-call]
            solver.setOptionValue("solver", method)
            solver.passModel(problem)
            solver.run()
            status = solver.getModelStatus().name
            if status == SOLVED:
                return _solution(solver)
            if status in IMPOSSIBLE:
                return None
        message = f"energy: HiGHS stopped with {status} on {self.columns_count} columns and {self.rows_count} rows"
        raise EngineError(message)


def _solution(solver: Any) -> Solution:
    """Copy an optimum out of the solver."""
    found, info = solver.getSolution(), solver.getInfo()
    counts = (info.ipm_iteration_count, info.crossover_iteration_count, info.simplex_iteration_count)
    return Solution(
        value=float(info.objective_function_value),
        column=np.array(found.col_value),
        row_price=np.array(found.row_dual),
        column_price=np.array(found.col_dual),
        iterations_count=int(sum(max(count, 0) for count in counts)),
    )
