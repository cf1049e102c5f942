"""Build the hourly weather files of the catalogue from typical-year files.

Reads either EnergyPlus weather files (`*.epw`, as NREL's TMY3 set is published) or CSV files with the columns of
`COLUMNS` without the wet bulb, gzipped or not; computes the wet bulb from dry bulb, relative humidity and station
pressure with psychrolib (ASHRAE Handbook of Fundamentals 2017, chapter 1, equations 33 and 35); and writes one
`<station>.csv.gz` per input file. The output is byte for byte the same for the same input.

Some hours of typical years contradict themselves: where months of different years are joined, temperatures were
smoothed and the humidity was not, and a few stations state a humidity that is not that of their dew point. Where the
wet bulb from the dew point differs by more than rounding explains, it is taken, so that dew point <= wet bulb <= dry
bulb in each hour.

Run it from the repository's root, with the `weather` extra installed::

    python tools/build_weather.py FOLDER_WITH_TYPICAL_YEARS gigawatt/catalogue/data/weather
    python tools/build_weather.py my-site.epw my-catalogue/weather
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psychrolib

from gigawatt.engines.facility.psychrometrics import wet_bulb_c as wet_bulbs_of_dew_points_c

COLUMNS = (
    "month",
    "day",
    "hour",
    "dry_bulb_c",
    "wet_bulb_c",
    "dew_point_c",
    "rh_pct",
    "pressure_pa",
    "ghi_w_m2",
    "dni_w_m2",
    "dhi_w_m2",
    "wind_dir_deg",
    "wind_m_s",
)
HOURS = 8760  # a typical year has no leap day
DECIMALS = 2  # hundredths are far below the accuracy of any station
# [K]; humidity in whole per cent and dew points in tenths move the wet bulb by 0.1 K in warm air, 0.3 K in cold dry air
CONTRADICTION_K = 0.5
EPW_HEADER_LINES = 8
# position of each column in a data line of an EPW file (EnergyPlus auxiliary programs, "EPW data dictionary")
EPW_FIELDS = {
    "month": 1,
    "day": 2,
    "hour": 3,
    "dry_bulb_c": 6,
    "dew_point_c": 7,
    "rh_pct": 8,
    "pressure_pa": 9,
    "ghi_w_m2": 13,
    "dni_w_m2": 14,
    "dhi_w_m2": 15,
    "wind_dir_deg": 20,
    "wind_m_s": 21,
}


psychrolib.SetUnitSystem(psychrolib.SI)  # once: where Numba is installed, psychrolib compiles anew on each call


def _text(path: Path) -> str:
    """Read a text file, gzipped or not."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig", errors="replace")


def read_hours(path: Path) -> Iterator[dict[str, float]]:
    """Yield the hours of a typical year from an EPW or CSV file, without the wet bulb."""
    if path.suffix == ".epw":
        for row in csv.reader(_text(path).splitlines()[EPW_HEADER_LINES:]):
            yield {name: float(row[position]) for name, position in EPW_FIELDS.items()}
        return
    for row in csv.DictReader(io.StringIO(_text(path))):
        yield {name: float(row[name]) for name in COLUMNS if name != "wet_bulb_c"}


def wet_bulb_c(dry_bulb_c: float, rh_pct: float, pressure_pa: float) -> float:
    """Return the wet-bulb temperature [C] from dry bulb [C], relative humidity [%] and station pressure [Pa]."""
    humidity_frac = min(max(rh_pct / 100.0, 0.0), 1.0)
    return float(psychrolib.GetTWetBulbFromRelHum(dry_bulb_c, humidity_frac, pressure_pa))


def _from_dew_points_c(hours: list[dict[str, float]]) -> list[float]:
    """Wet bulbs from the dew points, and no lower than these: below freezing a wet bulb is that of ice."""
    dry_bulb_c, dew_point_c, pressure_pa = (
        np.array([hour[name] for hour in hours]) for name in ("dry_bulb_c", "dew_point_c", "pressure_pa")
    )
    lowest_c = np.minimum(dew_point_c, dry_bulb_c)
    return np.maximum(wet_bulbs_of_dew_points_c(dry_bulb_c, lowest_c, pressure_pa), lowest_c).tolist()


def _compact(value: float) -> str:
    """Write a number with at most two decimals and no trailing zeros."""
    text = f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def build(source: Path, target: Path) -> Path:
    """Write the catalogue's weather file for one typical year and return its path."""
    station = source.name.removesuffix(".gz").removesuffix(".csv").removesuffix(".epw")
    hours = list(read_hours(source))
    for hour, from_dew_point_c in zip(hours, _from_dew_points_c(hours), strict=True):
        found_c = wet_bulb_c(hour["dry_bulb_c"], hour["rh_pct"], hour["pressure_pa"])
        contradicts = abs(found_c - from_dew_point_c) > CONTRADICTION_K or found_c < hour["dew_point_c"]
        hour["wet_bulb_c"] = from_dew_point_c if contradicts else found_c
    lines = [",".join(COLUMNS), *(",".join(_compact(hour[name]) for name in COLUMNS) for hour in hours)]
    if len(lines) != HOURS + 1:
        message = f"{source}: has {len(lines) - 1} hours; a typical year has {HOURS}"
        raise ValueError(message)
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"{station}.csv.gz"
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), compresslevel=9, mtime=0))
    return path


def main(arguments: list[str]) -> int:
    """Build every file named on the command line; return the exit code."""
    if len(arguments) != 2:
        sys.stderr.write(__doc__ or "")
        return 2
    source, target = Path(arguments[0]), Path(arguments[1])
    found = [source] if source.is_file() else sorted([*source.glob("*.epw"), *source.glob("*.csv.gz")])
    if not found:
        sys.stderr.write(f"{source}: holds no .epw and no .csv.gz file\n")
        return 2
    for path in found:
        sys.stderr.write(f"{build(path, target)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
