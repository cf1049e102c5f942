"""A small campus that tests vary: two buildings of 100 MW, every lead time certain, people without end."""

from __future__ import annotations

from typing import Any

import numpy as np

from gigawatt.engines.construction import CampusInputs, Lead, PowerSource, required_leads
from gigawatt.engines.construction.paths import SITE_STAGES

PATHS = ("grid-new", "grid-existing", "onsite-gas", "onsite-gas-reserved", "reciprocating", "mobile-gas")


def certain(**days: float) -> dict[str, Lead]:
    """Every lead time 10 days, but for those given; underscores stand for hyphens."""
    names = required_leads("new", PATHS) | required_leads("retrofit", ()) | set(SITE_STAGES)
    changed = {name.replace("_", "-"): value for name, value in days.items()}
    assert set(changed) <= names
    return {name: Lead(changed.get(name, 10.0), changed.get(name, 10.0)) for name in names}


def small_campus(**changes: Any) -> CampusInputs:
    """Seven trades of 10 days after 10 days of site works: the first building is done on day 80."""
    given: dict[str, Any] = {
        "building_w_K": np.array([1e8, 1e8]),
        "building_kind": "new",
        "power": (PowerSource("grid-existing", 2e8, 2e8),),
        "leads": certain(),
        "overlap_frac": 0.0,
        "start_interval": Lead(30.0, 30.0),
        "interval_building_w": 1e8,
        "equipment_head_start_days": 0.0,
        "crew_per_100_mw_count": {},
        "crew_cap_count": float("inf"),
        "rack_w": 1e5,
        "racks_per_day": Lead(200.0, 200.0),
        "site_correlation_frac": 0.0,
    }
    return CampusInputs(**(given | changes))


def spread_campus(**changes: Any) -> CampusInputs:
    """The same with a 90th percentile 40 % above each median."""
    leads = {name: Lead(lead.p50_days, lead.p50_days * 1.4) for name, lead in certain().items()}
    return small_campus(**({"leads": leads, "start_interval": Lead(30.0, 45.0)} | changes))
