"""From dates to megawatts: what is energised when, what decides it, what a month is worth.

Shape letters: N draws, A activities, K things that bring watts, T months.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.construction.campus import block_watts, last_stage
from gigawatt.engines.construction.draws import ROUNDING_DAYS, with_durations
from gigawatt.engines.construction.network import link_bound
from gigawatt.engines.construction.paths import BUILDING_STAGES, BURN_IN, RACKS
from gigawatt.engines.construction.types import Band, Bools, Draws, Floats, Milestone
from gigawatt.errors import InputError
from gigawatt.units import DAYS_PER_YEAR, MONTHS_PER_YEAR, WATTS_PER_MEGAWATT

LIMITS = ("power", "buildings", "racks")
ROUNDING_FRAC = 1e-9
VALUE_LEVELS_COUNT = 32  # levels of power at which a gain of days is integrated


def _power_positions(draws: Draws) -> tuple[list[int], Floats]:
    """Positions of the activities that energise blocks, and their watts."""
    positions: list[int] = []
    watts: list[float] = []
    for number, source in enumerate(draws.inputs.power, start=1):
        for block, block_w in enumerate(block_watts(source).tolist(), start=1):
            positions.append(draws.network.position[f"{last_stage(source.path)}:{number}.{block}"])
            watts.append(block_w)
    return positions, np.array(watts)


def _building_positions(draws: Draws, stage: str) -> list[int]:
    """Positions of a stage of each building."""
    return [draws.network.position[f"{stage}:{building}"] for building in range(1, draws.inputs.building_w_K.size + 1)]


def _step_reach(finish_KN: Floats, watts_K: Floats, watts: float) -> tuple[Floats, NDArray[np.int64]]:
    """When things that come whole add up to some watts, and which of them comes last."""
    order_KN = np.argsort(finish_KN, axis=0, kind="stable")
    reached_KN = np.cumsum(watts_K[order_KN], axis=0) >= watts * (1.0 - ROUNDING_FRAC)
    last_N = np.take_along_axis(order_KN, reached_KN.argmax(axis=0)[None], axis=0)[0]
    return np.take_along_axis(finish_KN, last_N[None], axis=0)[0], last_N


def _rack_reach(draws: Draws, watts: float) -> tuple[Floats, int]:
    """When racks, set one building after the other, add up to some watts, and in which building that is."""
    rack_w_K = draws.inputs.building_w_K
    total_w_K = np.cumsum(rack_w_K)
    building = int(np.argmax(total_w_K >= watts * (1.0 - ROUNDING_FRAC)))
    position = _building_positions(draws, RACKS)[building]
    share = (watts - (total_w_K[building] - rack_w_K[building])) / rack_w_K[building]
    start_N = draws.start_AN[position]
    return start_N + share * (draws.finish_AN[position] - start_N), position


def _reaches(draws: Draws, watts: float) -> tuple[Floats, NDArray[np.int64]]:
    """When each of power, buildings and racks has some watts, and the position of the activity that brings them."""
    if not 0.0 <= watts <= float(draws.inputs.building_w_K.sum()) * (1.0 + ROUNDING_FRAC):
        message = f"construction: the campus has no {watts / WATTS_PER_MEGAWATT:g} MW"
        raise InputError(message)
    power_positions, power_w = _power_positions(draws)
    hall_positions = _building_positions(draws, BUILDING_STAGES[draws.inputs.building_kind][-1])
    power_N, power_last_N = _step_reach(draws.finish_AN[power_positions], power_w, watts)
    hall_N, hall_last_N = _step_reach(draws.finish_AN[hall_positions], draws.inputs.building_w_K, watts)
    rack_N, rack_position = _rack_reach(draws, watts)
    last = (np.array(power_positions)[power_last_N], np.array(hall_positions)[hall_last_N])
    return np.array((power_N, hall_N, rack_N)), np.array((*last, np.full(rack_N.size, rack_position)))


def reach_days(draws: Draws, watts: float) -> Floats:
    """Day on which an amount of power is energised, by draw.

    Parameters
    ----------
    draws : Draws
        The campus.
    watts : float
        From 0, the first watt, to the campus's total. [W]

    Returns
    -------
    Floats
        Shape (N,). [day]

    Raises
    ------
    InputError
        If the campus is smaller.

    Notes
    -----
    Energised is the least of three rising curves, so an amount is there when the last of the three has it.
    """
    latest_N: Floats = _reaches(draws, watts)[0].max(axis=0)
    return latest_N


def band(days_N: Floats) -> Band:
    """10th, 50th and 90th percentile of days."""
    return Band(*np.percentile(days_N, (10, 50, 90)).tolist())


def milestone(draws: Draws, watts: float) -> Milestone:
    """When an amount of power is energised, and what decides it.

    Parameters
    ----------
    draws : Draws
        The campus.
    watts : float
        From 0, the first watt, to the campus's total. [W]

    Returns
    -------
    Milestone
        Band, shares of the three limits, criticality by kind of activity.
    """
    days, last = _reaches(draws, watts)
    limit_N = days.argmax(axis=0)
    seed_N = np.take_along_axis(last, limit_N[None], axis=0)[0]
    return Milestone(
        watts=watts,
        band=band(days.max(axis=0)),
        limit_frac={name: float(np.mean(limit_N == number)) for number, name in enumerate(LIMITS)},
        criticality_frac=criticality_frac(draws, seed_N),
    )


def criticality_of(draws: Draws, last_N: NDArray[np.int64]) -> Bools:
    """Which activities lie on the chain that leads to a last one.

    Parameters
    ----------
    draws : Draws
        The campus.
    last_N : NDArray of int
        Position of the activity at the end of the chain, by draw.

    Returns
    -------
    Bools
        Shape (A, N).

    Notes
    -----
    From the end backwards: an activity is on the chain if one that is there could not start earlier because of it.
    Where an activity waited for people the chain ends. Without such waits these are the activities without float.
    """
    plan = draws.network
    critical_AN: Bools = np.arange(len(plan.activities))[:, None] == last_N
    duration_AN = draws.finish_AN - draws.start_AN
    for position in range(len(plan.activities) - 1, -1, -1):
        waits_N = critical_AN[position] & ~draws.crew_delayed_AN[position]
        if not waits_N.any():
            continue
        for earlier, overlap_frac in plan.before[position]:
            bound_N = link_bound(draws.start_AN[earlier], duration_AN[earlier], overlap_frac, duration_AN[position])
            critical_AN[earlier] |= waits_N & (bound_N >= draws.start_AN[position] - ROUNDING_DAYS)
    return critical_AN


def criticality_frac(draws: Draws, last_N: NDArray[np.int64]) -> dict[str, float]:
    """How often each kind of activity lies on the chain that leads to a last one.

    Parameters
    ----------
    draws : Draws
        The campus.
    last_N : NDArray of int
        Position of the activity at the end of the chain, by draw.

    Returns
    -------
    dict of str to float
        Share of draws by kind of activity, largest first; "crew" where a chain goes back to a wait for people. [-]
    """
    critical_AN = criticality_of(draws, last_N)
    crew_N: Bools = np.any(critical_AN & draws.crew_delayed_AN, axis=0)
    stage_N: dict[str, Bools] = {"crew": crew_N}
    for activity, critical_N in zip(draws.network.activities, critical_AN, strict=True):
        stage_N[activity.stage] = stage_N.get(activity.stage, np.zeros_like(critical_N)) | critical_N
    shares = {stage: float(np.mean(hit_N)) for stage, hit_N in stage_N.items()}
    return dict(sorted(((stage, share) for stage, share in shares.items() if share > 0.0), key=lambda pair: -pair[1]))


def watts_by_month(draws: Draws, month_end_days_T: Floats) -> dict[str, Floats]:
    """Watts at the end of each month.

    Parameters
    ----------
    draws : Draws
        The campus.
    month_end_days_T : Floats
        [day]

    Returns
    -------
    dict of str to Floats
        Shape (N, T) of power, buildings, racks, energised (their least) and in-service (after burn-in, with power). [W]
    """
    building_w_K = draws.inputs.building_w_K
    power_positions, power_w = _power_positions(draws)
    halls = _building_positions(draws, BUILDING_STAGES[draws.inputs.building_kind][-1])
    watts = {
        "power": _steps(draws.finish_AN[power_positions], power_w, month_end_days_T),
        "buildings": _steps(draws.finish_AN[halls], building_w_K, month_end_days_T),
    }
    rack_w_NT = np.zeros_like(watts["power"])
    for position, rack_w in zip(_building_positions(draws, RACKS), building_w_K.tolist(), strict=True):
        start_N1, finish_N1 = draws.start_AN[position][:, None], draws.finish_AN[position][:, None]
        rack_w_NT += rack_w * np.clip((month_end_days_T - start_N1) / (finish_N1 - start_N1), 0.0, 1.0)
    watts["racks"] = rack_w_NT
    watts["energised"] = np.minimum(np.minimum(watts["power"], watts["buildings"]), rack_w_NT)
    burnt_in_w_NT = _steps(draws.finish_AN[_building_positions(draws, BURN_IN)], building_w_K, month_end_days_T)
    watts["in-service"] = np.minimum(watts["energised"], burnt_in_w_NT)
    return watts


def _steps(finish_KN: Floats, watts_K: Floats, day_T: Floats) -> Floats:
    """Watts of what is finished, shape (N, T)."""
    total_w_NT = np.zeros((finish_KN.shape[1], day_T.size))
    for finish_N, watts in zip(finish_KN, watts_K.tolist(), strict=True):
        total_w_NT += watts * (finish_N[:, None] <= day_T)
    return total_w_NT


def month_value_usd(watts: float, margin_usd_per_mw_year: float) -> float:
    """Return what an amount of power earns in a month: the value of having it a month earlier.

    Parameters
    ----------
    watts : float
        Facility power. [W]
    margin_usd_per_mw_year : float
        Revenue less what running costs, per facility megawatt and year. [USD/MW/year]

    Returns
    -------
    float
        [USD]

    Examples
    --------
    >>> month_value_usd(1e9, 12e6)
    1000000000.0
    """
    return watts / WATTS_PER_MEGAWATT * margin_usd_per_mw_year / MONTHS_PER_YEAR


def stage_month_value_usd(draws: Draws, margin_usd_per_mw_year: float) -> dict[str, float]:
    r"""Value of a month saved in each kind of activity, all else as it was.

    Parameters
    ----------
    draws : Draws
        The campus.
    margin_usd_per_mw_year : float
        Revenue less what running costs, per facility megawatt and year. [USD/MW/year]

    Returns
    -------
    dict of str to float
        Mean over the draws, largest first: each activity of the kind is a month shorter, or vanishes if it is shorter
        than that. Less than `month_value_usd` of the campus where another chain takes over. [USD]

    Notes
    -----
    :math:`m \int_0^W \bigl(t(x) - t'(x)\bigr)\,dx` with the day :math:`t(x)` on which the watt :math:`x` is energised.
    """
    total_w = float(draws.inputs.building_w_K.sum())
    levels_w = (np.arange(VALUE_LEVELS_COUNT) + 0.5) / VALUE_LEVELS_COUNT * total_w
    month_days = DAYS_PER_YEAR / MONTHS_PER_YEAR
    before_days = np.mean([reach_days(draws, level_w) for level_w in levels_w.tolist()])
    duration_AN = draws.finish_AN - draws.start_AN
    values = {}
    for stage in dict.fromkeys(activity.stage for activity in draws.network.activities):
        of_stage = np.array([activity.stage == stage for activity in draws.network.activities])
        shorter_AN = np.where(of_stage[:, None], np.maximum(duration_AN - month_days, ROUNDING_DAYS), duration_AN)
        faster = with_durations(draws, shorter_AN)
        after_days = np.mean([reach_days(faster, level_w) for level_w in levels_w.tolist()])
        months = float(before_days - after_days) / month_days
        values[stage] = months * month_value_usd(total_w, margin_usd_per_mw_year)
    return dict(sorted(values.items(), key=lambda pair: -pair[1]))
