"""Queues longer than what backfilling looks at, and replicas whose failures show late."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gigawatt.engines.fleet import Simulation, simulate
from gigawatt.engines.fleet.simulation import Component, Hazards, JobClass, Jobs, Partition, Rules

DAY_S = 86400.0


def test_a_job_far_behind_in_its_queue_is_not_started_in_another_ones_place():
    # 3,000 jobs within a minute on 4 nodes: most wait behind the window that is looked at
    draw = np.random.default_rng(4)
    count = 3000
    zero = np.zeros(count, np.int64)
    gpus = draw.choice([1, 2, 4, 16, 32], count, p=[0.6, 0.2, 0.1, 0.07, 0.03])
    submit_s = np.sort(draw.uniform(0.0, 20_000.0, count))
    jobs = Jobs(submit_s, draw.lognormal(5.0, 1.0, count), gpus, zero, zero, zero - 1, zero)
    result = simulate(
        Simulation(
            (Partition("a", "site", 8),),
            (JobClass("job", checkpoint_interval_s=math.inf),),
            jobs,
            Hazards(()),
            20 * DAY_S,
            Rules("easy-backfill", backfill_depth_count=4),
        ),
        check=True,
    )
    assert (result.state_N == 0).all()
    assert result.useful_s_N == pytest.approx(jobs.work_s_N)
    assert result.held_s_N == pytest.approx(jobs.work_s_N)


def test_replicas_that_carry_on_lose_what_a_hidden_failure_spoils_and_no_more():
    zero = np.zeros(1, np.int64)

    def useful(mode: str, hidden_frac: float) -> float:
        result = simulate(
            Simulation(
                (Partition("a", "site", 220),),
                (JobClass("run", mode=mode, checkpoint_write_s=20.0),),
                Jobs(np.zeros(1), np.array([1e9]), zero + 1600, zero, zero, zero, zero),
                Hazards((Component("node", 0.01, hidden_frac=hidden_frac, detection_s=1800.0, automatic_frac=1.0),)),
                60 * DAY_S,
            )
        )
        return float(result.ledger_gpu_s["useful"]) / (1600 * 60 * DAY_S)

    # two failures a day, an eighth of them hidden for half an hour on average: 0.5 % in vain
    assert useful("replica", 0.125) == pytest.approx(useful("replica", 0.0) - 0.005, abs=0.003)
    assert useful("replica", 0.125) > useful("stall", 0.125)
