"""The three statements of a plan, month by month, linked to the cent. Shape letters: T months, C asset classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance.debt import DebtSchedule, debt_schedule, monthly_rate
from gigawatt.engines.finance.depreciation import straight_line_depreciation, tax_depreciation
from gigawatt.engines.finance.lease import LeaseSchedule, lease_schedule
from gigawatt.engines.finance.months import changes
from gigawatt.engines.finance.tax import income_tax
from gigawatt.engines.finance.types import AssetClass, FinanceInputs, Lease

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
    paid_CT = np.array([asset.capex_usd_T for asset in assets])
    entered_CT = np.array([asset.in_service_usd_T for asset in assets])
    open_CT = np.maximum(paid_CT.cumsum(axis=1) - entered_CT.cumsum(axis=1), 0.0)
    before_CT = np.zeros_like(open_CT)
    before_CT[:, 1:] = open_CT[:, :-1]
    reach_CT = before_CT + paid_CT
    moved_CT = np.divide(entered_CT, reach_CT, out=np.zeros_like(reach_CT), where=reach_CT > 0.0).clip(0.0, 1.0)
    capitalised_T, moves_CT = _by_month(before_CT, moved_CT, debt.interest_usd_T, rate_frac_per_month)
    depreciation_T = sum(
        (
            straight_line_depreciation(moves_T, asset.life_months)
            for moves_T, asset in zip(moves_CT, assets, strict=True)
        ),
        np.zeros(capitalised_T.size),
    )
    return CapitalisedInterest(capitalised_T, moves_CT.sum(axis=0), np.asarray(depreciation_T))


def _by_month(
    before_CT: Floats, moved_CT: Floats, interest_usd_T: Floats, rate_frac_per_month: float
) -> tuple[Floats, Floats]:
    """Return the interest capitalised by month, and by class what of it enters service."""
    # lists: for a handful of classes an array takes longer to make than to fill
    pool_C = [0.0] * len(before_CT)
    capitalised_T: list[float] = []
    moves_TC: list[list[float]] = []
    months = zip(before_CT.T.tolist(), moved_CT.T.tolist(), interest_usd_T.tolist(), strict=True)
    for before_C, moved_C, interest_usd in months:
        wanted_C = [rate_frac_per_month * (before + pool) for before, pool in zip(before_C, pool_C, strict=True)]
        total = sum(wanted_C)
        share = min(1.0, interest_usd / total) if total > 0.0 else 0.0
        # what enters service in the month no longer takes interest of it
        added_C = [wanted * share * (1.0 - moved) for wanted, moved in zip(wanted_C, moved_C, strict=True)]
        moves_C = [pool * moved for pool, moved in zip(pool_C, moved_C, strict=True)]
        pool_C = [pool - moves + added for pool, moves, added in zip(pool_C, moves_C, added_C, strict=True)]
        capitalised_T.append(sum(added_C))
        moves_TC.append(moves_C)
    return np.array(capitalised_T), np.ascontiguousarray(np.transpose(moves_TC))


@dataclass(frozen=True, slots=True)
class _Money:
    """What income, cash and balance are drawn up from, by month. [USD].

    `opex_usd_T` holds the rents of every lease, `rents_usd_T` and `charged` finance leases alone: their rents are no
    operating cost, amortisation and interest take their place.
    """

    revenue_usd_T: Floats
    opex_usd_T: Floats
    capex_usd_T: Floats
    in_service_usd_T: Floats
    debt: DebtSchedule
    held: CapitalisedInterest
    lease: LeaseSchedule
    rents_usd_T: Floats
    charged: LeaseSchedule


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
    money = _money(inputs)
    by_class = {
        asset.name: straight_line_depreciation(asset.in_service_usd_T, asset.life_months) for asset in inputs.assets
    }
    usd = _income(inputs, money, by_class)
    usd |= _cash(money, usd)
    usd |= _balance(inputs, money, usd)
    basis_usd = float((money.capex_usd_T - usd["tax_depreciation"]).sum())
    return Statements(usd, by_class, money.opex_usd_T + usd["tax_depreciation"], basis_usd)


def _money(inputs: FinanceInputs) -> _Money:
    """Sum lines and classes, and schedule debt and leases."""
    zero_T = np.zeros(inputs.gpu_hours_T.size)
    capex_T = sum((asset.capex_usd_T for asset in inputs.assets), zero_T)
    debt, held = _debt(inputs, capex_T)
    none = LeaseSchedule(zero_T, zero_T, zero_T, zero_T, zero_T, zero_T)
    lease = lease_schedule(inputs.opex_usd[inputs.lease.line], inputs.lease) if inputs.lease else none
    finance = _finance_lease(inputs)
    return _Money(
        revenue_usd_T=sum(inputs.revenue_usd.values(), zero_T),
        opex_usd_T=sum(inputs.opex_usd.values(), zero_T),
        capex_usd_T=capex_T,
        in_service_usd_T=sum((asset.in_service_usd_T for asset in inputs.assets), zero_T),
        debt=debt,
        held=held,
        lease=lease,
        rents_usd_T=inputs.opex_usd[finance.line] if finance else zero_T,
        charged=lease if finance else none,
    )


def _finance_lease(inputs: FinanceInputs) -> Lease | None:
    """Return the terms of the leases where they are finance leases."""
    return inputs.lease if inputs.lease and inputs.lease.kind == "finance" else None


def _income(inputs: FinanceInputs, money: _Money, by_class: dict[str, Floats]) -> dict[str, Floats]:
    """Draw up income, with the taxes on it."""
    zero_T = np.zeros(inputs.gpu_hours_T.size)
    opex_T = money.opex_usd_T - money.rents_usd_T
    book_T = sum(by_class.values(), zero_T)
    depreciation_T = book_T + money.held.depreciation_usd_T
    expensed_T = money.debt.interest_usd_T - money.held.capitalised_usd_T
    ebitda_T = money.revenue_usd_T - opex_T
    ebit_T = ebitda_T - depreciation_T - money.charged.amortisation_usd_T
    before_tax_T = ebit_T - expensed_T - money.charged.interest_usd_T
    tax_book_T = book_T if inputs.tax.method == "book" else _tax_depreciation(inputs, by_class)
    taxable_T = money.revenue_usd_T - money.opex_usd_T - tax_book_T
    unlevered_tax_T = _tax(inputs, taxable_T)
    tax_T = unlevered_tax_T
    if inputs.debt:
        tax_T = _tax(inputs, taxable_T - money.held.depreciation_usd_T - expensed_T)
    same = inputs.tax.method == "book" and not _finance_lease(inputs)
    deferred_T = zero_T if same else _tax(inputs, before_tax_T) - tax_T
    return {
        "revenue": money.revenue_usd_T,
        "opex": opex_T,
        "ebitda": ebitda_T,
        "depreciation": depreciation_T,
        "lease_amortisation": money.charged.amortisation_usd_T,
        "ebit": ebit_T,
        "interest": expensed_T,
        "lease_interest": money.charged.interest_usd_T,
        "tax": tax_T,
        "deferred_tax": deferred_T,
        "net_income": before_tax_T - tax_T - deferred_T,
        "unlevered_tax": unlevered_tax_T,
        "tax_depreciation": tax_book_T,
    }


def _cash(money: _Money, income: dict[str, Floats]) -> dict[str, Floats]:
    """Draw up cash in and out."""
    capex_T, debt = money.capex_usd_T, money.debt
    earned_T = money.revenue_usd_T - money.opex_usd_T
    equity_T = (
        earned_T - income["tax"] - capex_T + debt.drawn_usd_T - debt.repaid_usd_T - debt.interest_usd_T
    )  # fmt: skip
    return {
        "capex": capex_T,
        "interest_paid": debt.interest_usd_T,
        "interest_capitalised": money.held.capitalised_usd_T,
        "debt_drawn": debt.drawn_usd_T,
        "debt_repaid": debt.repaid_usd_T,
        "lease_paid": money.rents_usd_T,
        "lease_principal": money.charged.principal_usd_T,
        "free_cash_flow": earned_T - income["unlevered_tax"] - capex_T,
        "equity_cash_flow": equity_T,
        "cash": equity_T.cumsum(),
    }


def _balance(inputs: FinanceInputs, money: _Money, usd: dict[str, Floats]) -> dict[str, Floats]:
    """Draw up the balance from income and cash."""
    placed_T = money.in_service_usd_T.cumsum() + money.held.in_service_usd_T.cumsum()
    paid_in_T = np.maximum(np.maximum.accumulate(-usd["cash"]), 0.0)
    lease = inputs.lease
    return {
        "cash_on_hand": usd["cash"] + paid_in_T,
        "book_value": placed_T - usd["depreciation"].cumsum(),
        "construction_in_progress": usd["capex"].cumsum() + money.held.capitalised_usd_T.cumsum() - placed_T,
        "rou_asset": money.lease.rou_usd_T,
        "debt_balance": money.debt.balance_usd_T,
        "lease_liability": money.lease.liability_usd_T,
        "deferred_tax_liability": usd["deferred_tax"].cumsum(),
        "owners_paid_in": paid_in_T,
        "retained_earnings": usd["net_income"].cumsum(),
        "lease_guarantee": lease.guarantee_frac * lease.leased_cost_usd_T if lease else np.zeros(paid_in_T.size),
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
    cash_in_T = usd["revenue"] + usd["debt_drawn"] + changes(usd["owners_paid_in"])
    paid = ("opex", "lease_paid", "interest_paid", "tax", "capex", "debt_repaid")
    cash_out_T = sum((usd[name] for name in paid), changes(usd["cash_on_hand"]))
    have = ("cash_on_hand", "book_value", "construction_in_progress", "rou_asset")
    owed = ("debt_balance", "lease_liability", "deferred_tax_liability", "owners_paid_in", "retained_earnings")
    gap_T = sum(usd[name] for name in have) - sum(usd[name] for name in owed)
    return float(np.maximum(np.abs(cash_in_T - cash_out_T), np.abs(gap_T)).max())
