"""How often things fail, and what happens then."""

from __future__ import annotations

from typing import Literal

from gigawatt.catalogue.entry import Entry
from gigawatt.records import Quantity


class Reliability(Entry):
    """Failure and repair figures of a fleet."""

    failures_per_node_day: Quantity  # of 8-GPU nodes, failures that stop a synchronous job
    node_gpus: int = 8
    restart_s: Quantity
    checkpoint_write_s: Quantity  # stall a checkpoint causes
    node_repair_h: Quantity
    planned_stops_per_day: Quantity | None = None  # of the observed job
    observed_gpus: int = 0
    causes_frac: dict[str, Quantity] = {}
    software_failures_per_node_day: Quantity | None = None  # of the jobs' own software, beyond the rate above
    lemon_frac: Quantity | None = None  # share of nodes that fail far more often than the rest
    lemon_factor_ratio: Quantity | None = None  # so many times as often
    infant_factor_ratio: Quantity | None = None  # failure rate of new nodes over the settled one
    infant_months: Quantity | None = None  # time in which the excess falls to 1/e
    repair: str = "usual"  # id of the repair model


class Repair(Entry):
    """What happens after a failure, by its cause; "other" stands for causes without a line of their own."""

    job_causes: tuple[str, ...] = ()  # causes that stop the job and leave the node healthy
    scope: dict[str, Literal["node", "rack", "pod", "power-zone"]] = {}  # what goes down; the node where not given
    hidden_frac: dict[str, Quantity]  # share that shows only after the detection time: hangs, slow nodes, NaN
    detection_s: Quantity  # mean delay of those
    rollback_s: dict[str, Quantity] = {}  # work lost beyond the last checkpoint
    automatic_frac: dict[str, Quantity]  # share mended without hands
    automatic_repair_s: Quantity  # median
    repair_s: dict[str, Quantity]  # median with hands
    repair_sigma_ratio: Quantity  # spread of the logarithm of both
    hands_on_s: Quantity  # of a technician
    swap_s: Quantity  # a hot spare takes a failed node's place: from failure to running
