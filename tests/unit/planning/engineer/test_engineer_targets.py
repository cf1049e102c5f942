"""Targets: each runs its rules by hand; power and routers keep to what is proven; scenarios and requests as slices."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.fleet import simulate
from gigawatt.engines.fleet.policies.written import HOOKS, Written
from gigawatt.engines.fleet.simulation import Jobs, Partition
from gigawatt.engines.policy import compile_policy
from gigawatt.engines.serving.types import Request
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.engineer.bench import bench_of, prepared
from gigawatt.planning.engineer.court import verdict_of
from gigawatt.planning.engineer.evolve import text_of
from gigawatt.planning.engineer.fleet_targets import FLEET_TARGETS, asked_frac
from gigawatt.planning.engineer.judge import judged
from gigawatt.planning.engineer.measures import impossible_count, least_energy_j
from gigawatt.planning.engineer.question import Question
from gigawatt.planning.engineer.request_bench import PREFIXES_COUNT, drawn_requests
from gigawatt.planning.engineer.router_target import ROUTER
from gigawatt.planning.engineer.scenario_bench import _own
from gigawatt.planning.engineer.slices import BEFORE_S, WEEK_S
from gigawatt.planning.engineer.target import OWN, Guard
from gigawatt.planning.engineer.targets import TARGETS, names_by_hand

FLEET = {item.name: item for item in FLEET_TARGETS}
SMALL = {"weeks": 3, "draws": 1}


def powered(bench):
    """Return a slice of a fleet that draws power and is held down in the evenings."""
    first = bench.slices[0]
    parts = tuple(replace(part, idle_w=100.0, busy_w=1000.0, stalled_w=300.0) for part in first.simulation.partitions)
    classes = tuple(replace(item, grace_s=300.0) for item in first.simulation.classes)
    whole = replace(first.simulation, partitions=parts, classes=classes)
    return prepared("power", replace(first, simulation=whole))


@pytest.mark.parametrize("target", FLEET)
def test_every_target_of_the_fleet_runs_its_rules_by_hand_and_its_books(bench, target):
    first = powered(bench) if target == "power" else prepared(target, bench.slices[0])
    other = replace(bench, question=replace(bench.question, target=target), slices=(first,))
    for name in names_by_hand(target):
        found = verdict_of(judged(other, {"rival": name, "slices": [0]}), 1)
        assert not found.rejected, name
        assert found.rows[0].goodput_frac > 0.0
        assert not FLEET[target].alarm(found.rows[0], first), name
    assert "no" in judged(other, {"rival": "nobody", "slices": [0]})["rejected"]


def test_throttling_keeps_to_the_limit_at_once_and_notice_takes_energy_above_it(bench):
    item, power = powered(bench), FLEET["power"]
    free = power.measure(replace(item, simulation=replace(item.simulation, power_limits=())), None, "throttle")
    slow = power.measure(item, None, "throttle")
    asked = power.measure(item, None, "largest")
    assert free.over_frac == 0.0
    assert slow.over_frac < 1e-9  # limits hold at every instant
    assert slow.over_frac < asked.over_frac < 0.01  # five minutes' notice a day, at most
    assert slow.delay_frac > free.delay_frac
    assert asked.lost_frac < slow.lost_frac  # work off the nodes is not slowed


def test_work_without_its_energy_raises_an_alarm(bench):
    item, power = powered(bench), FLEET["power"]
    result = simulate(item.simulation)
    least_j = least_energy_j(result, item.simulation)
    assert 0.0 < least_j < result.energy_j
    row = power.measure(item, None, "throttle")
    assert not power.alarm(row, item)
    dear = tuple(replace(part, busy_w=9e4) for part in item.simulation.partitions)
    assert least_energy_j(result, replace(item.simulation, partitions=dear)) > result.energy_j
    assert "energy" in power.alarm(replace(row, impossible_count=1.0), item)
    assert "less than nothing" in power.alarm(replace(row, delay_frac=-0.1), item)


def test_a_job_that_was_taken_off_holds_nothing_while_others_run(bench):
    # eight accelerators: one job from 0 to 40 s that is off from 10 to 20 s, another one in between
    zero = np.zeros(2, np.int64)
    jobs = Jobs(np.array([0.0, 10.0]), np.array([30.0, 10.0]), zero + 8, zero, zero, zero - 1, zero)
    fleet = replace(bench.slices[0].simulation, jobs=jobs, partitions=(Partition("a", "site", 1),))
    found = SimpleNamespace(
        start_s_N=np.array([0.0, 10.0]), end_s_N=np.array([40.0, 20.0]), wait_s_N=np.array([10.0, 0.0]),
        interruptions_N=zero, energy_j=0.0, ledger_gpu_s_P={"useful": np.zeros(1)},
    )  # fmt: skip
    assert impossible_count(found, fleet) == 0
    found.wait_s_N = np.zeros(2)  # had it stayed, sixteen would be held
    assert impossible_count(found, fleet) == 1


def test_the_fleets_own_policy_is_a_rule_by_hand_and_stays_beside_others(bench):
    item = bench.slices[0]
    own = Written(queue=compile_policy("-job_gpus", HOOKS["queue"]))
    ruled = replace(item, simulation=replace(item.simulation, rules=replace(item.simulation.rules, written=own)))
    scheduler, placement = FLEET["scheduler"], FLEET["placement"]
    assert scheduler.by_hand("fifo", ruled.simulation).rules.written is None
    assert scheduler.measure(ruled, None, OWN) != scheduler.measure(ruled, None, "fifo")
    both = placement.by_program(compile_policy("pod_failures", HOOKS["placement"]), ruled.simulation).rules.written
    assert both.queue is own.queue
    assert both.placement is not None
    named = replace(bench, own=OWN)
    assert named.rivals[-1] == named.usual == OWN
    assert OWN not in bench.rivals
    assert bench.usual == "easy-backfill"


def test_a_guard_follows_from_the_rules_by_hand():
    waits, goodput, over = Guard("w", ratio=1.25, floor=60.0), Guard("g", slack=0.01, more=True), Guard("o", slack=0.1)
    assert waits.limit(10.0, 20.0) == 75.0
    assert waits.breach(150.0, 75.0) == 1.0
    assert waits.breach(70.0, 75.0) == 0.0
    assert goodput.limit(0.8, 0.9) == pytest.approx(0.79)
    assert goodput.breach(0.7, 0.77) == pytest.approx(0.1)
    assert goodput.breach(0.9, 0.77) == 0.0
    assert over.breach(0.3, over.limit(0.0, 5.0)) == pytest.approx(0.2)


@pytest.fixture(scope="module")
def catalogue():
    return load()


@pytest.fixture(scope="module")
def windows(catalogue):
    """Return windows of drawn requests."""
    return bench_of(catalogue, Question(target="router", seed=3, **SMALL))


def test_windows_of_requests_are_apart_and_ask_for_the_load(windows):
    kinds = [item.split for item in windows.slices]
    assert kinds[:3] == ["train", "select", "test"]
    assert kinds.count("elsewhere") == 3
    firsts = {float(item.requests.input_tokens_N[:50].sum()) for item in windows.slices}
    assert len(firsts) == len(kinds) - 1  # other seeds for each; two numbers of replicas meet the same requests
    one = windows.slices[1]
    assert windows.question.serves == "llama-3.1-70b"
    assert 0 < (~one.counts_N).sum() < 0.2 * one.counts_N.size
    again = bench_of(load(), Question(target="router", seed=3, **SMALL), proof=False)
    assert np.array_equal(again.slices[1].requests.arrival_s_N, one.requests.arrival_s_N)
    assert len(again.slices) == 2


@pytest.mark.parametrize("rule", names_by_hand("router"))
def test_no_router_by_hand_undercuts_the_proven_bound(windows, rule):
    item = windows.slices[0]
    row = ROUTER.measure(item, None, rule)
    assert not ROUTER.alarm(row, item)
    assert row.mean_ttft_s > ROUTER.least(item) > 0.0
    assert row.rejected_frac == 0.0
    assert "before their prompts" in ROUTER.alarm(replace(row, impossible_count=2.0), item)
    assert "is the least" in ROUTER.alarm(replace(row, mean_ttft_s=0.5 * ROUTER.least(item)), item)


def test_a_router_as_text_is_the_rule_of_the_simulator(windows):
    request = {"text": ROUTER.seeds[2], "slices": [0]}
    written = verdict_of(judged(windows, request), 1, ROUTER.measures)
    by_name = verdict_of(judged(windows, {"rival": "prefix-aware", "slices": [0]}), 1, ROUTER.measures)
    assert written.rows == by_name.rows
    loaded = verdict_of(judged(windows, {"rival": "round-robin", "slices": [0]}), 1, ROUTER.measures)
    assert by_name.rows[0].hit_frac > loaded.rows[0].hit_frac
    assert by_name.rows[0].mean_ttft_s < loaded.rows[0].mean_ttft_s


def test_drawn_requests_share_prefixes_as_much_as_is_said():
    made = drawn_requests(Request(1000.0, 200.0, 0.5), [1])
    shared = np.diff(made.first_block_N) * made.block_tokens
    assert shared.sum() / made.input_tokens_N.sum() == pytest.approx(0.5, abs=0.05)
    assert (shared <= made.input_tokens_N).all()
    assert len(np.unique(made.block_ids[made.first_block_N[:-1][shared > 0]])) <= PREFIXES_COUNT
    assert not drawn_requests(Request(1000.0, 200.0), [1]).block_ids.size


@pytest.mark.parametrize(("gpus", "words"), [(1, "2 to 64"), (10_000, "2 to 64")])
def test_a_router_has_some_replicas(catalogue, gpus, words):
    with pytest.raises(InputError, match=words):
        bench_of(catalogue, Question(target="router", gpus=gpus, **SMALL))


def test_a_router_file_is_read_as_serve_reads_it(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def router(unread_tokens):\n    return -unread_tokens\n")
    assert "unread_tokens" in text_of(path, "router")
    path.write_text("-run_time_s")
    with pytest.raises(InputError, match="run_time_s"):
        text_of(path, "router")


@pytest.fixture(scope="module")
def planned(catalogue):
    """Return slices of a scenario."""
    asked = Question(scenario="neocloud-20mw", seed=1, months="2027-01..2027-03", **SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gigawatt.planning.engineer.scenario_bench._elsewhere", lambda *_: [])
        return bench_of(catalogue, asked)


def test_slices_of_a_scenario_have_its_fleet_and_jobs_of_other_seeds(planned):
    assert [item.split for item in planned.slices] == ["train", "select", "test"]
    for item in planned.slices:
        (part,) = item.simulation.partitions
        assert part.name == "generic-us-20mw/gb200-nvl72"
        assert part.nodes_count * part.node_gpus_count > 7000
        assert item.simulation.hazards.components
        assert item.simulation.pools
        assert item.simulation.jobs.submit_s_N.max() < BEFORE_S + WEEK_S < item.simulation.duration_s
        assert item.least_wait_s >= 0.0
        assert 0.0 < asked_frac(item.simulation) <= 1.0
    assert len({item.simulation.seed for item in planned.slices}) == 3
    assert len({float(item.simulation.jobs.work_s_N[:50].sum()) for item in planned.slices}) == 3
    assert "2027-01" in planned.notes[-1]
    first = planned.slices[0]
    assert not first.simulation.power_limits
    assert len(prepared("power", first).simulation.power_limits) == 24  # down and up again, twelve evenings
    assert planned.key != replace(planned, stamp="").key  # a scenario's content counts, not its name alone


@pytest.mark.parametrize(
    ("target", "changed", "own"),
    [
        ("scheduler", {}, "easy-backfill"),
        ("scheduler", {"policy": "fair-share"}, "fair-share"),
        ("scheduler", {"written": Written(queue=compile_policy("-job_gpus", HOOKS["queue"]))}, OWN),
        ("placement", {"placement": "spread"}, "spread"),
        ("power", {"power_response": "preempt"}, "newest-first"),
        ("victim", {}, ""),
        ("checkpoint", {}, ""),
    ],
)
def test_what_a_scenarios_fleet_is_run_by_counts_as_usual(planned, target, changed, own):
    simulation = planned.slices[0].simulation
    ruled = replace(simulation, rules=replace(simulation.rules, **changed))
    assert _own(Question(target=target), ruled) == own


def test_an_interval_of_the_scenarios_own_is_a_rule_to_beat(planned):
    simulation = planned.slices[0].simulation
    classes = tuple(replace(item, checkpoint_interval_s=900.0) for item in simulation.classes)
    assert _own(Question(target="checkpoint"), replace(simulation, classes=classes)) == OWN


def test_a_scenario_is_simulated_as_its_fleet_is(planned):
    item = planned.slices[0]
    row = TARGETS["scheduler"].measure(item, None, "fifo")
    assert not TARGETS["scheduler"].alarm(row, item)
    assert 0.3 < row.goodput_frac < 1.0


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"scenario": "neocloud-20mw", "gpus": 100}, InputError, "gpus is the scenario's"),
        ({"scenario": "neocloud-20mw", "accelerator": "b200"}, InputError, "accelerator is the scenario's"),
        ({"months": "2027-01"}, InputError, "months are a scenario's"),
        ({"target": "router", "workload": "philly"}, InputError, "of jobs"),
        ({"serves": "llama-3.1-70b"}, InputError, "a router's"),
        ({"scenario": "neocloud-20mw", "months": "2027-01..2027-02"}, InfeasibleError, "at least 3"),
    ],
)  # fmt: skip
def test_what_a_scenario_says_is_not_said_again(catalogue, asked, error, words):
    with pytest.raises(error, match=words):
        bench_of(catalogue, Question(**SMALL, **asked))
