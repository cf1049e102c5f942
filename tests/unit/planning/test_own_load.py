"""Hours of IT load of one's own: whatever the file, the same year; what is wrong is said with file, row and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.errors import InputError
from gigawatt.planning.facility import facility
from gigawatt.planning.facility.own_load import read_load, whole_year

FACTS = load()
SITE = "generic-cold-50mw"
HOURS = np.arange(8760)
IT_MW = 30.0 + 8.0 * np.cos(2.0 * np.pi * (HOURS - 15) / 24)


def written(path: Path, columns: dict[str, list[str]]) -> Path:
    rows = [",".join(columns), *(",".join(row) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def text(values: np.ndarray) -> list[str]:
    return [repr(float(value)) for value in values]


def test_hours_of_a_file_are_the_years_it_power(tmp_path: Path) -> None:
    path = written(tmp_path / "own.csv", {"it_mw": text(IT_MW)})
    answer = facility(FACTS, SITE, load=str(path))
    np.testing.assert_allclose(answer.year.it_w_H, IT_MW * 1e6, rtol=1e-12)
    assert answer.profile.name == "own.csv"
    assert answer.swing is None  # nobody says that any of it trains in step
    assert answer.year.energy_mwh["it"] == pytest.approx(IT_MW.sum(), rel=1e-12)
    assert answer.year.energy_mwh["total"] > answer.year.energy_mwh["it"]
    direct = facility(FACTS, SITE, load=IT_MW * 1e6)
    np.testing.assert_array_equal(direct.year.facility_w_H, answer.year.facility_w_H)


def test_a_fleets_table_gives_the_sites_own_column_and_its_last_year(tmp_path: Path) -> None:
    import duckdb
    import pandas as pd

    longer = np.concatenate([np.full(48, 1.0), IT_MW])
    hours = pd.DataFrame(
        {
            "hour": np.arange(longer.size),
            "it_mw": 3.0 * longer,
            "generic_cold_50mw_it_mw": longer,
            "other_it_mw": longer,
        }
    )
    path = tmp_path / "hours.parquet"
    with duckdb.connect() as connection:
        connection.register("hours", hours)
        connection.sql(f"copy hours to '{path}' (format parquet)")
    found = read_load(path, SITE, -6.0)
    np.testing.assert_allclose(found.it_w_H, IT_MW * 1e6)
    assert "first 48 of 8,808 hours" in found.notices[0]
    with pytest.raises(InputError, match="those of other sites: generic_cold_50mw_it_mw, other_it_mw"):
        read_load(path, "hyperion-la", -6.0)


def test_a_year_in_utc_is_laid_into_local_time(tmp_path: Path) -> None:
    stamps = [f"2023-{month:02d}-{day:02d}T{hour:02d}:00Z" for month, day, hour in _calendar()]
    path = written(tmp_path / "utc.csv", {"timestamp_utc": stamps, "it_mw": text(IT_MW)})
    found = read_load(path, SITE, -6.0)
    np.testing.assert_allclose(found.it_w_H, np.roll(IT_MW, -6) * 1e6)
    assert any("turn of the year" in notice for notice in found.notices)


def _calendar() -> list[tuple[int, int, int]]:
    days = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return [(m + 1, d + 1, h) for m, count in enumerate(days) for d in range(count) for h in range(24)]


def test_leap_years_lose_their_day_and_weeks_are_repeated() -> None:
    leap = np.concatenate([np.full(1416, 1.0), np.full(24, 9.0), np.full(7344, 2.0)])
    found = whole_year(leap)
    assert found.it_w_H.size == 8760
    assert 9.0 not in found.it_w_H
    assert found.notices == ("load: 29 February is dropped",)
    week = np.arange(1.0, 169.0)
    repeated = whole_year(np.tile(week, 2))
    np.testing.assert_array_equal(repeated.it_w_H[8736:], week[:24])
    assert "2 whole weeks" in repeated.notices[0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (IT_MW[:8759], "8,759 hours make no year"),
        (np.append(IT_MW, 1.0), "8,761 hours make no year"),
        (np.where(HOURS == 4, -1.0, IT_MW), "hour 5 is -1e"),
        (np.where(HOURS == 4, 0.0, IT_MW), "hour 5 is 0 W"),
        (np.where(HOURS == 4, np.nan, IT_MW), "hour 5 is missing; 1 such hours"),
        (np.where(HOURS < 9, np.inf, IT_MW), "hour 1 is missing; 9 such hours"),
        (np.array([]), "0 hours make no year"),
    ],
)
def test_what_is_no_year_is_refused(tmp_path: Path, values: np.ndarray, said: str) -> None:
    path = written(tmp_path / "bad.csv", {"it_mw": text(values)})
    with pytest.raises(InputError, match=said):
        read_load(path, SITE, -6.0)


def test_files_that_are_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_load(tmp_path / "absent.csv", SITE, -6.0)
    with pytest.raises(InputError, match=r"cold_50mw_it_w, it_mw, it_w\. One of: hour, watts"):
        read_load(written(tmp_path / "other.csv", {"hour": ["1"], "watts": ["5"]}), SITE, -6.0)
    with pytest.raises(InputError, match='2: it_mw: "lots" is no number'):
        read_load(written(tmp_path / "words.csv", {"it_mw": ["lots"]}), SITE, -6.0)
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_load(tmp_path / "torn.parquet", SITE, -6.0)
    for name in ("vast.csv", "vast.parquet"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(2**30)
        with pytest.raises(InputError, match="larger than 64 MB"):
            read_load(tmp_path / name, SITE, -6.0)


def test_more_than_the_rating_is_refused_with_the_hour() -> None:
    with pytest.raises(InputError, match=r"hour 16 is 38 MW, above the IT rating of 20 MW; .*--it-mw"):
        facility(FACTS, SITE, it_mw=20.0, load=IT_MW * 1e6)
