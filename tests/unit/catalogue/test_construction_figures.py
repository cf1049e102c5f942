"""Every lead time the engine may ask for is there, whichever path and kind of building."""

from __future__ import annotations

import pytest

from gigawatt.catalogue import load
from gigawatt.engines.construction import BUILDING_STAGES, POWER_PATHS, required_leads
from gigawatt.engines.construction.paths import SITE_STAGES

CATALOGUE = load()


@pytest.mark.parametrize("name", sorted(CATALOGUE.construction))
def test_an_entry_is_whole(name: str) -> None:
    entry = CATALOGUE.construction[name]
    asked = set(SITE_STAGES).union(*(required_leads(kind, tuple(POWER_PATHS)) for kind in BUILDING_STAGES))
    assert set(entry.lead_days) == asked
    assert set(entry.power_block_mw) == set(entry.head_start_days) == set(POWER_PATHS)
    trades = {stage for stages in BUILDING_STAGES.values() for stage in stages}
    assert set(entry.crew_per_100_mw_count) == trades
    assert sum(figure.value for figure in entry.cost_share_frac.values()) == pytest.approx(1.0)


def test_quoted_lead_times_are_those_quoted() -> None:
    leads = CATALOGUE.construction["us-2025"].lead_days
    weeks = {name: leads[name].value / 7 for name in ("switchgear", "generators", "chillers", "ups", "hv-transformer")}
    spans = {"switchgear": (46, 48), "generators": (30, 38), "chillers": (30, 40), "ups": (24, 36)}
    for name, (low, high) in spans.items():
        assert low <= weeks[name] <= high
    assert weeks["hv-transformer"] == pytest.approx(150.0)
    months = 30.4375
    assert 36 * months <= leads["turbine-order"].value <= leads["turbine-order"].high == pytest.approx(84 * months)
    assert 12 * months <= leads["reciprocating-order"].value <= leads["reciprocating-order"].high


def test_the_cost_per_critical_watt_agrees_with_that_per_facility_watt() -> None:
    # per facility watt: 8 % for AI halls, 1.15 for what the builder leaves out, over a peak PUE of 1.15
    builder = CATALOGUE.construction["us-2025"].construction_usd_per_w.value
    facility = CATALOGUE.costs["us-2025"].construction_usd_per_w
    assert facility.low <= builder * 1.08 * 1.15 / 1.15 <= facility.high
