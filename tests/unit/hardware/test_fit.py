"""Fits recover the constants that made the timings, and refuse timings that cannot tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.hardware.collectives import Tiers, all_reduce_time_s, gather_time_s
from gigawatt.engines.hardware.constants import CALIBRATION
from gigawatt.engines.hardware.efficiency import (
    gemm_frac,
    gemm_traffic_ratio,
    hbm_frac,
    in_network_frac,
    measured_all_reduce_frac,
    measured_forward_attention_frac,
    measured_training_attention_frac,
)
from gigawatt.engines.hardware.fit import (
    fit_attention,
    fit_gemm,
    fit_memory,
    median_absolute_error_frac,
)
from gigawatt.engines.hardware.fit_fabric import fit_scale_out, fit_scale_up
from gigawatt.engines.hardware.gemm import gemm_time_s
from gigawatt.engines.hardware.types import Accelerator, Efficiency, Fabric
from gigawatt.errors import InputError

PEAK, BANDWIDTH, LINE = 989.4e12, 3.35e12, 450e9
SIZES = np.array([(m, n, k) for m in (128, 1024, 8192) for n in (512, 4096) for k in (512, 2048, 16384)], dtype=float)
MESSAGES = 2.0 ** np.arange(12, 34)


def noisy(time_s, seed, spread=0.03):
    return time_s * np.exp(np.random.default_rng(seed).normal(0.0, spread, np.size(time_s)))


def timed(share, traffic, launch_s, seed, spread=0.03):
    m, n, k = SIZES.T
    return noisy(gemm_time_s(m, k, n, share * PEAK, BANDWIDTH, 2.0, traffic) + launch_s, seed, spread)


def fitted(time_s):
    m, n, k = SIZES.T
    return fit_gemm(m, k, n, time_s, PEAK, BANDWIDTH, 2.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.4, 0.9), st.floats(0.8, 3.0), st.floats(2e-6, 2e-5), st.integers(0, 10**6))
def test_products_give_back_their_constants(share, traffic, launch_s, seed):
    found = fitted(timed(share, traffic, launch_s, seed))
    assert found.share_frac.value == pytest.approx(share, rel=0.15)
    assert found.traffic_ratio.value == pytest.approx(traffic, rel=0.35)
    assert found.launch_s.value == pytest.approx(launch_s, rel=0.35)
    assert found.median_error_frac < 0.05


def test_exact_timings_give_exact_constants_without_error():
    found = fitted(timed(0.7, 2.0, 5e-6, 0, spread=0.0))
    assert found.share_frac.value == pytest.approx(0.7, rel=1e-4)
    assert found.share_frac.standard_error < 1e-4
    # x0 = kappa b eta P / 2 B = 2.0 x 2 x 0.7 x 989.4e12 / (2 x 3.35e12)
    assert found.half_loss_count == pytest.approx(413.5, rel=1e-3)


def test_the_stated_error_covers_the_truth_about_as_often_as_it_should():
    misses = [
        abs(found.share_frac.value - 0.7) > 2.0 * found.share_frac.standard_error
        for found in (fitted(timed(0.7, 2.0, 5e-6, seed)) for seed in range(60))
    ]
    assert 0 < np.mean(misses) < 0.2  # a normal error leaves two standard errors in 5 % of draws


def test_more_noise_states_more_error():
    errors = [fitted(timed(0.7, 2.0, 5e-6, 1, spread)).share_frac.standard_error for spread in (0.01, 0.05)]
    assert errors[0] < errors[1]


def test_one_hiccup_moves_the_fit_by_little():
    time_s = timed(0.7, 2.0, 5e-6, 3)
    time_s[-1] *= 10.0
    assert fitted(time_s).share_frac.value == pytest.approx(0.7, rel=0.1)


def test_a_share_never_exceeds_the_peak():
    assert fitted(timed(1.4, 0.5, 1e-6, 0)).share_frac.value <= 1.0


def test_equal_sizes_cannot_tell_rate_from_traffic():
    with pytest.raises(InputError, match="cannot tell 3 figures apart"):
        fit_gemm([1024] * 9, [1024] * 9, [1024] * 9, [1e-4] * 9, PEAK, BANDWIDTH, 2.0)


def test_too_few_timings_are_refused_with_the_number_needed():
    with pytest.raises(InputError, match="3 timings are too few to fit 3 figures; at least 4"):
        fit_gemm([256, 512, 1024], [256, 512, 1024], [256, 512, 1024], [1e-5, 2e-5, 3e-5], PEAK, BANDWIDTH, 2.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.2, 0.8), st.sampled_from([64.0, 128.0, 256.0]), st.integers(0, 10**6))
def test_attention_gives_back_its_share_at_the_reference_width(share, head_dim, seed):
    flops = 2.0 ** np.arange(32, 44)
    narrow = (1 + 64 / head_dim) / 1.5
    found = fit_attention(flops, head_dim, noisy(flops * narrow / (share * PEAK) + 1e-5, seed), PEAK)
    assert found.share_frac.value == pytest.approx(share, rel=0.1)


def test_copies_give_back_the_bandwidth():
    moved = 2.0 ** np.arange(16, 34)
    found = fit_memory(moved, noisy(moved / (0.91 * BANDWIDTH) + 4e-6, 0), BANDWIDTH)
    assert found.share_frac.value == pytest.approx(0.91, rel=0.05)
    assert found.launch_s.value == pytest.approx(4e-6, rel=0.1)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.4, 0.95), st.floats(5e-7, 1e-5), st.floats(0.1, 0.9), st.integers(0, 10**6))
def test_collectives_give_back_the_fabric_and_how_far_it_reduces(efficiency, latency_s, reduction, seed):
    tiers = Tiers(efficiency * LINE, latency_s, 1.0, 0.0)
    gather = gather_time_s(MESSAGES, 8, 8, tiers)
    reduce = all_reduce_time_s(MESSAGES, 8, 8, tiers, reduction)
    time_s = noisy(np.concatenate([gather, reduce]), seed)
    found = fit_scale_up(np.tile(MESSAGES, 2), 8, np.repeat([0, 1], MESSAGES.size), time_s, LINE, 0.0)
    assert found.efficiency_frac.value == pytest.approx(efficiency, rel=0.1)
    assert found.hop_latency_s.value == pytest.approx(latency_s, rel=0.1)
    assert found.in_network_frac.value == pytest.approx(reduction, abs=0.1)


def test_all_reduce_alone_takes_the_reduction_as_given():
    tiers = Tiers(0.5 * LINE, 2e-6, 1.0, 0.0)
    found = fit_scale_up(MESSAGES, 8, 1, all_reduce_time_s(MESSAGES, 8, 8, tiers, 1.0), LINE, 1.0)
    assert found.in_network_frac is None
    assert found.efficiency_frac.value == pytest.approx(0.5, rel=1e-4)


def test_collectives_over_domains_give_back_the_outer_network():
    tiers = Tiers(0.8 * LINE, 2e-6, 0.85 * 50e9, 6e-6)
    time_s = noisy(all_reduce_time_s(MESSAGES, 64, 8, tiers, 1.0), 0)
    found = fit_scale_out(MESSAGES, 64, 8, 1, time_s, 50e9, (0.8 * LINE, 2e-6, 1.0))
    assert found.efficiency_frac.value == pytest.approx(0.85, rel=0.05)
    assert found.hop_latency_s.value == pytest.approx(6e-6, rel=0.15)


def test_a_slow_protocol_for_middle_messages_leaves_the_bandwidth_of_large_ones():
    tiers = Tiers(0.8 * LINE, 2e-6, 0.85 * 50e9, 6e-6)
    middle = (MESSAGES >= 2**20) & (MESSAGES < 2**27)
    time_s = all_reduce_time_s(MESSAGES, 64, 8, tiers, 1.0) * np.where(middle, 2.5, 1.0)
    found = fit_scale_out(MESSAGES, 64, 8, 1, time_s, 50e9, (0.8 * LINE, 2e-6, 1.0))
    assert found.efficiency_frac.value == pytest.approx(0.85, rel=0.1)


def test_the_median_error_is_worked_by_hand():
    assert median_absolute_error_frac([1.1, 0.7, 2.0], [1.0, 1.0, 2.0]) == pytest.approx(0.1)


LINK = Fabric(LINE, 0.75, 2e-6, True)
CHIP = Accelerator(
    "x", "hopper", {"bf16": PEAK, "fp8": 2 * PEAK}, 8e10, BANDWIDTH, 8, 8, LINK, LINK, 700.0, 1400.0, 400.0
)


def with_measured(**found):
    return replace(CHIP, efficiency=Efficiency(**found))


def test_without_measurements_the_generation_speaks():
    assert gemm_frac(CHIP, "bf16", CALIBRATION) == CALIBRATION.gemm_fraction["hopper.bf16"]
    assert gemm_traffic_ratio(CHIP, "bf16", CALIBRATION) == CALIBRATION.gemm_traffic_factor
    assert hbm_frac(CHIP, CALIBRATION) == CALIBRATION.hbm_fraction
    assert in_network_frac(CHIP) == 1.0
    assert measured_all_reduce_frac(CHIP) is None


def test_a_precision_that_was_not_measured_keeps_its_constant():
    chip = with_measured(gemm_frac={"bf16": 0.65})
    assert gemm_frac(chip, "bf16", CALIBRATION) == 0.65
    assert gemm_frac(chip, "fp8", CALIBRATION) == CALIBRATION.gemm_fraction["hopper.fp8"]


def test_block_scaled_fp8_follows_measured_fp8_with_its_known_cost():
    chip = with_measured(gemm_frac={"fp8": 0.6})
    assert gemm_frac(chip, "mxfp8", CALIBRATION) == pytest.approx(0.6 / CALIBRATION.mxfp8_gemm_factor)


def test_a_chip_without_bf16_uses_what_its_fastest_precision_achieved():
    chip = replace(with_measured(gemm_frac={"fp32": 0.8}), dense_flop_per_s={"fp32": 1e12})
    assert gemm_frac(chip, "bf16", CALIBRATION) == 0.8


def test_forward_and_training_attention_stand_in_for_each_other():
    forward, training = with_measured(attention_frac=0.6), with_measured(attention_training_frac=0.5)
    assert measured_training_attention_frac(forward) == 0.6
    assert measured_forward_attention_frac(training) == 0.5
    both = with_measured(attention_frac=0.6, attention_training_frac=0.5)
    assert (measured_forward_attention_frac(both), measured_training_attention_frac(both)) == (0.6, 0.5)
