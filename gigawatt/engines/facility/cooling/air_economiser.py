"""Outside air through the hall, with air-cooled chillers for warm and humid hours; liquid, if any, on dry coolers."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.dry_cooler import dry_loop_w
from gigawatt.engines.facility.equipment.movers import (
    CDU_PUMP_FRAC,
    FACILITY_PUMP_FRAC,
    OUTSIDE_AIR_FAN_FRAC,
    mover_w,
)
from gigawatt.engines.facility.equipment.outside_air import outside_air_loop, untreated
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather


def cool(heat: HeatLoad, weather: Weather, plant: PlantDesign) -> CoolingHours:
    """Cool with outside air as it comes; no water.

    Parameters
    ----------
    heat : HeatLoad
    weather : Weather
    plant : PlantDesign

    Returns
    -------
    CoolingHours
    """
    fans_w_H = mover_w(heat.air_w_H, heat.air_design_w, OUTSIDE_AIR_FAN_FRAC)
    pumps_w_H = mover_w(heat.liquid_w_H, heat.liquid_design_w, CDU_PUMP_FRAC + FACILITY_PUMP_FRAC)
    air = outside_air_loop(heat.air_w_H + fans_w_H, untreated(weather), weather, plant)
    liquid_w_H = heat.liquid_w_H + pumps_w_H
    coolers_w_H = dry_loop_w(liquid_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather.dry_bulb_c_H)
    return CoolingHours(fans_w_H + pumps_w_H + air.power_w_H + coolers_w_H, air.water_l_H)
