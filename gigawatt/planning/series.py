"""Hourly load, price and carbon of one's own: CSV of EIA-930, CAISO, ERCOT, PJM, or a plain one. H hours.

Whatever the file's clock, the result is a year in local standard time, hour by hour, as the weather is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import nearest
from gigawatt.planning.weather_files.raw import read_text, wrong

Floats = NDArray[np.float64]

HOURS_PER_YEAR = 8760
HOUR = timedelta(hours=1)
LONGEST_GAP_H = 24  # a longer gap is no hole but missing data
SHOWN = 5  # hours that an error names
QUANTITIES = ("load", "price", "carbon")
TIME_FORMATS = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d%b%Y %H:%M:%S",
)


@dataclass(frozen=True, slots=True)
class HourlySeries:
    """A year of hours in local standard time.

    Attributes
    ----------
    value_H : ndarray
        8,760 values: load in MW, price in USD/MWh, carbon in kg/MWh.
    quantity : str
        load, price or carbon.
    column : str
        Column of the file.
    year : int
    repaired_count : int
        Hours that were filled or averaged.
    notices : tuple of str
        What was changed.
    """

    value_H: Floats
    quantity: str
    column: str
    year: int
    repaired_count: int
    notices: tuple[str, ...]


@lru_cache(maxsize=1000)  # dates come 24 and more times in a row
def _moment(text: str) -> datetime:
    """Read a time stamp, in ISO 8601 or as American spreadsheets write it; without a zone it is UTC."""
    cleaned = text.strip()
    try:
        found = datetime.fromisoformat(cleaned)
    except ValueError:
        for form in TIME_FORMATS:
            try:
                found = datetime.strptime(cleaned, form)
                break
            except ValueError:
                continue
        else:
            raise
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _starting(column: str) -> Callable[[Mapping[str, str]], datetime]:
    """Time of a row that gives the beginning of its interval in UTC."""
    return lambda row: _moment(row[column])


def _ending(column: str) -> Callable[[Mapping[str, str]], datetime]:
    """Time of a row that gives the end of its hour in UTC."""
    return lambda row: _moment(row[column]) - HOUR


def _ercot(row: Mapping[str, str]) -> datetime:
    """Time of a row of ERCOT: date and hour-ending in central prevailing time, a flag on the hour that comes twice."""
    date = row.get("DeliveryDate") or row["Delivery Date"]
    hour = (row.get("DeliveryHour") or row.get("HourEnding") or row["Hour Ending"]).split(":")[0]
    flag = row.get("DSTFlag") or row.get("Repeated Hour Flag") or row.get("RepeatedHourFlag") or "N"
    local = _moment(date).replace(tzinfo=None) + (int(hour) - 1) * HOUR
    zone = ZoneInfo("America/Chicago")
    return local.replace(tzinfo=zone, fold=int(flag.strip().upper() == "Y")).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a publisher writes its hours.

    Attributes
    ----------
    name : str
    tells : tuple of str
        Columns by which the layout is known.
    time : callable
        Beginning of a row's interval.
    values : dict of str to tuple of str
        Columns that may hold a quantity, the best first.
    place : tuple of str
        Columns that may say which node, zone or area a row is of.
    """

    name: str
    tells: tuple[str, ...]
    time: Callable[[Mapping[str, str]], datetime]
    values: dict[str, tuple[str, ...]]
    place: tuple[str, ...] = ()


LAYOUTS = (
    Layout(
        "EIA-930",
        ("UTC Time at End of Hour", "Balancing Authority"),
        _ending("UTC Time at End of Hour"),
        {"load": ("Demand (MW) (Adjusted)", "Demand (MW)")},
        ("Balancing Authority",),
    ),
    Layout(
        "CAISO",
        ("INTERVALSTARTTIME_GMT",),
        _starting("INTERVALSTARTTIME_GMT"),
        {"price": ("LMP_PRC", "MW", "VALUE", "PRC"), "load": ("MW", "VALUE")},
        ("NODE", "NODE_ID", "TAC_AREA_NAME"),
    ),
    Layout(
        "ERCOT",
        ("DeliveryDate",),
        _ercot,
        {"price": ("SettlementPointPrice", "Settlement Point Price")},
        ("SettlementPointName", "SettlementPoint", "Settlement Point"),
    ),
    Layout(
        "ERCOT",
        ("Delivery Date",),
        _ercot,
        {"price": ("Settlement Point Price", "SettlementPointPrice")},
        ("Settlement Point", "Settlement Point Name"),
    ),
    Layout(
        "PJM",
        ("datetime_beginning_utc",),
        _starting("datetime_beginning_utc"),
        {"price": ("total_lmp_da", "total_lmp_rt", "total_lmp"), "load": ("mw", "instantaneous_load")},
        ("pnode_name", "pnode_id", "load_area", "area"),
    ),
    Layout(
        "plain",
        ("timestamp_utc",),
        _starting("timestamp_utc"),
        {
            "price": ("price_usd_per_mwh", "lmp", "price"),
            "load": ("load_mw", "demand_mw", "total_gen_mw"),
            "carbon": ("carbon_kg_per_mwh", "avg_ci_g_per_kwh"),
        },
    ),
)


def read_series(
    path: Path | str, quantity: str, utc_offset_h: float, place: str = "", column: str = "", repair: bool = False
) -> HourlySeries:
    """Read a year of hourly load, price or carbon intensity.

    Parameters
    ----------
    path : Path or str
        CSV, gzipped or not, of a layout in `LAYOUTS`; a plain one has `timestamp_utc`, the beginning of the hour.
    quantity : str
        load, price or carbon.
    utc_offset_h : float
        Local standard time of the site; -6 is central. [h]
    place : str
        Node, zone or balancing authority, where the file has several.
    column : str
        Column to take in place of the layout's own.
    repair : bool
        Fill gaps of up to 24 hours by a straight line and average hours that come twice; otherwise both are refused.

    Returns
    -------
    HourlySeries

    Raises
    ------
    InputError
        Naming file, row and column of what is wrong.

    Notes
    -----
    Intervals shorter than an hour are averaged. 29 February is dropped. A file that covers the year in UTC begins a
    few hours late or early in local time: those hours are taken from its other end.
    """
    path = Path(path)
    file = str(path)
    if not path.is_file():
        raise wrong(file, 0, "", "there is no such file")
    rows = list(csv.reader(io.StringIO(read_text(path))))
    header = [name.strip() for name in rows[0]]
    layout = _layout_of(file, header, quantity)
    column = column or next((name for name in layout.values.get(quantity, ()) if name in header), "")
    if column not in header:
        known = ", ".join(layout.values.get(quantity, ())) or "none"
        remedy = f"{layout.name} keeps it in: {known}. {nearest(column or quantity, header)}"
        raise wrong(file, 1, column or quantity, f"no column holds {quantity}", remedy)
    hours, lines = _by_hour(file, header, rows, layout, column, place)
    return _whole_year(file, hours, lines, quantity, column, utc_offset_h, repair)


def _layout_of(file: str, header: list[str], quantity: str) -> Layout:
    """Find the layout of a file by its columns."""
    if quantity not in QUANTITIES:
        raise wrong(file, 0, "quantity", f'"{quantity}" is no quantity', nearest(quantity, QUANTITIES))
    for layout in LAYOUTS:
        if all(name in header for name in layout.tells):
            return layout
    known = "; ".join(f"{layout.name}: {', '.join(layout.tells)}" for layout in LAYOUTS)
    raise wrong(file, 1, "", f"the columns {', '.join(header[:SHOWN])}... are of no known layout", f"Known: {known}")


def _by_hour(
    file: str, header: list[str], rows: list[list[str]], layout: Layout, column: str, place: str
) -> tuple[dict[datetime, dict[datetime, list[float]]], dict[datetime, int]]:
    """Sort a file's values by hour and beginning of interval; return them and the first line of each hour."""
    where = next((name for name in layout.place if name in header), "")
    places = {row[header.index(where)].strip() for row in rows[1:] if len(row) == len(header)} if where else set()
    if where and not place and len(places) > 1:
        shown = ", ".join(sorted(places)[:SHOWN])
        raise wrong(file, 1, where, f"holds {len(places)} places: {shown}...", "Say which one is meant.")
    if place and place not in places:
        raise wrong(file, 1, where, f'"{place}" is not in the file', nearest(place, places))
    found: dict[datetime, dict[datetime, list[float]]] = {}
    lines: dict[datetime, int] = {}
    for line, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise wrong(file, line, "", f"has {len(cells)} cells and the first row {len(header)}")
        row = dict(zip(header, cells, strict=True))
        if place and row[where].strip() != place:
            continue
        if row.get("LMP_TYPE", "LMP").strip() != "LMP":
            continue  # CAISO writes energy, congestion and losses as rows of their own
        try:
            start = layout.time(row)
        except ValueError as error:
            raise wrong(file, line, layout.tells[0], f"is no time: {error}") from error
        value = _number(file, line, column, row[column])
        if value == value:
            hour = start.replace(minute=0, second=0, microsecond=0)
            found.setdefault(hour, {}).setdefault(start, []).append(value)
            lines.setdefault(hour, line)
    if not found:
        raise wrong(file, 0, column, "holds no value")
    return found, lines


def _number(file: str, line: int, column: str, text: str) -> float:
    """Read a number, thousands set off by commas or not; an empty cell is a missing one."""
    cleaned = text.replace(",", "").strip()
    try:
        return float(cleaned) if cleaned else float("nan")
    except ValueError as error:
        raise wrong(file, line, column, f'"{cleaned[:20]}" is no number') from error


def _whole_year(
    file: str,
    hours: dict[datetime, dict[datetime, list[float]]],
    lines: dict[datetime, int],
    quantity: str,
    column: str,
    utc_offset_h: float,
    repair: bool,
) -> HourlySeries:
    """Make a year in local standard time of a file's hours, or say what is missing or comes twice."""
    shift = timedelta(hours=utc_offset_h)
    local = {hour + shift: intervals for hour, intervals in hours.items()}
    years = [moment.year for moment in local]
    year = max(set(years), key=years.count)
    notices: list[str] = []
    twice = [hour for hour, parts in local.items() if hour.year == year and any(len(v) > 1 for v in parts.values())]
    if twice and not repair:
        first = sorted(twice)[:SHOWN]
        named = ", ".join(f"{hour:%Y-%m-%d %H}h (line {lines[hour - shift]})" for hour in first)
        raise wrong(file, 0, column, f"{len(twice)} hours come twice: {named}", "Ask for repair to average them.")
    value_by_hour = {hour: fmean(fmean(values) for values in intervals.values()) for hour, intervals in local.items()}
    start = datetime(year, 1, 1, tzinfo=UTC)
    calendar = [start + step * HOUR for step in range((datetime(year + 1, 1, 1, tzinfo=UTC) - start) // HOUR)]
    if len(calendar) > HOURS_PER_YEAR:
        calendar = [hour for hour in calendar if (hour.month, hour.day) != (2, 29)]
        notices.append(f"29 February {year} is dropped")
    _wrap(value_by_hour, calendar, shift, notices)
    value_H = np.array([value_by_hour.get(hour, np.nan) for hour in calendar])
    gaps = np.flatnonzero(np.isnan(value_H))
    if gaps.size and not repair:
        named = ", ".join(f"{calendar[gap]:%Y-%m-%d %H}h" for gap in gaps[:SHOWN])
        problem = (
            f"{HOURS_PER_YEAR - gaps.size:,} of {HOURS_PER_YEAR:,} hours of {year}; missing in local time: {named}"
        )
        raise wrong(file, 0, column, problem, "Ask for repair to fill gaps of up to 24 hours.")
    if gaps.size:
        longest = max(len(run) for run in np.split(gaps, np.flatnonzero(np.diff(gaps) > 1) + 1))
        if longest > LONGEST_GAP_H:
            raise wrong(file, 0, column, f"a gap of {longest} hours is too long to fill", "Find the data.")
        known = np.flatnonzero(~np.isnan(value_H))
        value_H[gaps] = np.interp(gaps, known, value_H[known], period=HOURS_PER_YEAR)
        notices.append(f"{gaps.size} missing hours are filled by a straight line")
    if twice:
        notices.append(f"{len(twice)} hours that come twice are averaged")
    return HourlySeries(value_H, quantity, column, year, int(gaps.size) + len(twice), tuple(notices))


def _wrap(value_by_hour: dict[datetime, float], calendar: list[datetime], shift: timedelta, notices: list[str]) -> None:
    """Take the hours that a year in UTC lacks in local time from the year's other end."""
    edge = calendar[-1].replace(month=1, day=1, hour=0)
    span = calendar[-1] + HOUR - edge
    missing = [hour for hour in calendar if hour not in value_by_hour]
    at_edge = [hour for hour in missing if hour - edge < abs(shift) or calendar[-1] - hour < abs(shift)]
    filled = 0
    for hour in at_edge:
        for other in (hour - span, hour + span):
            if other in value_by_hour:
                value_by_hour[hour] = value_by_hour[other]
                filled += 1
    if filled:
        notices.append(
            f"{filled} hours at the turn of the year are taken from its other end: the file's year is in UTC"
        )
