"""A site hour by hour: power chain, cooling, water, peak, land."""

from __future__ import annotations

from gigawatt.engines.facility.cooling import KINDS
from gigawatt.engines.facility.land import building_area_m2, ring_area_m2, share_of, site_area_m2
from gigawatt.engines.facility.load import hourly_it_w
from gigawatt.engines.facility.types import FacilityInputs, FacilityResult, PlantDesign, StageUse, Weather
from gigawatt.engines.facility.year import by_calendar_month, simulate_year

__all__ = [
    "KINDS",
    "FacilityInputs",
    "FacilityResult",
    "PlantDesign",
    "StageUse",
    "Weather",
    "building_area_m2",
    "by_calendar_month",
    "hourly_it_w",
    "ring_area_m2",
    "share_of",
    "simulate_year",
    "site_area_m2",
]
