"""Chilled water to air handlers (and to racks, where there is liquid) from air-cooled chillers, all year."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.chiller import air_cooled_w
from gigawatt.engines.facility.equipment.movers import CDU_PUMP_FRAC, FACILITY_PUMP_FRAC, HALL_FAN_FRAC, mover_w
from gigawatt.engines.facility.equipment.outside_air import chilled_water_c
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather


def cool(heat: HeatLoad, weather: Weather, plant: PlantDesign) -> CoolingHours:
    """Cool with compressors in every hour; no water.

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
    No free cooling: the plant of retrofits and fast builds. Liquid is chilled to its own, warmer, set point.
    """
    fans_w_H = mover_w(heat.air_w_H, heat.air_design_w, HALL_FAN_FRAC)
    rack_pumps_w_H = mover_w(heat.liquid_w_H, heat.liquid_design_w, CDU_PUMP_FRAC)
    air_w_H = heat.air_w_H + fans_w_H
    liquid_w_H = heat.liquid_w_H + rack_pumps_w_H
    pumps_w_H = mover_w(air_w_H + liquid_w_H, heat.air_design_w + heat.liquid_design_w, FACILITY_PUMP_FRAC)
    chillers_w_H = air_cooled_w(air_w_H, chilled_water_c(plant), weather.dry_bulb_c_H)
    chillers_w_H = chillers_w_H + air_cooled_w(liquid_w_H, plant.liquid_supply_c, weather.dry_bulb_c_H)
    return CoolingHours(fans_w_H + rack_pumps_w_H + pumps_w_H + chillers_w_H, 0.0 * heat.air_w_H)
