"""Parameter and FLOP counts against published ones."""

from __future__ import annotations

import pytest
from training_parts import DEEPSEEK_V3, GPT_175B, LLAMA_8B, LLAMA_405B, QWEN_30B

from gigawatt.engines.hardware import architecture as a
from gigawatt.engines.hardware.types import Transformer


@pytest.mark.parametrize(
    ("model", "published"),
    [
        (LLAMA_8B, 8.030e9),  # model card
        (LLAMA_405B, 405.85e9),  # model card
        (GPT_175B, 174.6e9),  # GPT-3 paper, less its position table
        (DEEPSEEK_V3, 671.026e9),  # checkpoint without the prediction layer
        (QWEN_30B, 30.53e9),  # model card
    ],
)
def test_parameters_are_the_published_ones(model, published):
    assert float(a.total_parameters_count(model)) == pytest.approx(published, rel=2e-3)


def test_active_parameters_of_deepseek_v3_are_37_billion():
    active = float(a.active_parameters_count(DEEPSEEK_V3)) - float(a.embedding_parameters_count(DEEPSEEK_V3))
    assert active == pytest.approx(37e9, rel=0.02)  # counted without the input embedding


def test_training_flops_of_llama_405b_are_those_of_its_paper():
    # 3.8e25 FLOPs on 15.6 T tokens (arXiv:2407.21783, section 1), by 6 N D
    flops = 3.0 * float(a.forward_flops_per_token(LLAMA_405B, 8192.0)) * 15.6e12
    assert flops == pytest.approx(3.8e25, rel=0.05)


def test_cached_values_of_deepseek_v3_are_its_latents():
    # 512 + 64 values in each of 61 layers
    assert float(a.kv_cache_bytes_per_token(DEEPSEEK_V3, 1.0)) == 61 * 576


def test_a_window_as_long_as_the_sequence_changes_nothing():
    full = Transformer("m", 4, 64, 2, 2, 32, 256, 1000)
    windowed = Transformer("m", 4, 64, 2, 2, 32, 256, 1000, attention_window=512, windowed_layers=4)
    assert float(a.attended_tokens(full, 512.0)) == float(a.attended_tokens(windowed, 512.0)) == 256.0


def test_a_chunk_sees_half_of_itself():
    chunked = Transformer(
        "m", 4, 64, 2, 2, 32, 256, 1000, attention_window=128, windowed_layers=4, chunked_attention=True
    )
    assert float(a.attended_tokens(chunked, 1024.0)) == 64.0


def test_interleaved_dense_layers_are_counted():
    moe = Transformer("m", 4, 8, 1, 1, 8, 16, 10, experts=2, top_k=1, expert_ffn_hidden=4, dense_layers=2)
    # attention 4 * 64, norms 16, two dense 3*8*16, two layers of two experts 3*8*4 and router 16, tables, last norm
    assert float(a.total_parameters_count(moe)) == 4 * (256 + 16) + 2 * 384 + 2 * (2 * 96 + 16) + 160 + 8
