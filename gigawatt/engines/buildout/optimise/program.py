"""A mixed-integer linear programme put together array by array, and HiGHS to solve it.

HiGHS: Q. Huangfu, J. A. J. Hall, "Parallelizing the dual revised simplex method," Mathematical Programming
Computation 10(1), 2018.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import EngineError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ABSENT = -1  # position of a column or row that does not exist
TELL_EVERY_S = 0.5  # shortest time between two reports of progress. [s]
PROVEN, IMPOSSIBLE, STOPPED, OUT_OF_TIME = "proven", "impossible", "stopped", "out of time"
TINY = 1e-12  # keeps a share of nothing finite [-]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a search stands.

    Attributes
    ----------
    elapsed_s : float
    value, bound : float
        Best found and proven bound, in the objective's unit.
    gap_frac : float
        Infinite while nothing is found.
    """

    elapsed_s: float
    value: float
    bound: float
    gap_frac: float


Tell = Callable[[Progress], bool]
"""Takes the progress; returns whether to stop."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What a solver found.

    Attributes
    ----------
    status : str
        proven, impossible, stopped, out of time.
    value, bound : float
        Of the objective, which is maximised: the best found, and what none can exceed. NaN where nothing was found.
    gap_frac : float
        Of the bound less the value, over the size of the value.
    column : Floats
        Values of the columns; empty where nothing was found.
    row_price, column_price : Floats
        Change of the objective per unit of a row's bound and of a column's; of a linear programme only.
    nodes_count : int
        Branches looked at.
    """

    status: str
    value: float
    bound: float
    gap_frac: float
    column: Floats
    row_price: Floats
    column_price: Floats
    nodes_count: int = 0

    @property
    def found(self) -> bool:
        """Whether there is a solution."""
        return self.column.size > 0


@dataclass(slots=True)
class Program:
    """Columns with bounds, rows with bounds, entries between them, and a value per column that is maximised."""

    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    integer: list[Bools] = field(default_factory=list)
    row_lower: list[Floats] = field(default_factory=list)
    row_upper: list[Floats] = field(default_factory=list)
    columns_count: int = 0
    rows_count: int = 0
    offset: float = 0.0
    _entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    _values: list[tuple[Ints, Floats]] = field(default_factory=list)

    def columns(
        self,
        shape: tuple[int, ...],
        *,
        there: Bools | np.bool_ | bool = True,
        lower: Floats | float = 0.0,
        upper: Floats | float = np.inf,
        integer: bool = False,
    ) -> Ints:
        """Add columns where `there` is true; return their positions in the shape, `ABSENT` elsewhere."""
        position, kept = _positions(shape, there, self.columns_count)
        count = int(kept.sum())
        self.columns_count += count
        self.lower.append(np.broadcast_to(np.asarray(lower, dtype=float), shape)[kept])
        self.upper.append(np.broadcast_to(np.asarray(upper, dtype=float), shape)[kept])
        self.integer.append(np.full(count, integer))
        return position

    def rows(
        self,
        shape: tuple[int, ...],
        lower: Floats | float = -np.inf,
        upper: Floats | float = np.inf,
        *,
        there: Bools | np.bool_ | bool = True,
    ) -> Ints:
        """Add rows where `there` is true; return their positions in the shape, `ABSENT` elsewhere."""
        position, kept = _positions(shape, there, self.rows_count)
        self.rows_count += int(kept.sum())
        self.row_lower.append(np.broadcast_to(np.asarray(lower, dtype=float), shape)[kept])
        self.row_upper.append(np.broadcast_to(np.asarray(upper, dtype=float), shape)[kept])
        return position

    def put(self, rows: Ints, columns: Ints, values: Floats | float) -> None:
        """Set entries pairwise, broadcast; what is absent or zero is left out, an entry set twice is summed."""
        row, column, value = np.broadcast_arrays(rows, columns, np.asarray(values, dtype=float))
        used = (row != ABSENT) & (column != ABSENT) & (value != 0.0)
        self._entries.append((row[used], column[used], value[used]))

    def worth(self, columns: Ints, values: Floats | float) -> None:
        """Add to what a unit of columns is worth, broadcast."""
        column, value = np.broadcast_arrays(columns, np.asarray(values, dtype=float))
        used = (column != ABSENT) & (value != 0.0)
        self._values.append((column[used], value[used]))

    def built(self) -> Built:
        """Return the arrays, ready for the solver."""
        row, column, value = (
            np.concatenate([entry[part] for entry in self._entries] or [np.zeros(0)]) for part in range(3)
        )
        key = row.astype(np.int64) * max(self.columns_count, 1) + column.astype(np.int64)
        found, place = np.unique(key, return_inverse=True)
        summed = np.bincount(place, weights=value, minlength=found.size)
        counts = np.bincount(found // max(self.columns_count, 1), minlength=self.rows_count)
        worth = np.zeros(self.columns_count)
        for columns, values in self._values:
            np.add.at(worth, columns, values)
        return Built(
            worth=worth,
            offset=self.offset,
            lower=np.concatenate(self.lower),
            upper=np.concatenate(self.upper),
            integer=np.concatenate(self.integer),
            row_lower=np.concatenate(self.row_lower),
            row_upper=np.concatenate(self.row_upper),
            start=np.append(0, np.cumsum(counts)).astype(np.int64),
            index=(found % max(self.columns_count, 1)).astype(np.int64),
            value=summed.astype(np.float64),
        )


def _positions(shape: tuple[int, ...], there: Bools | np.bool_ | bool, first: int) -> tuple[Ints, Bools]:
    """Count through what is there, from `first` on."""
    kept = np.broadcast_to(np.asarray(there, dtype=bool), shape)
    position = np.full(shape, ABSENT, dtype=np.int64)
    position[kept] = first + np.arange(int(kept.sum()))
    return position, kept


@dataclass(slots=True)
class Built:
    """A programme as arrays: entries in compressed rows. Bounds and worth may be changed and it be solved again."""

    worth: Floats
    offset: float
    lower: Floats
    upper: Floats
    integer: Bools
    row_lower: Floats
    row_upper: Floats
    start: Ints
    index: Ints
    value: Floats

    def copy(self) -> Built:
        """Return one whose bounds and worth can be changed without touching this."""
        return replace(
            self,
            worth=self.worth.copy(),
            lower=self.lower.copy(),
            upper=self.upper.copy(),
            integer=self.integer.copy(),
            row_lower=self.row_lower.copy(),
            row_upper=self.row_upper.copy(),
        )

    def with_whole(self, column: Floats) -> Built:
        """Return the linear programme with the integers held at their values."""
        fixed = self.copy()
        whole = np.round(column[self.integer])
        fixed.lower[self.integer] = fixed.upper[self.integer] = whole
        fixed.integer[:] = False
        return fixed

    def relaxed(self) -> Built:
        """Return the linear programme without integers."""
        plain = self.copy()
        plain.integer[:] = False
        return plain

    def solve(
        self,
        *,
        gap_frac: float = 0.0,
        time_limit_s: float = np.inf,
        start: Floats | None = None,
        tell: Tell | None = None,
    ) -> Solution:
        """Maximise.

        Parameters
        ----------
        gap_frac : float
            Stop where the bound is within this of the best found.
        time_limit_s : float
        start : Floats, optional
            A solution to begin with.
        tell : function, optional
            Is told the progress and says whether to stop.

        Returns
        -------
        Solution

        Raises
        ------
        EngineError
            If the solver stops for a reason that it should not.
        """
        solver = _solver()
        solver.passModel(self._problem())
        solver.setOptionValue("mip_rel_gap", gap_frac)
        if np.isfinite(time_limit_s):
            solver.setOptionValue("time_limit", float(time_limit_s))
        if start is not None:
            _begin_with(solver, start)
        if tell is not None:
            _listen(solver, tell)
        solver.run()
        return self._solution(solver)

    def _problem(self) -> Any:
        """Return HiGHS's own description; it minimises, so the worth changes its sign."""
        import highspy

        problem = highspy.HighsLp()
        problem.num_col_, problem.num_row_ = self.lower.size, self.row_lower.size
        problem.col_cost_, problem.offset_ = -self.worth, -self.offset
        problem.col_lower_, problem.col_upper_ = self.lower, self.upper
        problem.row_lower_, problem.row_upper_ = self.row_lower, self.row_upper
        problem.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        problem.a_matrix_.start_, problem.a_matrix_.index_, problem.a_matrix_.value_ = (
            self.start,
            self.index,
            self.value,
        )
        if self.integer.any():
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            problem.integrality_ = [kinds[int(whole)] for whole in self.integer]
        return problem

    def _solution(self, solver: Any) -> Solution:
        """Copy what was found out of the solver."""
        status, info, found = solver.getModelStatus().name, solver.getInfo(), solver.getSolution()
        none = np.zeros(0)
        if status in ("kInfeasible", "kUnboundedOrInfeasible"):
            return Solution(IMPOSSIBLE, np.nan, np.nan, np.inf, none, none, none)
        words = {"kOptimal": PROVEN, "kTimeLimit": OUT_OF_TIME, "kInterrupt": STOPPED}
        if status not in words:
            message = f"build-out: HiGHS stopped with {status} on {self.lower.size} columns, {self.row_lower.size} rows"
            raise EngineError(message)
        whole = bool(self.integer.any())
        bound = -float(info.mip_dual_bound) if whole else -float(info.objective_function_value)
        nodes = max(int(info.mip_node_count), 0) if whole else 0
        if not found.value_valid:
            return Solution(words[status], np.nan, bound, np.inf, none, none, none, nodes)
        value = -float(info.objective_function_value)
        return Solution(
            status=words[status],
            value=value,
            bound=max(bound, value),
            gap_frac=max(bound - value, 0.0) / max(abs(value), TINY),
            column=np.array(found.col_value),
            row_price=none if whole else -np.array(found.row_dual),
            column_price=none if whole else -np.array(found.col_dual),
            nodes_count=nodes,
        )


def _solver() -> Any:
    """Return a solver that prints nothing: the stock one greets when its callbacks are made."""
    import highspy  # takes 0.1 s: only when something is solved

    class _Quiet(highspy.Highs):
        def enableCallbacks(self) -> None:
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()  # type: ignore[no-untyped-call]

    return _Quiet()  # type: ignore[no-untyped-call]


def _begin_with(solver: Any, column: Floats) -> None:
    """Hand a solution over to begin with."""
    import highspy

    first = highspy.HighsSolution()
    first.col_value = column.tolist()
    solver.setSolution(first)


def _listen(solver: Any, tell: Tell) -> None:
    """Tell the progress now and then, and stop where asked."""
    began = time.perf_counter()
    last = [began]

    def heard(event: Any) -> None:
        now = time.perf_counter()
        if now - last[0] < TELL_EVERY_S:
            return
        last[0] = now
        data = event.data_out
        value, bound = -float(data.mip_primal_bound), -float(data.mip_dual_bound)
        gap = (bound - value) / abs(value) if np.isfinite(value) and np.isfinite(bound) and value else np.inf
        if tell(Progress(now - began, value, bound, gap)):
            event.interrupt()

    solver.cbMipInterrupt += heard
