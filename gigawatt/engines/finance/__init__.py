"""Finance: cash flow, depreciation, debt, tax, NPV, IRR, payback."""

from gigawatt.engines.finance.cashflow import evaluate
from gigawatt.engines.finance.debt import DebtSchedule, debt_schedule, monthly_rate
from gigawatt.engines.finance.depreciation import macrs_5yr, straight_line_depreciation
from gigawatt.engines.finance.metrics import break_even_factor, irr, levelised_cost, mirr, npv, payback
from gigawatt.engines.finance.tax import tax_with_losses_carried_forward
from gigawatt.engines.finance.types import AssetClass, Debt, FinanceInputs, FinanceResult

__all__ = [
    "AssetClass",
    "Debt",
    "DebtSchedule",
    "FinanceInputs",
    "FinanceResult",
    "break_even_factor",
    "debt_schedule",
    "evaluate",
    "irr",
    "levelised_cost",
    "macrs_5yr",
    "mirr",
    "monthly_rate",
    "npv",
    "payback",
    "straight_line_depreciation",
    "tax_with_losses_carried_forward",
]
