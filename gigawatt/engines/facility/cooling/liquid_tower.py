"""Liquid to the racks from cooling towers; air handlers on a colder loop of dry coolers; chillers trim both."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.dry_cooler import dry_loop
from gigawatt.engines.facility.equipment.movers import move_heat
from gigawatt.engines.facility.equipment.outside_air import chilled_water_c
from gigawatt.engines.facility.equipment.tower import tower_loop
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather, together


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
    moved = move_heat(heat)
    air = dry_loop(moved.air_w_H, heat.air_design_w, chilled_water_c(plant), weather)
    cycles_ratio = plant.cycles_of_concentration_ratio
    liquid = tower_loop(moved.liquid_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather, cycles_ratio)
    return together(moved.movers, air, liquid)
