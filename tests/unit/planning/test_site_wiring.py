"""Sites in a plan: power by a build schedule, price by a supply, hourly load by the work."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.construction import POWER_PATHS
from gigawatt.engines.facility import hourly_work_w
from gigawatt.engines.facility.stages import REDUNDANCY
from gigawatt.planning.figures import Figures
from gigawatt.planning.outcome import carry, prepare, with_loads
from gigawatt.planning.site_years import site_years
from gigawatt.planning.study.studied import Drawn
from gigawatt.planning.wiring.site_build import (
    LATER_MONTHS,
    QUANTILES,
    built_w,
    drawn_w,
    energised,
    first_power,
    power_steps,
)
from gigawatt.planning.wiring.site_load import site_work
from gigawatt.planning.wiring.sites import site_plans
from gigawatt.records import Month, TimeAxis
from gigawatt.scenario.buildout import PowerPath, SiteUse, Spares, read_buildings
from gigawatt.scenario.read import read
from gigawatt.scenario.resolve import Resolved, resolve

AXIS = TimeAxis(Month(2025, 1), Month(2028, 12))
MONTHS = AXIS.months_count + LATER_MONTHS
USE = SiteUse.model_validate(
    {"site": "helios-tx", "cleared": "2025-06", "path": "onsite-gas-reserved", "buildings": "4 x 250 MW"}
)
ENTRY = load().sites["helios-tx"]


def test_the_names_of_the_scenario_are_those_of_the_engines() -> None:
    assert set(get_args(PowerPath)) == set(POWER_PATHS)
    assert set(get_args(Spares)) == set(REDUNDANCY)


def test_a_build_schedule_rises_with_quantile_and_month_and_reaches_the_campus() -> None:
    power_w_QX = built_w(USE, ENTRY, AXIS, MONTHS, load())
    assert power_w_QX is not None
    assert power_w_QX.shape == (len(QUANTILES), MONTHS)
    assert np.all(np.diff(power_w_QX, axis=0) >= 0.0)
    assert np.all(np.diff(power_w_QX, axis=1) >= -1e-6)
    assert power_w_QX[:, -1] == pytest.approx(1e9)
    assert not power_w_QX[:, : AXIS.position(Month(2025, 9))].any()


def test_first_power_is_that_of_the_construction_engine() -> None:
    # reserved turbines and eight buildings of Abilene: 360, 476 and 632 days (docs/methods/construction.md)
    power_w_QX = built_w(USE, ENTRY, AXIS, MONTHS, load())
    early, middle, late = (Month.parse(month) for month in first_power(power_w_QX, AXIS))
    days = [(month.index - Month(2025, 6).index) * 30.44 for month in (early, middle, late)]
    assert days == pytest.approx([360.0, 476.0, 632.0], abs=45.0)


def test_a_draw_takes_one_quantile_for_all_months() -> None:
    power_w_QX = built_w(USE, ENTRY, AXIS, MONTHS, load())
    slow, middle, fast = (
        drawn_w(USE, power_w_QX, Drawn({"sites.helios-tx.build": share})) for share in (0.0, 0.5, 1.0)
    )
    assert np.all(slow <= middle)
    assert np.all(middle <= fast)
    assert slow.sum() < fast.sum()
    power_w, building_w = energised(USE, (), AXIS, Figures(), power_w_QX)
    assert power_w == pytest.approx(middle)
    assert building_w == pytest.approx(middle)


def test_a_delay_moves_the_power_to_come_and_not_what_the_buildings_cost() -> None:
    power = {"2024-06": "10 MW", "2025-03": "50 MW", "2025-09": "80 MW"}
    use = SiteUse.model_validate({"site": "helios-tx", "power": power, "delay": "2 months"})
    steps = power_steps(use, ENTRY, AXIS)
    assert [step.month for step in steps] == [-7, 2, 8]
    power_w, building_w = energised(use, steps, AXIS, Figures())
    assert (building_w[[0, 1, 2, 7, 8, -1]] / 1e6).tolist() == [10.0, 10.0, 50.0, 50.0, 80.0, 80.0]
    assert (power_w[[0, 3, 4, 9, 10, -1]] / 1e6).tolist() == [10.0, 10.0, 50.0, 50.0, 80.0, 80.0]
    dearer, _ = energised(use, steps, AXIS, Drawn({"sites.helios-tx.power.2025-03": 60e6, "sites.helios-tx.delay": 0}))
    assert (dearer[[1, 2, 8]] / 1e6).tolist() == [10.0, 60.0, 80.0]


def test_a_site_with_a_schedule_keeps_it() -> None:
    assert built_w(SiteUse(site="helios-tx"), ENTRY, AXIS, MONTHS, load()) is None


@pytest.mark.parametrize(("text", "found"), [("4 x 250 MW", (4, 250e6)), ("2×1.5 GW", (2, 1.5e9))])
def test_buildings_are_a_number_and_a_power(text: str, found: tuple[int, float]) -> None:
    assert read_buildings(text) == found


@pytest.mark.parametrize("text", ["four", "0 x 250 MW", "4 x 0 MW", "4 x 250 kg", "250 MW"])
def test_buildings_without_a_number_or_a_power_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"buildings|kg|MW"):
        read_buildings(text)


def _scenario(site: str) -> str:
    return f"""
scenario: own
title: A campus
as_of: 2025-06-01
horizon: {{start: 2025-06, end: 2027-06}}
budget:
  - {{start: 2025-06, end: 2026-12, capex: 50 B USD}}
sites:
  - {site}
purchases:
  offer:
    - {{accelerator: gb200-nvl72, supply: 60 k/month}}
workloads:
  - {{reserve: 60 %}}
"""


def _resolved(tmp_path: Path, site: str) -> Resolved:
    path = tmp_path / "own.yaml"
    path.write_text(_scenario(site))
    return resolve(read(str(path)))


def test_a_supply_sets_price_and_carbon(tmp_path: Path) -> None:
    # nothing but a plant of given size that burns no fuel, and a contract of any size: the dispatch is known
    fixed = _resolved(tmp_path, "{site: stargate-abilene, supply: {solar-tracking: 500 MW, grid: any}}")
    plain = _resolved(tmp_path, "{site: stargate-abilene}")
    sites = [prepare(found.scenario, found.catalogue, Figures()).sites[0] for found in (fixed, plain)]
    with_sun, from_grid = sites
    assert with_sun.carbon_kg_per_mwh < from_grid.carbon_kg_per_mwh
    # 500 MW of trackers at Abilene make 1.2 TWh of some 16 TWh a year
    saved = 1.0 - with_sun.carbon_kg_per_mwh / 347.0
    assert 0.04 < saved < 0.12
    assert with_sun.electricity_usd_per_mwh == pytest.approx(from_grid.electricity_usd_per_mwh, rel=0.1)
    # the hours that the views draw are those of the dispatch and of the year
    shown, plain_year = site_years(sites, np.ones(2))
    assert site_years(sites, np.zeros(2)) == ()  # a site without accelerators has no hours to show
    assert set(shown.supply_w_H) == {"solar-tracking", "grid"}
    assert shown.demand_w_H is not None
    np.testing.assert_allclose(sum(shown.supply_w_H.values()), shown.demand_w_H, rtol=1e-6)
    assert shown.pue_H is with_sun.year.pue_H
    assert plain_year.supply_w_H == {}


def test_spare_units_cost_losses(tmp_path: Path) -> None:
    found = [_resolved(tmp_path, f"{{site: goodnight-tx{more}}}") for more in ("", ", redundancy: 2N")]
    losses = [site_plans(each.scenario, each.catalogue, 0.8, Figures())[0].losses_ratio_M.mean() for each in found]
    assert losses[1] != losses[0]


def test_the_load_of_a_year_is_the_mean_of_the_plan(tmp_path: Path) -> None:
    found = _resolved(tmp_path, "{site: stargate-abilene}")
    figures = Figures()
    prepared = prepare(found.scenario, found.catalogue, figures)
    outcome = carry(prepared, figures)
    work = site_work(0, outcome.inputs, outcome.built, outcome.allocation, outcome.operations, 0.8, 0.27)
    assert work is not None
    rated = (outcome.built.online_count_SKT[0] * outcome.inputs.system_w_K[:, None]).sum()
    mean = outcome.operations.it_w_ST[0].sum() / rated
    assert hourly_work_w(1.0, work).mean() == pytest.approx(mean, rel=1e-6)
    again = with_loads(prepared, outcome, figures).sites[0]
    assert again.pue_p99 == prepared.sites[0].pue_p99  # what sizes the site is a site that trains
    assert again.year.it_w_H.mean() < prepared.sites[0].year.it_w_H.mean()
    shaped = _resolved(tmp_path, "{site: stargate-abilene, load: serving}")
    prepared = prepare(shaped.scenario, shaped.catalogue, figures)
    served = with_loads(prepared, carry(prepared, figures), figures).sites[0].year.it_w_H
    assert served.max() > 1.05 * served.mean()
