"""A campus as a precedence network."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gigawatt.engines.construction.network import network
from gigawatt.engines.construction.paths import (
    BUILDING_STAGES,
    BURN_IN,
    CAMPUS_STAGE,
    EQUIPMENT,
    EQUIPMENT_NEEDED,
    POWER_PATHS,
    RACKS,
    RACKS_AFTER,
    SITE_STAGES,
    START,
    required_leads,
)
from gigawatt.engines.construction.types import Activity, CampusInputs, Floats, Lead, Link, Network, PowerSource
from gigawatt.errors import InputError, nearest

HUNDRED_MEGAWATTS_W = 1e8  # what `crew_per_100_mw_count` counts by
# A sum of blocks may differ from the whole by rounding.
ROUNDING_FRAC = 1e-9


def campus_network(inputs: CampusInputs) -> Network:
    """Lay a campus out: site, power by block, equipment, trades and racks by building.

    Parameters
    ----------
    inputs : CampusInputs
        The campus.

    Returns
    -------
    Network
        Names: "foundations:2" is the second building's, "grid-energise:1.3" the third block of the first source.

    Raises
    ------
    InputError
        If the inputs do not fit together; all reasons at once.
    """
    _check(inputs)
    cleared = "permits" if inputs.from_site_search else ""
    activities: list[Activity] = []
    links: list[Link] = []
    clearing_days = 0.0
    if inputs.from_site_search:
        activities += [Activity(name, inputs.leads[name]) for name in SITE_STAGES]
        links += [Link(*SITE_STAGES)]
        clearing_days = sum(inputs.leads[name].p50_days for name in SITE_STAGES)
    for number, source in enumerate(inputs.power, start=1):
        _add_power(activities, links, inputs, source, number, clearing_days, cleared)
    first = cleared
    if inputs.building_kind == "new":
        first = CAMPUS_STAGE
        activities.append(Activity(first, inputs.leads[first]))
        links += [Link(cleared, first)] if cleared else []
    _add_buildings(activities, links, inputs, clearing_days, first)
    return network(activities, links)


def block_watts(source: PowerSource) -> Floats:
    """Blocks in which a source is energised; the last one takes what is left.

    Examples
    --------
    >>> block_watts(PowerSource("grid-new", 1e9, 4e8)).tolist()
    [400000000.0, 400000000.0, 200000000.0]
    """
    count = int(np.ceil(source.watts / source.block_w * (1.0 - ROUNDING_FRAC)))
    left_w: Floats = source.watts - source.block_w * np.arange(count, dtype=np.float64)
    return np.minimum(source.block_w, left_w)


def last_stage(path: str) -> str:
    """Return the stage that energises a block."""
    return POWER_PATHS[path][-1].name


def _add_power(
    activities: list[Activity],
    links: list[Link],
    inputs: CampusInputs,
    source: PowerSource,
    number: int,
    clearing_days: float,
    cleared: str,
) -> None:
    """Add a source's stages; a stage of each block follows that of the block before."""
    stages = {stage.name: stage for stage in POWER_PATHS[source.path]}
    for block in range(1, block_watts(source).size + 1):
        for stage in stages.values():
            if block > 1 and not stage.each_block:
                continue
            name = _name(stage.name, number, block if stage.each_block else 0)
            release_days = clearing_days - source.head_start_days if stage.ordered_ahead else 0.0
            activities.append(Activity(name, inputs.leads[stage.name], release_days))
            links += [
                Link(_name(earlier, number, block if stages[earlier].each_block else 0), name)
                for earlier in stage.after
            ]
            if block > 1:
                links.append(Link(_name(stage.name, number, block - 1), name))
            if cleared and not stage.ordered_ahead:
                links.append(Link(cleared, name))


def _name(stage: str, number: int, block: int) -> str:
    """Name of a power activity."""
    return f"{stage}:{number}.{block}" if block else f"{stage}:{number}"


def _add_buildings(
    activities: list[Activity], links: list[Link], inputs: CampusInputs, clearing_days: float, first: str
) -> None:
    """Add equipment, trades, racks and burn-in of each building, begun one interval after the other."""
    kind = inputs.building_kind
    stages = BUILDING_STAGES[kind]
    waited_days = 0.0
    for building, watts in enumerate(inputs.building_w_K.tolist(), start=1):
        begins = first
        if building > 1:
            previous_w = float(inputs.building_w_K[building - 2])
            interval = _times(inputs.start_interval, previous_w / inputs.interval_building_w)
            waited_days += interval.p50_days
            begins = f"{START}:{building}"
            activities.append(Activity(begins, interval))
            earlier = f"{START}:{building - 1}" if building > 2 else first
            links += [Link(earlier, begins, inputs.overlap_frac if building == 2 else 0.0)] if earlier else []
        for stage in stages:
            crew_count = inputs.crew_per_100_mw_count.get(stage, 0.0) * watts / HUNDRED_MEGAWATTS_W
            activities.append(Activity(f"{stage}:{building}", inputs.leads[stage], crew_count=crew_count))
        links += [
            Link(f"{before}:{building}", f"{after}:{building}", inputs.overlap_frac)
            for before, after in pairwise(stages)
        ]
        if begins:
            overlap_frac = inputs.overlap_frac if begins == CAMPUS_STAGE else 0.0
            links.append(Link(begins, f"{stages[0]}:{building}", overlap_frac))
        ordered_days = clearing_days + waited_days - inputs.equipment_head_start_days
        for item in EQUIPMENT[kind]:
            activities.append(Activity(f"{item}:{building}", inputs.leads[item], ordered_days))
            links.append(Link(f"{item}:{building}", f"{EQUIPMENT_NEEDED[kind]}:{building}"))
        _add_racks(activities, links, inputs, building, watts)


def _add_racks(
    activities: list[Activity], links: list[Link], inputs: CampusInputs, building: int, watts: float
) -> None:
    """Racks come building after building at the campus's rate; then they burn in."""
    kind = inputs.building_kind
    racks_count = watts / inputs.rack_w
    rate = inputs.racks_per_day
    activities += [
        Activity(f"{RACKS}:{building}", Lead(racks_count / rate.p50_days, racks_count / rate.p90_days)),
        Activity(f"{BURN_IN}:{building}", inputs.leads[BURN_IN]),
    ]
    links += [
        Link(f"{RACKS_AFTER[kind]}:{building}", f"{RACKS}:{building}"),
        Link(f"{RACKS}:{building}", f"{BURN_IN}:{building}"),
        Link(f"{BUILDING_STAGES[kind][-1]}:{building}", f"{BURN_IN}:{building}"),
    ]
    if building > 1:
        links.append(Link(f"{RACKS}:{building - 1}", f"{RACKS}:{building}"))


def _times(lead: Lead, factor: float) -> Lead:
    """Return a lead time in proportion."""
    return Lead(lead.p50_days * factor, lead.p90_days * factor)


def _check(inputs: CampusInputs) -> None:
    """Refuse inputs that do not fit together, all reasons at once."""
    problems = []
    if inputs.building_kind not in BUILDING_STAGES:
        problems.append(f'building kind "{inputs.building_kind}". {nearest(inputs.building_kind, BUILDING_STAGES)}')
    for source in inputs.power:
        if source.path not in POWER_PATHS:
            problems.append(f'power path "{source.path}". {nearest(source.path, POWER_PATHS)}')
        if source.watts <= 0.0 or source.block_w <= 0.0:
            problems.append(f"{source.path}: watts and block must be positive")
    if not problems:
        paths = tuple(source.path for source in inputs.power)
        wanted = required_leads(inputs.building_kind, paths) | (set(SITE_STAGES) if inputs.from_site_search else set())
        problems += [f'no lead time of "{name}"' for name in sorted(wanted - set(inputs.leads))]
    if inputs.building_w_K.size == 0 or not np.all(inputs.building_w_K > 0.0):
        problems.append("at least one building is needed, and each of positive power")
    if not inputs.power:
        problems.append("at least one source of power is needed")
    elif sum(source.watts for source in inputs.power) < float(inputs.building_w_K.sum()) * (1.0 - ROUNDING_FRAC):
        problems.append("the sources of power are smaller than the buildings")
    problems += [
        f"{name}: needs 0 < median <= 90th percentile"
        for name, lead in {**inputs.leads, START: inputs.start_interval}.items()
        if not 0.0 < lead.p50_days <= lead.p90_days
    ]
    if not 0.0 < inputs.racks_per_day.p90_days <= inputs.racks_per_day.p50_days:
        problems.append("racks_per_day: the rate that nine of ten exceed must be positive and at most the median")
    positive = ("interval_building_w", "rack_w", "crew_cap_count")
    problems += [f"{name} must be positive" for name in positive if not getattr(inputs, name) > 0.0]
    if not 0.0 <= inputs.overlap_frac <= 0.5:
        problems.append("overlap_frac must be from 0 to 0.5")
    if not 0.0 <= inputs.site_correlation_frac <= 1.0:
        problems.append("site_correlation_frac must be from 0 to 1")
    if problems:
        message = "construction: " + "; ".join(problems)
        raise InputError(message)
