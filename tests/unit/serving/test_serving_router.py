"""Routers written as text: the built-in rules in its words, and rules that nobody built in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_serving_simulator import plain_model, poisson, requests_of

from gigawatt.engines.policy import compile_policy
from gigawatt.engines.serving.simulator import Service, replay
from gigawatt.engines.serving.simulator.routers import BUILT_IN, FEATURES
from gigawatt.engines.serving.simulator.types import ROUTINGS
from gigawatt.errors import InputError


def talks(count: int = 2000) -> object:
    """Conversations that grow: many prompts begin with what was said before."""
    draw = np.random.default_rng(1)
    turn = np.zeros(40, dtype=int)
    blocks = []
    for talk in draw.integers(0, 40, count):
        turn[talk] += 1
        blocks.append([int(talk) * 100 + place for place in range(min(turn[talk], 12))])
    return requests_of(poisson(count, 8.0, 3), [512 * len(one) for one in blocks], draw.integers(1, 200, count), blocks)


SERVICE = Service(plain_model(0.01, 2e-5, 200_000.0), 4, prefix_cache_tokens=512 * 100, max_sequences_count=32)


def routed(text: str):
    return replay(talks(), replace(SERVICE, router=compile_policy(text, FEATURES)))


@pytest.mark.parametrize("name", ROUTINGS)
def test_built_in_rules_are_the_same_when_written(name):
    built_in, written = replay(talks(), replace(SERVICE, routing=name)), routed(BUILT_IN[name])
    assert np.array_equal(built_in.replica_N, written.replica_N)
    assert np.array_equal(built_in.finish_s_N, written.finish_s_N)
    assert written.energy_j == built_in.energy_j
    assert written.router_faults == 0


def test_pools_apart_route_prompts_by_what_is_written():
    model = plain_model(0.01, 2e-5, 200_000.0)
    apart = replace(SERVICE, prompt_model=model, decode_replicas_count=2)
    written = replace(apart, router=compile_policy(BUILT_IN["prefix-aware"], FEATURES))
    found, expected = replay(talks(), written), replay(talks(), replace(apart, routing="prefix-aware"))
    assert np.array_equal(found.finish_s_N, expected.finish_s_N)


def test_every_feature_can_be_read_and_is_in_its_range():
    plain = routed("0")  # of equal scores the first replica
    assert set(plain.replica_N.tolist()) == {0}
    for feature in FEATURES.rows:
        inside = f"{feature.least} <= {feature.name} <= {feature.most}"
        # a value out of its range would send the request to another replica than the first
        assert set(routed(f"0 if {inside} else -turns_to_wait - 1").replica_N.tolist()) == {0}, feature.name


def test_a_written_rule_may_do_better_than_those_that_are_built_in():
    text = """
def router(unread_tokens, prefix_hit_tokens, input_tokens, outstanding_requests, kv_free_frac):
    # hits count, unless the replica is full or much busier
    if kv_free_frac < 0.02:
        return -1e9 - outstanding_requests
    return prefix_hit_tokens - 0.5 * unread_tokens - 200 * outstanding_requests
"""
    found = routed(text)
    assert np.isfinite(found.finish_s_N).all()
    assert found.hit_tokens_N.sum() > replay(talks(), replace(SERVICE, routing="least-loaded")).hit_tokens_N.sum()


def test_a_score_without_a_value_is_counted_and_counts_as_nothing():
    found = routed("1 / (running_sequences - running_sequences)")
    assert found.router_faults > 0
    assert set(found.replica_N.tolist()) == {0}


def test_what_is_no_feature_is_refused():
    with pytest.raises(InputError, match="running_sequences"):
        compile_policy("-queue_length", FEATURES)
