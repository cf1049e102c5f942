"""The facility engine against published PUE, water and power per accelerator."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from gigawatt.catalogue.store import Catalogue, load
from gigawatt.engines.facility import FacilityInputs, FacilityResult, PlantDesign, Weather, hourly_it_w, simulate_year
from gigawatt.errors import InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.weather_files.stations import air_of, station_places
from gigawatt.planning.wiring.sites import plant_design
from gigawatt.validation.compare import Row, Validation
from gigawatt.validation.published_rows import PUBLISHED, Prediction, Published, read_published, row_of, validation_of
from gigawatt.validation.reliability import validate_reliability

__all__ = ["MapAgreement", "map_agreement", "map_rows", "station_weather", "validate_facility", "validate_reliability"]

RATED_W = 100e6  # any rating: the engine's shares do not depend on it
DENSITY_W_PER_M2 = 2000.0  # not used by any figure here
# Mean over rating of the map's data centre: training nodes of 7.3 kW mean and 8.5 kW maximum, 5 % margin in the design
# (its configuration file).
MAP_LOAD_FRAC = 7.3 / (8.5 * 1.05)
FLEET_LOAD_FRAC = 0.8  # of a hyperscale building; the result moves by 0.003 between 0.6 and 0.9
MAP_RADIUS_KM = 25.0
EARTH_RADIUS_KM = 6371.0088
PUE_RANGE = 0.02  # half-width stated for an annual PUE: what the plants of one kind differ by
WATER_RANGE_FACTOR = 1.25  # cycles of concentration of 4 to 20, and the dryness of the year
NODE_RATING_W = 10_200.0  # DGX H100, datasheet

# Two plants stand for the six of the map: outside air with pads inside the recommended envelope of ASHRAE TC9.9 (27 C,
# dew point 15 C), and liquid at 20 C on towers; the 20 C is chosen on the map. Double-conversion UPS.
MAP_PLANTS = (
    PlantDesign("evaporative", 0.0, 20.0, 27.0, 0.95, 0.01, dew_point_limit_c=15.0),
    PlantDesign("liquid-tower", 0.85, 20.0, 24.0, 0.95, 0.01),
)
# Frontier: nearly all heat in water at 32 C, towers, no UPS (Scientific Data 11:1077)
FRONTIER = PlantDesign("liquid-tower", 0.95, 32.0, 24.0, 0.98, 0.005)
# Prineville 1 was run to the first Open Compute envelope: at most 80 F
PRINEVILLE_SUPPLY_C = 26.7

# Stations nearest to the campuses of an operator
META_STATIONS = (
    "the_dalles_or", "atlanta_ga", "chicago_il", "dallas_tx", "amarillo_tx", "columbus_oh", "dulles_va",
    "salt_lake_ut", "memphis_tn",
)  # fmt: skip
GOOGLE_STATIONS = (
    "the_dalles_or", "columbus_oh", "atlanta_ga", "dallas_tx", "chicago_il", "dulles_va", "salt_lake_ut",
)  # fmt: skip
PRINEVILLE_STATIONS = ("the_dalles_or", "salt_lake_ut")  # the nearest, and one as high and dry
NOT_CONTIGUOUS = ("guam", "northway_ak")  # left out of a mean climate of the United States


@dataclass(frozen=True, slots=True)
class Stations:
    """The catalogue, and the weather of its stations once read."""

    catalogue: Catalogue
    weather: dict[str, Weather] = field(default_factory=dict)

    def plant(self, name: str) -> PlantDesign:
        """Return a plant of the catalogue; raise CatalogueError if it is unknown."""
        return plant_design(self.catalogue.plants[name], Figures(), warming_k=0.0)

    def year(self, station: str, plant: PlantDesign, load_frac: float) -> FacilityResult:
        """Run a plant for a year at a station; raise CatalogueError if the station is unknown."""
        if station not in self.weather:
            self.weather[station] = station_weather(self.catalogue, station)
        it_w_H = hourly_it_w(RATED_W, load_frac)
        inputs = FacilityInputs(it_w_H, RATED_W, self.weather[station], plant, 0.0, 0.0, DENSITY_W_PER_M2)
        return simulate_year(inputs)


MakePlant = Callable[[Stations], PlantDesign]


@dataclass(frozen=True, slots=True)
class MapAgreement:
    """How well the engine meets a map of annual PUE.

    Attributes
    ----------
    cells_count : int
        Cells within 25 km of a station of the catalogue.
    max_error : float
        Largest absolute difference of PUE. [-]
    within_frac : float
        Share of the cells within 0.02. [-]
    bias : float
        Mean difference. [-]
    rank_correlation : float
        Spearman's. [-]
    """

    cells_count: int
    max_error: float
    within_frac: float
    bias: float
    rank_correlation: float


def station_weather(catalogue: Catalogue, station: str) -> Weather:
    """Return a station's typical year as the engine takes it.

    Parameters
    ----------
    catalogue : Catalogue
    station : str

    Returns
    -------
    Weather

    Raises
    ------
    CatalogueError
        If the station is unknown.
    """
    return air_of(catalogue.weather(station))


def _prineville(stations: Stations) -> PlantDesign:
    """Outside air with pads, cooler than in later halls."""
    return replace(stations.plant("air-evaporative"), air_supply_c=PRINEVILLE_SUPPLY_C)


def _frontier(_: Stations) -> PlantDesign:
    """Plant of Frontier."""
    return FRONTIER


def _shipped(name: str) -> MakePlant:
    """Maker of a plant of the catalogue."""
    return lambda stations: stations.plant(name)


def _mean_pue(names: Sequence[str], make_plant: MakePlant, stations: Stations) -> Prediction:
    """Mean annual PUE of a plant over stations."""
    plant = make_plant(stations)
    pue = float(np.mean([stations.year(name, plant, FLEET_LOAD_FRAC).pue_mean for name in names]))
    return Prediction(pue, pue - PUE_RANGE, pue + PUE_RANGE)


def _mean_wue(names: Sequence[str], make_plant: MakePlant, stations: Stations) -> Prediction:
    """Mean annual water of a plant over stations; none named: the contiguous United States."""
    plant = make_plant(stations)
    names = names or [name for name in stations.catalogue.weather_stations() if name not in NOT_CONTIGUOUS]
    wue = float(np.mean([stations.year(name, plant, FLEET_LOAD_FRAC).wue_l_per_kwh for name in names]))
    return Prediction(wue, wue / WATER_RANGE_FACTOR, wue * WATER_RANGE_FACTOR)


def _facility_w(accelerator: str, names: Sequence[str], make_plant: MakePlant, stations: Stations) -> Prediction:
    """Facility power per accelerator that a site needs: rating x load when training, on the design day."""
    plant = make_plant(stations)
    rated_w = stations.catalogue.accelerators[accelerator].system_w.value
    mean = stations.catalogue.defaults.training_mean_load_frac
    low_w, mid_w, high_w = (
        rated_w * float(np.mean([stations.year(name, plant, share).peak_w for name in names])) / RATED_W
        for share in (mean.low, mean.value, mean.high)
    )
    return Prediction(mid_w, low_w, high_w)


def _node_mean_w(stations: Stations) -> Prediction:
    """Mean power of a training node: rating x mean load."""
    mean = stations.catalogue.defaults.training_mean_load_frac
    return Prediction(NODE_RATING_W * mean.value, NODE_RATING_W * mean.low, NODE_RATING_W * mean.high)


def _node_most_w(stations: Stations) -> Prediction:
    """Largest power of a training node: rating x the upper end of the load."""
    mean = stations.catalogue.defaults.training_mean_load_frac
    return Prediction(NODE_RATING_W * mean.high, NODE_RATING_W * mean.value, NODE_RATING_W)


PREDICT: Mapping[str, Callable[[Stations], Prediction]] = {
    "meta-fleet-pue-2023": partial(_mean_pue, META_STATIONS, _shipped("air-evaporative")),
    "meta-new-wue-2021": partial(_mean_wue, META_STATIONS, _shipped("air-evaporative")),
    "prineville-wue-2012": partial(_mean_wue, PRINEVILLE_STATIONS, _prineville),
    "google-fleet-pue-2024": partial(_mean_pue, GOOGLE_STATIONS, _shipped("liquid-tower")),
    "frontier-pue-2023": partial(_mean_pue, ("atlanta_ga",), _frontier),
    "tower-water": partial(_mean_wue, (), _shipped("liquid-tower")),
    "dry-water": partial(_mean_wue, (), _shipped("meta-liquid-dry")),
    "colossus-1": partial(_facility_w, "h100-sxm", ("memphis_tn",), _shipped("colossus-like")),
    "gb200-campuses": partial(
        _facility_w, "gb200-nvl72", ("abilene_tx", "columbus_oh", "atlanta_ga"), _shipped("meta-liquid-dry")
    ),
    "meta-gb200-150mw": partial(_facility_w, "gb200-nvl72", ("columbus_oh",), _shipped("meta-liquid-dry")),
    "abilene": partial(_facility_w, "gb200-nvl72", ("abilene_tx",), _shipped("meta-liquid-dry")),
    "dgx-h100-max": _node_most_w,
    "dgx-h100-mean": _node_mean_w,
}


def _distance_km(latitude: float, longitude: float, other: tuple[float, float]) -> float:
    """Great-circle distance by the haversine formula."""
    start, end = np.radians([latitude, longitude]), np.radians(other)
    half = (end - start) / 2.0
    square = np.sin(half[0]) ** 2 + np.cos(start[0]) * np.cos(end[0]) * np.sin(half[1]) ** 2
    return float(2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(square)))


def _read_cells(path: Path) -> list[tuple[float, float, float]]:
    """Read latitude, longitude and annual PUE of a map; cells without PUE are left out."""
    try:
        raw = path.read_bytes()
        text = gzip.decompress(raw).decode() if path.suffix == ".gz" else raw.decode()
        return [
            (float(cell["latitude"]), float(cell["longitude"]), float(cell["annual_pue"]))
            for cell in csv.DictReader(io.StringIO(text))
            if cell["annual_pue"]
        ]
    except (OSError, KeyError, ValueError, EOFError) as error:
        message = f"{path}: cannot be read as a map with the columns latitude, longitude, annual_pue: {error}"
        raise InputError(message) from error


def map_rows(path: Path | None = None, stations: Stations | None = None) -> list[Row]:
    """Compare the better of two plants with a map of annual PUE, at the cells near the catalogue's stations.

    Parameters
    ----------
    path : Path, optional
        CSV, gzipped or not, with latitude, longitude, annual_pue; by default the cells of the LBNL map [1]_ near the
        stations, which ship.
    stations : Stations, optional

    Returns
    -------
    list of Row
        One per cell within 25 km of a station.

    Raises
    ------
    InputError
        If the file cannot be read.

    References
    ----------
    .. [1] A. C. Newkirk et al., 2025, doi:10.21203/rs.3.rs-8272920/v1, MIT licence: a 50,000-GPU data centre with the
       best of six cooling designs at 4,370 places in the United States.
    """
    stations = stations or Stations(load())
    places = {name: (at.latitude, at.longitude) for name, at in station_places(stations.catalogue).items()}
    best: dict[str, float] = {}
    rows = []
    for latitude, longitude, measured in _read_cells(path or PUBLISHED / "lbnl_pue.csv"):
        distances = {name: _distance_km(latitude, longitude, place) for name, place in places.items()}
        station = min(distances, key=distances.__getitem__)
        if distances[station] > MAP_RADIUS_KM:
            continue
        if station not in best:
            best[station] = min(stations.year(station, plant, MAP_LOAD_FRAC).pue_mean for plant in MAP_PLANTS)
        pue = best[station]
        figure = Published(f"lbnl-{station}-{latitude}-{longitude}", "map", "pue", measured, "1", "", "", "", "")
        rows.append(row_of(figure, Prediction(pue, pue - PUE_RANGE, pue + PUE_RANGE)))
    return rows


def map_agreement(rows: Sequence[Row]) -> MapAgreement:
    """Summarise the differences of PUE over the cells of a map, in PUE rather than per cent.

    Parameters
    ----------
    rows : sequence of Row
        From `map_rows`; at least two.

    Returns
    -------
    MapAgreement
    """
    measured = np.array([row.measured for row in rows])
    difference = np.array([row.predicted for row in rows]) - measured
    return MapAgreement(
        cells_count=len(rows),
        max_error=float(np.max(np.abs(difference))),
        within_frac=float(np.mean(np.abs(difference) <= PUE_RANGE)),
        bias=float(np.mean(difference)),
        rank_correlation=float(spearmanr(measured + difference, measured).statistic),
    )


def validate_facility(data: Path | None = None, catalogue: Catalogue | None = None) -> Validation:
    """Compare the facility engine with published figures.

    Parameters
    ----------
    data : Path, optional
        A map of annual PUE, as `map_rows` takes; by default the cells that ship.
    catalogue : Catalogue, optional

    Returns
    -------
    Validation
        Groups map, pue, wue and power.

    Raises
    ------
    InputError
        If the map cannot be read.
    """
    stations = Stations(catalogue or load())
    rows = [row_of(figure, PREDICT[figure.id](stations)) for figure in read_published("facility")]
    return validation_of([*rows, *map_rows(data, stations)])
