"""All-reduces by algorithm: trees for small messages, rings for large ones, switches where they reduce."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.hardware.collectives import (
    TREE_BANDWIDTH_FRAC,
    Tiers,
    all_reduce_time_s,
    gather_time_s,
    ring_across_s,
    tree_across_s,
)
from gigawatt.engines.hardware.fit_fabric import fit_scale_out

TIERS = Tiers(360e9, 2e-6, 42.5e9, 5e-6)
LINE = 50e9
# on 64 domains a ring saves m/0.92 - 63m/64 of a shard's bytes and spends 63 - 6 latencies more, each way
CROSSING = (63 - 6) * 5e-6 / ((1 / TREE_BANDWIDTH_FRAC - 63 / 64) / 42.5e9)


@pytest.mark.parametrize(("size", "tree"), [(0.9 * CROSSING, True), (1.1 * CROSSING, False)])
def test_the_algorithm_changes_at_the_size_worked_by_hand(size, tree):
    assert (float(tree_across_s(size, 64, TIERS)) < float(ring_across_s(size, 64, TIERS))) == tree


def test_an_all_reduce_takes_the_faster_of_both():
    for message in (1e4, 1e6, 1e8, 1e10):
        within = 2.0 * float(gather_time_s(message, 8, 8, TIERS))
        across = [float(each(message / 8, 64, TIERS)) for each in (ring_across_s, tree_across_s)]
        assert float(all_reduce_time_s(message, 512, 8, TIERS)) == pytest.approx(within + min(across))


def test_latency_of_small_messages_grows_with_the_logarithm_of_domains():
    time_s = [float(all_reduce_time_s(8.0, 8 * 2**power, 8, TIERS)) for power in range(1, 11)]
    assert np.diff(time_s) == pytest.approx(2.0 * 5e-6, rel=1e-3)


def test_large_messages_reach_the_bandwidth_of_a_ring():
    assert float(all_reduce_time_s(1e12, 512, 8, TIERS)) == pytest.approx(
        2 * 1e12 * (7 / 8 / 360e9 + 63 / 64 / 8 / 42.5e9), rel=1e-3
    )


def test_switches_between_domains_halve_their_part():
    plain = float(all_reduce_time_s(1e10, 64, 1, TIERS, 1.0, 0.0))
    assert float(all_reduce_time_s(1e10, 64, 1, TIERS, 1.0, 1.0)) == pytest.approx(plain / 2.0, rel=0.01)


@pytest.mark.parametrize("reduction", [0.0, 0.5, 1.0])
def test_an_all_reduce_is_never_faster_than_switches_could_be_nor_slower_than_without(reduction):
    message = 10.0 ** np.arange(2, 11)
    time_s = all_reduce_time_s(message, 128, 8, TIERS, reduction, reduction)
    assert np.all(time_s <= all_reduce_time_s(message, 128, 8, TIERS))
    assert np.all(time_s >= gather_time_s(message, 128, 8, TIERS) * (1.0 - 1e-12))


def test_timings_of_trees_and_rings_give_back_the_network():
    message = 2.0 ** np.arange(10, 34)
    time_s = all_reduce_time_s(message, 512, 8, TIERS)
    found = fit_scale_out(message, 512, 8, 1, time_s, LINE, (360e9, 2e-6, 0.0))
    assert found.efficiency_frac.value == pytest.approx(0.85, rel=1e-3)
    assert found.hop_latency_s.value == pytest.approx(5e-6, rel=1e-2)
