"""The verb serve as a user types it: demand, traces, flags, documents, files, exit codes."""

from __future__ import annotations

import json

import duckdb
import pytest

BASE = ("serve", "--model", "llama-3.1-8b", "--accelerator", "h100-sxm")
LIMITS = ("--ttft", "1s", "--tpot", "30ms")
DRAWN = ("--trace", "synthetic", "--requests", "20/s", "--duration", "60s", "--input", "500", "--output", "100")
BOTH = (*BASE, "--tpot", "30ms", "--requests", "50/s")


def document(gigawatt, *words):
    return json.loads(gigawatt(*words, "--json").out)


def test_a_demand_by_hour_and_region_adds_a_day(gigawatt):
    result = document(gigawatt, *BOTH, "--hours", "typical", "--regions", "west:50%:-6,east:50%:6")["result"]
    assert result["day"]["peak_to_mean"] < 1.3
    assert max(result["day"]["gpus"]) == result["gpus_needed"]
    assert len(result["day"]["requests_per_s"]) == 24
    times = [result["tokens"][kind]["time_pct"] for kind in ("input", "cached", "output")]
    assert sum(times) == pytest.approx(100.0)
    shown = gigawatt(*BOTH, "--hours", "typical").out
    assert "over the day (UTC)" in shown
    assert all(len(line.rstrip()) <= 100 for line in shown.splitlines())


def test_users_and_developers_are_demands(gigawatt):
    by_users = document(gigawatt, *BASE, "--tpot", "30ms", "--users", "864 k", "--messages", "5")["result"]
    by_rate = document(gigawatt, *BOTH)["result"]
    assert by_users["gpus_needed"] == by_rate["gpus_needed"]  # 864,000 x 5 / 86,400 s = 50 a second
    agents = document(gigawatt, *BASE, "--tpot", "30ms", "--developers", "1000", "--tasks", "20")
    assert agents["result"]["tokens"]["input"]["tokens_per_request"] == pytest.approx(400_000 / 20 * 0.15)
    assert any(item["path"] == "defaults.agent_turns_count" for item in agents["provenance"])


def test_a_trace_is_replayed_on_the_fewest_replicas_and_written(gigawatt, tmp_path):
    out = tmp_path / "replayed"
    done = gigawatt(*BASE, *LIMITS, *DRAWN, "--json", "--out", str(out))
    result = json.loads(done.out)["result"]["replay"]
    assert result["meets_slo"]
    assert result["replicas"] == min(item["replicas"] for item in result["replicas_tried"] if item["meets_slo"])
    assert result["ttft_s"]["p50"] <= result["ttft_s"]["p99"] <= 1.0
    assert json.loads((out / "replay.json").read_text())["schema"] == "gigawatt/serve/1"
    rows = (
        duckdb.connect()
        .sql(f"select count(*), avg(ttft_s), sum(output_tokens) from '{out / 'requests.parquet'}'")
        .fetchall()[0]
    )
    assert rows[0] == result["trace"]["requests"]
    assert rows[1] == pytest.approx(result["ttft_s"]["mean"])
    assert (out / "latencies.svg").read_text().startswith("<svg")
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_a_replay_on_the_terminal_fits_its_width(gigawatt, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("ts,p,a\n" + "".join(f"{second},300,50\n" for second in range(40)))
    done = gigawatt(*BASE, *LIMITS, "--trace", str(path), "--columns", "arrival=ts,input=p,output=a", "--replicas", "2")
    assert "40 requests" in done.out
    assert "within all limits" in done.out
    assert all(len(line.rstrip()) <= 100 for line in done.out.splitlines())
    assert "columns: arrival from ts" in done.err


def test_the_same_seed_gives_the_same_replay(gigawatt):
    words = (*BASE, *DRAWN, "--replicas", "1", "--burstiness", "3")
    first, again = document(gigawatt, *words, "--seed", "4"), document(gigawatt, *words, "--seed", "4")
    assert first == again
    assert (
        document(gigawatt, *words, "--seed", "5")["result"]["replay"]["ttft_s"] != first["result"]["replay"]["ttft_s"]
    )


@pytest.mark.parametrize("tool", ["vllm", "sglang", "tensorrt-llm"])
def test_flags_go_out_alone_on_standard_output_and_come_in_again(gigawatt, tmp_path, tool):
    out = gigawatt(*BASE, "--tpot", "30ms", "--emit", tool)
    assert "chosen" in out.err
    assert out.out.count("llama-3.1-8b") == 1
    script = tmp_path / "launch.sh"
    script.write_text(out.out)
    result = document(gigawatt, "serve", "--accelerator", "h100-sxm", "--from-flags", str(script))["result"]
    degrees = {(point["tensor_parallel"], point["pipeline_parallel"]) for point in result["frontier"]}
    assert len(degrees) == 1
    assert str(next(iter(degrees))[0]) in out.out


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--trace", "none.csv", *LIMITS), "no such file", 2),
        ((*DRAWN[:2], *LIMITS), "needs a rate", 2),
        ((*DRAWN,), "--ttft or --tpot", 2),
        ((*DRAWN, *LIMITS, "--routing", "fastest"), "not known", 2),
        ((*DRAWN, *LIMITS, "--columns", "arrival"), "PART=COLUMN", 2),
        ((*DRAWN, *LIMITS, "--users", "5", "--messages", "2"), "two demands", 2),
        (("--users", "5"), "go together", 2),
        (("--hours", "1,2,x", "--requests", "5/s"), "24 numbers", 2),
        (("--hours", "1,2", "--requests", "5/s"), "24 of at least 0", 2),
        (("--regions", "here:half", "--requests", "5/s"), "NAME:SHARE:HOURS", 2),
        (("--regions", "here:50%:0", "--requests", "5/s"), "sum to 0.5", 2),
        (("--hours", "typical", "--peak-to-mean", "2", "--requests", "5/s"), "leave out one", 2),
        (("--acceptance", "80%"), "--draft-tokens", 2),
        (("--emit", "vlm"), "Nearest: vllm", 2),
        (("--out", "somewhere"), "belongs to --trace", 2),
        (("--tp", "3"), "32 heads do not divide", 2),
        (("--input", "200k", "--ttft", "1ms"), "service level", 3),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(gigawatt, words, said, code):
    done = gigawatt(*BASE, *words)
    assert done.code == code, done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_faulty_row_is_named_and_cleaned_on_request(gigawatt, tmp_path):
    path = tmp_path / "requests.csv"
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:00:00,10,5\n2023-11-16 18:00:01,-1,5\n")
    words = (*BASE, "--trace", str(path), "--replicas", "1")
    refused = gigawatt(*words)
    assert refused.code == 2
    assert f"{path}:3" in refused.err
    cleaned = document(gigawatt, *words, "--clean")["result"]["replay"]["trace"]
    assert cleaned["requests"] == 1
    assert cleaned["left_out"] == {"prompt of negative tokens": 1}


def test_a_load_generators_result_is_held_beside_the_prediction(gigawatt, tmp_path):
    path, launch = tmp_path / "bench.json", tmp_path / "launch.sh"
    result = {
        "model_id": "meta-llama/Llama-3.1-8B-Instruct", "request_rate": 5.0, "completed": 50, "duration": 10.0,
        "total_input_tokens": 25_000, "total_output_tokens": 5_000, "request_throughput": 4.9,
        "output_throughput": 490.0, "median_ttft_ms": 30.0, "p99_ttft_ms": 60.0,
    }  # fmt: skip
    path.write_text(json.dumps(result))
    launch.write_text("vllm serve meta-llama/Llama-3.1-8B-Instruct -tp 2 --max-num-seqs 64 --dtype bfloat16\n")
    words = ("validate", "serving", "--data", str(path), "--accelerator", "h100-sxm")
    wide = document(gigawatt, *words, "--launch", str(launch))["result"]
    narrow = document(gigawatt, *words, "--precision", "bf16")["result"]
    assert {row["quantity"] for row in wide["rows"]} == {
        "requests_per_s", "output_tokens_per_s", "ttft_p50_ms", "ttft_p99_ms",
    }  # fmt: skip
    ttft = [next(row for row in one["rows"] if row["quantity"] == "ttft_p50_ms")["predicted"] for one in (wide, narrow)]
    assert ttft[0] < ttft[1]
    assert gigawatt(*words).code == 0
    assert "--accelerator: needed" in gigawatt(*words[:4]).err


def test_the_answer_says_how_far_to_trust_it_and_what_a_request_takes(gigawatt):
    result = document(gigawatt, *BOTH)["result"]
    assert result["is_calibrated"]
    for name in ("output_tokens_per_s_per_gpu", "usd_per_million_output_tokens", "gpu_power_w", "j_per_output_token"):
        band = result["interval_80_pct"][name]
        middle = result["chosen"][name]
        assert band["low"] < middle < band["high"]
    query = result["query"]
    parts = query["accelerators_j"] + query["host_j"] + query["overhead_j"]
    assert query["energy_j"] == pytest.approx(parts) == pytest.approx(3600.0 * query["energy_wh"])
    assert query["energy_j"] == pytest.approx(1.12 * result["chosen"]["j_per_output_token"] * query["output_tokens"])
    assert result["chosen"]["gap_p99_s"] >= result["chosen"]["tpot_s"]["p50"]
    assert "NOT CALIBRATED" not in gigawatt(*BOTH).out


def test_a_generation_without_measurements_is_marked_and_has_a_wider_band(gigawatt):
    words = ("serve", "--model", "llama-3.1-8b", "--accelerator", "trainium2", "--precision", "bf16", "--tpot", "50ms")
    assert "NOT CALIBRATED" in gigawatt(*words).out
    new, known = document(gigawatt, *words)["result"], document(gigawatt, *BOTH)["result"]
    assert not new["is_calibrated"]
    width = [one["interval_80_pct"]["j_per_output_token"] for one in (new, known)]
    assert width[0]["high"] / width[0]["low"] > width[1]["high"] / width[1]["low"]


def test_a_router_is_read_from_a_file_and_its_faults_are_said_with_the_file(gigawatt, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "def router(outstanding_requests, unread_tokens):\n    return -outstanding_requests - unread_tokens\n"
    )
    words = (*BASE, *DRAWN, "--replicas", "3", "--router", str(path))
    result = document(gigawatt, *words)["result"]["replay"]
    assert result["routing"] == "written"
    assert result["router"] == path.read_text()
    assert "as written" in gigawatt(*words).out
    path.write_text("import os\n")
    refused = gigawatt(*words)
    assert refused.code == 2
    assert f"{path}: policy, line 1" in refused.err
    assert "cannot be read" in gigawatt(*words[:-1], str(tmp_path / "none.py")).err


def test_pools_apart_are_sized_and_said(gigawatt):
    done = gigawatt(*BASE, *LIMITS, *DRAWN, "--pools-apart")
    assert "prefill replicas of" in done.out
    result = document(gigawatt, *BASE, *LIMITS, *DRAWN, "--pools-apart")["result"]["replay"]
    assert result["meets_slo"]
    sizes = result["prefill_replicas"] * result["prefill_gpus_per_replica"], result["decode_replicas"]
    assert result["gpus"] == sizes[0] + sizes[1] * result["gpus_per_replica"]
