"""Policies written as text against the hand-written ones, and what a run says of them."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from test_fleet_simulator import DAY_S, busy_fleet, conserved, jobs_of

from gigawatt.engines.fleet import simulate
from gigawatt.engines.fleet.policies.written import HOOKS, Written, is_fixed
from gigawatt.engines.fleet.results import FleetResult
from gigawatt.engines.fleet.simulation import Component, Hazards, JobClass, Partition, PowerLimit, Rules, Simulation
from gigawatt.engines.policy import Program, compile_policy
from gigawatt.errors import InputError


def program(hook: str, text: str) -> Program:
    return compile_policy(text, HOOKS[hook])


def written(**texts: str) -> Written:
    return Written(**{hook: program(hook, text) for hook, text in texts.items()})


def same(a: FleetResult, b: FleetResult) -> bool:
    """Whether two runs agree to the bit."""
    pairs = [
        (getattr(a, field.name), getattr(b, field.name)) for field in fields(a) if not field.name.startswith("written")
    ]
    return all(str(one) == str(two) if isinstance(one, dict) else np.array_equal(one, two, True) for one, two in pairs)


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("fifo", "-submit_s"),
        ("shortest", "-run_time_s"),
        ("smallest", "-job_gpus"),
        ("priority", "priority * 2 ** 32 - submit_s"),
        ("easy-backfill", "priority * 2 ** 32 - submit_s"),
    ],
)
def test_a_hand_written_order_as_text_gives_the_same_run(policy, text):
    by_hand = busy_fleet(1, Rules(policy, preemption=True, estimate_factor=1.7))
    by_text = replace(by_hand, rules=replace(by_hand.rules, written=written(queue=text)))
    result = simulate(by_text)
    assert same(simulate(by_hand), result)
    assert result.written_calls["queue"] >= len(by_hand.jobs.submit_s_N)
    assert result.written_faults == {"queue": 0}


TIGHTEST = "(-pod_free_nodes if pod_free_nodes >= left_nodes else pod_free_nodes - 10 ** 6)"
EMPTIEST = f"pod_free_nodes if pod_free_nodes >= left_nodes and left_nodes * 8 == job_gpus else {TIGHTEST}"


@pytest.mark.parametrize(("placement", "text"), [("best-fit", TIGHTEST), ("spread", EMPTIEST)])
def test_a_hand_written_placement_as_text_gives_the_same_run(placement, text):
    draw = np.random.default_rng(4)
    count = 500
    submit_s = np.sort(draw.uniform(0.0, 10 * DAY_S, count))
    sim = Simulation(
        (Partition("a", "site", 200, pod_nodes_count=16),),
        (JobClass("training", checkpoint_write_s=10.0, spread_slowdown_frac=0.05),),
        jobs_of(submit_s, draw.lognormal(9.0, 1.0, count), draw.choice([16, 64, 256], count)),
        Hazards((Component("node", 0.02),)),
        12 * DAY_S,
        Rules("easy-backfill", placement),
    )  # fmt: skip
    by_text = replace(sim, rules=replace(sim.rules, written=written(placement=text)))
    assert same(simulate(sim), simulate(by_text))
    tight = simulate(replace(sim, rules=replace(sim.rules, written=written(placement="pod_failures"))))
    assert not same(simulate(sim), tight)


def test_hand_written_victims_and_intervals_as_text_give_the_same_run():
    by_hand = busy_fleet(3, Rules("priority", preemption=True))
    by_hand = replace(by_hand, classes=tuple(replace(kind, checkpoint_interval_s=0.0) for kind in by_hand.classes))
    texts = {"victim": "-priority * 2 ** 32 - running_s", "checkpoint": "best_interval_s"}
    result = simulate(replace(by_hand, rules=replace(by_hand.rules, written=written(**texts))))
    assert min(result.written_calls.values()) > 0
    assert same(simulate(by_hand), result)


def test_every_hook_keeps_the_books_whatever_it_says():
    texts = {
        "queue": "wait_s / (1 + run_time_s) + free_gpus / online_gpus - tenant_used_gpu_s / 1e9",
        "placement": "-pod_failures - pod_free_nodes / pod_nodes + busy_w / headroom_w",
        "victim": "-unsaved_s * held_gpus",
        "checkpoint": "600 + 0 * mttf_s",
        "power": "job_w / (1 + priority) - left_s",
    }
    rules = Rules("easy-backfill", preemption=True, power_response="preempt", written=written(**texts))
    limits = (PowerLimit("north", 2 * DAY_S, 200e3), PowerLimit("north", 9 * DAY_S, float("inf")))
    sim = busy_fleet(2, rules, power_limits=limits)
    conserved(sim)
    assert min(simulate(sim).written_calls.values()) > 0


def test_a_score_that_grows_while_waiting_lets_the_job_that_waited_relatively_longest_go_first():
    """One node; a long job came first, a short one later: by wait over running time the short one overtakes."""
    sim = Simulation(
        (Partition("a", "site", 1),),
        (JobClass("any"),),
        jobs_of([0.0, 10.0, 1000.0], [20000.0, 15000.0, 1000.0], 8),
        Hazards(()),
        DAY_S,
        Rules("fifo", written=written(queue="wait_s / run_time_s")),
    )
    assert not is_fixed(sim.rules.written.queue)
    assert simulate(sim).start_s_N.tolist() == [0.0, 21000.0, 20000.0]
    late = replace(sim, jobs=jobs_of([0.0, 10.0, 19900.0], [20000.0, 15000.0, 1000.0], 8))
    assert simulate(late).start_s_N.tolist() == [0.0, 20000.0, 35000.0]


def test_long_queues_are_put_in_the_order_of_their_scores():
    """Two thousand jobs behind one that blocks, scored by their wait: the order turns out first come, first served."""
    count = 2000
    draw = np.random.default_rng(9)
    sim = Simulation(
        (Partition("a", "site", 1),),
        (JobClass("any"),),
        jobs_of(np.arange(count) * 50.0, draw.uniform(20.0, 200.0, count), 8),
        Hazards(()),
        40 * DAY_S,
        Rules("fifo", backfill_depth_count=8, written=written(queue="wait_s")),
    )
    start_s = simulate(sim).start_s_N
    assert np.isfinite(start_s).all()
    assert (np.diff(start_s) > 0.0).mean() > 0.95
    assert same(simulate(sim), simulate(sim))


def test_operations_without_a_value_are_counted():
    sim = busy_fleet(1, Rules("fifo", written=written(queue="1 / (stops_count - stops_count + 0 * priority)")))
    result = simulate(sim)
    assert result.written_faults["queue"] == result.written_calls["queue"] > 0


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (Rules(written=Written(queue=program("placement", "pod_nodes"))), "another table"),
        (Rules(written=Written(power=program("power", "job_w"))), "power_response"),
        (Rules(written=Written(victim=program("victim", "job_w"))), "preemption"),
    ],
)
def test_programs_that_cannot_be_asked_are_refused(rules, words):
    with pytest.raises(InputError, match=words):
        simulate(busy_fleet(1, rules))
