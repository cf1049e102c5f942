"""Weather and outlines of the catalogue: typical years whole, wet bulbs right, areas as published."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import itertools
import math
import random
from pathlib import Path

import pytest

from gigawatt.catalogue import load
from gigawatt.catalogue.store import DATA
from gigawatt.errors import CatalogueError

CATALOGUE = load()
REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared"
MANHATTAN_KM2 = 54.92
KM_PER_DEGREE = 111.195  # of latitude, on a sphere of 6,371 km


def _stations() -> list[dict[str, str]]:
    with (DATA / "weather" / "stations.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_station_is_listed() -> None:
    assert [row["station"] for row in _stations()] == CATALOGUE.weather_stations()
    assert len(_stations()) == 24


@pytest.mark.parametrize("row", _stations(), ids=lambda row: row["station"])
def test_a_station_has_a_typical_year_and_its_listed_means(row: dict[str, str]) -> None:
    hours = CATALOGUE.weather(row["station"])
    assert {len(column) for column in hours.values()} == {8760}
    temperatures = zip(hours["dew_point_c"], hours["wet_bulb_c"], hours["dry_bulb_c"], strict=True)
    assert all(dew <= wet <= dry for dew, wet, dry in temperatures)
    assert all(60_000.0 < pressure < 106_000.0 for pressure in hours["pressure_pa"])
    for column, listed in (("dry_bulb_c", "dry_bulb_mean_c"), ("wet_bulb_c", "wet_bulb_mean_c")):
        assert sum(hours[column]) / 8760 == pytest.approx(float(row[listed]), abs=0.006)
    assert max(hours["wet_bulb_c"]) == pytest.approx(float(row["wet_bulb_max_c"]), abs=0.051)
    assert sum(hours["ghi_w_m2"]) / 1e3 == pytest.approx(float(row["ghi_kwh_m2_year"]), abs=0.51)


def test_wet_bulb_is_that_of_psychrolib_from_humidity_or_where_they_contradict_from_the_dew_point() -> None:
    psychrolib = pytest.importorskip("psychrolib")
    psychrolib.SetUnitSystem(psychrolib.SI)
    generator = random.Random(20250124)
    from_dew_point = []
    for station in CATALOGUE.weather_stations():
        hours = CATALOGUE.weather(station)
        for hour in generator.sample(range(8760), 30):
            dry_bulb_c, rh_pct, pressure_pa, dew_point_c = (
                hours[name][hour] for name in ("dry_bulb_c", "rh_pct", "pressure_pa", "dew_point_c")
            )
            expected = psychrolib.GetTWetBulbFromRelHum(dry_bulb_c, rh_pct / 100.0, pressure_pa)
            if hours["wet_bulb_c"][hour] != pytest.approx(expected, abs=0.02):
                from_dew_point.append((station, hour))
                if dry_bulb_c > 0.0 and dew_point_c > 0.0:
                    expected = psychrolib.GetTWetBulbFromTDewPoint(dry_bulb_c, dew_point_c, pressure_pa)
                    assert hours["wet_bulb_c"][hour] == pytest.approx(expected, abs=0.05), (station, hour)
    assert 0 < len(from_dew_point) <= 0.01 * 30 * len(CATALOGUE.weather_stations())


@pytest.mark.skipif(not SHARED.exists(), reason="../shared with the station summary is not here")
def test_station_means_are_those_of_the_summary() -> None:
    with (SHARED / "weather" / "station_summary.csv").open(encoding="utf-8") as file:
        summary = {row["site"]: row for row in csv.DictReader(file)}
    for row in _stations():
        told = summary[row["station"]]
        assert float(row["dry_bulb_mean_c"]) == pytest.approx(float(told["db_mean"]), abs=0.011)
        assert float(row["wet_bulb_mean_c"]) == pytest.approx(float(told["wb_mean"]), abs=0.011)
        if row["station"] != "midland_tx":  # its highest stood in hours where humidity and dew point contradict
            assert float(row["wet_bulb_max_c"]) == pytest.approx(float(told["wb_max"]), abs=0.051)
        assert (float(row["latitude"]), float(row["longitude"])) == (float(told["lat"]), float(told["lon"]))


def test_weather_files_are_the_same_bytes_wherever_they_are_built() -> None:
    for path in (DATA / "weather").glob("*.csv.gz"):
        data = path.read_bytes()
        assert data[4:8] == b"\0\0\0\0", "no time stamp"
        assert gzip.decompress(data).endswith(b"\n")


def test_an_unknown_station_is_answered_with_the_nearest() -> None:
    with pytest.raises(CatalogueError, match="monroe_la"):
        CATALOGUE.weather("monroe")


def test_manhattan_has_its_area() -> None:
    outline = CATALOGUE.outline("manhattan")
    assert outline.area_km2 == MANHATTAN_KM2
    ring = outline.rings[0]
    assert ring[0] == ring[-1]
    middle = math.radians(sum(latitude for _, latitude in ring) / len(ring))
    flat = [(x * KM_PER_DEGREE * math.cos(middle), y * KM_PER_DEGREE) for x, y in ring]
    doubled = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in itertools.pairwise(flat))
    assert abs(doubled) / 2.0 == pytest.approx(MANHATTAN_KM2, rel=0.02)


def test_an_unknown_outline_is_answered_with_the_nearest() -> None:
    with pytest.raises(CatalogueError, match="manhattan"):
        CATALOGUE.outline("manhatan")


def test_weather_tool_reads_an_energyplus_file(tmp_path: Path) -> None:
    pytest.importorskip("psychrolib")
    spec = importlib.util.spec_from_file_location("build_weather", REPOSITORY / "tools" / "build_weather.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    hours = CATALOGUE.weather("columbus_oh")
    lines = ["header"] * tool.EPW_HEADER_LINES
    for hour in range(8760):
        cells = ["0"] * 35
        for name, position in tool.EPW_FIELDS.items():
            cells[position] = str(hours[name][hour])
        lines.append(",".join(cells))
    source = tmp_path / "columbus_oh.epw"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    built = tool.build(source, tmp_path / "weather")
    text = gzip.decompress(built.read_bytes()).decode()
    assert next(csv.reader(io.StringIO(text))) == list(tool.COLUMNS)
    assert built.read_bytes() == (DATA / "weather" / "columbus_oh.csv.gz").read_bytes()
