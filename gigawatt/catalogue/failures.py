"""How often things fail, and what happens then."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from gigawatt.catalogue.entry import Entry
from gigawatt.records import Quantity

PLACES = ("local", "remote")  # of checkpoints, behind the first


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
    worn_years: Quantity | None = None  # age at which wear alone fails a node as often as all else
    wear_exponent_ratio: Quantity | None = None  # power of age with which wear rises
    observed_age_months: Quantity | None = None  # of the nodes when the rate above was observed
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


class Checkpointing(Entry):
    """Where the checkpoints of a training job go: one place, or a fast one and safer ones behind it."""

    write_s: Quantity  # stall of one checkpoint
    interval_s: Quantity | None = None  # between two; the best for the job's size where left out
    local_every_s: Quantity | None = None  # one goes to the disks of the nodes, too
    local_needed_frac: Quantity | None = None  # of the failures of hardware: memory alone does not bring the job back
    local_stall_s: Quantity | None = None  # for such a checkpoint, beyond `write_s`
    local_restore_s: Quantity | None = None  # a restart from there takes so much longer
    remote_every_s: Quantity | None = None  # the same of storage apart from the nodes
    remote_needed_frac: Quantity | None = None
    remote_stall_s: Quantity | None = None
    remote_restore_s: Quantity | None = None

    @model_validator(mode="after")
    def _whole_tiers(self) -> Checkpointing:
        """Refuse half a tier, and tiers that are rarer or dearer in the wrong order."""
        tiers = self.tiers
        if any((getattr(self, f"{name}_every_s") is None) != (getattr(self, f"{name}_needed_frac") is None)
               for name in PLACES):  # fmt: skip
            message = "a tier has both every_s and needed_frac, or neither"
            raise ValueError(message)
        if tiers and self.interval_s is None:
            message = "tiers need interval_s: how often the first place gets a checkpoint"
            raise ValueError(message)
        every = [self.interval_s, *(getattr(self, f"{name}_every_s") for name in tiers)] if tiers else []
        needed = [getattr(self, f"{name}_needed_frac").value for name in tiers]
        seconds = [item.value for item in every if item is not None]
        if seconds != sorted(seconds) or needed != sorted(needed, reverse=True):
            message = "each tier is written as rarely as the one before or more rarely, and needed no more often"
            raise ValueError(message)
        return self

    @property
    def tiers(self) -> tuple[str, ...]:
        """Names of the places behind the first."""
        return tuple(name for name in PLACES if getattr(self, f"{name}_every_s") is not None)
