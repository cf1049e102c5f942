"""Statements of a plan by month, and the measures drawn from them. Shape letter: T months."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance.debt import DebtSchedule, debt_schedule
from gigawatt.engines.finance.depreciation import straight_line_depreciation
from gigawatt.engines.finance.metrics import break_even_factor, irr, levelised_cost, npv, payback
from gigawatt.engines.finance.tax import tax_with_losses_carried_forward
from gigawatt.engines.finance.types import FinanceInputs, FinanceResult
from gigawatt.errors import InputError, nearest
from gigawatt.units import MONTHS_PER_YEAR

Floats = NDArray[np.float64]

TIMINGS = ("mid", "end")
TERMINALS = ("book", "none")
# What enters service may exceed what has been paid by this share of all capex before it is refused: rounding. [-]
ROUNDING_FRAC = 1e-9
# Prices of tokens are quoted per million. [-]
TOKENS_PER_MILLION = 1e6


def evaluate(inputs: FinanceInputs) -> FinanceResult:
    r"""Evaluate a plan's money.

    Parameters
    ----------
    inputs : FinanceInputs
        Capex and opex, revenue, rates, debt.

    Returns
    -------
    FinanceResult
        Statements by month and measures; `conventions` says in words how they are made.

    Raises
    ------
    InputError
        If lengths, rates or choices are wrong, or more enters service than was paid.

    Notes
    -----
    Unlevered free cash flow is :math:`F_t = R_t - O_t - X_t - K_t` with revenue R, opex O, capex K and the tax X on
    earnings before interest; NPV is :math:`\sum_t F_t (1+r)^{-\tau_t} + V (1+r)^{-T}` with the terminal value V.
    The residual is the larger of two identities: cash in less cash out, and
    cash + book value + construction in progress = debt + cumulated net income.

    Examples
    --------
    1,200 USD paid and in service in the first month, 40 USD a month earned over three years, no tax, no discount:

    >>> from gigawatt.engines.finance.types import AssetClass
    >>> paid = np.zeros(36)
    >>> paid[0] = 1200.0
    >>> result = evaluate(FinanceInputs(
    ...     assets=(AssetClass("servers", paid, paid, 36),), revenue_usd={"rent": np.full(36, 50.0)},
    ...     opex_usd={"energy": np.full(36, 10.0)}, discount_rate_frac_per_year=0.0, tax_frac=0.0, debt=None,
    ...     terminal="book", timing="end", gpu_hours_T=np.full(36, 20.0), output_tokens_T=np.zeros(36),
    ...     served_cost_frac_T=np.zeros(36)))
    >>> round(result.npv_usd, 6), round(result.payback_months, 6), round(result.usd_per_gpu_hour, 6)
    (240.0, 30.0, 2.166667)
    """
    _check(inputs)
    statement_usd = _statement(inputs)
    months_count = inputs.gpu_hours_T.size
    rate = inputs.discount_rate_frac_per_year
    shift = 0.5 if inputs.timing == "mid" else 1.0
    # the terminal value comes at the end of the last month, so it has a time of its own
    time_years_T = np.append(np.arange(months_count) + shift, months_count) / MONTHS_PER_YEAR
    terminal_usd = 0.0
    if inputs.terminal == "book":
        terminal_usd = float(statement_usd["book_value"][-1] + statement_usd["construction_in_progress"][-1])

    def present_usd(flow_usd_T: Floats, last_usd: float = 0.0) -> float:
        return npv(rate, np.append(flow_usd_T, last_usd), time_years_T)

    def npv_usd_of(factor: float) -> float:
        revenue_usd_T = factor * statement_usd["revenue"]
        tax_usd_T = tax_with_losses_carried_forward(
            revenue_usd_T - statement_usd["opex"] - statement_usd["depreciation"], inputs.tax_frac
        )
        flow_usd_T = revenue_usd_T - statement_usd["opex"] - statement_usd["capex"] - tax_usd_T
        return present_usd(flow_usd_T, terminal_usd)

    flow_usd_T = statement_usd["free_cash_flow"]
    discount_T = (1.0 + rate) ** -time_years_T[:-1]
    rates, note = irr(np.append(flow_usd_T, terminal_usd), time_years_T)
    all_cost_usd_T = np.append(statement_usd["capex"] + statement_usd["opex"], -terminal_usd)
    return FinanceResult(
        statement_usd=statement_usd,
        npv_usd=present_usd(flow_usd_T, terminal_usd),
        irr_frac_per_year=rates,
        irr_note=note,
        payback_months=payback(flow_usd_T),
        discounted_payback_months=payback(flow_usd_T * discount_T),
        capex_usd=float(statement_usd["capex"].sum()),
        depreciation_usd=float(statement_usd["depreciation"].sum()),
        terminal_usd=terminal_usd,
        usd_per_gpu_hour=levelised_cost(all_cost_usd_T, np.append(inputs.gpu_hours_T, 0.0), rate, time_years_T),
        usd_per_million_output_tokens=_usd_per_million_tokens(inputs, statement_usd, terminal_usd, time_years_T),
        break_even_revenue_factor=break_even_factor(npv_usd_of) if statement_usd["revenue"].any() else math.nan,
        conventions=_conventions(inputs),
        residual_usd=_residual_usd(statement_usd),
    )


def _statement(inputs: FinanceInputs) -> dict[str, Floats]:
    """Statements by month."""
    zero_T = np.zeros(inputs.gpu_hours_T.size)
    revenue_usd_T = sum(inputs.revenue_usd.values(), zero_T)
    opex_usd_T = sum(inputs.opex_usd.values(), zero_T)
    capex_usd_T = sum((asset.capex_usd_T for asset in inputs.assets), zero_T)
    in_service_usd_T = sum((asset.in_service_usd_T for asset in inputs.assets), zero_T)
    depreciation_usd_T = sum(
        (straight_line_depreciation(asset.in_service_usd_T, asset.life_months) for asset in inputs.assets), zero_T
    )
    debt = debt_schedule(capex_usd_T, inputs.debt) if inputs.debt else DebtSchedule(zero_T, zero_T, zero_T, zero_T)
    ebitda_usd_T = revenue_usd_T - opex_usd_T
    ebit_usd_T = ebitda_usd_T - depreciation_usd_T
    before_tax_usd_T = ebit_usd_T - debt.interest_usd_T
    tax_usd_T = tax_with_losses_carried_forward(before_tax_usd_T, inputs.tax_frac)
    unlevered_tax_usd_T = tax_with_losses_carried_forward(ebit_usd_T, inputs.tax_frac)
    equity_usd_T = ebitda_usd_T - tax_usd_T - capex_usd_T + debt.drawn_usd_T - debt.repaid_usd_T - debt.interest_usd_T
    return {
        "revenue": revenue_usd_T,
        "opex": opex_usd_T,
        "ebitda": ebitda_usd_T,
        "depreciation": depreciation_usd_T,
        "ebit": ebit_usd_T,
        "interest": debt.interest_usd_T,
        "tax": tax_usd_T,
        "unlevered_tax": unlevered_tax_usd_T,
        "net_income": before_tax_usd_T - tax_usd_T,
        "capex": capex_usd_T,
        "debt_drawn": debt.drawn_usd_T,
        "debt_repaid": debt.repaid_usd_T,
        "free_cash_flow": ebitda_usd_T - unlevered_tax_usd_T - capex_usd_T,
        "equity_cash_flow": equity_usd_T,
        "cash": np.cumsum(equity_usd_T),
        "book_value": np.cumsum(in_service_usd_T) - np.cumsum(depreciation_usd_T),
        "construction_in_progress": np.cumsum(capex_usd_T) - np.cumsum(in_service_usd_T),
        "debt_balance": debt.balance_usd_T,
    }


def _usd_per_million_tokens(
    inputs: FinanceInputs, statement_usd: dict[str, Floats], terminal_usd: float, time_years_T: Floats
) -> float:
    """Levelise serving's cost over its tokens: its share of opex and of a level capital charge per accelerator-hour."""
    rate = inputs.discount_rate_frac_per_year
    capital_usd_T = statement_usd["capex"]
    capital_usd_per_hour = levelised_cost(
        np.append(capital_usd_T, -terminal_usd), np.append(inputs.gpu_hours_T, 0.0), rate, time_years_T
    )
    if not math.isnan(capital_usd_per_hour):
        capital_usd_T = capital_usd_per_hour * inputs.gpu_hours_T
    served_usd_T = inputs.served_cost_frac_T * (capital_usd_T + statement_usd["opex"])
    return TOKENS_PER_MILLION * levelised_cost(served_usd_T, inputs.output_tokens_T, rate, time_years_T[:-1])


def _residual_usd(statement_usd: dict[str, Floats]) -> float:
    """Return the largest violation of the cash and of the balance-sheet identity."""
    cash_in_usd_T = statement_usd["revenue"] + statement_usd["debt_drawn"]
    cash_out_usd_T = sum(
        (statement_usd[name] for name in ("opex", "interest", "tax", "capex", "debt_repaid")),
        np.diff(statement_usd["cash"], prepend=0.0),
    )
    assets_usd_T = statement_usd["cash"] + statement_usd["book_value"] + statement_usd["construction_in_progress"]
    claims_usd_T = statement_usd["debt_balance"] + np.cumsum(statement_usd["net_income"])
    return float(max(np.abs(cash_in_usd_T - cash_out_usd_T).max(), np.abs(assets_usd_T - claims_usd_T).max()))


def _conventions(inputs: FinanceInputs) -> tuple[str, ...]:
    """Say how the measures are made."""
    timing = (
        "Flows fall in the middle of their month."
        if inputs.timing == "mid"
        else "Flows fall at the end of their month, so the first is discounted by one month, as Excel's NPV does; "
        "numpy-financial's npv would leave it undiscounted."
    )
    terminal = (
        "Remaining book value and construction in progress return in cash, untaxed, at the end of the last month."
        if inputs.terminal == "book"
        else "Nothing is recovered at the end."
    )
    return (
        "All rates are effective yearly rates; a month's is (1 + r)^(1/12) - 1, also for debt.",
        timing,
        terminal,
        "NPV and IRR are of the unlevered free cash flow, with tax on earnings before interest; net income and equity "
        "cash flow carry interest and its tax relief.",
        "Depreciation is straight line from the month of entering service; construction in progress has none.",
        "Tax follows the books, month by month; losses are carried forward without limit.",
        "Payback ignores the terminal value and asks for a cumulated cash flow that stays non-negative.",
        "Cost per GPU-hour is before tax: discounted capex and opex less the terminal value, over discounted hours.",
        "Serving bears its share of each month's opex and of a level capital charge per GPU-hour.",
    )


def _check(inputs: FinanceInputs) -> None:
    """Refuse inputs that do not fit together, all reasons at once."""
    months_count = inputs.gpu_hours_T.size
    arrays = {
        "gpu_hours_T": inputs.gpu_hours_T,
        "output_tokens_T": inputs.output_tokens_T,
        "served_cost_frac_T": inputs.served_cost_frac_T,
        **{f"revenue_usd[{name}]": flow for name, flow in inputs.revenue_usd.items()},
        **{f"opex_usd[{name}]": flow for name, flow in inputs.opex_usd.items()},
        **{f"{asset.name} capex_usd_T": asset.capex_usd_T for asset in inputs.assets},
        **{f"{asset.name} in_service_usd_T": asset.in_service_usd_T for asset in inputs.assets},
    }
    problems = [
        f"{name} has shape {np.shape(array)}, expected ({months_count},)"
        for name, array in arrays.items()
        if np.shape(array) != (months_count,)
    ]
    problems += [
        f"{name} has values that are not finite" for name, array in arrays.items() if not np.isfinite(array).all()
    ]
    if months_count == 0:
        problems.append("a plan needs at least one month")
    if inputs.timing not in TIMINGS:
        problems.append(f'timing "{inputs.timing}" is unknown. {nearest(inputs.timing, TIMINGS)}')
    if inputs.terminal not in TERMINALS:
        problems.append(f'terminal "{inputs.terminal}" is unknown. {nearest(inputs.terminal, TERMINALS)}')
    if not inputs.discount_rate_frac_per_year > -1.0:
        problems.append("discount_rate_frac_per_year must be above -1")
    if not 0.0 <= inputs.tax_frac < 1.0:
        problems.append("tax_frac must be at least 0 and below 1")
    if not problems:
        for asset in inputs.assets:
            paid_usd_T = np.cumsum(asset.capex_usd_T)
            early_usd = float((np.cumsum(asset.in_service_usd_T) - paid_usd_T).max())
            if early_usd > ROUNDING_FRAC * float(np.abs(paid_usd_T).max()):
                problems.append(f"{asset.name}: {early_usd:,.0f} USD enter service before they are paid")
    if problems:
        message = "finance: " + "; ".join(problems)
        raise InputError(message)
