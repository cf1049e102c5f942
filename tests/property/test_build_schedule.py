"""Order, limits and monotonicity of the build schedule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.construction import (
    CampusInputs,
    Draws,
    Lead,
    PowerSource,
    criticality_of,
    forward,
    latest_starts,
    reach_days,
    required_leads,
    simulate,
    watts_by_month,
)
from gigawatt.engines.construction.network import link_bound
from gigawatt.engines.construction.paths import POWER_PATHS


@st.composite
def campuses(draw: st.DrawFn, crew: bool = True) -> CampusInputs:
    """Draw a campus in which anything may bind."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["new", "retrofit"]))
    paths = draw(st.lists(st.sampled_from(sorted(POWER_PATHS)), min_size=1, max_size=2, unique=True))
    building_w = rng.uniform(2e7, 3e8, draw(st.integers(1, 5)))
    total_w = float(building_w.sum())
    names = sorted(required_leads(kind, tuple(paths)))
    p50_days = rng.uniform(1.0, 300.0, len(names))
    return CampusInputs(
        building_w_K=building_w,
        building_kind=kind,
        power=tuple(
            PowerSource(path, total_w / len(paths), total_w / draw(st.integers(1, 4)), rng.uniform(0.0, 300.0))
            for path in paths
        ),
        leads={
            name: Lead(days, days * spread)
            for name, days, spread in zip(names, p50_days, rng.uniform(1.0, 2.0, len(names)), strict=True)
        },
        overlap_frac=draw(st.sampled_from([0.0, 0.4])),
        start_interval=Lead(30.0, 50.0),
        interval_building_w=1e8,
        equipment_head_start_days=100.0,
        crew_per_100_mw_count={name: rng.uniform(0.0, 400.0) for name in names} if crew else {},
        crew_cap_count=draw(st.sampled_from([300.0, 1500.0, np.inf])),
        rack_w=1.5e5,
        racks_per_day=Lead(30.0, 20.0),
        site_correlation_frac=draw(st.sampled_from([0.0, 0.5])),
    )


def built(inputs: CampusInputs, draws_count: int = 30) -> Draws:
    return simulate(inputs, draws_count, np.random.default_rng(5))


@settings(max_examples=25)
@given(campuses())
def test_nothing_starts_before_what_it_needs(inputs: CampusInputs) -> None:
    draws = built(inputs)
    duration = draws.finish_AN - draws.start_AN
    assert np.all(duration > 0.0)
    for position, (activity, links) in enumerate(zip(draws.network.activities, draws.network.before, strict=True)):
        assert np.all(draws.start_AN[position] >= activity.release_days)
        for earlier, overlap_frac in links:
            bound = link_bound(draws.start_AN[earlier], duration[earlier], overlap_frac, duration[position])
            assert np.all(draws.start_AN[position] >= bound - 1e-9)


@settings(max_examples=25)
@given(campuses(crew=False))
def test_the_chain_that_decides_has_no_float(inputs: CampusInputs) -> None:
    draws = built(inputs)
    duration = draws.finish_AN - draws.start_AN
    np.testing.assert_allclose(forward(draws.network, duration), draws.start_AN)
    end = draws.finish_AN.max(axis=0)
    total_float = latest_starts(draws.network, duration, end) - draws.start_AN
    assert np.all(total_float >= -1e-6)
    critical = criticality_of(draws, draws.finish_AN.argmax(axis=0))
    # from the end backwards, what could not start earlier is what has no float
    np.testing.assert_array_equal(critical, total_float <= 1e-6)


@settings(max_examples=20)
@given(campuses())
def test_more_watts_are_never_earlier_and_agree_with_the_months(inputs: CampusInputs) -> None:
    draws = built(inputs)
    levels = np.linspace(0.0, float(inputs.building_w_K.sum()), 9)[1:]
    days = np.array([reach_days(draws, level) for level in levels.tolist()])
    assert np.all(np.diff(days, axis=0) >= -1e-9)
    month_ends = np.linspace(-50.0, float(days.max()) + 1.0, 25)
    energised = watts_by_month(draws, month_ends)["energised"]
    np.testing.assert_allclose(energised[:, -1], inputs.building_w_K.sum())
    for level, day in zip(levels.tolist(), days, strict=True):
        clear = np.abs(month_ends - day[:, None]) > 1e-6  # a month that ends on the day itself may fall either way
        there = energised >= level * (1.0 - 1e-9)
        assert np.all((there == (day[:, None] <= month_ends))[clear])


@settings(max_examples=20)
@given(campuses(crew=False), st.data())
def test_a_longer_lead_time_never_brings_power_earlier(inputs: CampusInputs, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(inputs.leads)))
    lead = inputs.leads[name]
    longer = replace(inputs, leads={**inputs.leads, name: Lead(lead.p50_days * 1.5, lead.p90_days * 1.5)})
    total_w = float(inputs.building_w_K.sum())
    assert np.all(reach_days(built(longer), total_w) >= reach_days(built(inputs), total_w) - 1e-9)


@settings(max_examples=20)
@given(campuses())
def test_too_few_people_never_bring_a_campus_earlier(inputs: CampusInputs) -> None:
    total_w = float(inputs.building_w_K.sum())
    free = replace(inputs, crew_cap_count=np.inf)
    assert np.all(reach_days(built(inputs), total_w) >= reach_days(built(free), total_w) - 1e-9)
