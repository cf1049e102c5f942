"""Each format of traces gives the same table of jobs."""

# ruff: noqa: E501  lines of logs as they are

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import numpy as np
import pytest

from gigawatt.engines.fleet.simulation import ENDS, KINDS
from gigawatt.errors import InputError
from gigawatt.planning.traces import guessed, job_classes, jobs_of, quotas_of, read_quotas, read_trace

HELIOS = """job_id,user,vc,jobname,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue
1,uA,vcJkd,train_a,1,1,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:01,2020-06-10 04:55:09,36848,0
2,uB,vchbv,eval_b,4,16,1,FAILED,2020-06-09 18:41:27,2020-06-09 18:42:27,2020-06-09 18:46:36,249,60
3,uB,vchbv,prep,0,16,1,COMPLETED,2020-06-09 18:41:27,2020-06-09 18:41:27,2020-06-09 18:45:36,249,0
4,uC,vcpDC,jupyter,1,1,1,CANCELLED,2020-06-09 18:41:28,2020-06-09 18:41:28,2020-06-17 14:15:21,675233,0
"""
SEREN = """job_id,user,node_num,gpu_num,cpu_num,type,state,submit_time,start_time,end_time,duration,queue,gpu_time
5778432,u59,1,8,128,Other,FAILED,2023-03-01 00:18:22+08:00,2023-03-01 00:18:54+08:00,2023-03-01 00:20:51+08:00,117,32,936.0
5778469,u07,2,16,128,Eval,COMPLETED,2023-03-01 00:23:58+08:00,2023-03-01 00:24:11+08:00,2023-03-01 01:09:04+08:00,2693,13,43088.0
"""
SWF = """; Version: 2
; MaxProcs: 128

1 0 10 100 8 -1 -1 8 200 -1 1 3 4 -1 1 -1 -1 -1
2 60 -1 50 -1 -1 -1 16 100 -1 5 3 5 -1 1 -1 -1 -1
3 70 0 20 1 -1 -1 1 100 -1 0 3 -1 -1 1 -1 -1 -1
"""
SACCT = """JobID|JobName|Account|Submit|Start|End|Elapsed|AllocTRES|State|Partition
101|pretrain|lab|2025-01-01T10:00:00|2025-01-01T10:05:00|2025-01-03T12:06:01|2-02:01:01|billing=8,cpu=64,gres/gpu:h100=16,gres/gpu=16,node=2|COMPLETED|gpu
101.batch|batch|lab|2025-01-01T10:05:00|2025-01-01T10:05:00|2025-01-03T12:06:01|2-02:01:01|cpu=64,gres/gpu=8|COMPLETED|
101.0|python|lab|2025-01-01T10:05:00|2025-01-01T10:05:00|2025-01-03T12:06:01|2-02:01:01|cpu=64|COMPLETED|
102_7|eval|lab|2025-01-01T11:00:00|2025-01-01T11:00:00|2025-01-01T11:30:00|00:30:00|cpu=8,gres/gpu:a100=3,gres/gpu:h100=1|CANCELLED by 123|gpu
103|x|ops|2025-01-01T12:00:00|Unknown|Unknown|00:00:00||PENDING|gpu
104|x|ops|2025-01-01T12:00:00|None|2025-01-01T13:00:00|00:00:00||CANCELLED by 5|gpu
105|sim|ops|2025-01-01T12:00:00|2025-01-01T12:00:00|2025-01-01T13:00:00|01:00:00|cpu=8|COMPLETED|cpu
106|run|ops|2025-01-01T12:30:00|2025-01-01T12:31:00|Unknown|00:59|cpu=8,gres/gpu=2|RUNNING|gpu
107|run|ops|2025-01-01T12:40:00|2025-01-01T12:41:00|2025-01-01T12:51:00|00:10:00|gres/gpu=1|OUT_OF_MEMORY|gpu
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_helios_as_published(tmp_path):
    trace = read_trace(write(tmp_path, "cluster_log.csv", HELIOS))
    assert trace.format == "helios"
    assert trace.tenants == ("vcJkd", "vchbv", "vcpDC")
    assert trace.submit_s_N.tolist() == [0.0, 26.0, 27.0]
    assert trace.duration_s_N.tolist() == [36848.0, 249.0, 675233.0]
    assert trace.gpus_N.tolist() == [1, 4, 1]
    assert [ENDS[end] for end in trace.end_N] == ["completes", "fails", "is-cancelled"]
    assert [KINDS[kind] for kind in trace.kind_N] == ["training", "evaluation", "interactive"]
    assert trace.wait_s_N.tolist() == [0.0, 60.0, 0.0]
    assert trace.left_out == {"jobs without accelerators": 1}


def test_acme_with_and_without_the_columns_of_kalos(tmp_path):
    seren = read_trace(write(tmp_path, "seren.csv", SEREN))
    assert (seren.format, seren.tenants, seren.gpus_N.tolist()) == ("acme", ("u07", "u59"), [8, 16])
    assert seren.wait_s_N.tolist() == [32.0, 13.0]
    assert seren.start_s == 1677629902.0  # 2023-03-01 00:18:22, the clock of the place
    head, *rows = SEREN.splitlines()
    kalos = "\n".join([head + ",fail_time,mem_per_pod_GB", *(row + ",,1000" for row in rows)])
    assert read_trace(write(tmp_path, "kalos.csv", kalos)).submit_s_N.tolist() == seren.submit_s_N.tolist()


def test_swf_with_comments_and_missing_fields(tmp_path):
    trace = read_trace(write(tmp_path, "log.swf", SWF))
    assert trace.format == "swf"
    assert trace.gpus_N.tolist() == [8, 16, 1]  # the second has what it asked for, its use is missing
    assert [ENDS[end] for end in trace.end_N] == ["completes", "is-cancelled", "fails"]
    assert np.isnan(trace.wait_s_N[1])
    assert trace.tenants == ("", "4", "5")
    assert trace.left_out == {"comments": 3}


def test_sacct_skips_steps_and_reads_its_times(tmp_path):
    trace = read_trace(write(tmp_path, "sacct.txt", SACCT))
    assert trace.format == "slurm"
    assert trace.gpus_N.tolist() == [16, 4, 2, 1]
    assert trace.duration_s_N.tolist() == [2 * 86400 + 2 * 3600 + 61.0, 1800.0, 59.0, 600.0]
    assert [ENDS[end] for end in trace.end_N] == ["completes", "is-cancelled", "completes", "fails"]
    assert trace.wait_s_N.tolist() == [300.0, 0.0, 60.0, 60.0]
    assert trace.tenants == ("lab", "ops")
    assert trace.left_out == {
        "job steps": 2,
        "jobs still waiting": 1,
        "jobs that never started": 1,
        "jobs without accelerators": 1,
    }


def test_sacct_of_an_older_slurm(tmp_path):
    text = "JobID|Submit|Start|End|ReqGRES|NNodes|State\n7|2019-01-01T00:00:00|2019-01-01T00:00:05|2019-01-01T01:00:05|gpu:v100:4|2|COMPLETED\n"
    trace = read_trace(write(tmp_path, "old.txt", text))
    assert (trace.gpus_N.tolist(), trace.duration_s_N.tolist()) == ([8], [3600.0])


def test_a_table_of_its_own_by_usual_names_and_by_a_map(tmp_path):
    text = "Submit Time,GPUs,Runtime,team\n100,8,3600,red\n50,2,60,blue\n"
    trace = read_trace(write(tmp_path, "own.csv", text))
    assert (trace.format, trace.submit_s_N.tolist(), trace.gpus_N.tolist()) == ("table", [0.0, 50.0], [2, 8])
    assert trace.notes[-1] == "rows were not in order of submission and were sorted"
    odd = "t0;t1;sub;n\n10;20;5;8\n30;90;6;4\n"
    columns = {"submit": "sub", "start": "t0", "end": "t1", "gpus": "n"}
    trace = read_trace(write(tmp_path, "odd.csv", odd), columns=columns)
    assert trace.duration_s_N.tolist() == [10.0, 60.0]
    assert trace.wait_s_N.tolist() == [5.0, 24.0]
    assert guessed(["run_time", "SubmitTime", "num_gpus"]) == {
        "submit": "SubmitTime",
        "duration": "run_time",
        "gpus": "num_gpus",
    }


def test_json_lines_parquet_and_gzip_hold_the_same_jobs(tmp_path):
    rows = [
        '{"submit_time": 0, "duration": 10, "num_gpus": 8, "vc": "a"}',
        '{"submit_time": 5, "duration": 7, "num_gpus": 1, "vc": "b"}',
    ]
    lines = write(tmp_path, "jobs.jsonl", "\n".join(rows) + "\n")
    parquet, packed = tmp_path / "jobs.parquet", tmp_path / "jobs.csv.gz"
    duckdb.connect().execute(f"copy (select * from read_json('{lines}')) to '{parquet}'")
    packed.write_bytes(gzip.compress(b"submit_time,duration,num_gpus,vc\n0,10,8,a\n5,7,1,b\n"))
    for path in (lines, parquet, packed):
        trace = read_trace(path)
        assert (trace.format, trace.gpu_s, trace.tenants) == ("philly", 87.0, ("a", "b"))


def test_a_name_with_signs_of_patterns_is_one_file(tmp_path):
    write(tmp_path, "a1.csv", "submit,duration,gpus\n0,1,1\n1,1,1\n")
    path = write(tmp_path, "a[1]'*.csv", "submit,duration,gpus\n0,5,2\n")
    assert read_trace(path).gpu_s == 10.0


def test_jobs_for_the_simulator_leave_the_observed_wait_behind(tmp_path):
    trace = read_trace(write(tmp_path, "cluster_log.csv", HELIOS))
    jobs = jobs_of(trace)
    assert jobs.work_s_N.tolist() == trace.duration_s_N.tolist()
    assert jobs.tenant_N.tolist() == [0, 1, 2]
    assert jobs.partition_N.tolist() == [-1, -1, -1]
    assert [job_classes()[index].kind for index in jobs.class_N] == ["training", "evaluation", "interactive"]
    assert quotas_of(trace, {"vcpDC": 56.0, "vcJkd": 16.4}, other_gpus=8) == (16, 8, 56)


def test_a_part_of_a_trace_starts_at_its_own_zero(tmp_path):
    trace = read_trace(write(tmp_path, "cluster_log.csv", HELIOS)).between(20.0, 27.0)
    assert (trace.submit_s_N.tolist(), trace.gpus_N.tolist()) == ([6.0], [4])


def test_quotas_by_tenant_by_node_and_by_day(tmp_path):
    assert read_quotas(write(tmp_path, "a.csv", "vc,gpus\nx,64\ny,8\n")) == {"x": 64.0, "y": 8.0}
    assert read_quotas(write(tmp_path, "b.csv", "vc,node num\nx,4\n")) == {"x": 32.0}
    by_day = "date,vcA,vcB,vcC,total\n2020-04-01,8,16,0,24\n2020-04-02,8,32,0,40\n"
    assert read_quotas(write(tmp_path, "c.csv", by_day)) == {"vcA": 8.0, "vcB": 24.0}
    with pytest.raises(InputError, match=r'd\.csv:3: y: "many" is no number of accelerators'):
        read_quotas(write(tmp_path, "d.csv", "vc,gpus\nx,4\ny,many\n"))
