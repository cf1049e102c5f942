"""What goes into the finance engine and what comes out. Shape letter: T months."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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
    life_months : int or NDArray of int
        Straight-line life of the books; as an array, the life in force in each month. [month]
    tax_class : str
        How tax depreciates it where `Tax.method` is "macrs": "5-year" (computers), "39-year" (buildings), "book".
    resale_decline_frac_per_year : float
        Yearly loss of market value since entering service; used where the terminal value is "market". NaN: it keeps its
        book value.
    """

    name: str
    capex_usd_T: Floats
    in_service_usd_T: Floats
    life_months: int | Ints
    tax_class: str = "book"
    resale_decline_frac_per_year: float = math.nan


@dataclass(frozen=True, slots=True)
class Debt:
    """Borrowing against capex: drawn as a share of each month's capex, level payments after a grace period.

    Attributes
    ----------
    share_of_capex_frac, interest_frac_per_year : float
    term_months, interest_only_months : int
    capitalise_interest : bool
        Whether interest on construction in progress becomes part of its cost, as ASC 835-20 asks.
    dscr_min : float
        Covenant: least cash flow available for debt service over debt service; 0 for none. [-]
    net_debt_to_ebitda_max : float
        Covenant: most net debt over EBITDA; infinity for none. [-]
    """

    share_of_capex_frac: float
    interest_frac_per_year: float
    term_months: int
    interest_only_months: int = 0
    capitalise_interest: bool = True
    dscr_min: float = 0.0
    net_debt_to_ebitda_max: float = math.inf


@dataclass(frozen=True, slots=True)
class Lease:
    """What is rented, as ASC 842 treats it.

    Attributes
    ----------
    line : str
        The cost line that holds the rents paid.
    kind : str
        "operating": the rent is an operating cost; "finance": amortisation and interest take its place.
    term_months : int
        Term of each lease; it renews on the same terms. [month]
    rate_frac_per_year : float
        Rate at which rents are discounted: the borrowing rate of the tenant. [1/year]
    leased_cost_usd_T : Floats
        What the leased assets in use cost their owner: the capex that the tenant does not show. [USD]
    guarantee_frac : float
        Share of that cost whose residual value the tenant guarantees. [-]
    """

    line: str
    kind: str
    term_months: int
    rate_frac_per_year: float
    leased_cost_usd_T: Floats
    guarantee_frac: float = 0.0


@dataclass(frozen=True, slots=True)
class Tax:
    """How income is taxed beyond the rate.

    Attributes
    ----------
    method : str
        "book": tax follows the books; "macrs": the tables of the United States.
    first_calendar_month : int
        Calendar month of the plan's first month, 1 to 12: tax years are calendar years.
    bonus_frac_T : Floats or None
        Share of the cost of what enters service in the month that is deducted at once; none where None. [-]
    loss_use_frac : float
        Most of a year's taxable income that losses of earlier years may cover; for "macrs". [-]
    """

    method: str = "book"
    first_calendar_month: int = 1
    bonus_frac_T: Floats | None = None
    loss_use_frac: float = 1.0


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
        "book": remaining book value returns at the end; "market": what it sells for; "none": it is lost.
    timing : str
        "mid" or "end": where in the month the flows are discounted.
    gpu_hours_T : Floats
        Accelerator-hours available, for the levelised cost. [h]
    output_tokens_T : Floats
        Tokens served, for the cost per million. [-]
    served_cost_frac_T : Floats
        Share of the month's cost that serving bears. [-]
    flop_T : Floats or None
        Operations that the accelerators could do at their dense peak, for the cost per exaFLOP. [FLOP]
    lease : Lease or None
        Only for the balance sheet and the split of rents: the rents themselves stand in `opex_usd`.
    tax : Tax
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
    flop_T: Floats | None = None
    lease: Lease | None = None
    tax: Tax = field(default_factory=Tax)


@dataclass(frozen=True, slots=True)
class Covenants:
    """How a plan stands to its covenants, over the twelve months that end with each month.

    Attributes
    ----------
    dscr_T : Floats
        Cash flow available for debt service (EBITDA less rents of finance leases less tax) over interest and repayment;
        NaN where nothing is due or fewer than twelve months have passed. [-]
    net_debt_to_ebitda_T : Floats
        Debt and finance lease liability less cash, over EBITDA; infinity where EBITDA is not positive and there is net
        debt; NaN in the first eleven months. [-]
    broken_T : NDArray of bool
        Whether one of them is broken.
    """

    dscr_T: Floats
    net_debt_to_ebitda_T: Floats
    broken_T: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FinanceResult:
    """Statements by month and the metrics; a brief evaluation leaves those with a default here at that.

    Attributes
    ----------
    statement_usd : dict of str to Floats
        By month [USD]. Income: revenue, opex, ebitda, depreciation, lease_amortisation, ebit, interest (expensed),
        lease_interest, tax (paid), deferred_tax, net_income. Cash: capex, interest_paid, interest_capitalised,
        debt_drawn, debt_repaid, lease_paid and lease_principal (finance leases), tax_depreciation (what tax deducts,
        capitalised interest apart), unlevered_tax (on earnings before interest), free_cash_flow (unlevered),
        equity_cash_flow, cash (its sum: negative where owners have paid in). Balance: cash_on_hand, book_value,
        construction_in_progress, rou_asset, debt_balance, lease_liability, deferred_tax_liability, owners_paid_in,
        retained_earnings; lease_guarantee stands beside it.
    npv_usd : float
        Of the unlevered free cash flow with the terminal value. [USD]
    irr_frac_per_year : tuple of float
        Every root between -99 % and 1,000 % a year, effective; empty where the flows never change sign.
    irr_note : str
        Why there is none, or that there are or may be several.
    payback_months : float
        From the first month; infinity when never.
    capex_usd, depreciation_usd : float
    terminal_usd : float
        After tax on what it exceeds the tax books by. [USD]
    usd_per_gpu_hour, usd_per_million_output_tokens : float
        Levelised: discounted cost over discounted hours, tokens. NaN where there are none.
    residual_usd : float
        Largest violation of cash in = cash out, and of assets = liabilities + equity. [USD]
    asset_depreciation_usd : dict of str to Floats
        By class and month, capitalised interest apart. [USD]
    discounted_payback_months : float
        As `payback_months`, of the discounted cash flow.
    break_even_revenue_factor : float
        Factor on all revenue at which NPV is zero; NaN without revenue, negative where none is needed.
    conventions : tuple of str
        In words.
    mirr_frac_per_year : float
        Modified rate of return, financed and reinvested at the discount rate; NaN without flows of both signs.
    equity_irr_frac_per_year : tuple of float
        As `irr_frac_per_year`, of the owners' cash flow; what is owed at the end is paid from the terminal value.
    moic, equity_moic : float
        Money back over money in, undiscounted, terminal value included; NaN where nothing is put in.
    profitability_index : float
        NPV over discounted capex. NaN without capex.
    roic_frac_T : Floats
        Operating profit after tax of the last twelve months over their mean book value and construction in progress.
    usd_per_exaflop : float
        Levelised, per 1e18 operations at the dense peak. NaN where not given.
    covenants : Covenants or None
        None without debt.
    """

    statement_usd: dict[str, Floats]
    npv_usd: float
    irr_frac_per_year: tuple[float, ...]
    irr_note: str
    payback_months: float
    capex_usd: float
    depreciation_usd: float
    terminal_usd: float
    usd_per_gpu_hour: float
    usd_per_million_output_tokens: float
    residual_usd: float
    asset_depreciation_usd: dict[str, Floats]
    discounted_payback_months: float = math.nan
    break_even_revenue_factor: float = math.nan
    conventions: tuple[str, ...] = ()
    mirr_frac_per_year: float = math.nan
    equity_irr_frac_per_year: tuple[float, ...] = ()
    moic: float = math.nan
    equity_moic: float = math.nan
    profitability_index: float = math.nan
    roic_frac_T: Floats = field(default_factory=lambda: np.zeros(0))
    usd_per_exaflop: float = math.nan
    covenants: Covenants | None = None
