"""Debt drawn against capex: interest only, then level payments until nothing is owed.

Shape letters: T months, J months since a draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance.types import Debt
from gigawatt.errors import InputError
from gigawatt.units import MONTHS_PER_YEAR

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DebtSchedule:
    """Debt by month; the balance is that at the end of the month. [USD]."""

    drawn_usd_T: Floats
    interest_usd_T: Floats
    repaid_usd_T: Floats
    balance_usd_T: Floats


def monthly_rate(frac_per_year: float) -> float:
    r"""Return the monthly rate of an effective yearly rate, :math:`(1 + r)^{1/12} - 1`.

    Parameters
    ----------
    frac_per_year : float
        Effective rate, above -1. [1/year]

    Returns
    -------
    float
        [1/month]

    Examples
    --------
    >>> round(monthly_rate(0.10), 7)
    0.0079741
    """
    return float((1.0 + frac_per_year) ** (1.0 / MONTHS_PER_YEAR) - 1.0)


def debt_schedule(capex_usd_T: Floats, debt: Debt) -> DebtSchedule:
    r"""Schedule the debt of a plan.

    Parameters
    ----------
    capex_usd_T : Floats
        Capex of the month; a share of it is drawn at once. [USD]
    debt : Debt
        Share, rate, term. The term counts from each draw and includes its interest-only months.

    Returns
    -------
    DebtSchedule
        What is still owed after the last month stays in the balance.

    Raises
    ------
    InputError
        If the term leaves no month to repay, or a share or rate is out of range.

    Notes
    -----
    Interest of a month is the monthly rate on the balance at its start, and is paid in cash. With the term n, interest
    only months g and monthly rate i the level payment on one dollar is :math:`i / (1 - (1 + i)^{-(n - g)})`; the
    balance after j months is :math:`((1+i)^{n-g} - (1+i)^{j-g}) / ((1+i)^{n-g} - 1)` for :math:`g \le j \le n`, and
    zero at n.

    Examples
    --------
    100 USD at 10 % a year for 12 months: twelve payments of 8.77 USD:

    >>> schedule = debt_schedule(np.array([100.0] + [0.0] * 12), Debt(1.0, 0.10, 12))
    >>> (schedule.interest_usd_T + schedule.repaid_usd_T)[1:3].round(2), bool(schedule.balance_usd_T[-1] < 1e-9)
    (array([8.77, 8.77]), True)
    """
    level_months = debt.term_months - debt.interest_only_months
    if level_months < 1 or debt.interest_only_months < 0:
        message = (
            f"debt: a term of {debt.term_months} months with {debt.interest_only_months} interest-only months leaves "
            "no month to repay; lengthen the term"
        )
        raise InputError(message)
    if not 0.0 <= debt.share_of_capex_frac <= 1.0 or debt.interest_frac_per_year < 0.0:
        message = "debt: the share of capex must lie between 0 and 1, and the interest rate must not be negative"
        raise InputError(message)
    rate = monthly_rate(debt.interest_frac_per_year)
    paid_months_J = np.arange(level_months + 1)
    if rate > 0.0:
        # (1 - v^left) / (1 - v^n), v = 1 / (1 + i): the same balance, without overflow at long terms
        left_months_J = level_months - paid_months_J
        owed_frac_J = -np.expm1(-left_months_J * np.log1p(rate)) / -np.expm1(-level_months * np.log1p(rate))
    else:
        owed_frac_J = 1.0 - paid_months_J / level_months
    owed_frac_J = np.concatenate((np.ones(debt.interest_only_months), owed_frac_J))
    drawn_usd_T = debt.share_of_capex_frac * capex_usd_T
    repaid_frac_J = np.zeros_like(owed_frac_J)
    repaid_frac_J[1:] = owed_frac_J[:-1] - owed_frac_J[1:]
    repaid_usd_T = np.convolve(drawn_usd_T, repaid_frac_J)[: drawn_usd_T.size]
    # the running sum, not the closed form, so that draws less repayments are the balance to the last digit
    balance_usd_T = (drawn_usd_T - repaid_usd_T).cumsum()
    interest_usd_T = rate * np.concatenate(([0.0], balance_usd_T[:-1]))
    return DebtSchedule(drawn_usd_T, interest_usd_T, repaid_usd_T, balance_usd_T)
