"""Outside air through wet pads and the hall; liquid, if any, on dry coolers with adiabatic pads."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.dry_cooler import wetted_loop
from gigawatt.engines.facility.equipment.movers import (
    CDU_PUMP_FRAC,
    FACILITY_PUMP_FRAC,
    OUTSIDE_AIR_FAN_FRAC,
    mover_w,
)
from gigawatt.engines.facility.equipment.outside_air import evaporate, humidification_l, outside_air_loop
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather


def cool(heat: HeatLoad, weather: Weather, plant: PlantDesign) -> CoolingHours:
    """Cool with outside air, evaporating water in hot hours and humidifying in cold dry ones.

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
    Pads bleed like a tower: water drawn is evaporation times :math:`c / (c - 1)`. Humidifiers do not.
    """
    fans_w_H = mover_w(heat.air_w_H, heat.air_design_w, OUTSIDE_AIR_FAN_FRAC)
    pumps_w_H = mover_w(heat.liquid_w_H, heat.liquid_design_w, CDU_PUMP_FRAC + FACILITY_PUMP_FRAC)
    prepared = evaporate(weather, plant.air_supply_c, plant.dew_point_limit_c)
    air_w_H = heat.air_w_H + fans_w_H
    air = outside_air_loop(air_w_H, prepared, weather, plant)
    cycles_ratio = plant.cycles_of_concentration_ratio
    liquid = wetted_loop(
        heat.liquid_w_H + pumps_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather, cycles_ratio
    )
    water_l_H = air.water_l_H * cycles_ratio / (cycles_ratio - 1.0) + liquid.water_l_H
    water_l_H = water_l_H + humidification_l(air_w_H, weather, plant.air_supply_c, plant.dew_point_floor_c)
    return CoolingHours(fans_w_H + pumps_w_H + air.power_w_H + liquid.power_w_H, water_l_H)
