"""Stations of the catalogue: where they stand, and a year's columns as the facility engine takes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gigawatt.engines.facility import Weather
from gigawatt.errors import InputError
from gigawatt.planning.weather_files.raw import Floats, Place, read_text

if TYPE_CHECKING:
    from gigawatt.catalogue import Catalogue

AIR = ("dry_bulb_c", "wet_bulb_c", "dew_point_c", "pressure_pa")


def station_places(catalogue: Catalogue) -> dict[str, Place]:
    """Return where each station stands that a list of stations names; the last overlay wins."""
    found = {}
    for folder in catalogue.folders:
        path = folder / "weather" / "stations.csv"
        for row in csv.DictReader(io.StringIO(read_text(path))) if path.is_file() else ():
            where = (float(row[name]) for name in ("latitude", "longitude", "elevation_m", "utc_offset_h"))
            found[row["station"]] = Place(row["name"], *where)
    return found


def station_place(catalogue: Catalogue, station: str) -> Place:
    """Return where a weather station of the catalogue stands.

    Parameters
    ----------
    catalogue : Catalogue
    station : str

    Returns
    -------
    Place

    Raises
    ------
    InputError
        If no list of stations names it.
    """
    places = station_places(catalogue)
    if station not in places:
        message = f'weather: no stations.csv says where "{station}" stands'
        raise InputError(message)
    return places[station]


def air_of(hours: Mapping[str, Sequence[float] | Floats]) -> Weather:
    """Return the columns of a year that cooling needs.

    Parameters
    ----------
    hours : mapping of str to sequence of float
        Columns of the catalogue's weather, or of a file.

    Returns
    -------
    Weather

    Examples
    --------
    >>> hour = {"dry_bulb_c": [30.0], "wet_bulb_c": [22.0], "dew_point_c": [18.5], "pressure_pa": [101325.0]}
    >>> air_of(hour).dew_point_c_H
    array([18.5])
    """
    return Weather(*(np.asarray(hours[name], dtype=np.float64) for name in AIR))
