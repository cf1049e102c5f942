"""Percentiles of latency: against queueing theory, and against requests simulated one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from serving_cases import inputs
from test_serving_simulator import inputs_of, requests_of

from gigawatt.engines.serving import Replica, Request, operating_point
from gigawatt.engines.serving.latency import batch_spread, skewed_p99
from gigawatt.engines.serving.queueing import busy_probability, wait_s
from gigawatt.engines.serving.simulator import Service, replay, step_model


def test_the_batch_spreads_like_a_poisson_count_where_steps_take_constant_time():
    assert batch_spread(np.array([64.0]), np.array([0.0]))[0] == pytest.approx(8.0)


def test_the_batch_spreads_as_its_birth_and_death_chain_says():
    # sequences leave at n / (a + b n) and arrive at l: solve the chain itself
    arrive, fixed, each = 8.0, 5.0, 0.1
    logs = np.cumsum(np.log(arrive * (fixed + each * np.arange(1, 4000)) / np.arange(1, 4000)))
    weight = np.exp(np.concatenate([[0.0], logs]) - logs.max())
    weight /= weight.sum()
    count = np.arange(len(weight))
    mean = float(count @ weight)
    deviation = float(np.sqrt((count - mean) ** 2 @ weight))
    elasticity = arrive * each
    assert batch_spread(np.array([mean]), np.array([elasticity]))[0] == pytest.approx(deviation, rel=0.02)


@pytest.mark.parametrize("arrive", [2.0, 8.0, 9.3])
def test_one_batch_in_a_hundred_is_as_large_as_the_chain_says(arrive):
    fixed, each = 5.0, 0.1
    logs = np.cumsum(np.log(arrive * (fixed + each * np.arange(1, 8000)) / np.arange(1, 8000)))
    weight = np.exp(np.concatenate([[0.0], logs]) - logs.max())
    weight /= weight.sum()
    below = np.cumsum(weight)
    mean, elasticity = float(np.arange(len(weight)) @ weight), arrive * each
    largest = float(np.interp(0.99, below, np.arange(len(weight)) + 0.5))
    skewness = (1.0 + elasticity) / np.sqrt(mean * (1.0 - elasticity))
    deviation = batch_spread(np.array([mean]), np.array([elasticity]))[0]
    skewed = mean + float(skewed_p99(skewness)) * deviation
    assert skewed == pytest.approx(largest, rel=0.03)
    assert abs(skewed - largest) < 0.3 * abs(mean + 2.33 * deviation - largest)


def test_one_prompt_in_a_hundred_is_as_long_as_its_distribution_says():
    for spread, quantile in ((0.3, 1.826), (0.5, 2.511)):  # of gamma distributions of mean 1
        assert 1.0 + skewed_p99(2.0 * spread) * spread == pytest.approx(quantile, rel=0.01)


def test_two_servers_wait_as_erlang_says():
    # M/M/2 at load 0.8: P(busy) = 2 rho^2 / (1 + rho) = 0.711, W = 0.711 / (2 (1 - rho)) = 1.778
    assert busy_probability(np.array([0.8]), 2)[0] == pytest.approx(2 * 0.64 / 1.8)
    mean, _, p99 = wait_s(np.array([0.8]), 1.0, 1.0, 2)
    assert mean[0] == pytest.approx(1.778, rel=1e-3)
    assert p99[0] == pytest.approx(np.log(71.1) / 0.4, rel=0.01)


def test_replicas_that_share_arrivals_wait_less():
    waits = [wait_s(np.array([0.7]), 1.0, 0.5, count)[2][0] for count in (1, 2, 4, 18)]
    assert waits == sorted(waits, reverse=True)


def simulated(given, replica, point, seed, count=4000):
    """Medians and 99th percentiles of TPOT and TTFT, and of the gap: requests one by one at the rate of a point."""
    draw = np.random.default_rng(seed)
    request = given.request
    shape = 1.0 / request.length_cv**2
    tokens = np.maximum(1, draw.gamma(shape, request.input_tokens / shape, count)).astype(int)
    arrival = np.cumsum(draw.exponential(1.0 / point.requests_per_s, count))
    service = Service(
        step_model(given, replica, 512),
        1,
        max_sequences_count=512,
        step_tokens_count=given.step_tokens_count,
        chunked=given.chunked_prefill,
    )
    found = replay(requests_of(arrival, tokens, np.full(count, int(request.output_tokens))), service)
    tpot, ttft = found.tpot_s_N[count // 5 :], found.ttft_s_N[count // 5 :]
    share = np.cumsum(found.gap_counts) / found.gap_counts.sum()
    gap_p99_s = found.gap_edges_s[1:][np.searchsorted(share, 0.99)]
    return [np.nanmedian(tpot), np.nanquantile(tpot, 0.99), np.median(ttft), np.quantile(ttft, 0.99), gap_p99_s]


@pytest.mark.parametrize(("chunked", "step_tokens"), [(True, 8192), (True, 1024), (False, 8192)])
@pytest.mark.parametrize(
    ("request_", "replica", "batch"),
    [
        (Request(1155, 211, length_cv=0.5), Replica(4), 48.0),
        (Request(300, 300, length_cv=0.5), Replica(2), 128.0),
        (Request(2000, 200, length_cv=0.5), Replica(8), 48.0),
    ],
)
def test_percentiles_are_those_of_requests_one_by_one(chunked, step_tokens, request_, replica, batch):
    given = replace(inputs_of(request=request_), chunked_prefill=chunked, step_tokens_count=step_tokens)
    point = operating_point(given, replica, batch)
    found = np.mean([simulated(given, replica, point, seed) for seed in range(2)], axis=0)
    assert found[0] == pytest.approx(point.tpot_p50_s, rel=0.1)
    assert found[1] == pytest.approx(point.tpot_p99_s, rel=0.25)
    assert found[2] == pytest.approx(point.ttft_p50_s, rel=0.25)
    assert found[3] == pytest.approx(point.ttft_p99_s, rel=0.3)
    assert found[4] == pytest.approx(point.gap_p99_s, rel=0.4)


def test_chunks_shorten_the_longest_gaps_and_lengthen_the_wait_for_the_first_token():
    given = inputs(input_tokens=4000.0, output_tokens=200.0)
    whole, chunks = (
        operating_point(replace(given, chunked_prefill=on, step_tokens_count=1024), Replica(4), 24.0)
        for on in (False, True)
    )
    assert chunks.gap_p99_s < 0.5 * whole.gap_p99_s
    assert chunks.ttft_p50_s > whole.ttft_p50_s
    assert chunks.output_tokens_per_s == pytest.approx(whole.output_tokens_per_s)


def test_chunks_too_small_for_the_prompts_that_arrive_let_the_queue_grow():
    given = inputs(input_tokens=4000.0, output_tokens=200.0, step_tokens_count=512)
    assert operating_point(given, Replica(4), 64.0).ttft_p50_s > 5.0


def test_answers_of_uneven_length_lengthen_the_context():
    even = inputs(output_tokens=1000.0)
    uneven = replace(even, request=replace(even.request, output_cv=1.0))
    assert uneven.request.mean_context_tokens == 2000.0
    assert (
        operating_point(uneven, Replica(2), 64.0).output_tokens_per_s
        < operating_point(even, Replica(2), 64.0).output_tokens_per_s
    )
