"""A file's hours into a whole year: every hour once, no value impossible, gaps filled only when asked. H hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.facility.psychrometrics import dew_point_from_humidity_c, saturation_pressure_pa, wet_bulb_c
from gigawatt.planning.weather_files.raw import Floats, Place, RawYear, wrong

DAYS_BY_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
HOURS_PER_DAY = 24
HOURS = 8760
LEAP_HOURS = 8784
LONGEST_GAP_H = 6  # beyond a quarter of a day a straight line is no weather
ROUNDING_K = 0.11  # dew point and dry bulb are written to 0.1 K
# What air at the ground can be: the extremes on record with room (-89.2 and 56.7 C; 870 hPa at sea level, 47 kPa on the
# highest inhabited plateau; 113 m/s in a cyclone). Radiation above the solar constant is found for minutes under cloud.
RANGES: dict[str, tuple[float, float]] = {
    "dry_bulb_c": (-90.0, 60.0),
    "dew_point_c": (-100.0, 40.0),
    "rh_pct": (0.0, 110.0),
    "pressure_pa": (45_000.0, 110_000.0),
    "ghi_w_m2": (0.0, 1500.0),
    "dni_w_m2": (0.0, 1500.0),
    "dhi_w_m2": (0.0, 1500.0),
    "wind_dir_deg": (0.0, 360.0),
    "wind_m_s": (0.0, 115.0),
}
DEGREES_PER_HOUR = 15.0
FAR_ZONE_H = 3.5  # clocks differ from the sun by three hours in western China, and nowhere by more
NEEDED = ("dry_bulb_c", "pressure_pa")
DRIEST_PCT = 1.0  # a reading of 0 % stands for "below what the sensor sees"


@dataclass(frozen=True, slots=True)
class WeatherYear:
    """A whole year of hours in local standard time.

    Attributes
    ----------
    columns : dict of ndarray
        As the catalogue's weather: month, day, hour, dry_bulb_c, wet_bulb_c, dew_point_c, rh_pct, pressure_pa; and
        ghi_w_m2, dni_w_m2, dhi_w_m2, wind_dir_deg, wind_m_s where the file has them.
    place : Place
    notices : tuple of str
        What was changed: hours moved, dropped or filled.
    """

    columns: dict[str, Floats]
    place: Place
    notices: tuple[str, ...]


def _positions(raw: RawYear) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Hour of the year of each row, and which rows are of 29 February; refuse what is no hour of a year."""
    leap = (raw.month == 2) & (raw.day == 29)
    days = np.array((0, *DAYS_BY_MONTH))
    bad_month = (raw.month < 1) | (raw.month > len(DAYS_BY_MONTH))
    bad_day = (raw.day < 1) | (raw.day > days[np.clip(raw.month, 0, len(DAYS_BY_MONTH))])
    for name, values, bad in (
        ("month", raw.month, bad_month),
        ("day", raw.day, ~bad_month & bad_day & ~leap),
        ("hour", raw.hour, (raw.hour < 1) | (raw.hour > HOURS_PER_DAY)),
    ):
        if bad.any():
            at = int(np.argmax(bad))
            raise wrong(raw.file, int(raw.lines[at]), name, f"{values[at]} is no {name} of a year")
    starts = np.concatenate([[0], np.cumsum(DAYS_BY_MONTH)])
    return (starts[raw.month - 1] + raw.day - 1) * HOURS_PER_DAY + raw.hour - 1, leap


def _when(position: int) -> str:
    """Day and hour of an hour of the year, in words."""
    starts = np.concatenate([[0], np.cumsum(DAYS_BY_MONTH)])
    day_of_year, hour = divmod(position, HOURS_PER_DAY)
    month = int(np.searchsorted(starts, day_of_year, side="right"))
    return f"month {month}, day {day_of_year - starts[month - 1] + 1}, hour {hour + 1}"


def _gaps(missing_H: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First hour and length of each run of missing hours; the year is a ring."""
    if not missing_H.any() or missing_H.all():
        return [(0, len(missing_H))] if missing_H.any() else []
    begins = np.flatnonzero(missing_H & ~np.roll(missing_H, 1))
    return [(int(at), int(np.argmin(np.roll(missing_H, -at)))) for at in begins]


def _place(raw: RawYear) -> tuple[dict[str, Floats], NDArray[np.int64], list[str]]:
    """Put every row at its hour; NaN where there is none. Drop 29 February."""
    position, leap = _positions(raw)
    notices = list(raw.notices)
    if leap.any():
        notices.append(f"29 February dropped: {int(leap.sum())} hours; a typical year has no leap day")
    kept = ~leap
    position = position[kept]
    counts = np.bincount(position, minlength=HOURS)
    if counts.max() > 1:
        twice = np.flatnonzero(counts[position] > 1)
        line = int(raw.lines[kept][twice[np.argsort(position[twice], kind="stable")[1]]])
        at = int(position[twice].min())
        remedy = "Hours are wanted, one row each." if len(position) > LEAP_HOURS else ""
        raise wrong(raw.file, line, "hour", f"{_when(at)} stands {counts[at]} times", remedy)
    lines = np.zeros(HOURS, dtype=np.int64)
    lines[position] = raw.lines[kept]
    columns = {}
    for name, values in raw.columns.items():
        columns[name] = np.full(HOURS, np.nan)
        columns[name][position] = values[kept]
    return columns, lines, notices


def _fill(raw: RawYear, name: str, values_H: Floats, lines: NDArray[np.int64], fill_gaps: bool) -> tuple[Floats, int]:
    """Fill gaps of up to six hours by straight lines when asked, else refuse them."""
    missing_H = ~np.isfinite(values_H)
    gaps = _gaps(missing_H)
    if not gaps:
        return values_H, 0
    first, length = max(gaps, key=lambda gap: gap[1])
    count = int(missing_H.sum())
    if length > LONGEST_GAP_H or not fill_gaps:
        absent = lines[first] == 0 and bool(np.any(lines > 0))
        what = "is missing" if not absent else "is missing: the file has no such row"
        problem = f"{_when(first)} {what}; {count:,} of {HOURS:,} hours missing, at most {length} in a row"
        remedy = f"Gaps of up to {LONGEST_GAP_H} hours can be filled: read_weather(path, fill_gaps=True)."
        if length > LONGEST_GAP_H:
            remedy = f"At most {LONGEST_GAP_H} hours in a row can be filled."
        raise wrong(raw.file, int(lines[first]), name, problem, remedy)
    known = np.flatnonzero(~missing_H)
    return np.interp(np.arange(HOURS), known, values_H[known], period=HOURS), count


def _check_ranges(raw: RawYear, columns: dict[str, Floats], lines: NDArray[np.int64]) -> None:
    """Refuse values that no air has."""
    for name, (low, high) in RANGES.items():
        if name not in columns:
            continue
        with np.errstate(invalid="ignore"):
            bad_H = (columns[name] < low) | (columns[name] > high)
        if bad_H.any():
            at = int(np.argmax(bad_H))
            problem = f"{columns[name][at]:g} at {_when(at)} is outside {low:g} to {high:g}"
            raise wrong(raw.file, int(lines[at]), name, problem)


def _moisture(raw: RawYear, columns: dict[str, Floats], lines: NDArray[np.int64]) -> list[str]:
    """Complete dew point, relative humidity and wet bulb in place; refuse a dew point above the dry bulb."""
    dry_bulb_c, notices = columns["dry_bulb_c"], []
    if "dew_point_c" not in columns:
        if "rh_pct" not in columns:
            raise wrong(raw.file, 1, "dew_point_c", "neither it nor rh_pct is among the columns")
        humidity_frac = np.clip(columns["rh_pct"], DRIEST_PCT, 100.0) / 100.0
        columns["dew_point_c"] = dew_point_from_humidity_c(dry_bulb_c, humidity_frac)
        notices.append("dew points computed from the relative humidity")
    above_k = columns["dew_point_c"] - dry_bulb_c
    if above_k.max() > ROUNDING_K:
        at = int(np.argmax(above_k))
        problem = f"{columns['dew_point_c'][at]:g} is above the dry bulb of {dry_bulb_c[at]:g} at {_when(at)}"
        raise wrong(raw.file, int(lines[at]), "dew_point_c", problem)
    if np.any(above_k > 0.0):
        notices.append(f"dew point lowered to the dry bulb in {int(np.sum(above_k > 0.0))} hours, by 0.1 K at most")
        columns["dew_point_c"] = np.minimum(columns["dew_point_c"], dry_bulb_c)
    if "rh_pct" not in columns:
        share = saturation_pressure_pa(columns["dew_point_c"]) / saturation_pressure_pa(dry_bulb_c)
        columns["rh_pct"] = 100.0 * share
    columns["wet_bulb_c"] = wet_bulb_c(dry_bulb_c, columns["dew_point_c"], columns["pressure_pa"])
    return notices


def whole_year(raw: RawYear, fill_gaps: bool = False) -> WeatherYear:
    """Make a whole year of a file's hours.

    Parameters
    ----------
    raw : RawYear
    fill_gaps : bool
        Fill up to six missing hours in a row by straight lines, and say how many; otherwise refuse the file.

    Returns
    -------
    WeatherYear

    Raises
    ------
    InputError
        If an hour is missing, stands twice or holds a value that no air has; names file, line and field.
    """
    columns, lines, notices = _place(raw)
    absent = [name for name in NEEDED if name not in columns]
    if absent:
        raise wrong(raw.file, 1, absent[0], "is not among the columns")
    _check_ranges(raw, columns, lines)
    for name in list(columns):
        if name not in NEEDED and not np.any(np.isfinite(columns[name])):
            notices.append(f"{name} is missing in every hour: left out")
            del columns[name]
            continue
        columns[name], filled = _fill(raw, name, columns[name], lines, fill_gaps)
        if filled:
            notices.append(f"{name}: {filled} hours filled by straight lines")
    notices += _moisture(raw, columns, lines)
    by_longitude_h = raw.place.longitude / DEGREES_PER_HOUR
    if abs(raw.place.utc_offset_h - by_longitude_h) > FAR_ZONE_H:  # False where either is unknown
        notices.append(
            f"the zone of UTC{raw.place.utc_offset_h:+g} h is far from {by_longitude_h:+.1f} h, that of the longitude: "
            "are the hours in local standard time?"
        )
    days = np.repeat(np.concatenate([np.arange(1, count + 1) for count in DAYS_BY_MONTH]), HOURS_PER_DAY)
    months = np.repeat(np.arange(1, len(DAYS_BY_MONTH) + 1), np.array(DAYS_BY_MONTH) * HOURS_PER_DAY)
    calendar = {"month": months, "day": days, "hour": np.arange(HOURS) % HOURS_PER_DAY + 1}
    return WeatherYear(
        columns={**{name: values.astype(np.float64) for name, values in calendar.items()}, **columns},
        place=raw.place,
        notices=tuple(notices),
    )
