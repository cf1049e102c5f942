"""A site for a year, hour by hour: heat, cooling, losses, water, peak. Shape letter: H hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility.cooling import KINDS
from gigawatt.engines.facility.land import building_area_m2, site_area_m2
from gigawatt.engines.facility.power_chain import (
    BranchHours,
    Chain,
    cooling_branch,
    design_chain,
    it_branch,
    rack_losses_w,
    trunk,
)
from gigawatt.engines.facility.reuse import reuse_heat
from gigawatt.engines.facility.types import (
    CoolingHours,
    FacilityInputs,
    FacilityResult,
    Floats,
    HeatLoad,
    PlantDesign,
    Weather,
)
from gigawatt.errors import InputError, nearest
from gigawatt.units import HOURS_PER_DAY, WATTS_PER_MEGAWATT

# A typical year has no extremes. The design day is its hottest, wettest and muggiest hours, made hotter by the usual
# gap between a typical-year maximum and the 20-year return value: 2-4 K dry bulb, 1-2 K wet bulb and dew point
# (ASHRAE climatic design conditions against TMY3). Estimates.
DESIGN_DRY_BULB_K = 3.0
DESIGN_WET_BULB_K = 1.5
DESIGN_DEW_POINT_K = 1.0
WATTS_PER_KILOWATT = 1000.0
PERCENTILE = 99
DAYS_BY_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MONTH_STARTS_H = np.concatenate([[0], np.cumsum(DAYS_BY_MONTH)]) * int(HOURS_PER_DAY)
ENERGY_PARTS = ("it", "cooling", "losses", "total")


@dataclass(frozen=True, slots=True)
class Hours:
    """Powers and water of a run of hours."""

    facility_w_H: Floats
    cooling_w_H: Floats
    losses_w_H: Floats
    by_stage_w_H: dict[str, Floats]  # of the losses
    cooling: CoolingHours
    exported_w_H: Floats
    unbalanced_w_H: Floats  # heat taken less heat rejected and exported: zero


def warmer(weather: Weather, dry_bulb_k: float, wet_bulb_k: float, dew_point_k: float) -> Weather:
    """Return weather made hotter, with dew point <= wet bulb <= dry bulb kept.

    Parameters
    ----------
    weather : Weather
    dry_bulb_k, wet_bulb_k, dew_point_k : float
        Added. [K]

    Returns
    -------
    Weather
    """
    dry_bulb_c_H = weather.dry_bulb_c_H + dry_bulb_k
    wet_bulb_c_H = np.minimum(weather.wet_bulb_c_H + wet_bulb_k, dry_bulb_c_H)
    dew_point_c_H = np.minimum(weather.dew_point_c_H + dew_point_k, wet_bulb_c_H)
    return Weather(dry_bulb_c_H, wet_bulb_c_H, dew_point_c_H, weather.pressure_pa_H)


def design_hours(weather: Weather) -> Weather:
    """Return the three design hours: the year's hottest, of highest wet bulb and of highest dew point, made hotter.

    Parameters
    ----------
    weather : Weather

    Returns
    -------
    Weather
        Three hours.
    """
    columns = (weather.dry_bulb_c_H, weather.wet_bulb_c_H, weather.dew_point_c_H)
    at = np.array([int(np.argmax(column)) for column in columns])
    hours = Weather(columns[0][at], columns[1][at], columns[2][at], weather.pressure_pa_H[at])
    return warmer(hours, DESIGN_DRY_BULB_K, DESIGN_WET_BULB_K, DESIGN_DEW_POINT_K)


def run_hours(it_w_H: Floats, weather: Weather, plant: PlantDesign, chain: Chain) -> Hours:
    """Powers and water of hours of IT load under hours of weather.

    Parameters
    ----------
    it_w_H : ndarray
        [W]
    weather : Weather
    plant : PlantDesign
    chain : Chain
        From `design_chain`; its rating is the plant's.

    Returns
    -------
    Hours
        facility = IT + cooling + losses; overhead is among the losses.

    Notes
    -----
    All IT power becomes heat, the plant's liquid share of it in liquid. UPS and busway losses heat the air.
    Overhead (lighting, offices) is a share of the IT rating and does not follow the load. The heat pump of heat reuse
    counts as cooling.
    """
    rated_w = chain.it_rated_w
    branch = it_branch(chain, it_w_H)
    indoor_design_w = float(it_branch(chain, np.array([rated_w])).indoor_w_H[0])
    liquid_w_H = plant.liquid_frac * it_w_H
    reuse = reuse_heat(liquid_w_H, weather, plant)
    heat = HeatLoad(
        liquid_w_H=liquid_w_H,
        air_w_H=(1.0 - plant.liquid_frac) * it_w_H + branch.indoor_w_H,
        liquid_design_w=plant.liquid_frac * rated_w,
        air_design_w=(1.0 - plant.liquid_frac) * rated_w + indoor_design_w,
        exported_w_H=reuse.taken_w_H,
    )
    cooling = KINDS[plant.cooling](heat, weather, plant)
    cooling_w_H = cooling.power_w_H + reuse.pump_w_H
    cooled = cooling_branch(chain, cooling_w_H)
    whole = trunk(chain, branch.input_w_H + cooled.input_w_H)
    overhead_w = plant.overhead_frac * rated_w
    losses_w_H = branch.losses_w_H + cooled.losses_w_H + whole.losses_w_H + overhead_w
    taken_w_H = heat.liquid_w_H + heat.air_w_H + cooling.power_w_H
    return Hours(
        facility_w_H=whole.input_w_H + overhead_w,
        cooling_w_H=cooling_w_H,
        losses_w_H=losses_w_H,
        by_stage_w_H=_by_stage((branch, cooled, whole), overhead_w),
        cooling=cooling,
        exported_w_H=reuse.taken_w_H + reuse.pump_w_H,
        unbalanced_w_H=taken_w_H - cooling.rejected_w_H - reuse.taken_w_H,
    )


def _by_stage(branches: Sequence[BranchHours], overhead_w: float) -> dict[str, Floats]:
    """Losses of all branches by stage, and the overhead. [W]."""
    found: dict[str, Floats] = {}
    for branch in branches:
        for name, loss_w_H in branch.by_stage_w_H.items():
            found[name] = found[name] + loss_w_H if name in found else loss_w_H
    return {**found, "overhead": np.full_like(branches[0].losses_w_H, overhead_w)}


def _mwh(parts_w_H: Mapping[str, Floats]) -> dict[str, float]:
    """Energy of each part. [MWh]."""
    return {name: float(np.sum(part)) / WATTS_PER_MEGAWATT for name, part in parts_w_H.items()}


def check(inputs: FacilityInputs) -> None:
    """Refuse inputs that make no year.

    Parameters
    ----------
    inputs : FacilityInputs

    Raises
    ------
    InputError
        Naming every fault.
    """
    plant, weather, it_w_H = inputs.plant, inputs.weather, inputs.it_w_H
    faults: list[str] = []
    if plant.cooling not in KINDS:
        faults.append(f'cooling "{plant.cooling}" is unknown. {nearest(plant.cooling, KINDS)}')
    if not 0.0 <= plant.liquid_frac <= 1.0:
        faults.append(f"liquid_frac is {plant.liquid_frac}; it lies in 0..1")
    if plant.overhead_frac < 0.0:
        faults.append(f"overhead_frac is {plant.overhead_frac}; it is at least 0")
    if plant.cycles_of_concentration_ratio <= 1.0:
        faults.append(f"cycles_of_concentration_ratio is {plant.cycles_of_concentration_ratio}; it is above 1")
    if not 0.0 <= plant.heat_reuse_frac <= 1.0:
        faults.append(f"heat_reuse_frac is {plant.heat_reuse_frac}; it lies in 0..1")
    if plant.dew_point_floor_c > plant.dew_point_limit_c:
        faults.append(
            f"dew_point_floor_c is {plant.dew_point_floor_c}, above dew_point_limit_c {plant.dew_point_limit_c}"
        )
    columns = (weather.dry_bulb_c_H, weather.wet_bulb_c_H, weather.dew_point_c_H, weather.pressure_pa_H)
    if any(column.shape != it_w_H.shape for column in columns):
        faults.append(f"weather has {weather.dry_bulb_c_H.shape[0]} hours and IT load {it_w_H.shape[0]}")
    if it_w_H.size == 0 or not np.all(np.isfinite(it_w_H)) or np.any(it_w_H <= 0.0):
        faults.append("IT load must be positive and finite in every hour")
    elif np.max(it_w_H) > inputs.it_design_w * (1.0 + np.sqrt(np.finfo(np.float64).eps)):
        faults.append(f"IT load peaks at {np.max(it_w_H):.6g} W, above the rating of {inputs.it_design_w:.6g} W")
    if faults:
        message = "facility: " + "; ".join(faults)
        raise InputError(message)


def simulate_year(inputs: FacilityInputs) -> FacilityResult:
    """Simulate a site for a year.

    Parameters
    ----------
    inputs : FacilityInputs

    Returns
    -------
    FacilityResult
        `peak_w` is the larger of the year's peak and the largest IT load on the design day.

    Raises
    ------
    InputError
        If the inputs make no year.

    Examples
    --------
    >>> from gigawatt.engines.facility.load import hourly_it_w
    >>> day = 20.0 + 8.0 * np.cos(2.0 * np.pi * (np.arange(8760) - 15) / 24)
    >>> weather = Weather(day, day - 6.0, day - 9.0, np.full(8760, 101325.0))
    >>> plant = PlantDesign("liquid-dry", 0.85, 40.0, 24.0, 0.95, 0.01)
    >>> site = FacilityInputs(hourly_it_w(100e6, 0.8), 100e6, weather, plant, 0.0, 0.0, 2000.0)
    >>> year = simulate_year(site)
    >>> round(year.pue_mean, 2), year.wue_l_per_kwh, year.residual_frac < 1e-12
    (1.1, 0.0, True)
    """
    check(inputs)
    plant = inputs.plant
    weather = warmer(inputs.weather, plant.warming_k, plant.warming_k, plant.warming_k)
    chain = design_chain(inputs.it_design_w, plant.power_chain_efficiency_frac, plant.power_chain, plant.redundancy)
    hours = run_hours(inputs.it_w_H, weather, plant, chain)
    hottest = design_hours(weather)
    peak_it_w_H = np.full_like(hottest.dry_bulb_c_H, np.max(inputs.it_w_H))
    design = run_hours(peak_it_w_H, hottest, plant, chain)
    gap_w_H = hours.facility_w_H - inputs.it_w_H - hours.cooling_w_H - hours.losses_w_H
    gaps_w_H = np.maximum(np.abs(gap_w_H), np.abs(hours.unbalanced_w_H))
    pue_H = hours.facility_w_H / inputs.it_w_H
    parts = (inputs.it_w_H, hours.cooling_w_H, hours.losses_w_H, hours.facility_w_H)
    energy_mwh = _mwh(dict(zip(ENERGY_PARTS, parts, strict=True)))
    inside = plant.power_chain if isinstance(plant.power_chain, str) else "generic"
    exported_mwh = float(np.sum(hours.exported_w_H)) / WATTS_PER_MEGAWATT
    building_m2 = inputs.building_m2
    if not building_m2 and inputs.it_density_w_per_m2:
        building_m2 = building_area_m2(inputs.it_design_w, inputs.it_density_w_per_m2)
    water_l_H = hours.cooling.water_l_H
    return FacilityResult(
        facility_w_H=hours.facility_w_H,
        it_w_H=inputs.it_w_H,
        cooling_w_H=hours.cooling_w_H,
        losses_w_H=hours.losses_w_H,
        water_l_H=water_l_H,
        evaporation_l_H=hours.cooling.evaporation_l_H,
        blowdown_l_H=hours.cooling.blowdown_l_H,
        drift_l_H=hours.cooling.drift_l_H,
        exported_w_H=hours.exported_w_H,
        pue_H=pue_H,
        pue_mean=energy_mwh["total"] / energy_mwh["it"],
        pue_p99=float(np.percentile(pue_H, PERCENTILE)),
        pue_max=float(np.max(pue_H)),
        ere=(energy_mwh["total"] - exported_mwh) / energy_mwh["it"],
        wue_l_per_kwh=float(np.sum(water_l_H) / np.sum(inputs.it_w_H)) * WATTS_PER_KILOWATT,
        peak_w=float(max(np.max(hours.facility_w_H), np.max(design.facility_w_H))),
        peak_cooling_w=float(max(np.max(hours.cooling_w_H), np.max(design.cooling_w_H))),
        energy_mwh=energy_mwh,
        losses_mwh=_mwh(hours.by_stage_w_H),
        rack_losses_mwh=_mwh(rack_losses_w(inside, inputs.it_w_H, inputs.it_design_w)),
        site_m2=inputs.site_m2 or site_area_m2(building_m2),
        building_m2=building_m2,
        residual_frac=float(np.max(gaps_w_H / hours.facility_w_H)),
    )


def by_calendar_month(hourly: Floats) -> Floats:
    """Sum the hours of a year by calendar month.

    Parameters
    ----------
    hourly : ndarray, shape (8760,)

    Returns
    -------
    ndarray, shape (12,)

    Raises
    ------
    InputError
        If it is no year without a leap day.

    Examples
    --------
    >>> by_calendar_month(np.ones(8760))[:3]
    array([744., 672., 744.])
    """
    if hourly.shape != (int(MONTH_STARTS_H[-1]),):
        message = f"months: {hourly.shape} is not the {MONTH_STARTS_H[-1]} hours of a year"
        raise InputError(message)
    return np.add.reduceat(hourly, MONTH_STARTS_H[:-1])
