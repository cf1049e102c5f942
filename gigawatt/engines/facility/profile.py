"""An hourly IT load from what the accelerators do: training runs, serving, research, idle. Shape letter: H hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigawatt.engines.facility.load import HOURS_COUNT
from gigawatt.engines.facility.types import Floats
from gigawatt.errors import InputError
from gigawatt.units import HOURS_PER_DAY

# Requests by local hour over their mean: three language-model pools of a large cloud over a fortnight, each over its
# own mean, averaged. Y. Xiang et al., "ServeGen," arXiv:2505.09999, 2025, data under Apache-2.0; the trace is taken to
# begin at local midnight. Consumer products swing more.
SERVING_DAY = (
    0.93, 0.91, 0.95, 0.93, 0.90, 0.85, 0.86, 0.91, 0.94, 1.00, 1.08, 1.09,
    0.98, 1.04, 1.04, 0.99, 1.00, 1.04, 1.00, 1.11, 1.22, 1.15, 1.08, 1.04,
)  # fmt: skip
WEEK_DAYS = 7
WEEKEND_DAYS = 2  # the last two of a week that begins on Monday
SMALL = 1e-9  # shares may exceed 1 by rounding


@dataclass(frozen=True, slots=True)
class TrainingPhase:
    """A run of training on a part of the site.

    Attributes
    ----------
    first_hour, end_hour : int
        From the first hour to before the end, in hours of the year.
    capacity_frac : float
        Share of the site's rating that it holds. [-]
    load_frac : float
        Power over rating of that part while it computes. [-]
    checkpoint_interval_s, checkpoint_stall_s : float
        Time between checkpoints, and how long each stops the run. [s]
    """

    first_hour: int
    end_hour: int
    capacity_frac: float
    load_frac: float
    checkpoint_interval_s: float = 0.0
    checkpoint_stall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SiteWork:
    """What a site's accelerators do over a year; what no part holds is idle.

    Attributes
    ----------
    idle_load_frac : float
        Power over rating of what is idle or stalled. [-]
    training : tuple of TrainingPhase
    serving_capacity_frac, serving_load_frac : float
        Share of the rating that serves, and its mean power over its rating. [-]
    serving_day : tuple of float
        Demand by hour of the users' day, in any unit: 24 values.
    weekend_ratio : float
        Demand at weekends over that of other days. [-]
    users_ahead_h : float
        Users' clock ahead of the site's standard time. [h]
    first_weekday : int
        Of 1 January, Monday 0.
    research_capacity_frac, research_load_frac : float
        Share of the rating with jobs of all sizes, whose sum is taken as steady, and its mean load. [-]
    """

    idle_load_frac: float
    training: tuple[TrainingPhase, ...] = ()
    serving_capacity_frac: float = 0.0
    serving_load_frac: float = 0.0
    serving_day: tuple[float, ...] = SERVING_DAY
    weekend_ratio: float = 1.0
    users_ahead_h: float = 0.0
    first_weekday: int = 0
    research_capacity_frac: float = 0.0
    research_load_frac: float = 0.0


def run_load_frac(phase: TrainingPhase, idle_load_frac: float) -> float:
    r"""Mean load of a training run, its checkpoints averaged in.

    Parameters
    ----------
    phase : TrainingPhase
    idle_load_frac : float
        Load while a checkpoint stops it. [-]

    Returns
    -------
    float
        [-]

    Notes
    -----
    :math:`u - (u - u_i)\, s / (t + s)`, :math:`t` the interval and :math:`s` the stall: dips of seconds are below the
    hour, and grid and cooling see their mean.

    Examples
    --------
    A stall of 20 s every half hour costs 1 %:

    >>> phase = TrainingPhase(0, 8760, 1.0, 0.8, checkpoint_interval_s=1800.0, checkpoint_stall_s=20.0)
    >>> round(run_load_frac(phase, 0.27), 4)
    0.7942
    """
    period_s = phase.checkpoint_interval_s + phase.checkpoint_stall_s
    stalled_frac = phase.checkpoint_stall_s / period_s if period_s > 0.0 else 0.0
    return phase.load_frac - (phase.load_frac - idle_load_frac) * stalled_frac


def serving_shape(work: SiteWork, hours_count: int = HOURS_COUNT) -> Floats:
    """Demand of users by hour of the site's year, over its mean.

    Parameters
    ----------
    work : SiteWork
    hours_count : int

    Returns
    -------
    ndarray, shape (H,)
        Mean 1. [-]
    """
    users_hour_H = np.arange(hours_count) + work.users_ahead_h
    day = np.asarray(work.serving_day, dtype=np.float64)
    shape_H = np.interp(users_hour_H % HOURS_PER_DAY, np.arange(len(day)), day, period=HOURS_PER_DAY)
    weekday_H = (work.first_weekday + np.floor(users_hour_H / HOURS_PER_DAY)) % WEEK_DAYS
    shape_H = shape_H * np.where(weekday_H >= WEEK_DAYS - WEEKEND_DAYS, work.weekend_ratio, 1.0)
    return np.asarray(shape_H / np.mean(shape_H))


def hourly_work_w(rated_w: float, work: SiteWork, hours_count: int = HOURS_COUNT) -> Floats:
    r"""Return IT power by hour of the site's local standard time.

    Parameters
    ----------
    rated_w : float
        IT rating. [W]
    work : SiteWork
    hours_count : int

    Returns
    -------
    ndarray, shape (H,)
        [W]

    Raises
    ------
    InputError
        If parts hold more than there is, or a share is outside 0..1; names every fault.

    Notes
    -----
    A part of capacity :math:`c` and load :math:`u` adds :math:`c\,u`. Serving power moves between idle and full with
    demand, :math:`u_i + (u - u_i)\,d(h)`, cut at 1: servers draw their idle power at night whatever the demand.

    Examples
    --------
    >>> work = SiteWork(0.27, (TrainingPhase(0, 8760, 0.6, 0.8),), serving_capacity_frac=0.3, serving_load_frac=0.6)
    >>> load_w = hourly_work_w(100e6, work)
    >>> (load_w.mean() / 1e6).round(1), (load_w.min() / 1e6).round(1), (load_w.max() / 1e6).round(1)
    (np.float64(68.7), np.float64(67.2), np.float64(70.9))
    """
    _check(rated_w, work, hours_count)
    idle = work.idle_load_frac
    above_idle_H = np.zeros(hours_count)
    for phase in work.training:
        above_idle_H[phase.first_hour : phase.end_hour] += phase.capacity_frac * (run_load_frac(phase, idle) - idle)
    serving_H = np.minimum((work.serving_load_frac - idle) * serving_shape(work, hours_count), 1.0 - idle)
    above_idle_H = above_idle_H + work.serving_capacity_frac * serving_H
    above_idle_H = above_idle_H + work.research_capacity_frac * (work.research_load_frac - idle)
    return np.asarray(rated_w * (idle + above_idle_H))


def _check(rated_w: float, work: SiteWork, hours_count: int) -> None:
    """Refuse work that no site can do."""
    faults: list[str] = []
    if rated_w <= 0.0:
        faults.append(f"rating is {rated_w} W; it is positive")
    held_H = np.full(hours_count, work.serving_capacity_frac + work.research_capacity_frac)
    for number, phase in enumerate(work.training):
        if not 0 <= phase.first_hour < phase.end_hour <= hours_count:
            faults.append(f"training[{number}] runs from hour {phase.first_hour} to {phase.end_hour} of {hours_count}")
        held_H[max(phase.first_hour, 0) : max(phase.end_hour, 0)] += phase.capacity_frac
    if hours_count and held_H.max() > 1.0 + SMALL:
        faults.append(f"{held_H.max():.3g} of the rating is held in hour {int(held_H.argmax())}; at most 1 there is")
    if len(work.serving_day) != int(HOURS_PER_DAY) or min(work.serving_day) < 0.0 or max(work.serving_day) <= 0.0:
        faults.append("serving_day holds 24 values, none negative and not all 0")
    busy = {f"training[{number}].load_frac": phase.load_frac for number, phase in enumerate(work.training)}
    if work.serving_capacity_frac:
        busy["serving_load_frac"] = work.serving_load_frac
    if work.research_capacity_frac:
        busy["research_load_frac"] = work.research_load_frac
    faults += [
        f"{name} is {value}; it lies between idle_load_frac {work.idle_load_frac} and 1"
        for name, value in busy.items()
        if not work.idle_load_frac <= value <= 1.0
    ]
    shares = [phase.capacity_frac for phase in work.training]
    shares += [work.serving_capacity_frac, work.research_capacity_frac, work.idle_load_frac]
    if min(shares) < 0.0 or max(shares) > 1.0:
        faults.append("shares lie in 0..1")
    if faults:
        message = "IT load: " + "; ".join(faults)
        raise InputError(message)
