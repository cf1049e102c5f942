"""Liquid to the racks from dry coolers with chiller trim; air handlers on chillers of their own, all year."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.chiller import chilled_loop
from gigawatt.engines.facility.equipment.dry_cooler import dry_loop
from gigawatt.engines.facility.equipment.movers import move_heat
from gigawatt.engines.facility.equipment.outside_air import chilled_water_c
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather, together


def cool(heat: HeatLoad, weather: Weather, plant: PlantDesign) -> CoolingHours:
    """Cool the liquid with outside air over coils and the hall with compressors; no water.

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
    The usual refit: liquid-cooled racks set into a hall that keeps its chilled-water plant.
    """
    moved = move_heat(heat)
    air = chilled_loop(moved.air_w_H, chilled_water_c(plant), weather.dry_bulb_c_H)
    liquid = dry_loop(moved.liquid_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather)
    return together(moved.movers, air, liquid)
