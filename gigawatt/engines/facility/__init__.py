"""A site hour by hour: power chain, cooling, water, peak, land; load and watts per accelerator."""

from __future__ import annotations

from gigawatt.engines.facility.all_in import AcceleratorPower, PowerUse, all_in, fit_table, solve
from gigawatt.engines.facility.cooling import KINDS
from gigawatt.engines.facility.land import building_area_m2, ring_area_m2, share_of, site_area_m2
from gigawatt.engines.facility.load import hourly_it_w
from gigawatt.engines.facility.oversubscription import RackPower, cap_hours, oversubscribe, racks_that_fit
from gigawatt.engines.facility.profile import SiteWork, TrainingPhase, hourly_work_w
from gigawatt.engines.facility.types import FacilityInputs, FacilityResult, PlantDesign, StageUse, Weather
from gigawatt.engines.facility.year import by_calendar_month, simulate_year

__all__ = [
    "KINDS",
    "AcceleratorPower",
    "FacilityInputs",
    "FacilityResult",
    "PlantDesign",
    "PowerUse",
    "RackPower",
    "SiteWork",
    "StageUse",
    "TrainingPhase",
    "Weather",
    "all_in",
    "building_area_m2",
    "by_calendar_month",
    "cap_hours",
    "fit_table",
    "hourly_it_w",
    "hourly_work_w",
    "oversubscribe",
    "racks_that_fit",
    "ring_area_m2",
    "share_of",
    "simulate_year",
    "site_area_m2",
    "solve",
]
