"""Traces of clusters, of any common format, as one table of jobs.

To add a format: a module with a `Format`, and a row in `FORMATS`. Queue times of a trace are what a simulation is
compared with; they never enter one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gigawatt.errors import InputError, nearest
from gigawatt.planning.traces.alibaba import DLRM, PODS
from gigawatt.planning.traces.columns import Format
from gigawatt.planning.traces.generic import format_of, guessed, is_enough, mapped
from gigawatt.planning.traces.philly import PHILLY
from gigawatt.planning.traces.reading import read_rows
from gigawatt.planning.traces.shanghai import ACME, HELIOS
from gigawatt.planning.traces.slurm import SLURM
from gigawatt.planning.traces.source import Source, connect, open_source, refuse
from gigawatt.planning.traces.swf import SWF
from gigawatt.planning.traces.trace import Trace, job_classes, jobs_of, quotas_of

# In the order of asking: those with more telling columns first.
FORMATS: dict[str, Format] = {form.name: form for form in (ACME, HELIOS, PODS, DLRM, PHILLY, SLURM, SWF)}
TABLE = "table"  # a table with columns of its own


def read_trace(
    path: Path, form: str = "", columns: Mapping[str, str] | None = None, clean: bool = False, ordered: bool = False
) -> Trace:
    """Read the jobs of a cluster.

    Parameters
    ----------
    path : Path
        A file of one of `FORMATS`, plain or gzip, or a CSV, JSON lines or Parquet with columns of its own.
    form : str
        Key of `FORMATS` or "table"; told from the file where empty.
    columns : mapping of str to str, optional
        Of a table of its own: part of a job (submit, duration, gpus, start, end, tenant, state, kind, wait) to column.
    clean : bool
        Leave faulty rows out, counted by kind of fault, instead of refusing the file.
    ordered : bool
        Of a table of its own: a row out of order of submission is a fault.

    Returns
    -------
    Trace

    Raises
    ------
    InputError
        If the file is none of these, or a row is wrong: file, line, field, what is there, what to do.
    """
    if form and form not in FORMATS and form != TABLE:
        message = f'"{form}" is no format of traces that is known. {nearest(form, [*FORMATS, TABLE])}'
        raise InputError(message)
    with connect() as connection:
        source = open_source(path, connection, clean)
        return read_rows(source, _format(source, form, columns or {}, ordered), connection, clean)


def _format(source: Source, asked: str, columns: Mapping[str, str], ordered: bool) -> Format:
    """Return the format to read a file by."""
    if columns or asked == TABLE:
        if asked not in ("", TABLE):
            raise refuse(source.path, f'columns are said for format "{TABLE}", not for "{asked}".')
        if source.container == "lines":
            raise refuse(source.path, "is in the standard workload format, which has no names of columns.")
        return format_of(mapped(source, columns), ordered)
    if asked:
        known = FORMATS[asked]
        lacking = [name for name in known.needs if name not in source.columns]
        if lacking:
            shown = ", ".join(source.columns[:20])
            problem = f'is not of format "{asked}" ({known.about}): it has no column "{lacking[0]}".'
            raise refuse(source.path, problem, remedy=f"It has: {shown}.")
        return known
    told = next((known for known in FORMATS.values() if set(known.needs) <= set(source.columns)), None)
    if told:
        return told
    return format_of(mapped(source, {}), ordered)


def read_quotas(path: Path, node_gpus_count: int = 8) -> dict[str, float]:
    """Read how many accelerators each tenant may hold.

    Parameters
    ----------
    path : Path
        Either one row a tenant (a name, then accelerators, or nodes where the header says "node"), or one row a day and
        one column a tenant as Helios publishes them (cluster_gpu_number.csv): the mean over its days counts.
    node_gpus_count : int
        Accelerators of a node. [-]

    Returns
    -------
    dict of str to float

    Raises
    ------
    InputError
        If the file is no such table or a cell is no number.
    """
    with connect() as connection:
        source = open_source(path, connection)
        rows = connection.execute(f"select * from {source.relation} limit 100000").fetchall()
    if not rows or len(source.columns) < 2:
        raise refuse(path, "is no table of quotas: it needs a header and a row.")
    cells = [[_quota(source, row, place, value) for value in row[1:]] for place, row in enumerate(rows, start=1)]
    if source.columns[0].lower() in ("date", "day", "time"):
        names = source.columns[1:]
        means = [sum(column) / len(rows) for column in zip(*cells, strict=True)]
        return {name: mean for name, mean in zip(names, means, strict=True) if mean > 0 and name != "total"}
    factor = node_gpus_count if "node" in source.columns[1].lower() else 1
    return {str(row[0]): cell[0] * factor for row, cell in zip(rows, cells, strict=True)}


def _quota(source: Source, row: tuple[object, ...], place: int, value: object) -> float:
    """Return a cell as a number of accelerators."""
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0.0 <= number < float("inf"):
        message = f'{source.place(place)}: {row[0]}: "{value}" is no number of accelerators.'
        raise InputError(message)
    return number


__all__ = [
    "FORMATS",
    "TABLE",
    "Format",
    "Trace",
    "guessed",
    "is_enough",
    "job_classes",
    "jobs_of",
    "quotas_of",
    "read_quotas",
    "read_trace",
]
