"""Typical years of PVGIS (*.json): European Commission, Joint Research Centre, PVGIS user manual, "TMY generator"."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from gigawatt.planning.weather_files.raw import Place, RawYear, read_text, wrong

TIME = "time(UTC)"
FIELDS = {
    "dry_bulb_c": "T2m",
    "rh_pct": "RH",
    "pressure_pa": "SP",
    "ghi_w_m2": "G(h)",
    "dni_w_m2": "Gb(n)",
    "dhi_w_m2": "Gd(h)",
    "wind_dir_deg": "WD10m",
    "wind_m_s": "WS10m",
}
DEGREES_PER_HOUR = 15.0
HOURS_PER_DAY = 24


def _hour(file: str, position: int, row: Any) -> dict[str, float]:
    """Values of one hour by our names, its time among them."""
    place = f"outputs.tmy_hourly[{position}]"
    if not isinstance(row, dict):
        raise wrong(file, 0, place, "is no hour")
    values: dict[str, float] = {}
    for name, label in FIELDS.items():
        value = row.get(label)
        if label not in row or not (value is None or isinstance(value, int | float)):
            raise wrong(file, 0, f"{place}.{label}", "is missing or no number")
        values[name] = float("nan") if value is None else float(value)
    stamp = str(row.get(TIME, ""))  # 20070101:0000
    field = f"{place}.{TIME}"
    for name, first, last in (("month", 4, 6), ("day", 6, 8), ("hour", 9, 11)):
        if not stamp[first:last].isdigit():
            raise wrong(file, 0, field, f'"{stamp[:20]}" is no time such as 20070101:0000')
        values[name] = float(stamp[first:last])
    return values


def read(path: Path) -> RawYear:
    """Read a typical year that PVGIS gave as JSON, and turn it from UTC to local standard time.

    Parameters
    ----------
    path : Path

    Returns
    -------
    RawYear
        Zone by longitude, as the file has none; an hour stamped 00:00 is taken as the hour that begins then.

    Raises
    ------
    InputError
        Naming file and field.
    """
    file = str(path)
    try:
        whole_file = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise wrong(file, error.lineno, "", f"is no JSON: {error.msg}", "Was the file cut off?") from error
    try:
        location = whole_file["inputs"]["location"]
        latitude, longitude = float(location["latitude"]), float(location["longitude"])
        elevation_m = float(location.get("elevation", "nan"))
        rows = list(whole_file["outputs"]["tmy_hourly"])
    except (KeyError, TypeError, ValueError) as error:
        problem = f"has no {error}: a typical year has inputs.location and outputs.tmy_hourly"
        raise wrong(file, 0, "", problem, "Ask PVGIS for TMY as JSON.") from error
    hours = [_hour(file, position, row) for position, row in enumerate(rows)]
    offset_h = round(longitude / DEGREES_PER_HOUR)
    names = [*FIELDS, "month", "day", "hour"]
    # the last hours of the year in UTC are the first ones east of Greenwich, and the reverse
    columns = {name: np.roll(np.array([hour[name] for hour in hours]), offset_h) for name in FIELDS}
    month, day, hour = (np.array([row[name] for row in hours], dtype=np.int64) for name in names[-3:])
    return RawYear(
        file=file,
        lines=np.zeros(len(hours), dtype=np.int64),
        month=month,
        day=day,
        hour=hour + 1,
        columns=columns,
        place=Place("", latitude, longitude, elevation_m, float(offset_h)),
        notices=(f"times are in UTC: moved by {offset_h:+d} h, the zone of longitude {longitude:g}",),
    )
