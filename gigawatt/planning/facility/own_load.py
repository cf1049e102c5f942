"""An hourly IT load of one's own: a file, or the watts that a simulated fleet draws at a site. N rows, H hours."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import nearest
from gigawatt.planning.series import read_series
from gigawatt.planning.weather_files.raw import MOST_BYTES, numbers, read_text, wrong
from gigawatt.units import HOURS_PER_DAY, WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]

SUFFIXES = (".csv", ".gz", ".parquet")
HOURS_COUNT, LEAP_HOURS_COUNT = 8760, 8784
WEEK_HOURS = 168
LEAP_DAY_H = (31 + 28) * int(HOURS_PER_DAY)  # first hour of 29 February
STAMP, HOUR = "timestamp_utc", "hour"  # a fleet's table numbers its hours


@dataclass(frozen=True, slots=True)
class LoadYear:
    """A year of IT power.

    Attributes
    ----------
    name : str
        Of the file.
    it_w_H : ndarray
        8,760 hours in local standard time. [W]
    notices : tuple of str
        What was changed.
    """

    name: str
    it_w_H: Floats
    notices: tuple[str, ...] = ()


def is_load_file(text: str) -> bool:
    """Whether a load as typed is a file.

    Examples
    --------
    >>> is_load_file("hours.parquet"), is_load_file("0.8"), is_load_file("mixed")
    (True, False, False)
    """
    return Path(text).suffix.lower() in SUFFIXES


def read_load(path: Path | str, site: str, utc_offset_h: float) -> LoadYear:
    """Read a year of IT power from a file.

    Parameters
    ----------
    path : Path or str
        CSV, gzipped or not, or Parquet, with a column `it_mw` or `it_w`, or one of the site's own such as
        `stargate_abilene_it_mw` in the hours of `gigawatt fleet`, which is taken first. Rows are hours in local
        standard time from 1 January on; a CSV with `timestamp_utc` is laid into local standard time.
    site : str
        Id of the site.
    utc_offset_h : float
        Local standard time; for `timestamp_utc`. [h]

    Returns
    -------
    LoadYear

    Raises
    ------
    InputError
        Naming file, row and column of what is wrong.
    """
    path = Path(path)
    file = str(path)
    if not path.is_file():
        raise wrong(file, 0, "", "there is no such file")
    header, columns = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    column = _column(file, header, site)
    watts = WATTS_PER_MEGAWATT if column.endswith("_mw") else 1.0
    if STAMP in header:
        if path.suffix.lower() == ".parquet":
            raise wrong(file, 0, STAMP, "is read from CSV only", "Parquet has one row an hour, in local standard time.")
        if math.isnan(utc_offset_h):
            raise wrong(file, 0, STAMP, "needs the time zone of the weather, which its file does not say")
        series = read_series(path, "load", utc_offset_h, column=column)
        whole = whole_year(series.value_H * watts, file, column)
        return LoadYear(path.name, whole.it_w_H, series.notices)
    return whole_year(columns[column] * watts, file, column, numbered=HOUR in header)


def whole_year(it_w_N: Floats, file: str = "load", column: str = "", numbered: bool = False) -> LoadYear:
    """Make a year of an IT load, or say what is wrong with it.

    Parameters
    ----------
    it_w_N : ndarray
        One value an hour: a year of 8,760; a leap year, of which 29 February is dropped; or whole weeks, which are
        repeated. [W]
    file, column : str
        For messages.
    numbered : bool
        Hours are a simulation's, counted from its start: of more than a year the last one is taken.

    Returns
    -------
    LoadYear

    Raises
    ------
    InputError
        If hours are missing, negative or zero, or their number makes no year.

    Examples
    --------
    >>> week = whole_year(np.full(168, 5e6))
    >>> week.it_w_H.size, week.notices
    (8760, ('load: 1 whole weeks are repeated through the year',))
    """
    values = np.asarray(it_w_N, dtype=np.float64)
    bad = ~np.isfinite(values) | (values <= 0.0)
    if bad.any():
        at = int(np.argmax(bad))
        what = f"is {values[at]:g} W" if np.isfinite(values[at]) else "is missing"
        remedy = "A site at rest still draws the idle power of its machines."
        raise wrong(
            file, 0, column, f"hour {at + 1:,} {what}; {int(bad.sum()):,} such hours of {values.size:,}", remedy
        )
    name, count = Path(file).name, values.size
    if numbered and count > HOURS_COUNT:
        notice = f"load: the first {count - HOURS_COUNT:,} of {count:,} hours are left out; the year is the last"
        return LoadYear(name, values[-HOURS_COUNT:], (notice,))
    if count == LEAP_HOURS_COUNT:
        without = np.delete(values, np.s_[LEAP_DAY_H : LEAP_DAY_H + int(HOURS_PER_DAY)])
        return LoadYear(name, without, ("load: 29 February is dropped",))
    if count and count < HOURS_COUNT and count % WEEK_HOURS == 0:
        notice = f"load: {count // WEEK_HOURS} whole weeks are repeated through the year"
        return LoadYear(name, np.resize(values, HOURS_COUNT), (notice,))
    if count != HOURS_COUNT:
        remedy = f"A year has {HOURS_COUNT:,}, a leap year {LEAP_HOURS_COUNT:,}; whole weeks are repeated."
        raise wrong(file, 0, column, f"{count:,} hours make no year", remedy)
    return LoadYear(name, values)


def _column(file: str, header: list[str], site: str) -> str:
    """Choose the column of a site's IT power."""
    own = site.replace("-", "_")
    wanted: tuple[str, ...] = (f"{own}_it_mw", f"{own}_it_w", "it_mw", "it_w")
    others = [name for name in header if name.endswith(("_it_mw", "_it_w")) and name not in wanted]
    if others:  # then a bare column is that of all sites together
        wanted = wanted[:2]
    column = next((name for name in wanted if name in header), "")
    if not column:
        remedy = f"It has those of other sites: {', '.join(others)}." if others else nearest("it_mw", header)
        raise wrong(file, 1, "", f"has none of the columns {', '.join(wanted)}", remedy)
    return column


def _csv(path: Path) -> tuple[list[str], dict[str, Floats]]:
    """Read header and IT columns of a CSV file."""
    file = str(path)
    rows = list(csv.reader(io.StringIO(read_text(path))))
    header = [name.strip() for name in rows[0]]
    data = [(line, row) for line, row in enumerate(rows[1:], 2) if row]
    for line, row in data:
        if len(row) != len(header):
            raise wrong(file, line, "", f"has {len(row)} fields; the first line names {len(header)}")
    lines = [line for line, _ in data]
    return header, {
        name: numbers(file, lines, name, [row[at] for _, row in data])
        for at, name in enumerate(header)
        if name.endswith(("it_mw", "it_w"))
    }


def _parquet(path: Path) -> tuple[list[str], dict[str, Floats]]:
    """Read header and IT columns of a Parquet file."""
    import duckdb  # heavy: when a file asks for it

    file = str(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise wrong(file, 0, "", f"is larger than {MOST_BYTES // 2**20} MB; a year of hours is 4 MB at most")
        with duckdb.connect() as connection:
            read = connection.read_parquet(file)
            header = list(read.columns)
            known = [name for name in header if name.endswith(("it_mw", "it_w"))]
            found = (
                read.project(", ".join(f'"{name}"::double as "{name}"' for name in known)).fetchnumpy() if known else {}
            )
    except (OSError, duckdb.Error) as error:
        raise wrong(file, 0, "", f"cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    return header, {name: np.ma.filled(values.astype(np.float64), np.nan) for name, values in found.items()}
