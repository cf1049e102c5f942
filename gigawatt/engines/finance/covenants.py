"""What lenders watch: cover of debt service, and net debt over EBITDA. Shape letter: T months."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance.months import last_twelve_months
from gigawatt.engines.finance.types import Covenants, Debt

Floats = NDArray[np.float64]


def covenants(usd: dict[str, Floats], debt: Debt) -> Covenants:
    r"""Measure a plan against its covenants.

    Parameters
    ----------
    usd : dict of str to Floats
        Statements by month.
    debt : Debt
        Covenants agreed.

    Returns
    -------
    Covenants

    Notes
    -----
    Over the last twelve months :math:`DSCR = (EBITDA - rents - tax) / (interest + repayment)`; both ratios are tested
    from the twelfth month on, and the cover only where something is repaid: while a loan pays interest alone, lenders
    test nothing but the reserve that pays it.

    Examples
    --------
    >>> year = np.full(12, 1.0)
    >>> usd = {"ebitda": 3.0 * year, "lease_paid": 0.0 * year, "tax": 0.0 * year, "interest_paid": year,
    ...        "debt_repaid": year, "debt_balance": 100.0 * year, "lease_liability": 0.0 * year,
    ...        "lease_principal": 0.0 * year, "cash_on_hand": 10.0 * year}
    >>> found = covenants(usd, Debt(1.0, 0.1, 60, dscr_min=1.3, net_debt_to_ebitda_max=2.0))
    >>> float(found.dscr_T[-1]), float(found.net_debt_to_ebitda_T[-1]), bool(found.broken_T[-1])
    (1.5, 2.5, True)
    """
    ebitda_T = last_twelve_months(usd["ebitda"])
    available_T = ebitda_T - last_twelve_months(usd["lease_paid"] + usd["tax"])
    repaid_T = last_twelve_months(usd["debt_repaid"])
    due_T = repaid_T + last_twelve_months(usd["interest_paid"])
    tested_T = np.nan_to_num(repaid_T) > 0.0
    finance_leases_T = np.where(usd["lease_principal"] != 0.0, usd["lease_liability"], 0.0)
    net_T = usd["debt_balance"] + finance_leases_T - usd["cash_on_hand"]
    positive_T = np.nan_to_num(ebitda_T) > 0.0
    with np.errstate(invalid="ignore", over="ignore"):  # next to nothing due, or earned, is an infinite ratio
        dscr_T = np.divide(available_T, due_T, out=np.full_like(due_T, np.nan), where=tested_T)
        ratio_T = np.divide(net_T, ebitda_T, out=np.where(net_T > 0.0, np.inf, 0.0), where=positive_T)
        ratio_T[np.isnan(ebitda_T)] = np.nan
        broken_T = (dscr_T < debt.dscr_min) | (ratio_T > debt.net_debt_to_ebitda_max)
    return Covenants(dscr_T, ratio_T, broken_T)
