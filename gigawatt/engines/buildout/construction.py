"""What construction costs, month by month, given when the power comes.

Shape letters: T months, S sites, X months of the plan and after it (T + L), W months of one S-curve.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def s_curve(months: int) -> Floats:
    r"""Shares of a cost paid in each month of its construction: slow, fast, slow.

    Parameters
    ----------
    months : int
        Length of the construction, at least 1. [month]

    Returns
    -------
    Floats
        Shape (W,), sums to 1. [-]

    Notes
    -----
    Differences of the smooth step :math:`3x^2 - 2x^3` at :math:`x = i / n`: the lowest polynomial that starts and
    ends level. A convention, not a measurement; a project's own payment milestones are steps around it.

    Examples
    --------
    >>> [round(float(share), 4) for share in s_curve(4)]
    [0.1562, 0.3438, 0.3438, 0.1562]
    """
    progress = np.arange(months + 1) / months
    paid_frac = 3 * progress**2 - 2 * progress**3
    return paid_frac[1:] - paid_frac[:-1]


def watts_added(facility_w_SX: Floats) -> Floats:
    """First-time energised watts by month; the first month's level was there before and costs nothing. [W]."""
    highest_w_SX = np.maximum.accumulate(facility_w_SX, axis=1)
    added_w_SX = np.zeros(highest_w_SX.shape)
    np.subtract(highest_w_SX[:, 1:], highest_w_SX[:, :-1], out=added_w_SX[:, 1:])
    return added_w_SX


def construction_payments(
    added_w_SX: Floats, usd_per_w_S: Floats, construction_months_S: Ints, months_count: int
) -> Floats:
    r"""Return the construction payments of each month of the plan.

    Parameters
    ----------
    added_w_SX : Floats
        Facility watts energised for the first time in the month, during the plan and after it. [W]
    usd_per_w_S : Floats
        Cost of a facility watt. [USD/W]
    construction_months_S : NDArray of int
        Months before energising over which the watt is paid; 0 pays it in the month itself. [month]
    months_count : int
        Length T of the plan. [month]

    Returns
    -------
    Floats
        Shape (T,). What would fall before the first month is sunk and left out. [USD]

    Notes
    -----
    :math:`P_t = \sum_s c_s \sum_{i=1}^{n_s} w_{n_s-i} A_{s,t+i}` with the S-curve weights :math:`w`.

    Examples
    --------
    >>> construction_payments(np.array([[0.0, 0.0, 8.0]]), np.array([10.0]), np.array([2]), 3)
    array([40., 40.,  0.])
    """
    paid_usd_T = np.zeros(months_count)
    curves = {months: s_curve(months) for months in set(construction_months_S.tolist()) - {0}}
    for added_w_X, usd_per_w, months in zip(added_w_SX, usd_per_w_S, construction_months_S.tolist(), strict=True):
        if usd_per_w == 0.0 or not added_w_X.any():
            continue
        cost_usd_X = usd_per_w * added_w_X
        if months == 0:
            paid_usd_T += cost_usd_X[:months_count]
            continue
        # full convolution with the reversed axis: entry t + months is what falls into month t
        spread_usd = np.convolve(cost_usd_X, curves[months])[months:]
        length = min(months_count, spread_usd.size)
        paid_usd_T[:length] += spread_usd[:length]
    return paid_usd_T
