"""Files of our own columns: CSV and Parquet, as the catalogue's weather has them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from gigawatt.planning.weather_files.raw import MOST_BYTES, Floats, Place, RawYear, numbers, read_text, wrong

CALENDAR = ("month", "day", "hour")
NAMES = (
    "dry_bulb_c", "dew_point_c", "rh_pct", "pressure_pa", "ghi_w_m2", "dni_w_m2", "dhi_w_m2",
    "wind_dir_deg", "wind_m_s",
)  # fmt: skip


def _year(file: str, columns: dict[str, Floats], first_line: int) -> RawYear:
    """Take the columns apart; a year without month, day and hour is taken in order."""
    rows = len(next(iter(columns.values()))) if columns else 0
    lines = np.arange(first_line, first_line + rows) if first_line else np.zeros(rows, dtype=np.int64)
    absent = [name for name in CALENDAR if name not in columns]
    if absent:
        raise wrong(file, 1, absent[0], "is not among the columns", f"The columns are {', '.join(CALENDAR + NAMES)}.")
    dated = {}
    for name in CALENDAR:
        values = columns[name]
        odd = ~np.isfinite(values) | (values != np.round(values))
        if odd.any():
            at = int(np.argmax(odd))
            raise wrong(file, int(lines[at]), name, f"{values[at]} is no whole number")
        dated[name] = values.astype(np.int64)
    notices: tuple[str, ...] = ()
    if rows and dated["hour"].min() == 0 and dated["hour"].max() == len(range(23)):
        dated["hour"] = dated["hour"] + 1
        notices = ("hours run from 0 to 23: taken as the hours that begin then",)
    known = {name: columns[name] for name in NAMES if name in columns}
    return RawYear(file, lines, dated["month"], dated["day"], dated["hour"], known, Place(Path(file).stem), notices)


def read_csv(path: Path) -> RawYear:
    """Read a CSV file of our own columns, gzipped or not.

    Parameters
    ----------
    path : Path

    Returns
    -------
    RawYear

    Raises
    ------
    InputError
        Naming file, line and field.
    """
    file = str(path)
    rows = list(csv.reader(io.StringIO(read_text(path))))
    names = [name.strip() for name in rows[0]]
    data = [(line, row) for line, row in enumerate(rows[1:], 2) if row]
    for line, row in data:
        if len(row) != len(names):
            raise wrong(file, line, "", f"has {len(row)} fields; the first line names {len(names)}")
    lines = [line for line, _ in data]
    columns = {
        name: numbers(file, lines, name, [row[at] for _, row in data])
        for at, name in enumerate(names)
        if name in CALENDAR + NAMES
    }
    return _year(file, columns, first_line=2)


def read_parquet(path: Path) -> RawYear:
    """Read a Parquet file of our own columns.

    Parameters
    ----------
    path : Path

    Returns
    -------
    RawYear

    Raises
    ------
    InputError
        If it cannot be read.
    """
    import duckdb  # heavy: when a file asks for it

    file = str(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise wrong(file, 0, "", f"is larger than {MOST_BYTES // 2**20} MB; a year of hours is 4 MB at most")
        with duckdb.connect() as connection:
            read = connection.read_parquet(file)
            known = [name for name in read.columns if name in CALENDAR + NAMES]
            if not known:
                raise wrong(file, 0, "", f"has none of the columns {', '.join(CALENDAR + NAMES)}")
            found = read.project(", ".join(f'"{name}"::double as "{name}"' for name in known)).fetchnumpy()
    except (OSError, duckdb.Error) as error:
        raise wrong(file, 0, "", f"cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    columns = {name: np.ma.filled(values.astype(np.float64), np.nan) for name, values in found.items()}
    return _year(file, columns, first_line=0)
