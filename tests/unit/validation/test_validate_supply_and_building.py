"""Supply and construction against what was published, with the promises that the methods pages make."""

from __future__ import annotations

import pytest

from gigawatt.validation import construction, energy
from gigawatt.validation.construction import CAMPUSES, validate_construction
from gigawatt.validation.energy import validate_energy
from gigawatt.validation.engines import ENGINES
from gigawatt.validation.published_rows import read_published


@pytest.fixture(scope="module")
def supply():
    return {row.id: row for row in validate_energy().rows}


def test_every_published_figure_has_a_prediction() -> None:
    assert {figure.id for figure in read_published("energy")} == set(energy.PREDICT)
    rows = {figure.id.rpartition("-")[0] for figure in read_published("construction")}
    assert rows == set(CAMPUSES)


@pytest.mark.parametrize("station", ["abilene", "phoenix", "midland", "columbus", "chicago"])
def test_yields_are_within_three_per_cent_of_pvwatts(supply, station: str) -> None:
    assert abs(supply[f"pvwatts-{station}"].error_pct) < 3.0


def test_the_optimum_on_joined_hours_is_above_the_true_one_by_at_most_a_per_cent(supply) -> None:
    assert 0.0 <= supply["abilene-cost"].error_pct < 1.0


def test_first_powers_and_gigawatts_lie_in_their_bands() -> None:
    rows = [row for row in validate_construction().rows if not row.flag]
    inside = [row.low <= row.measured <= row.high for row in rows]
    assert sum(inside) >= 0.8 * len(rows)
    assert len(rows) >= 15


def test_a_campus_below_a_gigawatt_reaches_none() -> None:
    with pytest.raises(ValueError, match="smaller than a gigawatt"):
        construction.predict("canton-gigawatt")


@pytest.mark.parametrize("name", ["energy", "construction"])
def test_the_engine_keeps_its_bound(name: str) -> None:
    validate, bound = ENGINES[name]
    summary = validate(None, None).summary
    assert summary.median_abs_error_pct <= bound.median_abs_error_pct
    assert summary.p90_abs_error_pct <= bound.p90_abs_error_pct
