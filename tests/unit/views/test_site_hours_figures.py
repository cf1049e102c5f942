"""Hours of a plan's sites: every cell once, shares of the design day, a supply that adds up, nothing without hours."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from gigawatt.views.figures import draw
from gigawatt.views.figures.hours import HOURS, LEVELS_COUNT, WEEKS, by_hour_of_week, levels, stack_of, weekly
from gigawatt.views.figures.site_hours import ROW_PX
from tests.unit.views.sample import sample_plan

PLAN = sample_plan()
NAMES = ("pue-hours", "load-duration", "site-supply")


@pytest.mark.parametrize("width", [358.0, 544.0])
def test_the_carpets_cover_each_week_and_hour_of_each_site_once(width: float) -> None:
    drawn = draw(PLAN, "pue-hours", width)
    assert drawn is not None
    heights = [float(value) for value in re.findall(r"h[\d.]+v([\d.]+)H", drawn.body)]
    assert sum(heights) == pytest.approx(len(PLAN.site_years) * WEEKS * HOURS * ROW_PX)
    assert len(drawn.svg) < 16_000 * len(PLAN.site_years)
    worst = max(PLAN.site_years, key=lambda year: float(year.pue_H.max()))
    assert f"{worst.name}: {worst.pue_H.max():.3f} in its worst hour" in drawn.title


def test_levels_reach_from_the_lowest_to_the_highest_value() -> None:
    values = np.linspace(1.05, 1.15, 50)
    found = levels(values, 1.05, 0.10)
    assert (found[0], found[-1]) == (0, LEVELS_COUNT - 1)
    assert np.all(np.diff(found) >= 0)
    assert np.all(levels(values, 1.2, 0.1) == 0)


def test_means_by_week_keep_the_energy_of_52_weeks() -> None:
    values = np.random.default_rng(7).uniform(1.0, 2.0, 8760)
    assert weekly(values).sum() * 168 == pytest.approx(values[:8736].sum())
    assert by_hour_of_week(values).sum() * 7 == pytest.approx(values[:8736].sum())
    assert by_hour_of_week(np.arange(8760.0) % 24)[5, 17] == 17.0


def test_a_supply_is_stacked_up_to_what_it_serves() -> None:
    first = PLAN.site_years[0]
    parts = stack_of(dict(first.supply_w_H), float(first.facility_w_H.sum()))
    assert list(parts) == ["solar-tracking", "grid"]
    np.testing.assert_array_less(weekly(first.facility_w_H) * (1.0 - 1e-12), sum(parts.values()))
    drawn = draw(PLAN, "site-supply")
    assert drawn is not None
    assert "serves" in drawn.title


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_without_hours_draws_none(name: str) -> None:
    assert draw(dataclasses.replace(PLAN, site_years=()), name) is None
    grid = tuple(dataclasses.replace(year, supply_w_H={}) for year in PLAN.site_years)
    assert (draw(dataclasses.replace(PLAN, site_years=grid), name) is None) == (name == "site-supply")
