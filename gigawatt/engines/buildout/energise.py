"""What arrives, what retires, and what finds power.

Shape letters: T months, K accelerator kinds, S sites.
"""

from __future__ import annotations

import math

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
    moved_KT = np.zeros_like(count_KT)
    months_count = count_KT.shape[1]
    if months < months_count:
        moved_KT[:, months:] = count_KT[:, : months_count - months]
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
    return np.argsort(-first_K, kind="stable")


def _fill(waiting_w_K: Floats, free_w_S: Floats) -> Floats:
    """Fill sites in the given order with kinds in the given order (the north-west corner rule). Shape (S, K)."""
    kind_end_w_K = np.cumsum(waiting_w_K)
    site_end_w_S = np.cumsum(free_w_S)
    ends_w_SK = np.minimum(site_end_w_S[:, None], kind_end_w_K[None, :])
    starts_w_SK = np.maximum((site_end_w_S - free_w_S)[:, None], (kind_end_w_K - waiting_w_K)[None, :])
    placed_w_SK: Floats = np.maximum(ends_w_SK - starts_w_SK, 0.0)
    return placed_w_SK


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
    sites_count, months_count = capacity_w_ST.shape
    online_count_SKT = np.zeros((sites_count, system_w_K.size, months_count))
    ordered_w_K = system_w_K[kind_order_K]
    online_count_SK = np.zeros((sites_count, system_w_K.size))
    retiring_T = (retired_count_KT.max(axis=0, initial=0.0) > 0.0).tolist()
    for month in range(months_count):
        total_count_K = online_count_SK.sum(axis=0)
        if retiring_T[month]:
            left_count_K = np.maximum(total_count_K - retired_count_KT[:, month], 0.0)
            left_count_K = np.minimum(left_count_K, commissioned_count_KT[:, month])
            online_count_SK = online_count_SK * _ratio(left_count_K, total_count_K)
        used_w_S = online_count_SK @ system_w_K
        capacity_w_S = capacity_w_ST[:, month]
        if (used_w_S > capacity_w_S).any():
            online_count_SK = online_count_SK * np.minimum(_ratio(capacity_w_S, used_w_S), 1.0)[:, None]
            used_w_S = np.minimum(used_w_S, capacity_w_S)
        waiting_count_K = np.maximum(commissioned_count_KT[:, month] - online_count_SK.sum(axis=0), 0.0)
        if waiting_count_K.any():
            free_w_S = capacity_w_S - used_w_S
            site_order_S = np.argsort(-free_w_S, kind="stable")
            placed_w_SK = _fill(waiting_count_K[kind_order_K] * ordered_w_K, free_w_S[site_order_S])
            online_count_SK = online_count_SK.copy()
            online_count_SK[np.ix_(site_order_S, kind_order_K)] += placed_w_SK / ordered_w_K
        online_count_SKT[:, :, month] = online_count_SK
    return online_count_SKT


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Part over whole, 1 where there is no whole."""
    return np.divide(part, whole, out=np.ones_like(whole), where=whole > 0.0)
