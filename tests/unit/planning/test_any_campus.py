"""Any site of the catalogue from the day of clearing, the power path and the number of buildings alone."""

from __future__ import annotations

import pytest

from gigawatt.catalogue import load
from gigawatt.engines.construction import POWER_PATHS
from gigawatt.planning.facility.build import Build, site_build

FACTS = load()
LEAST_MW = 20.0
SECURED = ("grid-existing", "onsite-gas-reserved", "mobile-gas", "reciprocating")


def built(site: str, path: str, buildings: str = "8") -> Build:
    entry = FACTS.sites[site]
    known = [quantity.value for quantity in entry.facility_mw.values()]
    mw = max([*known, entry.planned_mw.value if entry.planned_mw else 0.0, LEAST_MW])
    return site_build(FACTS, entry, mw, mw / 1.2, 1e6, cleared="2025-06", path=path, buildings=buildings)


@pytest.mark.parametrize("site", sorted(FACTS.sites))
def test_a_campus_has_an_ordered_band_of_months_to_a_few_years(site: str) -> None:
    build = built(site, "grid-new")
    first, whole = build.schedule.first_power.band, build.schedule.complete.band
    assert 180.0 < first.p10_days < first.p50_days < first.p90_days < 5.5 * 365.0
    assert first.p90_days < 4.0 * first.p10_days
    assert first.p50_days <= whole.p50_days
    assert sum(build.building_mw) == pytest.approx(sum(each.mw or 0.0 for each in build.power))


@pytest.mark.parametrize("buildings", ["1", "8"])
def test_power_that_is_secured_comes_before_power_that_is_queued_for(buildings: str) -> None:
    assert {*SECURED, "grid-new", "onsite-gas"} == set(POWER_PATHS)
    days = {path: built("helios-tx", path, buildings).schedule.first_power.band.p50_days for path in POWER_PATHS}
    assert max(days[path] for path in SECURED) < days["grid-new"] < days["onsite-gas"]


def test_more_power_on_the_same_path_takes_longer_to_complete() -> None:
    days = [built(site, "onsite-gas-reserved").schedule.complete.band.p50_days
            for site in ("generic-us-20mw", "helios-tx", "stargate-abilene", "hyperion-la")]  # fmt: skip
    assert days == sorted(days)
