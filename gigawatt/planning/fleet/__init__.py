"""A fleet event by event: hardware and work of the catalogue, a trace or a plan into the simulator."""

from __future__ import annotations

from gigawatt.engines.fleet.simulation import Maintenance
from gigawatt.planning.fleet.answer import Case, FleetAnswer, answered, compared, fleet_case, simulate_fleet
from gigawatt.planning.fleet.question import Curtailment, Question

__all__ = [
    "Case",
    "Curtailment",
    "FleetAnswer",
    "Maintenance",
    "Question",
    "answered",
    "compared",
    "fleet_case",
    "simulate_fleet",
]
