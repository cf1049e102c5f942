"""Measures of a cash flow: every IRR, MIRR, payback, MOIC, ROIC, break-even.

Shape letters: T flows, G rates of the search grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from gigawatt.engines.finance.discounting import npv, times_of
from gigawatt.engines.finance.months import last_twelve_months
from gigawatt.units import MONTHS_PER_YEAR

Floats = NDArray[np.float64]

# Range searched for internal rates of return, -99 % to 1,000 % a year. [1/year]
LOWEST_IRR_FRAC = -0.99
HIGHEST_IRR_FRAC = 10.0
# Points of the search grid, even in log(1 + rate): 0.6 % of (1 + rate) apart. [-]
IRR_GRID_COUNT = 1201
# Points of it from one coarse step to the next: near the root of their number, for the fewest exponentials. [-]
IRR_FINE_COUNT = 35
# A present value below this share of the discounted absolute flows is zero to rounding: a root that only touches. [-]
TOUCHING_FRAC = 1e-13
# Cumulated flow above minus this share of its largest size counts as paid back. [-]
PAID_BACK_FRAC = 1e-12
# Doublings of the bracket in which a break-even factor is sought. [-]
BREAK_EVEN_DOUBLINGS = 60


def irr(cash_flow_usd_T: Floats, time_years_T: Floats | None = None) -> tuple[tuple[float, ...], str]:
    r"""Return every internal rate of return between -99 % and 1,000 % a year.

    Parameters
    ----------
    cash_flow_usd_T : Floats
        Flows. [USD]
    time_years_T : Floats, optional
        When they fall; by default one year apart. [year]

    Returns
    -------
    rates : tuple of float
        Effective, ascending; empty where there is none. [1/year]
    note : str
        Why there is none, or that there are several; empty where there is exactly one.

    Notes
    -----
    Roots of :math:`\sum_t c_t e^{-y \tau_t}` in :math:`y = \log(1 + r)`: bracketed on a grid, refined with Brent's
    method; between grid points of one sign the extremum is sought, so that a close pair of roots is not missed. By
    Descartes' rule of signs there are at most as many roots as changes of sign, and exactly one for one change [1]_.

    References
    ----------
    .. [1] G. J. O. Jameson, "Counting zeros of generalised polynomials: Descartes' rule of signs and Laguerre's
       extensions," The Mathematical Gazette, vol. 90, no. 518, 2006.

    Examples
    --------
    >>> rates, note = irr(np.array([-100.0, 230.0, -132.0]))
    >>> [round(rate, 6) for rate in rates], note
    ([0.1, 0.2], '2 changes of sign and 2 rates: judge by NPV, or by MIRR')
    """
    flow_T, times_T = np.asarray(cash_flow_usd_T, dtype=np.float64), times_of(cash_flow_usd_T, time_years_T)
    if not (times_T[1:] > times_T[:-1]).all():  # flows out of order, or two at one time
        times_T, which_T = np.unique(times_T, return_inverse=True)
        flow_T = np.bincount(which_T, weights=flow_T, minlength=times_T.size).astype(np.float64)
    largest = float(np.abs(flow_T).max(initial=0.0))
    positive_T = flow_T[flow_T != 0.0] > 0.0
    changes = int(np.count_nonzero(positive_T[1:] != positive_T[:-1]))
    if largest == 0.0 or changes == 0:
        return (), "no internal rate of return: the cash flow never changes sign"
    roots = _roots(flow_T / largest, times_T - times_T[0], one_only=changes == 1)
    rates = tuple(float(math.expm1(root)) for root in roots)
    if not rates:
        return (), f"{changes} changes of sign, but no rate between -99 % and 1,000 % a year makes the NPV zero"
    if len(rates) > 1:
        return rates, f"{changes} changes of sign and {len(rates)} rates: judge by NPV, or by MIRR"
    return rates, "" if changes == 1 else f"{changes} changes of sign, one rate in range: judge by NPV, or by MIRR"


def _roots(flow_T: Floats, times_T: Floats, *, one_only: bool) -> list[float]:
    """Find the roots of the present value in y = log(1 + rate)."""

    def value(y: float) -> float:
        return float(flow_T.dot(np.exp(-y * times_T)))

    def size(y: float) -> float:
        return float(np.abs(flow_T) @ np.exp(-y * times_T))

    low, high = math.log1p(LOWEST_IRR_FRAC), math.log1p(HIGHEST_IRR_FRAC)
    if one_only:
        try:
            return [float(brentq(value, low, high))]
        except ValueError:  # of one sign at both ends: the root lies outside
            return []
    grid_G = np.linspace(low, high, IRR_GRID_COUNT)
    # e^{-(y + z) t} = e^{-y t} e^{-z t}: coarse steps y times fine steps z within one
    fine_G, coarse_G = grid_G[:IRR_FINE_COUNT] - low, grid_G[::IRR_FINE_COUNT]
    value_GG = (flow_T * np.exp(-np.outer(coarse_G, times_T))) @ np.exp(-np.outer(times_T, fine_G))
    value_G = value_GG.ravel()[:IRR_GRID_COUNT]
    roots = [float(y) for y in grid_G[value_G == 0.0]]
    crossing_G = np.flatnonzero(value_G[:-1] * value_G[1:] < 0.0)
    roots += [float(brentq(value, float(grid_G[i]), float(grid_G[i + 1]))) for i in crossing_G]
    size_G = np.abs(value_G)
    dip_G = 1 + np.flatnonzero(
        (size_G[1:-1] <= size_G[:-2])
        & (size_G[1:-1] <= size_G[2:])
        & (value_G[1:-1] * value_G[:-2] > 0.0)
        & (value_G[1:-1] * value_G[2:] > 0.0)
    )
    for i in dip_G:
        left, right, sign = float(grid_G[i - 1]), float(grid_G[i + 1]), math.copysign(1.0, float(value_G[i]))
        lowest = minimize_scalar(lambda y, sign=sign: sign * value(y), bounds=(left, right), method="bounded")
        turning = float(lowest.x)
        if sign * value(turning) < 0.0:
            roots += [float(brentq(value, left, turning)), float(brentq(value, turning, right))]
        elif sign * value(turning) <= TOUCHING_FRAC * size(turning):
            roots.append(turning)
    return sorted(roots)


def mirr(
    cash_flow_usd_T: Floats,
    finance_frac_per_year: float,
    reinvest_frac_per_year: float,
    time_years_T: Floats | None = None,
) -> float:
    r"""Return the modified internal rate of return, as Excel's MIRR does.

    Parameters
    ----------
    cash_flow_usd_T : Floats
        Flows. [USD]
    finance_frac_per_year, reinvest_frac_per_year : float
        Rate paid on negative flows, rate earned on positive ones. [1/year]
    time_years_T : Floats, optional
        When they fall, ascending; by default one year apart. [year]

    Returns
    -------
    float
        NaN unless there are flows of both signs. [1/year]

    Notes
    -----
    :math:`\left(\sum_t c_t^+ (1+r_r)^{n-t} / \sum_t c_t^- (1+r_f)^{-t}\right)^{1/n} - 1` over n years, from the first
    flow to the last.

    Examples
    --------
    >>> round(mirr(np.array([-120e3, 39e3, 30e3, 21e3, 37e3, 46e3]), 0.10, 0.12), 6)
    0.126094
    """
    flow_T = np.asarray(cash_flow_usd_T, dtype=np.float64)
    times_T = times_of(flow_T, time_years_T)
    if flow_T.size == 0:
        return math.nan
    since_T = times_T - times_T[0]
    years = float(since_T[-1])
    paid_usd = -npv(finance_frac_per_year, np.minimum(flow_T, 0.0), since_T)
    earned_usd = npv(reinvest_frac_per_year, np.maximum(flow_T, 0.0), since_T)
    if years <= 0.0 or paid_usd <= 0.0 or earned_usd <= 0.0:
        return math.nan
    return float((earned_usd / paid_usd) ** (1.0 / years) * (1.0 + reinvest_frac_per_year) - 1.0)


def moic(cash_flow_usd_T: Floats) -> float:
    """Return money back over money in: the multiple on invested capital.

    Parameters
    ----------
    cash_flow_usd_T : Floats
        Flows, terminal value included. [USD]

    Returns
    -------
    float
        Sum of the positive flows over that of the negative ones; NaN where nothing is put in. [-]

    Examples
    --------
    >>> moic(np.array([-100.0, 60.0, 90.0]))
    1.5
    """
    flow_T = np.asarray(cash_flow_usd_T, dtype=np.float64)
    paid_usd = -float(np.minimum(flow_T, 0.0).sum())
    return float(np.maximum(flow_T, 0.0).sum()) / paid_usd if paid_usd > 0.0 else math.nan


def roic(statement_usd: dict[str, Floats]) -> Floats:
    """Return the return on invested capital of the twelve months that end with each month.

    Parameters
    ----------
    statement_usd : dict of str to Floats
        `ebit`, `unlevered_tax`, `book_value`, `construction_in_progress` by month. [USD]

    Returns
    -------
    Floats
        Operating profit less tax on it over mean book value and construction in progress; NaN in the first eleven
        months and where nothing is invested. [1/year]

    Examples
    --------
    >>> year = np.ones(12)
    >>> float(roic({"ebit": 2.0 * year, "unlevered_tax": 0.5 * year, "book_value": 90.0 * year,
    ...             "construction_in_progress": 30.0 * year})[-1])
    0.15
    """
    after_tax_usd_T = last_twelve_months(statement_usd["ebit"] - statement_usd["unlevered_tax"])
    held_usd_T = last_twelve_months(statement_usd["book_value"] + statement_usd["construction_in_progress"])
    invested_usd_T = np.nan_to_num(held_usd_T) / MONTHS_PER_YEAR
    return np.divide(
        after_tax_usd_T, invested_usd_T, out=np.full_like(invested_usd_T, np.nan), where=invested_usd_T > 0.0
    )


def payback(cash_flow_usd_T: Floats) -> float:
    """Return the time after which the cumulated cash flow stays non-negative.

    Parameters
    ----------
    cash_flow_usd_T : Floats
        Flows of equal periods; discount them first for the discounted payback. [USD]

    Returns
    -------
    float
        Periods from the start of the first, linear within a period; 0 when it never is negative, infinity when it is
        negative at the end.

    Examples
    --------
    >>> payback(np.array([-100.0, 40.0, 40.0, 40.0]))
    3.5
    """
    cumulated_usd_T = cash_flow_usd_T.cumsum()
    allowance_usd = PAID_BACK_FRAC * float(np.abs(cumulated_usd_T).max(initial=0.0))
    owing = np.flatnonzero(cumulated_usd_T < -allowance_usd)
    if owing.size == 0:
        return 0.0
    last = int(owing[-1])
    if last == cumulated_usd_T.size - 1:
        return math.inf
    return last + 1.0 - float(cumulated_usd_T[last]) / float(cash_flow_usd_T[last + 1])


def break_even_factor(npv_usd_of: Callable[[float], float]) -> float:
    """Return the factor on all revenue at which the net present value is zero.

    Parameters
    ----------
    npv_usd_of : callable
        Net present value for a factor on revenue; must not fall as the factor grows. [USD]

    Returns
    -------
    float
        NaN where revenue changes nothing. Negative where the plan pays without revenue. [-]

    Examples
    --------
    >>> round(break_even_factor(lambda factor: 50.0 * factor - 75.0), 9)
    1.5
    """
    low, high = 0.0, 1.0
    for _ in range(BREAK_EVEN_DOUBLINGS):
        at_low, at_high = npv_usd_of(low), npv_usd_of(high)
        if at_low == at_high:
            return math.nan
        if at_low <= 0.0 <= at_high:
            return float(brentq(npv_usd_of, low, high, xtol=np.finfo(float).tiny, rtol=4 * np.finfo(float).eps))
        low, high = (low, high * 2.0) if at_high < 0.0 else (low * 2.0 - 1.0, high)
    return math.nan
