"""Read a quantity as people write it, into the unit a field wants."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from gigawatt.errors import UnitError, nearest
from gigawatt.units.table import ALIASES, COUNTED, MULTIPLIERS, SUFFIXES, UNITS, Dimension

_NUMBER = r"[+-]?(?:\d[\d,_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
UNITS_KEPT = 1024  # unit expressions whose factors are remembered; a scenario has some dozens
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


def _known(symbol: str) -> tuple[dict[str, int], float] | None:
    """Look a unit up, through its aliases; None where there is none."""
    return UNITS.get(symbol) or UNITS.get(ALIASES.get(symbol, ""))


def _symbols(unit: str) -> list[tuple[str, int]]:
    """Return the symbols of a unit expression, each with the sign of its power."""
    return [
        (symbol, 1 if position == 0 else -1)
        for position, part in enumerate(re.split(r"/|\bper\b", unit))
        for symbol in re.split(r"[\s\-·*]+", part.strip())
        if symbol
    ]


def _resolve(symbol: str) -> tuple[dict[str, int], float]:
    """Look a unit up; an unknown one is an error."""
    found = _known(symbol)
    if found is None:
        message = f'"{symbol}" is not a unit. {nearest(symbol, [*UNITS, *ALIASES])}'
        raise UnitError(message)
    return found


@lru_cache(maxsize=UNITS_KEPT)
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
    for symbol, sign in _symbols(unit):
        base, scale = _resolve(symbol)
        factor *= scale**sign
        for name, power in base.items():
            dims[name] = dims.get(name, 0) + sign * power
    return tuple(sorted((name, power) for name, power in dims.items() if power)), factor


def _without_nouns(dimension: Dimension) -> Dimension:
    """Drop counted nouns, which a writer may leave out."""
    return tuple((name, power) for name, power in dimension if name not in COUNTED)


def _fits(found: Dimension, wanted: Dimension) -> bool:
    """Whether a unit may stand where another is wanted; nouns may be missing, but not wrong."""
    if found == wanted:
        return True
    nouns = {pair for pair in found if pair[0] in COUNTED}
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
    if not head or head.group() not in MULTIPLIERS:
        return 1.0, False, rest
    word = head.group()
    if all(_known(symbol) for symbol, _ in _symbols(rest)) and _fits(factor_of(rest)[0], factor_of(wanted)[0]):
        return 1.0, False, rest
    return MULTIPLIERS[word], True, rest[len(word) :].strip()


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
