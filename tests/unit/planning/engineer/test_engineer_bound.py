"""The lower bound of the mean wait, against every schedule of small cases and against the simulator."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.fleet.simulation import Jobs
from gigawatt.planning.engineer.bound import least_mean_wait_s


def jobs_of(rows):
    """Return jobs of (submission, running time, accelerators)."""
    rows = sorted(rows)
    zero = np.zeros(len(rows), np.int64)
    submit, work, gpus = (np.array(column, float) for column in zip(*rows, strict=True))
    return Jobs(submit, work, gpus.astype(np.int64), zero, zero, zero, zero)


def best_wait_s(jobs, capacity):
    """Return the least mean wait over all list schedules, which contain an optimal one."""
    count = jobs.submit_s_N.size
    best = np.inf
    for order in itertools.permutations(range(count)):
        placed, total = [], 0.0
        for job in order:
            times = sorted({float(jobs.submit_s_N[job]), *(end for _, end, _ in placed)})
            start = next(
                time
                for time in times
                if time >= jobs.submit_s_N[job]
                and _fits(placed, time, time + jobs.work_s_N[job], jobs.gpus_N[job], capacity)
            )
            placed.append((start, start + jobs.work_s_N[job], jobs.gpus_N[job]))
            total += start - jobs.submit_s_N[job]
        best = min(best, total / count)
    return best


def _fits(placed, start, end, gpus, capacity):
    """Say whether a job fits beside those that are placed."""
    moments = [start, *(s for s, _, _ in placed if start < s < end)]
    return all(sum(g for s, e, g in placed if s <= at < e) + gpus <= capacity for at in moments)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20), st.integers(1, 4)), min_size=1, max_size=5))
def test_no_schedule_of_a_small_case_waits_less(rows):
    jobs = jobs_of(rows)
    assert least_mean_wait_s(jobs, 4) <= best_wait_s(jobs, 4) + 1e-9


def test_it_is_not_idle_where_jobs_must_queue():
    # ten jobs that each take the whole fleet for an hour, together: 0 to 9 hours, 4.5 on average
    jobs = jobs_of([(0.0, 3600.0, 8)] * 10)
    assert least_mean_wait_s(jobs, 8) == pytest.approx(4.5 * 3600.0)


def test_jobs_that_never_meet_need_not_wait():
    assert least_mean_wait_s(jobs_of([(0.0, 10.0, 4), (100.0, 10.0, 4)]), 4) == 0.0


def test_of_no_jobs_it_is_zero():
    zero = np.zeros(0)
    none = zero.astype(np.int64)
    assert least_mean_wait_s(Jobs(zero, zero, none, none, none, none, none), 4) == 0.0


def test_the_simulator_keeps_to_it_under_every_rule(bench, court):
    for verdict in court.rivals(("fifo", "shortest", "easy-backfill"), bench.of("test")):
        rows = zip(verdict.rows, bench.of("test"), strict=True)
        assert all(row.mean_wait_s >= bench.slices[at].least_wait_s for row, at in rows)
        assert not any(row.impossible_count for row in verdict.rows)
