"""Construction: a precedence network of lead times to megawatts energised by month."""

from __future__ import annotations

from gigawatt.engines.construction.campus import campus_network
from gigawatt.engines.construction.cost import cost_by_block_usd, spend_by_month_usd, usd_per_mw
from gigawatt.engines.construction.draws import medians, peak_crew_count, simulate
from gigawatt.engines.construction.network import forward, latest_starts, network
from gigawatt.engines.construction.outcome import (
    band,
    criticality_of,
    milestone,
    month_value_usd,
    reach_days,
    stage_month_value_usd,
    watts_by_month,
)
from gigawatt.engines.construction.paths import BUILDING_STAGES, POWER_PATHS, required_leads
from gigawatt.engines.construction.schedule import month_ends_days, schedule_campus
from gigawatt.engines.construction.types import (
    Activity,
    Band,
    CampusInputs,
    CampusSchedule,
    Draws,
    Lead,
    Link,
    Milestone,
    Network,
    PowerSource,
)

__all__ = [
    "BUILDING_STAGES",
    "POWER_PATHS",
    "Activity",
    "Band",
    "CampusInputs",
    "CampusSchedule",
    "Draws",
    "Lead",
    "Link",
    "Milestone",
    "Network",
    "PowerSource",
    "band",
    "campus_network",
    "cost_by_block_usd",
    "criticality_of",
    "forward",
    "latest_starts",
    "medians",
    "milestone",
    "month_ends_days",
    "month_value_usd",
    "network",
    "peak_crew_count",
    "reach_days",
    "required_leads",
    "schedule_campus",
    "simulate",
    "spend_by_month_usd",
    "stage_month_value_usd",
    "usd_per_mw",
    "watts_by_month",
]
