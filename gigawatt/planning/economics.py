"""What an analyst asks of a plan's money beyond the statements: break-evens, delay, lives, a megawatt, consensus."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from gigawatt.engines.finance import break_even_factor, delayed, evaluate, line_scaled, present_value_usd, with_life
from gigawatt.engines.finance.statements import statements
from gigawatt.engines.finance.types import FinanceInputs, FinanceResult
from gigawatt.planning.outcome import Outcome, Prepared
from gigawatt.scenario import finance as lines
from gigawatt.units import MONTHS_PER_YEAR, WATTS_PER_MEGAWATT

Floats = NDArray[np.float64]

LIVES_YEARS = (3, 4, 5, 6, 7)  # book lives of servers and network that the sensitivity tries
SHORT_LIVED = ("servers", "network")
GIVEN = ("grant",)  # revenue that no delay moves
LOWEST_PRICE_CHANGE, HIGHEST_PRICE_CHANGE = -0.95, 2.0  # a year; the range that a scenario may write
# revenue line -> its figure that revenue is proportional to, and that figure's unit
FIGURES = {
    "ads_uplift": ("ads_uplift", "1"),
    "ai_services": ("ai_services", "USD/user/year"),
    "engineering": ("engineering", "USD/developer/year"),
    "token_sales": ("token_sales", "USD/token"),
    "gpu_rental": ("gpu_rental", "USD/h"),
    "capacity_contract": ("capacity_contract", "USD/MW/year"),
}


def finance_document(prepared: Prepared, outcome: Outcome) -> dict[str, Any]:
    """Return the section `finance` of a plan's document.

    Parameters
    ----------
    prepared : Prepared
    outcome : Outcome

    Returns
    -------
    dict
        JSON-ready; NaN where something does not apply.
    """
    result, inputs = outcome.finance, outcome.finance_inputs
    return {
        "npv_usd": result.npv_usd,
        "irr": list(result.irr_frac_per_year),
        "irr_note": result.irr_note,
        "mirr": result.mirr_frac_per_year,
        "payback_months": result.payback_months,
        "discounted_payback_months": result.discounted_payback_months,
        "moic": result.moic,
        "profitability_index": result.profitability_index,
        "roic_last_year": float(result.roic_frac_T[-1]),
        "equity_irr": list(result.equity_irr_frac_per_year),
        "equity_moic": result.equity_moic,
        "capex_usd": result.capex_usd,
        "depreciation_usd": result.depreciation_usd,
        "terminal_usd": result.terminal_usd,
        "usd_per_gpu_hour": result.usd_per_gpu_hour,
        "usd_per_million_tokens": result.usd_per_million_output_tokens,
        "usd_per_exaflop": result.usd_per_exaflop,
        "break_even_revenue_factor": result.break_even_revenue_factor,
        "break_even": break_evens(prepared, inputs),
        "delay_of_a_month_usd": delay_usd(inputs, result),
        "server_life": server_lives(inputs),
        "per_mw": per_megawatt(outcome),
        "balance_usd": balance_usd(result),
        "covenants": covenants_document(prepared, result),
        "leases": leases_document(inputs, result),
        "consensus": consensus(prepared),
        "terms": terms(inputs),
        "conventions": list(result.conventions),
    }


def _solve(inputs: FinanceInputs, line: str, worth_usd: Callable[[FinanceInputs], float]) -> float:
    """Return the factor on a revenue line at which a worth is zero, all other lines held."""
    return break_even_factor(lambda factor: worth_usd(line_scaled(inputs, line, factor)))


def _returned_usd(inputs: FinanceInputs) -> float:
    """Return the sum of the free cash flow: nothing discounted, no terminal value."""
    return float(statements(inputs).usd["free_cash_flow"].sum())


def break_evens(prepared: Prepared, inputs: FinanceInputs) -> list[dict[str, Any]]:
    """Solve each revenue line for the figure at which the plan breaks even, all other lines held.

    Parameters
    ----------
    prepared : Prepared
    inputs : FinanceInputs

    Returns
    -------
    list of dict
        line, figure, unit, value (as planned), factor and at_npv_zero, factor_paid_back and paid_back (the free cash
        flow of the plan's months sums to zero: nothing discounted, no terminal value); for sold tokens and rented
        accelerators also price_change_at_npv_zero, a year, from the first month's price; for rented accelerators
        utilisation_at_npv_zero at the planned price, which may exceed 1.
    """
    found = []
    for kind, (figure, unit) in {**FIGURES, "advertising": ("", "1")}.items():
        written = [line for line in prepared.scenario.revenue if isinstance(line, lines.KINDS[kind])]
        if kind not in inputs.revenue_usd or not inputs.revenue_usd[kind].any():
            continue
        factor, returned = _solve(inputs, kind, present_value_usd), _solve(inputs, kind, _returned_usd)
        row: dict[str, Any] = {"line": kind, "factor": factor, "factor_paid_back": returned}
        if len(written) == 1 and figure:
            value = float(getattr(written[0], figure).value)
            row |= {"figure": figure, "unit": unit, "value": value}
            row |= {"at_npv_zero": value * factor, "paid_back": value * returned}
        if len(written) == 1 and isinstance(written[0], lines.GpuRental):
            row["utilisation_at_npv_zero"] = written[0].utilisation.value * factor
        if len(written) == 1 and isinstance(written[0], lines.GpuRental | lines.TokenSales):
            change = written[0].price_change.value if written[0].price_change else 0.0
            row["price_change_at_npv_zero"] = _price_change(inputs, kind, change)
        found.append(row)
    return found


def _price_change(inputs: FinanceInputs, line: str, planned: float) -> float:
    """Return the yearly change of a line's price at which NPV is zero; NaN where none in range does."""
    years_T = np.arange(inputs.gpu_hours_T.size) / MONTHS_PER_YEAR

    def npv_usd(change: float) -> float:
        changed_T = inputs.revenue_usd[line] * ((1.0 + change) / (1.0 + planned)) ** years_T
        return present_value_usd(replace(inputs, revenue_usd={**inputs.revenue_usd, line: changed_T}))

    if npv_usd(LOWEST_PRICE_CHANGE) * npv_usd(HIGHEST_PRICE_CHANGE) > 0.0:
        return math.nan
    return float(brentq(npv_usd, LOWEST_PRICE_CHANGE, HIGHEST_PRICE_CHANGE, xtol=1e-9))


def delay_usd(inputs: FinanceInputs, result: FinanceResult) -> float:
    """Return what NPV loses when everything but capex and grants comes a month later.

    Parameters
    ----------
    inputs : FinanceInputs
    result : FinanceResult
        Of `inputs`.

    Returns
    -------
    float
        Positive where a delay costs. [USD]
    """
    return result.npv_usd - present_value_usd(delayed(inputs, 1, GIVEN))


def server_lives(inputs: FinanceInputs) -> list[dict[str, float]]:
    """Return the plan's profit under other book lives of servers and network.

    Parameters
    ----------
    inputs : FinanceInputs

    Returns
    -------
    list of dict
        life_years, depreciation_usd and ebit_usd over the plan, largest_year_usd (most depreciation in twelve months),
        npv_usd. A life moves NPV by the time of tax and by the book value at the end, nothing else.
    """
    rows = []
    for years in LIVES_YEARS:
        result = evaluate(with_life(inputs, SHORT_LIVED, round(years * MONTHS_PER_YEAR)))
        usd = result.statement_usd
        window = np.ones(min(round(MONTHS_PER_YEAR), usd["depreciation"].size))
        rows.append(
            {
                "life_years": float(years),
                "depreciation_usd": result.depreciation_usd,
                "largest_year_usd": float(np.convolve(usd["depreciation"], window, mode="valid").max()),
                "ebit_usd": float(usd["ebit"].sum()),
                "npv_usd": result.npv_usd,
            }
        )
    return rows


def per_megawatt(outcome: Outcome) -> dict[str, float]:
    """Return a megawatt's economics: capex over the most facility power online, the rest over its megawatt-years.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    dict of str to float
        Facility power in the plan's scope; NaN where none is online.
    """
    power_w_ST = outcome.built.it_w_ST * outcome.inputs.peak_pue_S[:, None] * outcome.scope.share_ST
    mw_T = power_w_ST.sum(axis=0) / WATTS_PER_MEGAWATT
    most_mw, mw_years = float(mw_T.max()), float(mw_T.sum()) / MONTHS_PER_YEAR
    usd = {name: float(flow_T.sum()) for name, flow_T in outcome.finance.statement_usd.items()}

    def over(amount_usd: float, megawatts: float) -> float:
        return amount_usd / megawatts if megawatts > 0.0 else math.nan

    return {
        "most_mw": most_mw,
        "mw_years": mw_years,
        "capex_usd_per_mw": over(usd["capex"], most_mw),
        "gpus_per_mw": over(float(outcome.scope.gpus_KT.sum(axis=0)[int(mw_T.argmax())]), most_mw),
        "revenue_usd_per_mw_year": over(usd["revenue"], mw_years),
        "opex_usd_per_mw_year": over(usd["opex"] + usd["lease_paid"], mw_years),
        "ebitda_usd_per_mw_year": over(usd["ebitda"], mw_years),
        "depreciation_usd_per_mw_year": over(usd["depreciation"], mw_years),
        "ebit_usd_per_mw_year": over(usd["ebit"], mw_years),
    }


def balance_usd(result: FinanceResult) -> dict[str, float]:
    """Return the balance sheet at the end of the plan; assets equal liabilities and equity.

    Parameters
    ----------
    result : FinanceResult

    Returns
    -------
    dict of str to float
        [USD]
    """
    names = ("cash_on_hand", "book_value", "construction_in_progress", "rou_asset", "debt_balance", "lease_liability",
             "deferred_tax_liability", "owners_paid_in", "retained_earnings")  # fmt: skip
    return {name: float(result.statement_usd[name][-1]) for name in names}


def covenants_document(prepared: Prepared, result: FinanceResult) -> dict[str, Any] | None:
    """Return how close the plan comes to its covenants; None without debt.

    Parameters
    ----------
    prepared : Prepared
    result : FinanceResult

    Returns
    -------
    dict or None
        Least cover and most leverage with their months, and the months in which a covenant is broken.
    """
    if result.covenants is None:
        return None
    labels = prepared.scenario.horizon.axis.labels()
    dscr_T, ratio_T = result.covenants.dscr_T, result.covenants.net_debt_to_ebitda_T
    document: dict[str, Any] = {"broken": [labels[month] for month in np.flatnonzero(result.covenants.broken_T)]}
    for name, series_T, pick in (("dscr_min", dscr_T, np.nanargmin), ("net_debt_to_ebitda_max", ratio_T, np.nanargmax)):
        known = not np.isnan(series_T).all()
        month = int(pick(series_T)) if known else -1
        document[name] = float(series_T[month]) if known else math.nan
        document[f"{name}_month"] = labels[month] if known else ""
    return document


def leases_document(inputs: FinanceInputs, result: FinanceResult) -> dict[str, Any] | None:
    """Return the leases at their largest; None where the scenario gives no terms.

    Parameters
    ----------
    inputs : FinanceInputs
    result : FinanceResult

    Returns
    -------
    dict or None
        kind, largest right of use and liability, what the leased assets cost their owner (the capex that the tenant
        does not show) and how much of that the tenant guarantees. [USD]
    """
    if inputs.lease is None:
        return None
    usd = result.statement_usd
    return {
        "kind": inputs.lease.kind,
        "rou_asset_usd": float(usd["rou_asset"].max()),
        "liability_usd": float(usd["lease_liability"].max()),
        "capex_equivalent_usd": float(inputs.lease.leased_cost_usd_T.max()),
        "guaranteed_usd": float(usd["lease_guarantee"].max()),
    }


def consensus(prepared: Prepared) -> list[dict[str, Any]]:
    """Return each capex guide beside what analysts expected before it and what came.

    Parameters
    ----------
    prepared : Prepared

    Returns
    -------
    list of dict
        By period: guide_usd, expected_usd, outcome_usd, and how far the guide lies above the one and the outcome above
        the guide. Claims of the scenario; NaN where there is none.
    """
    scenario = prepared.scenario

    def claimed(claims: Any, kind: str) -> dict[str, float]:
        return {claim.period: claim.quantity().value for claim in claims if claim.claim == kind and claim.period}

    guides, expected = claimed(scenario.announced, "capex"), claimed(scenario.announced, "capex-expected")
    outcomes = claimed(scenario.outcome, "capex")
    rows = []
    for period, guide in guides.items():
        before, after = expected.get(period, math.nan), outcomes.get(period, math.nan)
        rows.append(
            {
                "period": period,
                "guide_usd": guide,
                "expected_usd": before,
                "outcome_usd": after,
                "guide_over_expected_pct": 100.0 * (guide / before - 1.0),
                "outcome_over_guide_pct": 100.0 * (after / guide - 1.0),
            }
        )
    return rows


def terms(inputs: FinanceInputs) -> dict[str, Any]:
    """Return the terms that the measures rest on.

    Parameters
    ----------
    inputs : FinanceInputs

    Returns
    -------
    dict
        Rates, timing, terminal, tax method, and the life of each class in its first month. [month]
    """
    return {
        "discount_rate_frac_per_year": inputs.discount_rate_frac_per_year,
        "tax_frac": inputs.tax_frac,
        "loss_use_frac": inputs.tax.loss_use_frac,
        "timing": inputs.timing,
        "terminal": inputs.terminal,
        "tax_method": inputs.tax.method,
        "life_months": {asset.name: int(np.ravel(asset.life_months)[0]) for asset in inputs.assets},
        "resale_decline": {asset.name: asset.resale_decline_frac_per_year for asset in inputs.assets},
        "life_changes": any(np.unique(asset.life_months).size > 1 for asset in inputs.assets),
    }
