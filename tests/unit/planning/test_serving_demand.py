"""Demand over the day and the cost of each kind of token."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gigawatt as gw
from gigawatt.catalogue import load
from gigawatt.errors import InputError
from gigawatt.planning.demand import Region, demand_by_hour, peak_to_mean_of, typical_hours
from gigawatt.planning.figures import Figures
from gigawatt.planning.jobs import serve
from gigawatt.planning.serving import EngineTerms
from gigawatt.planning.token_costs import token_costs

ASKED = {"input_tokens": 1200.0, "output_tokens": 250.0, "ttft_p99_s": 2.0, "tpot_p99_s": 0.05}
MODEL, CHIP = "llama-3.1-70b", "h100-sxm"


@pytest.fixture(scope="module")
def pool():
    return serve(load(), MODEL, CHIP, cached=0.3, **ASKED).pool


def typical():
    return typical_hours(load(), Figures())


def test_the_typical_day_has_a_mean_of_one_and_its_peak_in_the_evening():
    day = typical()
    assert len(day) == 24
    assert sum(day) / 24 == pytest.approx(1.0, abs=0.005)
    assert int(np.argmax(day)) == 20


def test_two_halves_of_the_world_half_a_day_apart_flatten_the_day():
    alone = demand_by_hour(typical())
    both = demand_by_hour(typical(), {"west": Region(0.5, -6.0), "east": Region(0.5, 6.0)})
    assert both.max() < alone.max()
    assert both == pytest.approx(0.5 * (np.roll(alone, 6) + np.roll(alone, -6)))


def test_half_hours_lie_between_their_neighbours():
    day = demand_by_hour(typical(), {"india": Region(1.0, 5.5)})
    whole = demand_by_hour(typical())
    assert day == pytest.approx(0.5 * (np.roll(whole, -5) + np.roll(whole, -6)))


@given(st.lists(st.floats(0.01, 100.0), min_size=24, max_size=24), st.floats(-12.0, 14.0))
@settings(max_examples=25)
def test_moving_users_moves_no_demand(hours, offset):
    assert demand_by_hour(hours, {"one": Region(1.0, offset)}).mean() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("hours", "regions", "words"),
    [
        ([1.0] * 23, None, "23 values"),
        ([0.0] * 24, None, "give 24"),
        ([-1.0] + [1.0] * 23, None, "at least 0"),
        ([1.0] * 24, {"a": Region(0.5, 0.0)}, "sum to 0.5"),
        ([1.0] * 24, {"a": Region(1.0, 25.0)}, "no time zone"),
    ],
)
def test_days_that_cannot_be_are_refused(hours, regions, words):
    with pytest.raises(InputError) as caught:
        demand_by_hour(hours, regions)
    assert words in str(caught.value)


def test_a_pool_is_sized_for_its_busiest_hour_and_frees_the_rest():
    found = serve(load(), MODEL, CHIP, requests_per_s=200.0, hours="typical", **ASKED)
    day = found.day
    assert day is not None
    assert found.sizing == day.installed
    assert day.peak_to_mean == pytest.approx(1.46, abs=0.005)
    assert day.needed_gpus_H.max() == day.installed.gpus_count
    assert day.requests_per_s_H.mean() == pytest.approx(200.0)
    assert day.freed_gpu_hours == pytest.approx(24 * day.installed.gpus_count * (1.0 - day.mean_over_peak_frac))
    # spares and whole replicas make the small hours dearer than their demand
    assert 1.0 / 1.46 <= day.mean_over_peak_frac < 0.8
    flat = serve(load(), MODEL, CHIP, requests_per_s=200.0, hours=[1.0] * 24, **ASKED)
    assert flat.sizing.gpus_count < found.sizing.gpus_count


def test_hours_and_a_peak_contradict_each_other():
    with pytest.raises(InputError):
        serve(load(), MODEL, CHIP, requests_per_s=200.0, hours="typical", peak_to_mean=2.0, **ASKED)
    with pytest.raises(InputError):
        serve(load(), MODEL, CHIP, requests_per_s=200.0, hours="usual", **ASKED)


def test_the_parts_of_a_request_cost_what_the_replica_costs(pool):
    costs = token_costs(pool)
    parts = (costs.input, costs.cached, costs.output)
    assert sum(part.time_frac for part in parts) == pytest.approx(1.0)
    usd = sum(part.tokens * part.usd_per_million for part in parts)
    assert usd / costs.output.tokens == pytest.approx(pool.usd_per_million_output_tokens)
    joules = sum(part.tokens * part.j_per_token for part in parts)
    assert joules / costs.output.tokens == pytest.approx(pool.deployment.j_per_output_token)
    assert [part.tokens for part in parts] == pytest.approx([840.0, 360.0, 250.0])


def test_a_cached_token_is_cheap_and_a_written_one_dear(pool):
    costs = token_costs(pool)
    # vendors sell cached input at a tenth to a half of input, and output at 3 to 8 times input
    assert 0.02 < costs.cached.usd_per_million / costs.input.usd_per_million < 0.5
    assert 2.0 < costs.output.usd_per_million / costs.input.usd_per_million < 12.0


def test_cached_tokens_have_a_cost_where_no_request_has_any():
    costs = token_costs(serve(load(), MODEL, CHIP, **ASKED).pool)
    assert costs.cached.tokens == 0.0
    assert 0.0 < costs.cached.usd_per_million < costs.input.usd_per_million


def test_drafting_tokens_makes_each_cheaper_at_small_batches():
    tight = {**ASKED, "tpot_p99_s": 0.018}
    plain = serve(load(), MODEL, CHIP, gpus=8, **tight).pool
    drafted = serve(load(), MODEL, CHIP, gpus=8, terms=EngineTerms(draft_tokens=3, acceptance_frac=0.8), **tight).pool
    assert drafted.usd_per_million_output_tokens < plain.usd_per_million_output_tokens
    assert math.isfinite(token_costs(drafted).output.usd_per_million)


POOL = (
    "workloads=[{{serve: llama-3.1-70b, on: gb200-nvl72, start: 2026-01, "
    "demand: {{users: 20 M, messages: 5 per user-day, input: 1000, output: 300{day}}}}}]"
)
TWO_REGIONS = ", hours: typical, regions: [{region: west, share: 50 %, utc_offset: -6}, " + (
    "{region: east, share: 50 %, utc_offset: 6}]"
)


def demand_of(day):
    return gw.load("coreweave-2025", [POOL.format(day=day)]).scenario.workloads[0].demand


def test_a_scenarios_peak_is_as_written_or_by_default_or_from_its_hours():
    catalogue = load()
    given = {
        "": 1.6,  # the catalogue's default
        ", peak_to_mean: 2.5": 2.5,
        ", hours: typical": 1.46,
        f", hours: {[1] * 24}": 1.0,
        f", hours: {[1] * 12 + [3] * 12}": 1.5,
    }
    for day, peak in given.items():
        found = peak_to_mean_of(demand_of(day), "workloads.0", catalogue, Figures())
        assert found == pytest.approx(peak, abs=0.005), day
    both = demand_by_hour(typical(), {"west": Region(0.5, -6.0), "east": Region(0.5, 6.0)}).max()
    assert peak_to_mean_of(demand_of(TWO_REGIONS), "workloads.0", catalogue, Figures()) == pytest.approx(both)


def test_a_plan_needs_fewer_accelerators_for_users_in_two_regions():
    needed = [
        gw.plan("coreweave-2025", [POOL.format(day=day)], draws_count=0).tables["demand"].gpus_needed.max()
        for day in (", hours: typical", TWO_REGIONS)
    ]
    assert needed[1] < needed[0]
    apart = {"west": Region(0.5, -6.0), "east": Region(0.5, 6.0)}
    peaks = demand_by_hour(typical(), apart).max() / demand_by_hour(typical()).max()
    assert needed[1] / needed[0] == pytest.approx(peaks, rel=0.05)
