"""EnergyPlus weather files (*.epw): EnergyPlus, Auxiliary Programs, "Weather Data Format"."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gigawatt.planning.weather_files.raw import Place, RawYear, numbers, read_text, whole_numbers, wrong

HEADER_LINES = 8
FIELDS_LEAST = 22  # up to the wind speed; the format has 35
MONTH, DAY, HOUR = 1, 2, 3
# position of each column in a data line, and the code that the format gives to a missing value
FIELDS: dict[str, tuple[int, float]] = {
    "dry_bulb_c": (6, 99.9),
    "dew_point_c": (7, 99.9),
    "rh_pct": (8, 999.0),
    "pressure_pa": (9, 999_999.0),
    "ghi_w_m2": (13, 9999.0),
    "dni_w_m2": (14, 9999.0),
    "dhi_w_m2": (15, 9999.0),
    "wind_dir_deg": (20, 999.0),
    "wind_m_s": (21, 999.0),
}
LOCATION_FIELDS = {"latitude": 6, "longitude": 7, "utc_offset_h": 8, "elevation_m": 9}


def read(path: Path) -> RawYear:
    """Read an EnergyPlus weather file.

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
    rows = [line.split(",") for line in read_text(path).splitlines()]
    if rows[0][0].strip().upper() != "LOCATION":
        raise wrong(file, 1, "LOCATION", f'the line begins with "{rows[0][0][:20]}"', "Is this an EPW file?")
    location = rows[0]
    if len(location) <= max(LOCATION_FIELDS.values()):
        raise wrong(file, 1, "LOCATION", f"has {len(location)} fields; the elevation is the tenth")
    data = [(line, row) for line, row in enumerate(rows[HEADER_LINES:], HEADER_LINES + 1) if len(row) > 1]
    if not data:
        raise wrong(file, len(rows), "", f"ends after {len(rows)} lines; hours begin at line {HEADER_LINES + 1}")
    short = next((item for item in data if len(item[1]) < FIELDS_LEAST), None)
    if short:
        raise wrong(file, short[0], "", f"has {len(short[1])} fields of 35", "Was the file cut off?")
    lines = [line for line, _ in data]
    columns = {}
    for name, (position, missing) in FIELDS.items():
        values = numbers(file, lines, name, [row[position] for _, row in data])
        columns[name] = np.where(values >= missing, np.nan, values)
    month, day, hour = (
        whole_numbers(file, lines, name, [row[at] for _, row in data])
        for name, at in (("month", MONTH), ("day", DAY), ("hour", HOUR))
    )
    where = {name: float(numbers(file, [1], name, [location[at]])[0]) for name, at in LOCATION_FIELDS.items()}
    return RawYear(
        file=file,
        lines=np.array(lines, dtype=np.int64),
        month=month,
        day=day,
        hour=hour,
        columns=columns,
        place=Place(location[1].strip(), **where),
    )
