"""The published figures that the facility engine must meet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.facility.psychrometrics import dew_point_from_humidity_c
from gigawatt.errors import InputError
from gigawatt.validation.facility import (
    META_STATIONS,
    NOT_CONTIGUOUS,
    PREDICT,
    Stations,
    map_agreement,
    map_rows,
    validate_facility,
)
from gigawatt.validation.published_rows import read_published

WHOLE_MAP = Path(__file__).parents[4] / "shared" / "validation" / "lbnl_microgrid_lcoe_pue_50k_gpu.csv.gz"


@pytest.fixture(scope="module")
def stations():
    return Stations(load())


@pytest.fixture(scope="module")
def validation():
    return validate_facility()


@pytest.fixture(scope="module")
def rows(stations):
    return map_rows(stations=stations)


def check_agreement(agreement):
    assert agreement.cells_count >= 15
    assert agreement.max_error <= 0.03
    assert agreement.within_frac >= 0.90
    assert agreement.rank_correlation >= 0.90


def test_map_cells_that_ship_are_met(rows):
    check_agreement(map_agreement(rows))


@pytest.mark.skipif(not WHOLE_MAP.exists(), reason="../shared/validation with the whole LBNL map is not there")
def test_whole_map_gives_the_cells_that_ship(rows, stations):
    assert [row.measured for row in map_rows(WHOLE_MAP, stations)] == [row.measured for row in rows]


def test_every_published_figure_is_predicted():
    assert [figure.id for figure in read_published("facility")] == list(PREDICT)


def test_published_figures_are_met(validation):
    found = {row.id: row for row in validation.rows}
    assert abs(found["meta-fleet-pue-2023"].predicted - 1.08) <= 0.02
    assert abs(found["google-fleet-pue-2024"].predicted - 1.09) <= 0.02
    assert abs(found["frontier-pue-2023"].predicted - 1.06) <= 0.02
    assert abs(found["tower-water"].error_pct) <= 15.0
    assert found["dry-water"].predicted == 0.0
    for name in ("colossus-1", "gb200-campuses", "meta-gb200-150mw", "dgx-h100-max", "dgx-h100-mean"):
        assert abs(found[name].error_pct) <= 15.0


def test_map_is_met_with_margin(rows):
    # the target is 0.03 at all and 0.02 at nine of ten; a third of that is what there is
    agreement = map_agreement(rows)
    assert agreement.max_error <= 0.012
    assert agreement.within_frac == 1.0
    assert abs(agreement.bias) <= 0.003
    assert agreement.rank_correlation >= 0.95


def mean_wue(stations, name, places=None, **changes):
    plant = replace(stations.plant(name), **changes)
    places = places or [place for place in load().weather_stations() if place not in NOT_CONTIGUOUS]
    return float(np.mean([stations.year(place, plant, 0.8).wue_l_per_kwh for place in places]))


def test_water_of_a_fleet_that_leaves_towers(stations):
    # Microsoft: 0.49 L/kWh in 2021, 0.30 in 2024, 0.27 in 2025. A fleet with a fifth of its load on towers, a third on
    # outside air with pads and the rest dry draws what the last two years report; 2021 takes twice the towers.
    tower, pads, dry = (mean_wue(stations, name) for name in ("liquid-tower", "air-evaporative", "meta-liquid-dry"))
    assert 0.27 <= 0.19 * tower + 0.33 * pads + 0.48 * dry <= 0.30
    assert (0.49 - 0.33 * pads) / tower == pytest.approx(2 * 0.19, abs=0.05)


def test_water_saved_by_drier_halls_as_in_the_published_pilot(stations):
    # Meta, Los Lunas NM: 13 instead of 20 % relative humidity as the lower limit saved "more than 40 percent" of the
    # water (sustainability.fb.com, Water); 10 to 65 % at other sites (The Register, 31 October 2022). The stations are
    # the nearest of the catalogue, to the east.
    places, supply_c = ("amarillo_tx", "midland_tx"), 27.0  # between the 18 and 30 C that the halls may have
    floors = dew_point_from_humidity_c(np.array([supply_c, supply_c]), np.array([0.20, 0.13]))
    before, after = (
        mean_wue(stations, "air-evaporative", places, air_supply_c=supply_c, dew_point_floor_c=float(floor))
        for floor in floors
    )
    assert 0.40 < 1.0 - after / before < 0.65


def test_water_that_meta_reported_lies_within_its_own_set_points(stations):
    # 0.26 L/kWh for halls completed in 2021, allowed 18 to 30 C: the plant's 29 C and four cycles are the thrifty end,
    # 25 C and two the other; the reported figure lies between, so the plant's water is low, not impossible
    thrifty = mean_wue(stations, "air-evaporative", META_STATIONS)
    lavish = mean_wue(stations, "air-evaporative", META_STATIONS, air_supply_c=25.0, cycles_of_concentration_ratio=2.0)
    assert thrifty < 0.26 < lavish


def test_doubted_figures_are_shown_and_kept_out_of_the_summary(validation):
    flagged = [row for row in validation.rows if row.flag]
    assert {row.id for row in flagged} == {"abilene", "meta-new-wue-2021"}
    assert validation.summary.n == len(validation.rows) - len(flagged)


def test_a_file_that_is_no_map_is_refused(tmp_path):
    path = tmp_path / "map.csv"
    path.write_text("latitude,longitude\n1,2\n")
    with pytest.raises(InputError, match="annual_pue"):
        map_rows(path)


@pytest.mark.parametrize("name", sorted(load().sites))
def test_every_site_of_the_catalogue_has_a_plausible_year(name, stations):
    # operated halls lie between Frontier's 1.06 less its margin and the survey mean of 1.54 (Uptime, 2025)
    entry = load().sites[name]
    year = stations.year(entry.weather, stations.plant(entry.plant), 0.8)
    assert 1.03 < year.pue_mean < 1.54
    assert 1.0 < year.peak_w / year.it_w_H.max() < 1.6
    assert 0.0 <= year.wue_l_per_kwh < 1.6
