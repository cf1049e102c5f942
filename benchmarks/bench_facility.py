"""Time of a site's year, of its weather file and of a job's kept time. Run: `pytest benchmarks/bench_facility.py`."""

from __future__ import annotations

import numpy as np
import pytest

from gigawatt.catalogue import load
from gigawatt.engines.facility import KINDS, FacilityInputs, PlantDesign, hourly_it_w, simulate_year
from gigawatt.engines.fleet import FailureModel, goodput
from gigawatt.planning.weather_files import read_weather
from gigawatt.validation.facility import station_weather

RATED_W = 1e9


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_year_of_a_gigawatt_site(benchmark, kind):
    """8,760 hours; the target is 50 ms."""
    plant = PlantDesign(kind, 0.5, 32.0, 25.0, 0.96, 0.01)
    weather = station_weather(load(), "monroe_la")
    inputs = FacilityInputs(hourly_it_w(RATED_W, 0.8, 0.3), RATED_W, weather, plant, 0.0, 0.0, 2000.0)
    year = benchmark(simulate_year, inputs)
    assert year.residual_frac < 1e-12


def test_weather_of_a_file(benchmark, tmp_path):
    """A year of CSV, its checks and wet bulbs."""
    columns = {name: values for name, values in load().weather("monroe_la").items() if name != "wet_bulb_c"}
    rows = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path = tmp_path / "monroe.csv"
    path.write_text("\n".join(rows))
    year = benchmark(read_weather, path)
    assert len(year.columns["wet_bulb_c"]) == len(rows) - 1


def test_kept_time_of_a_job(benchmark):
    """One size of job; plans ask for hundreds."""
    model = FailureModel(3.79e-3, 8, 0.87, 300.0, 20.0, 24.0)
    job = benchmark(goodput, model, 131_072)
    assert np.isclose(job.ettr_frac + sum(job.lost_frac.values()), 1.0)
