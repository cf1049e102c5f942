"""Weather of one's own: EPW, TMY3, PVGIS, CSV and Parquet into the columns of the catalogue's weather.

One file a format, each with a `read` of `Path` to `RawYear`; `checks` makes a whole year of it or says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from gigawatt.catalogue import Catalogue
from gigawatt.errors import nearest
from gigawatt.planning.weather_files import epw, own, pvgis, tmy3
from gigawatt.planning.weather_files.checks import WeatherYear, whole_year
from gigawatt.planning.weather_files.raw import RawYear, read_text, wrong

__all__ = ["FORMATS", "WeatherYear", "format_of", "is_file_name", "read_weather", "weather_hours"]

FORMATS: dict[str, Callable[[Path], RawYear]] = {
    "epw": epw.read,
    "tmy3": tmy3.read,
    "pvgis": pvgis.read,
    "csv": own.read_csv,
    "parquet": own.read_parquet,
}
SUFFIXES = {".epw": "epw", ".json": "pvgis", ".parquet": "parquet", ".csv": "csv"}


def is_file_name(name: str) -> bool:
    """Whether a site's weather names a file rather than a station of the catalogue.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_file_name("monroe_la"), is_file_name("weather/my-site.epw")
    (False, True)
    """
    return Path(name.removesuffix(".gz")).suffix in SUFFIXES


def format_of(path: Path) -> str:
    """Return the format of a weather file, by its name, and for CSV by its second line.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        Key of `FORMATS`.

    Raises
    ------
    InputError
        If the name says nothing.
    """
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix not in SUFFIXES:
        problem = f'"{suffix}" is no ending of a weather file'
        raise wrong(str(path), 0, "", problem, nearest(suffix, SUFFIXES))
    if suffix == ".csv" and tmy3.DATE in read_text(path)[: 2**16]:
        return "tmy3"
    return SUFFIXES[suffix]


def read_weather(path: Path | str, fill_gaps: bool = False, kind: str = "") -> WeatherYear:
    """Read a year of hourly weather.

    Parameters
    ----------
    path : Path or str
        EPW, TMY3 CSV, PVGIS JSON, or CSV or Parquet with the catalogue's columns; text files gzipped or not.
    fill_gaps : bool
        Fill up to six missing hours in a row; otherwise a missing hour is refused.
    kind : str
        Key of `FORMATS`; empty to tell it from the file.

    Returns
    -------
    WeatherYear

    Raises
    ------
    InputError
        Naming file, line and field of what is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise wrong(str(path), 0, "", "there is no such file")
    kind = kind or format_of(path)
    if kind not in FORMATS:
        raise wrong(str(path), 0, "", f'"{kind}" is no format of weather', nearest(kind, FORMATS))
    return whole_year(FORMATS[kind](path), fill_gaps)


def weather_hours(catalogue: Catalogue, name: str) -> Mapping[str, Sequence[float] | np.ndarray]:
    """Return the hours of a station of the catalogue, or of a file that a site names.

    Parameters
    ----------
    catalogue : Catalogue
    name : str
        Station, or a path: as it stands, or from an overlay's folder or its `weather` folder.

    Returns
    -------
    mapping of str to sequence of float
        Columns, 8,760 hours each.

    Raises
    ------
    CatalogueError
        If the station is unknown.
    InputError
        If the file is not there or is no whole year.
    """
    if not is_file_name(name):
        return catalogue.weather(name)
    path = catalogue.weather_file(name)
    if path is None:
        remedy = "Put it beside the overlay, or into its weather folder."
        raise wrong(name, 0, "", "there is no such file.", remedy)
    return read_weather(path).columns
