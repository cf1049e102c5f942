"""Requests replayed per second on one core. Run: `pytest benchmarks/bench_serving_replay.py`.

Targets: an hour of conversation of Azure (19,366 requests) below 1 s, the conversation trace of Mooncake (12,031
requests, with their prefixes) below 2 s, 20,000 requests a second.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gigawatt.catalogue import load
from gigawatt.engines.serving.simulator import replay
from gigawatt.engines.serving.types import ServiceLevel
from gigawatt.planning.figures import Figures
from gigawatt.planning.job_defaults import DEFAULT_COSTS, DEFAULT_PUE, DEFAULT_TARIFF
from gigawatt.planning.replay_terms import ReplayTerms, service_of
from gigawatt.planning.requests import Lengths, read_requests, requests_of, synthetic
from gigawatt.planning.serving import serving_inputs, serving_pool

TRACES = Path(__file__).parents[2] / "shared" / "traces"


def prepared(trace, replicas, limits):
    """Return requests and service of a trace on Llama 3.1 70B and H100."""
    catalogue = load()
    inputs = serving_inputs(
        catalogue,
        "llama-3.1-70b",
        "h100-sxm",
        trace.mean_request(),
        ServiceLevel(*limits),
        precision="fp8",
        software_date=2025.5,
    )
    pool = serving_pool(
        inputs,
        catalogue,
        costs=catalogue.costs[DEFAULT_COSTS],
        tariff=catalogue.tariffs[DEFAULT_TARIFF],
        pue=DEFAULT_PUE,
        figures=Figures(),
    )
    return requests_of(trace), service_of(pool, trace, ReplayTerms(routing="prefix-aware"), replicas)


def replayed(benchmark, trace, replicas, limits):
    """Replay a trace after a first time, in which the loop is compiled."""
    requests, service = prepared(trace, replicas, limits)
    result = benchmark.pedantic(replay, (requests, service), rounds=3, warmup_rounds=1)
    assert (result.state_N >= 3).all()
    benchmark.extra_info["requests_per_s"] = trace.requests_count / benchmark.stats.stats.min


def published(name):
    """Read a published trace; skip where it is not beside the checkout."""
    path = TRACES / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside this checkout")
    return read_requests(path)


def test_the_conversation_hour_of_azure(benchmark):
    """19,366 requests; the target is 1 s."""
    replayed(benchmark, published("azure_llm_2023_conv.csv.gz"), 2, (2.0, 0.05))


def test_the_conversation_trace_of_mooncake(benchmark):
    """12,031 requests of 12,000 tokens with 288,000 prefix blocks; the target is 2 s."""
    replayed(benchmark, published("mooncake_conversation.jsonl.gz"), 8, (float("inf"), 0.1))


def test_a_drawn_hour_like_azures(benchmark):
    """As many requests of the same means and spreads, which need no file."""
    replayed(benchmark, synthetic(5.5, 3520.0, Lengths(1155.0, 211.0), seed=1), 2, (2.0, 0.05))


def test_a_drawn_hour_on_a_large_pool(benchmark):
    """Eight times as many on 16 replicas: batches as large, so the same work a request."""
    replayed(benchmark, synthetic(44.0, 3520.0, Lengths(1155.0, 211.0), seed=1), 16, (2.0, 0.05))
