"""Outside air through the hall, with air-cooled chillers for warm and humid hours; liquid, if any, on dry coolers."""

from __future__ import annotations

from gigawatt.engines.facility.equipment.dry_cooler import dry_loop
from gigawatt.engines.facility.equipment.movers import OUTSIDE_AIR_FAN_FRAC, move_heat
from gigawatt.engines.facility.equipment.outside_air import outside_air_loop, untreated
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather, together


def cool(heat: HeatLoad, weather: Weather, plant: PlantDesign) -> CoolingHours:
    """Cool with outside air as it comes; no water.

    Parameters
    ----------
    heat : HeatLoad
    weather : Weather
    plant : PlantDesign

    Returns
    -------
    CoolingHours
    """
    moved = move_heat(heat, OUTSIDE_AIR_FAN_FRAC, air_pump_frac=0.0)
    air = outside_air_loop(moved.air_w_H, untreated(weather), weather, plant)
    liquid = dry_loop(moved.liquid_w_H, heat.liquid_design_w, plant.liquid_supply_c, weather)
    return together(moved.movers, air, liquid)
