"""Power until the grid comes: turbines month by month. M months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.energy.firm import firm_units
from gigawatt.engines.energy.types import Floats, Integers
from gigawatt.errors import InputError
from gigawatt.units import HOURS_PER_MONTH, WATTS_PER_MEGAWATT


@dataclass(frozen=True, slots=True)
class BridgingUnit:
    """A generator that can be on site soon.

    Attributes
    ----------
    name : str
    unit_w : float
        Nameplate. [W]
    outage_frac : float
        Probability that one is out. [1]
    lead_months : int
        From the first month until the first can run. [month]
    rent_usd_per_mw_month : float
        Of nameplate, whether it runs or not. [USD/MW/month]
    mobilisation_usd_per_mw : float
        Once, for each megawatt brought and taken away. [USD/MW]
    variable_usd_per_mwh : float
        [USD/MWh]
    heat_rate_ratio : float
        Fuel, higher heating value, over electricity. [1]
    fuel_usd_per_mwh, carbon_kg_per_mwh : float
        Per thermal megawatt-hour. [USD/MWh, kg/MWh]
    derating_frac : float
        Output over nameplate on the design day. [1]
    """

    name: str
    unit_w: float
    outage_frac: float
    lead_months: int
    rent_usd_per_mw_month: float
    mobilisation_usd_per_mw: float
    variable_usd_per_mwh: float
    heat_rate_ratio: float
    fuel_usd_per_mwh: float
    carbon_kg_per_mwh: float
    derating_frac: float = 1.0


@dataclass(frozen=True, slots=True)
class Bridge:
    """Bridging power of a site, month by month.

    Attributes
    ----------
    units_M : ndarray
        Units on site.
    nameplate_w_M : ndarray
        [W]
    served_w_M : ndarray
        Highest load they carry. [W]
    unmet_w_M : ndarray
        Demand that neither grid nor units can serve: the units are not there yet. [W]
    energy_mwh_M, fuel_mwh_M, carbon_kg_M, cost_usd_M : ndarray
        Electricity, thermal fuel, carbon dioxide, rent and mobilisation and fuel and upkeep. [MWh, MWh, kg, USD]
    cost_usd_per_mwh : float
        All cost over all bridging energy; 0 where none is needed. [USD/MWh]
    """

    units_M: Integers
    nameplate_w_M: Floats
    served_w_M: Floats
    unmet_w_M: Floats
    energy_mwh_M: Floats
    fuel_mwh_M: Floats
    carbon_kg_M: Floats
    cost_usd_M: Floats
    cost_usd_per_mwh: float


def contract_w(months_count: int, energisations: tuple[tuple[int, float], ...], delay_months: int = 0) -> Floats:
    """Contracted grid power by month from the dates at which it grows.

    Parameters
    ----------
    months_count : int
    energisations : tuple of (int, float)
        Month from 0, and the contract from then on. [month, W]
    delay_months : int
        Shifts every date. [month]

    Returns
    -------
    ndarray
        [W]

    Examples
    --------
    >>> contract_w(5, ((1, 1e8), (3, 2e8)), delay_months=1).tolist()
    [0.0, 0.0, 100000000.0, 100000000.0, 200000000.0]
    """
    found_w_M = np.zeros(months_count)
    for month, power_w in sorted(energisations):
        found_w_M[max(month + delay_months, 0) :] = power_w
    return found_w_M


def bridge(
    demand_w_M: Floats, grid_w_M: Floats, unit: BridgingUnit, target_frac: float, load_frac: float = 1.0
) -> Bridge:
    """Bring units for what the grid does not give yet, and count fuel, cost and carbon.

    Parameters
    ----------
    demand_w_M : ndarray
        Highest facility power. [W]
    grid_w_M : ndarray
        Contracted grid power, see `contract_w`. [W]
    unit : BridgingUnit
    target_frac : float
        Least probability that enough units run. [1]
    load_frac : float
        Mean over highest facility power; the grid carries the base, the units the rest. [1]

    Returns
    -------
    Bridge

    Raises
    ------
    InputError
        If the months differ or a number makes no sense.

    Notes
    -----
    A unit stays from the first to the last month that needs it. Units of a month: the smallest number of which enough
    run with the target probability (`firm_units`). Mean power over the grid's is counted as if the load were flat.

    Examples
    --------
    >>> unit = BridgingUnit("turbine", 16e6, 0.05, 1, 3e4, 5e4, 8.0, 2.8, 12.0, 181.0)
    >>> power = bridge(np.array([5e7, 1e8, 1.5e8, 1.5e8]), contract_w(4, ((3, 1.5e8),)), unit, 0.99)
    >>> power.units_M.tolist(), power.unmet_w_M.tolist()
    ([0, 9, 13, 0], [50000000.0, 0.0, 0.0, 0.0])
    """
    if demand_w_M.shape != grid_w_M.shape or demand_w_M.size == 0:
        message = f"energy: demand has {demand_w_M.size} months and grid {grid_w_M.size}"
        raise InputError(message)
    if not 0.0 < load_frac <= 1.0:
        message = f"energy: load_frac {load_frac} is not in 0..1"
        raise InputError(message)
    gap_w_M = np.maximum(demand_w_M - grid_w_M, 0.0)
    there = np.arange(demand_w_M.size) >= unit.lead_months
    needed_M = np.array(
        [
            firm_units(gap_w, unit.unit_w, unit.outage_frac, target_frac, unit.derating_frac).units_count
            if gap_w > 0.0 and ready
            else 0
            for gap_w, ready in zip(gap_w_M.tolist(), there.tolist(), strict=True)
        ],
        dtype=np.int64,
    )
    until_M = np.maximum.accumulate(needed_M)
    after_M = np.maximum.accumulate(needed_M[::-1])[::-1]
    units_M = np.minimum(until_M, after_M)
    nameplate_w_M = units_M * unit.unit_w
    served_w_M = np.where(there, gap_w_M, 0.0)
    mean_w_M = np.minimum(np.maximum(load_frac * demand_w_M - grid_w_M, 0.0), served_w_M)
    energy_mwh_M = mean_w_M / WATTS_PER_MEGAWATT * HOURS_PER_MONTH
    fuel_mwh_M = energy_mwh_M * unit.heat_rate_ratio
    brought_w_M = np.maximum(np.diff(nameplate_w_M, prepend=0.0), 0.0)
    cost_usd_M = (
        nameplate_w_M / WATTS_PER_MEGAWATT * unit.rent_usd_per_mw_month
        + brought_w_M / WATTS_PER_MEGAWATT * unit.mobilisation_usd_per_mw
        + energy_mwh_M * unit.variable_usd_per_mwh
        + fuel_mwh_M * unit.fuel_usd_per_mwh
    )
    energy_mwh = float(np.sum(energy_mwh_M))
    return Bridge(
        units_M=units_M,
        nameplate_w_M=nameplate_w_M,
        served_w_M=served_w_M,
        unmet_w_M=gap_w_M - served_w_M,
        energy_mwh_M=energy_mwh_M,
        fuel_mwh_M=fuel_mwh_M,
        carbon_kg_M=fuel_mwh_M * unit.carbon_kg_per_mwh,
        cost_usd_M=cost_usd_M,
        cost_usd_per_mwh=float(np.sum(cost_usd_M)) / energy_mwh if energy_mwh > 0.0 else 0.0,
    )
