"""Tax on book income, with losses carried forward. Shape letter: T months."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def tax_with_losses_carried_forward(income_usd_T: Floats, tax_frac: float) -> Floats:
    r"""Return the tax of each month on income before tax.

    Parameters
    ----------
    income_usd_T : Floats
        Income before tax; a loss is negative. [USD]
    tax_frac : float
        Rate on what is taxable. [-]

    Returns
    -------
    Floats
        Shape (T,), never negative. [USD]

    Notes
    -----
    A loss is carried forward without limit of time or amount and used first. Tax is then the rate on each new high
    of cumulated income: :math:`\sum_{i \le t} x_i = \tau \max(0, \max_{u \le t} \sum_{i \le u} y_i)`.
    There is no carry back and no refund, and each month is settled in itself. Limits of national law (in the United
    States 80 % of a year's income, 26 U.S.C. 172) are not modelled.

    Examples
    --------
    >>> tax_with_losses_carried_forward(np.array([-100.0, 60.0, 60.0, 50.0]), 0.2)
    array([ 0.,  0.,  4., 10.])
    """
    highest_usd_T = np.maximum(np.maximum.accumulate(np.cumsum(income_usd_T)), 0.0)
    return tax_frac * np.diff(highest_usd_T, prepend=0.0)
