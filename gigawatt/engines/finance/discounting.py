"""What flows at different times are worth now, and costs over an output. Shape letter: T flows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import InputError

Floats = NDArray[np.float64]


def times_of(cash_flow_usd_T: Floats, time_years_T: Floats | None) -> Floats:
    """Return the time of each flow.

    Parameters
    ----------
    cash_flow_usd_T : Floats
        Flows. [USD]
    time_years_T : Floats or None
        When they fall; None: one year apart, the first now. [year]

    Returns
    -------
    Floats
        [year]

    Raises
    ------
    InputError
        If there are more or fewer times than flows.
    """
    if time_years_T is None:
        return np.arange(np.size(cash_flow_usd_T), dtype=np.float64)
    if np.shape(time_years_T) != np.shape(cash_flow_usd_T):
        message = f"time_years_T has shape {np.shape(time_years_T)}, the flows {np.shape(cash_flow_usd_T)}"
        raise InputError(message)
    return np.asarray(time_years_T, dtype=np.float64)


def discount_factors(rate_frac_per_year: float, time_years_T: Floats) -> Floats:
    r"""Return what one dollar at given times is worth now, :math:`(1 + r)^{-\tau}`.

    Parameters
    ----------
    rate_frac_per_year : float
        Effective rate, above -1. [1/year]
    time_years_T : Floats
        [year]

    Returns
    -------
    Floats
        [-]

    Examples
    --------
    >>> discount_factors(0.25, np.array([0.0, 1.0]))
    array([1. , 0.8])
    """
    return np.asarray((1.0 + rate_frac_per_year) ** -time_years_T)


def present_value(flow_T: Floats, discount_T: Floats) -> float:
    """Return the worth now of flows, from discount factors of which only as many are taken.

    Parameters
    ----------
    flow_T : Floats
        Of the first times: as long as `discount_T`, or shorter.
    discount_T : Floats
        From `discount_factors`. [-]

    Returns
    -------
    float
        In the unit of the flows.

    Examples
    --------
    >>> present_value(np.array([1.0, 5.0]), np.array([1.0, 0.8, 0.64]))
    5.0
    """
    return float(flow_T.dot(discount_T[: flow_T.size]))


def npv(rate_frac_per_year: float, cash_flow_usd_T: Floats, time_years_T: Floats | None = None) -> float:
    r"""Return the net present value.

    Parameters
    ----------
    rate_frac_per_year : float
        Effective rate, above -1. [1/year]
    cash_flow_usd_T : Floats
        Flows. [USD]
    time_years_T : Floats, optional
        When they fall; by default one year apart with the first now, as in numpy-financial. Excel's NPV discounts
        the first flow by one period too: give it times from 1. [year]

    Returns
    -------
    float
        [USD]

    Notes
    -----
    :math:`\sum_t c_t (1 + r)^{-\tau_t}`

    Examples
    --------
    >>> round(npv(0.10, np.array([-100.0, 60.0, 60.0])), 2)
    4.13
    """
    times_T = times_of(cash_flow_usd_T, time_years_T)
    return present_value(np.asarray(cash_flow_usd_T), discount_factors(rate_frac_per_year, times_T))


def levelised_cost(
    cost_usd_T: Floats, output_T: Floats, rate_frac_per_year: float, time_years_T: Floats | None = None
) -> float:
    r"""Return the constant price per unit of output that just pays all costs.

    Parameters
    ----------
    cost_usd_T : Floats
        Capex and opex less what is recovered. [USD]
    output_T : Floats
        Hours, tokens or energy.
    rate_frac_per_year : float
        Discount rate of both. [1/year]
    time_years_T : Floats, optional
        When they fall; by default one year apart with the first now. [year]

    Returns
    -------
    float
        USD per unit of output; NaN where there is no output.

    Notes
    -----
    :math:`\sum_t d_t C_t / \sum_t d_t Q_t`, the form of the levelised cost of energy [1]_.

    References
    ----------
    .. [1] W. Short, D. J. Packey, T. Holt, "A Manual for the Economic Evaluation of Energy Efficiency and Renewable
       Energy Technologies," NREL/TP-462-5173, 1995.

    Examples
    --------
    >>> round(levelised_cost(np.array([100.0, 10.0, 10.0]), np.array([0.0, 50.0, 50.0]), 0.10), 4)
    1.3524
    """
    return per_unit(npv(rate_frac_per_year, cost_usd_T, time_years_T), npv(rate_frac_per_year, output_T, time_years_T))


def per_unit(cost_usd: float, output: float) -> float:
    """Return a cost over an output; NaN where there is none.

    Parameters
    ----------
    cost_usd, output : float
        Of a levelised cost both are discounted.

    Returns
    -------
    float
        USD per unit of output.
    """
    return cost_usd / output if output > 0.0 else math.nan
