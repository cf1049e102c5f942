"""Build the balancing areas of the catalogue from a year of hourly generation by fuel.

Reads `<area>_<year>_hourly_mix_ci.csv.gz` files with the columns timestamp_utc, <fuel>_mw and avg_ci_g_per_kwh (EIA-930
with the carbon intensity of SustainDC); writes `grid_hours/<AREA>.csv.gz`, the hours of the year in UTC as whole
kilograms per megawatt-hour and whole percent of carbon-free generation, and prints the areas' means as YAML. Hours
without a value are filled by a straight line. The output is byte for byte the same for the same input.

Run it from the repository's root::

    python tools/build_grid.py FOLDER_WITH_HOURLY_MIXES gigawatt/catalogue/data/grid_hours
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from pathlib import Path

import numpy as np

FUELS = {"wnd": "wind", "sun": "sun", "wat": "water", "nuc": "nuclear", "ng": "gas", "col": "coal", "oil": "oil"}
CARBON_FREE = ("wnd", "sun", "wat", "nuc")
HOURS = 8760
HEADER = "carbon_kg_per_mwh,carbon_free_pct"


def read(path: Path) -> dict[str, np.ndarray]:
    """Return the columns of a file, gaps filled."""
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))
    if len(rows) != HOURS:
        message = f"{path}: has {len(rows)} hours, not {HOURS}"
        raise ValueError(message)
    columns = {}
    for name in rows[0]:
        if name != "timestamp_utc":
            value = np.array([float(row[name]) if row[name] else np.nan for row in rows])
            known = np.flatnonzero(~np.isnan(value))
            columns[name] = np.interp(np.arange(HOURS), known, value[known])
    return columns


def main(arguments: list[str]) -> int:
    """Build every file of a folder; return the exit code."""
    if len(arguments) != 2:
        sys.stderr.write(__doc__ or "")
        return 2
    source, target = Path(arguments[0]), Path(arguments[1])
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*_hourly_mix_ci.csv.gz")):
        area = path.name.split("_")[0].upper()
        hours = read(path)
        made = {key: np.maximum(hours[f"{key}_mw"], 0.0) for key in (*FUELS, "oth")}
        total = sum(made.values())
        free = sum(made[key] for key in CARBON_FREE) / total
        carbon = hours["avg_ci_g_per_kwh"]
        rows = zip(np.rint(carbon).astype(int), np.rint(100.0 * free).astype(int), strict=True)
        text = "\n".join([HEADER, *(f"{one},{two}" for one, two in rows)]) + "\n"
        (target / f"{area}.csv.gz").write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
        low, high = np.percentile(carbon, [5, 95])
        mix = {name: float(made[key].sum() / total.sum()) for key, name in FUELS.items()}
        shares = ", ".join(f"{name}: {share:.4f}" for name, share in mix.items())
        free_year = sum(made[key].sum() for key in CARBON_FREE) / total.sum()
        sys.stdout.write(f"{area} mean {carbon.mean():.1f} {low:.1f} {high:.1f} free {free_year:.4f} {{{shares}}}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
