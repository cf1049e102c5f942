"""Liquid to the racks and air handlers on dry coolers with adiabatic pads; chillers trim both."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.dry_cooler import wetted_loop
from gigawatt.engines.facility.equipment.movers import move_heat
from gigawatt.engines.facility.equipment.outside_air import chilled_water_c
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather, together


def cool(heat: HeatLoad, weather: Weather, plant: PlantDesign) -> CoolingHours:
    """Cool with dry coolers, and wet their intake in the hours in which they fall short.

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
    Water is drawn in hot hours only, a tenth of what towers draw; what pads cannot do the chillers trim.
    """
    moved = move_heat(heat)
    cycles_ratio = plant.cycles_of_concentration_ratio
    air = wetted_loop(moved.air_w_H, heat.air_design_w, chilled_water_c(plant), weather, cycles_ratio)
    liquid = wetted_loop(moved.liquid_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather, cycles_ratio)
    return together(moved.movers, air, liquid)
