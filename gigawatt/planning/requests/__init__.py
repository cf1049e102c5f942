"""Requests to a model, read from traces of any common format or drawn, as one table.

To add a format: a module with a `Format`, and a row in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gigawatt.errors import InputError, nearest
from gigawatt.planning.requests import servegen
from gigawatt.planning.requests.azure import AZURE
from gigawatt.planning.requests.burstgpt import BURSTGPT
from gigawatt.planning.requests.columns import Format
from gigawatt.planning.requests.generic import TABLE, format_of, mapped
from gigawatt.planning.requests.mooncake import MOONCAKE
from gigawatt.planning.requests.reading import read_rows
from gigawatt.planning.requests.synthetic import Lengths, synthetic
from gigawatt.planning.requests.trace import RequestTrace, requests_of
from gigawatt.planning.traces.source import Source, connect, open_source, refuse

# In the order of asking: those with more telling columns first.
FORMATS: dict[str, Format] = {form.name: form for form in (MOONCAKE, BURSTGPT, AZURE)}
NAMES = (*FORMATS, servegen.NAME, TABLE)
# Of a file that has rates and no lengths, where none are given: means of Azure's conversation trace of 2023.
USUAL_LENGTHS = Lengths(1155.0, 211.0)


def read_requests(
    path: Path,
    form: str = "",
    columns: Mapping[str, str] | None = None,
    clean: bool = False,
    *,
    lengths: Lengths = USUAL_LENGTHS,
    workload: str = "",
    seed: int = 0,
) -> RequestTrace:
    """Read requests to a model.

    Parameters
    ----------
    path : Path
        A file of one of `NAMES`, plain or gzip, or a CSV, JSON lines or Parquet with columns of its own.
    form : str
        One of `NAMES`; told from the file where empty.
    columns : mapping of str to str, optional
        Of a table of its own: part of a request (arrival, arrival_ms, input, output, blocks) to column.
    clean : bool
        Leave faulty rows out, counted by kind of fault, and sort, instead of refusing the file.
    lengths : Lengths
        Of requests that are drawn from rates.
    workload : str
        Of a table of rates that has several.
    seed : int
        Of requests that are drawn from rates.

    Returns
    -------
    RequestTrace

    Raises
    ------
    InputError
        If the file is none of these, or a row is wrong: file, line, field, what is there, what to do.
    """
    if form and form not in NAMES:
        message = f'"{form}" is no format of requests that is known. {nearest(form, NAMES)}'
        raise InputError(message)
    with connect() as connection:
        source = open_source(path, connection, clean)
        if source.container == "lines":
            raise refuse(source.path, "has no names of columns.", remedy="Give CSV, JSON lines or Parquet.")
        if form == servegen.NAME or (not form and not columns and set(servegen.NEEDS) <= set(source.columns)):
            _has(source, servegen.NAME, servegen.NEEDS)
            return servegen.read_rates(source, connection, lengths, workload, seed)
        return read_rows(source, _format(source, form, columns or {}), connection, clean)


def _has(source: Source, form: str, needs: tuple[str, ...]) -> None:
    """Refuse a file that lacks a column of the format asked for."""
    lacking = [name for name in needs if name not in source.columns]
    if lacking:
        shown = ", ".join(source.columns[:20])
        raise refuse(
            source.path, f'is not of format "{form}": it has no column "{lacking[0]}".', remedy=f"It has: {shown}."
        )


def _format(source: Source, asked: str, columns: Mapping[str, str]) -> Format:
    """Return the format to read a file by."""
    if columns or asked == TABLE:
        if asked not in ("", TABLE):
            raise refuse(source.path, f'columns are said for format "{TABLE}", not for "{asked}".')
        return format_of(mapped(source, columns))
    if asked:
        _has(source, asked, FORMATS[asked].needs)
        return FORMATS[asked]
    told = next((known for known in FORMATS.values() if set(known.needs) <= set(source.columns)), None)
    return told or format_of(mapped(source, {}))


__all__ = [
    "FORMATS",
    "NAMES",
    "TABLE",
    "Format",
    "Lengths",
    "RequestTrace",
    "read_requests",
    "requests_of",
    "synthetic",
]
