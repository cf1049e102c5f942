"""The closed table: conversion constants, units, multipliers, the suffixes that names carry."""

from __future__ import annotations

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
UNITS: dict[str, tuple[dict[str, int], float]] = {
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
    "Btu": (_ENERGY, 1055.05585262),  # international table
    "MMBtu": (_ENERGY, 1055.05585262e6),
    "Hz": ({"s": -1}, 1.0),
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
    "KiB": ({"B": 1}, 2.0**10),
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

ALIASES: dict[str, str] = {
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
COUNTED = {"token", "GPU", "user", "message", "task", "developer", "run", "node", "failure"}

MULTIPLIERS: dict[str, float] = {
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
    "usd_per_mw_month": "USD/MW/month",
    "usd_per_mw": "USD/MW",
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
    "w_per_s": "W/s",
    "hz": "Hz",
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
