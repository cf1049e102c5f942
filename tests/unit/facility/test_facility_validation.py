"""The published figures that the facility engine must meet."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigawatt.catalogue import load
from gigawatt.errors import InputError
from gigawatt.validation.facility import PREDICT, Stations, map_agreement, map_rows, validate_facility
from gigawatt.validation.published_rows import read_published

WHOLE_MAP = Path(__file__).parents[4] / "shared" / "validation" / "lbnl_microgrid_lcoe_pue_50k_gpu.csv.gz"


def check_agreement(path):
    agreement = map_agreement(map_rows(path))
    assert agreement.cells_count >= 15
    assert agreement.max_error <= 0.03
    assert agreement.within_frac >= 0.90
    assert agreement.rank_correlation >= 0.90


def test_map_cells_that_ship_are_met():
    check_agreement(None)


@pytest.mark.skipif(not WHOLE_MAP.exists(), reason="../shared/validation with the whole LBNL map is not there")
def test_whole_map_gives_the_cells_that_ship():
    assert [row.measured for row in map_rows(WHOLE_MAP)] == [row.measured for row in map_rows()]


def test_every_published_figure_is_predicted():
    assert [figure.id for figure in read_published("facility")] == list(PREDICT)


def test_published_figures_are_met():
    found = {row.id: row for row in validate_facility().rows}
    assert abs(found["meta-fleet-pue-2023"].predicted - 1.08) <= 0.02
    assert abs(found["google-fleet-pue-2024"].predicted - 1.09) <= 0.02
    assert abs(found["frontier-pue-2023"].predicted - 1.06) <= 0.02
    assert abs(found["tower-water"].error_pct) <= 15.0
    assert found["dry-water"].predicted == 0.0
    for name in ("colossus-1", "gb200-campuses", "meta-gb200-150mw", "dgx-h100-max", "dgx-h100-mean"):
        assert abs(found[name].error_pct) <= 15.0


def test_doubted_figures_are_shown_and_kept_out_of_the_summary():
    validation = validate_facility()
    flagged = [row for row in validation.rows if row.flag]
    assert {row.id for row in flagged} == {"abilene", "meta-new-wue-2021"}
    assert validation.summary.n == len(validation.rows) - len(flagged)


def test_a_file_that_is_no_map_is_refused(tmp_path):
    path = tmp_path / "map.csv"
    path.write_text("latitude,longitude\n1,2\n")
    with pytest.raises(InputError, match="annual_pue"):
        map_rows(path)


@pytest.mark.parametrize("name", sorted(load().sites))
def test_every_site_of_the_catalogue_has_a_plausible_year(name):
    # operated halls lie between Frontier's 1.06 less its margin and the survey mean of 1.54 (Uptime, 2025)
    entry = load().sites[name]
    stations = Stations(load())
    year = stations.year(entry.weather, stations.plant(entry.plant), 0.8)
    assert 1.03 < year.pue_mean < 1.54
    assert 1.0 < year.peak_w / year.it_w_H.max() < 1.6
    assert 0.0 <= year.wue_l_per_kwh < 1.6
