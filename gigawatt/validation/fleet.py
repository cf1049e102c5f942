"""The fleet simulator against published figures: what no closed form gives, event by event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from gigawatt.catalogue import load
from gigawatt.engines.fleet import FleetResult, simulate
from gigawatt.engines.fleet.simulation import Component, Hazards, JobClass, Jobs, Partition, Simulation
from gigawatt.planning.workload_generator import model_of
from gigawatt.planning.workload_generator.cluster import cluster_simulation
from gigawatt.units import HOURS_PER_DAY, SECONDS_PER_DAY, SECONDS_PER_HOUR, SECONDS_PER_MINUTE
from gigawatt.validation.compare import Validation
from gigawatt.validation.published_rows import Prediction, read_published, row_of, validation_of

ENDLESS_S = 1e12  # of work: more than any simulation [s]
SEEDS = range(4)
REPAIR_S = SECONDS_PER_HOUR  # short, so that there is always a spare; enters no figure here
NODE_GPUS = 8
# AIReSim, default: 15 % of the servers fail five times as often as 0.01 a day until they are repaired
AIRESIM_BAD_FRAC, AIRESIM_BAD_FACTOR, AIRESIM_PER_DAY = 0.15, 5.0, 0.01
AIRESIM_SERVERS, AIRESIM_WORK_DAYS = 4096, 256.0
SIGMAS = 2.0
REPLICA_NODES = 256  # of the 100,000-GPU run; assumed
HSDP_NODES = 12_288
# AcmeTrace, Seren: quantiles 0.01 and 0.95 of servers, one that waits and one that works [W]
SERVER_LEAST_W, SERVER_FULL_W = 1421.0, 5040.0
# Assumed: what trains runs at full load, the rest mostly waits for data and people; value, low, high
TRAIN_LOADS, OTHER_LOADS = (1.0, 0.9, 1.0), (0.15, 0.0, 0.4)
TRAINS = ("training", "fine-tuning")
EARTH_DAYS, SEREN_DAYS = 60.0, 60.0


def _runs(nodes: int, days: float, hazards: Hazards, kind: JobClass, spares: int) -> list[FleetResult]:
    """Simulate an endless job of so many nodes, over the seeds."""
    zero = np.zeros(1, dtype=np.int64)
    base = Simulation(
        (Partition("fleet", "site", nodes + spares),),
        (kind,),
        Jobs(np.zeros(1), np.full(1, ENDLESS_S), zero + nodes * NODE_GPUS, zero, zero, zero, zero),
        hazards,
        days * SECONDS_PER_DAY,
    )
    return [simulate(replace(base, seed=seed)) for seed in SEEDS]


def _nodes_fail(per_node_day: float, hidden_frac: float = 0.0, detection_s: float = 0.0) -> Hazards:
    """Return node failures that are soon mended, some of which show late."""
    node = Component(
        "node", per_node_day, hidden_frac=hidden_frac, detection_s=detection_s, automatic_frac=1.0,
        automatic_repair_s=REPAIR_S,
    )  # fmt: skip
    return Hazards((node,))


def _kept(runs: list[FleetResult], days: float) -> float:
    """Return the mean share of the time that the job keeps."""
    return float(np.mean([run.useful_s_N[0] for run in runs])) / (days * SECONDS_PER_DAY)


def _rsc_h(nodes: int, days: float, software_per_node_day: float) -> float:
    """Return the hours between stops of a job on RSC-1."""
    rate = load().reliability["meta-rsc1"].failures_per_node_day.value
    kind = JobClass("job", restart_s=0.0, swap_s=0.0, software_failures_per_node_day=software_per_node_day)
    runs = _runs(nodes, days, _nodes_fail(rate), kind, 20)
    return days * HOURS_PER_DAY * len(runs) / float(sum(run.interruptions_N[0] for run in runs))


def _rsc_all() -> Prediction:
    """Predict the time between all stops at 1,024 GPUs, over the range of the software rate."""
    software = load().reliability["meta-rsc1"].software_failures_per_node_day
    rates = (software.value, software.high, software.low) if software else (0.0, 0.0, 0.0)
    return Prediction(*(_rsc_h(128, 2000.0, rate) for rate in rates))


def _rsc_nodes() -> Prediction:
    """Predict the time between node failures at 16,384 GPUs, within two standard deviations of the count."""
    days = 700.0
    hours = _rsc_h(2048, days, 0.0)
    spread = SIGMAS / (days * HOURS_PER_DAY * len(SEEDS) / hours) ** 0.5
    return Prediction(hours, hours * (1.0 - spread), hours * (1.0 + spread))


def _byterobust(per_node_day: float, days: float, swap_s: float) -> float:
    """Return the kept share with hot spares, checkpoints in memory and late detection of some failures."""
    entry, repair = load().reliability["byterobust"], load().repairs["usual"]
    hazards = _nodes_fail(per_node_day, repair.hidden_frac["other"].value, repair.detection_s.value)
    kind = JobClass("job", checkpoint_write_s=entry.checkpoint_write_s.value, swap_s=swap_s)
    return _kept(_runs(1200, days, hazards, kind, 40), days)


def _byterobust_row(days: float, at: str) -> Prediction:
    """Predict a job of 9,600 GPUs at the value or the top of the rate, over the range of the swap time."""
    entry = load().reliability["byterobust"]
    rate, swap = getattr(entry.failures_per_node_day, at), entry.restart_s
    return Prediction(*(_byterobust(rate, days, swap_s) for swap_s in (swap.value, swap.high, swap.low)))


@cache
def _airesim_h(recovery_s: float, repairs: int) -> float:
    """Return the hours of AIReSim's default, whose servers fail only at work; so many repairs make a bad one sound."""
    mean = AIRESIM_PER_DAY * (1.0 + AIRESIM_BAD_FRAC * (AIRESIM_BAD_FACTOR - 1.0))
    node = Component("server", mean, under_load=True, automatic_frac=1.0, automatic_repair_s=REPAIR_S)
    zero, work_s = np.zeros(1, dtype=np.int64), AIRESIM_WORK_DAYS * SECONDS_PER_DAY
    base = Simulation(
        (Partition("fleet", "site", AIRESIM_SERVERS + 300),),
        (JobClass("job", swap_s=recovery_s, restart_s=recovery_s),),
        Jobs(np.zeros(1), np.full(1, work_s), zero + AIRESIM_SERVERS * NODE_GPUS, zero, zero, zero, zero),
        Hazards((node,), AIRESIM_BAD_FRAC, AIRESIM_BAD_FACTOR, repairs, work_s, SECONDS_PER_DAY),
        2.0 * work_s,
    )
    hours = [simulate(replace(base, seed=seed)).end_s_N[0] / SECONDS_PER_HOUR for seed in SEEDS]
    return float(np.mean(hours))


def _airesim_hours() -> Prediction:
    """Predict the time of the default; a bad server is sound after its first repair, or its third."""
    first, third = (_airesim_h(20.0 * SECONDS_PER_MINUTE, repairs) for repairs in (1, 3))
    return Prediction(first, first, third)


def _airesim_kept() -> Prediction:
    """Predict the kept share with recovery in ten minutes, likewise."""
    work_h = AIRESIM_WORK_DAYS * HOURS_PER_DAY
    first, third = (work_h / _airesim_h(10.0 * SECONDS_PER_MINUTE, repairs) for repairs in (1, 3))
    return Prediction(first, third, first)


def _hsdp(mode: str) -> Prediction:
    """Predict what 100,000 GPUs keep, over the range of the write time."""
    entry, days = load().reliability["meta-100k"], 10.0
    rate = load().reliability["meta-rsc1"].failures_per_node_day.value
    write = entry.checkpoint_write_s
    shares = []
    for write_s in (write.value, write.high, write.low):
        kind = JobClass(
            "job", mode=mode, checkpoint_write_s=write_s, restart_s=entry.restart_s.value, swap_s=entry.restart_s.value,
            replica_nodes_count=REPLICA_NODES, replica_stall_s=entry.restart_s.low,
        )  # fmt: skip
        shares.append(_kept(_runs(HSDP_NODES, days, _nodes_fail(rate), kind, 100), days))
    return Prediction(*shares)


@cache
def _earth() -> tuple[tuple[float, float], ...]:
    """Return the share of accelerators in use and of minutes in which a job waits, by seed."""
    found = []
    for seed in SEEDS:
        sim = cluster_simulation(model_of(load().workloads["helios-earth"]), EARTH_DAYS * SECONDS_PER_DAY, seed)
        result = simulate(sim)
        minutes = np.arange(sim.warm_up_s, sim.duration_s, SECONDS_PER_MINUTE)
        begun = np.where(np.isfinite(result.start_s_N), result.start_s_N, sim.duration_s)
        waits = begun > sim.jobs.submit_s_N
        came, left = np.sort(sim.jobs.submit_s_N[waits]), np.sort(begun[waits])
        waiting = np.searchsorted(came, minutes, "right") > np.searchsorted(left, minutes, "right")
        found.append((result.ledger_gpu_s["useful"] / result.capacity_gpu_s, float(waiting.mean())))
    return tuple(found)


def _earth_row(column: int) -> Prediction:
    """Predict one of the two, with the range of the seeds."""
    values = [row[column] for row in _earth()]
    return Prediction(float(np.mean(values)), min(values), max(values))


def _seren() -> Prediction:
    """Predict the mean power of a server, over the loads."""
    base = cluster_simulation(model_of(load().workloads["acme-seren"]), SEREN_DAYS * SECONDS_PER_DAY, 1)
    part = replace(base.partitions[0], idle_w=SERVER_LEAST_W / NODE_GPUS, busy_w=SERVER_FULL_W / NODE_GPUS)
    watts = []
    for trains, others in zip(TRAIN_LOADS, OTHER_LOADS, strict=True):
        classes = tuple(replace(kind, load_frac=trains if kind.kind in TRAINS else others) for kind in base.classes)
        result = simulate(replace(base, partitions=(part,), classes=classes))
        watts.append(result.energy_j / (base.duration_s - base.warm_up_s) / part.nodes_count)
    return Prediction(*watts)


PREDICT: Mapping[str, Callable[[], Prediction]] = {
    "rsc-1024-all": _rsc_all,
    "rsc-16384-nodes": _rsc_nodes,
    "byterobust-dense": lambda: _byterobust_row(90.0, "value"),
    "byterobust-moe": lambda: _byterobust_row(30.0, "high"),
    "airesim-hours": _airesim_hours,
    "airesim-ettr-10": _airesim_kept,
    "hsdp-stall": lambda: _hsdp("stall"),
    "hsdp-replica": lambda: _hsdp("replica"),
    "earth-used": lambda: _earth_row(0),
    "earth-waiting": lambda: _earth_row(1),
    "seren-server": _seren,
}


def validate_fleet() -> Validation:
    """Compare the fleet simulator with published figures.

    Returns
    -------
    Validation
        Groups mttf, ettr, airesim, queues and power. Some seconds; the first run of an installation compiles.
    """
    return validation_of(row_of(figure, PREDICT[figure.id]()) for figure in read_published("fleet"))
