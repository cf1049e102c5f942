"""Say a quantity in words: three significant digits and the unit, always."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gigawatt.units.table import SECONDS_PER_DAY

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
    if unit in ("%", "C", "K") or ("/" in unit and abs(value) < 1e4):
        return f"{three_digits(value)} {name}"
    for factor, word in _COUNT_LADDER:
        if abs(value) >= factor * 0.9995 and (factor > 1e3 or abs(value) >= 1e4 or factor == 1.0):
            return " ".join(part for part in (three_digits(value / factor), word, name) if part)
    return f"{three_digits(value)} {name}".strip()
