"""From a file to a trace: one pass of DuckDB, checks on arrays, one error or a count of what was cleaned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigawatt.errors import InputError
from gigawatt.planning.traces.columns import Format, Reading
from gigawatt.planning.traces.faults import error_of, find, first_of, leave_out
from gigawatt.planning.traces.source import Source, named, refuse, row_fault
from gigawatt.planning.traces.trace import Trace

if TYPE_CHECKING:
    import duckdb

MOST_JOBS = 50_000_000  # seven arrays of which take 3 GB
MOST_TENANTS = 1_000_000


def read_rows(source: Source, form: Format, connection: duckdb.DuckDBPyConnection, clean: bool) -> Trace:
    """Read the jobs of a file.

    Parameters
    ----------
    source : Source
    form : Format
    connection : DuckDBPyConnection
        That the source was opened with.
    clean : bool
        Whether faulty rows are left out and counted instead of refused.

    Returns
    -------
    Trace

    Raises
    ------
    InputError
        At the first faulty row unless cleaned; where no job is left; where there are too many.
    """
    import duckdb

    reading = form.reading(source.columns)
    try:
        left_out = _fill(source, reading, connection, clean)
        columns = connection.execute(
            "select row, submit, duration, gpus, wait, state, kind, code - 1 as tenant "
            "from jobs join tenants using (name) order by row"
        ).fetchnumpy()
        names = [str(row[0]) for row in connection.execute("select name from tenants order by code").fetchall()]
    except duckdb.Error as error:
        raise row_fault(source, error) from error
    parts = {name: column_as_floats(columns[name]) for name in ("submit", "duration", "gpus", "wait")}
    row_N = np.asarray(columns["row"], dtype=np.int64)
    if not len(row_N):
        counted = ", ".join(f"{what}: {count:,}" for what, count in left_out.items())
        raise refuse(source.path, f"holds no job with accelerators{f' ({counted})' if counted else ''}.")
    found = find(parts, form.ordered)
    if found and not clean:
        first = first_of(found)
        raw = text_in(source, reading.fields.get(first.part, ""), connection, int(row_N[int(np.argmax(first.rows_N))]))
        raise error_of(source, found, row_N, reading.fields, raw)
    kept = leave_out(found, len(row_N), left_out)
    return _trace(source, form, parts, {**columns, "kept": kept}, names, left_out)


def column_as_floats(column: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a column of DuckDB as floats, NaN where it is NULL."""
    if isinstance(column, np.ma.MaskedArray):
        return np.asarray(np.ma.filled(column.astype(np.float64), np.nan), dtype=np.float64)
    return np.asarray(column, dtype=np.float64)


def _fill(source: Source, reading: Reading, connection: duckdb.DuckDBPyConnection, clean: bool) -> dict[str, int]:
    """Fill the tables of jobs and tenants; return how many rows were left out, by what they are."""
    early = {what: condition for what, condition in reading.left_out.items() if not _is_late(condition)}
    skip = " ".join(f"when {condition} then {place}" for place, condition in enumerate(early.values(), start=1))
    connection.execute(
        f"create temp table jobs as select row_number() over () as row, {reading.submit} as submit, "
        f"{reading.duration} as duration, {reading.gpus} as gpus, coalesce({reading.tenant}, '') as name, "
        f"{reading.state} as state, {reading.kind} as kind, cast({reading.wait} as double) as wait, "
        f"{f'(case {skip} else 0 end)' if skip else '0'} as skipped from {source.relation} limit {MOST_JOBS + 1}"
    )
    if rows_in(connection, "select count(*) from jobs") > MOST_JOBS:
        raise refuse(source.path, f"holds more than {MOST_JOBS:,} rows.", remedy="Cut it by month.")
    left_out = {}
    for place, what in enumerate(early, start=1):
        left_out[what] = rows_in(connection, f"select count(*) from jobs where skipped = {place}")
    connection.execute("delete from jobs where skipped > 0")
    for what, condition in reading.left_out.items():
        if _is_late(condition):
            left_out[what] = rows_in(connection, f"select count(*) from jobs where {condition}")
            connection.execute(f"delete from jobs where {condition}")
    left_out["jobs that lasted no time"] = rows_in(connection, "select count(*) from jobs where duration = 0")
    connection.execute("delete from jobs where duration = 0")
    if clean and source.container == "csv":
        left_out["rows of too many cells or no text"] = rows_in(connection, "select count(*) from reject_errors")
    connection.execute(
        "create temp table tenants as select name, row_number() over (order by name) as code "
        "from (select distinct name from jobs)"
    )
    if rows_in(connection, "select count(*) from tenants") > MOST_TENANTS:
        raise refuse(source.path, f"names more than {MOST_TENANTS:,} tenants.")
    return {what: count for what, count in left_out.items() if count}


def _is_late(condition: str) -> bool:
    """Whether a condition is on what was read (gpus, wait, duration), not on the file's own columns."""
    return condition.split()[0] in ("gpus", "wait", "duration")


def rows_in(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Return the one number that a query gives."""
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def text_in(source: Source, column: str, connection: duckdb.DuckDBPyConnection, row: int) -> str:
    """Return what a file has in a row, as far as the column is one of its own."""
    if column not in source.columns:
        return ""
    found = connection.execute(
        f"select cast({named(column)} as varchar) from {source.relation} limit 1 offset {row - 1}"
    ).fetchone()
    return str(found[0])[:60] if found and found[0] is not None else ""


def _trace(
    source: Source,
    form: Format,
    parts: dict[str, np.ndarray[Any, np.dtype[np.float64]]],
    columns: dict[str, Any],
    names: list[str],
    left_out: dict[str, int],
) -> Trace:
    """Return the rows that are kept, in order of submission."""
    kept = np.flatnonzero(columns["kept"])
    if not len(kept):
        counted = ", ".join(f"{what}: {count:,}" for what, count in left_out.items())
        message = f"{source.path}: holds no job that is right: {counted}"
        raise InputError(message)
    order = kept[np.argsort(parts["submit"][kept], kind="stable")]
    start_s = float(parts["submit"][order[0]])
    code_N, tenant_N = np.unique(np.asarray(columns["tenant"], dtype=np.int64)[order], return_inverse=True)
    notes = [*form.notes]
    if bool(np.any(np.diff(parts["submit"][kept]) < 0.0)):
        notes.append("rows were not in order of submission and were sorted")
    return Trace(
        name=source.path.name,
        format=form.name,
        start_s=start_s,
        submit_s_N=parts["submit"][order] - start_s,
        duration_s_N=parts["duration"][order],
        gpus_N=np.ceil(parts["gpus"][order]).astype(np.int64),
        tenant_N=tenant_N.astype(np.int64),
        end_N=np.asarray(columns["state"], dtype=np.int64)[order],
        kind_N=np.asarray(columns["kind"], dtype=np.int64)[order],
        wait_s_N=parts["wait"][order],
        tenants=tuple(names[code] for code in code_N),
        left_out=left_out,
        notes=tuple(notes),
    )
