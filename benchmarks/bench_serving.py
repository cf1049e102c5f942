"""Steady-state evaluations per second. Run: `pytest benchmarks/bench_serving.py`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.serving import (
    Replica,
    Request,
    ServiceLevel,
    ServingInputs,
    Speculation,
    frontier,
    operating_point,
    pool_frontier,
)
from gigawatt.engines.serving.batching import points
from gigawatt.planning import convert

BATCHES_COUNT = 64


@pytest.fixture(scope="module")
def inputs():
    catalogue = load()
    return ServingInputs(
        convert.transformer(catalogue.models["llama-3.1-70b"]),
        convert.accelerator(catalogue.accelerators["h100-sxm"], catalogue),
        Request(1000.0, 1000.0),
        ServiceLevel(2.0, 0.05),
    )


def test_one_operating_point(benchmark, inputs):
    """A replica at one batch, with memory, power and latencies."""
    assert benchmark(operating_point, inputs, Replica(2), 100.0).fits


def test_many_batches_at_once(benchmark, inputs):
    """64 evaluations a call; the target is 10,000 evaluations a second, hence 6.4 ms a call."""
    batches = np.geomspace(1.0, 250.0, BATCHES_COUNT)
    found = benchmark(points, inputs, Replica(2), batches)
    assert len(found.requests_per_s_B) == BATCHES_COUNT


def test_a_whole_frontier(benchmark, inputs):
    """Every replica up to 64 accelerators, at up to 48 batches each."""
    assert benchmark(frontier, inputs).chosen is not None


def test_every_deployment_of_a_mixture_of_experts(benchmark):
    """DeepSeek-V3 on up to 256 H200: replicas, pools apart, with and without drafted tokens; the target is 1 s."""
    catalogue = load()
    plain = ServingInputs(
        convert.transformer(catalogue.models["deepseek-v3"]),
        convert.accelerator(catalogue.accelerators["h200-sxm"], catalogue),
        Request(4000.0, 1000.0),
        ServiceLevel(2.0, 0.05),
        max_gpus_count=256,
    )

    def all_of_them():
        """Both layouts, with and without drafting."""
        drafted = replace(plain, speculation=Speculation(1, 0.85))
        return [search(one) for one in (plain, drafted) for search in (frontier, pool_frontier)]

    assert all(found.chosen is not None for found in benchmark(all_of_them))
