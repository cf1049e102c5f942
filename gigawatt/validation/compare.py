"""Predictions against measurements: rows, and statistics over rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

WITHIN_PCT = (10.0, 25.0)
P90 = 0.9


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity of one published measurement.

    Attributes
    ----------
    id : str
        Of the measurement in its file.
    group : str
        Labels it is counted under, separated by "/".
    quantity : str
        Name with its unit.
    measured, predicted : float
        In that unit; `predicted` is NaN where the row is skipped.
    error_pct : float
        Predicted over measured, minus one. [%]
    low, high : float
        Range that the prediction states.
    flag : str
        Why the measurement is doubted; empty where it is not.
    skipped : str
        Why it could not be predicted; empty where it was.
    """

    id: str
    group: str
    quantity: str
    measured: float
    predicted: float
    error_pct: float
    low: float
    high: float
    flag: str
    skipped: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Statistics of the errors of some rows; zero where there are none."""

    n: int
    skipped: int
    median_abs_error_pct: float
    p90_abs_error_pct: float
    bias_pct: float
    within_10_pct: float
    within_25_pct: float
    interval_coverage_pct: float


@dataclass(frozen=True, slots=True)
class Validation:
    """A comparison: its rows, statistics without the flagged rows, by group, and with the flagged rows."""

    rows: tuple[Row, ...]
    summary: Summary
    groups: Mapping[str, Summary]
    summary_with_flagged: Summary


def row_of(
    id: str,
    group: str,
    quantity: str,
    measured: float,
    predicted: float,
    factor: float,
    *,
    flag: str = "",
    skipped: str = "",
) -> Row:
    """Return a row whose interval is a factor either way.

    Parameters
    ----------
    id, group, quantity, measured, predicted, flag, skipped
        Of the row.
    factor : float
        Half-width of the stated interval, as a factor. [-]

    Returns
    -------
    Row
    """
    return Row(
        id=id,
        group=group,
        quantity=quantity,
        measured=measured,
        predicted=predicted,
        error_pct=100.0 * (predicted / measured - 1.0),
        low=predicted / factor,
        high=predicted * factor,
        flag=flag,
        skipped=skipped,
    )


def summarise(rows: Iterable[Row]) -> Summary:
    """Summarise the errors of rows.

    Parameters
    ----------
    rows : iterable of Row
        Skipped rows are counted and left out.

    Returns
    -------
    Summary
        Median and 90th percentile of the absolute error, median error, shares within 10 and 25 % and within the stated
        range. [%]
    """
    rows = list(rows)
    scored = [row for row in rows if not row.skipped]
    skipped = len(rows) - len(scored)
    if not scored:
        return Summary(0, skipped, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    error_pct = np.array([row.error_pct for row in scored])
    covered = np.array([row.low <= row.measured <= row.high for row in scored])
    near, far = (100.0 * float(np.mean(np.abs(error_pct) <= limit)) for limit in WITHIN_PCT)
    return Summary(
        n=len(scored),
        skipped=skipped,
        median_abs_error_pct=float(np.median(np.abs(error_pct))),
        p90_abs_error_pct=float(np.quantile(np.abs(error_pct), P90)),
        bias_pct=float(np.median(error_pct)),
        within_10_pct=near,
        within_25_pct=far,
        interval_coverage_pct=100.0 * float(covered.mean()),
    )
