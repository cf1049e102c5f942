"""A decode step: limits worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from serving_cases import B200, H100, LLAMA_70B, MIXTRAL, inputs

from gigawatt.engines.serving import Replica
from gigawatt.engines.serving.constants import CALIBRATION
from gigawatt.engines.serving.decode import attention_flops, step, touched_imbalance
from gigawatt.engines.serving.kvcache import cache
from gigawatt.engines.serving.rates import link_times_s, rates
from gigawatt.engines.serving.workload import shard, tile_rows_frac, touched_frac


def times(given, replica, batches):
    part = shard(given.model, replica, given.precision)
    held = cache(given, replica, part)
    rate = rates(given, replica, CALIBRATION)
    return step(given.model, replica, part, rate, held, np.array(batches, dtype=float), CALIBRATION).time_s_B


def test_one_sequence_takes_at_least_the_time_to_read_the_weights():
    # 70.6 GB over 3.35 TB/s = 21 ms; no step can be faster
    assert times(inputs(), Replica(), [1.0])[0] > 0.021


def test_one_token_touches_its_own_experts_and_many_touch_all():
    assert touched_frac(8, 2, np.array([1.0]))[0] == pytest.approx(0.25)
    assert touched_frac(8, 2, np.array([1000.0]))[0] == pytest.approx(1.0)
    # two tokens, two of eight each: 1 - (6/8)^2 = 0.4375
    assert touched_frac(8, 2, np.array([2.0]))[0] == pytest.approx(0.4375)


def test_no_rank_is_unlucky_alone_or_once_all_experts_are_touched():
    many = np.array([1e4])
    spread = Replica(8, expert_parallel=8)
    assert touched_imbalance(MIXTRAL, spread, many)[0] == pytest.approx(1.0)
    assert touched_imbalance(MIXTRAL, Replica(8), np.array([1.0]))[0] == 1.0
    assert 1.0 < touched_imbalance(MIXTRAL, spread, np.array([1.0]))[0] <= 8.0


def test_an_expert_fills_a_tile_at_least_and_half_of_its_last_one_more():
    # 2 of 8 experts: 1, 32, 128 and 4,096 tokens an expert against tiles of 128 rows
    filled = tile_rows_frac(MIXTRAL, np.array([1.0, 128.0, 512.0, 16384.0]), 128.0)
    assert filled == pytest.approx([128.0, 4.0, 1.5, 1.0 + 64.0 / 4096.0], rel=1e-6)
    assert tile_rows_frac(MIXTRAL, np.array([1.0, 512.0]), 0.0) == pytest.approx([1.0, 1.0])


def test_only_four_bit_products_fill_tiles():
    four, eight = (
        rates(inputs(model=MIXTRAL, accelerator=B200, precision=name), Replica(), CALIBRATION)
        for name in ("fp4", "fp8")
    )
    assert four.expert_tile_rows == 128.0
    assert eight.expert_tile_rows == 0.0
    # a chip without such units multiplies 4-bit weights in 8 bits
    assert rates(inputs(model=MIXTRAL, precision="fp4"), Replica(), CALIBRATION).expert_tile_rows == 0.0


def test_attention_of_one_token_counts_scores_and_sums():
    # 2 FLOP x 64 heads x (128 + 128) x 1000 tokens x 80 layers
    assert attention_flops(LLAMA_70B, 1000.0) == pytest.approx(2 * 64 * 256 * 1000 * 80)


def test_an_all_reduce_moves_twice_the_share_of_the_others():
    time_s, latency_s = link_times_s(inputs(), Replica(8), CALIBRATION)
    moved = 2 * 2 * 7 / 8 * 8192 * 2  # two all-reduces of 16-bit hidden values
    assert time_s == pytest.approx(moved / (450e9 * CALIBRATION.scale_up_frac))
    assert latency_s == pytest.approx(6e-6)
    assert link_times_s(inputs(), Replica(1), CALIBRATION) == (0.0, 0.0)


def test_a_token_sent_to_its_experts_costs_less_than_to_all_ranks():
    few = link_times_s(inputs(model=MIXTRAL), Replica(8, 1, 8, attention_data_parallel=True), CALIBRATION)[0]
    # 2 x 7/8 copies from each of 8 ranks, 3 bytes a value there and back
    assert few == pytest.approx(2 * 7 / 8 / 8 * 4096 * 3 / (450e9 * CALIBRATION.scale_up_frac))


def test_a_pipeline_of_two_halves_a_stage():
    one, two = times(inputs(), Replica(1), [64.0])[0], times(inputs(), Replica(1, 2), [64.0])[0]
    assert 0.5 * one < two < 0.56 * one


def test_newer_software_is_faster_and_vllm_pays_more_host_time():
    old, new = (times(inputs(software_date=date), Replica(2), [64.0])[0] for date in (2024.5, 2025.5))
    assert new < old
    ours, theirs = (times(inputs(engine=name), Replica(2), [512.0])[0] for name in ("tensorrt-llm", "vllm"))
    assert ours < theirs


def test_a_card_rated_lower_runs_slower():
    from dataclasses import replace

    slow = replace(H100, tdp_w=350.0)
    assert times(inputs(accelerator=slow), Replica(2), [256.0])[0] > times(inputs(), Replica(2), [256.0])[0]
