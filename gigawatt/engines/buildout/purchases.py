"""How a month's money becomes orders: what may be spent, what supply allows, what power allows.

Shape letters: T months, K accelerator kinds, J breakpoints of the share-out (K + 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Money or watts below this share of the amount at hand count as none when the limit is named. [-]
ROUNDING_FRAC = 1e-9


def budget_runs(budget_year_T: Ints) -> list[tuple[int, int]]:
    """First month and month after the last of each unbroken run of months that have a budget.

    Examples
    --------
    >>> budget_runs(np.array([2025, 2025, 0, 2027]))
    [(0, 2), (3, 4)]
    """
    has_T = np.concatenate(([False], budget_year_T != 0, [False]))
    edges = np.flatnonzero(np.diff(has_T.astype(np.int64)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def spread_evenly(budget_usd_T: Floats, budget_year_T: Ints, frac: float) -> Floats:
    """Give a share of each year's budget out in equal monthly parts of that year. [USD]."""
    spread_usd_T = np.zeros_like(budget_usd_T)
    for year in np.unique(budget_year_T[budget_year_T != 0]).tolist():
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
    ceiling_usd_T = np.zeros_like(free_usd_T)
    for first, end in budget_runs(budget_year_T):
        cumulated_usd = np.cumsum(free_usd_T[first:end])
        reserved_usd = np.minimum.accumulate(cumulated_usd[::-1])[::-1]
        ceiling_usd_T[first:end] = np.maximum(reserved_usd, 0.0)
    return ceiling_usd_T


@dataclass(frozen=True, slots=True)
class ShareOut:
    """How money divides among kinds in each month, made once for all months.

    Attributes
    ----------
    money_usd_TJ, level_usd_TJ : Floats
        Money at which one more kind reaches its supply, and the level of an unbounded kind with preference 1 there.
    preference_TK : Floats
        Preference of the kinds on offer, 0 elsewhere. [-]
    cap_usd_TK : Floats
        What the month's supply of the kind costs. [USD]
    """

    money_usd_TJ: Floats
    level_usd_TJ: Floats
    preference_TK: Floats
    cap_usd_TK: Floats

    def spend_usd_K(self, month: int, money_usd: float) -> Floats:
        """Money for each kind: by preference, what supply leaves over to the others. [USD]."""
        level_usd = np.interp(money_usd, self.money_usd_TJ[month], self.level_usd_TJ[month])
        spend_usd_K: Floats = np.minimum(self.preference_TK[month] * level_usd, self.cap_usd_TK[month])
        return spend_usd_K


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
    preference_KT = np.where(on_offer_KT, preference_K[:, None], 0.0)
    on_offer_KT &= preference_KT > 0.0
    price_usd_KT = np.where(on_offer_KT, price_usd_KT, 0.0)
    finite_supply_KT = np.where(on_offer_KT & np.isfinite(supply_count_KT), supply_count_KT, 0.0)
    cap_usd_KT = np.where(np.isfinite(supply_count_KT), finite_supply_KT * price_usd_KT, most_usd)
    cap_usd_KT = np.where(on_offer_KT, np.minimum(cap_usd_KT, most_usd), 0.0)
    full_usd_KT = np.divide(cap_usd_KT, preference_KT, out=np.zeros_like(cap_usd_KT), where=on_offer_KT)
    order_KT = np.argsort(full_usd_KT, axis=0, kind="stable")
    level_usd_KT = np.take_along_axis(full_usd_KT, order_KT, axis=0)
    full_KT = np.cumsum(np.take_along_axis(cap_usd_KT, order_KT, axis=0), axis=0)
    sorted_preference_KT = np.take_along_axis(preference_KT, order_KT, axis=0)
    open_KT = sorted_preference_KT.sum(axis=0) - np.cumsum(sorted_preference_KT, axis=0)
    zero_T = np.zeros((1, price_usd_KT.shape[1]))
    return ShareOut(
        money_usd_TJ=np.maximum.accumulate(np.vstack((zero_T, full_KT + level_usd_KT * open_KT)), axis=0).T.copy(),
        level_usd_TJ=np.vstack((zero_T, level_usd_KT)).T.copy(),
        preference_TK=preference_KT.T.copy(),
        cap_usd_TK=cap_usd_KT.T.copy(),
    )


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of each month and what bounded them."""

    ordered_count_KT: Floats
    limit_T: tuple[str, ...]


def order_within_limits(
    ceiling_usd_T: Floats,
    budget_year_T: Ints,
    price_usd_KT: Floats,
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
    price_usd_KT : Floats
        All-in price of one accelerator. [USD]
    shares : ShareOut
        From `share_out`.
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
    kinds_count, months_count = price_usd_KT.shape
    ordered_count_TK = np.zeros((months_count, kinds_count))
    per_usd_TK = np.divide(1.0, price_usd_KT.T, out=np.zeros((months_count, kinds_count)), where=price_usd_KT.T > 0.0)
    limits = ["none"] * months_count
    ordered_w = [0.0] * months_count
    alive_w = 0.0
    runs = dict(budget_runs(budget_year_T))
    spent_usd = 0.0
    months = zip(ceiling_usd_T.tolist(), room_w_T.tolist(), budget_year_T.tolist(), strict=True)
    for month, (ceiling_usd, free_w, year) in enumerate(months):
        if month >= retirement_months:
            alive_w -= ordered_w[month - retirement_months]
        if month in runs:
            spent_usd = 0.0
        money_usd = ceiling_usd - spent_usd
        if year == 0:
            continue
        if money_usd <= ROUNDING_FRAC * ceiling_usd:
            limits[month] = "budget"
            continue
        spend_usd_K = shares.spend_usd_K(month, money_usd)
        total_usd = float(np.add.reduce(spend_usd_K))
        if total_usd == 0.0:
            limits[month] = "supply"
            continue
        count_K = spend_usd_K * per_usd_TK[month]
        wanted_w = float(count_K @ system_w_K)
        room_w = max(free_w - alive_w, 0.0)
        limits[month] = "budget" if total_usd >= money_usd * (1.0 - ROUNDING_FRAC) else "supply"
        if wanted_w > room_w:
            scale_frac = room_w / wanted_w
            count_K *= scale_frac
            total_usd *= scale_frac
            wanted_w = room_w
            limits[month] = "power"
        ordered_count_TK[month] = count_K
        ordered_w[month] = wanted_w
        alive_w += wanted_w
        spent_usd += total_usd
    return Orders(ordered_count_TK.T, tuple(limits))
