"""Steps and power under a cap on the accelerators' packages."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from training_parts import GB200, LLAMA_70B

from gigawatt.engines.hardware.power import capped_speed_frac
from gigawatt.engines.training import Layout, TrainingJob, estimate

# A GB200 of 1,200 W in a cluster that draws 1,807 W a GPU at a cap of 960 W: 847 W around the package. Ardestani et
# al., "Provisioning to Runtime Optimization of a 100 MW-Scale AI Cluster," arXiv:2605.24461: the optimum of
# performance per watt of the cluster lies near 1,000 W.
CLUSTER = replace(GB200, system_w=1200.0 + 847.0)
JOB = TrainingJob(LLAMA_70B, CLUSTER, 64, 8192, 128)
LAYOUT = Layout(2, 4, 8, virtual_stages=5)
CAPS_W = range(600, 1201, 50)


@pytest.fixture(scope="module")
def steps():
    return {cap: estimate(replace(JOB, power_cap_w=float(cap)), LAYOUT) for cap in CAPS_W}


def test_work_per_provisioned_watt_peaks_near_1000_w(steps):
    per_watt = {cap: step.tokens_per_s / (CLUSTER.system_w - 1200.0 + cap) for cap, step in steps.items()}
    assert 900 <= max(per_watt, key=per_watt.get) <= 1050
    assert per_watt[1000] > 1.01 * per_watt[1200]
    assert per_watt[1000] > 1.01 * per_watt[600]


def test_steps_get_longer_and_draw_less_as_the_cap_falls(steps):
    for lower, higher in pairwise(CAPS_W):
        assert steps[lower].step_time_s > steps[higher].step_time_s
        assert steps[lower].gpu_power_w < steps[higher].gpu_power_w


def test_a_cap_at_the_rating_changes_nothing(steps):
    free = estimate(JOB, LAYOUT)
    assert steps[1200].step_time_s == pytest.approx(free.step_time_s)
    assert steps[1200].gpu_power_w == pytest.approx(free.gpu_power_w)


def test_speed_is_continuous_and_rises_with_power():
    speed = [float(capped_speed_frac(float(cap), 1000.0)) for cap in range(50, 1001, 5)]
    steps = [high - low for low, high in pairwise(speed)]
    assert min(steps) > 0.0
    assert max(steps) < 0.02
