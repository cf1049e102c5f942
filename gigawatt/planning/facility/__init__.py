"""One site in full: from meter to chip, hour by hour, with its water, money, land, ramps, building time and supply."""

from __future__ import annotations

from gigawatt.planning.facility.answer import FacilityAnswer, facility

__all__ = ["FacilityAnswer", "facility"]
