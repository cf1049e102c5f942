"""A small build-out that tests vary: one year, two kinds, two sites, everything ample."""

from __future__ import annotations

from typing import Any

import numpy as np

from gigawatt.engines.buildout import BuildoutInputs

MONTHS = 12


def small_plan(**changes: Any) -> BuildoutInputs:
    """120 USD a month; kind a costs 10 USD and draws 10 W, kind b 20 USD and 25 W; 1,000 W of IT at each site."""
    months = np.size(changes.get("capex_budget_usd_T", np.zeros(MONTHS)))
    given: dict[str, Any] = {
        "kinds": ("a", "b"),
        "sites": ("s", "t"),
        "rule": "spend-the-budget",
        "capex_budget_usd_T": np.full(months, 120.0),
        "budget_year_T": np.full(months, 2025),
        "other_capex_frac": 0.0,
        "accelerator_usd_KT": np.repeat([[6.0], [14.0]], months, axis=1),
        "server_usd_KT": np.repeat([[3.0], [4.0]], months, axis=1),
        "network_usd_KT": np.repeat([[1.0], [2.0]], months, axis=1),
        "supply_count_KT": np.full((2, months), 1e6),
        "preference_K": np.array([0.5, 0.5]),
        "announced_count_KT": np.zeros((2, months)),
        "system_w_K": np.array([10.0, 25.0]),
        "tdp_w_K": np.array([7.0, 12.0]),
        "installed_count_K": np.zeros(2),
        "installed_age_months_K": np.zeros(2),
        "retirement_months": 60,
        "delivery_months": 2,
        "commissioning_months": 1,
        "facility_w_ST": np.full((2, months), 1200.0),
        "facility_later_w_SL": np.full((2, 6), 1200.0),
        "peak_pue_S": np.array([1.2, 1.2]),
        "construction_usd_per_w_S": np.zeros(2),
        "construction_months_S": np.array([4, 4]),
        "power_lookahead_months": 0,
    }
    return BuildoutInputs(**(given | changes))
