"""Queues of synthetic workloads, simulated, are those of their clusters, because of quotas."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.fleet import simulate
from gigawatt.planning.workload_generator import model_of
from gigawatt.planning.workload_generator.cluster import cluster_simulation, mean_wait_s

WORKLOADS = load().workloads
DAYS = {"philly": 137, "helios-venus": 120, "helios-earth": 60, "acme-seren": 100}  # of each draw


@cache
def simulated(name, quotas=True, seeds=(1, 2), **changes):
    """Return the mean wait, the share of minutes in which a job waits, and the share of accelerators in use."""
    model = replace(model_of(WORKLOADS[name]), **changes)
    found = []
    for seed in seeds:
        simulation = cluster_simulation(model, DAYS[name] * 86400.0, seed, quotas)
        result = simulate(simulation)
        start_s, end_s = simulation.warm_up_s, simulation.duration_s
        minutes = np.arange(start_s, end_s, 60.0)
        begun = np.where(np.isfinite(result.start_s_N), result.start_s_N, end_s)
        waits = begun > simulation.jobs.submit_s_N
        waiting = np.searchsorted(np.sort(simulation.jobs.submit_s_N[waits]), minutes, "right")
        waiting = waiting > np.searchsorted(np.sort(begun[waits]), minutes, "right")
        used = result.ledger_gpu_s["useful"] / result.capacity_gpu_s
        found.append((mean_wait_s(simulation, result.start_s_N), waiting.mean(), used))
    return np.mean(found, axis=0)


@pytest.mark.parametrize("name", sorted(DAYS))
def test_the_mean_wait_is_within_a_factor_two(name):
    wanted = WORKLOADS[name].mean_wait_s.value  # 3,761 s of Philly, 1,253 of Venus, 319 of Earth, 446 of Seren
    assert wanted / 2.0 < simulated(name)[0] < wanted * 2.0


@pytest.mark.parametrize("name", sorted(DAYS))
def test_without_quotas_hardly_anybody_waits(name):
    assert simulated(name, quotas=False, seeds=(1,))[0] < simulated(name)[0] / 20.0


def test_earth_leaves_a_third_idle_and_yet_jobs_wait_nearly_always():
    # Helios Earth, 1 to 21 May 2020: 64.2 % of the accelerators ran, and a job waited in 85.7 % of the minutes; neither
    # was fitted to
    _, waiting, used = simulated("helios-earth")
    assert used == pytest.approx(0.642, abs=0.06)
    assert waiting == pytest.approx(0.857, abs=0.1)
    assert simulated("helios-earth", quotas=False, seeds=(1,))[1] < 0.1


def test_at_random_queues_would_be_far_longer_than_they_were():
    waited_s = simulated("helios-venus", seeds=(1,), looking_frac=0.0)[0]
    assert waited_s > 20.0 * WORKLOADS["helios-venus"].mean_wait_s.value
