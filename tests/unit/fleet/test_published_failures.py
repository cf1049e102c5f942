"""The simulator against what operators published of failures: time between them, kept time, recoveries, downtime."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.fleet import simulate
from gigawatt.engines.fleet.simulation import Component, Hazards, JobClass, Jobs, Partition, Simulation

DAY_S = 86400.0
RELIABILITY = load().reliability


def one_size(nodes: int, jobs: int, days: float, hazards: Hazards, kind: JobClass, spares: int = 20) -> Simulation:
    """So many endless jobs of so many nodes of eight each, and spares."""
    one = np.ones(jobs, dtype=np.int64)
    return Simulation(
        (Partition("a", "site", nodes * jobs + spares),),
        (kind,),
        Jobs(np.zeros(jobs), np.full(jobs, 1e12), one * nodes * 8, one - 1, one - 1, one - 1, one - 1),
        hazards,
        days * DAY_S,
    )


def over_seeds(simulation: Simulation, seeds: int) -> list:
    return [simulate(replace(simulation, seed=seed)) for seed in range(seeds)]


def mended_soon(per_node_day: float) -> Hazards:
    """Node failures whose repair is short, so that there is always a spare."""
    return Hazards((Component("node", per_node_day, automatic_frac=1.0, automatic_repair_s=3600.0, repair_sigma=0.0),))


def rsc_hours(gpus: int, jobs: int, days: float) -> tuple[float, float]:
    """Hours between node failures of an RSC-1 job, and between all that stops it."""
    entry = RELIABILITY["meta-rsc1"]
    kind = JobClass(
        "training", restart_s=0.0, swap_s=0.0,
        software_failures_per_node_day=entry.software_failures_per_node_day.value,
    )  # fmt: skip
    found = over_seeds(one_size(gpus // 8, jobs, days, mended_soon(entry.failures_per_node_day.value), kind), 4)
    job_hours = len(found) * jobs * days * 24.0
    by_nodes = sum(run.stops_B[0] for run in found)
    return job_hours / by_nodes, job_hours / sum(run.interruptions_N.sum() for run in found)


@pytest.mark.parametrize(
    ("gpus", "jobs", "days", "by_nodes_h", "by_all_h"),
    [
        (8, 400, 300.0, None, 47.7 * 24.0),  # measured
        (1024, 10, 200.0, 28.8, 7.9),  # node rate times nodes; measured
        (16_384, 1, 60.0, 1.803, None),  # projected from the node rate
        (131_072, 1, 10.0, 0.2254, None),
    ],
)
def test_rsc_jobs_stop_by_their_nodes_and_by_their_software(gpus, jobs, days, by_nodes_h, by_all_h):
    # Kokolis et al., "Revisiting Reliability", HPCA 2025: 6.50 node failures per 1,000 node-days (the projections), and
    # all failures attributed to infrastructure (the measured times): one pair of rates gives all four
    nodes_h, all_h = rsc_hours(gpus, jobs, days)
    if by_nodes_h is not None:
        assert nodes_h == pytest.approx(by_nodes_h, rel=0.05)
    if by_all_h is not None:
        assert all_h == pytest.approx(by_all_h, rel=0.15)
