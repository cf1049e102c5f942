"""Precedence networks: order, forward pass, backward pass, float."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gigawatt.engines.construction.types import Activity, Floats, Link, Network
from gigawatt.errors import InputError


def network(activities: Sequence[Activity], links: Sequence[Link]) -> Network:
    """Put activities into an order in which each stands after all that it needs.

    Parameters
    ----------
    activities : sequence of Activity
        Names must be unique.
    links : sequence of Link
        What needs what.

    Returns
    -------
    Network
        Among activities that could stand next, the one of the earliest median start comes first, so that people are
        given out in the order of time.

    Raises
    ------
    InputError
        If a name is there twice or unknown, an overlap is not from 0 to 0.5, or the links run in a circle.

    Examples
    --------
    >>> from gigawatt.engines.construction import Lead
    >>> bars = [Activity("roof", Lead(120.0, 150.0)), Activity("slab", Lead(90.0, 120.0))]
    >>> [activity.name for activity in network(bars, [Link("slab", "roof")]).activities]
    ['slab', 'roof']
    """
    names = [activity.name for activity in activities]
    _check(names, links)
    before = {name: [link for link in links if link.after == name] for name in names}
    by_name = dict(zip(names, activities, strict=True))
    start_days: dict[str, float] = {}
    waiting = list(names)
    while waiting:
        ready = [name for name in waiting if all(link.before in start_days for link in before[name])]
        if not ready:
            message = f"construction: these need each other in a circle: {', '.join(waiting)}"
            raise InputError(message)
        for name in ready:
            lead = by_name[name].lead.p50_days
            start_days[name] = max(
                [by_name[name].release_days, *(_bound(start_days, by_name, link, lead) for link in before[name])]
            )
        waiting = [name for name in waiting if name not in start_days]
    order = _by_start(names, before, start_days)
    positions = {name: position for position, name in enumerate(order)}
    return Network(
        activities=tuple(by_name[name] for name in order),
        before=tuple(tuple((positions[link.before], link.overlap_frac) for link in before[name]) for name in order),
        position=positions,
    )


def _check(names: list[str], links: Sequence[Link]) -> None:
    """Refuse what is no network."""
    problems = [f'"{name}" is there twice' for name in sorted({name for name in names if names.count(name) > 1})]
    for link in links:
        problems += [
            f'"{name}" of a link is no activity' for name in (link.before, link.after) if name not in set(names)
        ]
        if not 0.0 <= link.overlap_frac <= 0.5:
            problems.append(f"{link.before} to {link.after}: overlap {link.overlap_frac} is not from 0 to 0.5")
    if problems:
        message = "construction: " + "; ".join(problems)
        raise InputError(message)


def _bound(start_days: dict[str, float], by_name: dict[str, Activity], link: Link, lead_days: float) -> float:
    """Earliest start that a link allows, with medians."""
    earlier_days = by_name[link.before].lead.p50_days
    return start_days[link.before] + earlier_days - link.overlap_frac * min(earlier_days, lead_days)


def _by_start(names: list[str], before: dict[str, list[Link]], start_days: dict[str, float]) -> list[str]:
    """Order by median start; an activity that starts with its predecessor still comes after it."""
    order: list[str] = []
    placed: set[str] = set()
    left = sorted(names, key=lambda name: start_days[name])  # stable: ties as given
    while left:
        name = next(name for name in left if all(link.before in placed for link in before[name]))
        order.append(name)
        placed.add(name)
        left.remove(name)
    return order


def link_bound(
    start: Floats | float, duration: Floats | float, overlap_frac: float, next_duration: Floats | float
) -> Floats:
    r"""Earliest start of an activity after another.

    Parameters
    ----------
    start, duration : Floats or float
        Of the earlier one. [day]
    overlap_frac : float
        Share of the shorter of the two that runs side by side. [-]
    next_duration : Floats or float
        Of the later one. [day]

    Returns
    -------
    Floats
        [day]

    Notes
    -----
    :math:`S_j \ge F_i - o\,\min(d_i, d_j)`: the later one begins no sooner than the share :math:`1 - o` of the earlier
    one is done, and has no less than the share :math:`1 - o` of its own left when that finishes, whichever is later.

    Examples
    --------
    >>> float(link_bound(0.0, 90.0, 0.5, 40.0))
    70.0
    """
    return np.asarray(start + duration - overlap_frac * np.minimum(duration, next_duration))


def forward(plan: Network, duration_AN: Floats) -> Floats:
    """Earliest starts, where there are people enough.

    Parameters
    ----------
    plan : Network
        Activities and links.
    duration_AN : Floats
        [day]

    Returns
    -------
    Floats
        Shape (A, N). [day]

    Examples
    --------
    >>> from gigawatt.engines.construction import Lead
    >>> bars = [Activity("slab", Lead(90.0, 120.0)), Activity("roof", Lead(120.0, 150.0))]
    >>> forward(network(bars, [Link("slab", "roof", 0.5)]), np.array([[90.0], [120.0]])).T
    array([[ 0., 45.]])
    """
    start_AN = np.empty(duration_AN.shape)
    for position, (activity, links) in enumerate(zip(plan.activities, plan.before, strict=True)):
        start_AN[position] = activity.release_days
        for earlier, overlap_frac in links:
            np.maximum(
                start_AN[position],
                link_bound(start_AN[earlier], duration_AN[earlier], overlap_frac, duration_AN[position]),
                out=start_AN[position],
            )
    return start_AN


def latest_starts(plan: Network, duration_AN: Floats, end_N: Floats) -> Floats:
    """Latest starts that keep an end: the backward pass. Its gap to the earliest start is the total float.

    Parameters
    ----------
    plan : Network
        Activities and links.
    duration_AN : Floats
        [day]
    end_N : Floats
        Day by which all is finished. [day]

    Returns
    -------
    Floats
        Shape (A, N). [day]

    Examples
    --------
    >>> from gigawatt.engines.construction import Lead
    >>> bars = [Activity("slab", Lead(90.0, 120.0)), Activity("fence", Lead(10.0, 15.0))]
    >>> latest_starts(network(bars, []), np.array([[90.0], [10.0]]), np.array([90.0])).T
    array([[ 0., 80.]])
    """
    latest_AN = end_N - duration_AN
    for position in range(len(plan.activities) - 1, -1, -1):
        for earlier, overlap_frac in plan.before[position]:
            bound_N = latest_AN[position] + overlap_frac * np.minimum(duration_AN[earlier], duration_AN[position])
            np.minimum(latest_AN[earlier], bound_N - duration_AN[earlier], out=latest_AN[earlier])
    return latest_AN
