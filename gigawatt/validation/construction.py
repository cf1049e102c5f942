"""The construction engine against published build speeds: days from clearing to first power and to a gigawatt.

Number and size of buildings and the path of power are given, as in `tests/unit/construction/test_build_speed.py`; the
range is P10 to P90.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from gigawatt.catalogue import load
from gigawatt.engines.construction import CampusSchedule, Milestone, schedule_campus
from gigawatt.planning.construction import Power, campus_inputs
from gigawatt.validation.compare import Validation
from gigawatt.validation.published_rows import Prediction, read_published, row_of, validation_of

CONSTRUCTION = "us-2025"


class Campus(NamedTuple):
    """Buildings of equal facility power, and how power came."""

    path: str
    buildings_count: int
    building_mw: float
    kind: str = "new"


CAMPUSES = {
    "abilene": Campus("onsite-gas-reserved", 8, 147.5),
    "rainier": Campus("grid-existing", 18, 68.3),
    "abu-dhabi": Campus("onsite-gas-reserved", 10, 140.0),
    "zhangbei": Campus("grid-existing", 20, 21.6),
    "canton": Campus("grid-new", 12, 68.3),
    "ridgeland": Campus("grid-new", 14, 72.0),
    "mayes-county": Campus("grid-new", 4, 146.0),
    "new-albany": Campus("grid-new", 7, 97.0),
    "omaha": Campus("grid-new", 5, 94.8),
    "prometheus": Campus("grid-new", 4, 80.0),
    "fayetteville": Campus("grid-new", 4, 266.3),
    "hyperion": Campus("onsite-gas", 9, 251.3),
    "colossus": Campus("mobile-gas", 1, 174.0, "retrofit"),
}


@lru_cache
def _schedule(name: str) -> CampusSchedule:
    """Build a campus."""
    campus = CAMPUSES[name]
    sizes = [campus.building_mw] * campus.buildings_count
    facts = load().construction[CONSTRUCTION]
    return schedule_campus(campus_inputs(facts, sizes, [Power(campus.path)], campus.kind), months_count=1)


def _days(found: Milestone) -> Prediction:
    """Median day of a milestone, and P10 to P90."""
    return Prediction(found.band.p50_days, found.band.p10_days, found.band.p90_days)


def predict(row_id: str) -> Prediction:
    """Predict a row, "abilene-first" or "abilene-gigawatt".

    Parameters
    ----------
    row_id : str

    Returns
    -------
    Prediction
        [day]

    Raises
    ------
    ValueError
        If a campus is said to reach a gigawatt that it has not.
    """
    name, _, milestone = row_id.rpartition("-")
    schedule = _schedule(name)
    found = schedule.first_power if milestone == "first" else schedule.gigawatt
    if found is None:
        message = f"{row_id}: the campus is smaller than a gigawatt"
        raise ValueError(message)
    return _days(found)


def validate_construction() -> Validation:
    """Compare the construction engine with published build speeds.

    Returns
    -------
    Validation
        Groups secured (power was there before the land was cleared) and ordinary.
    """
    return validation_of(row_of(figure, predict(figure.id)) for figure in read_published("construction"))
