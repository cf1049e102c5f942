"""Kinds of cooling, one file each: README.md says how to add one.

The keys of `KINDS` are those of `Plant.cooling` in the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable

from gigawatt.engines.facility.cooling import air_chilled, air_economiser, evaporative, liquid_dry, liquid_tower
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather

Cool = Callable[[HeatLoad, Weather, PlantDesign], CoolingHours]

KINDS: dict[str, Cool] = {
    "air-chilled": air_chilled.cool,
    "air-economiser": air_economiser.cool,
    "evaporative": evaporative.cool,
    "liquid-dry": liquid_dry.cool,
    "liquid-tower": liquid_tower.cool,
}
