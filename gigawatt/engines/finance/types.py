"""What goes into the finance engine and what comes out. Shape letter: T months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AssetClass:
    """One class of assets.

    Attributes
    ----------
    name : str
        servers, network, buildings, other.
    capex_usd_T : Floats
        Cash paid in the month. [USD]
    in_service_usd_T : Floats
        Cost of what starts to depreciate in the month; the rest stays construction in progress. [USD]
    life_months : int
        Straight-line life. [month]
    """

    name: str
    capex_usd_T: Floats
    in_service_usd_T: Floats
    life_months: int


@dataclass(frozen=True, slots=True)
class Debt:
    """Borrowing against capex: drawn as a share of each month's capex, level payments after a grace period."""

    share_of_capex_frac: float
    interest_frac_per_year: float
    term_months: int
    interest_only_months: int = 0


@dataclass(frozen=True, slots=True)
class FinanceInputs:
    """A plan's money.

    Attributes
    ----------
    assets : tuple of AssetClass
    revenue_usd : dict of str to Floats
        By line, by month. [USD]
    opex_usd : dict of str to Floats
        By line (energy, staff, maintenance, lease, ...), by month. [USD]
    discount_rate_frac_per_year, tax_frac : float
    debt : Debt or None
    terminal : str
        "book": remaining book value returns at the end; "none": it is lost.
    timing : str
        "mid" or "end": where in the month the flows are discounted.
    gpu_hours_T : Floats
        Accelerator-hours available, for the levelised cost. [h]
    output_tokens_T : Floats
        Tokens served, for the cost per million. [-]
    served_cost_frac_T : Floats
        Share of the month's cost that serving bears. [-]
    """

    assets: tuple[AssetClass, ...]
    revenue_usd: dict[str, Floats]
    opex_usd: dict[str, Floats]
    discount_rate_frac_per_year: float
    tax_frac: float
    debt: Debt | None
    terminal: str
    timing: str
    gpu_hours_T: Floats
    output_tokens_T: Floats
    served_cost_frac_T: Floats


@dataclass(frozen=True, slots=True)
class FinanceResult:
    """Statements by month and the metrics.

    Attributes
    ----------
    statement_usd : dict of str to Floats
        revenue, opex, ebitda, depreciation, ebit, interest, tax, unlevered_tax (on earnings before interest),
        net_income, capex, debt_drawn, debt_repaid, free_cash_flow (unlevered), equity_cash_flow, cash (cumulative),
        book_value, construction_in_progress, debt_balance; by month. [USD]
    npv_usd : float
        Of the unlevered free cash flow with the terminal value. [USD]
    irr_frac_per_year : tuple of float
        Every root between -99 % and 1,000 % a year, effective; empty where the flows never change sign.
    irr_note : str
        Why there is none, or that there are or may be several.
    payback_months, discounted_payback_months : float
        From the first month; infinity when never.
    capex_usd, depreciation_usd, terminal_usd : float
    usd_per_gpu_hour, usd_per_million_output_tokens : float
        Levelised: discounted cost over discounted hours, tokens. NaN where there are none.
    break_even_revenue_factor : float
        Factor on all revenue at which NPV is zero; NaN without revenue, negative where none is needed.
    conventions : tuple of str
        In words.
    residual_usd : float
        Largest violation of cash in = cash out, and of assets = debt + cumulated net income. [USD]
    """

    statement_usd: dict[str, Floats]
    npv_usd: float
    irr_frac_per_year: tuple[float, ...]
    irr_note: str
    payback_months: float
    discounted_payback_months: float
    capex_usd: float
    depreciation_usd: float
    terminal_usd: float
    usd_per_gpu_hour: float
    usd_per_million_output_tokens: float
    break_even_revenue_factor: float
    conventions: tuple[str, ...]
    residual_usd: float
