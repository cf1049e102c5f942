"""`gigawatt facility` as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_the_document_has_the_contracts_keys(gigawatt: Run) -> None:
    document = gigawatt("facility", "hyperion-la", "--json").document
    result = document["result"]
    assert document["schema"] == "gigawatt/facility/1"
    assert set(result["pue"]) >= {"mean", "p99", "max"}
    assert set(result["energy_mwh"]) == {"it", "cooling", "losses", "total"}
    assert set(result["land"]) == {"site_km2", "building_km2", "share_of_manhattan_pct"}
    assert 1.0 < result["pue"]["mean"] <= result["pue"]["p99"] <= result["pue"]["max"]
    assert result["peak_mw"] < result["peak_at_rating_mw"]
    assert {item["source"] for item in document["provenance"]} - {""}
    assert "hours" not in result


def test_hours_on_request_and_files(gigawatt: Run, tmp_path: Path) -> None:
    import duckdb

    result = gigawatt("facility", "generic-1mw", "--hours", "--json", "--out", str(tmp_path)).document["result"]
    assert {len(column) for column in result["hours"].values()} == {8760}
    assert {path.name for path in tmp_path.iterdir()} >= {"facility.json", "hours.parquet", "report.html"}
    total = duckdb.connect().sql(f"select sum(facility_mw) from '{tmp_path / 'hours.parquet'}'").fetchall()[0][0]
    assert total == pytest.approx(result["energy_mwh"]["total"])
    assert json.loads((tmp_path / "facility.json").read_text())["result"]["pue"] == result["pue"]


def test_the_first_screen_says_what_a_planner_asks(gigawatt: Run) -> None:
    out = gigawatt("facility", "stargate-abilene", "--plant", "liquid-tower").out
    for words in ("PUE", "L/kWh", "of Manhattan", "ups", "Jul", "nameplate", "first power", "W each at the meter"):
        assert words in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hyperio",), "Nearest: hyperion-la"),
        (("hyperion-la", "--carbon-free", "50%"), "add --supply sized"),
        (("hyperion-la", "--supply", "absent.yaml"), "no such file"),
        (("hyperion-la", "--supply", "sized", "--carbon-free", "150%"), "above the whole"),
        (("hyperion-la", "--redundancy", "3N"), "Nearest"),
        (("hyperion-la", "--load", "absent.csv"), "absent.csv: there is no such file"),
        (("hyperion-la", "--weather", "monro_la"), "Nearest: monroe_la"),
        (("colossus-1", "--bridge", "12"), "build schedule"),
    ],
)
def test_bad_input_is_said_in_a_sentence_and_exits_with_two(gigawatt: Run, words: tuple[str, ...], said: str) -> None:
    ran = gigawatt("facility", *words)
    assert ran.code == 2
    assert said in ran.err


def test_a_supply_file_is_run(gigawatt: Run, tmp_path: Path) -> None:
    path = tmp_path / "supply.yaml"
    path.write_text("solar-tracking: 20 MW\ngrid: any\n")
    result = gigawatt("facility", "generic-us-20mw", "--supply", str(path), "--json").document["result"]
    assert result["supply"]["capacity_mw"]["solar-tracking"] == pytest.approx(20.0)
    assert result["carbon"]["location_t"] == result["supply"]["carbon"]["location_t"]
