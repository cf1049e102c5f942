"""What arrives, what retires, and what finds power.

Shape letters: T months, K accelerator kinds, S sites, M months in which something changes.
"""

from __future__ import annotations

import math
from operator import mul, sub

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def later(count_KT: Floats, months: int) -> Floats:
    """Return the same flows a number of months later; what falls after the last month is not shown.

    Examples
    --------
    >>> later(np.array([[1.0, 2.0, 3.0]]), 2)
    array([[0., 0., 1.]])
    """
    moved_KT = np.empty_like(count_KT)
    moved_KT[:, :months] = 0.0
    moved_KT[:, months:] = count_KT[:, : max(count_KT.shape[1] - months, 0)]
    return moved_KT


def installed_retirement_month(age_months: float, retirement_months: int) -> int:
    """First month, from 0, in which an installed base of this mean age has reached the age of retirement.

    Examples
    --------
    >>> installed_retirement_month(18.5, 60), installed_retirement_month(70.0, 60)
    (42, 0)
    """
    return max(math.ceil(retirement_months - age_months), 0)


def installed_retired(
    installed_count_K: Floats, installed_age_months_K: Floats, retirement_months: int, months_count: int
) -> Floats:
    """Retirements of the installed base, all of a kind at its mean age. Shape (K, T). [-]."""
    retired_count_KT = np.zeros((installed_count_K.size, months_count))
    for kind, age_months in enumerate(installed_age_months_K.tolist()):
        month = installed_retirement_month(age_months, retirement_months)
        if month < months_count:
            retired_count_KT[kind, month] = installed_count_K[kind]
    return retired_count_KT


def newest_first(ordered_count_KT: Floats) -> NDArray[np.int64]:
    """Order the kinds by the month of their first order, latest first; never ordered last; ties as given.

    Examples
    --------
    >>> newest_first(np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))
    array([2, 1, 0])
    """
    bought_KT = ordered_count_KT > 0.0
    first_K = np.where(bought_KT.any(axis=1), bought_KT.argmax(axis=1), -1)
    return (-first_K).argsort(kind="stable")


def place(
    commissioned_count_KT: Floats,
    retired_count_KT: Floats,
    system_w_K: Floats,
    capacity_w_ST: Floats,
    kind_order_K: NDArray[np.int64],
) -> Floats:
    """Bring commissioned accelerators online where there is power.

    Parameters
    ----------
    commissioned_count_KT : Floats
        Commissioned and not retired, at the end of the month. [-]
    retired_count_KT : Floats
        Leaving in the month, before anything new is placed. [-]
    system_w_K : Floats
        All-in IT watts per accelerator. [W]
    capacity_w_ST : Floats
        IT watts that the energised power carries. [W]
    kind_order_K : NDArray of int
        Kinds in the order in which they are placed.

    Returns
    -------
    Floats
        Shape (S, K, T): online at the end of the month. [-]

    Notes
    -----
    What is placed stays where it is. Retiring accelerators, the oldest of their kind, leave their sites in proportion.
    Where a site's power falls, all its kinds go offline in proportion and wait with the rest. What waits is placed in
    the site with most free power first. In total, IT watts online are the smaller of capacity and commissioned watts.

    Examples
    --------
    >>> place(np.array([[3.0]]), np.array([[0.0]]), np.array([10.0]), np.array([[5.0], [20.0]]), np.array([0]))[:, 0, 0]
    array([0.5, 2. ])
    """
    # nothing moves in a month in which nothing retires and all else is as in the month before
    news_T = np.logical_or.reduce(retired_count_KT > 0.0, axis=0)
    news_T[:1] = True
    for level_XT in (commissioned_count_KT, capacity_w_ST):
        news_T[1:] |= np.logical_or.reduce(level_XT[:, 1:] != level_XT[:, :-1], axis=0)
    levels = (commissioned_count_KT, retired_count_KT, capacity_w_ST)
    news = zip(*(level_XT.T[news_T].tolist() for level_XT in levels), strict=True)
    # plain lists: with a handful of kinds and sites they are several times faster than small arrays
    system_w = system_w_K.tolist()
    kind_order = kind_order_K.tolist()
    online = [[0.0] * capacity_w_ST.shape[0] for _ in system_w]
    used_w = [0.0] * capacity_w_ST.shape[0]
    history: list[float] = []
    for ready, retired, capacity_w in news:
        if any(retired):
            _retire(online, retired, ready)
            used_w = [sum(map(mul, at_site, system_w)) for at_site in zip(*online, strict=True)]
        for site, site_w in enumerate(capacity_w):
            if used_w[site] > site_w:
                kept_frac = site_w / used_w[site]
                for of_kind in online:
                    of_kind[site] *= kept_frac
                used_w[site] = site_w
        waiting = list(map(sub, ready, map(sum, online)))
        if max(waiting) > 0.0:
            free_w = list(map(sub, capacity_w, used_w))
            _fill(online, waiting, free_w, system_w, kind_order)
            used_w = list(map(sub, capacity_w, free_w))
        for of_kind in online:
            history.extend(of_kind)
    online_count_MKS = np.fromiter(history, np.float64).reshape(-1, len(system_w), len(used_w))
    online_count_TSK: Floats = online_count_MKS.swapaxes(1, 2).take(news_T.cumsum() - 1, axis=0)
    return online_count_TSK.transpose(1, 2, 0)


def _retire(online: list[list[float]], retired: list[float], ready: list[float]) -> None:
    """Take each kind's retiring accelerators out of all sites in proportion."""
    for of_kind, leaving_count, ready_count in zip(online, retired, ready, strict=True):
        if leaving_count > 0.0 and (total_count := sum(of_kind)) > 0.0:
            kept_frac = min(max(total_count - leaving_count, 0.0), ready_count) / total_count
            of_kind[:] = [count * kept_frac for count in of_kind]


def _fill(
    online: list[list[float]],
    waiting: list[float],
    free_w: list[float],
    system_w: list[float],
    kind_order: list[int],
) -> None:
    """Fill sites, most free power first, with kinds in their order."""
    # a stable sort: ties as given
    sites = iter(sorted(range(len(free_w)), key=free_w.__getitem__, reverse=True))
    site = next(sites, None)
    for kind in kind_order:
        left_w = waiting[kind] * system_w[kind]
        while left_w > 0.0 and site is not None:
            placed_w = min(left_w, free_w[site])
            online[kind][site] += placed_w / system_w[kind]
            free_w[site] -= placed_w
            left_w -= placed_w
            if left_w > 0.0:
                site = next(sites, None)
