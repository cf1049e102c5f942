"""The three statements of a plan, month by month, linked to the cent. Shape letters: T months, C asset classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance.debt import DebtSchedule, debt_schedule, monthly_rate
from gigawatt.engines.finance.depreciation import straight_line_depreciation, tax_depreciation
from gigawatt.engines.finance.lease import LeaseSchedule, lease_schedule
from gigawatt.engines.finance.tax import income_tax
from gigawatt.engines.finance.types import AssetClass, FinanceInputs
from gigawatt.units import MONTHS_PER_YEAR

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements and what the measures need beside them.

    Attributes
    ----------
    usd : dict of str to Floats
        As `FinanceResult.statement_usd`.
    asset_depreciation_usd : dict of str to Floats
        By class, capitalised interest apart.
    deductions_usd_T : Floats
        What the unlevered tax deducts from revenue: opex, rents of finance leases, tax depreciation. [USD]
    tax_basis_usd : float
        What tax has not yet deducted of the assets at the end. [USD]
    """

    usd: dict[str, Floats]
    asset_depreciation_usd: dict[str, Floats]
    deductions_usd_T: Floats
    tax_basis_usd: float


@dataclass(frozen=True, slots=True)
class CapitalisedInterest:
    """Interest that becomes part of the cost of what is built, by month. [USD]."""

    capitalised_usd_T: Floats
    in_service_usd_T: Floats
    depreciation_usd_T: Floats


def capitalise_interest(
    assets: tuple[AssetClass, ...], debt: DebtSchedule, rate_frac_per_month: float
) -> CapitalisedInterest:
    """Return the interest of each month that is capitalised, and how it follows the assets into service.

    Parameters
    ----------
    assets : tuple of AssetClass
    debt : DebtSchedule
    rate_frac_per_month : float
        [1/month]

    Returns
    -------
    CapitalisedInterest

    Notes
    -----
    Each month the rate on construction in progress at its start, interest already capitalised included, but never more
    than the interest incurred [1]_. It enters service with its class, in the share of the class's construction in
    progress that does, and depreciates over the class's life.

    References
    ----------
    .. [1] Financial Accounting Standards Board, Accounting Standards Codification 835-20, "Capitalization of Interest".

    Examples
    --------
    A building of 100 USD, all borrowed at 1 % a month, in service in the fourth month:

    >>> from gigawatt.engines.finance.types import AssetClass, Debt
    >>> hall = AssetClass("buildings", np.array([100.0, 0.0, 0.0, 0.0]), np.array([0.0, 0.0, 0.0, 100.0]), 120)
    >>> debt = debt_schedule(hall.capex_usd_T, Debt(1.0, 1.01**12 - 1.0, 60, 12))
    >>> capitalise_interest((hall,), debt, 0.01).capitalised_usd_T.round(4)
    array([0., 1., 1., 0.])
    """
    count = debt.interest_usd_T.size
    paid_CT = np.array([asset.capex_usd_T for asset in assets])
    entered_CT = np.array([asset.in_service_usd_T for asset in assets])
    open_CT = np.maximum(np.cumsum(paid_CT, axis=1) - np.cumsum(entered_CT, axis=1), 0.0)
    before_CT = np.hstack((np.zeros((len(assets), 1)), open_CT[:, :-1]))
    reach_CT = before_CT + paid_CT
    moved_CT = np.divide(entered_CT, reach_CT, out=np.zeros_like(reach_CT), where=reach_CT > 0.0).clip(0.0, 1.0)
    capitalised_T, moves_CT = _by_month(before_CT, moved_CT, debt.interest_usd_T, rate_frac_per_month)
    depreciation_T = sum(
        (
            straight_line_depreciation(moves_T, asset.life_months)
            for moves_T, asset in zip(moves_CT, assets, strict=True)
        ),
        np.zeros(count),
    )
    return CapitalisedInterest(capitalised_T, moves_CT.sum(axis=0), np.asarray(depreciation_T))


def _by_month(
    before_CT: Floats, moved_CT: Floats, interest_usd_T: Floats, rate_frac_per_month: float
) -> tuple[Floats, Floats]:
    """Return the interest capitalised by month, and by class what of it enters service."""
    pool_C = np.zeros(len(before_CT))
    capitalised_T, moves_CT = np.zeros(interest_usd_T.size), np.zeros_like(before_CT)
    for month in range(interest_usd_T.size):
        base_C = before_CT[:, month] + pool_C
        wanted_C = rate_frac_per_month * base_C
        total = float(wanted_C.sum())
        share = min(1.0, float(interest_usd_T[month]) / total) if total > 0.0 else 0.0
        # what enters service in the month no longer takes interest of it
        added_C = wanted_C * share * (1.0 - moved_CT[:, month])
        moves_CT[:, month] = pool_C * moved_CT[:, month]
        pool_C = pool_C - moves_CT[:, month] + added_C
        capitalised_T[month] = added_C.sum()
    return capitalised_T, moves_CT


def statements(inputs: FinanceInputs) -> Statements:
    """Draw up income, cash and balance by month.

    Parameters
    ----------
    inputs : FinanceInputs
        Checked by `evaluate`.

    Returns
    -------
    Statements

    Notes
    -----
    Rents of a finance lease are deducted by tax when paid, as those of an operating lease are, so that NPV does not
    hang on how a lease is classed. Deferred tax is the tax on book income less the tax paid.
    """
    zero_T = np.zeros(inputs.gpu_hours_T.size)
    capex_T = sum((asset.capex_usd_T for asset in inputs.assets), zero_T)
    by_class = {
        asset.name: straight_line_depreciation(asset.in_service_usd_T, asset.life_months) for asset in inputs.assets
    }
    debt, held = _debt(inputs, capex_T)
    lease = _lease(inputs)
    income = _income(inputs, by_class, debt, held, lease)
    cash = _cash(inputs, income, capex_T, debt, held, lease)
    usd = {**income, **cash, **_balance(inputs, {**income, **cash}, debt, held, lease)}
    paid_opex_T = sum(inputs.opex_usd.values(), zero_T)
    basis_usd = float((capex_T - usd["tax_depreciation"]).sum())
    return Statements(usd, by_class, paid_opex_T + usd["tax_depreciation"], basis_usd)


def _on_balance(inputs: FinanceInputs) -> bool:
    """Whether the leases are finance leases."""
    return inputs.lease is not None and inputs.lease.kind == "finance"


def _rents(inputs: FinanceInputs) -> Floats:
    """Return the rents of finance leases, which are no operating cost."""
    if inputs.lease is None or not _on_balance(inputs):
        return np.zeros(inputs.gpu_hours_T.size)
    return inputs.opex_usd[inputs.lease.line]


def _income(
    inputs: FinanceInputs,
    by_class: dict[str, Floats],
    debt: DebtSchedule,
    held: CapitalisedInterest,
    lease: LeaseSchedule,
) -> dict[str, Floats]:
    """Draw up income, with the taxes on it."""
    zero_T = np.zeros(inputs.gpu_hours_T.size)
    finance = _on_balance(inputs)
    revenue_T = sum(inputs.revenue_usd.values(), zero_T)
    paid_opex_T = sum(inputs.opex_usd.values(), zero_T)
    opex_T = paid_opex_T - _rents(inputs)
    book_T = sum(by_class.values(), zero_T)
    depreciation_T = book_T + held.depreciation_usd_T
    amortisation_T = lease.amortisation_usd_T if finance else zero_T
    lease_interest_T = lease.interest_usd_T if finance else zero_T
    expensed_T = debt.interest_usd_T - held.capitalised_usd_T
    ebitda_T = revenue_T - opex_T
    ebit_T = ebitda_T - depreciation_T - amortisation_T
    before_tax_T = ebit_T - expensed_T - lease_interest_T
    tax_book_T = book_T if inputs.tax.method == "book" else _tax_depreciation(inputs, by_class)
    taxable_T = revenue_T - paid_opex_T - tax_book_T
    tax_T = _tax(inputs, taxable_T - held.depreciation_usd_T - expensed_T)
    same = inputs.tax.method == "book" and not finance
    deferred_T = zero_T if same else _tax(inputs, before_tax_T) - tax_T
    return {
        "revenue": revenue_T,
        "opex": opex_T,
        "ebitda": ebitda_T,
        "depreciation": depreciation_T,
        "lease_amortisation": amortisation_T,
        "ebit": ebit_T,
        "interest": expensed_T,
        "lease_interest": lease_interest_T,
        "tax": tax_T,
        "deferred_tax": deferred_T,
        "net_income": before_tax_T - tax_T - deferred_T,
        "unlevered_tax": _tax(inputs, taxable_T),
        "tax_depreciation": tax_book_T,
    }


def _cash(
    inputs: FinanceInputs,
    income: dict[str, Floats],
    capex_T: Floats,
    debt: DebtSchedule,
    held: CapitalisedInterest,
    lease: LeaseSchedule,
) -> dict[str, Floats]:
    """Draw up cash in and out."""
    zero_T = np.zeros(inputs.gpu_hours_T.size)
    paid_opex_T = sum(inputs.opex_usd.values(), zero_T)
    earned_T = income["revenue"] - paid_opex_T
    equity_T = (
        earned_T - income["tax"] - capex_T + debt.drawn_usd_T - debt.repaid_usd_T - debt.interest_usd_T
    )  # fmt: skip
    return {
        "capex": capex_T,
        "interest_paid": debt.interest_usd_T,
        "interest_capitalised": held.capitalised_usd_T,
        "debt_drawn": debt.drawn_usd_T,
        "debt_repaid": debt.repaid_usd_T,
        "lease_paid": _rents(inputs),
        "lease_principal": lease.principal_usd_T if _on_balance(inputs) else zero_T,
        "free_cash_flow": earned_T - income["unlevered_tax"] - capex_T,
        "equity_cash_flow": equity_T,
        "cash": np.cumsum(equity_T),
    }


def _balance(
    inputs: FinanceInputs,
    usd: dict[str, Floats],
    debt: DebtSchedule,
    held: CapitalisedInterest,
    lease: LeaseSchedule,
) -> dict[str, Floats]:
    """Draw up the balance from income and cash."""
    zero_T = np.zeros(inputs.gpu_hours_T.size)
    entered_T = sum((asset.in_service_usd_T for asset in inputs.assets), zero_T)
    placed_T = np.cumsum(entered_T) + np.cumsum(held.in_service_usd_T)
    paid_in_T = np.maximum(np.maximum.accumulate(-usd["cash"]), 0.0)
    return {
        "cash_on_hand": usd["cash"] + paid_in_T,
        "book_value": placed_T - np.cumsum(usd["depreciation"]),
        "construction_in_progress": np.cumsum(usd["capex"]) + np.cumsum(held.capitalised_usd_T) - placed_T,
        "rou_asset": lease.rou_usd_T,
        "debt_balance": debt.balance_usd_T,
        "lease_liability": lease.liability_usd_T,
        "deferred_tax_liability": np.cumsum(usd["deferred_tax"]),
        "owners_paid_in": paid_in_T,
        "retained_earnings": np.cumsum(usd["net_income"]),
        "lease_guarantee": inputs.lease.guarantee_frac * inputs.lease.leased_cost_usd_T if inputs.lease else zero_T,
    }


def _tax(inputs: FinanceInputs, income_usd_T: Floats) -> Floats:
    """Tax income by the plan's rate and its rule for losses."""
    return income_tax(income_usd_T, inputs.tax_frac, inputs.tax)


def _tax_depreciation(inputs: FinanceInputs, by_class: dict[str, Floats]) -> Floats:
    """Return what tax deducts for all classes."""
    return sum(
        (
            tax_depreciation(
                asset.in_service_usd_T,
                by_class[asset.name],
                asset.tax_class,
                first_calendar_month=inputs.tax.first_calendar_month,
                bonus_frac_T=inputs.tax.bonus_frac_T,
            )
            for asset in inputs.assets
        ),
        np.zeros(inputs.gpu_hours_T.size),
    )


def _debt(inputs: FinanceInputs, capex_usd_T: Floats) -> tuple[DebtSchedule, CapitalisedInterest]:
    """Return debt, and the interest on it that is capitalised."""
    zero_T = np.zeros(capex_usd_T.size)
    none = CapitalisedInterest(zero_T, zero_T, zero_T)
    if inputs.debt is None:
        return DebtSchedule(zero_T, zero_T, zero_T, zero_T), none
    schedule = debt_schedule(capex_usd_T, inputs.debt)
    if not inputs.debt.capitalise_interest or not inputs.assets:
        return schedule, none
    return schedule, capitalise_interest(inputs.assets, schedule, monthly_rate(inputs.debt.interest_frac_per_year))


def _lease(inputs: FinanceInputs) -> LeaseSchedule:
    """Return the leases on the balance sheet; none where there are none."""
    zero_T = np.zeros(inputs.gpu_hours_T.size)
    if inputs.lease is None:
        return LeaseSchedule(zero_T, zero_T, zero_T, zero_T, zero_T, zero_T)
    return lease_schedule(inputs.opex_usd[inputs.lease.line], inputs.lease)


def residual_usd(usd: dict[str, Floats]) -> float:
    """Return the largest violation, in any month, of what must hold between the statements.

    Parameters
    ----------
    usd : dict of str to Floats
        Statements by month.

    Returns
    -------
    float
        Larger of: cash in less cash out and what stays; assets less liabilities and equity. [USD]
    """
    cash_in_T = usd["revenue"] + usd["debt_drawn"] + np.diff(usd["owners_paid_in"], prepend=0.0)
    paid = ("opex", "lease_paid", "interest_paid", "tax", "capex", "debt_repaid")
    cash_out_T = sum((usd[name] for name in paid), np.diff(usd["cash_on_hand"], prepend=0.0))
    have = ("cash_on_hand", "book_value", "construction_in_progress", "rou_asset")
    owed = ("debt_balance", "lease_liability", "deferred_tax_liability", "owners_paid_in", "retained_earnings")
    gap_T = sum(usd[name] for name in have) - sum(usd[name] for name in owed)
    return float(max(np.abs(cash_in_T - cash_out_T).max(), np.abs(gap_T).max()))


def last_twelve_months(flow_usd_T: Floats) -> Floats:
    """Sum each month and the eleven before it; NaN in the first eleven.

    Parameters
    ----------
    flow_usd_T : Floats
        By month. [USD]

    Returns
    -------
    Floats
        [USD]

    Examples
    --------
    >>> last_twelve_months(np.ones(13))[10:]
    array([nan, 12., 12.])
    """
    span = int(MONTHS_PER_YEAR)
    found_T = np.full(flow_usd_T.size, np.nan)
    if flow_usd_T.size >= span:
        found_T[span - 1 :] = np.convolve(flow_usd_T, np.ones(span), mode="valid")
    return found_T
