"""Tax on income, with losses carried forward. Shape letter: T months."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def tax_with_losses_carried_forward(income_usd_T: Floats, tax_frac: float, loss_use_frac: float = 1.0) -> Floats:
    r"""Return the tax of each month on income before tax.

    Parameters
    ----------
    income_usd_T : Floats
        Income before tax; a loss is negative. [USD]
    tax_frac : float
        Rate on what is taxable. [-]
    loss_use_frac : float, optional
        Most of a month's income that earlier losses may cover; in the United States 0.8 (26 U.S.C. 172). [-]

    Returns
    -------
    Floats
        Shape (T,), never negative. [USD]

    Notes
    -----
    A loss is carried forward without limit of time and used first. Where it may cover all of a month's income, tax is
    the rate on each new high of cumulated income:
    :math:`\sum_{i \le t} x_i = \tau \max(0, \max_{u \le t} \sum_{i \le u} y_i)`.
    There is no carry back and no refund, and each month is settled in itself; a limit that the law sets for a year is
    therefore applied month by month.

    Examples
    --------
    >>> tax_with_losses_carried_forward(np.array([-100.0, 60.0, 60.0, 50.0]), 0.2)
    array([ 0.,  0.,  4., 10.])
    >>> tax_with_losses_carried_forward(np.array([-100.0, 60.0, 60.0, 50.0]), 0.2, 0.8)
    array([0. , 2.4, 2.4, 9.2])
    """
    if loss_use_frac >= 1.0:
        highest_usd_T = np.maximum(np.maximum.accumulate(np.cumsum(income_usd_T)), 0.0)
        return tax_frac * np.diff(highest_usd_T, prepend=0.0)
    taxable_usd_T = np.zeros(np.size(income_usd_T))
    carried_usd = 0.0
    for month, income_usd in enumerate(np.asarray(income_usd_T, dtype=np.float64).tolist()):
        used_usd = min(carried_usd, loss_use_frac * max(income_usd, 0.0))
        carried_usd += max(-income_usd, 0.0) - used_usd
        taxable_usd_T[month] = max(income_usd, 0.0) - used_usd
    return tax_frac * taxable_usd_T
