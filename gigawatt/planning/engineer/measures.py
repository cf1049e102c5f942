"""What is measured of one simulated slice of a fleet. Shape letters: N jobs, H hours."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet.results import JOB_ENDS, FleetResult
from gigawatt.engines.fleet.simulation import Simulation
from gigawatt.units import JOULES_PER_MWH, SECONDS_PER_HOUR

ROUNDING_S = 1e-3  # of times after weeks [s]
ROUNDING_FRAC = 1e-5  # of power, which the simulator counts in whole milliwatts
TAIL_PCT = 99.0  # percentile of waits that is guarded
WAITING = JOB_ENDS.index("waiting")
LOST = ("rework", "checkpoint", "restart", "slow")  # states of held accelerators in which no work counts
KWH_PER_MWH = 1000.0


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
        Jobs that ended before their work can have been done, moments at which running jobs held more than there
        is, work done with less energy than it takes. Any is a defect of the simulator that a policy has found.
    delay_frac : float
        Time from submission to end beyond the work, of the jobs that count, over their work; both weighted by
        accelerators. Of a job that has not ended, until the end of the slice. [-]
    over_frac : float
        Energy above the limits of power, by hourly means, over all energy. [-]
    kwh_per_gpu_h : float
        Energy per useful accelerator-hour. [kWh/h]
    """

    mean_wait_s: float
    tail_wait_s: float
    largest_wait_s: float
    longest_wait_s: float
    goodput_frac: float
    lost_frac: float
    waiting_frac: float
    impossible_count: float
    delay_frac: float = 0.0
    over_frac: float = 0.0
    kwh_per_gpu_h: float = 0.0


def names_of(kind: type) -> tuple[str, ...]:
    """Return the fields of measures."""
    return tuple(item.name for item in fields(kind))


def impossible_count(result: FleetResult, simulation: Simulation) -> int:
    """Count what no fleet can do: jobs done too early, more accelerators held than there are, work without its energy.

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
    queued_s = result.start_s_N - jobs.submit_s_N  # less than the whole wait where a job was taken off later
    whole = ended & (result.interruptions_N == 0) & (result.wait_s_N <= queued_s + ROUNDING_S)
    times = np.concatenate([result.end_s_N[whole], result.start_s_N[whole]])
    steps = np.concatenate([-jobs.gpus_N[whole], jobs.gpus_N[whole]])
    held = np.cumsum(steps[np.argsort(times, kind="stable")])  # at one time, ends before starts
    free = result.energy_j < least_energy_j(result, simulation) * (1.0 - ROUNDING_FRAC)
    return int(early.sum() + (held > gpus_of(simulation)).sum() + free)


def gpus_of(simulation: Simulation) -> int:
    """Return the accelerators of a fleet when all are online."""
    return sum(part.nodes_count * part.node_gpus_count for part in simulation.partitions)


def least_energy_j(result: FleetResult, simulation: Simulation) -> float:
    """Return the energy that the work done takes at least: that of the lightest load for each useful second. [J]."""
    load = min(item.load_frac for item in simulation.classes)
    watts_P = [part.idle_w + load * (part.busy_w - part.idle_w) for part in simulation.partitions]
    return float(np.dot(result.ledger_gpu_s_P["useful"], watts_P))


def over_j(result: FleetResult, simulation: Simulation) -> float:
    """Return the energy that sites drew above their limits, by hourly means. [J]."""
    hours = result.power_w_PH.shape[1]
    middle_s_H = (np.arange(hours) + 0.5) * SECONDS_PER_HOUR
    total = 0.0
    for site in dict.fromkeys(item.site for item in simulation.power_limits):
        limit_w_H = np.full(hours, np.inf)
        for item in simulation.power_limits:
            if item.site == site:
                limit_w_H[middle_s_H >= item.start_s] = item.limit_w
        here = [place for place, part in enumerate(simulation.partitions) if part.site == site]
        total += float(np.maximum(result.power_w_PH[here].sum(axis=0) - limit_w_H, 0.0).sum()) * SECONDS_PER_HOUR
    return total


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
        delay_frac=_delay_frac(result, simulation, counts_N),
        over_frac=over_j(result, simulation) / result.energy_j if result.energy_j > 0.0 else 0.0,
        kwh_per_gpu_h=result.energy_j / JOULES_PER_MWH * KWH_PER_MWH / (ledger["useful"] / SECONDS_PER_HOUR)
        if ledger["useful"] > 0.0
        else 0.0,
    )


def _delay_frac(result: FleetResult, simulation: Simulation, counts_N: NDArray[np.bool_]) -> float:
    """Return the time beyond the work over the work."""
    jobs = simulation.jobs
    ended = np.isfinite(result.end_s_N)
    until_s = np.where(ended, result.end_s_N, simulation.duration_s) - jobs.submit_s_N
    beyond_s = until_s - np.where(ended, jobs.work_s_N, result.useful_s_N)
    gpus = jobs.gpus_N[counts_N]
    return float(gpus @ beyond_s[counts_N] / (gpus @ jobs.work_s_N[counts_N]))


def mean_of(rows: list[Any]) -> Any:
    """Return the mean of measures over slices, of whichever kind they are."""
    kind = type(rows[0])
    return kind(*(sum(getattr(row, name) for row in rows) / len(rows) for name in names_of(kind)))
