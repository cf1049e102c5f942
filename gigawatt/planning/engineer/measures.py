"""What is measured of one simulated slice, and how it is held against limits."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet.results import JOB_ENDS, FleetResult
from gigawatt.engines.fleet.simulation import Simulation

ROUNDING_S = 1e-3  # of times after weeks [s]
TAIL_PCT = 99.0  # percentile of waits that is guarded
WAITING = JOB_ENDS.index("waiting")
LOST = ("rework", "checkpoint", "restart", "slow")  # states of held accelerators in which no work counts


@dataclass(frozen=True, slots=True)
class Measures:
    """One policy on one slice.

    Attributes
    ----------
    mean_wait_s, tail_wait_s, largest_wait_s, longest_wait_s : float
        Time in queues of the jobs that count: mean, 99th percentile, mean of the largest jobs, maximum. [s]
    goodput_frac : float
        Useful over all accelerator time. [-]
    lost_frac : float
        Of the time that jobs hold accelerators: work lost, checkpoints, restarts, slow-downs. [-]
    waiting_frac : float
        Jobs that still wait at the end. [-]
    impossible_count : float
        Jobs that ended before their work can have been done, and moments at which running jobs held more than there
        is. Any is a defect of the simulator that a policy has found.
    """

    mean_wait_s: float
    tail_wait_s: float
    largest_wait_s: float
    longest_wait_s: float
    goodput_frac: float
    lost_frac: float
    waiting_frac: float
    impossible_count: float


NAMES = tuple(field.name for field in fields(Measures))


def impossible_count(result: FleetResult, simulation: Simulation) -> int:
    """Count what no fleet can do: jobs done in less than their time, and more accelerators held than there are.

    Parameters
    ----------
    result : FleetResult
    simulation : Simulation

    Returns
    -------
    int
    """
    jobs = simulation.jobs
    ended = np.isfinite(result.end_s_N)
    least_s = jobs.submit_s_N + result.wait_s_N + jobs.work_s_N
    early = ended & (result.end_s_N < least_s - ROUNDING_S)
    whole = ended & (result.interruptions_N == 0) & np.isfinite(result.start_s_N)
    times = np.concatenate([result.end_s_N[whole], result.start_s_N[whole]])
    steps = np.concatenate([-jobs.gpus_N[whole], jobs.gpus_N[whole]])
    held = np.cumsum(steps[np.argsort(times, kind="stable")])  # at one time, ends before starts
    most = sum(part.nodes_count * part.node_gpus_count for part in simulation.partitions)
    return int(early.sum() + (held > most).sum())


def measured(
    result: FleetResult, simulation: Simulation, counts_N: NDArray[np.bool_], largest_N: NDArray[np.bool_]
) -> Measures:
    """Measure a simulated slice.

    Parameters
    ----------
    result : FleetResult
    simulation : Simulation
    counts_N : ndarray of bool
        Jobs that count: those of the week, not those that were there before.
    largest_N : ndarray of bool
        The largest of them.

    Returns
    -------
    Measures
    """
    wait_s = result.wait_s_N[counts_N]
    ledger = result.ledger_gpu_s
    lost_gpu_s = sum(ledger[name] for name in LOST)
    held_gpu_s = lost_gpu_s + ledger["useful"]
    return Measures(
        mean_wait_s=float(wait_s.mean()),
        tail_wait_s=float(np.percentile(wait_s, TAIL_PCT)),
        largest_wait_s=float(result.wait_s_N[largest_N].mean()),
        longest_wait_s=float(wait_s.max()),
        goodput_frac=ledger["useful"] / result.capacity_gpu_s,
        lost_frac=lost_gpu_s / held_gpu_s if held_gpu_s > 0.0 else 0.0,
        impossible_count=float(impossible_count(result, simulation)),
        waiting_frac=float((result.state_N[counts_N] == WAITING).mean()),
    )


def mean_of(rows: list[Measures]) -> Measures:
    """Return the mean of measures over slices."""
    return Measures(*(sum(getattr(row, name) for row in rows) / len(rows) for name in NAMES))
