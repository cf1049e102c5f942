"""Carbon of a year of supply: on site, by location, by market, by the hour. H hours."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.energy.result import Carbon
from gigawatt.engines.energy.types import Floats
from gigawatt.units import WATTS_PER_MEGAWATT

# Natural gas: 53.06 kg CO2 per MMBtu (40 CFR 98, table C-1), 0.29307107 MWh per MMBtu. [kg/MWh thermal]
GAS_KG_PER_MWH = 53.06 / 0.29307107
# Methane in pipeline gas by energy: higher heating value 55.5 MJ/kg (ISO 6976), so 1 MWh holds 64.9 kg. [kg/MWh]
METHANE_KG_PER_MWH = 3600.0 / 55.5
# Warming of fossil methane over 100 years relative to carbon dioxide (IPCC AR6 WG1, table 7.15). [1]
METHANE_WARMING_RATIO = 29.8


def methane_kg_per_mwh(leakage_frac: float) -> float:
    """Upstream emission of gas, as carbon dioxide, per thermal megawatt-hour burned.

    Parameters
    ----------
    leakage_frac : float
        Methane lost between well and plant, over what is delivered. US inventories give 1 %, aerial surveys 2-3 %. [1]

    Returns
    -------
    float
        [kg/MWh]

    Examples
    --------
    >>> round(methane_kg_per_mwh(0.02), 1)
    38.7
    """
    return leakage_frac * METHANE_KG_PER_MWH * METHANE_WARMING_RATIO


def carbon(
    served_w_H: Floats,
    fuel_w_H: dict[str, Floats],
    fuel_kg_per_mwh: dict[str, float],
    fossil_w_H: Floats,
    import_w_H: Floats,
    agreement_w_H: Floats,
    certificates_mwh: float,
    grid_kg_per_mwh_H: Floats,
    grid_free_frac_H: Floats,
    upstream_kg_per_mwh: float = 0.0,
) -> Carbon:
    """Count the carbon of a year in the ways that are in use, side by side.

    Parameters
    ----------
    served_w_H : ndarray
        Demand met. [W]
    fuel_w_H : dict of str to ndarray
        Fuel burned on site, thermal, by plant. [W]
    fuel_kg_per_mwh : dict of str to float
        Carbon dioxide of the fuel, by plant. [kg/MWh]
    fossil_w_H : ndarray
        Output of the plants that emit. [W]
    import_w_H : ndarray
        Import that no agreement delivered. [W]
    agreement_w_H : ndarray
        Import that an agreement covered in the hour. [W]
    certificates_mwh : float
        Production of the agreements in the year, used or sold. [MWh]
    grid_kg_per_mwh_H : ndarray
        Average intensity of the grid. [kg/MWh]
    grid_free_frac_H : ndarray
        Carbon-free share of the grid. [1]
    upstream_kg_per_mwh : float
        Per thermal megawatt-hour of fuel, see `methane_kg_per_mwh`. [kg/MWh]

    Returns
    -------
    Carbon

    Notes
    -----
    The market-based figure nets a year's certificates against a year's import (GHG Protocol Scope 2 Guidance,
    2015); the hourly one nets within the hour. The carbon-free share is 1 - (fossil output + import x (1 - grid's
    carbon-free share)) / served: storage losses count against it, as in 24/7 accounting.

    Examples
    --------
    >>> ones, none = np.full(24, 1e6), np.zeros(24)
    >>> year = carbon(ones, {}, {}, none, none, ones, 24.0, 400.0 * ones / 1e6, none)
    >>> year.location_kg, year.market_kg, year.hourly_kg, year.carbon_free_frac
    (9600.0, 0.0, 0.0, 1.0)
    """
    burned_mwh = {name: float(np.sum(fuel)) / WATTS_PER_MEGAWATT for name, fuel in fuel_w_H.items()}
    onsite = sum(energy * fuel_kg_per_mwh[name] for name, energy in burned_mwh.items())
    imported_H = (import_w_H + agreement_w_H) / WATTS_PER_MEGAWATT
    imported_mwh = float(np.sum(imported_H))
    located = float(imported_H @ grid_kg_per_mwh_H)
    uncovered_mwh = max(imported_mwh - certificates_mwh, 0.0)
    mean_kg_per_mwh = located / imported_mwh if imported_mwh > 0.0 else 0.0
    dirty_w_H = fossil_w_H + import_w_H * (1.0 - grid_free_frac_H)
    return Carbon(
        onsite_kg=onsite,
        location_kg=onsite + located,
        market_kg=onsite + uncovered_mwh * mean_kg_per_mwh,
        hourly_kg=onsite + float(import_w_H @ grid_kg_per_mwh_H) / WATTS_PER_MEGAWATT,
        upstream_kg=upstream_kg_per_mwh * sum(burned_mwh.values()),
        carbon_free_frac=max(1.0 - float(np.sum(dirty_w_H) / np.sum(served_w_H)), 0.0),
    )
