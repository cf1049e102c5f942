"""Units at the boundary: a closed table, one parser, one formatter.

Inside the engines numbers are plain floats in SI units and USD, and the name says the unit
(`SUFFIXES`). People write "1.2 GW", "60..65 B USD", "30 T tokens", "$0.065/kWh"; `parse` turns that into
the unit a field wants and refuses a unit of another dimension.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from gigawatt.errors import UnitError, nearest

# --- conversion constants --------------------------------------------------------------------------------
SECONDS_PER_MINUTE = 60.0
SECONDS_PER_HOUR = 3600.0
HOURS_PER_DAY = 24.0
SECONDS_PER_DAY = SECONDS_PER_HOUR * HOURS_PER_DAY
DAYS_PER_YEAR = 365.25  # Julian year, ISO 80000-3
MONTHS_PER_YEAR = 12.0
HOURS_PER_YEAR = HOURS_PER_DAY * DAYS_PER_YEAR
HOURS_PER_MONTH = HOURS_PER_YEAR / MONTHS_PER_YEAR
SECONDS_PER_MONTH = HOURS_PER_MONTH * SECONDS_PER_HOUR
JOULES_PER_MWH = 3.6e9
WATTS_PER_MEGAWATT = 1e6
BYTES_PER_GIB = 2.0**30
SQUARE_METRES_PER_ACRE = 4046.8564224  # international acre
SQUARE_METRES_PER_SQUARE_FOOT = 0.09290304
LITRES_PER_US_GALLON = 3.785411784

Dimension = tuple[tuple[str, int], ...]

_POWER: dict[str, int] = {"W": 1}
_TIME: dict[str, int] = {"s": 1}
_ENERGY: dict[str, int] = {"W": 1, "s": 1}

# symbol -> (base dimensions, factor to the base unit)
_UNITS: dict[str, tuple[dict[str, int], float]] = {
    "1": ({}, 1.0),
    "x": ({}, 1.0),
    "frac": ({}, 1.0),
    "%": ({}, 0.01),
    "W": (_POWER, 1.0),
    "kW": (_POWER, 1e3),
    "MW": (_POWER, 1e6),
    "GW": (_POWER, 1e9),
    "TW": (_POWER, 1e12),
    "J": (_ENERGY, 1.0),
    "Wh": (_ENERGY, 3.6e3),
    "kWh": (_ENERGY, 3.6e6),
    "MWh": (_ENERGY, 3.6e9),
    "GWh": (_ENERGY, 3.6e12),
    "TWh": (_ENERGY, 3.6e15),
    "us": (_TIME, 1e-6),
    "ms": (_TIME, 1e-3),
    "s": (_TIME, 1.0),
    "min": (_TIME, SECONDS_PER_MINUTE),
    "h": (_TIME, SECONDS_PER_HOUR),
    "hour": (_TIME, SECONDS_PER_HOUR),
    "day": (_TIME, SECONDS_PER_DAY),
    "week": (_TIME, 7.0 * SECONDS_PER_DAY),
    "month": (_TIME, SECONDS_PER_MONTH),
    "quarter": (_TIME, 3.0 * SECONDS_PER_MONTH),
    "year": (_TIME, SECONDS_PER_MONTH * MONTHS_PER_YEAR),
    "bit": ({"B": 1}, 0.125),
    "Gb": ({"B": 1}, 0.125e9),
    "Tb": ({"B": 1}, 0.125e12),
    "bytes": ({"B": 1}, 1.0),
    "kB": ({"B": 1}, 1e3),
    "MB": ({"B": 1}, 1e6),
    "GB": ({"B": 1}, 1e9),
    "TB": ({"B": 1}, 1e12),
    "PB": ({"B": 1}, 1e15),
    "MiB": ({"B": 1}, 2.0**20),
    "GiB": ({"B": 1}, 2.0**30),
    "TiB": ({"B": 1}, 2.0**40),
    "FLOP": ({"FLOP": 1}, 1.0),
    "GFLOP": ({"FLOP": 1}, 1e9),
    "TFLOP": ({"FLOP": 1}, 1e12),
    "PFLOP": ({"FLOP": 1}, 1e15),
    "EFLOP": ({"FLOP": 1}, 1e18),
    "USD": ({"USD": 1}, 1.0),
    "cent": ({"USD": 1}, 0.01),
    "m": ({"m": 1}, 1.0),
    "km": ({"m": 1}, 1e3),
    "m2": ({"m": 2}, 1.0),
    "km2": ({"m": 2}, 1e6),
    "acre": ({"m": 2}, SQUARE_METRES_PER_ACRE),
    "sqft": ({"m": 2}, SQUARE_METRES_PER_SQUARE_FOOT),
    "ha": ({"m": 2}, 1e4),
    "L": ({"L": 1}, 1.0),
    "m3": ({"L": 1}, 1e3),
    "gal": ({"L": 1}, LITRES_PER_US_GALLON),
    "C": ({"C": 1}, 1.0),
    "K": ({"K": 1}, 1.0),
    "g": ({"kg": 1}, 1e-3),
    "kg": ({"kg": 1}, 1.0),
    "t": ({"kg": 1}, 1e3),
    "Pa": ({"Pa": 1}, 1.0),
    "token": ({"token": 1}, 1.0),
    "GPU": ({"GPU": 1}, 1.0),
    "user": ({"user": 1}, 1.0),
    "message": ({"message": 1}, 1.0),
    "task": ({"task": 1}, 1.0),
    "developer": ({"developer": 1}, 1.0),
    "run": ({"run": 1}, 1.0),
    "node": ({"node": 1}, 1.0),
    "failure": ({"failure": 1}, 1.0),
}

_ALIASES: dict[str, str] = {
    "$": "USD", "usd": "USD", "US$": "USD", "dollar": "USD", "dollars": "USD",
    "hours": "h", "hr": "h", "days": "day", "weeks": "week", "months": "month", "quarters": "quarter",
    "years": "year", "yr": "year", "y": "year", "minutes": "min", "minute": "min", "second": "s", "seconds": "s",
    "tokens": "token", "tok": "token", "GPUs": "GPU", "gpus": "GPU", "gpu": "GPU", "accelerators": "GPU",
    "users": "user", "messages": "message", "tasks": "task", "developers": "developer", "runs": "run",
    "nodes": "node", "failures": "failure", "acres": "acre", "km²": "km2", "m²": "m2", "°C": "C", "degC": "C",
    "byte": "bytes", "percent": "%", "litre": "L", "litres": "L", "l": "L", "FLOPs": "FLOP", "FLOPS": "FLOP",
    "TFLOPs": "TFLOP", "PFLOPs": "PFLOP", "ratio": "1", "H100e": "GPU",
}  # fmt: skip

# nouns that a writer may leave out: "32 k" for "32 k GPUs"
_COUNTED = {"token", "GPU", "user", "message", "task", "developer", "run", "node", "failure"}

_MULTIPLIERS: dict[str, float] = {
    "k": 1e3, "K": 1e3, "thousand": 1e3,
    "M": 1e6, "mn": 1e6, "million": 1e6,
    "B": 1e9, "bn": 1e9, "billion": 1e9,
    "T": 1e12, "trillion": 1e12,
}  # fmt: skip

# name suffix -> unit symbol. The closed list of suffixes that a name in gigawatt may carry.
SUFFIXES: dict[str, str] = {
    "usd_per_million_tokens": "USD/token",  # quoted per million; engines keep the words
    "usd_per_mwh": "USD/MWh",
    "usd_per_gpu_hour": "USD/h",
    "usd_per_gpu_year": "USD/year",
    "usd_per_gpu": "USD",
    "usd_per_mw_year": "USD/MW/year",
    "usd_per_w": "USD/W",
    "usd_per_h": "USD/h",
    "usd_per_m2": "USD/m2",
    "w_per_m2": "W/m2",
    "usd": "USD",
    "kg_per_mwh": "kg/MWh",
    "l_per_kwh": "L/kWh",
    "flop_per_s": "FLOP/s",
    "flops": "FLOP",
    "bytes_per_s": "bytes/s",
    "kg_per_s": "kg/s",
    "bytes": "bytes",
    "tokens_per_s": "token/s",
    "tokens": "token",
    "per_node_day": "1/day",
    "per_year": "1/year",
    "per_month": "1/month",
    "per_day": "1/day",
    "per_s": "1/s",
    "gw": "GW",
    "mw": "MW",
    "kw": "kW",
    "w": "W",
    "mwh": "MWh",
    "j": "J",
    "s": "s",
    "h": "h",
    "days": "day",
    "months": "month",
    "years": "year",
    "m2": "m2",
    "km2": "km2",
    "c": "C",
    "k": "K",
    "j_per_kg": "J/kg",
    "j_per_kg_k": "J/kg/K",
    "kg": "kg",
    "l": "L",
    "pa": "Pa",
    "frac": "1",
    "pct": "%",
    "count": "1",
    "gpus": "GPU",
    "ratio": "1",
}

_NUMBER = r"[+-]?(?:\d[\d,_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_SIDE = re.compile(rf"^\s*(?P<usd>\$)?\s*(?P<number>{_NUMBER})\s*(?P<rest>.*)$")


def unit_of_name(name: str) -> str:
    """Return the unit symbol that a name's suffix stands for.

    Parameters
    ----------
    name : str
        A field name such as `power_mw`.

    Returns
    -------
    str
        The unit, "1" where the name carries no unit.

    Examples
    --------
    >>> unit_of_name("hbm_bytes_per_s"), unit_of_name("energy_usd_per_mwh"), unit_of_name("layers")
    ('bytes/s', 'USD/MWh', '1')
    """
    parts = name.split("_")
    for start in range(len(parts)):
        unit = SUFFIXES.get("_".join(parts[start:]))
        if unit is not None:
            return unit
    return "1"


def _resolve(symbol: str) -> tuple[dict[str, int], float]:
    """Look a unit up, through its aliases."""
    found = _UNITS.get(symbol) or _UNITS.get(_ALIASES.get(symbol, ""))
    if found is None:
        message = f'"{symbol}" is not a unit. {nearest(symbol, [*_UNITS, *_ALIASES])}'
        raise UnitError(message)
    return found


def factor_of(unit: str) -> tuple[Dimension, float]:
    """Return dimension and factor to the base units of a unit expression.

    Parameters
    ----------
    unit : str
        Symbols joined by "/", " per ", "-" or a space, for example "USD/MWh" or "USD per developer-year".

    Returns
    -------
    tuple
        Dimension as sorted (base, power) pairs, and the factor.

    Raises
    ------
    UnitError
        If a symbol is not in the table.
    """
    dims: dict[str, int] = {}
    factor = 1.0
    for position, part in enumerate(re.split(r"/|\bper\b", unit)):
        sign = 1 if position == 0 else -1
        for symbol in re.split(r"[\s\-·*]+", part.strip()):
            if not symbol:
                continue
            base, scale = _resolve(symbol)
            factor *= scale**sign
            for name, power in base.items():
                dims[name] = dims.get(name, 0) + sign * power
    return tuple(sorted((name, power) for name, power in dims.items() if power)), factor


def _without_nouns(dimension: Dimension) -> Dimension:
    """Drop counted nouns, which a writer may leave out."""
    return tuple((name, power) for name, power in dimension if name not in _COUNTED)


def _fits(found: Dimension, wanted: Dimension) -> bool:
    """Whether a unit may stand where another is wanted; nouns may be missing, but not wrong."""
    if found == wanted:
        return True
    nouns = {pair for pair in found if pair[0] in _COUNTED}
    return nouns <= set(wanted) and _without_nouns(found) == _without_nouns(wanted)


def convert(value: float, unit: str, wanted: str) -> float:
    """Convert a value between units of one dimension.

    Parameters
    ----------
    value : float
        Number in `unit`.
    unit, wanted : str
        Unit expressions.

    Returns
    -------
    float
        Number in `wanted`.

    Raises
    ------
    UnitError
        If the dimensions differ.

    Examples
    --------
    >>> convert(1.2, "GW", "MW")
    1200.0
    """
    found_dimension, found_factor = factor_of(unit)
    wanted_dimension, wanted_factor = factor_of(wanted)
    if not _fits(found_dimension, wanted_dimension):
        message = f'"{unit}" does not fit: a value in {wanted} is wanted'
        raise UnitError(message)
    return value * (found_factor / wanted_factor)


def _split_multiplier(rest: str, wanted: str) -> tuple[float, bool, str]:
    """Split "B USD" into (1e9, True, "USD"); a first word that is a fitting unit stays a unit."""
    rest = rest.strip()
    head = re.match(r"^[A-Za-z]+", rest)
    if not head or head.group() not in _MULTIPLIERS:
        return 1.0, False, rest
    word = head.group()
    try:
        if _fits(factor_of(rest)[0], factor_of(wanted)[0]):
            return 1.0, False, rest
    except UnitError:
        pass
    return _MULTIPLIERS[word], True, rest[len(word) :].strip()


def _read_side(text: str, wanted: str) -> tuple[float, bool, str]:
    """Read one side of a range: number, whether it had a multiplier, the unit text left."""
    match = _SIDE.match(text)
    if not match:
        message = f'"{text.strip()}" is not a number'
        raise UnitError(message)
    number = float(match["number"].replace(",", "").replace("_", ""))
    factor, had, unit = _split_multiplier(match["rest"], wanted)
    if match["usd"]:
        unit = "USD" + (unit if unit.startswith("/") else f" {unit}" if unit else "")
    return number * factor, had, unit


def parse(text: str | float, wanted: str) -> tuple[float, float, float]:
    """Read a quantity as people write it.

    Parameters
    ----------
    text : str or float
        "1.2 GW", "60..65 B USD", "32 k", "$0.065/kWh", "20 %", or a bare number where the unit is "1" or a count.
    wanted : str
        Unit in which the result is returned.

    Returns
    -------
    tuple of float
        Central, low and high value in `wanted`; the central value of a range is its middle.

    Raises
    ------
    UnitError
        If the text is no quantity, not finite, has no unit where one is needed, or one of another dimension.

    Examples
    --------
    >>> parse("60..65 B USD", "USD")
    (62500000000.0, 60000000000.0, 65000000000.0)
    >>> parse("1.2 GW", "MW")
    (1200.0, 1200.0, 1200.0)
    """
    if isinstance(text, bool):
        message = f'"{text}" is not a number'
        raise UnitError(message)
    if isinstance(text, int | float):
        text = repr(text)
    wanted_dimension, wanted_factor = factor_of(wanted)
    sides = str(text).strip().split("..")
    if len(sides) > 2:
        message = f'"{text}" is not a range; write it as "60..65 B USD"'
        raise UnitError(message)
    values: list[float] = []
    last, last_had, unit = _read_side(sides[-1], wanted)
    if len(sides) == 2:
        first, first_had, first_unit = _read_side(sides[0], wanted)
        if not first_had and not first_unit and last_had:
            number = _SIDE.match(sides[-1])
            written = float(number["number"].replace(",", "").replace("_", "")) if number else last
            first *= last / written if written else 1.0
        if first_unit and first_unit != unit:
            first = convert(first, first_unit, unit or wanted)
        values.append(first)
    values.append(last)
    if not all(math.isfinite(value) for value in values):
        message = f'"{text}" is not a finite number'
        raise UnitError(message)
    if not unit:
        if _without_nouns(wanted_dimension) or wanted == "%":
            message = f'"{text}" has no unit; write it with one, for example in {wanted}'
            raise UnitError(message)
        scale = 1.0
    else:
        found_dimension, found_factor = factor_of(unit)
        if not _fits(found_dimension, wanted_dimension):
            message = f'"{text}" is in {unit}, but a value in {wanted} is wanted'
            raise UnitError(message)
        scale = found_factor / wanted_factor
    low, high = values[0] * scale, values[-1] * scale
    if low > high:
        message = f'"{text}" runs backwards; write the smaller number first'
        raise UnitError(message)
    return (low + high) / 2.0, low, high


_LADDERS: Mapping[str, tuple[tuple[float, str], ...]] = {
    "W": ((1e9, "GW"), (1e6, "MW"), (1e3, "kW"), (1.0, "W")),
    "MW": ((1e3, "GW"), (1.0, "MW"), (1e-3, "kW"), (1e-6, "W")),
    "MWh": ((1e6, "TWh"), (1e3, "GWh"), (1.0, "MWh"), (1e-3, "kWh")),
    "J": ((3.6e15, "TWh"), (3.6e12, "GWh"), (3.6e9, "MWh"), (3.6e6, "kWh"), (1.0, "J")),
    "s": ((SECONDS_PER_DAY, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "us")),
    "bytes": ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B")),
    "bytes/s": ((1e12, "TB/s"), (1e9, "GB/s"), (1e6, "MB/s"), (1.0, "B/s")),
    "FLOP/s": ((1e18, "EFLOP/s"), (1e15, "PFLOP/s"), (1e12, "TFLOP/s"), (1e9, "GFLOP/s")),
    "m2": ((1e6, "km2"), (1.0, "m2")),
}
_COUNT_LADDER = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_PLURALS = {"GPU": "GPUs", "token": "tokens", "user": "users", "month": "months", "year": "years", "day": "days"}


def three_digits(value: float) -> str:
    """Return a number with three significant digits and thousands separators, never in e-notation.

    Examples
    --------
    >>> three_digits(1234567.0), three_digits(62.54), three_digits(0.01234)
    ('1,230,000', '62.5', '0.0123')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "-"
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:,.{max(0, 2 - math.floor(math.log10(abs(rounded))))}f}"


def say(value: float, unit: str) -> str:
    """Say a quantity in friendly words: three significant digits and the unit, always.

    Parameters
    ----------
    value : float
        Number in `unit`.
    unit : str
        A unit symbol, as in `SUFFIXES`.

    Returns
    -------
    str
        For example "62.5 B USD", "1.04 GW", "1.31 M GPUs".

    Examples
    --------
    >>> say(62.5e9, "USD"), say(1.04e9, "W"), say(1_312_000, "GPU"), say(0.412, "%")
    ('62.5 B USD', '1.04 GW', '1.31 M GPUs', '0.412 %')
    """
    if not math.isfinite(value):
        return "-"
    if unit in _LADDERS:
        for factor, name in _LADDERS[unit]:
            if abs(value) >= factor * 0.9995 or factor == _LADDERS[unit][-1][0]:
                return f"{three_digits(value / factor)} {name}"
    name = "" if unit in ("1", "x", "frac") else _PLURALS.get(unit, unit)
    if unit in ("%", "C", "K") or "/" in unit and abs(value) < 1e4:
        return f"{three_digits(value)} {name}"
    for factor, word in _COUNT_LADDER:
        if abs(value) >= factor * 0.9995 and (factor > 1e3 or abs(value) >= 1e4 or factor == 1.0):
            return " ".join(part for part in (three_digits(value / factor), word, name) if part)
    return f"{three_digits(value)} {name}".strip()
