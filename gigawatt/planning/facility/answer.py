"""The library side of `gigawatt facility`: one call from a site to all there is to say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.engines.energy import Carbon
from gigawatt.engines.facility import FacilityInputs, FacilityResult, PlantDesign, simulate_year
from gigawatt.errors import InputError
from gigawatt.planning.design_day import DesignDay, design_day, facility_ratio
from gigawatt.planning.facility.accelerators import GpuPower, capped_w, gpu_power
from gigawatt.planning.facility.bridging import Bridging, site_bridge
from gigawatt.planning.facility.build import Build, site_build
from gigawatt.planning.facility.case import SiteCase, site_case
from gigawatt.planning.facility.chain import StageRow, stage_rows
from gigawatt.planning.facility.grid import YearCost, area_hours, energy_price, grid_carbon, year_cost
from gigawatt.planning.facility.own_load import is_load_file, read_load, whole_year
from gigawatt.planning.facility.profile import LoadProfile, load_profile, own_profile
from gigawatt.planning.facility.supply import Supply, SupplyAsk, site_supply
from gigawatt.planning.facility.swing import STEP_S, Swing, site_swing
from gigawatt.planning.figures import Figures
from gigawatt.planning.wiring.sites import plant_design
from gigawatt.records import Month
from gigawatt.units import WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]

ACCELERATOR = "gb200-nvl72"  # shown where none is named
SQUARE_METRES_PER_KM2 = 1e6
OUTLINE = "manhattan"
NO_LIMIT = float("inf")


@dataclass(frozen=True, slots=True)
class Land:
    """Areas, and what they are of Manhattan."""

    site_km2: float
    building_km2: float
    share_of_manhattan_pct: float


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a site; each field as in `facility`. A load is a word, a share, a file, or hours in watts."""

    it_mw: float | None = None
    month: str = ""
    plant: str | None = None
    redundancy: str | None = None
    load: str | Floats = "training"
    weather: str | None = None
    accelerator: str = ACCELERATOR
    gpus: int | None = None
    power_cap_w: float = 0.0
    step_s: float = STEP_S
    ramp_w_per_s: float = NO_LIMIT
    swing_w: float = NO_LIMIT
    supply: SupplyAsk | None = None
    bridge: str = ""
    cleared: str = ""
    path: str = ""
    buildings: str = ""
    retrofit: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class FacilityAnswer:
    """All there is to say of a site.

    Attributes
    ----------
    case : SiteCase
    question : Question
    design : PlantDesign
    profile : LoadProfile
    facility_w : float
        Power at the meter for which the site is built. [W]
    it_rated_w : float
        IT power that it carries on the design day. [W]
    year : FacilityResult
        8,760 hours.
    day : DesignDay
        At the rating.
    stages : tuple of StageRow
    land : Land
    gpus : GpuPower
    carbon : Carbon
        Of the supply where one was sized, else of the grid.
    cost : YearCost
        With power from the grid.
    swing : Swing or None
    build : Build or None
    supply : Supply or None
    bridging : Bridging or None
    outline : list of list of tuple
        Manhattan's, for the figure of land. [degree]
    notices : tuple of str
    figures : Figures
    """

    case: SiteCase
    question: Question
    design: PlantDesign
    profile: LoadProfile
    facility_w: float
    it_rated_w: float
    year: FacilityResult
    day: DesignDay
    stages: tuple[StageRow, ...]
    land: Land
    gpus: GpuPower
    carbon: Carbon
    cost: YearCost
    swing: Swing | None
    build: Build | None
    supply: Supply | None
    bridging: Bridging | None
    outline: list[list[tuple[float, float]]]
    notices: tuple[str, ...]
    figures: Figures = field(repr=False)


def facility(catalogue: Catalogue, site: str, **asked: Any) -> FacilityAnswer:
    """Say everything of a site.

    Parameters
    ----------
    catalogue : Catalogue
    site : str
        Id of a site, or a YAML file of a site's shape.
    **asked
        Fields of `Question`: it_mw, month, plant, redundancy, load, weather, accelerator, gpus, power_cap_w, step_s,
        ramp_w_per_s, swing_w, supply, bridge, cleared, path, buildings, retrofit, seed.

    Returns
    -------
    FacilityAnswer

    Raises
    ------
    CatalogueError, InputError
        If something is unknown or cannot be.
    InfeasibleError
        If no supply satisfies what is asked of it.

    Examples
    --------
    >>> from gigawatt.catalogue import load
    >>> answer = facility(load(), "generic-cold-50mw")
    >>> round(answer.year.pue_mean, 2), answer.year.wue_l_per_kwh
    (1.07, 0.0)
    """
    question, figures = Question(**asked), Figures()
    case = site_case(catalogue, site, question.plant, question.redundancy, question.weather)
    design = plant_design(case.plant, figures)
    profile, load_notices = _profile(case, catalogue, question, figures)
    ratio = facility_ratio(design, case.weather)
    it_rated_w, facility_w = _rating(case, catalogue, question, ratio, figures)
    year = _year(case, question, design, profile, it_rated_w, figures)
    day = design_day(it_rated_w, design, case.weather)
    area = area_hours(case, catalogue, figures, year.it_w_H.size)
    gpus = gpu_power(catalogue.accelerators[question.accelerator], question.power_cap_w, ratio, facility_w, figures)
    build = _build(case, catalogue, question, facility_w, it_rated_w, year)
    bridging = _bridging(case, catalogue, question, build, year, figures)
    supply = (
        site_supply(case, catalogue, year.facility_w_H, year.peak_w, question.supply, figures)
        if question.supply
        else None
    )
    outline = catalogue.outline(OUTLINE)
    site_km2, building_km2 = year.site_m2 / SQUARE_METRES_PER_KM2, year.building_m2 / SQUARE_METRES_PER_KM2
    return FacilityAnswer(
        case=case,
        question=question,
        design=design,
        profile=profile,
        facility_w=facility_w,
        it_rated_w=it_rated_w,
        year=year,
        day=day,
        stages=tuple(stage_rows(year, design, day)),
        land=Land(site_km2, building_km2, 100.0 * site_km2 / outline.area_km2),
        gpus=gpus,
        carbon=supply.result.carbon if supply else grid_carbon(year.facility_w_H, area),
        cost=year_cost(case, catalogue, year, facility_w, figures),
        swing=_swing(case, catalogue, question, profile, it_rated_w, year, gpus, figures),
        build=build,
        supply=supply,
        bridging=bridging,
        outline=outline.rings,
        notices=(*case.notices, *load_notices, *_notices(case, question, build, it_rated_w, ratio)),
        figures=figures,
    )


def _profile(
    case: SiteCase, catalogue: Catalogue, question: Question, figures: Figures
) -> tuple[LoadProfile, tuple[str, ...]]:
    """Return what the accelerators do, and what was changed in hours of one's own."""
    load = question.load
    if isinstance(load, str) and not is_load_file(load):
        return load_profile(load, catalogue.defaults, figures), ()
    own = read_load(load, case.entry.id, case.place.utc_offset_h) if isinstance(load, str) else whole_year(load)
    return own_profile(own, catalogue.defaults, figures), own.notices


def site_power_w(case: SiteCase, month: str, figures: Figures) -> float:
    """Return the power that a site has by a month; where none is named, when its schedule or plan is complete. [W]."""
    entry = case.entry
    steps = {Month.parse(at): quantity for at, quantity in entry.facility_mw.items()}
    if month:
        try:
            asked = Month.parse(month)
        except ValueError as error:
            raise InputError(str(error)) from error
        steps = {at: quantity for at, quantity in steps.items() if at <= asked}
    if steps:
        last = max(steps)
        power = figures(f"sites.{entry.id}.facility_mw.{last}", steps[last])
        if power > 0.0:
            return power * WATTS_PER_MEGAWATT
    if not month and entry.planned_mw:
        return figures(f"sites.{entry.id}.planned_mw", entry.planned_mw) * WATTS_PER_MEGAWATT
    when = f" by {month}" if month else ""
    message = f'site "{entry.id}" has no power{when}; say how large it is with --it-mw'
    raise InputError(message)


def _rating(
    case: SiteCase, catalogue: Catalogue, question: Question, ratio: float, figures: Figures
) -> tuple[float, float]:
    """Return IT rating and meter power: as asked, of so many accelerators, or what the site's power carries. [W]."""
    if question.it_mw is not None:
        it_w = question.it_mw * WATTS_PER_MEGAWATT
    elif question.gpus is not None:
        entry = catalogue.accelerators[question.accelerator]
        it_w = question.gpus * capped_w(entry, question.power_cap_w, figures)
    else:
        facility_w = site_power_w(case, question.month, figures)
        return facility_w / ratio, facility_w
    if it_w <= 0.0:
        message = "the IT power must be positive"
        raise InputError(message)
    return it_w, it_w * ratio


def _year(
    case: SiteCase, question: Question, design: PlantDesign, profile: LoadProfile, it_rated_w: float, figures: Figures
) -> FacilityResult:
    """Run the hours; a site asked about at another size takes its areas from density."""
    entry, density = case.entry, case.plant.it_density_w_per_m2
    own_size = question.it_mw is None and question.gpus is None and not question.month
    site_m2 = figures(f"sites.{entry.id}.site_m2", entry.site_m2) if own_size and entry.site_m2 else 0.0
    building_m2 = figures(f"sites.{entry.id}.building_m2", entry.building_m2) if own_size and entry.building_m2 else 0.0
    return simulate_year(
        FacilityInputs(
            it_w_H=profile.hours_w(it_rated_w),
            it_design_w=it_rated_w,
            weather=case.weather,
            plant=design,
            site_m2=site_m2,
            building_m2=building_m2,
            it_density_w_per_m2=figures(f"plants.{case.plant.id}.it_density_w_per_m2", density) if density else 0.0,
        )
    )


def _build(
    case: SiteCase,
    catalogue: Catalogue,
    question: Question,
    facility_w: float,
    it_rated_w: float,
    year: FacilityResult,
) -> Build | None:
    """Build schedule of a site that is not finished, or of any about whose building something is asked."""
    asked = any((question.cleared, question.path, question.buildings, question.retrofit))
    if not asked and case.entry.status == "operating" and not case.entry.power_path:
        return None
    return site_build(
        catalogue,
        case.entry,
        facility_w / WATTS_PER_MEGAWATT,
        it_rated_w / WATTS_PER_MEGAWATT,
        year.site_m2,
        cleared=question.cleared,
        path=question.path,
        buildings=question.buildings,
        retrofit=question.retrofit,
        seed=question.seed,
    )


def _swing(
    case: SiteCase,
    catalogue: Catalogue,
    question: Question,
    profile: LoadProfile,
    it_rated_w: float,
    year: FacilityResult,
    gpus: GpuPower,
    figures: Figures,
) -> Swing | None:
    """Load dynamics."""
    return site_swing(
        profile,
        it_rated_w,
        float(np.mean(year.it_w_H)),
        catalogue,
        accelerator=gpus.accelerator,
        gpus_count=profile.training_frac * it_rated_w / gpus.system_w,
        step_s=question.step_s,
        ramp_w_per_s=question.ramp_w_per_s,
        swing_w=question.swing_w,
        energy_usd_per_mwh=energy_price(case, figures),
    )


def _bridging(
    case: SiteCase,
    catalogue: Catalogue,
    question: Question,
    build: Build | None,
    year: FacilityResult,
    figures: Figures,
) -> Bridging | None:
    """Power until the grid is there: for what buildings and racks can use in the median schedule."""
    if not question.bridge:
        return None
    if build is None:
        message = "bridging follows a build schedule; say --path, --buildings or --cleared"
        raise InputError(message)
    usable_w_M = np.minimum(build.schedule.building_w_T, build.schedule.rack_w_T)
    load_frac = float(np.mean(year.facility_w_H)) / year.peak_w
    return site_bridge(case, catalogue, build.months, usable_w_M, question.bridge, load_frac, figures)


def _notices(
    case: SiteCase, question: Question, build: Build | None, it_rated_w: float, ratio: float
) -> tuple[str, ...]:
    """Say what a reader must know."""
    found = []
    stated = case.plant.power_chain_efficiency_frac
    if stated and not case.plant.power_chain:
        found.append(
            f"power chain: plant {case.plant.id} states {100.0 * stated.value:.1f} % from meter to rack and no "
            "stages; shown are those of the generic chain, their losses scaled to it"
        )
    if question.gpus is not None and case.entry.facility_mw:
        most_mw = max(quantity.value for quantity in case.entry.facility_mw.values())
        needed_mw = it_rated_w * ratio / WATTS_PER_MEGAWATT
        if needed_mw > most_mw > 0.0:
            found.append(f"{question.gpus:,} accelerators need {needed_mw:,.0f} MW; the site has {most_mw:,.0f} MW")
    if build and build.assumed:
        found.append(f"build schedule: assumed {', '.join(build.assumed)}")
    return tuple(found)
