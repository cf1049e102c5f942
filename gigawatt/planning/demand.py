"""Demand over the day: users in several time zones, the busiest hour, and what a pool that follows it hands over.

Shape letter: H hours of a day, in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.catalogue import Catalogue
from gigawatt.engines.serving.types import Sizing
from gigawatt.errors import InputError
from gigawatt.planning.figures import Figures
from gigawatt.planning.serving import ServingPool, pool_size
from gigawatt.records import Quantity
from gigawatt.scenario.workloads import ByHour
from gigawatt.units import HOURS_PER_DAY, SECONDS_PER_DAY

Floats = NDArray[np.float64]
HOURS = int(HOURS_PER_DAY)
TYPICAL = "typical"  # in place of hours: the catalogue's
SHARES_CLOSE_FRAC = 0.01  # shares of regions are written to the per cent
OFFSETS_H = (-12.0, 14.0)


@dataclass(frozen=True, slots=True)
class Region:
    """Where users are.

    Attributes
    ----------
    share_frac : float
        Of all users. [-]
    utc_offset_h : float
        Local time before UTC time, +5.5 for India. [h]
    """

    share_frac: float
    utc_offset_h: float


def typical_hours(catalogue: Catalogue, figures: Figures) -> list[float]:
    """Return the catalogue's demand by local hour, over its mean."""
    table = catalogue.defaults.demand_hours_ratio
    return [figures(f"defaults.demand_hours_ratio.{hour}", table[hour]) for hour in sorted(table)]


def hours_given(hours: Sequence[float] | str | None, catalogue: Catalogue, figures: Figures) -> list[float] | None:
    """Return the hours as numbers, the catalogue's for "typical"; None where there are none."""
    if hours is None:
        return None
    if isinstance(hours, str):
        if hours != TYPICAL:
            message = f'hours "{hours}" are neither 24 numbers nor "{TYPICAL}"'
            raise InputError(message)
        return typical_hours(catalogue, figures)
    return list(hours)


def demand_by_hour(hours: Sequence[float], regions: Mapping[str, Region] | None = None) -> Floats:
    """Return the demand of each hour over the day's mean.

    Parameters
    ----------
    hours : sequence of 24 float
        Demand by local hour, on any scale.
    regions : mapping of str to Region, optional
        One region at UTC where not given.

    Returns
    -------
    array, shape H
        By hour in UTC; its mean is 1. [-]

    Raises
    ------
    InputError
        If there are not 24 hours of at least 0, shares do not sum to 1, or an offset is none on Earth.

    Examples
    --------
    >>> noon = [0.0] * 12 + [24.0] + [0.0] * 11
    >>> halves = {"here": Region(0.5, 0.0), "there": Region(0.5, -6.0)}
    >>> demand_by_hour(noon, halves)[[12, 18]].tolist()
    [12.0, 12.0]
    """
    local = np.asarray(hours, dtype=np.float64)
    if len(local) != HOURS or not np.isfinite(local).all() or local.min() < 0.0 or local.sum() <= 0.0:
        message = f"hours: {len(local)} values; give 24 of at least 0, one for each hour of the day"
        raise InputError(message)
    local = local / local.mean()
    regions = regions or {"all": Region(1.0, 0.0)}
    total = sum(region.share_frac for region in regions.values())
    if abs(total - 1.0) > SHARES_CLOSE_FRAC:
        message = f"regions: the shares sum to {total:.3g}, not to 1"
        raise InputError(message)
    demand = np.zeros(HOURS)
    at = np.arange(HOURS, dtype=np.float64)
    for name, region in regions.items():
        if not OFFSETS_H[0] <= region.utc_offset_h <= OFFSETS_H[1]:
            message = f"regions: {name}: {region.utc_offset_h:g} h from UTC is no time zone; {OFFSETS_H[0]:g} to 14"
            raise InputError(message)
        demand += region.share_frac / total * np.interp(at + region.utc_offset_h, at, local, period=HOURS)
    scaled: Floats = demand / demand.mean()
    return scaled


def peak_to_mean_of(section: ByHour, path: str, catalogue: Catalogue, figures: Figures) -> float:
    """Return the busiest hour over the mean of a scenario's demand: as written, or from its hours and regions.

    Parameters
    ----------
    section : ByHour
        Demand of people or agents.
    path : str
        Of the workload.
    catalogue : Catalogue
        Its hours stand for those not given.
    figures : Figures

    Returns
    -------
    float
        1 where nothing is said. [-]
    """
    if not section.by_hour:
        written = getattr(section, "peak_to_mean", None)
        return figures(f"{path}.peak_to_mean", written) if written is not None else 1.0
    return float(_hours_written(section, path, catalogue, figures).max())


def _hours_written(section: ByHour, path: str, catalogue: Catalogue, figures: Figures) -> Floats:
    """Return the demand of each hour over the day's mean, from a scenario's hours and regions or the catalogue's."""
    hours = hours_given(getattr(section, "hours", None) or TYPICAL, catalogue, figures) or []
    regions = {
        region.region: Region(figures(f"{path}.regions.{number}.share", region.share), region.utc_offset)
        for number, region in enumerate(getattr(section, "regions", ()))
    }
    total = sum(region.share_frac for region in regions.values())
    whole = {name: Region(region.share_frac / total, region.utc_offset_h) for name, region in regions.items()}
    return demand_by_hour(hours, whole)


def hours_of_day(section: ByHour, path: str, catalogue: Catalogue, figures: Figures) -> Floats:
    """Return the demand of each hour over the day's mean, whose busiest hour is that of `peak_to_mean_of`.

    Parameters
    ----------
    section : ByHour
        Demand of people or agents.
    path : str
        Of the workload.
    catalogue : Catalogue
    figures : Figures

    Returns
    -------
    array, shape H
        Where only a peak is written, the typical day with its swing stretched to it. [-]
    """
    day_H = _hours_written(section, path, catalogue, figures)
    if section.by_hour:
        return day_H
    stretch = (peak_to_mean_of(section, path, catalogue, figures) - 1.0) / max(float(day_H.max()) - 1.0, 1e-9)
    return np.maximum(1.0 + (day_H - 1.0) * stretch, 0.0)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests that users or agents make, on the mean of a day.

    Attributes
    ----------
    requests_per_s : float
        [1/s]
    input_tokens, output_tokens, cached_frac : float
        Of the mean request.
    used : mapping of str to Quantity
        Figures of the catalogue that it rests on.
    """

    requests_per_s: float
    input_tokens: float
    output_tokens: float
    cached_frac: float
    used: Mapping[str, Quantity]


def traffic_of_developers(
    catalogue: Catalogue,
    developers: float,
    tasks_per_day: float,
    turns: float | None = None,
    input_tokens: float | None = None,
    output_tokens: float | None = None,
    cached_frac: float | None = None,
) -> Traffic:
    """Return the requests of coding agents: each turn of a task is one.

    Parameters
    ----------
    catalogue : Catalogue
        Its defaults stand for what is not given.
    developers, tasks_per_day : float
        Developers; tasks that each hands to agents in a day.
    turns : float, optional
        Calls of the model per task. [-]
    input_tokens, output_tokens : float, optional
        Per task, over all its turns. [-]
    cached_frac : float, optional
        Share of the input found in the prefix cache. [-]

    Returns
    -------
    Traffic

    Raises
    ------
    InputError
        If a number is not above 0.
    """
    figures, defaults = Figures(), catalogue.defaults

    def taken(given: float | None, name: str) -> float:
        return figures(f"defaults.{name}", getattr(defaults, name)) if given is None else given

    calls = taken(turns, "agent_turns_count")
    read, written = taken(input_tokens, "agent_task_input_tokens"), taken(output_tokens, "agent_task_output_tokens")
    if not min(developers, tasks_per_day, calls, read, written) > 0.0:
        message = "developers, tasks, turns and tokens must be above 0"
        raise InputError(message)
    return Traffic(
        requests_per_s=developers * tasks_per_day * calls / SECONDS_PER_DAY,
        input_tokens=read / calls,
        output_tokens=written / calls,
        cached_frac=taken(cached_frac, "agent_cached_frac"),
        used=figures.used,
    )


@dataclass(frozen=True, slots=True)
class Day:
    """A pool that follows the hours.

    Attributes
    ----------
    requests_per_s_H : Floats
        Demand. [1/s]
    sizes_H : tuple of Sizing
        Accelerators that each hour needs, with headroom and spares.
    installed : Sizing
        Of the busiest hour, powered for the mean.
    """

    requests_per_s_H: Floats
    sizes_H: tuple[Sizing, ...]
    installed: Sizing

    @property
    def peak_to_mean(self) -> float:
        """Busiest hour over the mean. [-]."""
        return float(self.requests_per_s_H.max() / self.requests_per_s_H.mean())

    @property
    def needed_gpus_H(self) -> Floats:
        """Accelerators that each hour needs. [-]."""
        return np.array([float(size.gpus_count) for size in self.sizes_H])

    @property
    def freed_gpu_hours(self) -> float:
        """Accelerator-hours of a day that a pool which follows the hours hands to other work. [h]."""
        return float((self.installed.gpus_count - self.needed_gpus_H).sum())

    @property
    def mean_over_peak_frac(self) -> float:
        """Accelerators needed, mean over the busiest hour. [-]."""
        return float(self.needed_gpus_H.mean() / self.installed.gpus_count) if self.installed.gpus_count else 0.0


def size_by_hour(pool: ServingPool, mean_requests_per_s: float, relative_H: Floats, availability_frac: float) -> Day:
    """Size a pool for each hour of the day.

    Parameters
    ----------
    pool : ServingPool
    mean_requests_per_s : float
        Of the day. [1/s]
    relative_H : array, shape H
        Demand of each hour over the mean, from `demand_by_hour`.
    availability_frac : float
        Share of time at which an hour's demand could be served. [-]

    Returns
    -------
    Day
        The hour's unevenness is in the headroom of `gigawatt.engines.serving.size`.
    """
    requests_H = mean_requests_per_s * relative_H
    sizes = tuple(pool_size(pool, float(rate), 1.0, availability_frac) for rate in requests_H)
    peak_to_mean = float(relative_H.max() / relative_H.mean())
    return Day(requests_H, sizes, pool_size(pool, mean_requests_per_s, peak_to_mean, availability_frac))
