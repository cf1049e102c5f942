"""Power of a cluster's mix of jobs, simulated, against what Acme measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.fleet import simulate
from gigawatt.engines.fleet.simulation import KINDS
from gigawatt.planning.workload_generator import model_of
from gigawatt.planning.workload_generator.cluster import cluster_simulation

# AcmeTrace (NSDI 2024), Seren, August 2023: quantiles of eight-GPU servers and of A100s
SERVER_MEAN_W, SERVER_MAX_W = 2930.0, 6554.0
SERVER_LEAST_W, SERVER_FULL_W = 1421.0, 5040.0  # quantiles 0.01 and 0.95: a server that waits, one that works
GPU_LEAST_W, GPU_FULL_W, GPU_MEAN_W = 62.0, 408.0, 168.6  # quantiles 0.05 and 0.95, mean
LOW_FRAC, BETWEEN_FRAC = 0.66, 0.09  # of the A100s: below 40 % of the way from least to full, from there to 65 %
# Assumption: what trains runs at full load, what is tried out or evaluated mostly waits for data and people
LOADS = {"training": 1.0, "fine-tuning": 1.0, "evaluation": 0.15, "interactive": 0.15, "serving": 0.5}


@pytest.fixture(scope="module")
def seren():
    model = model_of(load().workloads["acme-seren"])
    base = cluster_simulation(model, 60 * 86400.0, 1)
    part = replace(base.partitions[0], idle_w=SERVER_LEAST_W / 8, busy_w=SERVER_FULL_W / 8)
    classes = tuple(replace(kind, load_frac=LOADS[kind.kind]) for kind in base.classes)
    sim = replace(base, partitions=(part,), classes=classes)
    return sim, simulate(sim)


def test_servers_draw_what_they_drew(seren):
    # nothing is fitted to the mean: it follows from how many accelerators work, at what kind of job
    sim, result = seren
    servers = sim.partitions[0].nodes_count
    seconds = sim.duration_s - sim.warm_up_s
    assert result.energy_j / seconds / servers == pytest.approx(SERVER_MEAN_W, rel=0.1)
    assert result.power_max_w / servers < SERVER_MAX_W
    assert result.energy_j == pytest.approx(result.power_w_PH[0][int(sim.warm_up_s // 3600) :].sum() * 3600.0, rel=1e-9)


def test_accelerators_either_wait_or_work(seren):
    # two humps and a valley between, as measured: a mean per accelerator describes none of them
    sim, result = seren
    seconds = sim.duration_s - sim.warm_up_s
    held = np.clip(result.start_s_N + result.held_s_N, sim.warm_up_s, None)
    held = np.nan_to_num(held - np.clip(result.start_s_N, sim.warm_up_s, None)) * sim.jobs.gpus_N
    by_kind = np.bincount(sim.jobs.class_N, held, len(KINDS)) / (sim.partitions[0].nodes_count * 8 * seconds)
    levels = np.array([0.0, *(LOADS[kind] for kind in KINDS)])
    shares = np.array([1.0 - by_kind.sum(), *by_kind])
    low, between, high = (shares[(levels >= a) & (levels < b)].sum() for a, b in ((0, 0.4), (0.4, 0.65), (0.65, 1.1)))
    assert low == pytest.approx(LOW_FRAC, abs=0.15)
    assert between == pytest.approx(BETWEEN_FRAC, abs=0.1)
    assert high > 0.25
    mean_w = GPU_LEAST_W + (GPU_FULL_W - GPU_LEAST_W) * (shares @ levels)
    assert mean_w == pytest.approx(GPU_MEAN_W, rel=0.35)
