"""Pools apart: what moves, how both balance, what published deployments did, requests one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from serving_cases import H100, LLAMA_70B, inputs
from test_serving_simulator import inputs_of, requests_of

from gigawatt.catalogue import load
from gigawatt.engines.serving import (
    Replica,
    Request,
    ServiceLevel,
    Speculation,
    decode_pools,
    frontier,
    pool_frontier,
    pool_pair,
    prompt_pool,
    size_pools,
)
from gigawatt.engines.serving.disaggregated import transfer
from gigawatt.engines.serving.simulator import Service, replay, step_model
from gigawatt.errors import InfeasibleError, InputError
from gigawatt.planning.serving import serving_inputs

# DeepSeek, "Day 6: One More Thing, DeepSeek-V3/R1 Inference System Overview", open-infra-index, February 2025: 608 G
# tokens read, 342 G of them from the cache, 168 G written in a day; prompts on 4 nodes of 8 H800, answers on 18; 73.7k
# tokens/s read and 14.8k written a node; 20 to 22 tokens/s for each user; 226.75 nodes on average; 87,072 USD at 2 USD
# an hour and GPU. A token written saw 4,989 tokens of cache on average. Lengths are derived: from the ratio of both
# flows, and a mean context of 4,989.
DAY_S = 86400.0
READ_TOKENS, WRITTEN_TOKENS, CACHED_FRAC, CONTEXT_TOKENS = 608e9, 168e9, 342.0 / 608.0, 4989.0
ANSWER_TOKENS = CONTEXT_TOKENS / (READ_TOKENS / WRITTEN_TOKENS + 0.5)
PROMPT_TOKENS = ANSWER_TOKENS * READ_TOKENS / WRITTEN_TOKENS
READERS, WRITERS = (Replica(ranks, 1, ranks, attention_data_parallel=True) for ranks in (32, 144))


def deepseek(accelerator, prompt_tokens, answer_tokens, cached_frac, date):
    return serving_inputs(
        load(), "deepseek-v3", accelerator, Request(prompt_tokens, answer_tokens, cached_frac),
        ServiceLevel(10.0, 0.06), precision="fp8", software_date=date,
    )  # fmt: skip


@pytest.fixture(scope="module")
def production():
    given = deepseek("h800-sxm", PROMPT_TOKENS, ANSWER_TOKENS, CACHED_FRAC, 2025.2)
    sequences = 14_800 / 21.0 * WRITERS.gpus_count / 8  # by Little's law from the rate of a node and of a user
    return pool_pair(given, prompt_pool(given, READERS, WRITERS), decode_pools(given, WRITERS, [sequences])[0])


def per_node(rate, replica):
    return rate * 8.0 / replica.gpus_count


def test_deepseek_nodes_write_what_was_published(production):
    written = per_node(production.answers.requests_per_s, WRITERS) * ANSWER_TOKENS
    assert written == pytest.approx(14_800, rel=0.2)
    assert 1.0 / production.answers.tpot_p50_s == pytest.approx(21.0, rel=0.2)


def test_deepseek_nodes_read_what_was_published(production):
    # means of a day: nodes are given nine tenths of what they could carry, as `size` plans
    read = 0.9 * per_node(production.prompts.requests_per_s, READERS) * PROMPT_TOKENS
    assert read == pytest.approx(73_700, rel=0.2)


def test_deepseek_day_takes_the_nodes_and_dollars_that_were_published(production):
    pools = size_pools(production, READ_TOKENS / PROMPT_TOKENS / DAY_S, utilisation_frac=0.9)
    gpus = pools.prompt_gpus_count + pools.decode_gpus_count
    assert gpus / 8 == pytest.approx(226.75, rel=0.2)
    assert gpus * 24 * 2.0 == pytest.approx(87_072, rel=0.2)


def test_sglang_on_96_h100_reads_and_writes_what_was_published():
    # SGLang team, "Deploying DeepSeek with PD Disaggregation and Large-scale Expert Parallelism on 96 H100 GPUs", May
    # 2025: 52.3k tokens/s read and 22.3k written a node for prompts of 2,000 tokens; 256 sequences a GPU on 9 nodes
    given = deepseek("h100-sxm", 2000.0, 100.0, 0.0, 2025.35)
    readers, writers = (Replica(ranks, 1, ranks, attention_data_parallel=True) for ranks in (32, 72))
    prompts = prompt_pool(given, readers, writers)
    read = per_node(prompts.requests_per_s / prompts.load_frac, readers) * 2000.0
    assert read == pytest.approx(52_300, rel=0.2)
    answers = decode_pools(replace(given, slo=ServiceLevel()), writers, [256.0 * 72])[0]
    assert per_node(answers.requests_per_s, writers) * 99.0 == pytest.approx(22_300, rel=0.2)


def test_the_cache_of_a_prompt_crosses_the_network_once():
    given = inputs(input_tokens=1000.0)
    seconds, moved = transfer(given, Replica(8), Replica(8))
    assert moved == 2 * 8 * 128 * 80 * 1000  # keys and values of 8 heads of 128 in 80 layers, 8 bits
    assert seconds == pytest.approx(moved / 8 / (50e9 * 0.85) + 5e-6)
    inside, _ = transfer(given, Replica(4), Replica(4))
    assert inside == pytest.approx(moved / 4 / (450e9 * 0.75) + 2e-6)


def test_both_pools_carry_the_same_rate():
    given = inputs(input_tokens=2000.0, output_tokens=400.0, slo=ServiceLevel(2.0, 0.05))
    prompts, answers = prompt_pool(given, Replica(2), Replica(4)), decode_pools(given, Replica(4), [64.0])[0]
    pair = pool_pair(given, prompts, answers)
    read = pair.prompt_gpus_frac / 2 * prompts.requests_per_s
    written = (1.0 - pair.prompt_gpus_frac) / 4 * answers.requests_per_s
    assert read == pytest.approx(written)
    assert read == pytest.approx(pair.requests_per_s_per_gpu)
    assert pair.output_tokens_per_s_per_gpu == pytest.approx(400.0 * read)
    pools = size_pools(pair, 100.0)
    assert (pools.prompt_replicas_count - 1) * prompts.requests_per_s < 100.0
    assert pools.prompt_replicas_count * prompts.requests_per_s >= 100.0
    assert pools.decode_replicas_count * answers.requests_per_s >= 100.0
    assert pools.decode_gpus_count == 4 * pools.decode_replicas_count


def test_the_frontier_over_pools_rises_and_its_choice_meets_both_limits():
    given = inputs(input_tokens=2000.0, output_tokens=400.0, slo=ServiceLevel(1.0, 0.03))
    found = pool_frontier(given, 16)
    speeds = [one.output_tokens_per_s_per_gpu for one in found.pairs]
    assert speeds == sorted(speeds)
    assert found.chosen.prompts.ttft_p99_s <= 1.0
    assert found.chosen.answers.tpot_p99_s <= 0.03
    assert found.chosen.prompts.replica.gpus_count + found.chosen.answers.replica.gpus_count <= 16


def test_pools_apart_pay_where_limits_are_tight_and_not_where_there_are_none():
    tight = inputs(input_tokens=2000.0, output_tokens=400.0, slo=ServiceLevel(1.0, 0.025))
    assert (
        pool_frontier(tight, 16).chosen.output_tokens_per_s_per_gpu
        > frontier(tight, 16).chosen.output_tokens_per_s_per_gpu
    )
    loose = inputs(input_tokens=2000.0, output_tokens=400.0)
    assert (
        pool_frontier(loose, 16).chosen.output_tokens_per_s_per_gpu
        < 1.25 * frontier(loose, 16).chosen.output_tokens_per_s_per_gpu
    )


def test_what_cannot_be_served_says_of_which_pool():
    assert "decode replica meets" in pool_frontier(inputs(slo=ServiceLevel(2.0, 1e-4))).reason
    assert "prefill replica holds" in pool_frontier(inputs(slo=ServiceLevel(1e-5, 1.0))).reason
    tiny = replace(H100, hbm_bytes=1e9)
    assert "prefill replica holds" in pool_frontier(inputs(LLAMA_70B, tiny)).reason
    with pytest.raises(InputError, match="at least 2 accelerators"):
        pool_frontier(inputs(), 1)


def test_sizes_of_pools_that_mean_nothing_are_refused():
    given = inputs()
    pair = pool_pair(given, prompt_pool(given, Replica(2), Replica(2)), decode_pools(given, Replica(2), [8.0])[0])
    with pytest.raises(InputError):
        size_pools(pair, -1.0)
    with pytest.raises(InputError):
        size_pools(pair, 1.0, 0.0)
    with pytest.raises(InfeasibleError):
        size_pools(replace(pair, prompts=replace(pair.prompts, requests_per_s=0.0)), 1.0)


@pytest.mark.parametrize("speculation", [None, Speculation(2, 0.7)])
@pytest.mark.parametrize("batch", [32, 192])
def test_a_saturated_decode_pool_writes_what_the_simulator_writes(speculation, batch):
    given = replace(inputs_of(request=Request(1155, 211)), speculation=speculation)
    reader, writer = Replica(4), Replica(4)
    count = 12 * batch
    moved_s, _ = transfer(given, reader, writer)
    # enough prefill replicas that decoding is what binds
    found = replay(
        requests_of(np.zeros(count), np.full(count, 1155), np.full(count, 211)),
        Service(
            step_model(given, writer, batch), 24, max_sequences_count=batch,
            prompt_model=step_model(replace(given, speculation=None), reader, batch), decode_replicas_count=1,
            transfer_s_per_token=moved_s / 1155,
        ),
    )  # fmt: skip
    done = np.sort(found.finish_s_N)
    rate = 0.6 * count / (done[int(0.8 * count)] - done[int(0.2 * count)])
    assert rate == pytest.approx(decode_pools(given, writer, [float(batch)])[0].requests_per_s, rel=0.05)


def test_a_busy_prefill_pool_waits_as_long_as_the_simulator_says():
    given = replace(inputs_of(request=Request(2000, 2, length_cv=0.5)), chunked_prefill=False)
    reader = Replica(4)
    pool = prompt_pool(replace(given, slo=ServiceLevel(0.6, 1.0)), reader, reader)
    draw = np.random.default_rng(2)
    count = 6000
    found = replay(
        requests_of(
            np.cumsum(draw.exponential(1.0 / pool.requests_per_s, count)),
            np.maximum(1, draw.gamma(4.0, 500.0, count)).astype(int),
            np.full(count, 2),
        ),
        Service(
            step_model(given, reader, 64), 1, max_sequences_count=64, step_tokens_count=1,
            prompt_model=step_model(given, reader, 64), decode_replicas_count=4, chunked=False,
            transfer_s_per_token=pool.transfer_s / 2000,
        ),
    )  # fmt: skip
    assert np.median(found.ttft_s_N) + pool.transfer_s == pytest.approx(pool.ttft_p50_s, rel=0.25)
    assert np.quantile(found.ttft_s_N, 0.99) + pool.transfer_s == pytest.approx(pool.ttft_p99_s, rel=0.3)
