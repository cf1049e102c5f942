"""Which site is asked about: an id of the catalogue, or a YAML file that describes one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.entry import Entry
from gigawatt.catalogue.schema import CostModel, Plant, Site, Tariff
from gigawatt.engines.facility import Weather
from gigawatt.engines.facility.stages import REDUNDANCY
from gigawatt.errors import InputError, nearest
from gigawatt.planning.weather_files import is_file_name, read_weather
from gigawatt.planning.weather_files.raw import Place
from gigawatt.planning.weather_files.stations import air_of, station_place

Floats = NDArray[np.float64]
E = TypeVar("E", bound=Entry)

COSTS = "us-2025"
YAML_SUFFIXES = (".yaml", ".yml")
MOST_BYTES = 2**20  # a site is a few kB
# What a file of one's own may leave out. Figures that name no source are the user's.
LEFT_OUT = {"operator": "", "status": "announced", "facility_mw": {}, "tariff": "us-industrial-average"}
OWN_SOURCE = {"source": "assumption", "kind": "assumption"}


@dataclass(frozen=True, slots=True)
class SiteCase:
    """A site with all that the catalogue and its file say of it.

    Attributes
    ----------
    entry, plant, tariff, costs
        Entries of the catalogue, or the user's own.
    hours : mapping of str to sequence of float
        A year of weather, by column.
    place : Place
        Where that weather is from.
    notices : tuple of str
        What the reader of the weather had to change.
    """

    entry: Site
    plant: Plant
    tariff: Tariff
    costs: CostModel
    hours: Mapping[str, Sequence[float] | Floats]
    place: Place
    notices: tuple[str, ...] = ()

    @property
    def weather(self) -> Weather:
        """The columns that cooling needs."""
        return air_of(self.hours)

    def column(self, name: str) -> Floats:
        """One column of the weather; raise InputError where the file lacks it."""
        if name not in self.hours:
            message = f"weather: {self.place.name} has no {name}, which sun and wind need; leave those kinds out"
            raise InputError(message)
        return np.asarray(self.hours[name], dtype=np.float64)


def site_case(
    catalogue: Catalogue,
    name: str,
    plant: str | None = None,
    redundancy: str | None = None,
    weather: str | None = None,
) -> SiteCase:
    """Look a site up, or read it from a file.

    Parameters
    ----------
    catalogue : Catalogue
    name : str
        Id of a site, or a YAML file of a site's shape; the file may describe its plant and tariff too.
    plant : str, optional
        Id of a plant in place of the site's.
    redundancy : str, optional
        Spare units behind the trunk, in place of the plant's.
    weather : str, optional
        Station or file, in place of the site's.

    Returns
    -------
    SiteCase

    Raises
    ------
    CatalogueError, InputError
        If something is unknown or a file is wrong; says where, and the nearest name.
    """
    if Path(name).suffix in YAML_SUFFIXES:
        entry, own_plant, tariff = _own_site(catalogue, Path(name))
    else:
        entry = catalogue.sites[name]
        own_plant, tariff = catalogue.plants[entry.plant], catalogue.tariffs[entry.tariff]
    chosen = catalogue.plants[plant] if plant else own_plant
    if redundancy is not None:
        if redundancy not in REDUNDANCY:
            message = f'redundancy "{redundancy}" is unknown. {nearest(redundancy, REDUNDANCY)}'
            raise InputError(message)
        chosen = chosen.model_copy(update={"redundancy": redundancy})
    if weather:
        entry = entry.model_copy(update={"weather": weather})
    hours, place, notices = weather_of(catalogue, entry.weather)
    return SiteCase(entry, chosen, tariff, catalogue.costs[COSTS], hours, place, notices)


def weather_of(catalogue: Catalogue, name: str) -> tuple[Mapping[str, Any], Place, tuple[str, ...]]:
    """Return hours, place and notices of a station or a file."""
    if not is_file_name(name):
        return catalogue.weather(name), station_place(catalogue, name), ()
    folders = [folder for overlay in reversed(catalogue.folders) for folder in (overlay, overlay / "weather")]
    year = read_weather(next((folder / name for folder in folders if (folder / name).is_file()), Path(name)))
    return year.columns, year.place, year.notices


def _own_site(catalogue: Catalogue, path: Path) -> tuple[Site, Plant, Tariff]:
    """Read a site from a file, with the plant and the tariff that it may describe."""
    written = {**LEFT_OUT, **_mapping(path)}
    defaults = {**OWN_SOURCE, **(written.get("defaults") or {})}
    missing = [name for name in ("latitude", "longitude", "weather", "plant") if name not in written]
    if missing:
        message = f"{path}: a site needs {', '.join(missing)}"
        raise InputError(message)
    weather = path.parent / str(written["weather"])
    if is_file_name(str(written["weather"])) and weather.is_file():
        written["weather"] = str(weather)
    plant = _own(catalogue, "plants", Plant, written["plant"], path, defaults)
    tariff = _own(catalogue, "tariffs", Tariff, written["tariff"], path, defaults)
    site_id = str(written.get("id", path.stem))
    named = {"id": site_id, "name": site_id, "place": site_id, **written}
    entry = _read(Site, {**named, "defaults": defaults, "plant": plant.id, "tariff": tariff.id}, path, "")
    return entry, plant, tariff


def _mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping."""
    if not path.is_file():
        message = f"{path}: there is no such file"
        raise InputError(message)
    if path.stat().st_size > MOST_BYTES:
        message = f"{path}: is larger than 1 MB; a site is a few kB"
        raise InputError(message)
    try:
        written = YAML(typ="safe", pure=False).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        message = f"{path}: cannot be read as YAML: {error}"
        raise InputError(message) from error
    if not isinstance(written, dict):
        message = f"{path}: a site is a mapping, as in gigawatt/catalogue/data/sites"
        raise InputError(message)
    return written


def _own(catalogue: Catalogue, kind: str, model: type[E], written: Any, path: Path, defaults: dict[str, str]) -> E:
    """Return an entry by its id, or one like another with some figures changed: {like: ID, liquid_supply_c: 45 C}."""
    shelf = catalogue.shelf(kind)
    if isinstance(written, str):
        found: E = shelf[written]
        return found
    field = kind.removesuffix("s")
    if not isinstance(written, dict) or "like" not in written:
        message = f"{path}: {field}: is an id, or a mapping with like: ID and what differs from it"
        raise InputError(message)
    base = shelf[str(written["like"])]
    changes = {name: value for name, value in written.items() if name != "like"}
    old = {name: getattr(base, name) for name in model.model_fields}
    return _read(model, {**old, "id": f"{path.stem}-{field}", **changes, "defaults": defaults}, path, field)


def _read(model: type[E], written: dict[str, Any], path: Path, field: str) -> E:
    """Validate an entry, every fault at once."""
    try:
        return model.model_validate(written)
    except ValidationError as error:
        faults = [
            ".".join(str(part) for part in ([field] if field else []) + list(fault["loc"]))
            + f": {fault['msg']}".replace(": Value error, ", ": ").replace(
                "Extra inputs are not permitted", "is no field"
            )
            for fault in error.errors()
        ]
        known = [name for name in model.model_fields if name not in ("id", "sources")]
        extra = [str(fault["loc"][-1]) for fault in error.errors() if fault["type"] == "extra_forbidden"]
        advice = f". {nearest(extra[0], known)}" if extra else ""
        message = f"{path}: {'; '.join(fault.lstrip(': ') for fault in faults)}{advice}"
        raise InputError(message) from error
