"""Sites: power schedule, weather and plant into the facility engine, price and carbon of electricity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.schema import CostModel, Plant, Site, Tariff
from gigawatt.engines.facility import simulate_year
from gigawatt.engines.facility.types import FacilityInputs, FacilityResult, PlantDesign, Weather
from gigawatt.planning.figures import Figures
from gigawatt.records import Month, Quantity, TimeAxis
from gigawatt.scenario.buildout import SiteUse
from gigawatt.scenario.model import Scenario
from gigawatt.units import HOURS_PER_YEAR, WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]

# Months after the plan's end whose energisation draws construction money inside the plan: longer than any shell takes.
LATER_MONTHS = 60
# ASSUMPTION: typical years of 1991-2005 are cooler than today's; the weather files' own note says some tenths to 1 K.
WARMING_K = 0.7
AIR_SUPPLY_C = 27.0  # where a plant states none: the upper end that ASHRAE TC 9.9 recommends for hall air
DAYS_BY_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class SitePlan:
    """A site, ready for the engines. Shape letters: T months of the plan, L later months, M months of a year.

    Attributes
    ----------
    use, entry, tariff, plant, costs
        What the scenario says and what the catalogue says.
    facility_w_T, facility_later_w_L : Floats
        Energised facility power. [W]
    building_w_X : Floats
        Facility power that buildings are paid for: the schedule without the delay, X = T + L. [W]
    year : FacilityResult or None
        The hourly year; None where the scenario gives the PUE.
    cooling_ratio_M, losses_ratio_M : Floats
        Cooling and losses per IT energy, by calendar month. [-]
    water_l_per_mwh_M : Floats
        Site water per IT energy. [L/MWh]
    pue_mean, pue_p99, pue_max : float
    electricity_usd_per_mwh, carbon_kg_per_mwh : float
    construction_usd_per_w : float
        0 where leased.
    leased : bool
    """

    use: SiteUse
    entry: Site
    tariff: Tariff
    plant: Plant
    costs: CostModel
    facility_w_T: Floats
    facility_later_w_L: Floats
    building_w_X: Floats
    year: FacilityResult | None
    cooling_ratio_M: Floats
    losses_ratio_M: Floats
    water_l_per_mwh_M: Floats
    pue_mean: float
    pue_p99: float
    pue_max: float
    electricity_usd_per_mwh: float
    carbon_kg_per_mwh: float
    construction_usd_per_w: float
    leased: bool


def power_steps(use: SiteUse, entry: Site) -> dict[Month, Quantity]:
    """Return energised facility power by month in W: the scenario's schedule, else the catalogue's."""
    if use.power is not None:
        return dict(use.power)
    return {
        Month.parse(month): quantity.times(WATTS_PER_MEGAWATT, "W") for month, quantity in entry.facility_mw.items()
    }


def energised(use: SiteUse, entry: Site, axis: TimeAxis, figures: Figures) -> tuple[Floats, Floats]:
    """Lay a power schedule on the months: a step holds until the next.

    Returns
    -------
    tuple of Floats
        Power energised, with the scenario's delay, and the power that buildings are paid for, without it; both over the
        plan's months and the `LATER_MONTHS` after them. [W]
    """
    delay_months = round(figures(f"sites.{use.site}.delay", use.delay)) if use.delay else 0
    power_w, building_w = (np.zeros(axis.months_count + LATER_MONTHS) for _ in range(2))
    for month, quantity in sorted(power_steps(use, entry).items()):
        step = axis.position(month)
        watts = figures(f"sites.{use.site}.power.{month}", quantity)
        building_w[max(0, step) :] = watts
        power_w[max(0, step + delay_months if step > 0 else step) :] = watts
    return power_w, building_w


def _plant_design(plant: Plant, figures: Figures) -> PlantDesign:
    """Turn a catalogue plant into the engine's."""
    named = f"plants.{plant.id}"
    air_supply_c = figures(f"{named}.air_supply_c", plant.air_supply_c) if plant.air_supply_c else AIR_SUPPLY_C
    liquid = plant.liquid_supply_c
    return PlantDesign(
        cooling=plant.cooling,
        liquid_frac=figures(f"{named}.liquid_frac", plant.liquid_frac),
        liquid_supply_c=figures(f"{named}.liquid_supply_c", liquid) if liquid else air_supply_c,
        air_supply_c=air_supply_c,
        power_chain_efficiency_frac=figures(f"{named}.power_chain_efficiency_frac", plant.power_chain_efficiency_frac),
        overhead_frac=figures(f"{named}.overhead_frac", plant.overhead_frac),
        warming_k=WARMING_K,
    )


def simulate(
    entry: Site, plant: Plant, catalogue: Catalogue, it_design_w: float, mean_load_frac: float, figures: Figures
) -> FacilityResult:
    """Run a site's year at its mean load on its typical weather.

    Parameters
    ----------
    entry, plant : Site, Plant
        Catalogue entries.
    catalogue : Catalogue
        Holds the weather.
    it_design_w : float
        IT rating of the plant. [W]
    mean_load_frac : float
        IT load over rating. [-]
    figures : Figures
        Ledger of the figures used.

    Returns
    -------
    FacilityResult
        8,760 hours.
    """
    hours = {name: np.asarray(column) for name, column in catalogue.weather(entry.weather).items()}
    density = plant.it_density_w_per_m2
    return simulate_year(
        FacilityInputs(
            it_w_H=np.full(len(hours["dry_bulb_c"]), it_design_w * mean_load_frac),
            it_design_w=it_design_w,
            weather=Weather(
                dry_bulb_c_H=hours["dry_bulb_c"],
                wet_bulb_c_H=hours["wet_bulb_c"],
                dew_point_c_H=hours["dew_point_c"],
                pressure_pa_H=hours["pressure_pa"],
            ),
            plant=_plant_design(plant, figures),
            site_m2=figures(f"sites.{entry.id}.site_m2", entry.site_m2) if entry.site_m2 else 0.0,
            building_m2=figures(f"sites.{entry.id}.building_m2", entry.building_m2) if entry.building_m2 else 0.0,
            it_density_w_per_m2=figures(f"plants.{plant.id}.it_density_w_per_m2", density) if density else 0.0,
        )
    )


def by_calendar_month(hourly: Floats) -> Floats:
    """Sum 8,760 hourly values by calendar month; shape (12,)."""
    edges = np.concatenate([[0], np.cumsum(DAYS_BY_MONTH)]) * 24
    return np.array([hourly[first:last].sum() for first, last in pairwise(edges)])


def site_plans(scenario: Scenario, catalogue: Catalogue, mean_load_frac: float, figures: Figures) -> list[SitePlan]:
    """Prepare every site of a scenario.

    Parameters
    ----------
    scenario : Scenario
        Resolved.
    catalogue : Catalogue
    mean_load_frac : float
        Mean IT load over rating, for the hourly year. [-]
    figures : Figures

    Returns
    -------
    list of SitePlan
        In the scenario's order.
    """
    axis = scenario.horizon.axis
    costs = catalogue.costs[scenario.purchases.costs]
    plans = []
    for use in scenario.sites:
        entry = catalogue.sites[use.site]
        plant = catalogue.plants[use.plant or entry.plant]
        tariff = catalogue.tariffs[entry.tariff]
        power_w, building_w = energised(use, entry, axis, figures)
        leased = entry.leased if use.leased is None else use.leased
        construction = use.construction or costs.construction_usd_per_w
        demand_charge = tariff.demand_usd_per_mw_year
        price = figures(f"sites.{use.site}.electricity", use.electricity or tariff.energy_usd_per_mwh)
        if demand_charge and not use.electricity:
            # billed on the peak: spread over the energy of a load at its mean
            price += figures(f"tariffs.{tariff.id}.demand_usd_per_mw_year", demand_charge) / (
                HOURS_PER_YEAR * mean_load_frac
            )
        draft = SitePlan(
            use=use,
            entry=entry,
            tariff=tariff,
            plant=plant,
            costs=costs,
            facility_w_T=power_w[: axis.months_count],
            facility_later_w_L=power_w[axis.months_count :],
            building_w_X=building_w,
            year=None,
            cooling_ratio_M=np.zeros(12),
            losses_ratio_M=np.zeros(12),
            water_l_per_mwh_M=np.zeros(12),
            pue_mean=1.0,
            pue_p99=1.0,
            pue_max=1.0,
            electricity_usd_per_mwh=price,
            carbon_kg_per_mwh=figures(f"tariffs.{tariff.id}.carbon_kg_per_mwh", tariff.carbon_kg_per_mwh),
            construction_usd_per_w=0.0 if leased else figures(f"sites.{use.site}.construction_usd_per_w", construction),
            leased=leased,
        )
        plans.append(_with_year(draft, catalogue, mean_load_frac, figures))
    return plans


def _with_year(draft: SitePlan, catalogue: Catalogue, mean_load_frac: float, figures: Figures) -> SitePlan:
    """Add the hourly year, or the PUE that the scenario gives."""
    if draft.use.pue is not None:
        pue = figures(f"sites.{draft.use.site}.pue", draft.use.pue)
        return replace(draft, cooling_ratio_M=np.full(12, pue - 1.0), pue_mean=pue, pue_p99=pue, pue_max=pue)
    design_w = max(float(draft.facility_w_T.max()), float(draft.facility_later_w_L.max()), WATTS_PER_MEGAWATT)
    year = simulate(draft.entry, draft.plant, catalogue, design_w, mean_load_frac, figures)
    it_wh = by_calendar_month(year.it_w_H)
    return replace(
        draft,
        year=year,
        cooling_ratio_M=by_calendar_month(year.cooling_w_H) / it_wh,
        losses_ratio_M=by_calendar_month(year.losses_w_H) / it_wh,
        water_l_per_mwh_M=by_calendar_month(year.water_l_H) / (it_wh / WATTS_PER_MEGAWATT),
        pue_mean=year.pue_mean,
        pue_p99=year.pue_p99,
        pue_max=year.pue_max,
    )
