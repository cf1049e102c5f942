"""The engine's entry: a campus in, its megawatts by month out."""

from __future__ import annotations

import math

import numpy as np

from gigawatt.engines.construction.draws import medians, peak_crew_count, simulate
from gigawatt.engines.construction.outcome import milestone, watts_by_month
from gigawatt.engines.construction.types import CampusInputs, CampusSchedule, Floats
from gigawatt.errors import InputError
from gigawatt.units import DAYS_PER_YEAR, MONTHS_PER_YEAR

GIGAWATT_W = 1e9
DRAWS_COUNT = 2000  # the 10th and 90th percentiles of a date are then good to about 1 % of it


def month_ends_days(months_count: int) -> Floats:
    """Return the ends of mean months from clearing.

    Parameters
    ----------
    months_count : int
        T.

    Returns
    -------
    Floats
        Shape (T,). [day]

    Examples
    --------
    >>> month_ends_days(12)[-1].item()
    365.25
    """
    month_T: Floats = np.arange(1, months_count + 1, dtype=np.float64)
    return month_T * (DAYS_PER_YEAR / MONTHS_PER_YEAR)


def schedule_campus(
    inputs: CampusInputs, seed: int = 0, draws_count: int = DRAWS_COUNT, months_count: int | None = None
) -> CampusSchedule:
    """When a campus has its megawatts.

    Parameters
    ----------
    inputs : CampusInputs
        The campus.
    seed : int
        Of the draws; the same seed gives the same schedule.
    draws_count : int
        N, at least 1.
    months_count : int or None
        Months shown; where None, until nine of ten draws are complete.

    Returns
    -------
    CampusSchedule
        Megawatts by month and milestones, both with 10th, 50th and 90th percentile.

    Raises
    ------
    InputError
        If the inputs do not fit together.
    """
    if draws_count < 1 or (months_count is not None and months_count < 1):
        message = "construction: at least one draw and one month are needed"
        raise InputError(message)
    draws = simulate(inputs, draws_count, np.random.default_rng(seed))
    total_w = float(inputs.building_w_K.sum())
    complete = milestone(draws, total_w)
    months = months_count or max(math.ceil(complete.band.p90_days * MONTHS_PER_YEAR / DAYS_PER_YEAR), 1)
    month_end_days_T = month_ends_days(months)
    watts = watts_by_month(draws, month_end_days_T)
    percentiles = (10, 50, 90)
    return CampusSchedule(
        month_end_days_T=month_end_days_T,
        energised_w_PT=np.percentile(watts["energised"], percentiles, axis=0),
        in_service_w_PT=np.percentile(watts["in-service"], percentiles, axis=0),
        power_w_T=np.median(watts["power"], axis=0),
        building_w_T=np.median(watts["buildings"], axis=0),
        rack_w_T=np.median(watts["racks"], axis=0),
        first_power=milestone(draws, 0.0),
        gigawatt=milestone(draws, GIGAWATT_W) if total_w >= GIGAWATT_W else None,
        complete=complete,
        peak_crew_count=peak_crew_count(medians(inputs)),
    )
