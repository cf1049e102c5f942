"""From a file to requests: one pass of DuckDB, checks on arrays, one error or a count of what was cleaned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.planning.requests.columns import Format, Reading
from gigawatt.planning.requests.faults import find
from gigawatt.planning.requests.trace import RequestTrace
from gigawatt.planning.traces.faults import error_of, first_of, leave_out
from gigawatt.planning.traces.reading import column_as_floats, rows_in, text_in
from gigawatt.planning.traces.source import Source, refuse, row_fault

if TYPE_CHECKING:
    import duckdb

MOST_REQUESTS = 50_000_000  # three arrays of which take 1.2 GB
MOST_BLOCKS = 200_000_000
CLEANING = "--clean (clean=True in Python)"


def read_rows(source: Source, form: Format, connection: duckdb.DuckDBPyConnection, clean: bool) -> RequestTrace:
    """Read the requests of a file.

    Parameters
    ----------
    source : Source
    form : Format
    connection : DuckDBPyConnection
        That the source was opened with.
    clean : bool
        Whether faulty rows are left out and counted instead of refused, and rows out of order sorted.

    Returns
    -------
    RequestTrace

    Raises
    ------
    InputError
        At the first faulty row unless cleaned; where no request is left; where there are too many.
    """
    import duckdb

    reading = form.reading(source.columns)
    try:
        left_out = _fill(source, reading, connection, clean)
        columns = connection.execute("select row, arrival, input, output, blocks_count from requests").fetchnumpy()
    except duckdb.Error as error:
        raise row_fault(source, error) from error
    row_N = np.asarray(columns["row"], dtype=np.int64)
    if not len(row_N):
        raise refuse(source.path, f"holds no request{_counted(left_out)}.")
    parts = {name: column_as_floats(columns[name]) for name in ("arrival", "input", "output")}
    blocks_count_N = column_as_floats(columns["blocks_count"])
    found = find(parts, np.isfinite(blocks_count_N) if reading.blocks else None, form.ordered and not clean)
    if found and not clean:
        first = first_of(found)
        raw = text_in(source, reading.fields.get(first.part, ""), connection, int(row_N[int(np.argmax(first.rows_N))]))
        raise error_of(source, found, row_N, reading.fields, raw, CLEANING)
    kept_N = leave_out(found, len(row_N), left_out)
    if not kept_N.any():
        raise refuse(source.path, f"holds no request that is right{_counted(left_out)}.")
    return _trace(source, form, parts, _blocks(reading, connection, blocks_count_N), kept_N, left_out)


def _counted(left_out: dict[str, int]) -> str:
    """Return what was left out, in brackets."""
    counts = ", ".join(f"{what}: {count:,}" for what, count in left_out.items())
    return f" ({counts})" if counts else ""


def _fill(source: Source, reading: Reading, connection: duckdb.DuckDBPyConnection, clean: bool) -> dict[str, int]:
    """Fill the table of requests; return how many rows were left out, by what they are."""
    cases = " ".join(f"when {condition} then {place}" for place, condition in enumerate(reading.left_out.values(), 1))
    connection.execute(
        f"create temp table requests as select row_number() over () as row, {reading.arrival} as arrival, "
        f"{reading.input} as input, {reading.output} as output, {reading.blocks or 'NULL'} as blocks, "
        f"{'len(blocks)' if reading.blocks else '0'} as blocks_count, "
        f"{f'(case {cases} else 0 end)' if cases else '0'} as skipped from {source.relation} limit {MOST_REQUESTS + 1}"
    )
    if rows_in(connection, "select count(*) from requests") > MOST_REQUESTS:
        raise refuse(source.path, f"holds more than {MOST_REQUESTS:,} rows.", remedy="Cut it by day.")
    left_out = {
        what: rows_in(connection, f"select count(*) from requests where skipped = {place}")
        for place, what in enumerate(reading.left_out, 1)
    }
    connection.execute("delete from requests where skipped > 0")
    if clean and source.container == "csv":
        left_out["rows of too many cells or no text"] = rows_in(connection, "select count(*) from reject_errors")
    return {what: count for what, count in left_out.items() if count}


def _blocks(
    reading: Reading, connection: duckdb.DuckDBPyConnection, count_N: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many blocks each row has, and all blocks of all rows."""
    if not reading.blocks:
        return np.zeros(len(count_N), dtype=np.int64), np.empty(0, dtype=np.int64)
    rows = "(select blocks from requests where blocks is not NULL order by row)"
    found = connection.execute(f"select unnest(blocks) as block from {rows} limit {MOST_BLOCKS}").fetchnumpy()
    return np.nan_to_num(count_N).astype(np.int64), np.asarray(found["block"], dtype=np.int64)


def _trace(
    source: Source,
    form: Format,
    parts: dict[str, NDArray[np.float64]],
    blocks: tuple[NDArray[np.int64], NDArray[np.int64]],
    kept_N: NDArray[np.bool_],
    left_out: dict[str, int],
) -> RequestTrace:
    """Return the rows that are kept, in order of arrival."""
    kept = np.flatnonzero(kept_N)
    order = kept[np.argsort(parts["arrival"][kept], kind="stable")]
    start_s = float(parts["arrival"][order[0]])
    counts_N, blocks_all = blocks
    starts_N = np.concatenate([[0], np.cumsum(counts_N)])
    first_N = np.concatenate([[0], np.cumsum(counts_N[order])])
    place = np.arange(first_N[-1]) + np.repeat(starts_N[order] - first_N[:-1], counts_N[order])
    notes = [*form.notes]
    if bool(np.any(np.diff(parts["arrival"][kept]) < 0.0)):
        notes.append("rows were not in order of arrival and were sorted")
    return RequestTrace(
        name=source.path.name,
        format=form.name,
        start_s=start_s,
        arrival_s_N=parts["arrival"][order] - start_s,
        input_tokens_N=_whole(parts["input"][order]),
        output_tokens_N=_whole(parts["output"][order]),
        first_block_N=first_N.astype(np.int64),
        block_ids=np.unique(blocks_all[place], return_inverse=True)[1].astype(np.int64),
        block_tokens=form.block_tokens,
        left_out=left_out,
        notes=tuple(notes),
    )


def _whole(tokens: NDArray[Any]) -> NDArray[np.int64]:
    """Return tokens as whole numbers."""
    whole: NDArray[np.int64] = np.rint(tokens).astype(np.int64)
    return whole
