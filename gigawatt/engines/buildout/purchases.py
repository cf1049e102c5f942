"""How a month's money becomes orders: what may be spent, what supply allows, what power allows.

Shape letters: T months, B months with a budget, K accelerator kinds, J breakpoints of the share-out (K + 1).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import mul

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = list[list[float]]  # plain: a handful of kinds are read month by month

# Money or watts below this share of the amount at hand count as none when the limit is named. [-]
ROUNDING_FRAC = 1e-9


def budget_runs(budget_year_T: Ints) -> list[tuple[int, int]]:
    """First month and month after the last of each unbroken run of months that have a budget.

    Examples
    --------
    >>> budget_runs(np.array([2025, 2025, 0, 2027]))
    [(0, 2), (3, 4)]
    """
    has_T = np.zeros(budget_year_T.size + 2, dtype=np.bool_)  # with a month before and after that have none
    has_T[1:-1] = budget_year_T != 0
    edges = (has_T[1:] != has_T[:-1]).nonzero()[0].tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def spread_evenly(budget_usd_T: Floats, budget_year_T: Ints, frac: float) -> Floats:
    """Give a share of each year's budget out in equal monthly parts of that year. [USD]."""
    spread_usd_T = np.zeros(budget_usd_T.size)
    for year in set(budget_year_T.tolist()) - {0}:
        in_year_T = budget_year_T == year
        spread_usd_T[in_year_T] = frac * budget_usd_T[in_year_T].sum() / in_year_T.sum()
    return spread_usd_T


def hardware_ceiling(free_usd_T: Floats, budget_year_T: Ints) -> Floats:
    r"""Most that may have been spent on hardware by the end of each month.

    Parameters
    ----------
    free_usd_T : Floats
        Budget less committed costs (construction, other) of the month; may be negative. [USD]
    budget_year_T : NDArray of int
        Label of the month's budget year; 0 where there is none.

    Returns
    -------
    Floats
        Shape (T,), cumulated within each run of months with a budget; zero outside. [USD]

    Notes
    -----
    :math:`G_t = \max(0, \min_{u \ge t} \sum_{i \le u} f_i)` over the run. The minimum over later months keeps back what
    construction will need, so hardware never makes a plan overspend; only commitments above the budget can.

    Examples
    --------
    >>> hardware_ceiling(np.array([10.0, 10.0, -6.0, 1.0]), np.array([1, 1, 1, 1]))
    array([10., 14., 14., 15.])
    """
    ceiling_usd_T = np.zeros(free_usd_T.size)
    for first, end in budget_runs(budget_year_T):
        cumulated_usd = free_usd_T[first:end].cumsum()
        reserved_usd = np.minimum.accumulate(cumulated_usd[::-1])[::-1]
        ceiling_usd_T[first:end] = np.maximum(reserved_usd, 0.0)
    return ceiling_usd_T


@dataclass(frozen=True, slots=True)
class ShareOut:
    """How money divides among kinds in each month, made once for all months.

    Attributes
    ----------
    money_usd_TJ, level_usd_TJ : list of list of float
        Money at which one more kind reaches its supply, and the level of an unbounded kind with preference 1 there.
    preference_TK : list of list of float
        Preference of the kinds on offer, 0 elsewhere. [-]
    cap_usd_TK : list of list of float
        What the month's supply of the kind costs. [USD]
    """

    money_usd_TJ: Rows
    level_usd_TJ: Rows
    preference_TK: Rows
    cap_usd_TK: Rows

    def spend_usd_K(self, month: int, money_usd: float) -> list[float]:
        """Money for each kind: by preference, what supply leaves over to the others. [USD]."""
        money_usd_J, level_usd_J = self.money_usd_TJ[month], self.level_usd_TJ[month]
        after = bisect_right(money_usd_J, money_usd)
        level_usd = level_usd_J[after - 1]
        if after < len(money_usd_J):
            slope = (level_usd_J[after] - level_usd) / (money_usd_J[after] - money_usd_J[after - 1])
            level_usd += slope * (money_usd - money_usd_J[after - 1])
        return [
            min(preference * level_usd, cap_usd)
            for preference, cap_usd in zip(self.preference_TK[month], self.cap_usd_TK[month], strict=True)
        ]


def share_out(price_usd_KT: Floats, supply_count_KT: Floats, preference_K: Floats, most_usd: float) -> ShareOut:
    r"""Prepare the division of money among kinds.

    Parameters
    ----------
    price_usd_KT : Floats
        Price of one accelerator with its server and network; not finite or not positive: not on offer. [USD]
    supply_count_KT : Floats
        Accelerators that can be ordered in the month; infinite: unbounded. [-]
    preference_K : Floats
        Share of the money of each kind; a kind with 0 is never bought. [-]
    most_usd : float
        More money than any month can have. [USD]

    Returns
    -------
    ShareOut

    Notes
    -----
    Kind k gets :math:`\min(a_k \lambda, c_k)`, with preference a, price of its supply c, and the level
    :math:`\lambda` at which the sum is the money at hand: the fixed point of sharing by preference again and again
    among the kinds that still have supply. The sum is piecewise linear in the level, so its breakpoints invert it.
    """
    on_offer_KT = np.isfinite(price_usd_KT) & (price_usd_KT > 0.0) & (supply_count_KT > 0.0)
    on_offer_KT &= preference_K[:, None] > 0.0
    none_KT = np.zeros(on_offer_KT.shape)
    preference_KT = np.where(on_offer_KT, preference_K[:, None], 0.0)
    cap_usd_KT = np.multiply(supply_count_KT, price_usd_KT, out=none_KT.copy(), where=on_offer_KT)
    cap_usd_KT = np.minimum(cap_usd_KT, most_usd)
    full_usd_KT = np.divide(cap_usd_KT, preference_KT, out=none_KT, where=on_offer_KT)
    in_order = full_usd_KT.argsort(axis=0, kind="stable"), np.arange(on_offer_KT.shape[1])
    money_usd_JT, level_usd_JT = np.zeros((2, on_offer_KT.shape[0] + 1, on_offer_KT.shape[1]))
    level_usd_JT[1:] = full_usd_KT[in_order]
    sorted_preference_KT = preference_KT[in_order]
    open_KT = sorted_preference_KT.sum(axis=0) - sorted_preference_KT.cumsum(axis=0)
    money_usd_JT[1:] = cap_usd_KT[in_order].cumsum(axis=0) + level_usd_JT[1:] * open_KT
    return ShareOut(
        money_usd_TJ=np.maximum.accumulate(money_usd_JT, axis=0).T.tolist(),
        level_usd_TJ=level_usd_JT.T.tolist(),
        preference_TK=preference_KT.T.tolist(),
        cap_usd_TK=cap_usd_KT.T.tolist(),
    )


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of each month and what bounded them."""

    ordered_count_KT: Floats
    limit_T: tuple[str, ...]


def order_within_limits(
    ceiling_usd_T: Floats,
    budget_year_T: Ints,
    price_usd_KB: Floats,
    shares: ShareOut,
    system_w_K: Floats,
    room_w_T: Floats,
    retirement_months: int,
) -> Orders:
    """Order, month by month, what money, supply and power allow.

    Parameters
    ----------
    ceiling_usd_T : Floats
        From `hardware_ceiling`. [USD]
    budget_year_T : NDArray of int
        0 where there is no budget.
    price_usd_KB : Floats
        All-in price of one accelerator in the months with a budget. [USD]
    shares : ShareOut
        From `share_out`, for the months with a budget.
    system_w_K : Floats
        All-in IT watts per accelerator. [W]
    room_w_T : Floats
        IT watts that everything bought in the plan and still in service when the month's order arrives may draw:
        capacity less the installed base. [W]
    retirement_months : int
        Age at which accelerators leave. [month]

    Returns
    -------
    Orders
        With limits "budget", "supply", "power", or "none" in months without a budget.
    """
    has_T = budget_year_T != 0
    ordered_count_TK = np.zeros((has_T.size, system_w_K.size))
    per_usd_KB = np.divide(1.0, price_usd_KB, out=np.zeros(price_usd_KB.shape), where=price_usd_KB > 0.0)
    per_usd_BK, system_w = per_usd_KB.T.tolist(), system_w_K.tolist()
    limits = ["none"] * has_T.size
    ordered_w = [0.0] * has_T.size
    alive_w = spent_usd = 0.0
    nth_T = has_T.cumsum() - 1  # the month's place among those with a budget
    months = zip(ceiling_usd_T.tolist(), room_w_T.tolist(), has_T.tolist(), nth_T.tolist(), strict=True)
    for month, (ceiling_usd, free_w, has, nth) in enumerate(months):
        if month >= retirement_months:
            alive_w -= ordered_w[month - retirement_months]
        if not has:
            spent_usd = 0.0
            continue
        money_usd = ceiling_usd - spent_usd
        limits[month] = "budget"
        if money_usd <= ROUNDING_FRAC * ceiling_usd:
            continue
        spend_usd = shares.spend_usd_K(nth, money_usd)
        total_usd = sum(spend_usd)
        if total_usd < money_usd * (1.0 - ROUNDING_FRAC):
            limits[month] = "supply"
        count = list(map(mul, spend_usd, per_usd_BK[nth]))
        wanted_w = sum(map(mul, count, system_w))
        room_w = max(free_w - alive_w, 0.0)
        if wanted_w > room_w:
            scale_frac = room_w / wanted_w
            count = [wanted * scale_frac for wanted in count]
            total_usd *= scale_frac
            wanted_w = room_w
            limits[month] = "power"
        ordered_count_TK[month] = count
        ordered_w[month] = wanted_w
        alive_w += wanted_w
        spent_usd += total_usd
    return Orders(ordered_count_TK.T, tuple(limits))
