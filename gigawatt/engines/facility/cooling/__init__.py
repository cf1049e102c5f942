"""Kinds of cooling, one file each: README.md says how to add one.

The keys of `KINDS` are those of `Plant.cooling` in the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable

from gigawatt.engines.facility.cooling import (
    air_chilled,
    air_economiser,
    evaporative,
    liquid_adiabatic,
    liquid_dry,
    liquid_dry_air_chilled,
    liquid_tower,
    water_economiser,
)
from gigawatt.engines.facility.types import CoolingHours, HeatLoad, PlantDesign, Weather

Cool = Callable[[HeatLoad, Weather, PlantDesign], CoolingHours]

KINDS: dict[str, Cool] = {
    "air-chilled": air_chilled.cool,
    "air-economiser": air_economiser.cool,
    "evaporative": evaporative.cool,
    "liquid-adiabatic": liquid_adiabatic.cool,
    "liquid-dry": liquid_dry.cool,
    "liquid-dry-air-chilled": liquid_dry_air_chilled.cool,
    "liquid-tower": liquid_tower.cool,
    "water-economiser": water_economiser.cool,
}
