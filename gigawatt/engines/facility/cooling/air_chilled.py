"""Chilled water to air handlers (and to racks, where there is liquid) from air-cooled chillers, all year."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.chiller import chilled_loop
from gigawatt.engines.facility.equipment.movers import move_heat
from gigawatt.engines.facility.equipment.outside_air import chilled_water_c
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather, together


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
    moved = move_heat(heat)
    air = chilled_loop(moved.air_w_H, chilled_water_c(plant), weather.dry_bulb_c_H)
    liquid = chilled_loop(moved.liquid_w_H, plant.liquid_supply_c, weather.dry_bulb_c_H)
    return together(moved.movers, air, liquid)
