"""Months joined to the periods of the optimiser. Shape letters: T months, P periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import InputError
from gigawatt.records import Month, TimeAxis

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STEPS = {"month": 1, "quarter": 3}


@dataclass(frozen=True, slots=True)
class Periods:
    """Calendar months or quarters of a plan; the first and the last may be cut short by it.

    Attributes
    ----------
    axis : TimeAxis
    step : str
        month or quarter.
    of_T : Ints
        Period of each month.
    """

    axis: TimeAxis
    step: str
    of_T: Ints

    @property
    def count(self) -> int:
        """Number of periods."""
        return int(self.of_T[-1]) + 1

    @property
    def months_P(self) -> Floats:
        """Their lengths. [month]."""
        return np.bincount(self.of_T).astype(np.float64)

    @property
    def first_P(self) -> Ints:
        """Position of the first month of each."""
        return np.searchsorted(self.of_T, np.arange(self.count)).astype(np.int64)

    def label(self, period: int) -> str:
        """Say a period: 2026-03 or 2026-Q1."""
        month = self.axis.start.plus(int(self.first_P[period]))
        return str(month) if self.step == "month" else f"{month.year}-Q{(month.month - 1) // STEPS['quarter'] + 1}"

    def last_month(self, period: int) -> Month:
        """Return the last month of a period."""
        return self.axis.start.plus(int(np.flatnonzero(self.of_T == period)[-1]))

    def sums(self, by_month: Floats) -> Floats:
        """Add up over the months of each period, along the last axis."""
        return np.add.reduceat(by_month, self.first_P, axis=-1)

    def means(self, by_month: Floats) -> Floats:
        """Average over the months of each period, along the last axis."""
        return np.asarray(self.sums(by_month) / self.months_P)

    def until(self, month: Month) -> int:
        """Return how many periods have ended by the end of a month."""
        return int(np.sum([self.last_month(period) <= month for period in range(self.count)]))


def periods_of(axis: TimeAxis, step: str) -> Periods:
    """Join the months of a plan.

    Parameters
    ----------
    axis : TimeAxis
    step : str
        month or quarter.

    Returns
    -------
    Periods

    Raises
    ------
    InputError
        If the step is unknown.

    Examples
    --------
    >>> found = periods_of(TimeAxis(Month(2025, 2), Month(2025, 7)), "quarter")
    >>> [found.label(period) for period in range(found.count)], found.months_P.tolist()
    (['2025-Q1', '2025-Q2', '2025-Q3'], [2.0, 3.0, 1.0])
    """
    if step not in STEPS:
        message = f'a step of "{step}" is unknown; it is month or quarter'
        raise InputError(message)
    calendar_T = (axis.start.index + np.arange(axis.months_count)) // STEPS[step]
    return Periods(axis, step, (calendar_T - calendar_T[0]).astype(np.int64))
