"""What comes out of the fleet simulator. Shape letters: N jobs, H hours, P partitions, F failures, S stops, B kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

# Where an accelerator-hour goes, in the order of `Ledger`; they sum to capacity.
STATES = (
    "useful",  # work that counted
    "rework",  # work lost since the last checkpoint, and work of jobs that hidden failures spoiled
    "checkpoint",  # standing still for a checkpoint
    "restart",  # from failure to running
    "slow",  # topology, stragglers, power limits: held, but not at full speed
    "idle",  # free, and no job waits
    "fragmented",  # free while a job waits: too small, too scattered, or not allowed by a quota
    "draining",  # kept free for a large job or for maintenance
    "spare",  # kept free as hot spares
    "down",  # failed: waiting for detection to end, for hands, or under repair
    "maintenance",
)
# What stops jobs beside the components of the hazards, in the order in which they are counted behind them.
OTHER_CAUSES = (
    "software",  # the job's own failures, which leave its nodes healthy
    "planned",  # upgrades of its own software
    "preemption",  # for a job of higher priority
    "defragmentation",  # to be moved together
    "maintenance",  # of its pod
    "power",  # a site over its limit
    "retirement",  # of its nodes
    "growth",  # an elastic job takes nodes that it lacked
)
JOB_ENDS = ("completed", "failed", "cancelled", "running", "waiting", "rejected")


@dataclass(frozen=True, slots=True)
class FleetResult:
    """One run.

    Attributes
    ----------
    events_count : int
        Events handled.
    capacity_gpu_s, ledger_gpu_s : float, dict
        Accelerator-seconds online after the warm-up, and the same by `STATES`; they agree to 1e-9.
    ledger_gpu_s_P : dict
        By state, an array over partitions.
    start_s_N, end_s_N : Floats
        First start and end of each job; NaN where it did not start or end. [s]
    wait_s_N, held_s_N : Floats
        Time in queues, all of them; time with accelerators held. [s]
    useful_s_N : Floats
        Work that counted. [s]
    interruptions_N, state_N : Whole
        Stops by failures, of nodes or its own; index into `JOB_ENDS`.
    stops_B : Whole
        Stops of jobs by cause: the components of `Hazards` in order, then `OTHER_CAUSES`.
    failures_B : Whole
        Failures by component, whether a job ran there or not.
    failure_s_F, failure_node_F, failure_component_F, failure_job_F : arrays
        Log of failures of nodes; job -1 where none ran. One that is hidden is there when it comes, not when it shows.
    stop_s_S, stop_job_S, stop_cause_S, stop_node_S : arrays
        Log of whatever stopped a job, or a replica of one that went on without it: when, which, the place of the cause
        in `stops_B`, the node that failed. Job -1 is a serving pool, node -1 none.
    warm_failures_count, warm_stops_count : int
        So many at the start of either log lie in the warm-up; the rest are `failures_B` and `stops_B`.
    busy_gpus_H, idle_gpus_H, down_gpus_H, waiting_gpus_H : Floats
        Hourly means; the last is asked for by waiting jobs.
    power_w_PH : Floats
        Hourly mean of IT power by partition. [W]
    energy_j : float
        Integral of power. [J]
    power_max_w, ramp_max_w : float
        Greatest power at an instant, and greatest step of one. [W]
    work_asked_s, residual_frac : float
        GPU-seconds asked by the jobs that ended; largest relative gap of the balances that were checked.
    written_calls, written_faults : dict
        By hook that was given as a written policy: how often it was asked, and operations of it that had no value or
        too large a one.
    """

    events_count: int
    capacity_gpu_s: float
    ledger_gpu_s: dict[str, float]
    ledger_gpu_s_P: dict[str, Floats]
    start_s_N: Floats
    end_s_N: Floats
    wait_s_N: Floats
    held_s_N: Floats
    useful_s_N: Floats
    interruptions_N: Whole
    state_N: Whole
    stops_B: Whole
    failures_B: Whole
    failure_s_F: Floats
    failure_node_F: Whole
    failure_component_F: Whole
    failure_job_F: Whole
    stop_s_S: Floats
    stop_job_S: Whole
    stop_cause_S: Whole
    stop_node_S: Whole
    warm_failures_count: int
    warm_stops_count: int
    busy_gpus_H: Floats
    idle_gpus_H: Floats
    down_gpus_H: Floats
    waiting_gpus_H: Floats
    power_w_PH: Floats
    energy_j: float
    power_max_w: float
    ramp_max_w: float
    work_asked_s: float
    residual_frac: float
    written_calls: dict[str, int]
    written_faults: dict[str, int]
