"""What goes into the construction engine and what comes out.

Days count from the campus's land clearing: 0 is the day on which it starts, what was ordered before has a negative day.

Shape letters: N draws, A activities, K buildings, B blocks of power, T months, P percentiles (10, 50, 90).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lead:
    """How long a kind of activity takes.

    Attributes
    ----------
    p50_days : float
        Median. [day]
    p90_days : float
        90th percentile of a lognormal; equal to the median where it is certain. [day]
    """

    p50_days: float
    p90_days: float


@dataclass(frozen=True, slots=True)
class Link:
    """A later activity needs an earlier one.

    Attributes
    ----------
    before, after : str
        Names of the activities.
    overlap_frac : float
        Share of the shorter of the two that may run side by side: work goes zone by zone. From 0, finish to start, to
        0.5; with more a longer activity could let its successor end earlier. [-]
    """

    before: str
    after: str
    overlap_frac: float = 0.0


@dataclass(frozen=True, slots=True)
class Activity:
    """One bar of the schedule.

    Attributes
    ----------
    name : str
        Unique; a building's or block's number follows after a colon, as in "foundations:3".
    lead : Lead
        How long it takes.
    release_days : float
        Earliest start, from clearing. [day]
    crew_count : float
        People on site while it runs. [-]
    """

    name: str
    lead: Lead
    release_days: float = 0.0
    crew_count: float = 0.0

    @property
    def stage(self) -> str:
        """Kind of activity: the name without the number."""
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Network:
    """Activities in an order in which each stands after all that it needs.

    Attributes
    ----------
    activities : tuple of Activity
        A long.
    before : tuple of tuple
        For each activity, (position of an earlier one, overlap share) for each link. [-]
    position : mapping of str to int
        Of each activity, by name.
    """

    activities: tuple[Activity, ...]
    before: tuple[tuple[tuple[int, float], ...], ...]
    position: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PowerSource:
    """Where power comes from.

    Attributes
    ----------
    path : str
        Key of `POWER_PATHS`: grid-new, grid-existing, onsite-gas, onsite-gas-reserved, reciprocating, mobile-gas.
    watts : float
        Facility power when complete. [W]
    block_w : float
        It is energised in blocks of this size, one after the other. [W]
    head_start_days : float
        How long before clearing its first step was taken. [day]
    """

    path: str
    watts: float
    block_w: float
    head_start_days: float = 0.0


@dataclass(frozen=True, slots=True)
class CampusInputs:
    """A campus to be built.

    Attributes
    ----------
    building_w_K : Floats
        Facility power of each building, in the order in which they are begun. [W]
    building_kind : str
        "new" or "retrofit", a standing shell.
    power : tuple of PowerSource
        Their powers add up.
    leads : mapping of str to Lead
        By kind of activity; see `required_leads`.
    overlap_frac : float
        Of successive trades in one building, see `Link`. [-]
    start_interval : Lead
        From one building's start to the next, for a building of `interval_building_w`; in proportion for others. [day]
    interval_building_w : float
        [W]
    equipment_head_start_days : float
        How long before clearing the first building's long-lead equipment was ordered. [day]
    crew_per_100_mw_count : mapping of str to float
        People on site per 100 MW of building, by kind of activity; none where it is not named. [-]
    crew_cap_count : float
        Most people on site; infinite where nothing limits them. [-]
    rack_w : float
        Facility power per rack. [W]
    racks_per_day : Lead
        Racks set and cabled in a day: the median, and the rate that nine of ten campuses exceed. [1/day]
    site_correlation_frac : float
        Share of the variance of each log duration that all activities of a site have in common. [-]
    from_site_search : bool
        Whether land and permits are still to be had; days then count from the start of the search. [-]
    """

    building_w_K: Floats
    building_kind: str
    power: tuple[PowerSource, ...]
    leads: Mapping[str, Lead]
    overlap_frac: float
    start_interval: Lead
    interval_building_w: float
    equipment_head_start_days: float
    crew_per_100_mw_count: Mapping[str, float]
    crew_cap_count: float
    rack_w: float
    racks_per_day: Lead
    site_correlation_frac: float
    from_site_search: bool = False


@dataclass(frozen=True, slots=True)
class Draws:
    """A campus built N times.

    Attributes
    ----------
    inputs : CampusInputs
        What was built.
    network : Network
        Its activities.
    start_AN, finish_AN : Floats
        [day]
    crew_delayed_AN : Bools
        Whether the start waited for people.
    """

    inputs: CampusInputs
    network: Network
    start_AN: Floats
    finish_AN: Floats
    crew_delayed_AN: Bools


@dataclass(frozen=True, slots=True)
class Band:
    """Days by which 10, 50 and 90 % of the draws are there. [day]."""

    p10_days: float
    p50_days: float
    p90_days: float

    def holds(self, days: float) -> bool:
        """Whether a date lies in the band."""
        return self.p10_days <= days <= self.p90_days


@dataclass(frozen=True, slots=True)
class Milestone:
    """When an amount of power is energised, and what decides it.

    Attributes
    ----------
    watts : float
        Facility power, energised, in a finished building, with racks. [W]
    band : Band
        When. [day]
    limit_frac : dict of str to float
        Share of draws in which power, buildings or racks came last. [-]
    criticality_frac : dict of str to float
        By kind of activity, share of draws in which it lies on the chain that decides the date, largest first; "crew"
        where the chain goes back to a wait for people. [-]
    """

    watts: float
    band: Band
    limit_frac: dict[str, float]
    criticality_frac: dict[str, float]


@dataclass(frozen=True, slots=True)
class CampusSchedule:
    """When a campus has its megawatts.

    Attributes
    ----------
    month_end_days_T : Floats
        [day]
    energised_w_PT : Floats
        The least of power, buildings and racks: what 10, 50 and 90 % of the draws do not exceed. [W]
    in_service_w_PT : Floats
        The same after burn-in. [W]
    power_w_T, building_w_T, rack_w_T : Floats
        Medians of the three. [W]
    first_power : Milestone
        The first watts.
    gigawatt : Milestone or None
        The first 10^9 W, where the campus has as many.
    complete : Milestone
        All watts.
    peak_crew_count : float
        Most people on site in the schedule of medians. [-]
    """

    month_end_days_T: Floats
    energised_w_PT: Floats
    in_service_w_PT: Floats
    power_w_T: Floats
    building_w_T: Floats
    rack_w_T: Floats
    first_power: Milestone
    gigawatt: Milestone | None
    complete: Milestone
    peak_crew_count: float
