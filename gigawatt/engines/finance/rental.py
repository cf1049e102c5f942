r"""The course of a rental price: it returns to its level, wanders, and jumps. Shape letters: N draws, T months.

H100 hours cost 2.85 to 2.99 USD in 2024, 1.70 in October 2025 and 2.35 in March 2026: neither a decay nor a random walk
says that. The logarithm of price over level follows

.. math:: dx = -\kappa x\,dt + \sigma\,dW + J\,dN(\lambda),\qquad J \sim N(0, s^2)

an Ornstein-Uhlenbeck process with jumps [1]_.

References
----------
.. [1] A. Cartea, M. G. Figueroa, "Pricing in electricity markets: a mean reverting jump diffusion model with
   seasonality," Applied Mathematical Finance, vol. 12, no. 4, 2005.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gigawatt.errors import InputError
from gigawatt.units import MONTHS_PER_YEAR

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RentalMarket:
    """How a rental price moves about its level.

    Attributes
    ----------
    reversion_per_year : float
        Kappa: after a time of 1 / kappa, 1 / e of a deviation is left. [1/year]
    variance_per_year : float
        Sigma squared: of the logarithm, jumps apart. [1/year]
    jumps_per_year : float
        Lambda; at most one falls in a month. [1/year]
    jump_deviation : float
        s: standard deviation of a jump of the logarithm. [-]
    """

    reversion_per_year: float
    variance_per_year: float
    jumps_per_year: float
    jump_deviation: float

    @property
    def total_variance_per_year(self) -> float:
        """Variance of the logarithm that a year adds, jumps included. [1/year]."""
        return self.variance_per_year + self.jumps_per_year * self.jump_deviation**2


def price_courses(market: RentalMarket, move_share_NT: Floats, jump_share_NT: Floats) -> Floats:
    r"""Return price over level by month, which starts at its level.

    Parameters
    ----------
    market : RentalMarket
    move_share_NT, jump_share_NT : Floats
        Shares in (0, 1) that decide how the price moves in a month, and whether and how far it jumps: independent and
        even, so that any sequence can drive them. [-]

    Returns
    -------
    Floats
        Above 0; 1 in the first month, and 1 in the median of every month. [-]

    Raises
    ------
    InputError
        If a rate, a variance or a deviation is negative.

    Notes
    -----
    From month to month, exact for the process without jumps:
    :math:`x_{t+1} = x_t e^{-\kappa\Delta} + \sigma \sqrt{(1 - e^{-2\kappa\Delta}) / 2\kappa}\, z + J`.

    Examples
    --------
    >>> still = RentalMarket(1.0, 0.0, 0.0, 0.4)
    >>> price_courses(still, np.full((1, 3), 0.9), np.full((1, 3), 0.5))
    array([[1., 1., 1.]])
    """
    if min(market.reversion_per_year, market.variance_per_year, market.jumps_per_year, market.jump_deviation) < 0.0:
        message = f"{market}: rates, variance and deviation must not be negative"
        raise InputError(message)
    month_years, reversion = 1.0 / MONTHS_PER_YEAR, market.reversion_per_year
    kept = math.exp(-reversion * month_years)
    spread_years = (1.0 - kept**2) / (2.0 * reversion) if reversion > 0.0 else month_years
    move_NT = math.sqrt(market.variance_per_year * spread_years) * ndtri(move_share_NT)
    chance = min(market.jumps_per_year * month_years, 1.0)
    jumps_NT = np.asarray(jump_share_NT) < chance
    within_NT = np.where(jumps_NT, jump_share_NT / chance if chance > 0.0 else 0.5, 0.5)
    moved_NT = move_NT + market.jump_deviation * ndtri(within_NT)
    log_NT = np.zeros_like(moved_NT)
    for month in range(1, moved_NT.shape[1]):
        log_NT[:, month] = kept * log_NT[:, month - 1] + moved_NT[:, month]
    return np.asarray(np.exp(log_NT))


def variance_of(time_years_N: Floats, price_N: Floats) -> float:
    """Return the variance that a year adds to the logarithm of a price, from published prices at some times.

    Parameters
    ----------
    time_years_N : Floats
        Ascending. [year]
    price_N : Floats
        [USD/h]

    Returns
    -------
    float
        Sum of the squared steps over the time they took: what lies between the dates, and what a return to the level
        undid, is not seen, so that it is a lower bound. [1/year]

    Examples
    --------
    >>> round(variance_of(np.array([0.0, 1.0]), np.array([1.0, math.e])), 6)
    1.0
    """
    steps = np.diff(np.log(price_N))
    return float(steps @ steps / (time_years_N[-1] - time_years_N[0]))
