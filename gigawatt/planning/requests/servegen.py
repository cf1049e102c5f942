"""ServeGen: rates of arrival by window, from which arrivals are drawn; it says nothing of lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import nearest
from gigawatt.planning.requests.synthetic import Lengths, from_rates
from gigawatt.planning.requests.trace import RequestTrace
from gigawatt.planning.traces.columns import number, text
from gigawatt.planning.traces.source import Source, refuse

if TYPE_CHECKING:
    import duckdb

NAME = "servegen"
NEEDS = ("workload", "t_s", "rate_rps")
MOST_REQUESTS = 20_000_000


def rates(
    source: Source, connection: duckdb.DuckDBPyConnection, workload: str = ""
) -> tuple[str, NDArray[np.float64], NDArray[np.float64]]:
    """Read the rates of one workload.

    Parameters
    ----------
    source : Source
        With the columns `NEEDS`.
    connection : DuckDBPyConnection
    workload : str
        Its name in the file; the first of the file where empty.

    Returns
    -------
    tuple of str, array, array
        Name, starts of windows [s] and rates [1/s], in order of time.

    Raises
    ------
    InputError
        If the workload is not in the file, or a row is wrong.
    """
    rows = connection.execute(
        f"select row_number() over () as row, {text('workload')}, {number('t_s')}, {number('rate_rps')} "
        f"from {source.relation}"
    ).fetchall()
    if not rows:
        raise refuse(source.path, "holds no rates.")
    names = list(dict.fromkeys(str(row[1]) for row in rows))
    if workload and workload not in names:
        raise refuse(source.path, f'has no workload "{workload}".', remedy=nearest(workload, names))
    chosen = workload or names[0]
    starts_s, rates_per_s = [], []
    for row, name, start_s, rate in rows:
        if str(name) != chosen:
            continue
        for column, value in (("t_s", start_s), ("rate_rps", rate)):
            if value is None or not 0.0 <= value < float("inf"):
                line = int(row) + source.first_line - 1 if source.first_line else 0
                raise refuse(source.path, f"row {row}: is missing, negative or no number.", line, column)
        starts_s.append(float(start_s))
        rates_per_s.append(float(rate))
    order = np.argsort(starts_s, kind="stable")
    return chosen, np.array(starts_s)[order], np.array(rates_per_s)[order]


def read_rates(
    source: Source, connection: duckdb.DuckDBPyConnection, lengths: Lengths, workload: str = "", seed: int = 0
) -> RequestTrace:
    """Draw requests from a table of rates.

    Parameters
    ----------
    source : Source
    connection : DuckDBPyConnection
    lengths : Lengths
        Of prompts and answers, which the table does not have.
    workload : str
    seed : int

    Returns
    -------
    RequestTrace

    Raises
    ------
    InputError
        If the table is wrong, or makes more requests than can be held.
    """
    name, starts_s, rates_per_s = rates(source, connection, workload)
    window_s = float(np.median(np.diff(starts_s))) if len(starts_s) > 1 else 600.0
    expected = float(rates_per_s.sum() * window_s)
    if expected > MOST_REQUESTS:
        remedy = "Cut the table to fewer windows."
        raise refuse(source.path, f"makes {expected:,.0f} requests of {name}, too many.", remedy=remedy)
    note = f"arrivals of {name} are drawn from rates; lengths are drawn, the table has none"
    return from_rates(f"{source.path.name} {name}", NAME, starts_s, rates_per_s, window_s, lengths, seed, (note,))
