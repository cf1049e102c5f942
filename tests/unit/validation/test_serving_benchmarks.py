"""Results of load generators: read, predicted, and what is wrong in them. The files are made up in the right form."""

from __future__ import annotations

import json
import math

import pytest

from gigawatt.catalogue import load
from gigawatt.engines.serving.types import Replica
from gigawatt.errors import InputError
from gigawatt.validation.benchmark_files import read_benchmark
from gigawatt.validation.serving_benchmarks import Server, predict_benchmark, validate_benchmark

VLLM = {
    "date": "20250801-120000", "backend": "vllm", "model_id": "meta-llama/Llama-3.1-8B-Instruct",
    "tokenizer_id": "meta-llama/Llama-3.1-8B-Instruct", "num_prompts": 200, "request_rate": 10.0, "burstiness": 1.0,
    "max_concurrency": None, "duration": 21.0, "completed": 200, "total_input_tokens": 102400,
    "total_output_tokens": 25600, "request_throughput": 9.5, "request_goodput:": None, "output_throughput": 1219.0,
    "total_token_throughput": 6095.2, "mean_ttft_ms": 30.0, "median_ttft_ms": 28.0, "std_ttft_ms": 9.0,
    "p99_ttft_ms": 60.0, "mean_tpot_ms": 8.0, "median_tpot_ms": 8.0, "std_tpot_ms": 0.4, "p99_tpot_ms": 9.0,
    "mean_itl_ms": 8.0, "median_itl_ms": 7.5, "std_itl_ms": 2.0, "p99_itl_ms": 20.0,
}  # fmt: skip


def figures(mean, p99=None):
    found = {"mean": mean, "median": mean, "std_dev": 0.0, "count": 120, "percentiles": {"p50": mean}}
    if p99 is not None:
        found["percentiles"]["p99"] = p99
    return {"successful": found, "errored": {"mean": 0.0}}


GUIDELLM = {
    "args": {"target": "http://localhost:8000", "model": "meta-llama/Llama-3.1-8B-Instruct"},
    "benchmarks": [
        {
            "config": {"strategy": strategy, "backend": {"model": "meta-llama/Llama-3.1-8B-Instruct"}},
            "metrics": {
                "requests_per_second": figures(rate),
                "output_tokens_per_second": figures(rate * 128),
                "prompt_token_count": figures(512.0),
                "output_token_count": figures(128.0),
                "time_to_first_token_ms": figures(30.0, 70.0),
                "inter_token_latency_ms": figures(8.0, 9.0),
            },
        }
        for strategy, rate in (
            ({"type_": "concurrent", "streams": 16}, 14.0),
            ({"type_": "constant", "rate": 5.0}, 5.0),
            ({"type_": "synchronous"}, 1.1),
        )
    ],
}
SERVER = Server("h100-sxm", precision="bf16", software_date=2025.5)


def written(tmp_path, document, name="run.json"):
    path = tmp_path / name
    path.write_text(json.dumps(document))
    return path


def test_a_result_of_vllm_is_read(tmp_path):
    (run,) = read_benchmark(written(tmp_path, VLLM))
    assert (run.tool, run.requests_count, run.requests_per_s, run.concurrency) == ("vllm", 200, 10.0, 0)
    assert (run.input_tokens, run.output_tokens) == (512.0, 128.0)
    assert run.measured["ttft_p99_ms"] == 60.0
    assert run.measured["itl_p50_ms"] == 7.5


def test_details_give_the_spread_and_inf_sends_all_at_once(tmp_path):
    detailed = VLLM | {
        "request_rate": "inf", "max_concurrency": 32, "burstiness": 0.25, "input_lens": [256, 768] * 100,
        "output_lens": [128] * 200,
    }  # fmt: skip
    (run,) = read_benchmark(written(tmp_path, detailed))
    assert math.isinf(run.requests_per_s)
    assert (run.concurrency, run.arrival_cv) == (32, 2.0)
    assert run.input_cv == pytest.approx(0.5)
    assert run.output_cv == 0.0


def test_results_of_guidellm_are_read_run_by_run(tmp_path):
    runs = read_benchmark(written(tmp_path, GUIDELLM))
    assert [run.concurrency for run in runs] == [16, 0, 1]
    assert [run.requests_per_s for run in runs] == [math.inf, 5.0, math.inf]
    assert runs[0].measured["tpot_p50_ms"] == 8.0
    assert len({run.id for run in runs}) == 3


def test_what_the_simulator_would_measure_is_predicted_without_error(tmp_path):
    (run,) = read_benchmark(written(tmp_path, VLLM))
    predicted = predict_benchmark(run, SERVER, load())
    as_measured = VLLM | {
        "request_throughput": predicted["requests_per_s"], "output_throughput": predicted["output_tokens_per_s"],
        **{f"{name}_{quantity}_ms": predicted[f"{quantity}_{place}_ms"]
           for quantity in ("ttft", "tpot", "itl") for place, name in (("p50", "median"), ("p99", "p99"))},
    }  # fmt: skip
    found = validate_benchmark(written(tmp_path, as_measured), SERVER)
    assert len(found.rows) == 8
    assert found.summary.median_abs_error_pct == pytest.approx(0.0, abs=1e-9)
    assert found.summary.interval_coverage_pct == 100.0
    assert predicted["requests_per_s"] == pytest.approx(10.0, rel=0.2)  # sent at 10 a second


def test_an_8b_model_on_one_h100_is_in_the_right_region(tmp_path):
    # 16 GB of weights at 3.35 TB/s take 4.8 ms: no step is faster, and at ten requests a second none is much slower
    (run,) = read_benchmark(written(tmp_path, VLLM))
    predicted = predict_benchmark(run, SERVER, load())
    assert 4.8 < predicted["tpot_p50_ms"] < 15.0
    assert predicted["ttft_p50_ms"] < 100.0


def test_more_requests_under_way_give_more_throughput_and_longer_steps(tmp_path):
    few, many = (
        predict_benchmark(
            read_benchmark(written(tmp_path, VLLM | {"request_rate": "inf", "max_concurrency": limit}))[0],
            SERVER,
            load(),
        )
        for limit in (4, 64)
    )
    assert many["output_tokens_per_s"] > 2.0 * few["output_tokens_per_s"]
    assert many["tpot_p50_ms"] > few["tpot_p50_ms"]
    assert few["ttft_p99_ms"] < 1000.0  # waiting for a place is no part of it


def test_more_accelerators_are_faster(tmp_path):
    (run,) = read_benchmark(written(tmp_path, VLLM))
    wide = Server("h100-sxm", precision="bf16", software_date=2025.5, replica=Replica(4))
    assert predict_benchmark(run, wide, load())["tpot_p50_ms"] < predict_benchmark(run, SERVER, load())["tpot_p50_ms"]


def test_a_model_that_does_not_fit_is_skipped_with_the_reason(tmp_path):
    path = written(tmp_path, VLLM | {"model_id": "meta-llama/Llama-3.1-405B"})
    found = validate_benchmark(path, SERVER)
    assert found.summary.n == 0
    assert all("no room" in row.skipped for row in found.rows)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"hello": 1}, "neither of vllm bench serve"),
        ([1, 2], "neither"),
        (VLLM | {"completed": 0}, "completed"),
        (VLLM | {"output_throughput": "fast"}, "output_throughput"),
        ({key: value for key, value in VLLM.items() if key != "request_throughput"}, "request_throughput"),
        (VLLM | {"request_rate": -1}, "request_rate"),
        ({"benchmarks": []}, "holds no run"),
        ({"benchmarks": [{"metrics": 5}]}, "has no metrics"),
        ({"benchmarks": [{"metrics": {}, "config": {"strategy": {"type_": "magic"}}}]}, '"magic"'),
        ({"benchmarks": [{"metrics": {}, "config": {"strategy": {"type_": "synchronous"}}}]}, "mean"),
    ],
)
def test_a_bad_file_is_named_with_its_field(tmp_path, document, words):
    path = written(tmp_path, document)
    with pytest.raises(InputError) as caught:
        read_benchmark(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


def test_a_missing_file_and_one_without_a_model(tmp_path):
    with pytest.raises(InputError):
        read_benchmark(tmp_path / "none.json")
    (tmp_path / "cut.json").write_text('{"total_input_tokens": 5')
    with pytest.raises(InputError, match="no JSON"):
        read_benchmark(tmp_path / "cut.json")
    with pytest.raises(InputError, match="--model"):
        validate_benchmark(written(tmp_path, VLLM | {"model_id": ""}), SERVER)
