"""Tables as they are shown: one function each, from a plan to headings, units and rows of text.

A column has one unit and one number of decimals, so that decimal points stand in line; the full figures are in
the Parquet files and the workbook.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gigawatt.planning.plan import Plan
from gigawatt.units import SUFFIXES, say, unit_of_name
from gigawatt.views.figures.axes import scaled

if TYPE_CHECKING:
    import pandas as pd

SIGNIFICANT_DIGITS = 3
COUNTED = {"gpus": "GPU", "h100e": "GPU", "tokens": "token"}
WORDS = {"gpus": "GPUs", "it": "IT", "pue": "PUE", "wue": "WUE", "mfu": "MFU", "co2": "CO2", "ettr": "ETTR",
         "h100e": "H100-equivalents", "tflops": "TFLOP/s", "p99": "99th percentile", "ai": "AI"}  # fmt: skip
HEADINGS = {"low_days": "Days, low", "high_days": "Days, high", "gpu_hours": "GPU-hours", "co2_t": "CO2",
            "published_gpu_hours": "GPU-hours published", "tokens_per_s": "Tokens per second", "mfu": "MFU",
            "tflops_per_gpu": "Per GPU", "it_capacity_mw": "IT capacity", "served_frac": "Share served",
            "share_of_manhattan_pct": "Share of Manhattan"}  # fmt: skip
UNITS = {"gpu_hours": "h", "published_gpu_hours": "h", "co2_t": "t", "pue": "1", "tflops_per_gpu": "TFLOP/s",
         "demand_requests_per_s": "1/s"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column: heading, unit in words, whether it holds numbers, cells as text."""

    heading: str
    unit: str
    numeric: bool
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is ready to be shown.

    Attributes
    ----------
    name, title : str
    columns : tuple of Column
        All of the same length.
    """

    name: str
    title: str
    columns: tuple[Column, ...]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """Cells row by row."""
        return list(zip(*(column.cells for column in self.columns), strict=True))


def unit_of_column(frame: pd.DataFrame, name: str) -> str:
    """Return the unit symbol of a column: as the table says, else from its name.

    A share (`_frac`) and anything unknown is "1".
    """
    declared: Mapping[str, str] = frame.attrs.get("units", {})
    if declared.get(name, "1") != "1":
        return declared[name]
    if name in UNITS:
        return UNITS[name]
    found = unit_of_name(name)
    return found if found != "1" else COUNTED.get(name.partition("_")[0], "1")


def heading_of(name: str, unit: str) -> str:
    """Say a column's name without its unit suffix: "free_cash_flow_usd" is "Free cash flow"."""
    if name in HEADINGS:
        return HEADINGS[name]
    parts = name.split("_")
    suffixes = ("_".join(parts[start:]) for start in range(1, len(parts)))
    suffix = next((text for text in suffixes if SUFFIXES.get(text) == unit != "1" or text == "frac"), "")
    parts = name.removesuffix(f"_{suffix}").split("_")
    words = " ".join(WORDS.get(part, part) for part in parts)
    return words[:1].upper() + words[1:]


def numbers(values: Sequence[float], unit: str) -> tuple[str, tuple[str, ...]]:
    """Write numbers in one scaled unit with the same decimals; a missing one is "-".

    Examples
    --------
    >>> numbers([350_000.0, 1_310_000.0, float("nan")], "GPU")
    ('M GPUs', ('0.35', '1.31', '-'))
    """
    finite = [abs(value) for value in values if math.isfinite(value)]
    highest = max(finite, default=0.0)
    divisor, words = scaled(highest, unit)
    size = math.floor(math.log10(highest / divisor)) if highest > 0 else 0
    decimals = max(0, SIGNIFICANT_DIGITS - 1 - size)
    if all(value == round(value) for value in finite) and divisor == 1.0:
        decimals = 0
    return words, tuple(f"{value / divisor:,.{decimals}f}" if math.isfinite(value) else "-" for value in values)


def _cells(values: Sequence[Any]) -> tuple[str, ...]:
    """Write texts, yes and no."""
    return tuple("yes" if value is True else "no" if value is False else "" if _missing(value) else str(value)
                 for value in values)  # fmt: skip


def _missing(value: Any) -> bool:
    """Whether a cell is empty."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def of_frame(name: str, title: str, frame: pd.DataFrame, columns: Sequence[str]) -> Table:
    """Make a table of some columns of a frame; columns that it lacks are left out."""
    made = []
    for key in columns:
        if key not in frame:
            continue
        series = frame[key]
        numeric = series.dtype.kind in "fiu"
        unit = unit_of_column(frame, key) if numeric else "1"
        words, cells = numbers([float(v) for v in series], unit) if numeric else ("", _cells(series.tolist()))
        made.append(Column(heading_of(key, unit), words, numeric, cells))
    return Table(name, title, tuple(made))


def buildout(plan: Plan) -> Table:
    """Show the build-out month by month."""
    kinds = [f"gpus_{kind}" for kind in dict.fromkeys(plan.tables["purchases"]["accelerator"])]
    columns = ("month", "gpus_online", *kinds, "gpus_delivered", "gpus_waiting", "h100e_online", "limit")
    return of_frame("buildout", "Accelerators by month", plan.tables["months"], columns)


def power(plan: Plan) -> Table:
    """Power, energy, water and carbon month by month."""
    columns = (
        "month",
        "it_mw",
        "facility_mw",
        "energised_mw",
        "it_capacity_mw",
        "pue",
        "energy_mwh",
        "water_l",
        "co2_t",
    )
    return of_frame("power", "Power, energy, water and carbon by month", plan.tables["months"], columns)


def sites(plan: Plan) -> Table:
    """Show the sites."""
    columns = ("name", "place", "status", "leased", "energised_start_mw", "energised_end_mw", "planned_mw", "it_end_mw",
               "peak_mw", "pue_mean", "pue_p99", "wue_l_per_kwh", "gpus_end", "gpus_when_complete", "site_km2",
               "building_km2", "share_of_manhattan_pct", "electricity_usd_per_mwh", "carbon_kg_per_mwh", "capex_usd",
               "announced_capex_usd")  # fmt: skip
    return of_frame("sites", "Sites", plan.tables["sites"], columns)


def training(plan: Plan) -> Table:
    """Show the training runs."""
    columns = ("label", "model", "accelerator", "gpus", "precision", "layout", "start", "end", "days", "low_days",
               "high_days", "deadline", "meets_deadline", "tokens", "mfu", "tflops_per_gpu", "step_time_s",
               "tokens_per_s", "gpu_hours", "published_gpu_hours", "ettr", "interruptions", "energy_mwh", "cost_usd",
               "co2_t")  # fmt: skip
    return of_frame("training", "Training runs", plan.tables["training"], columns)


def serving(plan: Plan) -> Table:
    """Show serving demand and supply, by month and workload."""
    columns = ("month", "workload", "accelerator", "demand_requests_per_s", "demand_output_tokens_per_s", "gpus_needed",
               "gpus_given", "served_frac", "output_tokens", "input_tokens", "it_mw")  # fmt: skip
    return of_frame("serving", "Serving by month and workload", plan.tables["demand"], columns)


def _all_columns(name: str, title: str, table: str) -> Callable[[Plan], Table]:
    """Make the function of a table that is shown whole."""

    def shown(plan: Plan) -> Table:
        frame = plan.tables[table]
        return of_frame(name, title, frame, [str(key) for key in frame.columns])

    return shown


TABLES: Mapping[str, Callable[[Plan], Table]] = MappingProxyType(
    {
        "buildout": buildout,
        "purchases": _all_columns("purchases", "Orders and deliveries by month", "purchases"),
        "sites": sites,
        "power": power,
        "training": training,
        "serving": serving,
        "cashflow": _all_columns("cashflow", "Cash flow by month", "cashflow"),
        "spend": _all_columns("spend", "Capex by class and month", "spend"),
        "revenue": _all_columns("revenue", "Revenue by line and month", "revenue"),
        "opex": _all_columns("opex", "Operating cost by line and month", "opex"),
    }
)


def found_words(value: float, low: float, high: float, unit: str) -> str:
    """Say a value with its range where there is one: "59.4 B USD (57.0 B USD to 62.0 B USD)"."""
    if not math.isfinite(value):
        return "-"
    band = band_words(low, high, unit)
    return f"{say(value, unit)} ({band})" if band else say(value, unit)


def band_words(low: float, high: float, unit: str) -> str:
    """Say a range, its unit once where both ends share it; empty where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return ""
    first, last = say(low, unit), say(high, unit)
    number, _, name = first.partition(" ")
    return f"{number} to {last}" if name and last.partition(" ")[2] == name else f"{first} to {last}"
