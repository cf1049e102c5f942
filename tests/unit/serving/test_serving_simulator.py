"""The request-level simulator against queueing theory, the analytic engine and conservation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.serving import operating_point
from gigawatt.engines.serving.simulator import Replay, Requests, Service, StepModel, replay, step_model
from gigawatt.engines.serving.types import Replica, Request, ServiceLevel
from gigawatt.errors import InputError
from gigawatt.planning.serving import serving_inputs

FINISHED, REJECTED = 3, 4
SECONDS_PER_TOKEN = 1e-3
MEAN_TOKENS = 1000


def requests_of(arrival_s, input_tokens, output_tokens, blocks=None, cached=None) -> Requests:
    count = len(arrival_s)
    blocks = blocks or [[] for _ in range(count)]
    return Requests(
        arrival_s_N=np.asarray(arrival_s, dtype=float),
        input_tokens_N=np.asarray(input_tokens),
        output_tokens_N=np.asarray(output_tokens),
        cached_tokens_N=np.zeros(count, dtype=np.int64) if cached is None else np.asarray(cached),
        first_block_N=np.concatenate([[0], np.cumsum([len(one) for one in blocks])]),
        block_ids=np.array([block for one in blocks for block in one], dtype=np.int64),
    )


def plain_model(step_s: float = 0.0, token_s: float = SECONDS_PER_TOKEN, capacity: float = 1e12) -> StepModel:
    """A step of constant time and prompts of constant time per token: what queueing theory knows."""
    nothing = np.zeros(1025)
    return StepModel(
        gpu_s_B=nothing + step_s, link_s_B=nothing, host_s_B=nothing, bytes_B=nothing, flops_B=nothing,
        kv_s_per_token=0.0, window_kv_s_per_token=0.0, kv_read_bytes_per_token=0.0, window_kv_read_bytes_per_token=0.0,
        window_tokens=1e18, window_seen_frac=1.0, prompt_gpu_s_per_token=token_s, prompt_link_s_per_token=0.0,
        prompt_host_s_per_token=0.0, pair_s=0.0, window_pair_s=0.0, prompt_bytes_per_token=0.0,
        prompt_flops_per_token=0.0, pair_flops=0.0, request_host_s=0.0, links_overlap=False, stages=1,
        tokens_per_step=1.0, capacity_tokens=capacity, gpus_count=1,
        power_w=(700.0, 0.3, 0.3, 0.3, 0.0, 0.97, 300.0, 400.0), peak_bytes_per_s=1e12, peak_flop_per_s=1e15,
    )  # fmt: skip


def one_at_a_time(model: StepModel) -> Service:
    return Service(model, 1, max_sequences_count=1, step_tokens_count=10**9)


def poisson(count: int, per_s: float, seed: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).exponential(1.0 / per_s, count))


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_waiting_for_constant_service_is_that_of_m_d_1(load: float) -> None:
    # mean wait = rho s / (2 (1 - rho)) with service s = 1 s
    waits = [
        replay(
            requests_of(poisson(40_000, load, seed), np.full(40_000, MEAN_TOKENS), np.ones(40_000, dtype=int)),
            one_at_a_time(plain_model()),
        ).queue_s_N.mean()
        for seed in range(4)
    ]
    assert np.mean(waits) == pytest.approx(load / (2.0 * (1.0 - load)), rel=0.05)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_waiting_for_exponential_service_is_that_of_m_m_1(load: float) -> None:
    # mean wait = rho s / (1 - rho)
    waits = []
    for seed in range(4):
        tokens = 1 + np.random.default_rng(100 + seed).exponential(MEAN_TOKENS, 40_000).astype(int)
        result = replay(
            requests_of(poisson(40_000, load, seed), tokens, np.ones(40_000, dtype=int)), one_at_a_time(plain_model())
        )
        waits.append(result.queue_s_N.mean())
    assert np.mean(waits) == pytest.approx(load / (1.0 - load), rel=0.08)


def inputs_of(model: str = "llama-3.1-70b", engine: str = "vllm", request: Request | None = None):
    return serving_inputs(
        load(), model, "h100-sxm", request or Request(1155, 211), ServiceLevel(),
        precision="fp8", software_date=2025.5, engine=engine,
    )  # fmt: skip


def saturated_rate(result: Replay, count: int, output_tokens: int) -> float:
    """Output tokens per second between the 20th and the 80th percent of the answers."""
    done = np.sort(result.finish_s_N)
    first, last = int(0.2 * count), int(0.8 * count)
    return output_tokens * (last - first) / float(done[last] - done[first])


@pytest.mark.parametrize(
    ("model", "replica"),
    [
        ("llama-3.1-70b", Replica(tensor_parallel=4)),
        ("llama-3.1-70b", Replica(tensor_parallel=2, pipeline_parallel=2)),
        ("gpt-oss-120b", Replica(tensor_parallel=2)),
        ("deepseek-v3", Replica(tensor_parallel=16, expert_parallel=16, attention_data_parallel=True)),
    ],
)
@pytest.mark.parametrize("batch", [32, 256])
def test_saturated_throughput_is_that_of_the_analytic_engine(model: str, replica: Replica, batch: int) -> None:
    inputs = inputs_of(model)
    count = 12 * batch
    result = replay(
        requests_of(np.zeros(count), np.full(count, 1155), np.full(count, 211)),
        Service(step_model(inputs, replica, batch), 1, max_sequences_count=batch, step_tokens_count=8192),
    )
    expected = operating_point(inputs, replica, batch).output_tokens_per_s
    assert saturated_rate(result, count, 211) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("decode_replicas", [0, 1])
def test_no_token_of_a_pipeline_comes_before_the_one_in_front_of_it(decode_replicas: int) -> None:
    inputs = inputs_of("llama-3.1-70b")
    count = 200
    model = step_model(inputs, Replica(tensor_parallel=2, pipeline_parallel=4), 64)
    apart = {"prompt_model": model, "decode_replicas_count": 1} if decode_replicas else {}
    result = replay(
        requests_of(poisson(count, 4.0, 1), np.full(count, 6000), np.full(count, 2)),
        Service(model, 1, max_sequences_count=64, step_tokens_count=8192, **apart),
    )
    assert (result.first_token_s_N > 0.0).all()
    assert (result.finish_s_N > result.first_token_s_N).all()
    assert (result.tpot_s_N > 0.0).all()


def test_energy_per_token_is_that_of_the_analytic_engine_when_saturated() -> None:
    inputs, replica, batch = inputs_of(), Replica(tensor_parallel=4), 128
    count = 20 * batch
    result = replay(
        requests_of(np.zeros(count), np.full(count, 1155), np.full(count, 211)),
        Service(step_model(inputs, replica, batch), 1, max_sequences_count=batch),
    )
    expected = operating_point(inputs, replica, batch).j_per_output_token
    assert result.energy_j / result.output_tokens == pytest.approx(expected, rel=0.05)


def small_trace(count: int = 400, seed: int = 3) -> Requests:
    draw = np.random.default_rng(seed)
    return requests_of(poisson(count, 20.0, seed), draw.integers(1, 3000, count), draw.integers(1, 400, count))


def conserved(requests: Requests, result: Replay) -> None:
    done = result.state_N == FINISHED
    assert np.all(done | (result.state_N == REJECTED))
    assert result.output_tokens == requests.output_tokens_N[done].sum()
    assert result.gap_counts.sum() == (requests.output_tokens_N[done] - 1).sum()
    assert np.all(result.ttft_s_N[done] > 0.0)
    assert np.all(result.finish_s_N[done] >= result.first_token_s_N[done])
    assert result.kv_peak_frac <= 1.0
    assert 0.0 <= result.busy_frac <= 1.0 + 1e-9


@pytest.mark.parametrize("preemption", ["recompute", "swap"])
def test_sequences_are_taken_off_when_pages_run_out_and_finish_all_the_same(preemption: str) -> None:
    requests = small_trace()
    service = Service(
        plain_model(0.01, 1e-5, capacity=8000.0), 2, preemption=preemption, swap_s_per_token=1e-6, routing="round-robin"
    )
    result = replay(requests, service)
    conserved(requests, result)
    assert result.preemptions_N.sum() > 0
    reserved = replay(requests, replace(service, reserve_output=True))
    conserved(requests, reserved)
    assert reserved.preemptions_N.sum() == 0
    if preemption == "swap":
        assert result.input_tokens <= requests.input_tokens_N.sum() * 1.5


def test_recomputing_reads_more_tokens_than_were_asked() -> None:
    requests = small_trace()
    result = replay(requests, Service(plain_model(0.01, 1e-5, capacity=8000.0), 2))
    assert result.input_tokens > requests.input_tokens_N.sum()
    roomy = replay(requests, Service(plain_model(0.01, 1e-5), 2))
    assert roomy.input_tokens == requests.input_tokens_N.sum()


def test_a_request_larger_than_the_cache_is_rejected_and_reported() -> None:
    requests = requests_of([0.0, 1.0], [100, 9000], [10, 10])
    result = replay(requests, Service(plain_model(capacity=8000.0), 1))
    assert result.state_N.tolist() == [FINISHED, REJECTED]
    assert np.isnan(result.finish_s_N[1])
    conserved(requests, result)


def test_first_token_of_a_lone_request_comes_after_its_prompt_and_the_rest_step_by_step() -> None:
    result = replay(requests_of([5.0], [1000], [11]), Service(plain_model(0.02, 1e-3), 1))
    assert result.ttft_s_N[0] == pytest.approx(1.0)
    assert result.tpot_s_N[0] == pytest.approx(0.02)
    assert result.latency_s_N[0] == pytest.approx(1.2)


def test_chunks_keep_answers_flowing_while_a_long_prompt_is_read() -> None:
    # one answer runs when a prompt of 20 s comes: whole, the answer stands still; in chunks of 500 tokens it does not
    requests = requests_of([0.0, 0.5], [10, 20_000], [200, 2])
    chunked = replay(requests, Service(plain_model(0.02, 1e-3), 1, step_tokens_count=501))
    whole = replay(requests, Service(plain_model(0.02, 1e-3), 1, step_tokens_count=30_000, chunked=False))

    def longest_gap(result: Replay) -> float:
        return float(result.gap_edges_s[1:][result.gap_counts > 0].max())

    assert longest_gap(chunked) < 0.6
    assert longest_gap(whole) > 19.0


def test_pools_apart_move_each_cache_once_and_keep_decoding_free_of_prompts() -> None:
    model = plain_model(0.02, 1e-3)
    requests = small_trace(200)
    apart = Service(
        model, 3, prompt_model=model, decode_replicas_count=1, transfer_s_per_token=1e-6, transfer_latency_s=0.01
    )
    result = replay(requests, apart)
    conserved(requests, result)
    long = requests.output_tokens_N > 50
    # a decode pool that reads no prompts steps in 20 ms; the move comes once
    assert np.nanmax(result.tpot_s_N[long]) < 0.03
    together = replay(requests, Service(model, 4))
    assert np.nanpercentile(result.tpot_s_N, 99) < np.nanpercentile(together.tpot_s_N, 99)


def test_prefixes_are_found_again_and_the_oldest_leave() -> None:
    arrival = np.arange(6) * 10.0
    blocks = [[0, 1], [0, 1, 2], [3, 4, 5], [0, 1, 2], [3, 4, 5], [0, 9]]
    sizes = [512 * len(one) for one in blocks]
    requests = requests_of(arrival, sizes, np.ones(6, dtype=int), blocks)
    roomy = replay(requests, Service(plain_model(), 1, prefix_cache_tokens=512 * 100))
    assert roomy.hit_tokens_N.tolist() == [0, 1024, 0, 1535, 1535, 512]  # the last token is always read
    tight = replay(requests, Service(plain_model(), 1, prefix_cache_tokens=512 * 3))
    assert tight.hit_tokens_N.tolist() == [0, 1024, 0, 0, 0, 0]
    assert tight.ttft_s_N[3] > roomy.ttft_s_N[3]


def test_prefix_aware_routing_hits_more_than_round_robin() -> None:
    draw = np.random.default_rng(1)
    talks = draw.integers(0, 20, 600)
    turn = np.zeros(20, dtype=int)
    blocks = []
    for talk in talks:
        turn[talk] += 1
        blocks.append([int(talk) * 100 + place for place in range(min(turn[talk], 40))])
    requests = requests_of(np.arange(600) * 1.0, [512 * len(one) for one in blocks], np.full(600, 5), blocks)
    service = Service(plain_model(0.01, 1e-5), 4, prefix_cache_tokens=512 * 4000)
    hits = {
        name: replay(requests, replace(service, routing=name)).hit_tokens_N.sum()
        for name in ("round-robin", "prefix-aware")
    }
    assert hits["prefix-aware"] > 1.1 * hits["round-robin"]
    shared = replay(requests, replace(service, routing="round-robin", shared_prefix_cache=True)).hit_tokens_N.sum()
    assert shared >= hits["prefix-aware"]


def test_least_loaded_waits_less_than_round_robin_for_uneven_requests() -> None:
    draw = np.random.default_rng(5)
    tokens = np.where(draw.random(4000) < 0.05, 20_000, 200)
    requests = requests_of(poisson(4000, 2.0, 8), tokens, np.ones(4000, dtype=int))
    service = Service(plain_model(), 4, max_sequences_count=1, step_tokens_count=10**9)
    waits = {
        name: replay(requests, replace(service, routing=name)).queue_s_N.mean()
        for name in ("round-robin", "least-loaded")
    }
    assert waits["least-loaded"] < waits["round-robin"]


def test_tokens_gained_by_speculation_shorten_answers_in_proportion() -> None:
    requests = requests_of([0.0], [10], [1001])
    model = plain_model(0.02, 1e-3)
    plain = replay(requests, Service(model, 1)).tpot_s_N[0]
    fast = replay(requests, Service(replace(model, tokens_per_step=2.5), 1)).tpot_s_N[0]
    assert plain / fast == pytest.approx(2.5, rel=0.05)


def test_the_same_seed_gives_the_same_replay() -> None:
    requests = small_trace()
    service = Service(replace(plain_model(0.01, 1e-5), tokens_per_step=1.7), 2, seed=4)
    first, second = replay(requests, service), replay(requests, service)
    assert np.array_equal(first.finish_s_N, second.finish_s_N)
    other = replay(requests, replace(service, seed=5))
    assert not np.array_equal(first.finish_s_N, other.finish_s_N)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"routing": "least-loded"}, 'least-loded" is not known. Nearest: least-loaded'),
        ({"replicas_count": 0}, "0 replicas; at least 1"),
        ({"decode_replicas_count": 2}, "pools apart need both"),
        ({"max_sequences_count": 5000}, "knows 1024 sequences"),
    ],
)
def test_a_service_that_means_nothing_is_refused(change: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        replay(small_trace(5), replace(Service(plain_model(), 1), **change))


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("arrival_s_N", [0.0, -1.0, 2.0], "row 2: arrival must be not before the row above"),
        ("arrival_s_N", [0.0, np.nan, 2.0], "row 2: arrival must be a finite time"),
        ("output_tokens_N", [1, 1, 0], "row 3: output tokens must be at least 1"),
        ("input_tokens_N", [0, 1, 1], "row 1: input tokens must be at least 1"),
    ],
)
def test_requests_that_mean_nothing_are_refused_by_row(column: str, value: list, words: str) -> None:
    requests = requests_of([0.0, 1.0, 2.0], [1, 1, 1], [1, 1, 1])
    with pytest.raises(InputError, match=words):
        replay(replace(requests, **{column: np.array(value)}), Service(plain_model(), 1))
