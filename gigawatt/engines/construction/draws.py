"""A campus built many times: lognormal durations with a common site factor, and people enough or not.

Shape letters: N draws, A activities, C teams.
"""

from __future__ import annotations

import math

import numpy as np

from gigawatt.engines.construction.campus import campus_network
from gigawatt.engines.construction.network import forward, link_bound
from gigawatt.engines.construction.paths import EQUIPMENT, RACKS, START
from gigawatt.engines.construction.types import Bools, CampusInputs, Draws, Floats, Network

NORMAL_P90 = 1.2815515655446004  # 90th percentile of the standard normal
# One pace for the whole campus: the interval of starts, the rate of racks, one maker's delivery of an item.
ONE_PACE = frozenset({START, RACKS, *(item for items in EQUIPMENT.values() for item in items)})
# People are given out in teams of this share of the cap: finer costs time and changes dates by less than a day.
TEAMS_COUNT = 64
ROUNDING_DAYS = 1e-6


def simulate(inputs: CampusInputs, draws_count: int, generator: np.random.Generator) -> Draws:
    r"""Build a campus many times.

    Parameters
    ----------
    inputs : CampusInputs
        The campus.
    draws_count : int
        N.
    generator : numpy.random.Generator
        Where the chance comes from; the same state gives the same draws.

    Returns
    -------
    Draws
        Starts and finishes of every activity.

    Notes
    -----
    :math:`d_i = m_i \exp\bigl(\sigma_i (\sqrt\rho\, g + \sqrt{1 - \rho}\, e_i)\bigr)` with
    :math:`\sigma_i = \ln(p_{90} / m_i) / 1.2816` and the site's factor :math:`g`. The interval of starts, racks and
    each item of equipment have one :math:`e` for the whole campus.
    """
    plan = campus_network(inputs)
    site_N = generator.standard_normal(draws_count)
    keys = [activity.stage if activity.stage in ONE_PACE else activity.name for activity in plan.activities]
    # in the order of names, so that a changed lead time, which may change the network's order, keeps the others' luck
    own_N = {key: generator.standard_normal(draws_count) for key in sorted(set(keys))}
    shared = math.sqrt(inputs.site_correlation_frac)
    alone = math.sqrt(1.0 - inputs.site_correlation_frac)
    normal_AN = np.array([shared * site_N + alone * own_N[key] for key in keys])
    return _build(inputs, plan, normal_AN)


def medians(inputs: CampusInputs) -> Draws:
    """Build a campus once, every activity at its median.

    Parameters
    ----------
    inputs : CampusInputs
        The campus.

    Returns
    -------
    Draws
        One draw. Dates of it are earlier than median dates: of several things that must all be ready, one is late.
    """
    plan = campus_network(inputs)
    return _build(inputs, plan, np.zeros((len(plan.activities), 1)))


def with_durations(draws: Draws, duration_AN: Floats) -> Draws:
    """Build the same campus with other durations.

    Parameters
    ----------
    draws : Draws
        The campus.
    duration_AN : Floats
        [day]

    Returns
    -------
    Draws
        Starts and finishes anew.
    """
    start_AN, crew_delayed_AN, stretched_AN = _starts(draws.network, duration_AN, draws.inputs.crew_cap_count)
    return Draws(draws.inputs, draws.network, start_AN, start_AN + stretched_AN, crew_delayed_AN)


def _build(inputs: CampusInputs, plan: Network, normal_AN: Floats) -> Draws:
    """Turn normals into durations, and those into dates."""
    p50_days_A = np.array([activity.lead.p50_days for activity in plan.activities])
    p90_days_A = np.array([activity.lead.p90_days for activity in plan.activities])
    sigma_A = np.log(p90_days_A / p50_days_A) / NORMAL_P90
    duration_AN = p50_days_A[:, None] * np.exp(sigma_A[:, None] * normal_AN)
    start_AN, crew_delayed_AN, stretched_AN = _starts(plan, duration_AN, inputs.crew_cap_count)
    return Draws(inputs, plan, start_AN, start_AN + stretched_AN, crew_delayed_AN)


def _starts(plan: Network, duration_AN: Floats, crew_cap_count: float) -> tuple[Floats, Bools, Floats]:
    """Find starts, whether they waited for people, and durations, stretched where an activity wants more than all."""
    wanted_A = np.array([activity.crew_count for activity in plan.activities])
    if float(wanted_A.sum()) <= crew_cap_count:
        return forward(plan, duration_AN), np.zeros(duration_AN.shape, dtype=np.bool_), duration_AN
    stretched_AN = duration_AN * np.maximum(wanted_A / crew_cap_count, 1.0)[:, None]
    teams_A = np.minimum(np.ceil(wanted_A / crew_cap_count * TEAMS_COUNT - ROUNDING_DAYS), TEAMS_COUNT).astype(int)
    return *_with_teams(plan, stretched_AN, teams_A.tolist()), stretched_AN


def _with_teams(plan: Network, duration_AN: Floats, teams_A: list[int]) -> tuple[Floats, Bools]:
    """Give teams to activities in the network's order; one that finds too few waits for the next to be free."""
    start_AN = np.empty(duration_AN.shape)
    delayed_AN = np.zeros(duration_AN.shape, dtype=np.bool_)
    free_NC = np.full((duration_AN.shape[1], TEAMS_COUNT), -np.inf)  # sorted: when each team is free
    for position, (activity, links) in enumerate(zip(plan.activities, plan.before, strict=True)):
        start_N = np.full(duration_AN.shape[1], activity.release_days)
        for earlier, overlap_frac in links:
            bound_N = link_bound(start_AN[earlier], duration_AN[earlier], overlap_frac, duration_AN[position])
            np.maximum(start_N, bound_N, out=start_N)
        teams = teams_A[position]
        if teams:
            free_N = free_NC[:, teams - 1]
            delayed_AN[position] = free_N > start_N + ROUNDING_DAYS
            start_N = np.maximum(start_N, free_N)
            free_NC[:, :teams] = (start_N + duration_AN[position])[:, None]
            free_NC.sort(axis=1)
        start_AN[position] = start_N
    return start_AN, delayed_AN


def peak_crew_count(draws: Draws) -> float:
    """Most people on site at once, in the first draw.

    Parameters
    ----------
    draws : Draws
        Usually of `medians`.

    Returns
    -------
    float
        [-]
    """
    crew_A = np.array([activity.crew_count for activity in draws.network.activities])
    crew_A = np.minimum(crew_A, draws.inputs.crew_cap_count)
    days = np.concatenate((draws.finish_AN[:, 0], draws.start_AN[:, 0]))
    change = np.concatenate((-crew_A, crew_A))
    order = np.lexsort((change, np.round(days, 6)))  # who leaves goes before who comes
    return float(np.cumsum(change[order]).max())
