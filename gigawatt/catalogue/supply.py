"""Where power comes from: plants and storage with their costs and limits, and the grids of balancing areas."""

from __future__ import annotations

from typing import Literal

from gigawatt.catalogue.entry import Entry
from gigawatt.records import Quantity


class SupplyKind(Entry):
    """A kind of plant, storage or agreement; power is net alternating current unless the note says otherwise."""

    technology: Literal["sun", "wind", "gas", "nuclear", "fuel-cell", "storage", "diesel", "agreement"]
    derating: str = ""  # key of the loss of output in warm air in engines/energy/sources.py
    unit_mw: Quantity | None = None  # of one unit or block
    capex_usd_per_w: Quantity | None = None  # overnight; of storage the converter's part where the energy's is apart
    energy_capex_usd_per_mwh: Quantity | None = None  # of storage
    rent_usd_per_mw_month: Quantity | None = None  # of rented units, whether they run or not
    mobilisation_usd_per_mw: Quantity | None = None  # of rented units, once, there and back
    strike_usd_per_mwh: Quantity | None = None  # of an agreement
    fixed_usd_per_mw_year: Quantity | None = None
    variable_usd_per_mwh: Quantity | None = None  # without fuel
    heat_rate_ratio: Quantity | None = None  # fuel, higher heating value, over electricity
    fuel_usd_per_mwh: Quantity | None = None  # per thermal megawatt-hour, delivered
    fuel_kg_per_mwh: Quantity | None = None  # carbon dioxide per thermal megawatt-hour burned
    life_years: Quantity | None = None
    start_s: Quantity | None = None  # cold to full load for engines and turbines, hot start for combined cycles
    minimum_load_frac: Quantity | None = None  # of a unit
    start_usd_per_mw: Quantity | None = None  # wear, upkeep and fuel of one start
    ramp_per_s: Quantity | None = None  # of rating
    outage_frac: Quantity | None = None  # forced, of the hours in which it is wanted
    lead_months: Quantity | None = None  # order to commercial operation
    duration_h: Quantity | None = None  # of storage
    charge_frac: Quantity | None = None
    discharge_frac: Quantity | None = None


class GridArea(Entry):
    """A balancing area: where its power comes from and what it emits; its hours stand in `grid_hours/`."""

    region: str
    utc_offset_h: float  # local standard time
    carbon_kg_per_mwh: Quantity  # mean over the hours; low and high are those of 5 and 95 % of the hours
    carbon_free_frac: Quantity  # of generation: wind, sun, water, nuclear
    generation_frac: dict[str, Quantity]  # by fuel
