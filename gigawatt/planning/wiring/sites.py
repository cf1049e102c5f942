"""Sites: power schedule, weather and plant into the facility engine, price and carbon of electricity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.schema import ChainStage, CostModel, Plant, Site, Tariff
from gigawatt.engines.facility import SiteWork, TrainingPhase, by_calendar_month, hourly_work_w, simulate_year
from gigawatt.engines.facility.power_chain import design_chain
from gigawatt.engines.facility.types import FacilityInputs, FacilityResult, PlantDesign, StageUse, Weather
from gigawatt.errors import CatalogueError, InputError
from gigawatt.planning.design_day import facility_ratio
from gigawatt.planning.figures import Figures
from gigawatt.planning.weather_files import weather_hours
from gigawatt.planning.weather_files.stations import air_of
from gigawatt.planning.wiring.site_build import LATER_MONTHS, PowerStep, built_w, energised, power_steps
from gigawatt.records import Quantity
from gigawatt.scenario.buildout import SiteUse
from gigawatt.scenario.model import Scenario
from gigawatt.units import HOURS_PER_YEAR, WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]

# ASSUMPTION: typical years of 1991-2005 are cooler than today's; the weather files' own note says some tenths to 1 K.
WARMING_K = 0.7
HOURS_COUNT = 8760
AIR_SUPPLY_C = 27.0  # where a plant states none: the upper end that ASHRAE TC 9.9 recommends for hall air
# the engine's name of each field that a plant may leave to the engine's default
OPTIONAL_FIELDS = {
    "dew_point_limit_c": "dew_point_limit_c",
    "dew_point_floor_c": "dew_point_floor_c",
    "cycles_of_concentration_ratio": "cycles_of_concentration",
    "heat_reuse_frac": "heat_reuse_frac",
    "heat_reuse_c": "heat_reuse_c",
    "heat_reuse_below_c": "heat_reuse_below_c",
}


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
    load_share_H : Floats or None
        IT power over the rating by hour of the year, where the fleet is simulated. [-]
    steps : tuple of PowerStep
        Its power schedule; empty where it follows a build schedule.
    built_w_QX : Floats or None
        Energised power by quantile and month, where it follows a build schedule; shape (Q, X). [W]
    supply_w_H : dict of str to Floats, or None
        Hours of a supply of its own, by part, imports among them. [W]
    demand_w_H : Floats or None
        The load that it was sized on. [W]
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
    steps: tuple[PowerStep, ...] = ()
    load_share_H: Floats | None = None
    built_w_QX: Floats | None = None
    supply_w_H: dict[str, Floats] | None = None
    demand_w_H: Floats | None = None


def plant_design(plant: Plant, figures: Figures, warming_k: float = WARMING_K) -> PlantDesign:
    """Turn a catalogue plant into the engine's.

    Parameters
    ----------
    plant : Plant
    figures : Figures
        Ledger of the figures used.
    warming_k : float
        Added to the weather. [K]

    Returns
    -------
    PlantDesign
        What the plant leaves out takes the engine's default.

    Raises
    ------
    CatalogueError
        If the plant names a power chain, stage or redundancy that there is not.
    """

    def stated(field: str) -> float | None:
        """Value of a field that a plant may leave out."""
        quantity = getattr(plant, field)
        return figures(f"plants.{plant.id}.{field}", quantity) if quantity is not None else None

    air_supply_c, liquid_supply_c = stated("air_supply_c"), stated("liquid_supply_c")
    air_supply_c = AIR_SUPPLY_C if air_supply_c is None else air_supply_c
    chain = plant.power_chain or "generic"
    fields = {name: stated(field) for name, field in OPTIONAL_FIELDS.items()}
    design = PlantDesign(
        cooling=plant.cooling,
        liquid_frac=figures(f"plants.{plant.id}.liquid_frac", plant.liquid_frac),
        liquid_supply_c=air_supply_c if liquid_supply_c is None else liquid_supply_c,
        air_supply_c=air_supply_c,
        power_chain_efficiency_frac=stated("power_chain_efficiency_frac") or 0.0,
        overhead_frac=figures(f"plants.{plant.id}.overhead_frac", plant.overhead_frac),
        warming_k=warming_k,
        power_chain=chain if isinstance(chain, str) else tuple(_stage_use(stage) for stage in chain),
        redundancy=plant.redundancy,
        **{name: value for name, value in fields.items() if value is not None},
    )
    try:
        design_chain(WATTS_PER_MEGAWATT, design.power_chain_efficiency_frac, design.power_chain, design.redundancy)
    except InputError as error:
        message = f"plants: {plant.id}: {error}"
        raise CatalogueError(message) from error
    return design


def _stage_use(stage: ChainStage | str) -> StageUse:
    """Turn a stage of a catalogue plant into the engine's."""
    if isinstance(stage, str):
        return StageUse(stage)
    return StageUse(stage.stage, stage.redundancy, stage.rating_ratio)


def site_weather(entry: Site, catalogue: Catalogue) -> Weather:
    """Return the typical year of a site: a station of the catalogue, or a file of the user's.

    Parameters
    ----------
    entry : Site
    catalogue : Catalogue

    Returns
    -------
    Weather

    Raises
    ------
    CatalogueError
        If there is no such station.
    InputError
        If the file cannot be read as a year.
    """
    return air_of(weather_hours(catalogue, entry.weather))


def simulate(
    entry: Site,
    plant: Plant,
    catalogue: Catalogue,
    facility_w: float,
    work: SiteWork,
    figures: Figures,
    load_share_H: Floats | None = None,
) -> FacilityResult:
    """Run a site's year at its load on its typical weather.

    Parameters
    ----------
    entry, plant : Site, Plant
        Catalogue entries.
    catalogue : Catalogue
        Holds the weather.
    facility_w : float
        Power at the meter; the plant's IT rating is what it carries on the design day. [W]
    work : SiteWork
        What its accelerators do.
    figures : Figures
        Ledger of the figures used.
    load_share_H : Floats, optional
        IT power over the rating by hour, in place of what the work draws. [1]

    Returns
    -------
    FacilityResult
        8,760 hours.
    """
    weather, design, density = site_weather(entry, catalogue), plant_design(plant, figures), plant.it_density_w_per_m2
    it_design_w = facility_w / facility_ratio(design, weather)
    return simulate_year(
        FacilityInputs(
            it_w_H=hourly_work_w(it_design_w, work) if load_share_H is None else it_design_w * load_share_H,
            it_design_w=it_design_w,
            weather=weather,
            plant=design,
            site_m2=figures(f"sites.{entry.id}.site_m2", entry.site_m2) if entry.site_m2 else 0.0,
            building_m2=figures(f"sites.{entry.id}.building_m2", entry.building_m2) if entry.building_m2 else 0.0,
            it_density_w_per_m2=figures(f"plants.{plant.id}.it_density_w_per_m2", density) if density else 0.0,
        )
    )


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
        if use.redundancy is not None:
            plant = plant.model_copy(update={"redundancy": use.redundancy})
        built_w_QX = built_w(use, entry, axis, axis.months_count + LATER_MONTHS, catalogue)
        steps = () if built_w_QX is not None else power_steps(use, entry, axis)
        power_w, building_w = energised(use, steps, axis, figures, built_w_QX)
        leased = entry.leased if use.leased is None else use.leased
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
            electricity_usd_per_mwh=grid_price(use, tariff, mean_load_frac, figures),
            carbon_kg_per_mwh=figures(f"tariffs.{tariff.id}.carbon_kg_per_mwh", tariff.carbon_kg_per_mwh),
            construction_usd_per_w=construction_price(use, costs, figures, leased=leased),
            leased=leased,
            steps=steps,
            built_w_QX=built_w_QX,
        )
        plans.append(with_year(draft, catalogue, flat_work(mean_load_frac), figures))
    return plans


def grid_price(use: SiteUse, tariff: Tariff, mean_load_frac: float, figures: Figures) -> float:
    """Return what a site pays for its energy, the charge on its peak included. [USD/MWh]."""
    price = figures(f"sites.{use.site}.electricity", use.electricity or tariff.energy_usd_per_mwh)
    demand_charge = tariff.demand_usd_per_mw_year
    if demand_charge and not use.electricity:
        # billed on the peak: spread over the energy of a load at its mean
        price += figures(f"tariffs.{tariff.id}.demand_usd_per_mw_year", demand_charge) / (
            HOURS_PER_YEAR * mean_load_frac
        )
    return price


def construction_price(use: SiteUse, costs: CostModel, figures: Figures, *, leased: bool) -> float:
    """Return what a site's shell and power cost to build; 0 where it is leased. [USD/W]."""
    if leased:
        return 0.0
    return figures(f"sites.{use.site}.construction_usd_per_w", use.construction or costs.construction_usd_per_w)


def flat_work(load_frac: float) -> SiteWork:
    """Return a load that is the same in every hour."""
    return SiteWork(load_frac, (TrainingPhase(0, HOURS_COUNT, 1.0, load_frac),))


def year_of_pue(site: str, given: Quantity, figures: Figures) -> dict[str, Any]:
    """Return what a PUE that the scenario gives says of a site's year: fields of `SitePlan`."""
    pue = figures(f"sites.{site}.pue", given)
    return {"cooling_ratio_M": np.full(12, pue - 1.0), "pue_mean": pue, "pue_p99": pue, "pue_max": pue}


def with_year(site: SitePlan, catalogue: Catalogue, work: SiteWork, figures: Figures) -> SitePlan:
    """Return a site with the hourly year of a load, or with the PUE that the scenario gives.

    Parameters
    ----------
    site : SitePlan
    catalogue : Catalogue
        Holds the weather.
    work : SiteWork
        What its accelerators do.
    figures : Figures

    Returns
    -------
    SitePlan
    """
    if site.use.pue is not None:
        return replace(site, **year_of_pue(site.use.site, site.use.pue, figures))
    facility_w = max(float(site.facility_w_T.max()), float(site.facility_later_w_L.max()), WATTS_PER_MEGAWATT)
    year = simulate(site.entry, site.plant, catalogue, facility_w, work, figures, site.load_share_H)
    it_wh = by_calendar_month(year.it_w_H)
    return replace(
        site,
        year=year,
        cooling_ratio_M=by_calendar_month(year.cooling_w_H) / it_wh,
        losses_ratio_M=by_calendar_month(year.losses_w_H) / it_wh,
        water_l_per_mwh_M=by_calendar_month(year.water_l_H) / (it_wh / WATTS_PER_MEGAWATT),
        pue_mean=year.pue_mean,
        pue_p99=year.pue_p99,
        pue_max=year.pue_max,
    )
