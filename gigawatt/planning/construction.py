"""A campus's build schedule from the catalogue's lead times: the way from facts into the construction engine.

A campus is told by its buildings and its power; every other figure is the catalogue's, so that an overlay changes it.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gigawatt.catalogue.construction import Construction
from gigawatt.engines.construction import (
    Band,
    CampusInputs,
    CampusSchedule,
    Lead,
    PowerSource,
    cost_by_block_usd,
    medians,
    month_ends_days,
    required_leads,
    schedule_campus,
    spend_by_month_usd,
)
from gigawatt.engines.construction.paths import SITE_STAGES
from gigawatt.engines.construction.types import Floats
from gigawatt.errors import InputError, nearest
from gigawatt.records import Quantity
from gigawatt.units import WATTS_PER_MEGAWATT

WATTS_PER_KILOWATT = 1e3


@dataclass(frozen=True, slots=True)
class Power:
    """A source of power as a person says it.

    Attributes
    ----------
    path : str
        grid-new, grid-existing, onsite-gas, onsite-gas-reserved, reciprocating or mobile-gas.
    mw : float or None
        Facility power; the whole campus where None. [MW]
    head_start_days : float or None
        How long before clearing its first step was taken; the catalogue's where None. [day]
    """

    path: str
    mw: float | None = None
    head_start_days: float | None = None


def campus_inputs(
    facts: Construction,
    building_mw: Sequence[float],
    power: Sequence[Power],
    building_kind: str = "new",
    crew_cap_count: float | None = None,
    from_site_search: bool = False,
) -> CampusInputs:
    """Translate a campus and the catalogue's figures into the engine's inputs.

    Parameters
    ----------
    facts : Construction
        Entry of the catalogue.
    building_mw : sequence of float
        Facility power of each building, in the order in which they are begun. [MW]
    power : sequence of Power
        Where the power comes from; several add up.
    building_kind : str
        "new" or "retrofit".
    crew_cap_count : float or None
        Most people on site; the catalogue's where None. [-]
    from_site_search : bool
        Whether land and permits are still to be had.

    Returns
    -------
    CampusInputs
        For `schedule_campus`.

    Raises
    ------
    InputError
        If a path or kind is unknown, or the catalogue lacks a lead time.
    """
    total_mw = float(sum(building_mw))
    sources = []
    for source in power:
        if source.path not in facts.power_block_mw:
            message = f'construction: power path "{source.path}". {nearest(source.path, facts.power_block_mw)}'
            raise InputError(message)
        head_start = source.head_start_days
        sources.append(
            PowerSource(
                path=source.path,
                watts=(total_mw if source.mw is None else source.mw) * WATTS_PER_MEGAWATT,
                block_w=facts.power_block_mw[source.path].value * WATTS_PER_MEGAWATT,
                head_start_days=facts.head_start_days[source.path].value if head_start is None else head_start,
            )
        )
    return CampusInputs(
        building_w_K=np.array(building_mw, dtype=np.float64) * WATTS_PER_MEGAWATT,
        building_kind=building_kind,
        power=tuple(sources),
        leads={name: _lead(figure) for name, figure in facts.lead_days.items()},
        overlap_frac=facts.overlap_frac.value,
        start_interval=_lead(facts.start_interval_days),
        interval_building_w=facts.interval_building_mw.value * WATTS_PER_MEGAWATT,
        equipment_head_start_days=facts.equipment_head_start_days.value,
        crew_per_100_mw_count={name: figure.value for name, figure in facts.crew_per_100_mw_count.items()},
        crew_cap_count=facts.crew_cap_count.value if crew_cap_count is None else crew_cap_count,
        rack_w=facts.rack_kw.value * WATTS_PER_KILOWATT,
        racks_per_day=Lead(facts.racks_per_day.value, facts.racks_per_day.low),
        site_correlation_frac=facts.site_correlation_frac.value,
        from_site_search=from_site_search,
    )


def _lead(figure: Quantity) -> Lead:
    """Median and 90th percentile of a figure."""
    return Lead(figure.value, figure.high)


def campus_schedule(inputs: CampusInputs, seed: int = 0, months_count: int | None = None) -> CampusSchedule:
    """Megawatts by month of a campus; see `gigawatt.engines.construction.schedule_campus`."""
    return schedule_campus(inputs, seed=seed, months_count=months_count)


def dates_of(band: Band, cleared_on: datetime.date) -> tuple[datetime.date, datetime.date, datetime.date]:
    """Calendar dates of a milestone's band.

    Parameters
    ----------
    band : Band
        For example `campus_schedule(...).first_power.band`.
    cleared_on : datetime.date
        Day on which clearing the land starts; with `from_site_search`, the day on which the search does.

    Returns
    -------
    tuple of datetime.date
        The dates by which 10, 50 and 90 % of the draws are there.

    Examples
    --------
    >>> [str(date) for date in dates_of(Band(0.0, 365.0, 366.4), datetime.date(2025, 1, 1))]
    ['2025-01-01', '2026-01-01', '2026-01-02']
    """
    p10, p50, p90 = (
        cleared_on + datetime.timedelta(days=round(days)) for days in (band.p10_days, band.p50_days, band.p90_days)
    )
    return p10, p50, p90


def campus_cost_usd(facts: Construction, critical_mw: float, site_m2: float = 0.0) -> dict[str, float]:
    """Cost of a campus by building block at the catalogue's prices.

    Parameters
    ----------
    facts : Construction
        Entry of the catalogue.
    critical_mw : float
        Critical IT power, in which builders quote. [MW]
    site_m2 : float
        Land to be bought, for example of `gigawatt.engines.facility.site_area_m2`. [m2]

    Returns
    -------
    dict of str to float
        Blocks of the builder's price, soft-costs, owner-furnished, land. [USD]
    """
    return cost_by_block_usd(
        critical_mw * WATTS_PER_MEGAWATT,
        facts.construction_usd_per_w.value,
        {block: figure.value for block, figure in facts.cost_share_frac.items()},
        soft_cost_frac=facts.soft_cost_frac.value,
        owner_furnished_frac=facts.owner_furnished_frac.value,
        land_m2=site_m2,
        land_usd_per_m2=facts.land_usd_per_m2.value,
    )


def campus_spend_usd(inputs: CampusInputs, block_usd: Mapping[str, float], months_count: int) -> dict[str, Floats]:
    """Spend by block and month from clearing, on the schedule of medians. [USD]."""
    return spend_by_month_usd(medians(inputs), block_usd, month_ends_days(months_count))


def lead_times_used(inputs: CampusInputs) -> set[str]:
    """Names of the catalogue's lead times that a campus draws on."""
    names = required_leads(inputs.building_kind, tuple(source.path for source in inputs.power))
    return names | (set(SITE_STAGES) if inputs.from_site_search else set())
