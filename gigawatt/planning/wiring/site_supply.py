"""A site with a supply of its own: its price and carbon from the least-cost dispatch of a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gigawatt.catalogue import Catalogue
from gigawatt.planning.facility.case import SiteCase, weather_of
from gigawatt.planning.facility.supply import SupplyAsk, ask_of, site_supply
from gigawatt.planning.figures import Figures
from gigawatt.planning.wiring.sites import SitePlan
from gigawatt.records import Quantity


def with_supplies(sites: Sequence[SitePlan], catalogue: Catalogue, figures: Figures) -> list[SitePlan]:
    """Give each site that names a supply its levelised price and its mean carbon.

    Parameters
    ----------
    sites : sequence of SitePlan
        With their hourly years.
    catalogue : Catalogue
    figures : Figures

    Returns
    -------
    list of SitePlan
    """
    return [_with_supply(site, catalogue, figures) for site in sites]


def _with_supply(site: SitePlan, catalogue: Catalogue, figures: Figures) -> SitePlan:
    """Size and run one site's supply on its year at full size; a site without an hourly year draws evenly."""
    written = site.use.supply
    if written in (None, "grid"):
        return site
    ask = SupplyAsk() if written == "sized" else ask_of(written, catalogue, f"sites.{site.use.site}.supply")
    hours, place, notices = weather_of(catalogue, site.entry.weather)
    case = SiteCase(site.entry, site.plant, site.tariff, site.costs, hours, place, notices)
    if site.year is None:
        peak_w = float(max(site.facility_w_T.max(), site.facility_later_w_L.max()))
        demand_w_H = np.full(len(hours["dry_bulb_c"]), peak_w)
    else:
        demand_w_H, peak_w = site.year.facility_w_H, site.year.peak_w
    found = site_supply(case, catalogue, demand_w_H, peak_w, ask, figures)
    served_mwh = float(np.sum(demand_w_H)) / 1e6
    named = f"sites.{site.use.site}"
    note = "least-cost supply of a typical year: " + ", ".join(
        f"{name} {watts / 1e6:,.0f} MW" for name, watts in found.result.capacity_w.items()
    )
    price = Quantity(found.result.lcoe_usd_per_mwh, "USD/MWh", source="gigawatt-estimate", kind="derived", note=note)
    carbon = Quantity(
        found.result.carbon.location_kg / served_mwh, "kg/MWh", source="gigawatt-estimate", kind="derived", note=note
    )
    return replace(
        site,
        electricity_usd_per_mwh=figures(f"{named}.supply.lcoe_usd_per_mwh", price),
        carbon_kg_per_mwh=figures(f"{named}.supply.carbon_kg_per_mwh", carbon),
        supply_w_H={**found.result.output_w_H, "grid": found.result.import_w_H},
        demand_w_H=demand_w_H,
    )
