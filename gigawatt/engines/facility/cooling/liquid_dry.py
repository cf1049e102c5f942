"""Liquid to the racks from dry coolers, air handlers on a second, colder dry loop; chillers trim both."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.dry_cooler import dry_loop
from gigawatt.engines.facility.equipment.movers import move_heat
from gigawatt.engines.facility.equipment.outside_air import chilled_water_c
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather, together


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

    Notes
    -----
    Chillers trim each loop to its set point: they take the share of the heat that the coils cannot.
    """
    moved = move_heat(heat)
    air = dry_loop(moved.air_w_H, heat.air_design_w, chilled_water_c(plant), weather)
    liquid = dry_loop(moved.liquid_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather)
    return together(moved.movers, air, liquid)
