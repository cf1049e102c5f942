"""Power bought from the grid: its carbon in three counts, and what a year of the site costs. H hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.engines.energy import Carbon, capital_recovery_per_year, carbon
from gigawatt.engines.facility import FacilityResult
from gigawatt.errors import CatalogueError
from gigawatt.planning.facility.case import SiteCase
from gigawatt.planning.figures import Figures
from gigawatt.planning.grid_hours import GridHours, grid_hours
from gigawatt.units import WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class YearCost:
    """What the site costs a year, accelerators left out.

    Attributes
    ----------
    energy_usd, demand_usd : float
        Electricity by the megawatt-hour and by the megawatt. [USD]
    upkeep_usd : float
        Staff, upkeep of plant and building. [USD]
    building_usd : float
        Rent where leased, else capital recovery of construction and land. [USD]
    construction_usd, land_usd : float
        Once; 0 where leased. [USD]
    total_usd : float
        Of the first four. [USD]
    usd_per_it_mwh : float
        Total over IT energy. [USD/MWh]
    """

    energy_usd: float
    demand_usd: float
    upkeep_usd: float
    building_usd: float
    construction_usd: float
    land_usd: float
    total_usd: float
    usd_per_it_mwh: float


def area_hours(case: SiteCase, catalogue: Catalogue, figures: Figures, hours_count: int) -> GridHours:
    """Return the carbon of a site's grid by hour: its balancing area's where that ships, else the tariff's mean.

    Parameters
    ----------
    case : SiteCase
    catalogue : Catalogue
    figures : Figures
    hours_count : int

    Returns
    -------
    GridHours
        Without an area no share of the grid's power counts as carbon-free.
    """
    offset_h = case.place.utc_offset_h
    if case.entry.grid and np.isfinite(offset_h):
        try:
            return grid_hours(catalogue, case.entry.grid, offset_h)
        except CatalogueError:  # an area whose hours do not ship
            pass
    mean = figures(f"tariffs.{case.tariff.id}.carbon_kg_per_mwh", case.tariff.carbon_kg_per_mwh)
    return GridHours(np.full(hours_count, mean), np.zeros(hours_count))


def grid_carbon(facility_w_H: Floats, hours: GridHours) -> Carbon:
    """Count the carbon of a site that takes everything from the grid.

    Parameters
    ----------
    facility_w_H : ndarray
        [W]
    hours : GridHours

    Returns
    -------
    Carbon
        Without agreements the three counts are the same.
    """
    none = np.zeros_like(facility_w_H)
    return carbon(
        served_w_H=facility_w_H,
        fuel_w_H={},
        fuel_kg_per_mwh={},
        fossil_w_H=none,
        import_w_H=facility_w_H,
        agreement_w_H=none,
        certificates_mwh=0.0,
        grid_kg_per_mwh_H=hours.carbon_kg_per_mwh_H,
        grid_free_frac_H=hours.carbon_free_frac_H,
    )


def energy_price(case: SiteCase, figures: Figures) -> float:
    """Return the price of delivered energy. [USD/MWh]."""
    return figures(f"tariffs.{case.tariff.id}.energy_usd_per_mwh", case.tariff.energy_usd_per_mwh)


def demand_price(case: SiteCase, figures: Figures) -> float:
    """Return what a megawatt of peak costs a year, where it is billed apart. [USD/MW/year]."""
    charge = case.tariff.demand_usd_per_mw_year
    return figures(f"tariffs.{case.tariff.id}.demand_usd_per_mw_year", charge) if charge else 0.0


def year_cost(
    case: SiteCase, catalogue: Catalogue, year: FacilityResult, facility_w: float, figures: Figures
) -> YearCost:
    """Say what a year of the site costs.

    Parameters
    ----------
    case : SiteCase
    catalogue : Catalogue
    year : FacilityResult
    facility_w : float
        Power for which the site is built. [W]
    figures : Figures

    Returns
    -------
    YearCost
    """
    costs, defaults, facility_mw = case.costs, catalogue.defaults, facility_w / WATTS_PER_MEGAWATT
    named = f"costs.{costs.id}"
    energy_usd = year.energy_mwh["total"] * energy_price(case, figures)
    demand_usd = demand_price(case, figures) * year.peak_w / WATTS_PER_MEGAWATT
    upkeep = figures(f"{named}.staff_usd_per_mw_year", costs.staff_usd_per_mw_year)
    if costs.facility_opex_usd_per_mw_year:
        upkeep += figures(f"{named}.facility_opex_usd_per_mw_year", costs.facility_opex_usd_per_mw_year)
    construction_usd = land_usd = 0.0
    if case.entry.leased:
        building_usd = facility_mw * figures(f"{named}.lease_usd_per_mw_year", costs.lease_usd_per_mw_year)
    else:
        rate = figures("defaults.discount_rate_frac", defaults.discount_rate_frac)
        life = figures("defaults.building_life_years", defaults.building_life_years)
        construction_usd = facility_w * figures(f"{named}.construction_usd_per_w", costs.construction_usd_per_w)
        if costs.land_usd_per_m2:
            land_usd = year.site_m2 * figures(f"{named}.land_usd_per_m2", costs.land_usd_per_m2)
        building_usd = construction_usd * capital_recovery_per_year(rate, life) + land_usd * rate
    total = energy_usd + demand_usd + upkeep * facility_mw + building_usd
    return YearCost(
        energy_usd=energy_usd,
        demand_usd=demand_usd,
        upkeep_usd=upkeep * facility_mw,
        building_usd=building_usd,
        construction_usd=construction_usd,
        land_usd=land_usd,
        total_usd=total,
        usd_per_it_mwh=total / year.energy_mwh["it"],
    )
