"""One site in full: what adds up, what bounds what, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.errors import CatalogueError, InputError
from gigawatt.planning.facility import FacilityAnswer, facility
from gigawatt.planning.facility.bridging import months_until
from gigawatt.planning.facility.build import read_buildings, read_paths
from gigawatt.planning.facility.record import facility_record, hours_columns
from gigawatt.planning.facility.supply import SupplyAsk, ask_of

FACTS = load()
OWN = """
name: Mine
latitude: 33.6
longitude: -84.4
weather: atlanta_ga
grid: SOCO
planned_mw: 500 MW
plant: {like: meta-liquid-dry, liquid_supply_c: 30 C}
tariff: {like: us-industrial-average, energy_usd_per_mwh: 62 USD/MWh}
"""


@pytest.fixture(scope="module")
def hyperion() -> FacilityAnswer:
    return facility(FACTS, "hyperion-la")


@pytest.fixture(scope="module")
def supplied() -> FacilityAnswer:
    ask = SupplyAsk(grid_w=60e6, carbon_free_frac=0.6, steps_count=300)
    return facility(FACTS, "stargate-abilene", it_mw=100.0, load="mixed", supply=ask, bridge="30")


def test_the_stages_lose_what_the_year_loses(hyperion: FacilityAnswer) -> None:
    lost = sum(row.energy_mwh for row in hyperion.stages if row.part != "rack")
    assert lost == pytest.approx(hyperion.year.energy_mwh["losses"], rel=1e-9)
    inside = [row for row in hyperion.stages if row.part == "rack"]
    assert inside
    assert sum(row.energy_mwh for row in inside) < 0.2 * hyperion.year.energy_mwh["it"]


def test_energy_adds_up_and_the_meter_is_what_the_site_has(hyperion: FacilityAnswer) -> None:
    energy = hyperion.year.energy_mwh
    assert energy["total"] == pytest.approx(energy["it"] + energy["cooling"] + energy["losses"], rel=1e-12)
    assert hyperion.facility_w == 2262e6  # the catalogue's schedule
    assert hyperion.day.facility_w == pytest.approx(2262e6, rel=1e-9)
    assert hyperion.year.peak_w < hyperion.day.facility_w  # training draws 80 % of nameplates
    months = facility_record(hyperion)["by_month"]
    assert sum(month["total_mwh"] for month in months) == pytest.approx(energy["total"], rel=1e-9)


def test_accelerators_at_nameplate_fill_the_it_rating(hyperion: FacilityAnswer) -> None:
    gpus = hyperion.gpus
    assert gpus.fit_count["nameplate"] * gpus.system_w == pytest.approx(hyperion.it_rated_w, rel=1e-5)
    assert gpus.fit_count["nameplate"] < gpus.fit_count["most drawn"] < gpus.fit_count["mean"]
    # 1.3 million in 2 GW leave 1,538 W each: Blackwell at nameplate does not
    assert gpus.by_load["nameplate"].total_w > 1538.0


def test_land_is_that_of_the_announcement(hyperion: FacilityAnswer) -> None:
    assert hyperion.land.site_km2 == pytest.approx(9.105, abs=0.01)  # 2,250 acres
    assert hyperion.land.share_of_manhattan_pct == pytest.approx(16.6, abs=0.1)


def test_so_many_accelerators_need_their_watts() -> None:
    answer = facility(FACTS, "prometheus-oh", accelerator="gb200-nvl72", gpus=83_000, power_cap_w=960.0)
    # Meta provides 150 MW for 83,000 of them (1,807 W each); the whole of the nameplate on a design day asks for more
    assert 1807.0 < answer.facility_w / 83_000 < 2200.0
    assert answer.it_rated_w == pytest.approx(83_000 * answer.gpus.system_w)
    with pytest.raises(InputError, match="below"):
        facility(FACTS, "prometheus-oh", power_cap_w=100.0)


def test_a_month_gives_the_power_of_that_month() -> None:
    assert facility(FACTS, "stargate-abilene", month="2025-07").facility_w == 147e6
    with pytest.raises(InputError, match="no power by 2024-06"):
        facility(FACTS, "stargate-abilene", month="2024-06")


def test_spare_units_raise_the_pue() -> None:
    alone, twice = (facility(FACTS, "goodnight-tx", plant="refit-liquid", redundancy=name) for name in ("N", "2N"))
    assert twice.year.pue_mean > alone.year.pue_mean
    assert {row.redundancy for row in twice.stages if row.part == "it"} == {"2N"}


def test_serving_swings_by_the_hour_and_training_by_the_second() -> None:
    serving = facility(FACTS, "prometheus-oh", load="serving")
    assert serving.swing is None
    assert np.ptp(serving.year.it_w_H) > 0.1 * serving.it_rated_w
    training = facility(FACTS, "prometheus-oh", ramp_w_per_s=50e6 / 60.0)
    wave = training.swing.wave
    assert wave.mean_w == pytest.approx(0.8 * training.it_rated_w)
    battery = next(remedy for remedy in training.swing.remedies if remedy.name == "battery")
    assert battery.keeps_limit
    assert battery.keeps_stop
    left = [each.swing_w for each in training.swing.smoothed]
    assert left == sorted(left, reverse=True)


def test_build_schedule_of_the_catalogue(hyperion: FacilityAnswer) -> None:
    build = hyperion.build
    assert len(build.building_mw) == 9
    # the utility's first units are due late in 2028
    early, _, late = build.dates(build.schedule.first_power.band)
    assert early < "2028-12" < late
    assert sum(build.cost_usd.values()) == pytest.approx(27e9, rel=0.15)  # the joint venture's budget
    assert facility(FACTS, "colossus-1").build is None


def test_own_site_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN)
    answer = facility(FACTS, str(path))
    assert answer.case.entry.name == "Mine"
    assert answer.design.liquid_supply_c == 30.0
    assert answer.facility_w == 500e6
    assert answer.cost.energy_usd == pytest.approx(answer.year.energy_mwh["total"] * 62.0)
    assert answer.build is not None


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("liquid_supply_c", "liquid_suply_c", "plant.liquid_suply_c: is no field. Nearest: liquid_supply_c"),
        ("latitude: 33.6\n", "", "a site needs latitude"),
        ("500 MW", "500 kg", "planned_mw"),
        ("like: meta", "like: mata", "Nearest: meta-liquid-dry"),
        ("{like: meta-liquid-dry, liquid_supply_c: 30 C}", "[1]", "like: ID"),
        ("name: Mine", "name: [", "cannot be read as YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(tmp_path: Path, before: str, after: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN.replace(before, after))
    with pytest.raises((InputError, CatalogueError)) as refused:
        facility(FACTS, str(path))
    assert said in str(refused.value)


def test_an_unknown_site_is_refused_with_the_nearest() -> None:
    with pytest.raises(CatalogueError, match="Nearest: hyperion-la"):
        facility(FACTS, "hyperio-la")


@pytest.mark.parametrize("load_text", ["trainin", "0", "1.2", "-1"])
def test_a_load_that_is_none_is_refused(load_text: str) -> None:
    with pytest.raises(InputError, match="load"):
        facility(FACTS, "generic-1mw", load=load_text)


def test_a_supply_serves_every_hour(supplied: FacilityAnswer) -> None:
    result = supplied.supply.result
    sources = sum(result.output_w_H.values()) + result.import_w_H + result.unserved_w_H
    demand = supplied.year.facility_w_H + sum(result.charge_w_H.values())
    assert np.max(np.abs(sources - demand)) < 1e-6 * supplied.year.peak_w
    assert supplied.carbon.carbon_free_frac >= 0.6 - 1e-6
    assert result.import_w_H.max() <= 60e6 * (1.0 + 1e-9)
    columns = hours_columns(supplied)
    assert {len(values) for values in columns.values()} == {8760}
    assert "solar_tracking_mw" in columns


def test_rented_power_carries_what_the_grid_does_not_yet(supplied: FacilityAnswer) -> None:
    found = supplied.bridging
    unmet = found.result.unmet_w_M
    assert found.months[30] == found.grid_month
    assert not unmet[30:].any()
    assert not found.result.units_M[30:].any()
    assert found.result.nameplate_w_M.max() > found.demand_w_M[:30].max()  # spare units and warm air


def test_a_supply_file_says_kinds_and_powers() -> None:
    ask = ask_of(
        {"solar-tracking": "0..2 GW", "battery-4h": "any", "gas-engine": "200 MW", "grid": "300 MW"}, FACTS, "x"
    )
    assert ask.parts_w["solar-tracking"] == (0.0, 2e9)
    assert ask.parts_w["battery-4h"] == (0.0, float("inf"))
    assert ask.parts_w["gas-engine"] == (200e6, 200e6)
    assert ask.grid_w == 300e6
    with pytest.raises(InputError) as refused:
        ask_of({"solar": "1 GW", "battery-4h": "4 h"}, FACTS, "mine.yaml")
    assert "Nearest: solar" in str(refused.value)
    assert "battery-4h" in str(refused.value)


def test_words_of_the_build_schedule() -> None:
    assert read_buildings("8", 800.0) == (100.0,) * 8
    assert [power.mw for power in read_paths("mobile-gas 150 MW, grid-new")] == [150.0, None]
    assert months_until("2028-12", ("2026-12", "2027-01")) == 24
    for text in ("many", "0", "999"):
        with pytest.raises(InputError, match="building"):
            read_buildings(text, 800.0)
    with pytest.raises(InputError, match="clearing is not known"):
        months_until("2028-12", ("1", "2"))
