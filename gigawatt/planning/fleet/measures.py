"""What a simulated fleet amounts to: shares of its hours, kept time and time to failure by size, waits, power."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.fleet.results import JOB_ENDS, OTHER_CAUSES, STATES
from gigawatt.planning.fleet.answer import FleetAnswer
from gigawatt.planning.fleet.work import BY_KIND
from gigawatt.planning.wiring.hazards import SOFTWARE
from gigawatt.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

Floats = NDArray[np.float64]

# Smallest job of each class of sizes; the last has no end.
SIZE_EDGES = (1, 2, 8, 64, 512, 4096, 32768)
HELD = ("useful", "rework", "checkpoint", "restart", "slow")  # states in which a job holds the accelerator
# Keys of the document, and the states that each holds.
GPU_HOURS = {
    "useful": ("useful",),
    "lost_rework": ("rework", "slow"),
    "restart": ("restart", "checkpoint"),
    "idle": ("idle", "fragmented", "spare"),
    "down": ("down", "maintenance"),
    "draining": ("draining",),
}
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0}
# What stops jobs beside the failures of nodes, in the simulator's order; the first is the jobs' own failure.
OTHER_WORDS = {
    "software": f"{SOFTWARE}, by job",
    "planned": "planned stops",
    "preemption": "preemption",
    "defragmentation": "moved together",
    "maintenance": "maintenance",
    "power": "power limit",
    "retirement": "nodes retired",
    "growth": "elastic growth",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Jobs by size: an entry for each class of sizes that has jobs.

    Attributes
    ----------
    labels : tuple of str
        Such as "64-511".
    jobs_count, gpu_hours_h, interruptions_count : tuple of float
        [-], [h], [-]
    ettr_frac, mttf_h : tuple of float
        Useful over wall time from the first start on, weighted by accelerators; held time over interruptions, NaN where
        there was none. [-], [h]
    wait_s : tuple of dict
        Percentiles of the time from submission to the first start. [s]
    """

    labels: tuple[str, ...]
    jobs_count: tuple[float, ...]
    gpu_hours_h: tuple[float, ...]
    interruptions_count: tuple[float, ...]
    ettr_frac: tuple[float, ...]
    mttf_h: tuple[float, ...]
    wait_s: tuple[dict[str, float], ...]


def size_label(place: int) -> str:
    """Name a class of sizes.

    Examples
    --------
    >>> size_label(0), size_label(3), size_label(6)
    ('1', '64-511', '32768+')
    """
    low = SIZE_EDGES[place]
    if place + 1 == len(SIZE_EDGES):
        return f"{low}+"
    high = SIZE_EDGES[place + 1] - 1
    return f"{low}-{high}" if high > low else f"{low}"


def counted(answer: FleetAnswer) -> NDArray[np.bool_]:
    """Return which jobs count: those submitted after the warm-up, and those known beforehand."""
    jobs = answer.simulation.jobs
    return np.asarray((jobs.submit_s_N >= answer.simulation.warm_up_s) | (jobs.class_N >= BY_KIND))


def waits_s(answer: FleetAnswer) -> Floats:
    """Return the time from submission to first start; until the end for what has not started. [s]."""
    sim = answer.simulation
    start_s_N = answer.result.start_s_N
    return np.asarray(np.where(np.isfinite(start_s_N), start_s_N, sim.duration_s) - sim.jobs.submit_s_N)


def walls_s(answer: FleetAnswer) -> Floats:
    """Return the time from first start to end, or to the end of the simulation; 0 for what has not started. [s]."""
    result = answer.result
    end_s_N = np.where(np.isfinite(result.end_s_N), result.end_s_N, answer.simulation.duration_s)
    return np.asarray(np.where(np.isfinite(result.start_s_N), end_s_N - result.start_s_N, 0.0))


def percentiles(values: Floats) -> dict[str, float]:
    """Return the 50th, 90th and 99th percentile; NaN of nothing."""
    if not len(values):
        return dict.fromkeys(PERCENTILES, float("nan"))
    found = np.percentile(values, list(PERCENTILES.values()))
    return dict(zip(PERCENTILES, (float(value) for value in found), strict=True))


def by_size(answer: FleetAnswer) -> Sizes:
    """Return what became of jobs by their size."""
    jobs, result = answer.simulation.jobs, answer.result
    able_N = counted(answer) & (result.state_N != JOB_ENDS.index("rejected"))
    place_N = np.searchsorted(SIZE_EDGES, jobs.gpus_N, side="right") - 1
    wait_s_N, wall_s_N = waits_s(answer), walls_s(answer)
    rows = []
    for place in range(len(SIZE_EDGES)):
        these = able_N & (place_N == place)
        if not these.any():
            continue
        gpus = jobs.gpus_N[these].astype(np.float64)
        wall, held = float(gpus @ wall_s_N[these]), float(result.held_s_N[these].sum())
        stops = float(result.interruptions_N[these].sum())
        rows.append(
            (
                size_label(place), float(these.sum()), float(gpus @ result.held_s_N[these]) / SECONDS_PER_HOUR, stops,
                min(float(gpus @ result.useful_s_N[these]) / wall, 1.0) if wall else float("nan"),
                held / stops / SECONDS_PER_HOUR if stops else float("nan"), percentiles(wait_s_N[these]),
            )
        )  # fmt: skip
    return Sizes(*zip(*rows, strict=True)) if rows else Sizes((), (), (), (), (), (), ())


def ledger_hours(answer: FleetAnswer) -> dict[str, float]:
    """Return accelerator-hours by state. [h]."""
    return {state: answer.result.ledger_gpu_s[state] / SECONDS_PER_HOUR for state in STATES}


def held_hours(answer: FleetAnswer) -> float:
    """Return accelerator-hours in jobs. [h]."""
    hours = ledger_hours(answer)
    return sum(hours[state] for state in HELD)


@dataclass(frozen=True, slots=True)
class Cause:
    """What stops jobs, and how often it did after the warm-up.

    Attributes
    ----------
    name : str
    stops_count, failures_count : int
        Of jobs; of nodes, whether a job ran there or not.
    unexpected : bool
        A failure, of a node or of a job by itself; the rest is the operator's doing.
    """

    name: str
    stops_count: int
    failures_count: int
    unexpected: bool


def cause_names(answer: FleetAnswer) -> list[str]:
    """Return the name of each cause of stops, in the order of the simulator's counts."""
    parts = answer.simulation.hazards.components
    return [*(part.name for part in parts), *(OTHER_WORDS[name] for name in OTHER_CAUSES)]


def unexpected_count(answer: FleetAnswer) -> int:
    """Return how many of the causes are failures; they come first."""
    return len(answer.simulation.hazards.components) + 1


def stops_by_cause(answer: FleetAnswer) -> list[Cause]:
    """Return the causes: failures first, most stops first; a component is there even if it stopped nothing."""
    result, names, failures = answer.result, cause_names(answer), unexpected_count(answer)
    nodes = len(result.failures_B)
    rows = [
        Cause(name, int(stops), int(result.failures_B[b]) if b < nodes else 0, b < failures)
        for b, (name, stops) in enumerate(zip(names, result.stops_B, strict=True))
        if stops or b < nodes
    ]
    return sorted(rows, key=lambda row: (not row.unexpected, -row.stops_count, -row.failures_count))


def interruptions_per_day(answer: FleetAnswer) -> float:
    """Return stops of jobs by failures in a day, the operator's own left out. [1/day]."""
    sim = answer.simulation
    stops = int(answer.result.stops_B[: unexpected_count(answer)].sum())
    return stops / ((sim.duration_s - sim.warm_up_s) / SECONDS_PER_DAY)


def job_counts(answer: FleetAnswer) -> dict[str, int]:
    """Return jobs by what became of them; those that were interrupted are counted again."""
    these = counted(answer)
    state_N = answer.result.state_N[these]
    found = {"submitted": int(these.sum())}
    found |= {name: int((state_N == place).sum()) for place, name in enumerate(JOB_ENDS)}
    return found | {"interrupted": int((answer.result.interruptions_N[these] > 0).sum())}


def warm_hours(answer: FleetAnswer) -> int:
    """Return the first hour that counts."""
    return int(np.ceil(answer.simulation.warm_up_s / SECONDS_PER_HOUR))


def power_w(answer: FleetAnswer) -> Floats:
    """Return the fleet's IT power by hour, shape (H,). [W]."""
    return np.asarray(answer.result.power_w_PH.sum(axis=0))


def hourly_it_w(answer: FleetAnswer, site: str) -> Floats:
    """Return the IT power of a site by hour of the simulation, for the site's year.

    Parameters
    ----------
    answer : FleetAnswer
    site : str
        A site of its partitions.

    Returns
    -------
    Floats
        Shape (H,). [W]
    """
    here = [place for place, part in enumerate(answer.simulation.partitions) if part.site == site]
    return np.asarray(answer.result.power_w_PH[here].sum(axis=0))


def online_gpus(answer: FleetAnswer) -> Floats:
    """Return accelerators online at the middle of each hour, shape (H,)."""
    hours = answer.result.busy_gpus_H.size
    middle_s_H = (np.arange(hours) + 0.5) * SECONDS_PER_HOUR
    total_H = np.zeros(hours)
    for part in answer.simulation.partitions:
        nodes = np.asarray(part.online_nodes or (part.nodes_count,), dtype=np.float64)
        place_H = np.searchsorted(part.online_s, middle_s_H, side="right") - 1
        total_H += nodes[place_H] * part.node_gpus_count
    return total_H
