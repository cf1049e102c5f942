"""Kernels, collectives and power: limits and worked numbers."""

from __future__ import annotations

import numpy as np
import pytest
from training_parts import LLAMA_8B

from gigawatt.engines.hardware.attention import fused_core_time_s, unfused_core_time_s
from gigawatt.engines.hardware.collectives import Tiers, all_reduce_time_s, all_to_all_time_s, gather_time_s
from gigawatt.engines.hardware.gemm import gemm_time_s
from gigawatt.engines.hardware.power import capped_speed_frac, clocked_hbm_frac, mean_power_w
from gigawatt.engines.hardware.topology import ranks_inside

TIERS = Tiers(400e9, 0.0, 50e9, 0.0)


def test_a_large_product_approaches_the_achieved_rate():
    size = 2.0**17
    assert float(gemm_time_s(size, size, size, 1e15, 3e12, 2.0)) == pytest.approx(2 * size**3 / 1e15, rel=0.01)


def test_a_thin_product_is_bound_by_memory():
    # one token through an 8,192 square layer reads 134 MB, which takes 44.7 us at 3 TB/s
    thin = float(gemm_time_s(1.0, 8192.0, 8192.0, 1e15, 3e12, 2.0))
    assert thin == pytest.approx(2 * 8192**2 / 3e12, rel=0.5)
    assert thin >= 2 * 8192**2 / 3e12


def test_tiles_are_whole():
    whole = float(gemm_time_s(128.0, 64.0, 128.0, 1e12, 1e30, 2.0))
    assert float(gemm_time_s(128.0, 64.0, 129.0, 1e12, 1e30, 2.0)) == pytest.approx(2 * whole)


def test_times_of_arrays_are_those_of_scalars():
    rows = np.array([128.0, 1000.0, 8192.0])
    many = gemm_time_s(rows, 4096.0, 4096.0, 1e15, 3e12, 2.0)
    assert list(many) == [float(gemm_time_s(row, 4096.0, 4096.0, 1e15, 3e12, 2.0)) for row in rows]


def test_fused_attention_grows_with_the_square_of_the_sequence():
    short = float(fused_core_time_s(LLAMA_8B, 8192.0, 8192.0, 1.0, 3e14))
    assert float(fused_core_time_s(LLAMA_8B, 16384.0, 16384.0, 1.0, 3e14)) == pytest.approx(4.0 * short)


def test_unfused_attention_is_slower_than_fused():
    fused = float(fused_core_time_s(LLAMA_8B, 8192.0, 8192.0, 1.0, 3e14))
    assert float(unfused_core_time_s(LLAMA_8B, 8192.0, 8192.0, 1.0, 3e14, 3e12)[0]) > fused


def test_gather_in_one_domain_by_hand():
    # 7/8 of 1 GB at 400 GB/s
    assert float(gather_time_s(1e9, 8.0, 8.0, TIERS)) == pytest.approx(0.875e9 / 400e9)


def test_gather_over_domains_splits_the_message_over_ports():
    # inside 7/8 of 1 GB at 400 GB/s; outside 7/8 of an eighth at 50 GB/s
    assert float(gather_time_s(1e9, 64.0, 8.0, TIERS)) == pytest.approx(0.875e9 / 400e9 + 0.875e9 / 8 / 50e9)


def test_a_group_of_one_sends_nothing():
    assert float(all_reduce_time_s(1e9, 1.0, 1.0, TIERS)) == 0.0
    assert float(all_to_all_time_s(1e9, 1.0, 1.0, TIERS)) == 0.0


def test_in_network_reduction_halves_an_all_reduce():
    plain = float(all_reduce_time_s(1e9, 8.0, 8.0, TIERS))
    assert float(all_reduce_time_s(1e9, 8.0, 8.0, TIERS, 1.0)) == pytest.approx(plain / 2.0)


@pytest.mark.parametrize(("group", "stride", "domain", "inside"), [(16, 8, 8, 1), (16, 2, 8, 4), (4, 1, 72, 4)])
def test_ranks_inside_a_domain(group, stride, domain, inside):
    assert float(ranks_inside(float(group), float(stride), float(domain))) == inside


def test_power_lies_between_idle_and_load():
    assert float(mean_power_w(400.0, 1400.0, 0.0, 0.0, 0.0)) > 400.0
    assert float(mean_power_w(400.0, 1400.0, 0.5, 0.2, 0.2)) < 1400.0


def test_power_cap_of_torchtitan():
    # its rows centre at 0.80 to 0.83 by mean or median; a B200 of 1,000 W keeps pace with its peak, 0.9 of a GB200's
    assert 0.80 < float(capped_speed_frac(500.0, 700.0)) < 0.83
    assert float(capped_speed_frac(1000.0, 1200.0)) == pytest.approx(0.9, abs=0.02)


def test_memory_feels_a_lower_clock_less_than_products():
    """Only the part of a kernel's time that is spent on chip goes with the clock; none of an ideal one's."""
    for clock in (0.5, 0.7, 0.9):
        kept = float(clocked_hbm_frac(0.8, clock)) / 0.8
        assert clock < kept < 1.0
        assert float(clocked_hbm_frac(1.0, clock)) == 1.0
        assert float(clocked_hbm_frac(0.9, clock)) / 0.9 > kept
