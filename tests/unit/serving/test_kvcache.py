"""Memory: published cache sizes, conservation, what fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from serving_cases import DEEPSEEK, H100, LLAMA_70B, MIXTRAL, inputs

from gigawatt.engines.serving import Replica
from gigawatt.engines.serving.kvcache import cache, held_layer_tokens, kv_bytes_per_token_and_layer, read_layer_tokens
from gigawatt.engines.serving.workload import shard


def held(given, replica):
    return cache(given, replica, shard(given.model, replica, given.precision))


def test_llama_70b_holds_320_kib_a_token_in_16_bits():
    # 2 x 8 heads x 128 x 2 bytes x 80 layers = 327,680
    assert kv_bytes_per_token_and_layer(LLAMA_70B, "bf16") * 80 == 327_680


def test_latent_attention_holds_576_values_a_token_and_layer():
    # DeepSeek-V3 report: 512 compressed and 64 rotary values
    assert kv_bytes_per_token_and_layer(DEEPSEEK, "bf16") == 1152


def test_eight_bit_weights_of_llama_70b_take_68_gib():
    # 68.45 G of 8 bits, two tables of 1.05 G in 16 bits: 72.65 GB = 67.7 GiB
    assert shard(LLAMA_70B, Replica(), "fp8").resident_bytes / 2**30 == pytest.approx(67.66, abs=0.05)


def test_shards_of_all_ranks_hold_the_model_once():
    one = shard(MIXTRAL, Replica(), "fp8")
    four = shard(MIXTRAL, Replica(2, 2), "fp8")
    assert four.linear_bytes * 4 == pytest.approx(one.linear_bytes)
    assert four.expert_bytes * 4 == pytest.approx(one.expert_bytes)
    assert four.linear_flops * 4 == pytest.approx(one.linear_flops)


def test_latent_attention_stays_in_16_bits_where_the_rest_has_four():
    # DeepSeek-V3: 187 M values of attention a layer, 61 layers; 2 bytes each instead of 0.5625
    four, eight = (shard(DEEPSEEK, Replica(), name) for name in ("fp4", "fp8"))
    attention = 187.1e6 * 61
    linear = eight.linear_bytes - 2.0 * 129280 * 7168
    assert four.linear_bytes - 2.0 * 129280 * 7168 == pytest.approx(
        (linear - attention) * 0.5625 + attention * 2, rel=2e-3
    )
    assert four.wide_flops == pytest.approx(2 * attention, rel=2e-3)
    assert four.linear_flops + four.wide_flops == pytest.approx(eight.linear_flops)
    assert eight.wide_flops == shard(MIXTRAL, Replica(), "fp4").wide_flops == 0.0


def test_attention_data_parallelism_keeps_attention_whole_and_splits_experts():
    one = shard(MIXTRAL, Replica(), "fp8")
    eight = shard(MIXTRAL, Replica(8, expert_parallel=8, attention_data_parallel=True), "fp8")
    assert eight.linear_bytes == pytest.approx(one.linear_bytes)
    assert eight.expert_bytes * 8 == pytest.approx(one.expert_bytes)


def test_cache_at_the_largest_batch_fills_memory_exactly():
    given = inputs()
    found = held(given, Replica(4))
    used = found.weights_bytes + found.activations_bytes + found.overhead_bytes
    used += found.largest_batch * found.reserved_bytes
    assert used == pytest.approx(H100.hbm_bytes)


def test_tensor_parallelism_beyond_the_kv_heads_frees_no_cache():
    given = inputs()  # 8 heads
    assert held(given, Replica(16)).reserved_bytes == pytest.approx(held(given, Replica(8)).reserved_bytes)


def test_reserving_the_whole_output_halves_the_batch_of_an_answer_without_prompt():
    paged = held(inputs(input_tokens=1, output_tokens=2000, reserved_output_frac=0.5), Replica(2))
    whole = held(inputs(input_tokens=1, output_tokens=2000, reserved_output_frac=1.0), Replica(2))
    assert whole.largest_batch / paged.largest_batch == pytest.approx(0.5, rel=2e-3)


def test_a_sliding_window_caps_what_is_held_and_a_chunk_what_is_read():
    sliding = replace(LLAMA_70B, windowed_layers=40, attention_window=1024)
    assert held_layer_tokens(sliding, 5000.0) == 40 * 5000 + 40 * 1024
    chunked = replace(sliding, chunked_attention=True)
    assert held_layer_tokens(chunked, 5000.0) == 80 * 5000
    assert read_layer_tokens(chunked, 5000.0) == 40 * 5000 + 40 * 512


def test_a_cached_prefix_frees_no_memory():
    cached = inputs(cached_frac=0.9)
    assert held(cached, Replica(2)).largest_batch == held(inputs(), Replica(2)).largest_batch
