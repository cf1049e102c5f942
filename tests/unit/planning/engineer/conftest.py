"""A bench small enough for tests: sixteen nodes, three weeks of three hundred jobs."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.fleet.simulation import Component, Hazards, JobClass, Jobs, Partition, Simulation
from gigawatt.planning.engineer.bench import Bench
from gigawatt.planning.engineer.court import Court
from gigawatt.planning.engineer.question import Question
from gigawatt.planning.engineer.slices import BEFORE_S, WEEK_S, slice_of


def some_jobs(seed=0, weeks=3, per_week=300):
    """Return jobs of 1 to 64 accelerators with running times over three decades."""
    luck = np.random.default_rng(seed)
    count = weeks * per_week
    zero = np.zeros(count, np.int64)
    submit_s = np.sort(luck.uniform(0.0, BEFORE_S + weeks * WEEK_S, count)).round()
    work_s = np.exp(luck.uniform(np.log(120.0), np.log(200_000.0), count)).round()
    gpus = 2 ** luck.integers(0, 7, count)
    return Jobs(submit_s, work_s, gpus, zero, zero, zero - 1, zero)


def fleet(seed=0):
    """Return sixteen nodes of eight that fail now and then."""
    return Simulation(
        (Partition("a", "site", 16),),
        (JobClass("training", checkpoint_write_s=20.0),),
        some_jobs(seed),
        Hazards((Component("node", 0.01),)),
        WEEK_S,
        seed=seed,
    )


@pytest.fixture(scope="session")
def bench():
    """Return slices to learn from, choose by and prove on."""
    base = fleet()
    jobs = some_jobs()
    places = [("train", 0, 0), ("train", 0, 1), ("select", 1, 0), ("select", 1, 1)]
    places += [("test", 2, draw) for draw in range(8)] + [("elsewhere", 2, 1)]
    slices = [slice_of(base, jobs, split, "16 nodes", week, draw) for split, week, draw in places]
    return Bench(Question(gpus=128, budget_evaluations=24, seed=3), tuple(slices), ("made for a test",))


@pytest.fixture(scope="session")
def court(bench):
    """Return one judge at work."""
    with Court(bench, workers=1) as found:
        yield found
