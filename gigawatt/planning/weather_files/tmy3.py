"""NREL TMY3 files (*.csv): S. Wilcox, W. Marion, Users Manual for TMY3 Data Sets, NREL/TP-581-43156, 2008."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from gigawatt.planning.weather_files.raw import Place, RawYear, numbers, read_text, whole_numbers, wrong

DATE, TIME = "Date (MM/DD/YYYY)", "Time (HH:MM)"
FIELDS = {
    "dry_bulb_c": "Dry-bulb (C)",
    "dew_point_c": "Dew-point (C)",
    "rh_pct": "RHum (%)",
    "pressure_pa": "Pressure (mbar)",
    "ghi_w_m2": "GHI (W/m^2)",
    "dni_w_m2": "DNI (W/m^2)",
    "dhi_w_m2": "DHI (W/m^2)",
    "wind_dir_deg": "Wdir (degrees)",
    "wind_m_s": "Wspd (m/s)",
}
PASCALS_PER_MILLIBAR = 100.0
MISSING_BELOW = -900.0  # codes for missing values: -9900, and -999 in some copies
MISSING_ABOVE = 9999.0
SITE_FIELDS = {"utc_offset_h": 3, "latitude": 4, "longitude": 5, "elevation_m": 6}


def read(path: Path) -> RawYear:
    """Read a TMY3 file.

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
    if len(rows) <= 1 or len(rows[0]) <= max(SITE_FIELDS.values()):
        raise wrong(file, 1, "", "is no TMY3 file: the first line holds station, name, state, zone, position, height")
    position = {name.strip(): place for place, name in enumerate(rows[1])}
    absent = [name for name in (DATE, TIME, *FIELDS.values()) if name not in position]
    if absent:
        raise wrong(file, 2, absent[0], "is not among the columns", "Is this a TMY3 file?")
    data = [(line, row) for line, row in enumerate(rows[2:], 3) if row]
    short = next((item for item in data if len(item[1]) <= max(position[name] for name in FIELDS.values())), None)
    if short:
        raise wrong(file, short[0], "", f"has {len(short[1])} fields of {len(position)}", "Was the file cut off?")
    lines = [line for line, _ in data]
    columns = {}
    for name, label in FIELDS.items():
        values = numbers(file, lines, label, [row[position[label]] for _, row in data])
        values = np.where((values <= MISSING_BELOW) | (values >= MISSING_ABOVE), np.nan, values)
        columns[name] = values * PASCALS_PER_MILLIBAR if name == "pressure_pa" else values
    dates = [f"{row[position[DATE]]}//".split("/") for _, row in data]
    where = {name: float(numbers(file, [1], name, [rows[0][at]])[0]) for name, at in SITE_FIELDS.items()}
    return RawYear(
        file=file,
        lines=np.array(lines, dtype=np.int64),
        month=whole_numbers(file, lines, DATE, [date[0] for date in dates]),
        day=whole_numbers(file, lines, DATE, [date[1] for date in dates]),
        hour=whole_numbers(file, lines, TIME, [row[position[TIME]].split(":")[0] for _, row in data]),
        columns=columns,
        place=Place(rows[0][1].strip(), **where),
    )
