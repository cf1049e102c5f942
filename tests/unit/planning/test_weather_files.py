"""Weather of one's own: five formats of one year agree, and what is wrong is named by file, line and field."""

from __future__ import annotations

import gzip
import json
import math
from functools import cache

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.facility.psychrometrics import wet_bulb_c
from gigawatt.errors import InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.weather_files import FORMATS, format_of, read_weather, weather_hours
from gigawatt.planning.weather_files import raw as raw_files
from gigawatt.planning.wiring.sites import flat_work, simulate

STATION = "phoenix_az"
WET_BULBS = (
    (3.498, 4.257),  # 90 %
    (7.307, 10.603),  # 60 %
    (13.864, 17.605),  # 50 %
    (14.844, 21.052),  # 30 %
    (12.389, 22.557),  # 15 %
    (29.109, 29.285),  # 95 %
)
SHARED = ("dry_bulb_c", "dew_point_c", "rh_pct", "pressure_pa", "ghi_w_m2", "dni_w_m2", "dhi_w_m2", "wind_m_s")


@cache
def year():
    return {name: np.array(values) for name, values in load().weather(STATION).items()}


def cells(names):
    return list(zip(*(year()[name] for name in names), strict=True))


@cache
def csv_lines():
    names = [name for name in year() if name != "wet_bulb_c"]
    return [",".join(names)] + [",".join(f"{value:g}" for value in row) for row in cells(names)]


@cache
def epw_lines():
    head = ["LOCATION,Phoenix,AZ,USA,TMY3,722780,33.45,-111.98,-7.0,337.0"] + ["DESIGN CONDITIONS,0"] * 7
    names = ("month", "day", "hour", *SHARED, "wind_dir_deg")
    rows = []
    for month, day, hour, dry, dew, humidity, pressure, ghi, dni, dhi, wind, direction in cells(names):
        rows.append(
            f"1990,{month:g},{day:g},{hour:g},60,A7,{dry:g},{dew:g},{humidity:g},{pressure:g},9999,9999,9999,"
            f"{ghi:g},{dni:g},{dhi:g},999999,999999,999999,9999,{direction:g},{wind:g},0,0,9999,99999,9,999999999,"
            "0,0.0,0,88,0.0,0.0,0.0"
        )
    return head + rows


@cache
def tmy3_lines():
    head = [
        '722780,"PHOENIX SKY HARBOR INTL AP",AZ,-7.0,33.450,-111.983,337',
        "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DNI (W/m^2),DHI (W/m^2),Dry-bulb (C),Dew-point (C),RHum (%),"
        "Pressure (mbar),Wdir (degrees),Wspd (m/s)",
    ]
    names = ("month", "day", "hour", *SHARED, "wind_dir_deg")
    return head + [
        f"{month:02.0f}/{day:02.0f}/1990,{hour:02.0f}:00,{ghi:g},{dni:g},{dhi:g},{dry:g},{dew:g},{humidity:g},"
        f"{pressure / 100.0:g},{direction:g},{wind:g}"
        for month, day, hour, dry, dew, humidity, pressure, ghi, dni, dhi, wind, direction in cells(names)
    ]


def pvgis_document(offset_h=-7):
    names = ("month", "day", "hour", *SHARED, "wind_dir_deg")
    rows = cells(names)
    stamps = [(month, day, hour) for month, day, hour, *_ in rows]
    hours = []
    for position, (month, day, hour) in enumerate(stamps):
        # what holds at this hour in UTC is what the place has seven hours earlier by its own clock
        _, _, _, dry, _, humidity, pressure, ghi, dni, dhi, wind, direction = rows[(position + offset_h) % len(rows)]
        hours.append(
            {
                "time(UTC)": f"1990{month:02.0f}{day:02.0f}:{hour - 1:02.0f}00",
                "T2m": dry, "RH": humidity, "G(h)": ghi, "Gb(n)": dni, "Gd(h)": dhi,
                "WS10m": wind, "WD10m": direction, "SP": pressure,
            }
        )  # fmt: skip
    location = {"latitude": 33.45, "longitude": -111.98, "elevation": 337.0}
    return {"inputs": {"location": location}, "outputs": {"tmy_hourly": hours}}


def write(path, lines):
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def parquet(path):
    import duckdb
    import pandas as pd

    frame = pd.DataFrame({name: values for name, values in year().items() if name != "wet_bulb_c"})
    duckdb.connect().from_df(frame).write_parquet(str(path))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weather")
    (folder / "pvgis.json").write_text(json.dumps(pvgis_document()))
    return {
        "csv": write(folder / "own.csv.gz", csv_lines()),
        "epw": write(folder / "site.epw", epw_lines()),
        "tmy3": write(folder / "722780TYA.csv", tmy3_lines()),
        "pvgis": folder / "pvgis.json",
        "parquet": parquet(folder / "own.parquet"),
    }


@pytest.fixture(scope="module")
def years(files):
    return {kind: read_weather(path) for kind, path in files.items()}


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_every_format_gives_the_year_that_was_written(files, years, kind):
    assert format_of(files[kind]) == kind
    found = years[kind]
    for name in ("month", "day", "hour", *SHARED):
        if kind == "pvgis" and name == "dew_point_c":  # computed from the humidity
            continue
        np.testing.assert_allclose(found.columns[name], year()[name], atol=1e-6, err_msg=name)
    wet = found.columns["wet_bulb_c"]
    assert np.all(wet <= found.columns["dry_bulb_c"] + 1e-9)
    assert np.all(wet >= found.columns["dew_point_c"] - 0.3)  # below 0 C the wet bulb is that of ice


def test_places_and_zones_are_read(years):
    for kind in ("epw", "tmy3", "pvgis"):
        place = years[kind].place
        assert (place.latitude, place.elevation_m, place.utc_offset_h) == (33.45, 337.0, -7.0)
        assert place.longitude == pytest.approx(-112.0, abs=0.05)
    assert "moved by -7 h" in years["pvgis"].notices[0]


def test_a_zone_far_from_the_longitude_is_said(tmp_path):
    # a file written in UTC, as its header says, for a place in Arizona
    found = read_weather(write(tmp_path / "utc.epw", changed(epw_lines(), 0, ",-7.0,", ",0.0,")))
    assert "are the hours in local standard time?" in found.notices[0]


def test_wet_bulb_is_that_of_psychrolib():
    # psychrolib 2.5, GetTDewPointFromRelHum and GetTWetBulbFromRelHum at 90 kPa
    dry = np.array([5.0, 15.0, 25.0, 35.0, 45.0, 30.0])
    dew, expected = np.array(WET_BULBS).T
    np.testing.assert_allclose(wet_bulb_c(dry, dew, np.full(6, 90e3)), expected, atol=0.05)


def changed(lines, at, old=None, new=None):
    """Lines with one replaced, or dropped."""
    copy = list(lines)
    if new is None:
        del copy[at]
    else:
        copy[at] = copy[at].replace(old, new, 1) if old else new
    return copy


def refusal(tmp_path, lines, name="a.epw", **options):
    path = write(tmp_path / name, lines)
    with pytest.raises(InputError) as caught:
        read_weather(path, **options)
    return str(caught.value).replace(str(tmp_path) + "/", "")


def test_a_year_of_8759_hours_names_the_hour_that_is_missing(tmp_path):
    lines = changed(epw_lines(), 8 + 24 * 59 + 4)  # 1 March, hour 5
    message = refusal(tmp_path, lines)
    assert "month 3, day 1, hour 5 is missing" in message
    assert "fill_gaps" in message
    filled = read_weather(write(tmp_path / "b.epw", lines), fill_gaps=True)
    assert any("dry_bulb_c: 1 hours filled" in notice for notice in filled.notices)
    at = 24 * 59 + 4
    assert filled.columns["dry_bulb_c"][at] == pytest.approx(year()["dry_bulb_c"][[at - 1, at + 1]].mean())


def test_gaps_longer_than_six_hours_are_refused_even_when_filling_is_asked_for(tmp_path):
    lines = epw_lines()
    message = refusal(tmp_path, lines[:500] + lines[507:], fill_gaps=True)
    assert "7 in a row" in message
    assert "At most 6" in message


def test_a_gap_over_new_year_is_one_gap(tmp_path):
    lines = epw_lines()
    shorter = lines[:8] + lines[11:-3]  # three hours at each end: six in a row
    assert read_weather(write(tmp_path / "a.epw", shorter), fill_gaps=True).notices
    assert "7 in a row" in refusal(tmp_path, lines[:8] + lines[12:-3], fill_gaps=True)


def test_leap_day_is_dropped_with_a_notice(tmp_path):
    lines = epw_lines()
    last = 8 + 24 * 59
    extra = [line.replace("1990,2,28,", "1990,2,29,", 1) for line in lines[last - 24 : last]]
    found = read_weather(write(tmp_path / "leap.epw", lines[:last] + extra + lines[last:]))
    assert found.notices == ("29 February dropped: 24 hours; a typical year has no leap day",)
    np.testing.assert_allclose(found.columns["dry_bulb_c"], year()["dry_bulb_c"])


@pytest.mark.parametrize(
    ("name", "lines", "words"),
    [
        ("a.epw", ["LOCATION,x"], "has 2 fields"),
        ("a.epw", ["<html>"], "a.epw:1: LOCATION"),
        ("a.epw", epw_lines()[:8], "ends after 8 lines"),
        ("a.epw", [*epw_lines()[:-1], epw_lines()[-1][:40]], "a.epw:8768: has 11 fields of 35"),
        ("a.epw", changed(epw_lines(), 107, "1990,1,5,", "1990,13,5,"), "a.epw:108: month: 13 is no month"),
        ("a.epw", changed(epw_lines(), 107, "1990,1,5,", "1990,1,32,"), "a.epw:108: day: 32 is no day"),
        ("a.epw", changed(epw_lines(), 107, "1990,1,5,4", "1990,1,5,25"), "a.epw:108: hour: 25 is no hour"),
        ("a.epw", changed(epw_lines(), 107, "1990,1,5,4", "1990,1,5,5"), "hour: month 1, day 5, hour 5 stands 2 times"),
        ("a.epw", changed(epw_lines(), 107, ",A7,", ",A7,x"), 'a.epw:108: dry_bulb_c: "x'),
        ("a.epw", changed(epw_lines(), 107, ",A7,", ",A7,-1"), "a.epw:108: d"),
        ("own.csv", ["month,day,hour,dry_bulb_c,dew_point_c", "1,1,1,5,3"], "own.csv:1: pressure_pa: is not among"),
        ("own.csv", ["dry_bulb_c", "1"], "own.csv:1: month"),
        ("own.csv", changed(csv_lines(), 5, None, "1,1,5,3"), "own.csv:6: has 4 fields; the first line names 12"),
        ("own.csv", changed(csv_lines(), 5, None, "1.5,1,5" + ",1" * 9), "own.csv:6: month: 1.5 is no whole number"),
        ("own.csv", ["month,day,hour,dry_bulb_c,pressure_pa", "1,1,1,5,1e5"], "is missing"),
        ("tmy.csv", [tmy3_lines()[0], tmy3_lines()[1].replace("RHum (%)", "RH")], "tmy.csv:2: RHum (%)"),
        ("tmy.csv", [*tmy3_lines()[:50], tmy3_lines()[50][:30]], "tmy.csv:51: has "),
        ("tmy.csv", changed(tmy3_lines(), 50, "01/03/1990", "01-03-1990"), "tmy.csv:51: Date"),
        ("a.json", ['{"inputs": '], "no JSON"),
        ("a.json", ['{"inputs": {}}'], "has no 'location'"),
        ("a.txt", ["x"], "no ending of a weather file"),
    ],
)
def test_faults_are_named_by_file_line_and_field(tmp_path, name, lines, words):
    assert words in refusal(tmp_path, lines, name)


def test_missing_codes_of_the_formats_are_missing_values(tmp_path):
    hot = year()["dry_bulb_c"][99]
    epw = changed(epw_lines(), 8 + 99, f",A7,{hot:g},", ",A7,99.9,")
    assert "a.epw:108: dry_bulb_c: month 1, day 5, hour 4 is missing" in refusal(tmp_path, epw)
    pieces = tmy3_lines()[2 + 99].split(",")
    pieces[2] = "-9900"
    tmy3 = changed(tmy3_lines(), 2 + 99, None, ",".join(pieces))
    assert "tmy.csv:102: ghi_w_m2" in refusal(tmp_path, tmy3, "tmy.csv")
    assert read_weather(write(tmp_path / "c.csv", tmy3), fill_gaps=True).columns["ghi_w_m2"][99] >= 0.0


def test_radiation_missing_all_year_is_left_out_with_a_notice(tmp_path):
    lines = csv_lines()
    names = lines[0].split(",")
    at = names.index("ghi_w_m2")
    emptied = [lines[0]] + [",".join(c if i != at else "" for i, c in enumerate(line.split(","))) for line in lines[1:]]
    found = read_weather(write(tmp_path / "own.csv", emptied))
    assert "ghi_w_m2" not in found.columns
    assert found.notices == ("ghi_w_m2 is missing in every hour: left out",)


def with_dew(above_k):
    """CSV with the dew point of one hour above its dry bulb."""
    lines = csv_lines()
    pieces = lines[100].split(",")
    names = lines[0].split(",")
    pieces[names.index("dew_point_c")] = f"{float(pieces[names.index('dry_bulb_c')]) + above_k:.2f}"
    return changed(lines, 100, None, ",".join(pieces))


def test_dew_point_above_dry_bulb_is_refused_beyond_rounding(tmp_path):
    assert "own.csv:101: dew_point_c" in refusal(tmp_path, with_dew(0.5), "own.csv")
    found = read_weather(write(tmp_path / "own.csv", with_dew(0.1)))
    assert found.columns["dew_point_c"][99] == found.columns["dry_bulb_c"][99]
    assert "lowered to the dry bulb in 1 hours" in found.notices[0]


def test_impossible_values_are_refused(tmp_path):
    for old, new in (("dry_bulb_c", "75"), ("pressure_pa", "1013.25"), ("ghi_w_m2", "-20"), ("rh_pct", "170")):
        names = csv_lines()[0].split(",")
        pieces = csv_lines()[10].split(",")
        pieces[names.index(old)] = new
        message = refusal(tmp_path, changed(csv_lines(), 10, None, ",".join(pieces)), "own.csv")
        assert f"own.csv:11: {old}: {float(new):g}" in message
        assert "outside" in message


def test_hours_from_0_to_23_are_taken_as_those_that_begin(tmp_path):
    lines = csv_lines()
    names = lines[0].split(",")
    at = names.index("hour")
    shifted = [lines[0]]
    for line in lines[1:]:
        pieces = line.split(",")
        pieces[at] = str(int(pieces[at]) - 1)
        shifted.append(",".join(pieces))
    found = read_weather(write(tmp_path / "own.csv", shifted))
    np.testing.assert_allclose(found.columns["dry_bulb_c"], year()["dry_bulb_c"])
    assert "hours that begin then" in found.notices[0]


def test_broken_and_oversized_files_are_refused(tmp_path, monkeypatch):
    whole = gzip.compress("\n".join(csv_lines()).encode())
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="whole"):
        read_weather(cut)
    empty = tmp_path / "empty.epw"
    empty.write_text("")
    with pytest.raises(InputError, match="empty"):
        read_weather(empty)
    (tmp_path / "binary.epw").write_bytes(b"\0\1\2")
    with pytest.raises(InputError, match="no text"):
        read_weather(tmp_path / "binary.epw")
    (tmp_path / "no.parquet").write_text("nothing")
    with pytest.raises(InputError, match="Parquet"):
        read_weather(tmp_path / "no.parquet")
    with pytest.raises(InputError, match="no such file"):
        read_weather(tmp_path / "absent.epw")
    # a file that is small packed and huge unpacked, and one that is huge as it stands
    monkeypatch.setattr(raw_files, "MOST_BYTES", 2**20)
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"0" * 2**22))
    assert bomb.stat().st_size < 2**14
    with pytest.raises(InputError, match="larger than 1 MB"):
        read_weather(bomb)
    (tmp_path / "large.epw").write_bytes(b"0" * 2**21)
    with pytest.raises(InputError, match="larger than 1 MB"):
        read_weather(tmp_path / "large.epw")


def test_pvgis_east_of_greenwich_moves_the_other_way(tmp_path):
    document = pvgis_document(offset_h=3)
    document["inputs"]["location"]["longitude"] = 44.0
    path = tmp_path / "east.json"
    path.write_text(json.dumps(document))
    found = read_weather(path)
    assert found.place.utc_offset_h == 3.0
    np.testing.assert_allclose(found.columns["dry_bulb_c"], year()["dry_bulb_c"])


def test_pvgis_faults_name_the_hour(tmp_path):
    document = pvgis_document()
    document["outputs"]["tmy_hourly"][7]["T2m"] = "warm"
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"tmy_hourly\[7\]\.T2m"):
        read_weather(path)


OVERLAY_SITE = """name: Own site
operator: Somebody
place: Phoenix AZ
latitude: 33.4
longitude: -112.0
status: announced
defaults: {source: gigawatt-estimate, kind: assumption}
facility_mw: {"2026-01": 100 MW}
weather: phoenix.epw
tariff: %s
plant: liquid-adiabatic
"""


def test_a_site_of_an_overlay_may_name_a_file(tmp_path):
    (tmp_path / "sites").mkdir()
    (tmp_path / "weather").mkdir()
    (tmp_path / "sites" / "own-site.yaml").write_text(OVERLAY_SITE % next(iter(load().tariffs)))
    write(tmp_path / "weather" / "phoenix.epw", epw_lines())
    catalogue = load((tmp_path,))
    entry = catalogue.sites["own-site"]
    assert len(weather_hours(catalogue, entry.weather)["dry_bulb_c"]) == 8760
    plant = catalogue.plants[entry.plant]
    own = simulate(entry, plant, catalogue, 100e6, flat_work(0.8), Figures())
    shipped = simulate(
        entry.model_copy(update={"weather": STATION}), plant, catalogue, 100e6, flat_work(0.8), Figures()
    )
    assert math.isclose(own.pue_mean, shipped.pue_mean, abs_tol=2e-3)
    with pytest.raises(InputError, match=r"absent\.epw: there is no such file\. Put it beside the overlay"):
        weather_hours(catalogue, "absent.epw")
    assert catalogue.weather_file(STATION) is None
