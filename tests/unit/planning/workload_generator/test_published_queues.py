"""Queues of synthetic workloads are those of their clusters, because of quotas."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from quota_queue import start_times

from gigawatt.catalogue import load
from gigawatt.planning.workload_generator import generate, model_of
from gigawatt.planning.workload_generator.cluster import cluster_simulation, mean_wait_s

WORKLOADS = load().workloads
DAYS = {"philly": 137, "helios-venus": 120, "helios-earth": 60, "acme-seren": 100}  # of each draw
SEEDS = (1, 2)


@cache
def simulated(name, quotas=True, **changes):
    """Return the mean wait, the share of hours in which a job waits, and the share of accelerators in use."""
    model = replace(model_of(WORKLOADS[name]), **changes)
    duration_s, found = DAYS[name] * 86400.0, []
    for seed in SEEDS:
        simulation = cluster_simulation(model, duration_s, seed)
        jobs = simulation.jobs
        whole = simulation.rules.quota_gpus
        if not quotas:
            jobs, whole = replace(jobs, tenant_N=np.zeros_like(jobs.tenant_N)), (sum(whole),)
        start_s = start_times(jobs, whole)
        hours = np.arange(simulation.warm_up_s, duration_s, 3600.0)
        begun, submitted = np.sort(start_s), jobs.submit_s_N
        waiting = np.searchsorted(submitted, hours, "right") > np.searchsorted(begun, hours, "right")
        held = np.clip(start_s + jobs.work_s_N, simulation.warm_up_s, duration_s)
        held -= np.clip(start_s, simulation.warm_up_s, duration_s)
        used = held @ jobs.gpus_N / (duration_s - simulation.warm_up_s) / sum(whole)
        found.append((mean_wait_s(simulation, start_s), waiting.mean(), used))
    return np.mean(found, axis=0)


@pytest.mark.parametrize("name", sorted(DAYS))
def test_the_mean_wait_is_within_a_factor_two(name):
    wanted = WORKLOADS[name].mean_wait_s.value  # 3,761 s of Philly, 1,253 of Venus, 319 of Earth, 446 of Seren
    assert wanted / 2.0 < simulated(name)[0] < wanted * 2.0


@pytest.mark.parametrize("name", ["helios-earth", "philly"])
def test_without_quotas_hardly_anybody_waits(name):
    assert simulated(name, quotas=False)[0] < simulated(name)[0] / 10.0


def test_earth_leaves_a_third_idle_and_yet_jobs_wait_nearly_always():
    _, waiting, used = simulated("helios-earth")
    assert used == pytest.approx(0.642, abs=0.08)  # 64.2 % from 1 to 21 May 2020
    assert waiting == pytest.approx(0.857, abs=0.12)  # of minutes; nothing was fitted to it
    assert simulated("helios-earth", quotas=False)[1] < 0.1


def test_at_random_queues_would_be_far_longer_than_they_were():
    assert simulated("helios-venus", looking_frac=0.0)[0] > 20.0 * WORKLOADS["helios-venus"].mean_wait_s.value


def test_the_page_of_a_queue_is_right():
    jobs = generate(model_of(WORKLOADS["philly"]), 5 * 86400.0, 1)
    assert np.array_equal(start_times(jobs, (10**9,) * 11), jobs.submit_s_N)  # nobody waits without a limit
    quotas = tuple(int(jobs.gpus_N[jobs.tenant_N == tenant].max(initial=1)) for tenant in range(11))
    start = start_times(jobs, quotas)
    assert np.isfinite(start).all()
    for tenant, quota in enumerate(quotas):
        mine = jobs.tenant_N == tenant
        steps = np.concatenate([start[mine], (start + jobs.work_s_N)[mine]])
        change = np.concatenate([jobs.gpus_N[mine], -jobs.gpus_N[mine]])
        assert np.cumsum(change[np.lexsort((change, steps))]).max(initial=0) <= quota
