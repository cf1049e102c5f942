"""What must hold for any deployment: monotonicity, conservation, limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.hardware.types import Accelerator, Fabric, Transformer
from gigawatt.engines.serving import Replica, Request, ServiceLevel, ServingInputs, frontier, operating_point
from gigawatt.engines.serving.batching import points
from gigawatt.engines.serving.decode import touched_imbalance
from gigawatt.engines.serving.queueing import wait_s
from gigawatt.engines.serving.workload import tile_rows_frac, touched_frac

CHIP = Accelerator(
    "chip", "hopper", {"bf16": 989e12, "fp8": 1979e12}, 141 * 2**30, 4.8e12, 8, 8,
    Fabric(450e9, 0.75, 2e-6), Fabric(50e9, 0.85, 5e-6), 700.0, 1454.0, 390.0,
)  # fmt: skip
DENSE = Transformer("dense", 80, 8192, 64, 8, 128, 28672, 128256)
SPARSE = Transformer("sparse", 48, 4096, 64, 8, 128, 12288, 151936, experts=64, top_k=4, expert_ffn_hidden=1536)
MODELS = st.sampled_from([DENSE, SPARSE])
REPLICAS = st.sampled_from(
    [
        Replica(1),
        Replica(2),
        Replica(8),
        Replica(2, 2),
        Replica(8, 1, 8),
        Replica(8, 1, 8, attention_data_parallel=True),
    ]
)
TOKENS = st.floats(16.0, 8000.0)
BATCHES = st.floats(1.0, 2000.0)


def build(model, input_tokens, output_tokens, **others):
    return ServingInputs(model, CHIP, Request(input_tokens, output_tokens), ServiceLevel(), **others)


@given(MODELS, REPLICAS, TOKENS, TOKENS, BATCHES, st.floats(1.0, 3.0))
@settings(deadline=None)
def test_more_bandwidth_is_never_slower(model, replica, input_tokens, output_tokens, batch, factor):
    inputs = build(model, input_tokens, output_tokens)
    faster = replace(inputs, accelerator=replace(CHIP, hbm_bytes_per_s=CHIP.hbm_bytes_per_s * factor))
    before, after = (operating_point(one, replica, batch) for one in (inputs, faster))
    assert after.output_tokens_per_s >= before.output_tokens_per_s * (1 - 1e-12)
    # at the same batch more requests arrive, so that the batch fluctuates more: only the median must not grow
    assert after.tpot_p50_s <= before.tpot_p50_s * (1 + 1e-12)


@given(MODELS, REPLICAS, TOKENS, TOKENS, BATCHES, st.floats(1.0, 3.0))
@settings(deadline=None)
def test_more_arithmetic_or_faster_links_are_never_slower(model, replica, input_tokens, output_tokens, batch, factor):
    inputs = build(model, input_tokens, output_tokens)
    peaks = {name: peak * factor for name, peak in CHIP.dense_flop_per_s.items()}
    link = replace(CHIP.scale_up, bytes_per_s=CHIP.scale_up.bytes_per_s * factor)
    before = operating_point(inputs, replica, batch).output_tokens_per_s
    for chip in (replace(CHIP, dense_flop_per_s=peaks), replace(CHIP, scale_up=link)):
        after = operating_point(replace(inputs, accelerator=chip), replica, batch).output_tokens_per_s
        assert after >= before * (1 - 1e-12)


@given(MODELS, REPLICAS, TOKENS, TOKENS, BATCHES, st.floats(1.0, 4.0))
@settings(deadline=None)
def test_a_larger_batch_serves_more_and_waits_longer(model, replica, input_tokens, output_tokens, batch, factor):
    found = points(build(model, input_tokens, output_tokens), replica, [batch, batch * factor])
    assert found.requests_per_s_B[1] >= found.requests_per_s_B[0] * (1 - 1e-9)
    # where experts are spread, more sequences even out the unluckiest rank: a step can shorten by some 1e-4
    slack = 1e-3 if replica.expert_parallel > 1 else 1e-9
    assert found.tpot_p50_s_B[1] >= found.tpot_p50_s_B[0] * (1 - slack)
    assert found.gap_p50_s_B[1] >= found.gap_p50_s_B[0] * (1 - slack)


@given(MODELS, REPLICAS, TOKENS, TOKENS, BATCHES)
@settings(deadline=None)
def test_percentiles_are_in_order_and_littles_law_holds(model, replica, input_tokens, output_tokens, batch):
    found = operating_point(build(model, input_tokens, output_tokens), replica, batch)
    assert found.ttft_p99_s >= found.ttft_p50_s > 0.0
    assert found.tpot_p99_s >= found.tpot_p50_s > 0.0
    assert found.requests_per_s * output_tokens * found.tpot_p50_s == pytest.approx(batch)


@given(MODELS, REPLICAS, TOKENS, TOKENS, st.sampled_from(["bf16", "fp8"]))
@settings(deadline=None)
def test_memory_is_conserved(model, replica, input_tokens, output_tokens, precision):
    found = operating_point(build(model, input_tokens, output_tokens, precision=precision), replica, 1.0)
    memory = found.memory
    if found.fits:
        assert memory.total_gib == pytest.approx(141.0)
    else:
        assert found.reason
        assert memory.weights_gib + memory.overhead_gib + memory.activations_gib > 0.0
        assert not found.meets_slo


@given(MODELS, REPLICAS, TOKENS, TOKENS, BATCHES, st.floats(0.0, 1.0))
@settings(deadline=None)
def test_a_cached_prefix_never_slows(model, replica, input_tokens, output_tokens, batch, cached):
    inputs = build(model, input_tokens, output_tokens)
    warm = replace(inputs, request=replace(inputs.request, cached_frac=cached))
    before, after = (operating_point(one, replica, batch) for one in (inputs, warm))
    assert after.output_tokens_per_s >= before.output_tokens_per_s * (1 - 1e-12)
    assert after.kv_capacity_tokens == before.kv_capacity_tokens


@given(st.integers(2, 512), st.data(), st.floats(1.0, 1e4))
def test_touched_experts_lie_between_the_chosen_and_all(experts, data, tokens):
    chosen = data.draw(st.integers(1, experts - 1))
    one, some, more = touched_frac(experts, chosen, np.array([1.0, tokens, 2.0 * tokens]))
    assert one == pytest.approx(chosen / experts)
    assert chosen / experts - 1e-12 <= some <= more <= 1.0
    assert some <= min(1.0, tokens * chosen / experts) + 1e-12


@given(st.floats(1.0, 1e5), st.sampled_from([0.0, 64.0, 128.0]))
def test_tiles_hold_every_token_and_are_less_than_half_empty_once_experts_have_many(tokens, tile):
    filled, more = tile_rows_frac(SPARSE, np.array([tokens, 2.0 * tokens]), tile)
    assert filled >= more >= 1.0  # the more tokens, the fuller the tiles
    assert tokens * filled <= 2.0 * tokens * more * (1 + 1e-12)  # and yet no fewer rows
    if tokens * SPARSE.top_k / SPARSE.experts > tile:
        assert filled <= 1.5 + 1e-9


@given(st.sampled_from([2, 4, 8, 16, 64]), st.floats(1.0, 1e5))
def test_the_unluckiest_rank_holds_between_its_share_and_everything(ranks, tokens):
    found = touched_imbalance(SPARSE, Replica(ranks, 1, ranks), np.array([tokens]))[0]
    assert 1.0 <= found <= ranks


@given(st.floats(0.01, 0.98), st.floats(0.001, 10.0), st.floats(0.0, 3.0))
@settings(deadline=None)
def test_waiting_grows_with_load_and_spread(load, service_s, spread):
    mean, median, p99 = wait_s(np.array([load, min(load * 1.01, 0.99)]) / service_s, service_s, spread)
    assert mean[0] <= mean[1]
    assert p99[0] <= p99[1] * (1 + 1e-9)
    assert median[0] <= p99[0]
    assert wait_s(np.array([load]) / service_s, service_s, spread + 0.5)[0][0] >= mean[0]


@given(MODELS, TOKENS, TOKENS, st.floats(0.01, 0.3), st.floats(0.2, 10.0))
@settings(deadline=None, max_examples=25)
def test_what_is_chosen_respects_the_limits_or_says_why_not(model, input_tokens, output_tokens, tpot_s, ttft_s):
    inputs = replace(build(model, input_tokens, output_tokens), slo=ServiceLevel(ttft_s, tpot_s))
    found = frontier(inputs, 8)
    if found.chosen is None:
        assert found.reason
        assert not any(one.meets_slo for one in found.deployments)
    else:
        assert found.chosen.fits
        assert found.chosen.ttft_p99_s <= ttft_s
        assert found.chosen.tpot_p99_s <= tpot_s
        assert 8 % found.chosen.replica.gpus_count == 0
