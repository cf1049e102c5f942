"""Tax on income, with losses carried forward. Shape letter: T months."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance.months import changes
from gigawatt.engines.finance.types import Tax

Floats = NDArray[np.float64]

CALENDAR_MONTHS = 12


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
    A loss is carried forward without limit of time or amount and used first. Tax is then the rate on each new high of
    cumulated income: :math:`\sum_{i \le t} x_i = \tau \max(0, \max_{u \le t} \sum_{i \le u} y_i)`.
    There is no carry back and no refund, and each month is settled in itself; `tax_by_calendar_year` settles years.

    Examples
    --------
    >>> tax_with_losses_carried_forward(np.array([-100.0, 60.0, 60.0, 50.0]), 0.2)
    array([ 0.,  0.,  4., 10.])
    """
    highest_usd_T = np.maximum(np.maximum.accumulate(income_usd_T.cumsum()), 0.0)
    return tax_frac * changes(highest_usd_T)


def tax_by_calendar_year(
    income_usd_T: Floats, tax_frac: float, *, loss_use_frac: float = 1.0, first_calendar_month: int = 1
) -> Floats:
    """Return the tax of each month where tax is settled by the calendar year.

    Parameters
    ----------
    income_usd_T : Floats
        Income before tax; a loss is negative. [USD]
    tax_frac : float
        Rate on what is taxable. [-]
    loss_use_frac : float, optional
        Most of a year's income that losses of earlier years may cover; in the United States 0.8 (26 U.S.C. 172). [-]
    first_calendar_month : int, optional
        Calendar month of the first month, 1 to 12.

    Returns
    -------
    Floats
        Shape (T,). What the tax on the year so far grows by: negative in a month whose loss takes back what earlier
        months of the same year have paid. [USD]

    Notes
    -----
    Within a year gains and losses offset each other in full. A year's loss is carried forward without limit of time;
    there is no carry back.

    Examples
    --------
    A loss of 100 in the first year; of the 120 of the second it may cover 96:

    >>> tax_by_calendar_year(np.array([-100.0] + [0.0] * 11 + [10.0] * 12), 0.2, loss_use_frac=0.8)[11:14].round(3)
    array([0. , 0.4, 0.4])
    """
    tax_usd_T = np.zeros(np.size(income_usd_T))
    carried_usd = so_far_usd = paid_usd = 0.0
    for month, income_usd in enumerate(np.asarray(income_usd_T, dtype=np.float64).tolist()):
        if month and (first_calendar_month - 1 + month) % CALENDAR_MONTHS == 0:
            carried_usd += max(-so_far_usd, 0.0) - min(carried_usd, loss_use_frac * max(so_far_usd, 0.0))
            so_far_usd = paid_usd = 0.0
        so_far_usd += income_usd
        taxable_usd = max(so_far_usd, 0.0) - min(carried_usd, loss_use_frac * max(so_far_usd, 0.0))
        tax_usd_T[month] = tax_frac * taxable_usd - paid_usd
        paid_usd = tax_frac * taxable_usd
    return tax_usd_T


def income_tax(income_usd_T: Floats, tax_frac: float, rule: Tax) -> Floats:
    """Return the tax of each month by a plan's rule.

    Parameters
    ----------
    income_usd_T : Floats
        Income before tax; a loss is negative. [USD]
    tax_frac : float
        Rate on what is taxable. [-]
    rule : Tax
        "book" settles each month in itself, "macrs" the calendar year.

    Returns
    -------
    Floats
        Shape (T,). [USD]
    """
    if rule.method == "book":
        return tax_with_losses_carried_forward(income_usd_T, tax_frac)
    return tax_by_calendar_year(
        income_usd_T, tax_frac, loss_use_frac=rule.loss_use_frac, first_calendar_month=rule.first_calendar_month
    )
