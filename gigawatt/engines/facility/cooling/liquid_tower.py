"""Liquid to the racks from cooling towers; air handlers on a colder loop of dry coolers; chillers trim both."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.dry_cooler import dry_loop_w
from gigawatt.engines.facility.equipment.movers import CDU_PUMP_FRAC, FACILITY_PUMP_FRAC, HALL_FAN_FRAC, mover_w
from gigawatt.engines.facility.equipment.outside_air import chilled_water_c
from gigawatt.engines.facility.equipment.tower import tower_loop
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather


def cool(heat: HeatLoad, weather: Weather, plant: PlantDesign) -> CoolingHours:
    """Cool the liquid with evaporating water, and the rest without.

    Parameters
    ----------
    heat : HeatLoad
    weather : Weather
    plant : PlantDesign

    Returns
    -------
    CoolingHours

    Notes
    -----
    Water is spent on the loop that carries most of the heat. Where the tower falls short of the set point, water-cooled
    chillers take over by degrees: the water-side economiser falls out of the same law.
    """
    fans_w_H = mover_w(heat.air_w_H, heat.air_design_w, HALL_FAN_FRAC)
    rack_pumps_w_H = mover_w(heat.liquid_w_H, heat.liquid_design_w, CDU_PUMP_FRAC)
    air_w_H = heat.air_w_H + fans_w_H
    liquid_w_H = heat.liquid_w_H + rack_pumps_w_H
    pumps_w_H = mover_w(air_w_H, heat.air_design_w, FACILITY_PUMP_FRAC)
    pumps_w_H = pumps_w_H + mover_w(liquid_w_H, heat.liquid_design_w, FACILITY_PUMP_FRAC)
    cycles_ratio = plant.cycles_of_concentration_ratio
    liquid = tower_loop(liquid_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather, cycles_ratio)
    air_coolers_w_H = dry_loop_w(air_w_H, heat.air_design_w, chilled_water_c(plant), weather.dry_bulb_c_H)
    power_w_H = fans_w_H + rack_pumps_w_H + pumps_w_H + liquid.power_w_H + air_coolers_w_H
    return CoolingHours(power_w_H, liquid.water_l_H)
