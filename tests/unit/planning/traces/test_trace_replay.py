"""Public traces run through the simulator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gigawatt.engines.fleet import FleetResult, simulate
from gigawatt.engines.fleet.results import JOB_ENDS
from gigawatt.engines.fleet.simulation import Hazards, Partition, Rules, Simulation
from gigawatt.planning.traces import job_classes, jobs_of, read_trace

TRACES = Path(__file__).parents[5] / "shared" / "traces"
pytestmark = pytest.mark.skipif(not TRACES.is_dir(), reason="needs the public traces in ../shared/traces")
DAY_S = 86400.0


def replay(name: str, nodes: int, policy: str = "easy-backfill") -> FleetResult:
    """Return what becomes of a trace's jobs on so many nodes of eight; no quotas, no failures."""
    trace = read_trace(TRACES / name)
    end_s = float((trace.submit_s_N + trace.duration_s_N).max()) + 10 * DAY_S
    part = Partition("cluster", "site", nodes, pod_nodes_count=nodes)
    return simulate(Simulation((part,), job_classes(), jobs_of(trace), Hazards(()), end_s, Rules(policy)))


def unfinished(result: FleetResult) -> int:
    """Return the jobs that ran to no end."""
    return int((result.state_N >= JOB_ENDS.index("running")).sum())


def test_phillys_jobs_find_room_where_no_quota_keeps_them_from_it():
    # 68,063 jobs, 806,772 GPU-hours, on the 2,490 GPUs of the cluster: what its users waited came of quotas
    result = replay("philly_jobs_2017.parquet", 312)
    assert unfinished(result) == 0
    assert result.ledger_gpu_s["useful"] / 3600 == pytest.approx(806_772, abs=1)
    assert result.wait_s_N.max() == 0.0
    assert 1000 < result.busy_gpus_H.max() < 1200


def test_on_a_quarter_of_the_cluster_the_order_decides_the_wait():
    waits = {}
    for policy in ("fifo", "easy-backfill", "shortest"):
        result = replay("philly_jobs_2017.parquet", 80, policy)
        assert unfinished(result) == 0
        assert result.ledger_gpu_s["useful"] / 3600 == pytest.approx(806_772, abs=1)
        waits[policy] = float(result.wait_s_N.mean())
    assert waits["shortest"] < 0.3 * waits["easy-backfill"]
    assert waits["easy-backfill"] < 0.5 * waits["fifo"]


@pytest.mark.parametrize(
    ("name", "nodes", "most_gpus"),
    [("alibaba_gpu_v2023_pods.parquet", 777, 6212), ("alibaba_gpu_v2025_dlrm.parquet", 924, 7386)],
)
def test_alibabas_services_run_as_long_as_they_ran(name, nodes, most_gpus):
    trace, result = read_trace(TRACES / name), replay(name, nodes)
    assert unfinished(result) == 0
    assert result.ledger_gpu_s["useful"] == pytest.approx(trace.gpu_s, rel=1e-9)
    assert result.busy_gpus_H.max() <= most_gpus
    # pods started within minutes there; here at once, for the cluster had room
    assert np.nanmean(trace.wait_s_N) < 600.0
    assert result.wait_s_N.max() == 0.0
