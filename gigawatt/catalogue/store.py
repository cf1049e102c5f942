"""Load the catalogue, look things up, suggest the nearest name.

Each kind has a folder in `data/`; a file holds one thing, or a list of things under `entries:`. A user may lay
further folders of the same shape over it: an id found there replaces the shipped one.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gigawatt.catalogue.benchmarks import ServingTask
from gigawatt.catalogue.construction import Construction
from gigawatt.catalogue.entry import Entry
from gigawatt.catalogue.failures import Checkpointing, Reliability, Repair
from gigawatt.catalogue.schema import (
    KINDS,
    Accelerator,
    Claim,
    CostModel,
    Defaults,
    LanguageModel,
    Network,
    Plant,
    Site,
    Source,
    Tariff,
    TaxLaw,
)
from gigawatt.catalogue.workloads import ClusterWorkload
from gigawatt.errors import CatalogueError, nearest

DATA = Path(__file__).parent / "data"
E = TypeVar("E", bound=Entry)
STATIONS_KEPT = 16  # stations whose hours are remembered, about 2 MB each


@lru_cache(maxsize=STATIONS_KEPT)
def _weather_hours(path: Path, changed_ns: int) -> dict[str, tuple[float, ...]]:
    """Read the columns of a station's file as it was last changed; a plan asks for them more than once."""
    del changed_ns  # only tells one state of a file from another
    rows = list(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))
    columns = zip(*rows[1:], strict=True)
    return {name: tuple(map(float, cells)) for name, cells in zip(rows[0], columns, strict=True)}


def _read_yaml(path: Path) -> Any:
    try:
        return YAML(typ="safe", pure=False).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        message = f"{path}: cannot be read as YAML: {error}"
        raise CatalogueError(message) from error


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the raw entries of one file, the file's defaults laid under each entry's own."""
    data = _read_yaml(path)
    if not isinstance(data, dict):
        message = f"{path}: a catalogue file is a mapping"
        raise CatalogueError(message)
    if "entries" not in data:
        yield {"id": path.stem, **data}
        return
    common = {key: value for key, value in data.items() if key not in ("entries", "defaults")}
    for entry in data["entries"]:
        defaults = {**(data.get("defaults") or {}), **(entry.get("defaults") or {})}
        yield {**common, **entry, "defaults": defaults}


class Shelf(Mapping[str, E]):
    """All things of one kind, by id; each is read when first asked for."""

    def __init__(self, kind: str, model: type[E], folders: Sequence[Path]) -> None:
        self.kind = kind
        self._model = model
        self._raw: dict[str, tuple[Path, dict[str, Any]]] = {}
        self._read: dict[str, E] = {}
        for folder in folders:
            for path in sorted((folder / kind).glob("*.yaml")):
                self._raw |= {str(entry.get("id", "")): (path, entry) for entry in _entries(path)}

    def beside(self, path: Path) -> Shelf[E]:
        """Return a shelf of the same kind that holds one file's entries only."""
        shelf = Shelf(self.kind, self._model, ())
        shelf._raw = {str(entry.get("id", "")): (path, entry) for entry in _entries(path)}
        return shelf

    def with_entry(self, entry: E) -> Shelf[E]:
        """Return a copy that also holds an entry, in place of one of the same id."""
        shelf = Shelf(self.kind, self._model, ())
        shelf._raw = {**self._raw, entry.id: (Path(entry.id), {})}
        shelf._read = {**self._read, entry.id: entry}
        return shelf

    def __getitem__(self, name: str) -> E:
        if name not in self._read:
            if name not in self._raw:
                message = f'{self.kind}: "{name}" is not in the catalogue. {nearest(name, self._raw)}'
                raise CatalogueError(message)
            path, entry = self._raw[name]
            try:
                self._read[name] = self._model.model_validate(entry)
            except ValidationError as error:
                faults = "; ".join(
                    f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}".lstrip(": ")
                    for fault in error.errors()
                )
                message = f"{path}: {name}: {faults}"
                raise CatalogueError(message) from error
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._raw

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of a place, for comparing land.

    Attributes
    ----------
    name : str
        What the outline shows.
    area_km2 : float
        Published area; the outline itself is simplified. [km2]
    rings : list of list of tuple
        Closed rings of (longitude, latitude), the outer one first. [degree]
    source : str
        Id in the bibliography.
    """

    name: str
    area_km2: float
    rings: list[list[tuple[float, float]]]
    source: str


@dataclass(frozen=True)
class Catalogue:
    """The facts: one shelf per kind, the bibliography, hourly weather."""

    folders: tuple[Path, ...] = (DATA,)
    _shelves: dict[str, Shelf[Any]] = field(default_factory=dict, repr=False)
    _sources: dict[str, Source] = field(default_factory=dict, repr=False)

    def shelf(self, kind: str) -> Shelf[Any]:
        """Return all things of a kind; raise CatalogueError with the nearest kind otherwise."""
        if kind not in KINDS:
            message = f'"{kind}" is not a kind of the catalogue. {nearest(kind, KINDS)}'
            raise CatalogueError(message)
        if kind not in self._shelves:
            self._shelves[kind] = Shelf(kind, KINDS[kind], self.folders)
        return self._shelves[kind]

    def with_entry(self, kind: str, entry: Entry) -> Catalogue:
        """Return a copy that also holds an entry, in place of one of the same id."""
        return replace(self, _shelves={**self._shelves, kind: self.shelf(kind).with_entry(entry)})

    @property
    def accelerators(self) -> Shelf[Accelerator]:
        """GPUs and other AI chips."""
        return self.shelf("accelerators")

    @property
    def networks(self) -> Shelf[Network]:
        """Scale-up and scale-out fabrics."""
        return self.shelf("networks")

    @property
    def models(self) -> Shelf[LanguageModel]:
        """Language models."""
        return self.shelf("models")

    @property
    def sites(self) -> Shelf[Site]:
        """Real data-centre sites."""
        return self.shelf("sites")

    @property
    def tariffs(self) -> Shelf[Tariff]:
        """Power prices."""
        return self.shelf("tariffs")

    @property
    def plants(self) -> Shelf[Plant]:
        """Cooling and power plant designs."""
        return self.shelf("plants")

    @property
    def reliability(self) -> Shelf[Reliability]:
        """Failure and repair figures."""
        return self.shelf("reliability")

    @property
    def repairs(self) -> Shelf[Repair]:
        """What happens after a failure."""
        return self.shelf("repairs")

    @property
    def checkpoints(self) -> Shelf[Checkpointing]:
        """Where checkpoints go."""
        return self.shelf("checkpoints")

    @property
    def workloads(self) -> Shelf[ClusterWorkload]:
        """What the people of published clusters ask for."""
        return self.shelf("workloads")

    @property
    def costs(self) -> Shelf[CostModel]:
        """Construction and operating costs."""
        return self.shelf("costs")

    @property
    def taxes(self) -> Shelf[TaxLaw]:
        """Laws on income tax."""
        return self.shelf("taxes")

    @property
    def construction(self) -> Shelf[Construction]:
        """Lead times, people and building blocks of construction."""
        return self.shelf("construction")

    @property
    def claims(self) -> Shelf[Claim]:
        """Published corporate and market figures."""
        return self.shelf("claims")

    @property
    def benchmarks(self) -> Shelf[ServingTask]:
        """Tasks that serving is measured with."""
        return self.shelf("benchmarks")

    @property
    def defaults(self) -> Defaults:
        """What a plan takes where the scenario says nothing."""
        return cast("Defaults", self.shelf("defaults")["planning"])

    def sources(self) -> dict[str, Source]:
        """Return the bibliography, by id."""
        if not self._sources:
            for folder in self.folders:
                path = folder / "sources.yaml"
                if path.exists():
                    self._sources.update(
                        (name, Source.model_validate(entry)) for name, entry in _read_yaml(path).items()
                    )
        return self._sources

    def weather_stations(self) -> list[str]:
        """Return the ids of the weather stations that ship."""
        return sorted(
            path.name.removesuffix(".csv.gz")
            for folder in self.folders
            for path in (folder / "weather").glob("*.csv.gz")
        )

    def weather_file(self, name: str) -> Path | None:
        """Return the weather file that a site names: as it stands, beside an overlay or in its `weather` folder.

        Parameters
        ----------
        name : str
            Path with an ending; a station's id has none.

        Returns
        -------
        Path or None
            None where there is no such file.
        """
        if not Path(name).suffix:
            return None
        overlays = [folder for folder in reversed(self.folders) if folder != DATA]
        places = [Path(name), *(place / name for folder in overlays for place in (folder, folder / "weather"))]
        return next((place for place in places if place.is_file()), None)

    def weather(self, station: str) -> dict[str, list[float]]:
        """Return the 8,760 hours of a station as columns, wet bulb included.

        Parameters
        ----------
        station : str
            Station id, for example "monroe_la".

        Returns
        -------
        dict of list of float
            Columns of the file, such as dry_bulb_c, wet_bulb_c, pressure_pa.

        Raises
        ------
        CatalogueError
            If the station is unknown.
        """
        for folder in reversed(self.folders):
            path = folder / "weather" / f"{station}.csv.gz"
            if path.exists():
                hours = _weather_hours(path, path.stat().st_mtime_ns)
                return {name: list(values) for name, values in hours.items()}
        message = f'weather: "{station}" is not in the catalogue. {nearest(station, self.weather_stations())}'
        raise CatalogueError(message)

    def outlines(self) -> list[str]:
        """Return the names of the outlines that ship."""
        return sorted(path.stem for folder in self.folders for path in (folder / "outlines").glob("*.geojson"))

    def outline(self, name: str) -> Outline:
        """Return the outline of a place.

        Parameters
        ----------
        name : str
            Name of the file, for example "manhattan".

        Returns
        -------
        Outline
            Rings in degrees, and the published area.

        Raises
        ------
        CatalogueError
            If the outline is unknown.

        Examples
        --------
        >>> load().outline("manhattan").area_km2
        54.92
        """
        for folder in reversed(self.folders):
            path = folder / "outlines" / f"{name}.geojson"
            if path.exists():
                feature = json.loads(path.read_text(encoding="utf-8"))
                about = feature["properties"]
                rings = [
                    [(float(longitude), float(latitude)) for longitude, latitude in ring]
                    for ring in feature["geometry"]["coordinates"]
                ]
                return Outline(str(about["name"]), float(about["area_km2"]), rings, str(about["source"]))
        message = f'outlines: "{name}" is not in the catalogue. {nearest(name, self.outlines())}'
        raise CatalogueError(message)


@lru_cache(maxsize=8)
def load(overlays: tuple[Path, ...] = ()) -> Catalogue:
    """Load the catalogue.

    Parameters
    ----------
    overlays : tuple of Path
        Folders of the same shape as `data/`, the last one wins.

    Returns
    -------
    Catalogue
        Frozen; entries are read and checked when first asked for.

    Raises
    ------
    CatalogueError
        If an overlay is no folder or holds a wrong file.
    """
    for folder in overlays:
        if not folder.is_dir():
            message = f"{folder}: is not a folder"
            raise CatalogueError(message)
    return Catalogue(folders=(DATA, *overlays))
