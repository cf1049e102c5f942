"""Depreciation: straight line for the books, the five-year table of the United States for tax.

Shape letters: T months, Y years.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Shares of cost deducted in tax years 1 to 6 for five-year property (computers), half-year convention. [-]
# Source: Internal Revenue Service, Publication 946, "How To Depreciate Property", Appendix A, Table A-1.
MACRS_5YR_FRAC = (0.2, 0.32, 0.192, 0.1152, 0.1152, 0.0576)
# Recovery period of nonresidential real property, straight line: 39 years. Source: the same, Table A-7a. [month]
BUILDING_TAX_MONTHS = 468
CALENDAR_MONTHS = 12
TAX_CLASSES = ("book", "5-year", "39-year")


def straight_line_depreciation(in_service_usd_T: Floats, life_months: int | Ints) -> Floats:
    r"""Depreciate what enters service in equal parts, from its first month in service.

    Parameters
    ----------
    in_service_usd_T : Floats
        Cost of what enters service in the month. [USD]
    life_months : int or NDArray of int
        Life; as an array of shape (T,), the life in force in each month, for everything then in service. [month]

    Returns
    -------
    Floats
        Shape (T,). [USD]

    Raises
    ------
    InputError
        If a life is below one month or the array has another length.

    Notes
    -----
    A change of life is prospective, as a change of estimate is: the net book value is spread over what remains of the
    new life, :math:`d_t = B_{t-1} / (L_t - a)` with age a in months [1]_. Where an age has already reached a
    shortened life, the rest is written off at once.

    References
    ----------
    .. [1] Financial Accounting Standards Board, Accounting Standards Codification 250-10-45-17, "Change in accounting
       estimate": accounted for in the period of change and future periods.

    Examples
    --------
    A server of 60 USD with a life of 5 months; from the third month the life is 6 months, so 36 are left for 4:

    >>> straight_line_depreciation(np.array([60.0, 0, 0, 0, 0, 0]), np.array([5, 5, 6, 6, 6, 6]))
    array([12., 12.,  9.,  9.,  9.,  9.])
    """
    months_count = in_service_usd_T.size
    one_life = isinstance(life_months, int | np.integer)
    if not one_life and np.shape(life_months) != (months_count,):
        message = f"life_months has shape {np.shape(life_months)}, expected ({months_count},)"
        raise InputError(message)
    shortest = life_months if one_life else np.min(life_months, initial=1)
    if shortest < 1:
        message = "life_months must be at least 1"
        raise InputError(message)
    if one_life:
        return _one_life(in_service_usd_T, int(life_months))
    depreciation_usd_T = np.zeros(months_count)
    book_usd_T = np.zeros(months_count)  # by month of entering service
    entered_T = np.arange(months_count)
    for month, life in enumerate(np.asarray(life_months).tolist()):
        book_usd_T[month] = in_service_usd_T[month]
        remaining_months_T = np.maximum(life - (month - entered_T[: month + 1]), 1)
        charge_usd_T = book_usd_T[: month + 1] / remaining_months_T
        book_usd_T[: month + 1] -= charge_usd_T
        depreciation_usd_T[month] = charge_usd_T.sum()
    return depreciation_usd_T


def _one_life(in_service_usd_T: Floats, life_months: int) -> Floats:
    """Depreciate with one life: each month's charge is what entered service within the life, over the life."""
    entered_usd_T = in_service_usd_T.cumsum()
    in_life_usd_T = entered_usd_T.copy()
    in_life_usd_T[life_months:] -= entered_usd_T[: max(in_service_usd_T.size - life_months, 0)]
    return in_life_usd_T / life_months


def macrs_5yr(cost_usd: float, bonus_frac: float = 0.0) -> Floats:
    """Return the tax deductions of five-year property by tax year.

    Parameters
    ----------
    cost_usd : float
        Cost. [USD]
    bonus_frac : float
        Special allowance taken in the first year before the table; a matter of the law of the year. [-]

    Returns
    -------
    Floats
        Shape (6,), sums to the cost. [USD]

    Examples
    --------
    >>> macrs_5yr(1000.0).round(1)
    array([200. , 320. , 192. , 115.2, 115.2,  57.6])
    """
    deductions_usd_Y = cost_usd * (1.0 - bonus_frac) * np.array(MACRS_5YR_FRAC)
    deductions_usd_Y[0] += cost_usd * bonus_frac
    return deductions_usd_Y


def macrs_by_month(
    in_service_usd_T: Floats, first_calendar_month: int = 1, bonus_frac_T: Floats | None = None
) -> Floats:
    """Deduct five-year property month by month.

    Parameters
    ----------
    in_service_usd_T : Floats
        Cost of what enters service in the month. [USD]
    first_calendar_month : int
        Calendar month of the first month, 1 to 12.
    bonus_frac_T : Floats, optional
        Share deducted in the month of entering service. [-]

    Returns
    -------
    Floats
        Shape (T,). [USD]

    Notes
    -----
    The share of the first tax year is spread evenly from the month of entering service to December, those of the
    following years over their twelve months. Half-year convention; the mid-quarter convention, which the law asks for
    where more than 40 % of a year enters service in its last quarter, is not applied.

    Examples
    --------
    >>> macrs_by_month(np.array([1200.0] + [0.0] * 23)).reshape(2, 12).sum(axis=1).round(6)
    array([240., 384.])
    """
    count = in_service_usd_T.size
    bonus_usd_T = np.zeros(count) if bonus_frac_T is None else in_service_usd_T * bonus_frac_T
    found_usd_T = bonus_usd_T.copy()
    for month in np.flatnonzero(in_service_usd_T).tolist():
        left_usd = float(in_service_usd_T[month] - bonus_usd_T[month])
        start, end = month, month + CALENDAR_MONTHS - (first_calendar_month - 1 + month) % CALENDAR_MONTHS
        for share in MACRS_5YR_FRAC:
            found_usd_T[start:end] += left_usd * share / (end - start)
            start, end = end, end + CALENDAR_MONTHS
    return found_usd_T


def tax_depreciation(
    in_service_usd_T: Floats,
    book_usd_T: Floats,
    tax_class: str,
    *,
    first_calendar_month: int = 1,
    bonus_frac_T: Floats | None = None,
) -> Floats:
    """Return what tax lets a class deduct by month.

    Parameters
    ----------
    in_service_usd_T, book_usd_T : Floats
        Cost of what enters service; what the books charge. [USD]
    tax_class : str
        "5-year" (with bonus), "39-year" (no bonus), or "book".
    first_calendar_month : int
        Calendar month of the first month, 1 to 12.
    bonus_frac_T : Floats, optional
        As in `macrs_by_month`. [-]

    Returns
    -------
    Floats
        Shape (T,). [USD]

    Raises
    ------
    InputError
        If the class is unknown.

    Examples
    --------
    >>> tax_depreciation(np.array([468.0, 0.0]), np.zeros(2), "39-year")
    array([1., 1.])
    """
    if tax_class not in TAX_CLASSES:
        message = f'tax_class "{tax_class}" is unknown. Known: {", ".join(TAX_CLASSES)}'
        raise InputError(message)
    if tax_class == "book":
        return book_usd_T
    if tax_class == "39-year":
        return straight_line_depreciation(in_service_usd_T, BUILDING_TAX_MONTHS)
    return macrs_by_month(in_service_usd_T, first_calendar_month, bonus_frac_T)
