"""Statements of a plan by month, and the measures drawn from them. Shape letter: T months."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gigawatt.engines.finance.conventions import conventions
from gigawatt.engines.finance.covenants import covenants
from gigawatt.engines.finance.discounting import discount_factors, per_unit, present_value
from gigawatt.engines.finance.metrics import break_even_factor, irr, mirr, moic, payback, roic
from gigawatt.engines.finance.statements import Statements, residual_usd, statements
from gigawatt.engines.finance.tax import income_tax
from gigawatt.engines.finance.types import AssetClass, FinanceInputs, FinanceResult
from gigawatt.errors import InputError, nearest
from gigawatt.units import MONTHS_PER_YEAR

Floats = NDArray[np.float64]

TIMINGS = ("mid", "end")
TERMINALS = ("book", "market", "none")
TAX_METHODS = ("book", "macrs")
# What enters service may exceed what has been paid by this share of all capex before it is refused: rounding. [-]
ROUNDING_FRAC = 1e-9
# Prices of tokens are quoted per million. [-]
TOKENS_PER_MILLION = 1e6
# Operations of an exaFLOP. [FLOP]
FLOP_PER_EXAFLOP = 1e18


def evaluate(inputs: FinanceInputs, *, brief: bool = False) -> FinanceResult:
    r"""Evaluate a plan's money.

    Parameters
    ----------
    inputs : FinanceInputs
        Capex and opex, revenue, rates, debt.
    brief : bool, optional
        Whether what takes as long as the rest is left out: the measures that `FinanceResult` says so of.

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
    The residual is the larger of two identities: cash in less cash out, and assets (cash, book value, construction in
    progress, rights of use) less liabilities (debt, leases, deferred tax) and equity (paid in, retained).

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
    made = statements(inputs)
    usd, rate, time_years_T = made.usd, inputs.discount_rate_frac_per_year, _times_years(inputs)
    discount_T = discount_factors(rate, time_years_T)
    gross_usd = _terminal_usd(inputs, made)
    all_usd_T = _unlevered_usd(inputs, made, usd["revenue"], gross_usd)
    terminal_usd = float(all_usd_T[-1])
    cost_usd = present_value(_then(usd["capex"] + usd["opex"] + usd["lease_paid"], -terminal_usd), discount_T)
    rates, note = irr(all_usd_T, time_years_T)
    found = FinanceResult(
        statement_usd=usd,
        npv_usd=present_value(all_usd_T, discount_T),
        irr_frac_per_year=rates,
        irr_note=note,
        payback_months=payback(usd["free_cash_flow"]),
        capex_usd=float(usd["capex"].sum()),
        depreciation_usd=float(usd["depreciation"].sum()),
        terminal_usd=terminal_usd,
        usd_per_gpu_hour=per_unit(cost_usd, present_value(inputs.gpu_hours_T, discount_T)),
        usd_per_million_output_tokens=_usd_per_million_tokens(inputs, usd, terminal_usd, discount_T),
        residual_usd=residual_usd(usd),
        asset_depreciation_usd=made.asset_depreciation_usd,
    )
    if brief:
        return found

    def npv_usd_of(factor: float) -> float:
        """Net present value with all revenue times a factor."""
        return present_value(_unlevered_usd(inputs, made, factor * usd["revenue"], gross_usd), discount_T)

    owners_usd_T = _then(usd["equity_cash_flow"], terminal_usd - usd["debt_balance"][-1])
    flop = present_value(inputs.flop_T, discount_T) if inputs.flop_T is not None else 0.0
    return replace(
        found,
        discounted_payback_months=payback(usd["free_cash_flow"] * discount_T[:-1]),
        break_even_revenue_factor=break_even_factor(npv_usd_of) if usd["revenue"].any() else math.nan,
        conventions=conventions(inputs),
        mirr_frac_per_year=mirr(all_usd_T, rate, rate, time_years_T),
        equity_irr_frac_per_year=irr(owners_usd_T, time_years_T)[0],
        moic=moic(all_usd_T),
        equity_moic=moic(owners_usd_T),
        profitability_index=per_unit(found.npv_usd, present_value(usd["capex"], discount_T)),
        roic_frac_T=roic(usd),
        usd_per_exaflop=FLOP_PER_EXAFLOP * per_unit(cost_usd, flop),
        covenants=covenants(usd, inputs.debt) if inputs.debt else None,
    )


def present_value_usd(inputs: FinanceInputs) -> float:
    """Return the net present value alone: what `evaluate` returns as `npv_usd`, faster.

    Parameters
    ----------
    inputs : FinanceInputs
        Of a plan that `evaluate` accepts; not checked again.

    Returns
    -------
    float
        [USD]
    """
    made = statements(inputs)
    flow_usd_T = _unlevered_usd(inputs, made, made.usd["revenue"], _terminal_usd(inputs, made))
    return present_value(flow_usd_T, discount_factors(inputs.discount_rate_frac_per_year, _times_years(inputs)))


def _times_years(inputs: FinanceInputs) -> Floats:
    """Return when each month's flow falls, and after it the terminal value at the end of the last month. [year]."""
    months_count = inputs.gpu_hours_T.size
    shift = 0.5 if inputs.timing == "mid" else 1.0
    return _then(np.arange(months_count, dtype=np.float64) + shift, months_count) / MONTHS_PER_YEAR


def _then(flow_T: Floats, last: float) -> Floats:
    """Return the flows of the months and a last one, at the end of the plan."""
    return np.concatenate((flow_T, (last,)))


def _unlevered_usd(inputs: FinanceInputs, made: Statements, revenue_usd_T: Floats, gross_usd: float) -> Floats:
    """Return the unlevered cash flow for a revenue, and after it the terminal value after tax, from that before tax."""
    usd, tax = made.usd, inputs.tax
    taxable_usd_T = revenue_usd_T - made.deductions_usd_T
    tax_usd_T = income_tax(taxable_usd_T, inputs.tax_frac, tax)
    flow_usd_T = revenue_usd_T - usd["opex"] - usd["lease_paid"] - usd["capex"] - tax_usd_T
    if inputs.terminal == "none" or (inputs.terminal == "book" and tax.method == "book"):
        return _then(flow_usd_T, gross_usd)  # nothing is gained or lost against the tax books
    with_sale_usd_T = taxable_usd_T.copy()
    with_sale_usd_T[-1] += max(gross_usd - made.tax_basis_usd, 0.0)
    sale_tax_usd = income_tax(with_sale_usd_T, inputs.tax_frac, tax).sum() - tax_usd_T.sum()
    return _then(flow_usd_T, gross_usd - sale_tax_usd)


def _terminal_usd(inputs: FinanceInputs, made: Statements) -> float:
    """Return what the assets are worth at the end, before tax; capitalised interest is worth nothing to a buyer."""
    if inputs.terminal == "none" or not inputs.assets:
        return 0.0
    charged = made.asset_depreciation_usd
    flows_C3T = np.array([(asset.capex_usd_T, asset.in_service_usd_T, charged[asset.name]) for asset in inputs.assets])
    paid_C, entered_C, charged_C = flows_C3T.sum(axis=2).T
    worth_C = entered_C - charged_C
    if inputs.terminal == "market":
        age_years_T = np.arange(inputs.gpu_hours_T.size, 0.0, -1.0) / MONTHS_PER_YEAR
        for place, asset in enumerate(inputs.assets):
            if not math.isnan(asset.resale_decline_frac_per_year):
                worth_C[place] = asset.in_service_usd_T @ (1.0 - asset.resale_decline_frac_per_year) ** age_years_T
    return float(sum(worth_C, start=sum(paid_C - entered_C)))


def _usd_per_million_tokens(
    inputs: FinanceInputs, usd: dict[str, Floats], terminal_usd: float, discount_T: Floats
) -> float:
    """Levelise serving's cost over its tokens: its share of opex and of a level capital charge per accelerator-hour."""
    capital_usd_T = usd["capex"]
    capital_usd = present_value(_then(capital_usd_T, -terminal_usd), discount_T)
    capital_usd_per_hour = per_unit(capital_usd, present_value(inputs.gpu_hours_T, discount_T))
    if not math.isnan(capital_usd_per_hour):
        capital_usd_T = capital_usd_per_hour * inputs.gpu_hours_T
    served_usd_T = inputs.served_cost_frac_T * (capital_usd_T + usd["opex"] + usd["lease_paid"])
    tokens = present_value(inputs.output_tokens_T, discount_T)
    return TOKENS_PER_MILLION * per_unit(present_value(served_usd_T, discount_T), tokens)


def _check(inputs: FinanceInputs) -> None:
    """Refuse inputs that do not fit together, all reasons at once."""
    months_count = inputs.gpu_hours_T.size
    flows = {
        "gpu_hours_T": inputs.gpu_hours_T,
        "output_tokens_T": inputs.output_tokens_T,
        "served_cost_frac_T": inputs.served_cost_frac_T,
        **{f"revenue_usd[{name}]": flow for name, flow in inputs.revenue_usd.items()},
        **{f"opex_usd[{name}]": flow for name, flow in inputs.opex_usd.items()},
        **{f"{asset.name} capex_usd_T": asset.capex_usd_T for asset in inputs.assets},
        **{f"{asset.name} in_service_usd_T": asset.in_service_usd_T for asset in inputs.assets},
    }
    problems = _unfit(flows, months_count)
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
    if inputs.tax.method not in TAX_METHODS:
        problems.append(f'tax method "{inputs.tax.method}" is unknown. {nearest(inputs.tax.method, TAX_METHODS)}')
    if inputs.lease and inputs.lease.line not in inputs.opex_usd:
        problems.append(f'the lease names the cost line "{inputs.lease.line}", which is not among the costs')
    if not problems:
        problems = _too_early(inputs.assets)
    if problems:
        message = "finance: " + "; ".join(problems)
        raise InputError(message)


def _unfit(flows: dict[str, Floats], months_count: int) -> list[str]:
    """Name the flows that are not as long as the plan, and those that are not finite."""
    expected = (months_count,)
    unfit = [
        f"{name} has shape {flow.shape}, expected {expected}" for name, flow in flows.items() if flow.shape != expected
    ]
    if unfit or not np.isfinite(np.concatenate(list(flows.values()))).all():  # all at once: few plans have any
        unfit += [
            f"{name} has values that are not finite" for name, flow in flows.items() if not np.isfinite(flow).all()
        ]
    return unfit


def _too_early(assets: tuple[AssetClass, ...]) -> list[str]:
    """Name the classes of which more enters service than has been paid."""
    if not assets:
        return []
    paid_CT = np.array([asset.capex_usd_T for asset in assets])
    entered_CT = np.array([asset.in_service_usd_T for asset in assets])
    early_C = (entered_CT - paid_CT).cumsum(axis=1).max(axis=1)
    wrong_C = early_C > ROUNDING_FRAC * np.abs(paid_CT).sum(axis=1)
    return [
        f"{asset.name}: {early:,.0f} USD enter service before they are paid"
        for asset, early, wrong in zip(assets, early_C.tolist(), wrong_C.tolist(), strict=True)
        if wrong
    ]
