"""What must hold for any rate of failure, size of job and checkpoint."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.fleet import FailureModel, best_interval_s, goodput, spares_for_availability, time_shares

MODELS = st.builds(
    FailureModel,
    failures_per_node_day=st.floats(1e-4, 5e-2),
    node_gpus_count=st.sampled_from([1, 4, 8, 72]),
    planned_stops_per_day=st.floats(0.0, 3.0),
    restart_s=st.floats(1.0, 3600.0),
    checkpoint_write_s=st.floats(0.01, 300.0),
    node_repair_h=st.floats(0.1, 200.0),
)
SIZES = st.integers(1, 200_000)


@settings(max_examples=300, deadline=None)
@given(model=MODELS, gpus=SIZES)
def test_shares_lie_in_0_1_and_sum_to_1(model, gpus):
    job = goodput(model, gpus)
    assert 0.0 <= job.ettr_frac < 1.0
    assert all(0.0 <= share <= 1.0 for share in job.lost_frac.values())
    assert job.ettr_frac + sum(job.lost_frac.values()) == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(model=MODELS, gpus=SIZES, factor=st.floats(1.0, 20.0))
def test_larger_jobs_fail_more_and_keep_less(model, gpus, factor):
    small, large = goodput(model, gpus), goodput(model, int(gpus * factor))
    assert large.mttf_h <= small.mttf_h
    assert large.ettr_frac <= small.ettr_frac
    assert large.nodes_in_repair_count >= small.nodes_in_repair_count


@settings(max_examples=200, deadline=None)
@given(
    write_s=st.floats(0.1, 300.0),
    restart_s=st.floats(0.0, 3600.0),
    mttf_s=st.floats(600.0, 1e7),
    factor=st.floats(0.05, 20.0),
)
def test_no_other_interval_keeps_more(write_s, restart_s, mttf_s, factor):
    best_s = best_interval_s(write_s, mttf_s, shortest_s=1e-6)
    best = time_shares(best_s, write_s, restart_s, mttf_s).useful_frac
    other = time_shares(best_s * factor, write_s, restart_s, mttf_s).useful_frac
    assert other <= best * (1.0 + 1e-9)


@settings(max_examples=200, deadline=None)
@given(
    nodes=st.integers(1, 20_000),
    rate=st.floats(1e-4, 1e-2),
    repair_h=st.floats(1.0, 100.0),
    shares=st.tuples(st.floats(0.5, 0.9999), st.floats(0.5, 0.9999)),
)
def test_more_availability_never_needs_fewer_spares(nodes, rate, repair_h, shares):
    few, many = (spares_for_availability(nodes, rate, repair_h, share) for share in sorted(shares))
    assert few <= many
