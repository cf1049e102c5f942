"""Finance: linked statements, depreciation, leases, debt and covenants, tax, and every measure drawn from them."""

from gigawatt.engines.finance.cashflow import evaluate, present_value_usd
from gigawatt.engines.finance.debt import DebtSchedule, debt_schedule, monthly_rate
from gigawatt.engines.finance.depreciation import (
    macrs_5yr,
    macrs_by_month,
    straight_line_depreciation,
    tax_depreciation,
)
from gigawatt.engines.finance.discounting import levelised_cost, npv
from gigawatt.engines.finance.drift import Drift, drift_of
from gigawatt.engines.finance.lease import LeaseSchedule, lease_schedule
from gigawatt.engines.finance.metrics import break_even_factor, irr, mirr, moic, payback, roic
from gigawatt.engines.finance.rental import RentalMarket, price_courses, variance_of
from gigawatt.engines.finance.tax import income_tax, tax_by_calendar_year, tax_with_losses_carried_forward
from gigawatt.engines.finance.types import (
    AssetClass,
    Covenants,
    Debt,
    FinanceInputs,
    FinanceResult,
    Lease,
    Tax,
)
from gigawatt.engines.finance.variants import delayed, line_scaled, with_life

__all__ = [
    "AssetClass",
    "Covenants",
    "Debt",
    "DebtSchedule",
    "Drift",
    "FinanceInputs",
    "FinanceResult",
    "Lease",
    "LeaseSchedule",
    "RentalMarket",
    "Tax",
    "break_even_factor",
    "debt_schedule",
    "delayed",
    "drift_of",
    "evaluate",
    "income_tax",
    "irr",
    "lease_schedule",
    "levelised_cost",
    "line_scaled",
    "macrs_5yr",
    "macrs_by_month",
    "mirr",
    "moic",
    "monthly_rate",
    "npv",
    "payback",
    "present_value_usd",
    "price_courses",
    "roic",
    "straight_line_depreciation",
    "tax_by_calendar_year",
    "tax_depreciation",
    "tax_with_losses_carried_forward",
    "variance_of",
    "with_life",
]
