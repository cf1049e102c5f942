"""Failures of jobs of a size against published counts; spares by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from gigawatt.engines.fleet import FailureModel, goodput, mttf_h, nodes_in_repair_count, spares_for_availability
from gigawatt.errors import InputError
from gigawatt.validation.reliability import PREDICT, validate_reliability

LLAMA = FailureModel(3.79e-3, 8, 0.0, 300.0, 20.0, 24.0)


def test_llama_3_stops_419_times_in_54_days_and_keeps_over_nine_tenths():
    job = goodput(LLAMA, 16_384)
    assert job.interruptions_per_day * 54 == pytest.approx(419, abs=1)
    assert job.mttf_h == pytest.approx(3.09, abs=0.01)
    assert job.ettr_frac > 0.90


def test_stalls_of_a_minute_put_nine_tenths_out_of_reach():
    assert goodput(replace(LLAMA, checkpoint_write_s=60.0, restart_s=300.0), 16_384).ettr_frac < 0.90


def test_rsc_projections():
    assert mttf_h(2_048, 6.50e-3) == pytest.approx(1.803, rel=0.01)
    assert mttf_h(16_384, 6.50e-3) == pytest.approx(0.225, rel=0.01)


def test_software_failures_explain_small_jobs_that_node_failures_do_not():
    software = 1.0 / 47.7 - 6.50e-3
    assert mttf_h(1, 6.50e-3, software) / 24.0 == pytest.approx(47.7)
    assert mttf_h(128, 6.50e-3, software) == pytest.approx(7.9, rel=0.15)
    assert mttf_h(128, 6.50e-3) > 3.0 * 7.9


def test_planned_stops_cost_a_checkpoint_and_a_restart_each():
    planned = goodput(replace(LLAMA, planned_stops_per_day=47 / 54), 16_384)
    plain = goodput(LLAMA, 16_384)
    # 0.87 stops a day of 320 s are 0.32 % of the time
    assert 1.0 - planned.ettr_frac / plain.ettr_frac == pytest.approx(47 / 54 * 320 / 86_400, rel=0.01)
    assert planned.interruptions_per_day * 54 == pytest.approx(466, abs=1)
    assert planned.ettr_frac + sum(planned.lost_frac.values()) == pytest.approx(1.0, abs=1e-12)


def test_checkpoints_do_not_outlast_the_run():
    assert goodput(LLAMA, 8, run_s=1800.0).checkpoint_interval_s == 1800.0


def test_failures_of_a_million_gpus_keep_hundreds_of_nodes_in_repair():
    # 162,500 nodes at 3.79 per 1,000 node-days: 616 failures a day
    assert nodes_in_repair_count(162_500, 3.79e-3, 24.0) == pytest.approx(616, abs=1)
    assert goodput(LLAMA, 1_300_000).nodes_in_repair_count == pytest.approx(616, abs=1)


@pytest.mark.parametrize("availability_frac", [0.5, 0.9, 0.99, 0.9999])
def test_spares_are_the_fewest_that_suffice(availability_frac):
    out_frac = 3.79e-3 / (1.0 + 3.79e-3)  # repair of a day
    spares = spares_for_availability(2_048, 3.79e-3, 24.0, availability_frac)
    assert binom.cdf(spares, 2_048 + spares, out_frac) >= availability_frac
    assert spares == 0 or binom.cdf(spares - 1, 2_048 + spares - 1, out_frac) < availability_frac


def test_binomial_and_poisson_agree_where_they_meet():
    around = [spares_for_availability(nodes, 3.79e-3, 24.0, 0.99) for nodes in (99_000, 100_500)]
    assert 0 <= around[1] - around[0] <= 12  # 1.5 % more nodes: 6 more spares


def test_no_failures_need_no_spares():
    assert spares_for_availability(100, 0.0, 24.0, 0.999) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: goodput(LLAMA, 0),
        lambda: goodput(replace(LLAMA, failures_per_node_day=0.0), 8),
        lambda: goodput(replace(LLAMA, planned_stops_per_day=-1.0), 8),
        lambda: spares_for_availability(10, 1e-3, 24.0, 1.0),
        lambda: spares_for_availability(10, 2.0, 24.0, 0.9),
    ],
)
def test_wrong_inputs_are_refused(call):
    with pytest.raises(InputError):
        call()


def test_published_figures_lie_in_the_stated_ranges():
    validation = validate_reliability()
    assert [row.id for row in validation.rows] == list(PREDICT)
    assert np.all([row.low <= row.measured <= row.high for row in validation.rows])
    assert validation.summary.within_25_pct == 100.0
