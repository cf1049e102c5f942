"""A small case of finance that tests vary: one server bought at once, rented out for three years."""

from __future__ import annotations

from typing import Any

import numpy as np

from gigawatt.engines.finance import AssetClass, FinanceInputs

MONTHS = 36


def first_month(usd: float, months: int = MONTHS) -> np.ndarray:
    """A single flow in the first month."""
    flow = np.zeros(months)
    flow[0] = usd
    return flow


def small_case(**changes: Any) -> FinanceInputs:
    """1,200 USD in the first month, life 36 months, 50 USD revenue and 10 USD cost a month, 20 hours a month."""
    given: dict[str, Any] = {
        "assets": (AssetClass("servers", first_month(1200.0), first_month(1200.0), MONTHS),),
        "revenue_usd": {"rental": np.full(MONTHS, 50.0)},
        "opex_usd": {"energy": np.full(MONTHS, 4.0), "staff": np.full(MONTHS, 6.0)},
        "discount_rate_frac_per_year": 0.0,
        "tax_frac": 0.0,
        "debt": None,
        "terminal": "book",
        "timing": "end",
        "gpu_hours_T": np.full(MONTHS, 20.0),
        "output_tokens_T": np.full(MONTHS, 1e6),
        "served_cost_frac_T": np.full(MONTHS, 0.5),
    }
    return FinanceInputs(**(given | changes))
