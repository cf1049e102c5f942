"""Every format gives the requests that its publisher counted, whatever it is packed in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from gigawatt.planning.requests import Lengths, read_requests, requests_of
from gigawatt.planning.requests.generic import USUAL
from gigawatt.planning.traces.generic import guessed

SHARED = Path(__file__).parents[5] / "shared" / "traces"
AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109
2023-11-16 18:15:51.0,879,55
"""
MOONCAKE = [
    {"timestamp": 0, "input_length": 1100, "output_length": 5, "hash_ids": [7, 8, 9]},
    {"timestamp": 500, "input_length": 1200, "output_length": 6, "hash_ids": [7, 8, 12]},
    {"timestamp": 3000, "input_length": 300, "output_length": 7, "hash_ids": [40]},
]


def written(tmp_path, text, name="requests.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def jsonl(items):
    return "\n".join(json.dumps(item) for item in items)


def test_azure_of_2023_and_of_2024_with_its_offset_of_time(tmp_path):
    trace = read_requests(written(tmp_path, AZURE))
    assert (trace.format, trace.requests_count) == ("azure", 3)
    assert trace.arrival_s_N == pytest.approx([0.0, 4.314579, 4.31941], abs=1e-5)
    assert trace.input_tokens_N.tolist() == [374, 396, 879]
    assert trace.output_tokens_N.tolist() == [44, 109, 55]
    of_2024 = (
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.5+00:00,1,1\n2024-05-10 00:00:02+00:00,1,1\n"
    )
    assert read_requests(written(tmp_path, of_2024, "2024.csv")).duration_s == pytest.approx(1.5)


def test_mooncake_keeps_equal_prefixes_equal(tmp_path):
    trace = read_requests(written(tmp_path, jsonl(MOONCAKE), "kimi.jsonl"))
    assert (trace.format, trace.block_tokens) == ("mooncake", 512)
    assert trace.arrival_s_N.tolist() == [0.0, 0.5, 3.0]
    assert trace.first_block_N.tolist() == [0, 3, 6, 7]
    assert trace.block_ids.tolist() == [0, 1, 2, 0, 1, 3, 4]
    assert trace.repeated_frac == pytest.approx(2 / 7)


def test_blocks_stay_with_their_request_when_rows_are_sorted(tmp_path):
    path = written(tmp_path, jsonl([MOONCAKE[2], MOONCAKE[0], MOONCAKE[1]]), "kimi.jsonl")
    trace = read_requests(path, clean=True)
    assert trace.input_tokens_N.tolist() == [1100, 1200, 300]
    assert trace.first_block_N.tolist() == [0, 3, 6, 7]
    assert trace.block_ids.tolist() == [0, 1, 2, 0, 1, 3, 4]
    assert trace.notes == ("rows were not in order of arrival and were sorted",)


def test_burstgpt_leaves_failures_out(tmp_path):
    text = (
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
        "5,ChatGPT,472,18,490,Conversation log\n45,ChatGPT,1087,0,1087,Conversation log\n"
        "118,GPT-4,417,276,693,API log\n"
    )
    trace = read_requests(written(tmp_path, text))
    assert trace.format == "burstgpt"
    assert trace.arrival_s_N.tolist() == [0.0, 113.0]
    assert trace.left_out == {"requests that failed": 1}


def test_servegen_draws_as_many_requests_as_its_rates_make(tmp_path):
    rows = "".join(f"language,m-mid,{600 * window},{rate},4,1.0\n" for window, rate in enumerate((2.0, 8.0, 0.0)))
    text = "category,workload,t_s,rate_rps,active_clients,rate_weighted_client_cv\nlanguage,other,0,1.0,1,1.0\n" + rows
    path = written(tmp_path, text)
    trace = read_requests(path, workload="m-mid", lengths=Lengths(100.0, 10.0), seed=3)
    assert trace.requests_count == pytest.approx(6000, abs=5 * 6000**0.5)
    assert trace.duration_s < 1200.0
    early = int((trace.arrival_s_N < 600.0 - trace.start_s).sum())
    assert early == pytest.approx(1200, abs=5 * 1200**0.5)
    again = read_requests(path, workload="m-mid", lengths=Lengths(100.0, 10.0), seed=3)
    assert np.array_equal(trace.arrival_s_N, again.arrival_s_N)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet", "jsonl"])
def test_a_table_of_its_own_columns_in_every_container(tmp_path, kind):
    rows = [(10.0, 100, 5), (12.5, 200, 6)]
    path = tmp_path / f"own.{kind}"
    text = "when,in_tok,out_tok\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows)
    if kind == "csv":
        path.write_text(text)
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif kind == "jsonl":
        path.write_text(jsonl([{"when": a, "in_tok": b, "out_tok": c} for a, b, c in rows]))
    else:
        values = ", ".join(str(row) for row in rows)
        duckdb.connect().sql(f'select * from (values {values}) t("when", in_tok, out_tok)').write_parquet(str(path))
    trace = read_requests(path, columns={"arrival": "when", "input": "in_tok", "output": "out_tok"})
    assert trace.arrival_s_N.tolist() == [0.0, 2.5]
    assert trace.input_tokens_N.tolist() == [100, 200]


def test_usual_names_need_no_map_and_milliseconds_are_told_by_theirs(tmp_path):
    assert guessed(["arrived_at", "num_prefill_tokens", "num_decode_tokens"], USUAL) == {
        "arrival": "arrived_at", "input": "num_prefill_tokens", "output": "num_decode_tokens",
    }  # fmt: skip
    text = "timestamp_ms,prompt_tokens,completion_tokens\n0,1,1\n1500,1,1\n"
    assert read_requests(written(tmp_path, text)).duration_s == 1.5


def test_faster_arrival_changes_times_only(tmp_path):
    trace = read_requests(written(tmp_path, AZURE))
    faster = requests_of(trace, 2.0)
    assert faster.arrival_s_N == pytest.approx(trace.arrival_s_N / 2.0)
    assert faster.input_tokens_N.tolist() == trace.input_tokens_N.tolist()


def test_the_first_requests_keep_their_blocks(tmp_path):
    part = read_requests(written(tmp_path, jsonl(MOONCAKE), "kimi.jsonl")).first(2)
    assert part.first_block_N.tolist() == [0, 3, 6]
    assert part.block_ids.tolist() == [0, 1, 2, 0, 1, 3]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published traces are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "count", "input_tokens", "output_tokens", "repeated"),
    [
        ("azure_llm_2023_code.csv.gz", 8819, 2048, 27.9, 0.0),
        ("azure_llm_2023_conv.csv.gz", 19366, 1155, 211, 0.0),
        ("mooncake_conversation.jsonl.gz", 12031, 12035, 343, 0.366),
        ("mooncake_synthetic.jsonl.gz", 3993, 15325, 149, 0.640),
    ],
)
def test_published_traces_have_their_published_statistics(name, count, input_tokens, output_tokens, repeated):
    trace = read_requests(SHARED / name)
    assert trace.requests_count == count
    assert trace.input_tokens_N.mean() == pytest.approx(input_tokens, abs=0.5)
    assert trace.output_tokens_N.mean() == pytest.approx(output_tokens, abs=0.5)
    assert trace.repeated_frac == pytest.approx(repeated, abs=5e-4)
