"""How a fleet is run: waiting, placement, moving jobs, limits of power, replicas; and the balances under all of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.fleet import simulate
from gigawatt.engines.fleet.placement import PLACEMENTS
from gigawatt.engines.fleet.policies import POLICIES
from gigawatt.engines.fleet.results import JOB_ENDS
from gigawatt.engines.fleet.simulation import (
    CheckpointTier,
    Component,
    Hazards,
    JobClass,
    Jobs,
    Maintenance,
    Partition,
    Pool,
    PowerLimit,
    Rules,
    Simulation,
)
from gigawatt.errors import InputError

DAY_S = 86400.0
HOUR_S = 3600.0


def jobs_of(submit_s, work_s, gpus, classes=0, tenants=0) -> Jobs:
    count = len(submit_s)

    def column(value, kind=np.int64) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, dtype=kind), (count,)).copy()

    none = column(0)
    return Jobs(
        np.asarray(submit_s, dtype=float), column(work_s, float), column(gpus), column(classes), column(tenants),
        none - 1, none,
    )  # fmt: skip


def mixed(seed: int, count: int = 600, days: float = 10.0) -> Jobs:
    """Jobs from one accelerator to three pods, about as many as a fleet of 128 nodes can serve."""
    draw = np.random.default_rng(seed)
    gpus = draw.choice([1, 2, 4, 8, 32, 128, 256, 768], count, p=[0.3, 0.1, 0.1, 0.15, 0.15, 0.1, 0.07, 0.03])
    work_s = draw.lognormal(9.0, 1.2, count)
    work_s *= 0.75 * 1024 * days * DAY_S / (work_s @ gpus)
    return jobs_of(np.sort(draw.uniform(0.0, days * DAY_S, count)), np.minimum(work_s, 4 * DAY_S), gpus, gpus < 8)


def fleet(jobs: Jobs, rules: Rules, **more) -> Simulation:
    """128 nodes in 8 pods; jobs that span more pods than they must run slower."""
    kind = JobClass("large", spread_slowdown_frac=0.1, checkpoint_interval_s=math.inf, preemptible_after_s=0.0)
    part = Partition("a", "site", 128, pod_nodes_count=16, idle_w=200.0, busy_w=1200.0, stalled_w=400.0)
    base = Simulation((part,), (kind, replace(kind, name="small")), jobs, Hazards(()), 20 * DAY_S, rules)
    return replace(base, **more)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_placement_by_topology_spreads_jobs_over_fewer_pods(seed):
    # what a spread job loses is booked as slow
    slow = {
        rules: simulate(fleet(mixed(seed), Rules(*rules))).ledger_gpu_s["slow"]
        for rules in (("easy-backfill", "best-fit"), ("easy-backfill", "spread"), ("gang-topology", "best-fit"))
    }
    assert slow["easy-backfill", "best-fit"] < slow["easy-backfill", "spread"]
    assert slow["gang-topology", "best-fit"] < 0.8 * slow["easy-backfill", "best-fit"]


def mean_waits(servers: int, load: float, count: int, seeds: int, service) -> np.ndarray:
    """Mean waits over mean service, one for each seed, of jobs of a node each on so many nodes."""
    found = []
    for seed in range(seeds):
        draw = np.random.default_rng(seed)
        submit_s = 1000.0 * np.cumsum(draw.exponential(1.0 / (servers * load), count))
        sim = Simulation(
            (Partition("a", "site", servers, pod_nodes_count=servers),),
            (JobClass("job", checkpoint_interval_s=math.inf),),
            jobs_of(submit_s, 1000.0 * service(draw, count), 8),
            Hazards(()),
            float(submit_s[-1]) + 1e7,
        )
        found.append(simulate(sim).wait_s_N.mean() / 1000.0)
    return np.array(found)


def test_waiting_at_a_hundred_nodes_is_erlangs():
    offered = 90.0
    below = sum(math.exp(k * math.log(offered) - math.lgamma(k + 1)) for k in range(100))
    top = math.exp(100 * math.log(offered) - math.lgamma(101)) / 0.1
    exact = top / (below + top) / (100 - offered)
    assert mean_waits(100, 0.9, 250_000, 10, lambda draw, n: draw.exponential(1.0, n)).mean() == pytest.approx(
        exact, rel=0.02
    )


@pytest.mark.parametrize("shape", [0.5, 2.0])
def test_waiting_of_one_server_follows_the_spread_of_service(shape):
    # Pollaczek and Khinchine: W = rho s (1 + cv2) / (2 (1 - rho)), gamma service of cv2 = 1 / shape
    waits = mean_waits(1, 0.7, 60_000, 12, lambda draw, n: draw.gamma(shape, 1.0 / shape, n))
    exact = 0.7 * (1.0 + 1.0 / shape) / (2.0 * 0.3)
    assert waits.mean() == pytest.approx(exact, abs=3.0 * waits.std() / math.sqrt(len(waits) - 1))
    assert waits.mean() == pytest.approx(exact, rel=0.04)


MOVABLE = JobClass("job", checkpoint_interval_s=HOUR_S, preemptible_after_s=0.0, restart_s=60.0)


@pytest.mark.parametrize(
    ("policy", "placement", "pod", "rack"),
    [("gang-topology", "best-fit", 4, 1), ("easy-backfill", "rack-aligned", 8, 4)],
)
def test_a_job_is_moved_where_another_needs_its_pod_or_rack(policy, placement, pod, rack):
    # four jobs of two nodes fill two pods, or racks; when the second and third end, a job of four finds half of each
    hours = np.array([50.0, 1.0, 1.0, 50.0, 1.0])
    jobs = jobs_of([0.0, 1.0, 2.0, 3.0, 2 * HOUR_S], hours * HOUR_S, [16, 16, 16, 16, 32])
    part = Partition("a", "site", 8, pod_nodes_count=pod, rack_nodes_count=rack)

    def run(on: bool):
        rules = Rules(policy, placement, defragmentation=on)
        return simulate(Simulation((part,), (MOVABLE,), jobs, Hazards(()), 200 * HOUR_S, rules), check=True)

    stay, move = run(False), run(True)
    assert stay.start_s_N[4] >= 50 * HOUR_S
    assert move.start_s_N[4] == pytest.approx(2 * HOUR_S, abs=120.0)
    # one was moved: it lost a restart and no work
    assert np.sort(move.end_s_N - stay.end_s_N)[-1] == pytest.approx(60.0, abs=2.0)
    assert move.interruptions_N.sum() == 0
    assert move.ledger_gpu_s["rework"] == 0.0


def test_small_jobs_are_gathered_where_whole_nodes_are_lacking():
    # eight nodes full of jobs of one accelerator, all but one a node short: then a job of six nodes
    hours = np.where(np.arange(64) % 8 == 0, 50.0, 1.0)
    jobs = jobs_of([*np.arange(64.0), 2 * HOUR_S], [*(hours * HOUR_S), HOUR_S], [1] * 64 + [48])

    def start_s(on: bool) -> float:
        rules = Rules("easy-backfill", defragmentation=on)
        base = Simulation((Partition("a", "site", 8),), (MOVABLE,), jobs, Hazards(()), 200 * HOUR_S, rules)
        return float(simulate(base, check=True).start_s_N[64])

    assert start_s(False) >= 50 * HOUR_S
    assert start_s(True) == pytest.approx(2 * HOUR_S, abs=120.0)


def capped(response: str, policy: str = "easy-backfill", limit_w: float = 500e3, **more) -> Simulation:
    """A busy fleet whose site may draw 500 kW of 1.2 MW from the third day to the fifth."""
    limits = (PowerLimit("site", 2 * DAY_S, limit_w), PowerLimit("site", 5 * DAY_S, math.inf))
    base = fleet(mixed(5), Rules(policy, power_response=response), power_limits=limits)
    kinds = tuple(replace(kind, checkpoint_interval_s=HOUR_S, grace_s=300.0) for kind in base.classes)
    return replace(base, classes=kinds, **more)


@pytest.mark.parametrize("response", ["throttle", "preempt"])
def test_a_limit_of_power_holds_once_the_fleet_has_answered(response):
    free = simulate(capped(response, limit_w=math.inf))
    held = simulate(capped(response), check=True)
    days = held.power_w_PH[0]
    assert free.power_w_PH[0][2 * 24 + 1 : 5 * 24].max() > 600e3  # it would have drawn more
    assert days[2 * 24 + 1 : 5 * 24].max() <= 500e3 * (1 + 1e-9)  # within the hour
    assert days[5 * 24 :].max() > 600e3  # and it draws again what it needs
    assert held.energy_j == pytest.approx(days.sum() * HOUR_S, rel=1e-9)
    assert sum(held.ledger_gpu_s.values()) == pytest.approx(held.capacity_gpu_s, rel=1e-9)
    done = held.state_N == JOB_ENDS.index("completed")
    assert done.sum() > 500
    assert held.useful_s_N[done] == pytest.approx(capped(response).jobs.work_s_N[done], rel=1e-9)
    # throttled jobs run slower, preempted ones restart
    state = "slow" if response == "throttle" else "restart"
    assert held.ledger_gpu_s[state] > 1.05 * free.ledger_gpu_s[state]


def test_a_limit_from_the_start_is_never_exceeded_not_for_an_instant():
    for response, policy in (("throttle", "easy-backfill"), ("preempt", "easy-backfill"), ("throttle", "energy-aware")):
        sim = capped(response, policy, hazards=Hazards((Component("n", 0.05, repair_s=HOUR_S),)))
        result = simulate(replace(sim, power_limits=(PowerLimit("site", 0.0, 500e3),)))
        assert result.power_max_w <= 500e3 * (1 + 1e-9)
        assert result.power_max_w > 400e3


REPLICA, STALL_S, SWAP_S, PER_NODE_DAY, NODES = 64, 60.0, 600.0, 0.02, 1024


def replicas(stall_s: float, mode: str = "replica") -> float:
    """Kept share of the time of a job of 16 replicas, over six seeds."""
    kind = JobClass(
        "training", mode=mode, checkpoint_interval_s=600.0, checkpoint_write_s=6.0, restart_s=SWAP_S, swap_s=SWAP_S,
        replica_nodes_count=REPLICA, replica_stall_s=stall_s,
    )  # fmt: skip
    base = Simulation(
        (Partition("a", "site", NODES + 40),), (kind,), jobs_of([0.0], 1e12, NODES * 8),
        Hazards((Component("n", PER_NODE_DAY, automatic_frac=1.0, automatic_repair_s=HOUR_S),)), 30 * DAY_S,
    )  # fmt: skip
    return float(np.mean([simulate(replace(base, seed=seed)).useful_s_N[0] for seed in range(6)])) / (30 * DAY_S)


def test_replicas_keep_what_the_closed_form_says():
    # Failures come at rate n r. Nobody stands for exp(-n r S) of the time (a failure in a stall starts it anew); a
    # failed replica is away for R - S more, so that n r (R - S) of them are lacking on average; writes take w / (t + w)
    rate = NODES * PER_NODE_DAY / DAY_S
    for stall_s in (0.0, STALL_S):
        away = rate * (SWAP_S - stall_s) * REPLICA / NODES
        exact = math.exp(-rate * stall_s) * (1.0 - away) * 600.0 / 606.0
        assert replicas(stall_s) == pytest.approx(exact, abs=0.004)
    assert replicas(STALL_S) > replicas(0.0, "stall") + 0.1


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    policy=st.sampled_from(sorted(name for name in POLICIES if name != "written")),
    placement=st.sampled_from(sorted(PLACEMENTS)),
    modes=st.lists(st.sampled_from(["stall", "replica", "elastic"]), min_size=2, max_size=2),
    response=st.sampled_from(["throttle", "preempt"]),
    flags=st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_every_balance_holds_whatever_the_rules(seed, policy, placement, modes, response, flags):
    # accelerator-seconds sum to capacity, energy is the integral of power, no node is in two jobs, no job is lost, work
    # done is work asked (the run itself checks its state every 64 events)
    preempts, moves, quotas, limits, calendar = flags
    rules = Rules(
        policy, placement, (160, 320) if quotas else (), preemption=preempts, defragmentation=moves, spare_frac=0.04,
        power_response=response,
    )  # fmt: skip
    draw = np.random.default_rng(seed)
    count = 120
    gpus = draw.choice([1, 3, 8, 12, 32, 96, 128], count)
    jobs = jobs_of(
        np.sort(draw.uniform(0.0, 3 * DAY_S, count)), draw.lognormal(8.5, 1.5, count), gpus, gpus < 12,
        draw.integers(0, 2, count),
    )  # fmt: skip
    kinds = [
        JobClass(f"{place}", mode=mode, priority=1 - place, checkpoint_interval_s=900.0, checkpoint_write_s=9.0,
                 tiers=(CheckpointTier(4, 0.3, 2.0, 50.0), CheckpointTier(12, 0.1)), restart_sigma=0.5,
                 job_failures_per_day=0.2, software_failures_per_node_day=0.05, replica_nodes_count=2,
                 replica_stall_s=30.0 * place, least_frac=0.5, preemptible_after_s=1800.0, grace_s=120.0 * place,
                 spread_slowdown_frac=0.05)
        for place, mode in enumerate(modes)
    ]  # fmt: skip
    hazards = Hazards(
        (
            Component("gpu", 0.1, hidden_frac=0.3, detection_s=900.0, automatic_frac=0.5, hands_on_s=1800.0),
            Component("work", 0.1, under_load=True, worn_s=10 * DAY_S, repair_s=HOUR_S),
            Component("switch", 0.02, scope="rack", infant_factor=3.0, infant_s=DAY_S, repair_s=HOUR_S),
            Component("corruption", 0.02, hidden_frac=1.0, detection_s=HOUR_S, rollback_s=2 * HOUR_S),
        ),
        lemon_frac=0.1, lemon_factor=10.0, lemon_removed_after_count=3, technicians_count=2, straggler_frac=0.1,
        straggler_speed_frac=0.8,
    )  # fmt: skip
    parts = (
        Partition("a", "north", 32, pod_nodes_count=8, rack_nodes_count=4, idle_w=200.0, busy_w=1200.0,
                  stalled_w=400.0),
        Partition("b", "south", 24, node_gpus_count=4, pod_nodes_count=12, rack_nodes_count=6, idle_w=300.0,
                  busy_w=1500.0, stalled_w=500.0, online_s=(0.0, DAY_S, 3 * DAY_S), online_nodes=(12, 24, 18)),
    )  # fmt: skip
    sim = Simulation(
        parts, tuple(kinds), jobs, hazards, 4.3 * DAY_S, rules,
        Maintenance(2 * DAY_S, HOUR_S, 1800.0, 1, 0.2) if calendar else Maintenance(),
        (Pool("assistant", 1, 0, (0, 16, 40)),) if calendar else (),
        (PowerLimit("north", DAY_S, 150e3), PowerLimit("north", 2 * DAY_S, math.inf)) if limits else (),
        seed=seed,
    )  # fmt: skip
    result = simulate(sim, check=True)
    assert result.residual_frac < 1e-9
    assert sum(result.ledger_gpu_s.values()) == pytest.approx(result.capacity_gpu_s, rel=1e-9)
    assert min(result.ledger_gpu_s.values()) >= -1e-3
    hours = np.full(len(result.busy_gpus_H), HOUR_S)
    hours[-1] = sim.duration_s - HOUR_S * (len(hours) - 1)
    assert result.energy_j == pytest.approx(float((result.power_w_PH * hours).sum()), rel=1e-9)
    done = result.state_N == JOB_ENDS.index("completed")
    assert result.useful_s_N[done] == pytest.approx(jobs.work_s_N[done], rel=1e-9, abs=1e-3)
    assert np.isin(result.state_N, range(len(JOB_ENDS))).all()


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("submit_s_N", [2.0, 1.0, 3.0], "submission"),  # unsorted
        ("submit_s_N", [-1.0, 1.0, 3.0], "submission"),
        ("submit_s_N", [0.0, math.nan, 3.0], "submission"),
        ("work_s_N", [1.0, math.inf, 1.0], "finite"),
        ("work_s_N", [1.0, -1.0, 1.0], "finite"),
        ("gpus_N", [8, 0, 8], "accelerators"),
        ("class_N", [0, 7, 0], "classes"),
        ("partition_N", [0, 9, 0], "partitions"),
        ("tenant_N", [0, -3, 0], "tenants"),
        ("end_N", [0, 5, 0], "ends"),
        ("gpus_N", [8, 8], "differ in length"),  # truncated
    ],
)
def test_jobs_that_make_no_sense_are_refused_by_what_is_wrong(column, values, words):
    jobs = jobs_of([0.0, 1.0, 2.0], 10.0, 8)
    kind = getattr(jobs, column).dtype
    with pytest.raises(InputError, match=words):
        simulate(fleet(replace(jobs, **{column: np.array(values, dtype=kind)}), Rules()))


def test_a_job_larger_than_the_fleet_is_rejected_and_the_rest_goes_on():
    result = simulate(fleet(jobs_of([0.0, 1.0, 2.0], 100.0, [8, 10**12, 1024]), Rules()), check=True)
    ends = [JOB_ENDS[state] for state in result.state_N]
    assert ends == ["completed", "rejected", "completed"]
