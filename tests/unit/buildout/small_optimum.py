"""A small choice of a build-out that tests vary: a year in quarters, two kinds, one with a power cap, two sites."""

from __future__ import annotations

from typing import Any

import numpy as np

from gigawatt.engines.buildout.optimise import Choice, HallOption, OptimiseInputs
from gigawatt.engines.finance import tax_with_losses_carried_forward

QUARTERS = 4
LIFE = 12  # quarters of straight-line depreciation


def ready(quarters: int = QUARTERS) -> np.ndarray:
    """Half of an order serves in its own quarter, all of it after that."""
    return np.triu(np.ones((quarters, quarters)), 1) + 0.5 * np.eye(quarters)


def wear(cost_usd_KQ: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depreciate in equal parts from the quarter of the order on; return it by quarter, and what is left."""
    quarters = cost_usd_KQ.shape[-1]
    by_quarter = cost_usd_KQ[..., None] * np.triu(np.ones((quarters, quarters))) / LIFE
    return by_quarter, cost_usd_KQ - by_quarter.sum(axis=-1)


def small_optimum(**changes: Any) -> OptimiseInputs:
    """Kind a: 40 k USD, 2 kW, 8 k USD a quarter; b: 25 k USD, 1.5 kW, 5 k USD; a capped at 1.5 kW earns 7.4 k USD."""
    quarters = np.size(changes.get("months_P", np.zeros(QUARTERS)))
    price = changes.get("price_usd_KP", np.repeat([[40e3], [25e3]], quarters, axis=1))
    worn, left = wear(price)
    revenue = np.array([8e3, 7.4e3, 5e3])[None, :, None] * np.ones((2, 1, quarters))
    given: dict[str, Any] = {
        "periods": tuple(f"q{number + 1}" for number in range(quarters)),
        "kinds": ("a", "b"),
        "variants": ("a", "a at 900 W", "b"),
        "sites": ("s", "t"),
        "months_P": np.full(quarters, 3.0),
        "kind_V": np.array([0, 0, 1]),
        "price_usd_KP": price,
        "supply_count_KP": np.full((2, quarters), 8e3),
        "ready_frac_KQP": np.repeat(ready(quarters)[None], 2, axis=0),
        "installed_count_KP": np.zeros((2, quarters)),
        "system_w_V": np.array([2000.0, 1500.0, 1500.0]),
        "facility_w_SP": np.repeat([[18e6], [12e6]], quarters, axis=1),
        "peak_pue_S": np.array([1.2, 1.2]),
        "reserve_frac_P": np.zeros(quarters),
        "revenue_usd_SVP": revenue,
        "opex_usd_SVP": np.array([400.0, 500.0])[:, None, None] * np.ones((1, 3, quarters)),
        "carbon_t_SVP": np.array([1.0, 2.0])[:, None, None] * np.ones((1, 3, quarters)),
        "compute_usd_P": np.zeros(quarters),
        "compute_weight_V": np.array([2.0, 1.8, 1.0]),
        "compute_base": 10e3,
        "compute_most": 0.0,
        "ceiling_usd_P": np.linspace(150e6, 600e6, quarters),
        "budget_run_P": np.ones(quarters, dtype=np.int64),
        "depreciation_usd_KQP": worn,
        "terminal_usd_KQ": left,
        "fixed_usd_P": np.full(quarters, -1e6),
        "fixed_income_usd_P": np.full(quarters, -0.5e6),
        "fixed_terminal_usd": 2e6,
        "discount_P": 0.98 ** np.arange(1, quarters + 1),
        "terminal_discount_frac": 0.98 ** (quarters + 0.5),
        "tax_frac": 0.2,
    }
    return OptimiseInputs(**(given | changes))


def halls(most: int = 3, hall_w: float = 5e6, site: int = 0, quarters: int = QUARTERS) -> HallOption:
    """Halls at a site, 10 USD/W, paid in the quarter before they open, from the second quarter on."""
    cost = 10.0 * hall_w
    opens = np.arange(quarters) >= 1
    paid = np.zeros((quarters, quarters))
    paid[np.arange(1, quarters), np.arange(quarters - 1)] = cost
    worn, left = wear(np.where(opens, cost, 0.0))
    return HallOption(("s", "t")[site], site, hall_w, most, opens, paid, worn, left)


def present_value(inputs: OptimiseInputs, choice: Choice) -> float:
    """NPV of a choice, in a few lines that share nothing with the programme."""
    orders = choice.ordered_count_KP
    opened = choice.halls_count_HP
    operating = ((inputs.revenue_usd_SVP - inputs.opex_usd_SVP) * choice.bought_SVP).sum(axis=(0, 1))
    compute = (inputs.compute_weight_V[:, None] * choice.bought_SVP.sum(axis=0)).sum(axis=0)
    operating = operating + inputs.compute_usd_P * np.log2(1.0 + compute / inputs.compute_base)
    for pool, gpus in zip(inputs.pools, choice.pool_gpus, strict=True):
        operating = operating + pool.worth_usd_P * (gpus / pool.gpus_VP).sum(axis=0)
    for option, rented in zip(inputs.clouds, choice.cloud_count_CP, strict=True):
        operating = operating - rented * option.usd_P
    paid = (inputs.price_usd_KP * orders).sum(axis=0)
    worn = np.einsum("kq,kqp->p", orders, inputs.depreciation_usd_KQP)
    left = float((orders * inputs.terminal_usd_KQ).sum()) + inputs.fixed_terminal_usd
    for option, count in zip(inputs.halls, opened, strict=True):
        paid = paid + count @ option.paid_usd_QP
        worn = worn + count @ option.depreciation_usd_QP
        left += float(count @ option.terminal_usd_Q)
    tax = tax_with_losses_carried_forward(operating - worn + inputs.fixed_income_usd_P, inputs.tax_frac)
    flows = operating + inputs.fixed_usd_P - paid - tax
    return float(inputs.discount_P @ flows) + inputs.terminal_discount_frac * left
