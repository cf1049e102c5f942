"""Whatever stops a job is counted and logged under its cause; a failure of software may take one replica alone."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from test_fleet_running import DAY_S, HOUR_S, NODES, PER_NODE_DAY, REPLICA, STALL_S, SWAP_S
from test_fleet_simulator import jobs_of

from gigawatt.engines.fleet import simulate
from gigawatt.engines.fleet.results import OTHER_CAUSES, FleetResult
from gigawatt.engines.fleet.simulation import (
    Component,
    Hazards,
    JobClass,
    Maintenance,
    Partition,
    Pool,
    PowerLimit,
    Rules,
    Simulation,
)

DAYS = 6.0
COMPONENTS = (
    Component("gpu", 0.1, hidden_frac=0.3, detection_s=900.0, automatic_frac=0.5),
    Component("switch", 0.02, scope="rack", repair_s=HOUR_S),
)


def troubled(mode: str, response: str, warm_up_s: float = 0.0) -> Simulation:
    """A fleet in which whatever may stop a job does: failures, upkeep, priorities, moves, power, retirement."""
    draw = np.random.default_rng(3)
    gpus = draw.choice([1, 3, 8, 12, 32, 96, 128], 240)
    jobs = jobs_of(np.sort(draw.uniform(0.0, DAYS * DAY_S, 240)), draw.lognormal(9.5, 1.2, 240), gpus, gpus < 12)
    kinds = tuple(
        JobClass(
            f"{place}", mode=mode, priority=1 - place, checkpoint_interval_s=900.0, checkpoint_write_s=60.0,
            job_failures_per_day=0.2, software_failures_per_node_day=0.05, confined_software_frac=0.5,
            replica_nodes_count=2, least_frac=0.5, preemptible_after_s=1800.0, grace_s=120.0,
        )
        for place in range(2)
    )  # fmt: skip
    parts = (
        Partition("a", "north", 32, pod_nodes_count=8, rack_nodes_count=4, idle_w=200.0, busy_w=1200.0),
        Partition("b", "south", 24, node_gpus_count=4, pod_nodes_count=12, rack_nodes_count=6, idle_w=200.0,
                  busy_w=1200.0, online_s=(0.0, DAY_S, 3 * DAY_S), online_nodes=(12, 24, 18)),
    )  # fmt: skip
    limits = (PowerLimit("north", DAY_S, 180e3), PowerLimit("north", 4 * DAY_S, math.inf))
    return Simulation(
        parts, kinds, jobs, Hazards(COMPONENTS), DAYS * DAY_S,
        Rules("gang-topology", preemption=True, defragmentation=True, spare_frac=0.04, power_response=response),
        Maintenance(2 * DAY_S, HOUR_S, 1800.0, 1, 0.5), (Pool("assistant", 1, 0, (0, 16, 40)),), limits,
        warm_up_s=warm_up_s,
    )  # fmt: skip


def logged(result: FleetResult) -> list[int]:
    """Count the stops of the log by cause, those in the warm-up left out."""
    return np.bincount(result.stop_cause_S[result.warm_stops_count :], minlength=result.stops_B.size).tolist()


@pytest.fixture(scope="module")
def runs() -> list[FleetResult]:
    """Runs that check their state as they go."""
    cases = [("stall", "throttle"), ("replica", "preempt"), ("elastic", "preempt")]
    return [simulate(troubled(*case), check=True) for case in cases]


def test_every_cause_that_there_is_stops_some_job(runs):
    found = np.sum([result.stops_B for result in runs], axis=0)
    assert found.size == len(COMPONENTS) + len(OTHER_CAUSES)
    assert (found > 0).all(), dict(zip(OTHER_CAUSES, found[len(COMPONENTS) :].tolist(), strict=True))


def test_the_log_of_stops_and_the_counts_agree_by_cause_and_by_job(runs):
    for result in runs:
        assert logged(result) == result.stops_B.tolist()
        assert (np.diff(result.stop_s_S) >= 0.0).all()
        failures = (result.stop_cause_S <= len(COMPONENTS)) & (result.stop_job_S >= 0)
        by_job = np.bincount(result.stop_job_S[failures], minlength=result.interruptions_N.size)
        assert by_job.tolist() == result.interruptions_N.tolist()
        of_nodes = result.stop_cause_S < len(COMPONENTS)
        assert ((result.stop_node_S >= 0) == of_nodes).all()
        start_s = result.start_s_N[result.stop_job_S[result.stop_job_S >= 0]]
        assert (result.stop_s_S[result.stop_job_S >= 0] >= start_s).all()  # nobody is stopped who has not begun
        of_components = np.bincount(result.failure_component_F, minlength=len(COMPONENTS))
        assert of_components.tolist() == result.failures_B.tolist()


def test_a_warm_up_is_left_out_of_the_counts_and_stays_in_the_log():
    whole, warm = simulate(troubled("stall", "preempt")), simulate(troubled("stall", "preempt", 2 * DAY_S), check=True)
    assert 0 < warm.warm_stops_count < warm.stop_s_S.size
    assert warm.stop_s_S.tolist() == whole.stop_s_S.tolist()
    assert logged(warm) == warm.stops_B.tolist()
    counted = np.bincount(warm.failure_component_F[warm.warm_failures_count :], minlength=len(COMPONENTS))
    assert counted.tolist() == warm.failures_B.tolist()


def replicas(confined_frac: float, **more) -> Simulation:
    """A job of 16 replicas on healthy nodes whose software fails, by node where nothing else is said."""
    rates = {"software_failures_per_node_day": PER_NODE_DAY} | more
    kind = JobClass(
        "training", mode="replica", checkpoint_interval_s=600.0, checkpoint_write_s=6.0, restart_s=SWAP_S,
        swap_s=SWAP_S, replica_nodes_count=REPLICA, confined_software_frac=confined_frac, **rates,
    )  # fmt: skip
    return Simulation(
        (Partition("a", "site", NODES),), (kind,), jobs_of([0.0], 1e12, NODES * 8), Hazards(()), 30 * DAY_S
    )


def kept(sim: Simulation) -> float:
    """Kept share of the time, over six seeds."""
    return float(np.mean([simulate(replace(sim, seed=seed)).useful_s_N[0] for seed in range(6)])) / sim.duration_s


def test_software_that_never_fails_in_one_replica_stops_the_whole_job():
    sim = replicas(0.0)
    whole = simulate(replace(sim, classes=(replace(sim.classes[0], mode="stall"),)))
    found = simulate(sim)
    assert found.useful_s_N[0] == whole.useful_s_N[0]
    assert found.stop_s_S.tolist() == whole.stop_s_S.tolist()
    assert found.ledger_gpu_s == whole.ledger_gpu_s


def test_software_that_always_fails_in_one_replica_costs_what_a_failing_node_with_a_spare_does():
    rate = NODES * PER_NODE_DAY / DAY_S
    for stall_s in (0.0, STALL_S):
        sim = replicas(1.0, replica_stall_s=stall_s)
        nodes = replace(
            sim,
            partitions=(Partition("a", "site", NODES + 40),),
            classes=(replace(sim.classes[0], software_failures_per_node_day=0.0),),
            hazards=Hazards((Component("n", PER_NODE_DAY, automatic_frac=1.0, automatic_repair_s=HOUR_S),)),
        )
        # software fails only while it runs: no failure starts a stall anew, as those of nodes do
        away = rate / (1.0 + rate * stall_s)
        exact = (1.0 - away * stall_s) * (1.0 - away * (SWAP_S - stall_s) * REPLICA / NODES) * 600.0 / 606.0
        assert kept(sim) == pytest.approx(exact, abs=0.004)
        assert kept(sim) == pytest.approx(kept(nodes), abs=0.006)


def test_the_more_stays_in_one_replica_the_more_is_kept_and_users_errors_stop_the_whole_job():
    shares = [kept(replicas(frac)) for frac in (0.0, 0.5, 1.0)]
    assert shares[0] + 0.02 < shares[1] < shares[2] - 0.02
    none, all_ = (
        simulate(replicas(frac, software_failures_per_node_day=0.0, job_failures_per_day=20.0)) for frac in (0.0, 1.0)
    )
    assert none.useful_s_N[0] == all_.useful_s_N[0] > 0.0
