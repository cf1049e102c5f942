"""Readers of load, price and carbon: each layout, time zones, leap years, and what is refused with its row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.errors import CatalogueError, InputError
from gigawatt.planning.grid_hours import grid_hours
from gigawatt.planning.series import read_series

SHARED = Path(__file__).parents[4] / "shared" / "grid"
HOURS = 8760


def utc_hours(year=2022, hours=HOURS):
    start = datetime(year, 1, 1, tzinfo=UTC)
    return [start + step * timedelta(hours=1) for step in range(hours)]


def plain(path, hours=None, values=None, column="price_usd_per_mwh"):
    hours = utc_hours() if hours is None else hours
    values = range(len(hours)) if values is None else values
    rows = [f"{hour:%Y-%m-%dT%H:%MZ},{value}" for hour, value in zip(hours, values, strict=True)]
    path.write_text("\n".join([f"timestamp_utc,{column}", *rows]) + "\n")
    return path


def test_a_plain_year_is_turned_to_local_standard_time(tmp_path):
    read = read_series(plain(tmp_path / "p.csv"), "price", -6.0)
    assert read.value_H[0] == 6.0  # midnight in the central zone is six o'clock in UTC
    assert read.value_H[-7] == HOURS - 2.0 + 1.0
    assert sorted(read.value_H) == list(range(HOURS))
    assert "6 hours at the turn of the year" in read.notices[0]
    assert read.repaired_count == 0


def test_eia930_has_the_end_of_the_hour_thousands_and_several_areas(tmp_path):
    header = "Balancing Authority,Data Date,Hour Number,Local Time at End of Hour,UTC Time at End of Hour"
    header += ",Demand (MW),Demand (MW) (Adjusted)"
    rows = [
        f'{area},x,1,x,{hour + timedelta(hours=1):%m/%d/%Y %I:%M:%S %p},"{base + step:,}","{base + step:,}"'
        for area, base in (("ERCO", 40_000), ("PJM", 90_000))
        for step, hour in enumerate(utc_hours())
    ]
    path = tmp_path / "EIA930_BALANCE.csv"
    path.write_text("\n".join([header, *rows]))
    read = read_series(path, "load", 0.0, place="PJM")
    assert read.column == "Demand (MW) (Adjusted)"
    assert read.value_H.tolist() == [90_000.0 + step for step in range(HOURS)]
    with pytest.raises(InputError, match="holds 2 places: ERCO, PJM"):
        read_series(path, "load", 0.0)
    with pytest.raises(InputError, match=r'"PJN" is not in the file Nearest: PJM|"PJN" is not in the file'):
        read_series(path, "load", 0.0, place="PJN")
    with pytest.raises(InputError, match="no column holds price"):
        read_series(path, "price", 0.0, place="PJM")


def test_caiso_keeps_energy_congestion_and_loss_in_rows_of_their_own(tmp_path):
    rows = [
        f"{hour:%Y-%m-%dT%H:%M:%S}-00:00,TH_SP15_GEN-APND,{kind},{value}"
        for step, hour in enumerate(utc_hours())
        for kind, value in (("LMP", step), ("MCC", -1.0), ("MCL", 3.0))
    ]
    path = tmp_path / "oasis.csv"
    path.write_text("\n".join(["INTERVALSTARTTIME_GMT,NODE,LMP_TYPE,MW", *rows]))
    assert read_series(path, "price", 0.0).value_H.tolist() == list(range(HOURS))


def test_ercot_writes_central_prevailing_time_in_quarter_hours(tmp_path):
    zone = ZoneInfo("America/Chicago")
    rows, seen = [], set()
    for step, hour in enumerate(utc_hours(2022, HOURS + 6)[6:]):
        local = hour.astimezone(zone)
        again = (local.date(), local.hour) in seen
        seen.add((local.date(), local.hour))
        rows += [
            f"{local:%m/%d/%Y},{local.hour + 1},{quarter},HB_WEST,LZ,{step + (quarter - 2.5)},{'Y' if again else 'N'}"
            for quarter in (1, 2, 3, 4)
        ]
    header = "DeliveryDate,DeliveryHour,DeliveryInterval,SettlementPointName,SettlementPointType"
    header += ",SettlementPointPrice,DSTFlag"
    path = tmp_path / "rtm.csv"
    path.write_text("\n".join([header, *rows]))
    with pytest.raises(InputError, match="come twice"):
        read_series(path, "price", -6.0)
    read = read_series(path, "price", -6.0, repair=True)
    assert read.value_H.tolist() == list(range(HOURS))


def test_pjm_is_read_in_utc(tmp_path):
    rows = [f"{hour:%m/%d/%Y %I:%M:%S %p},x,1,WESTERN HUB,{step}" for step, hour in enumerate(utc_hours())]
    path = tmp_path / "da.csv"
    path.write_text(
        "\n".join(["datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,total_lmp_da", *rows])
    )
    assert read_series(path, "price", -5.0).value_H[0] == 5.0


def test_a_missing_hour_is_named_and_filled_only_when_asked(tmp_path):
    hours = utc_hours()
    del hours[4000]
    path = plain(tmp_path / "p.csv", hours, [10.0] * 4000 + [20.0] * 4759)
    with pytest.raises(InputError, match=r"8,759 of 8,760 hours of 2022; missing in local time: 2022-06-16 16h"):
        read_series(path, "price", 0.0)
    read = read_series(path, "price", 0.0, repair=True)
    assert read.value_H[4000] == pytest.approx(15.0)
    assert read.repaired_count == 1
    assert read.notices == ("1 missing hours are filled by a straight line",)
    del hours[100:200]
    with pytest.raises(InputError, match="a gap of 100 hours is too long"):
        read_series(plain(tmp_path / "q.csv", hours), "price", 0.0, repair=True)


def test_an_hour_that_comes_twice_is_named_with_its_row_and_averaged_only_when_asked(tmp_path):
    hours = utc_hours()
    hours.insert(10, hours[10])
    values = [0.0] * 10 + [4.0, 8.0] + [0.0] * 8749
    path = plain(tmp_path / "p.csv", hours, values)
    with pytest.raises(InputError, match=r"1 hours come twice: 2022-01-01 10h \(line 12\)"):
        read_series(path, "price", 0.0)
    read = read_series(path, "price", 0.0, repair=True)
    assert read.value_H[10] == 6.0
    assert read.repaired_count == 1


def test_a_leap_day_is_dropped_and_said(tmp_path):
    read = read_series(plain(tmp_path / "p.csv", utc_hours(2024, 8784)), "price", 0.0)
    assert read.value_H.size == HOURS
    assert read.value_H[59 * 24] == 60 * 24.0
    assert read.notices == ("29 February 2024 is dropped",)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("timestamp_utc,price\n2022-01-01T00:00Z,ten\n", r'p\.csv:2: price: "ten" is no number'),
        ("timestamp_utc,price\nyesterday,1\n", r"p\.csv:2: timestamp_utc: is no time"),
        ("timestamp_utc,price\n2022-01-01T00:00Z,1,2\n", r"p\.csv:2: has 3 cells and the first row 2"),
        ("timestamp_utc,price\n", "holds no value"),
        ("when,what\n1,2\n", "are of no known layout"),
        ("", "is empty"),
    ],
)
def test_what_is_wrong_is_named_by_row(tmp_path, text, fault):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=fault):
        read_series(path, "price", 0.0)


def test_a_wrong_quantity_or_path_is_named(tmp_path):
    with pytest.raises(InputError, match=r'"prize" is no quantity\. Nearest: price'):
        read_series(plain(tmp_path / "p.csv"), "prize", 0.0)
    with pytest.raises(InputError, match="there is no such file"):
        read_series(tmp_path / "none.csv", "price", 0.0)


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/grid with the hourly mixes is not there")
def test_the_areas_of_the_catalogue_are_those_of_their_source():
    read = read_series(SHARED / "erco_2022_hourly_mix_ci.csv.gz", "carbon", -6.0)
    shipped = grid_hours(load(), "ERCO", -6.0)
    assert np.max(np.abs(read.value_H - shipped.carbon_kg_per_mwh_H)) <= 0.5


@pytest.mark.parametrize("area", ["AZPS", "BPAT", "CISO", "ERCO", "MISO", "NYIS", "PJM", "SOCO"])
def test_hours_of_an_area_have_the_means_of_its_entry(area):
    entry = load().shelf("grids")[area]
    hours = grid_hours(load(), area, entry.utc_offset_h)
    assert hours.carbon_kg_per_mwh_H.shape == (HOURS,)
    assert hours.carbon_kg_per_mwh_H.mean() == pytest.approx(entry.carbon_kg_per_mwh.value, abs=0.1)
    low, high = np.percentile(hours.carbon_kg_per_mwh_H, [5, 95])
    assert low == pytest.approx(entry.carbon_kg_per_mwh.low, abs=1.0)
    assert high == pytest.approx(entry.carbon_kg_per_mwh.high, abs=1.0)
    # the entry's share weighs hours by generation, the mean of hours does not
    assert hours.carbon_free_frac_H.mean() == pytest.approx(entry.carbon_free_frac.value, abs=0.02)
    assert sum(share.value for share in entry.generation_frac.values()) <= 1.0001


def test_solar_hours_of_california_are_at_midday_in_local_time():
    free = grid_hours(load(), "CISO", -8.0).carbon_free_frac_H.reshape(365, 24).mean(axis=0)
    assert 10 <= int(np.argmax(free)) <= 14


def test_an_unknown_area_is_named():
    with pytest.raises(CatalogueError, match=r'"ERCOT" is not in the catalogue. Nearest: ERCO'):
        grid_hours(load(), "ERCOT", -6.0)
