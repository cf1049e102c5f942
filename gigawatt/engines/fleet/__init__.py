"""Reliability of a fleet in closed form: failures, checkpoints, kept time, spares."""

from __future__ import annotations

from gigawatt.engines.fleet.checkpoint import (
    TimeShares,
    best_interval_s,
    daly_interval_s,
    first_order_ettr_frac,
    time_shares,
    young_interval_s,
)
from gigawatt.engines.fleet.reliability import goodput, mttf_h, nodes_in_repair_count, spares_for_availability
from gigawatt.engines.fleet.types import FailureModel, Goodput

__all__ = [
    "FailureModel",
    "Goodput",
    "TimeShares",
    "best_interval_s",
    "daly_interval_s",
    "first_order_ettr_frac",
    "goodput",
    "mttf_h",
    "nodes_in_repair_count",
    "spares_for_availability",
    "time_shares",
    "young_interval_s",
]
