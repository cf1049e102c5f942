"""Checkpoint intervals and kept time: published values, limits, and a simulation written here."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gigawatt.engines.fleet import (
    best_interval_s,
    daly_interval_s,
    first_order_ettr_frac,
    mttf_h,
    time_shares,
    young_interval_s,
)
from gigawatt.errors import InputError

LLAMA, RSC = 3.79e-3, 6.50e-3  # failures per node-day
# rate, nodes, write s, restart s -> exact renewal value and first-order value at Young's interval
TABLE = [
    (LLAMA, 2_048, 20.0, 300.0, 0.9162, 0.9156),
    (LLAMA, 2_048, 20.0, 600.0, 0.8918, 0.8895),
    (LLAMA, 2_048, 60.0, 300.0, 0.8758, 0.8757),
    (RSC, 2_048, 30.0, 300.0, 0.8659, 0.8642),
    (RSC, 16_384, 30.0, 300.0, 0.5191, 0.4351),
    (LLAMA, 16_384, 30.0, 600.0, 0.5237, 0.4212),
]


@pytest.mark.parametrize(("rate", "nodes", "write_s", "restart_s", "exact", "first_order"), TABLE)
def test_kept_time_and_first_order_formula(rate, nodes, write_s, restart_s, exact, first_order):
    mttf_s = mttf_h(nodes, rate) * 3600.0
    interval_s = young_interval_s(write_s, mttf_s)
    assert time_shares(interval_s, write_s, restart_s, mttf_s).useful_frac == pytest.approx(exact, abs=5e-4)
    assert first_order_ettr_frac(interval_s, write_s, restart_s, mttf_s) == pytest.approx(first_order, abs=5e-4)


def test_first_order_formula_is_good_at_sixteen_thousand_gpus_and_not_at_131_thousand():
    for nodes, fits in ((256, True), (2_048, True), (16_384, False)):
        mttf_s = mttf_h(nodes, RSC) * 3600.0
        interval_s = young_interval_s(30.0, mttf_s)
        exact = time_shares(interval_s, 30.0, 300.0, mttf_s).useful_frac
        assert (abs(first_order_ettr_frac(interval_s, 30.0, 300.0, mttf_s) - exact) < 0.02) is fits


def simulated_useful_frac(interval_s, write_s, restart_s, mttf_s, failures_count):
    """Walk through failures one by one: an independent account of the same job."""
    gaps_s = np.random.default_rng(20260101).exponential(mttf_s, failures_count)
    running_s = np.maximum(gaps_s - restart_s, 0.0)  # the first gap has no restart: negligible over many failures
    kept_s = np.floor(running_s / (interval_s + write_s)) * interval_s
    return kept_s.sum() / gaps_s.sum()


@pytest.mark.parametrize(("rate", "nodes", "write_s", "restart_s", "exact", "first_order"), TABLE)
def test_kept_time_is_what_a_simulation_gives(rate, nodes, write_s, restart_s, exact, first_order):
    mttf_s = mttf_h(nodes, rate) * 3600.0
    interval_s = young_interval_s(write_s, mttf_s)
    found = simulated_useful_frac(interval_s, write_s, restart_s, mttf_s, 200_000)
    assert time_shares(interval_s, write_s, restart_s, mttf_s).useful_frac == pytest.approx(found, abs=5e-3)


@pytest.mark.parametrize("write_s", [10.0, 30.0, 120.0])
@pytest.mark.parametrize("mttf_hours", [0.25, 1.8, 3.09, 48.0])
def test_best_interval_is_the_one_that_brute_force_finds(write_s, mttf_hours):
    mttf_s = mttf_hours * 3600.0
    candidates_s = np.geomspace(1.0, 10.0 * mttf_s, 4000)
    kept = [time_shares(interval_s, write_s, 300.0, mttf_s).useful_frac for interval_s in candidates_s]
    brute_s = candidates_s[int(np.argmax(kept))]
    assert best_interval_s(write_s, mttf_s) == pytest.approx(brute_s, rel=0.01)
    assert daly_interval_s(write_s, mttf_s) == pytest.approx(brute_s, rel=0.10)


@pytest.mark.parametrize("write_s", [10.0, 30.0, 120.0])
def test_youngs_interval_is_within_a_tenth_of_the_best_for_rare_failures(write_s):
    assert young_interval_s(write_s, 12.0 * 3600.0) == pytest.approx(best_interval_s(write_s, 12.0 * 3600.0), rel=0.10)


def test_best_interval_keeps_its_limits():
    assert best_interval_s(0.0, 3600.0) == 1.0
    assert best_interval_s(20.0, 1e6, longest_s=600.0) == 600.0
    assert best_interval_s(1e-9, 1e7, shortest_s=30.0) == 30.0


def test_best_interval_is_smooth_where_the_closed_form_loses_digits():
    below, above = (best_interval_s(ratio * 1e12, 1e12) for ratio in (0.99e-10, 1.01e-10))
    assert below < above < 1.02 * below


def test_daly_falls_back_to_the_time_between_failures_when_writes_are_longer():
    assert daly_interval_s(300.0, 100.0) == 100.0


def test_without_failures_only_checkpoints_cost():
    shares = time_shares(600.0, 20.0, 300.0, 1e13)
    assert shares.useful_frac == pytest.approx(600.0 / 620.0, rel=1e-6)
    assert shares.restart_frac == pytest.approx(0.0, abs=1e-9)


def test_a_hopeless_job_keeps_nothing():
    shares = time_shares(600.0, 20.0, 3600.0, 1.0)
    assert shares.useful_frac == 0.0
    assert shares.restart_frac == pytest.approx(1.0)


@pytest.mark.parametrize("wrong", [(0.0, 1.0, 1.0, 1.0), (1.0, -1.0, 1.0, 1.0), (1.0, 1.0, 1.0, math.inf)])
def test_durations_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputError, match="positive"):
        time_shares(*wrong)
