"""Time of a year of a fleet of 1.3 million accelerators. Run: `pytest benchmarks/bench_fleet.py`, or as a script.

Run as a script it prints, for each load, the seconds of the fastest of three runs and of all three, events a second
and the peak of memory; the first call compiles.
`python benchmarks/bench_fleet.py written` holds policies written as text against the same rules written by hand, on a
cluster of 10,000 accelerators with the jobs of the catalogue's clusters.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from gigawatt.catalogue.store import load
from gigawatt.engines.fleet import Simulation, simulate
from gigawatt.engines.fleet.policies.written import HOOKS, Written
from gigawatt.engines.fleet.simulation import Component, Hazards, JobClass, Jobs, Partition, Rules
from gigawatt.engines.policy import compile_policy
from gigawatt.planning.workload_generator import generate, model_of

DAY_S = 86400.0
NODES, NODE_GPUS, DAYS = 162_500, 8, 365.0
LOAD = 0.85  # of the fleet that the jobs ask for on average
# unexpected stops of the Llama 3 run (arXiv:2407.21783, table 5), by kind, of 419 at 3.79 per 1,000 node-days
KINDS = {"gpu": 148, "hbm": 72, "software": 54, "network": 35, "host": 32, "other": 78}
RATE_PER_NODE_DAY = 3.79e-3
TIMES = (
    3  # runs of each load, of which the fastest counts: the memory of a shared machine is now and then twice as slow
)


def jobs(count: int, seed: int = 1) -> Jobs:
    """Twelve large runs that start anew every 60 days, and many small jobs with a heavy tail of time and size."""
    rng = np.random.default_rng(seed)
    rounds = np.repeat(np.arange(0.0, DAYS, 60.0), 12) * DAY_S
    large_gpus = rng.choice([4, 6, 8, 12, 16], rounds.size) * 1024 * NODE_GPUS
    large_work = np.full(rounds.size, 50.0 * DAY_S)
    small = count - rounds.size
    gpus = np.minimum(2 ** rng.geometric(0.45, small), 2048)
    gpus = np.where(gpus == 2, 1, gpus)
    work = np.clip(rng.lognormal(np.log(900.0), 2.2, small), 30.0, 30.0 * DAY_S)
    large_share = float((large_gpus * large_work).sum()) / (NODES * NODE_GPUS * DAYS * DAY_S)
    wanted = max(LOAD - large_share, 0.1) * NODES * NODE_GPUS * DAYS * DAY_S
    work *= wanted / float((gpus * work).sum())
    submit = rng.uniform(0.0, DAYS * DAY_S, small)
    columns = [
        np.concatenate([rounds, submit]),
        np.concatenate([large_work, work]),
        np.concatenate([large_gpus, gpus]),
        np.concatenate([np.zeros(rounds.size, np.int64), np.ones(small, np.int64)]),
    ]
    order = np.argsort(columns[0], kind="stable")
    zero = np.zeros(count, np.int64)
    submit_s, work_s, gpus_n, class_n = (column[order] for column in columns)
    return Jobs(submit_s, work_s, gpus_n.astype(np.int64), class_n, zero, zero, zero)


def fleet(count: int, policy: str = "fifo") -> Simulation:
    """A fleet of one partition with the failures of the Llama 3 run and a finite crew."""
    total = sum(KINDS.values())
    components = tuple(
        Component(name, RATE_PER_NODE_DAY * share / total, hidden_frac=0.12, detection_s=1800.0, automatic_frac=0.5,
                  hands_on_s=5400.0)
        for name, share in KINDS.items()
    )  # fmt: skip
    return Simulation(
        (Partition("fleet", "site", NODES, NODE_GPUS, idle_w=300.0, busy_w=1400.0, stalled_w=600.0),),
        (
            JobClass("pre-training", checkpoint_write_s=20.0, restart_s=300.0, priority=1),
            JobClass("other", "fine-tuning", checkpoint_write_s=20.0, checkpoint_interval_s=1800.0),
        ),
        jobs(count),
        Hazards(components, lemon_frac=0.01, lemon_factor=10.0, technicians_count=100),
        DAYS * DAY_S,
        Rules(policy, spare_frac=0.01),
    )


@pytest.mark.parametrize("count", [300_000, 1_000_000])
def test_a_year(benchmark, count):
    sim = fleet(count)
    simulate(sim)  # compiles
    result = benchmark.pedantic(simulate, (sim,), rounds=1)
    assert result.residual_frac < 1e-9


def cluster(workload: str, gpus: int = 10_000, load_frac: float = 0.95, count: int = 200_000) -> Simulation:
    """A cluster of one partition with so many jobs as a cluster of the catalogue has them."""
    model = model_of(load().workloads[workload], load_frac, gpus)
    days = 7.0
    while (drawn := generate(model, days * DAY_S)).gpus_N.size < count:
        days *= 2.0
    fits = (drawn.gpus_N <= gpus) & (np.arange(drawn.gpus_N.size) < count)
    days = drawn.submit_s_N[count - 1] / DAY_S
    nodes = gpus // NODE_GPUS
    drawn = Jobs(*(getattr(drawn, name)[fits] for name in drawn.__slots__))
    drawn = replace(drawn, partition_N=np.zeros_like(drawn.partition_N), class_N=np.zeros_like(drawn.class_N))
    return Simulation(
        (Partition("cluster", "site", nodes),),
        (JobClass("job", checkpoint_write_s=20.0, checkpoint_interval_s=1800.0),),
        drawn,
        Hazards((Component("node", RATE_PER_NODE_DAY),)),
        days * DAY_S,
    )


# rule written by hand: the same as text, and one whose score changes while a job waits
WRITTEN = {
    "fifo": "-submit_s",
    "shortest": "-run_time_s",
    "easy-backfill": "priority * 2 ** 32 - submit_s",
    "changing": "wait_s / (600 + run_time_s) + priority - job_gpus / 1000000",
}


def best_of(sim: Simulation, times: int = TIMES) -> tuple[float, int]:
    """Least processor time of a few runs [s], and events."""
    found = []
    for _ in range(times):
        start = time.process_time()
        events = simulate(sim).events_count
        found.append(time.process_time() - start)
    return min(found), events


def compare_written() -> None:
    """Print times by hand and as text."""
    for workload in ("philly", "acme-seren", "helios-saturn"):
        base = cluster(workload)
        print(f"{workload}: {base.jobs.submit_s_N.size} jobs")
        for name, text in WRITTEN.items():
            rule = "easy-backfill" if name == "changing" else name
            by_hand = replace(base, rules=Rules(rule))
            by_text = replace(base, rules=Rules(rule, written=Written(queue=compile_policy(text, HOOKS["queue"]))))
            simulate(by_hand)
            hand_s, events = best_of(by_hand)
            text_s, text_events = best_of(by_text)
            print(
                f"  {name:14} by hand {hand_s:6.3f} s {events:>9} events; as text {text_s:6.3f} s {text_events:>9} "
                f"events; {text_s / hand_s:.2f} times, per event {text_s / text_events / (hand_s / events):.2f}"
            )


def main() -> None:
    """Print the table."""
    if sys.argv[1:] == ["written"]:
        compare_written()
        return
    start = time.perf_counter()
    simulate(fleet(200))
    print(f"first call: {time.perf_counter() - start:.1f} s (compiles where nothing is cached)")
    runs = [(300_000, "fifo"), (1_000_000, "fifo"), (5_000_000, "fifo"), (5_000_000, "easy-backfill")]
    for count, policy in runs[: int(sys.argv[1]) if len(sys.argv) > 1 else None]:
        sim = fleet(count, policy)
        runs_s = []
        for _ in range(TIMES):
            start = time.perf_counter()
            result = simulate(sim)
            runs_s.append(time.perf_counter() - start)
        took = min(runs_s)
        each = ", ".join(f"{run_s:.2f}" for run_s in runs_s)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        shares = {state: value / result.capacity_gpu_s for state, value in result.ledger_gpu_s.items()}
        print(
            f"{count:>9} jobs {policy:14} {took:6.2f} s ({each}) {result.events_count / 1e6:6.2f} M events "
            f"{result.events_count / took / 1e6:5.2f} M/s {len(result.failure_s_F)} failures {memory:.2f} GiB; "
            + " ".join(f"{state} {share:.3f}" for state, share in shares.items() if abs(share) > 5e-4)
        )


if __name__ == "__main__":
    main()
