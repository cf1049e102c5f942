"""What goes into the reliability model and what comes out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FailureModel:
    """Failure and recovery of a synchronous job.

    Attributes
    ----------
    failures_per_node_day : float
        Of a node, failures that stop the job. [1/day]
    node_gpus_count : int
        Accelerators per node in that rate.
    planned_stops_per_day : float
        Of the whole job: maintenance and upgrades. [1/day]
    restart_s : float
        Detection to running again. [s]
    checkpoint_write_s : float
        Stall of one checkpoint. [s]
    node_repair_h : float
        Mean time a failed node is out. [h]
    """

    failures_per_node_day: float
    node_gpus_count: int
    planned_stops_per_day: float
    restart_s: float
    checkpoint_write_s: float
    node_repair_h: float


@dataclass(frozen=True, slots=True)
class Goodput:
    """What a synchronous job of a size keeps of its time.

    Attributes
    ----------
    gpus_count : int
    mttf_h : float
        Mean time to failure of the job. [h]
    checkpoint_interval_s : float
        Optimal interval. [s]
    ettr_frac : float
        Effective training time ratio: useful over wall time. [-]
    lost_frac : dict
        checkpoint, rework, restart: shares of wall time; with ettr they sum to 1.
    interruptions_per_day : float
        [1/day]
    nodes_in_repair_count : float
        Mean nodes out, which spares must cover.
    """

    gpus_count: int
    mttf_h: float
    checkpoint_interval_s: float
    ettr_frac: float
    lost_frac: dict[str, float]
    interruptions_per_day: float
    nodes_in_repair_count: float
