"""Hours of a balancing area in a site's local standard time. H hours."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.errors import CatalogueError, nearest
from gigawatt.planning.weather_files.raw import read_text

PER_CENT = 100.0


@dataclass(frozen=True, slots=True)
class GridHours:
    """A year of a grid.

    Attributes
    ----------
    carbon_kg_per_mwh_H : ndarray
        Average intensity. [kg/MWh]
    carbon_free_frac_H : ndarray
        Of generation. [1]
    """

    carbon_kg_per_mwh_H: NDArray[np.float64]
    carbon_free_frac_H: NDArray[np.float64]


def grid_hours(catalogue: Catalogue, area: str, utc_offset_h: float) -> GridHours:
    """Return the hours of a balancing area.

    Parameters
    ----------
    catalogue : Catalogue
    area : str
        EIA's code, such as "ERCO".
    utc_offset_h : float
        Local standard time of the site. [h]

    Returns
    -------
    GridHours
        The first hour begins at midnight of 1 January, local standard time; the year closes in a ring.

    Raises
    ------
    CatalogueError
        If the area has no hours.

    Examples
    --------
    >>> from gigawatt.catalogue import load
    >>> round(float(grid_hours(load(), "ERCO", -6.0).carbon_kg_per_mwh_H.mean()))
    347
    """
    places = [folder / "grid_hours" / f"{area}.csv.gz" for folder in reversed(catalogue.folders)]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        known = [found.name.split(".")[0] for folder in catalogue.folders for found in folder.glob("grid_hours/*.gz")]
        message = f'grid_hours: "{area}" is not in the catalogue. {nearest(area, known)}'
        raise CatalogueError(message)
    rows = list(csv.DictReader(io.StringIO(read_text(path))))
    carbon_H = np.array([float(row["carbon_kg_per_mwh"]) for row in rows])
    free_H = np.array([float(row["carbon_free_pct"]) for row in rows]) / PER_CENT
    shift = round(utc_offset_h)
    return GridHours(np.roll(carbon_H, shift), np.roll(free_H, shift))
