"""When a campus has its megawatts: the catalogue's lead times, or a question's own buildings and power path."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gigawatt.catalogue import Catalogue
from gigawatt.catalogue.schema import Site
from gigawatt.engines.construction import Band, CampusSchedule
from gigawatt.errors import InputError, UnitError
from gigawatt.planning.construction import (
    Power,
    campus_cost_usd,
    campus_inputs,
    campus_schedule,
    campus_spend_usd,
    dates_of,
)
from gigawatt.planning.wiring.site_build import CONSTRUCTION, DEFAULT_PATH
from gigawatt.records import Month
from gigawatt.scenario.buildout import MOST_BUILDINGS
from gigawatt.scenario.buildout import read_buildings as read_several
from gigawatt.units import WATTS_PER_MEGAWATT, parse


@dataclass(frozen=True, slots=True)
class Build:
    """A campus and its schedule.

    Attributes
    ----------
    cleared : datetime.date or None
        Day on which clearing the land starts; None where nobody says.
    power : tuple of Power
        In the order given.
    building_mw : tuple of float
        Facility power of each building. [MW]
    kind : str
        new or retrofit.
    schedule : CampusSchedule
    cost_usd : dict of str to float
        By block. [USD]
    spend_usd : dict of str to tuple
        By block and month from clearing. [USD]
    assumed : tuple of str
        What was assumed because neither catalogue nor question says it.
    """

    cleared: datetime.date | None
    power: tuple[Power, ...]
    building_mw: tuple[float, ...]
    kind: str
    schedule: CampusSchedule
    cost_usd: dict[str, float]
    spend_usd: dict[str, tuple[float, ...]]
    assumed: tuple[str, ...]

    def dates(self, band: Band) -> tuple[str, str, str] | None:
        """P10, P50 and P90 of a milestone as days; None where the day of clearing is not known."""
        if self.cleared is None:
            return None
        early, middle, late = dates_of(band, self.cleared)
        return str(early), str(middle), str(late)

    @property
    def months(self) -> tuple[str, ...]:
        """Months of the schedule, or their numbers where the day of clearing is not known."""
        count = len(self.schedule.month_end_days_T)
        if self.cleared is None:
            return tuple(str(number) for number in range(1, count + 1))
        start = Month(self.cleared.year, self.cleared.month)
        return tuple(str(start.plus(step)) for step in range(count))


def read_day(text: str) -> datetime.date:
    """Read a day, or a month as its first; raise InputError otherwise."""
    try:
        return datetime.date.fromisoformat(f"{text.strip()}-01" if text.count("-") == 1 else text.strip())
    except ValueError as error:
        message = f'"{text}" is no day; write it as 2025-06 or 2025-06-15'
        raise InputError(message) from error


def read_buildings(text: str, facility_mw: float) -> tuple[float, ...]:
    """Read buildings, "4 x 250 MW" or "8" of equal size.

    Parameters
    ----------
    text : str
    facility_mw : float
        Power of the campus, for a bare number. [MW]

    Returns
    -------
    tuple of float
        Facility power of each. [MW]

    Raises
    ------
    InputError
        If it is neither.

    Examples
    --------
    >>> read_buildings("4 x 250 MW", 0.0), read_buildings("2", 300.0)
    ((250.0, 250.0, 250.0, 250.0), (150.0, 150.0))
    """
    try:
        if text.strip().isdigit():
            count = int(text)
            each = facility_mw / count if 1 <= count <= MOST_BUILDINGS else 0.0
        else:
            count, watts = read_several(text if re.search("[A-Za-z]W", text) else f"{text} MW")
            each = watts / WATTS_PER_MEGAWATT
    except ValueError as error:
        message = f"buildings: {error}"
        raise InputError(message) from error
    if each <= 0.0:
        message = f'buildings "{text}": 1 to {MOST_BUILDINGS} of them, each with power'
        raise InputError(message)
    return (each,) * count


def read_paths(text: str) -> tuple[Power, ...]:
    """Read power paths, "onsite-gas" or "mobile-gas 150 MW, grid-new"; the last takes what is left.

    Examples
    --------
    >>> [(each.path, each.mw) for each in read_paths("mobile-gas 150 MW, grid-new")]
    [('mobile-gas', 150.0), ('grid-new', None)]
    """
    found = []
    for part in text.split(","):
        name, _, amount = part.strip().partition(" ")
        try:
            mw = parse(amount, "W")[0] / WATTS_PER_MEGAWATT if amount.strip() else None
        except UnitError as error:
            message = f'power path "{part.strip()}": {error}'
            raise InputError(message) from error
        found.append(Power(name, mw))
    return tuple(found)


def _with_rest(power: Sequence[Power], total_mw: float) -> tuple[Power, ...]:
    """Give the paths without a power what is left of the campus."""
    told = sum(each.mw for each in power if each.mw is not None)
    open_paths = [each for each in power if each.mw is None]
    if not open_paths:
        return tuple(power)
    rest = (total_mw - told) / len(open_paths)
    if rest <= 0.0:
        message = f"power paths: nothing of {total_mw:,.0f} MW is left for {open_paths[0].path}"
        raise InputError(message)
    return tuple(Power(each.path, rest if each.mw is None else each.mw, each.head_start_days) for each in power)


def site_build(
    catalogue: Catalogue,
    entry: Site,
    facility_mw: float,
    it_mw: float,
    site_m2: float,
    cleared: str = "",
    path: str = "",
    buildings: str = "",
    retrofit: bool = False,
    seed: int = 0,
) -> Build:
    """Return the build schedule of a campus.

    Parameters
    ----------
    catalogue : Catalogue
    entry : Site
    facility_mw, it_mw : float
        Power of the campus, and its critical IT power. [MW]
    site_m2 : float
        Land to be bought. [m2]
    cleared, path, buildings : str
        Day of clearing, power paths and buildings as typed; the site's own where empty.
    retrofit : bool
        Whether shells stand already.
    seed : int
        Of the draws.

    Returns
    -------
    Build

    Raises
    ------
    InputError
        If something typed cannot be read, or a path is unknown.
    """
    facts = catalogue.construction[CONSTRUCTION]
    assumed = []
    if buildings:
        sizes = read_buildings(buildings, facility_mw)
    elif entry.buildings_count:
        count = round(entry.buildings_count.value)
        sizes = (facility_mw / count,) * count
    else:
        count = max(1, round(facility_mw / facts.interval_building_mw.value))
        sizes = (facility_mw / count,) * count
        assumed.append(f"{count} buildings of {facility_mw / count:,.0f} MW")
    if not (path or entry.power_path):
        assumed.append(f"power by {DEFAULT_PATH}")
    power = _with_rest(read_paths(path or entry.power_path or DEFAULT_PATH), sum(sizes))
    day = read_day(cleared or entry.cleared) if cleared or entry.cleared else None
    kind = "retrofit" if retrofit else "new"
    inputs = campus_inputs(facts, sizes, power, building_kind=kind)
    schedule = campus_schedule(inputs, seed=seed)
    cost = campus_cost_usd(facts, it_mw, site_m2)
    months_count = len(schedule.month_end_days_T)
    spend = campus_spend_usd(inputs, cost, months_count)
    return Build(
        cleared=day,
        power=power,
        building_mw=sizes,
        kind=kind,
        schedule=schedule,
        cost_usd=cost,
        spend_usd={name: tuple(values.tolist()) for name, values in spend.items()},
        assumed=tuple(assumed),
    )
