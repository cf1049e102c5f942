"""Facts measured from the public traces that ship beside the repository hold for what the readers give."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from gigawatt.engines.fleet.simulation import ENDS
from gigawatt.planning.traces import read_quotas, read_trace

TRACES = Path(__file__).parents[5] / "shared" / "traces"
pytestmark = pytest.mark.skipif(not TRACES.is_dir(), reason="needs the public traces in ../shared/traces")


def test_philly_as_its_authors_cleaned_it():
    trace = read_trace(TRACES / "philly_jobs_2017.parquet")
    assert trace.format == "philly"
    assert trace.jobs_count == 68_063
    assert len(trace.tenants) == 14
    assert np.mean(trace.gpus_N == 1) == pytest.approx(0.938, abs=5e-4)
    assert trace.gpu_s / 3600 == pytest.approx(806_772, abs=1)
    large = trace.gpus_N >= 8
    assert trace.gpus_N[large] @ trace.duration_s_N[large] / trace.gpu_s == pytest.approx(0.611, abs=5e-4)
    assert trace.duration_s_N.mean() / 3600 == pytest.approx(3.62, abs=0.005)
    assert np.median(trace.duration_s_N) == 1190
    assert trace.gpus_N.mean() == pytest.approx(1.257, abs=5e-4)


def test_alibaba_2023_pods():
    trace = read_trace(TRACES / "alibaba_gpu_v2023_pods.parquet")
    assert trace.format == "alibaba-2023"
    assert trace.jobs_count + sum(trace.left_out.values()) == 8_152
    assert trace.gpus_N.max() == 8
    assert np.nanmin(trace.wait_s_N) >= 0


def test_alibaba_2025_recommenders():
    trace = read_trace(TRACES / "alibaba_gpu_v2025_dlrm.parquet")
    assert trace.format == "alibaba-2025"
    assert trace.jobs_count + trace.left_out["jobs that lasted no time"] == 7_386
    assert len(trace.tenants) == 156
    assert trace.duration_s_N.max() == 31 * 86400
    assert trace.end_N.tolist() == [ENDS.index("completes")] * trace.jobs_count


def test_earth_quotas_by_day():
    quotas = read_quotas(TRACES / "helios_earth_vc_gpu_number.csv.gz")
    assert len(quotas) == 25
    assert 784 <= sum(quotas.values()) <= 1232
    assert sum(quotas.values()) == pytest.approx(997, abs=1)


def test_earth_runs_64_percent_and_yet_jobs_wait():
    minutes = TRACES / "helios_earth_vc_1min_2020-05.parquet"
    whole = (
        duckdb.connect()
        .sql(
            "select sum(running_gpu_num) / sum(total_gpu_num) as used, sum(pending_gpujob_num) as waiting "
            f"from '{minutes}' group by time"
        )
        .fetchnumpy()
    )
    assert np.mean(whole["used"]) == pytest.approx(0.642, abs=5e-4)
    assert np.mean(whole["waiting"] > 0) == pytest.approx(0.857, abs=5e-4)
    assert np.percentile(whole["used"], [10, 90]) == pytest.approx([0.509, 0.813], abs=5e-4)


def test_philly_keeps_three_quarters_of_its_nodes_active():
    nodes = TRACES / "philly_active_nodes_1min.parquet"
    row = duckdb.connect().execute(f"select avg(active / total) from '{nodes}' where total > 0").fetchone()
    assert row[0] == pytest.approx(0.739, abs=1e-3)
