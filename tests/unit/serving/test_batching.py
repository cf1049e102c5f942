"""Operating points: Little's law, published figures, refusals that say what is short."""

from __future__ import annotations

import numpy as np
import pytest
from serving_cases import B200, H100, LLAMA_8B, LLAMA_70B, inputs

from gigawatt.engines.serving import Replica, Request, ServiceLevel, ServingInputs, operating_point
from gigawatt.engines.serving.batching import points
from gigawatt.engines.serving.power import system_power_w
from gigawatt.engines.serving.queueing import wait_s
from gigawatt.errors import InputError


def test_littles_law_holds():
    found = operating_point(inputs(), Replica(2), 100.0)
    assert found.requests_per_s * 1000.0 * found.tpot_p50_s == pytest.approx(100.0)


def test_tokens_power_and_energy_agree():
    found = operating_point(inputs(), Replica(2), 100.0)
    assert found.output_tokens_per_s == pytest.approx(found.requests_per_s * 1000.0)
    assert found.output_tokens_per_s_per_gpu * 2 == pytest.approx(found.output_tokens_per_s)
    assert found.j_per_output_token == pytest.approx(found.system_power_w * 2 / found.output_tokens_per_s)
    assert found.system_power_w == pytest.approx(found.gpu_power_w + 772.0)  # 1,472 W less 700 W


def test_memory_adds_up_to_the_card():
    found = operating_point(inputs(), Replica(2), 100.0)
    assert found.memory.total_gib == pytest.approx(80.0)


@pytest.mark.parametrize(
    ("model", "chip", "replica", "lengths", "precision", "batch", "published"),
    [
        # NVIDIA, TensorRT-LLM performance overview v0.17 and v1.0: output tokens per second at full load
        (LLAMA_70B, H100, Replica(2), (1000, 1000), "fp8", 250, 4390.0),
        (LLAMA_70B, H100, Replica(8), (128, 2048), "fp8", 1400, 17061.0),
        (LLAMA_8B, H100, Replica(1), (1000, 1000), "fp8", 500, 15220.0),
        (LLAMA_70B, B200, Replica(1), (1000, 1000), "fp4", 370, 7007.0),
    ],
)
def test_published_throughput_within_a_fifth(model, chip, replica, lengths, precision, batch, published):
    given = inputs(model, chip, *map(float, lengths), precision=precision)
    assert operating_point(given, replica, batch).output_tokens_per_s == pytest.approx(published, rel=0.2)


def test_weights_that_do_not_fit_are_refused_with_the_gap():
    found = operating_point(inputs(precision="bf16"), Replica(1), 1.0)
    assert not found.fits
    assert not found.meets_slo
    # 141.1 GB = 131.4 GiB of weights against 80 GiB less 4.8 of overhead and 0.5 of activations
    assert "131.4 GiB per accelerator, 56.7 GiB more than h100" in found.reason


def test_a_batch_too_large_is_refused_with_what_would_fit():
    found = operating_point(inputs(), Replica(2), 5000.0)
    assert not found.fits
    assert "GiB more KV cache per accelerator; at most 267 run at once" in found.reason


def test_a_prompt_too_long_is_refused():
    found = operating_point(inputs(input_tokens=1e6), Replica(1), 1.0)
    assert not found.fits
    assert "one sequence of 1001000 tokens does not fit" in found.reason


def test_a_missed_limit_is_named():
    found = operating_point(inputs(slo=ServiceLevel(10.0, 0.02)), Replica(2), 200.0)
    assert found.fits
    assert not found.meets_slo
    assert found.reason.startswith("p99 TPOT")
    assert found.reason.endswith("exceeds the limit of 20.0 ms")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"precision": "fp7"}, 'serving.precision: "fp7"'),
        ({"kv_precision": "fp9"}, 'serving.kv_precision: "fp9"'),
        ({"engine": "vlm"}, "Nearest: vllm"),
        ({"input_tokens": 0.0}, "both must be > 0"),
        ({"output_tokens": float("nan")}, "both must be > 0"),
        ({"cached_frac": 1.5}, "cached_frac: 1.5 is outside 0..1"),
        ({"slo": ServiceLevel(0.0, 0.05)}, "TTFT 0.0 s and TPOT 0.05 s; both must be > 0"),
        ({"reserved_output_frac": 2.0}, "reserved_output_frac: 2.0 is outside 0..1"),
    ],
)
def test_inputs_that_mean_nothing_are_refused(change, words):
    with pytest.raises(InputError) as caught:
        operating_point(inputs(**change), Replica(2), 10.0)
    assert words in str(caught.value)


def test_waiting_of_mm1_is_exact():
    mean, median, p99 = wait_s(np.array([0.8]), 1.0, 1.0)
    assert mean[0] == pytest.approx(4.0)  # rho / (1 - rho)
    assert median[0] == pytest.approx(np.log(0.8 / 0.5) / 0.2, rel=0.01)
    assert p99[0] == pytest.approx(np.log(0.8 / 0.01) / 0.2, rel=0.01)


def test_waiting_of_md1_matches_the_root():
    # rho (e^x - 1) = x at rho = 0.5 has the root 1.2564; C = 0.5 / (0.5 e^1.2564 - 1) = 0.661
    _, _, p99 = wait_s(np.array([0.5]), 1.0, 0.0)
    assert p99[0] == pytest.approx(np.log(66.1) / 1.2564, rel=0.02)


def test_serving_draws_between_idle_and_rating():
    for batch in (1.0, 8.0, 64.0, 250.0):
        found = operating_point(inputs(), Replica(2), batch)
        assert 0.3 * 700.0 < found.gpu_power_w <= 0.97 * 700.0


def test_system_power_is_never_below_the_accelerator():
    assert system_power_w(H100, np.array([700.0]))[0] == 1472.0


def test_a_cached_prefix_lowers_the_time_to_first_token_and_the_power_to_serve_it():
    cold = operating_point(inputs(input_tokens=8000.0), Replica(4), 32.0)
    warm = operating_point(inputs(input_tokens=8000.0, cached_frac=0.8), Replica(4), 32.0)
    assert warm.ttft_p50_s < cold.ttft_p50_s
    assert warm.output_tokens_per_s > cold.output_tokens_per_s
    assert warm.kv_capacity_tokens == cold.kv_capacity_tokens


def test_many_batches_at_once_equal_one_at_a_time():
    given: ServingInputs = inputs()
    together = points(given, Replica(2), [1.0, 20.0, 200.0])
    for place, batch in enumerate((1.0, 20.0, 200.0)):
        assert operating_point(given, Replica(2), batch).requests_per_s == pytest.approx(
            together.requests_per_s_B[place], rel=1e-12
        )


def test_spread_of_lengths_lengthens_the_tail_only():
    even, wide = (
        operating_point(ServingInputs(LLAMA_70B, H100, Request(4000, 200, 0.0, cv), ServiceLevel()), Replica(4), 32.0)
        for cv in (0.1, 1.0)
    )
    assert wide.ttft_p99_s > even.ttft_p99_s
    assert wide.output_tokens_per_s == even.output_tokens_per_s


@pytest.mark.parametrize(
    ("replica", "batch", "words"),
    [
        (Replica(0), 1.0, "tensor 0"),
        (Replica(1, 81), 1.0, "pipeline at most 80 layers"),
        (Replica(2, 1, 4), 1.0, "expert at most tensor"),
        (Replica(2), 0.0, "batch: 0.0 is not a positive number"),
        (Replica(2), float("nan"), "batch: nan is not a positive number"),
    ],
)
def test_replicas_and_batches_that_mean_nothing_are_refused(replica, batch, words):
    with pytest.raises(InputError) as caught:
        operating_point(inputs(), replica, batch)
    assert words in str(caught.value)
