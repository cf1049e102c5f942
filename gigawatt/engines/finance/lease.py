"""Leases: right of use and liability of rents paid by month. Shape letters: T months, L leases by first month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance.debt import monthly_rate
from gigawatt.engines.finance.types import Lease
from gigawatt.errors import InputError

Floats = NDArray[np.float64]

KINDS = ("operating", "finance")


@dataclass(frozen=True, slots=True)
class LeaseSchedule:
    """Leases by month; balances are those at the end of the month. [USD].

    `amortisation_usd_T` holds what an early end leaves between asset and liability; for an operating lease asset and
    liability are equal, and amortisation is the principal.
    """

    rou_usd_T: Floats
    liability_usd_T: Floats
    interest_usd_T: Floats
    principal_usd_T: Floats
    amortisation_usd_T: Floats
    recognised_usd_T: Floats


def annuity(rate_frac_per_month: float, months: Floats) -> Floats:
    r"""Return the worth of one dollar at the end of each of so many months, :math:`(1 - (1 + i)^{-n}) / i`.

    Parameters
    ----------
    rate_frac_per_month : float
        Not negative. [1/month]
    months : Floats
        Payments left. [month]

    Returns
    -------
    Floats
        [month]

    Examples
    --------
    >>> annuity(0.01, np.array([12.0])).round(4), annuity(0.0, np.array([12.0]))
    (array([11.2551]), array([12.]))
    """
    months_T = np.asarray(months, dtype=np.float64)
    if rate_frac_per_month == 0.0:
        return months_T
    return np.asarray(-np.expm1(-months_T * np.log1p(rate_frac_per_month)) / rate_frac_per_month)


def lease_schedule(rent_usd_T: Floats, lease: Lease) -> LeaseSchedule:
    r"""Put rents on the balance sheet.

    Parameters
    ----------
    rent_usd_T : Floats
        Rent paid at the end of each month. A rise is a new lease; a fall ends the same share of every lease. [USD]
    lease : Lease
        Kind, term, rate.

    Returns
    -------
    LeaseSchedule

    Raises
    ------
    InputError
        If the kind is unknown, the term is below one month, or the rate or a rent is negative.

    Notes
    -----
    A lease of rent p and n months starts with the liability :math:`p (1 - (1+i)^{-n}) / i` and a right of use of the
    same worth; when its term ends it is taken again on the same terms. Under an operating lease the cost is the level
    rent, so right of use and liability stay equal; under a finance lease the right of use falls in equal parts and
    interest is charged on the liability [1]_.

    References
    ----------
    .. [1] Financial Accounting Standards Board, Accounting Standards Codification 842-20, "Leases: Lessee".

    Examples
    --------
    >>> lease = Lease("lease", "finance", 12, 0.0, np.zeros(3))
    >>> lease_schedule(np.array([100.0, 100.0, 100.0]), lease).liability_usd_T
    array([1100., 1000.,  900.])
    """
    if lease.kind not in KINDS or lease.term_months < 1 or lease.rate_frac_per_year < 0.0:
        message = (
            f'lease: kind "{lease.kind}" must be one of {", ".join(KINDS)}, the term of {lease.term_months} months at '
            "least 1, the rate not negative"
        )
        raise InputError(message)
    rents_T = np.asarray(rent_usd_T, dtype=np.float64)
    if (rents_T < 0.0).any():
        message = "lease: a rent is negative"
        raise InputError(message)
    rate, term = monthly_rate(lease.rate_frac_per_year), lease.term_months
    whole = float(annuity(rate, np.array([float(term)]))[0])
    count = rents_T.size
    rent_L, liability_L, rou_L = np.zeros(count), np.zeros(count), np.zeros(count)
    first_L = np.arange(count)
    found = np.zeros((6, count))
    for month, rent_usd in enumerate(rents_T.tolist()):
        before_usd = float(rent_L.sum())
        ended_usd = 0.0
        if rent_usd < before_usd:
            ended_usd = float((rou_L - liability_L).sum()) * (1.0 - rent_usd / before_usd)
            for held_L in (rent_L, liability_L, rou_L):
                held_L *= rent_usd / before_usd
        elif rent_usd > before_usd:
            rent_L[month] = rent_usd - before_usd
        starts_L = ((month - first_L) % term == 0) & (rent_L > 0.0)
        recognised_usd = float(rent_L[starts_L].sum()) * whole
        liability_L[starts_L] = rent_L[starts_L] * whole  # what a lease that has run out leaves is rounding
        rou_L[starts_L] = liability_L[starts_L]
        left_L = term - (month - first_L) % term
        interest_usd = rate * float(liability_L.sum())
        principal_usd = rent_usd - interest_usd
        liability_L = rent_L * annuity(rate, np.asarray(left_L - 1.0, dtype=np.float64))
        fallen_L = rou_L / left_L if lease.kind == "finance" else rou_L - liability_L
        rou_L = rou_L - fallen_L
        found[:, month] = (
            rou_L.sum(), liability_L.sum(), interest_usd, principal_usd, fallen_L.sum() + ended_usd, recognised_usd
        )  # fmt: skip
    return LeaseSchedule(*found)
