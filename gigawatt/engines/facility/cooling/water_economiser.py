"""Chilled water to air handlers, and water to racks, both from towers with water-cooled chillers."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.movers import move_heat
from gigawatt.engines.facility.equipment.outside_air import chilled_water_c
from gigawatt.engines.facility.equipment.tower import tower_loop
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather, together


def cool(heat: HeatLoad, weather: Weather, plant: PlantDesign) -> CoolingHours:
    """Cool everything with towers: exchangers in cold hours, chillers in warm ones, both between.

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
    The chilled-water hall with a water-side economiser in series with its chillers. Each loop has its own set point,
    so that warm liquid is free of chillers long after the air handlers are not.
    """
    moved = move_heat(heat)
    cycles_ratio = plant.cycles_of_concentration_ratio
    air = tower_loop(moved.air_w_H, heat.air_design_w, chilled_water_c(plant), weather, cycles_ratio)
    liquid = tower_loop(moved.liquid_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather, cycles_ratio)
    return together(moved.movers, air, liquid)
