"""Outside air through wet pads and the hall; liquid, if any, on dry coolers with adiabatic pads."""

from __future__ import annotations

from dataclasses import replace

from gigawatt.engines.facility.equipment.dry_cooler import wetted_loop
from gigawatt.engines.facility.equipment.movers import OUTSIDE_AIR_FAN_FRAC, move_heat
from gigawatt.engines.facility.equipment.outside_air import evaporate, humidification_l, outside_air_loop
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather, together


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
    Pads bleed like a tower, in hot hours and when they humidify: blowdown is evaporation over :math:`c - 1`.
    """
    moved = move_heat(heat, OUTSIDE_AIR_FAN_FRAC, air_pump_frac=0.0)
    cycles_ratio = plant.cycles_of_concentration_ratio
    prepared = evaporate(weather, plant.air_supply_c, plant.dew_point_limit_c)
    air = outside_air_loop(moved.air_w_H, prepared, weather, plant)
    humidified_l_H = humidification_l(moved.air_w_H, weather, plant.air_supply_c, plant.dew_point_floor_c)
    air = replace(
        air,
        evaporation_l_H=air.evaporation_l_H + humidified_l_H,
        blowdown_l_H=air.blowdown_l_H + humidified_l_H / (cycles_ratio - 1.0),
    )
    liquid = wetted_loop(moved.liquid_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather, cycles_ratio)
    return together(moved.movers, air, liquid)
