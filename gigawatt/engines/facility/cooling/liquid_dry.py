"""Liquid to the racks from dry coolers, air handlers on a second, colder dry loop; chillers trim both."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.dry_cooler import dry_loop_w
from gigawatt.engines.facility.equipment.movers import CDU_PUMP_FRAC, FACILITY_PUMP_FRAC, HALL_FAN_FRAC, mover_w
from gigawatt.engines.facility.equipment.outside_air import chilled_water_c
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather


def cool(heat: HeatLoad, weather: Weather, plant: PlantDesign) -> CoolingHours:
    """Cool with closed loops and outside air over coils; no water after the first fill.

    Parameters
    ----------
    heat : HeatLoad
    weather : Weather
    plant : PlantDesign

    Returns
    -------
    CoolingHours
    """
    fans_w_H = mover_w(heat.air_w_H, heat.air_design_w, HALL_FAN_FRAC)
    rack_pumps_w_H = mover_w(heat.liquid_w_H, heat.liquid_design_w, CDU_PUMP_FRAC)
    air_w_H = heat.air_w_H + fans_w_H
    liquid_w_H = heat.liquid_w_H + rack_pumps_w_H
    pumps_w_H = mover_w(air_w_H, heat.air_design_w, FACILITY_PUMP_FRAC)
    pumps_w_H = pumps_w_H + mover_w(liquid_w_H, heat.liquid_design_w, FACILITY_PUMP_FRAC)
    coolers_w_H = dry_loop_w(liquid_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather.dry_bulb_c_H)
    coolers_w_H = coolers_w_H + dry_loop_w(air_w_H, heat.air_design_w, chilled_water_c(plant), weather.dry_bulb_c_H)
    return CoolingHours(fans_w_H + rack_pumps_w_H + pumps_w_H + coolers_w_H, 0.0 * heat.air_w_H)
