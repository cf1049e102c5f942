"""Balances and monotonicity of the money."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigawatt.engines.finance import (
    AssetClass,
    Debt,
    FinanceInputs,
    debt_schedule,
    evaluate,
    irr,
    npv,
    straight_line_depreciation,
)

MONTHS = 30


@st.composite
def cases(draw: st.DrawFn) -> FinanceInputs:
    """Draw a plan's money."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def asset(name: str, life_months: int) -> AssetClass:
        capex = rng.uniform(0.0, 1e9, MONTHS) * rng.integers(0, 2, MONTHS)
        lag = int(rng.integers(0, 12))
        in_service = np.concatenate((np.zeros(lag), capex))[:MONTHS]
        return AssetClass(name, capex, in_service, life_months)

    debt = None
    if draw(st.booleans()):
        grace = draw(st.integers(0, 12))
        debt = Debt(draw(st.floats(0.0, 1.0)), draw(st.floats(0.0, 0.3)), grace + draw(st.integers(1, 40)), grace)
    return FinanceInputs(
        assets=(asset("servers", draw(st.integers(1, 72))), asset("buildings", draw(st.integers(1, 300)))),
        revenue_usd={"rental": rng.uniform(0.0, 2e9, MONTHS), "ads": rng.uniform(0.0, 1e8, MONTHS)},
        opex_usd={"energy": rng.uniform(0.0, 2e8, MONTHS)},
        discount_rate_frac_per_year=draw(st.floats(0.0, 0.4)),
        tax_frac=draw(st.floats(0.0, 0.5)),
        debt=debt,
        terminal=draw(st.sampled_from(["book", "none"])),
        timing=draw(st.sampled_from(["mid", "end"])),
        gpu_hours_T=rng.uniform(0.0, 1e8, MONTHS),
        output_tokens_T=rng.uniform(0.0, 1e12, MONTHS),
        served_cost_frac_T=rng.uniform(0.0, 1.0, MONTHS),
    )


@given(cases())
@settings(max_examples=100, deadline=None)
def test_money_balances(inputs: FinanceInputs) -> None:
    result = evaluate(inputs)
    scale = 1.0 + sum(np.abs(flow).sum() for flow in result.statement_usd.values())
    assert result.residual_usd <= 1e-12 * scale
    in_service = sum(asset.in_service_usd_T.sum() for asset in inputs.assets)
    assert result.statement_usd["book_value"][-1] + result.depreciation_usd == pytest.approx(in_service, rel=1e-9)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_without_discounting_npv_is_the_sum(inputs: FinanceInputs) -> None:
    result = evaluate(replace(inputs, discount_rate_frac_per_year=0.0))
    total = result.statement_usd["free_cash_flow"].sum() + result.terminal_usd
    assert result.npv_usd == pytest.approx(total, rel=1e-9, abs=1.0)


@given(cases(), st.floats(1.0, 3.0))
@settings(max_examples=60, deadline=None)
def test_npv_grows_with_revenue(inputs: FinanceInputs, factor: float) -> None:
    richer = replace(inputs, revenue_usd={name: factor * flow for name, flow in inputs.revenue_usd.items()})
    assert evaluate(richer).npv_usd >= evaluate(inputs).npv_usd - 1e-3


@given(cases())
@settings(max_examples=60, deadline=None)
def test_break_even_revenue_brings_npv_to_zero(inputs: FinanceInputs) -> None:
    factor = evaluate(inputs).break_even_revenue_factor
    at_zero = replace(inputs, revenue_usd={name: factor * flow for name, flow in inputs.revenue_usd.items()})
    result = evaluate(at_zero)
    assert result.npv_usd == pytest.approx(
        0.0, abs=1e-9 * (1.0 + result.capex_usd + at_zero.revenue_usd["rental"].sum())
    )


@given(cases())
@settings(max_examples=60, deadline=None)
def test_every_irr_is_a_root(inputs: FinanceInputs) -> None:
    for rate in evaluate(inputs).irr_frac_per_year:
        at_rate = evaluate(replace(inputs, discount_rate_frac_per_year=rate))
        shift = 0.5 if inputs.timing == "mid" else 1.0
        size = npv(rate, np.abs(at_rate.statement_usd["free_cash_flow"]), (np.arange(MONTHS) + shift) / 12)
        assert abs(at_rate.npv_usd) <= 1e-8 * (size + at_rate.terminal_usd * (1.0 + rate) ** (-MONTHS / 12))


@given(st.lists(st.floats(0.7, 2.5), min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_irr_returns_all_roots_of_a_polynomial(factors: list[float]) -> None:
    roots = np.unique(np.round(factors, 2))
    rates, _ = irr(np.poly(roots))
    np.testing.assert_allclose(rates, roots - 1.0, atol=1e-6)


@given(
    st.lists(st.floats(0.0, 1e9), min_size=1, max_size=60),
    st.floats(0.0, 1.0),
    st.floats(0.0, 0.5),
    st.integers(0, 24),
    st.integers(1, 60),
)
@settings(max_examples=100, deadline=None)
def test_debt_is_repaid_in_full(
    capex: list[float], share: float, rate: float, grace_months: int, level_months: int
) -> None:
    term = grace_months + level_months
    flow = np.concatenate((capex, np.zeros(term)))
    schedule = debt_schedule(flow, Debt(share, rate, term, grace_months))
    drawn = schedule.drawn_usd_T.sum()
    assert schedule.repaid_usd_T.sum() == pytest.approx(drawn, rel=1e-9)
    assert abs(schedule.balance_usd_T[-1]) <= 1e-9 * (drawn + 1.0)
    assert (schedule.balance_usd_T >= -1e-9 * (drawn + 1.0)).all()


@given(st.lists(st.floats(0.0, 1e9), min_size=1, max_size=40), st.integers(1, 30), st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_a_change_of_life_loses_and_invents_nothing(costs: list[float], life: int, new_life: int) -> None:
    cost = np.concatenate((costs, np.zeros(60)))
    lives = np.full(cost.size, life)
    lives[len(costs) // 2 :] = new_life
    charge = straight_line_depreciation(cost, lives)
    assert charge.sum() == pytest.approx(sum(costs), rel=1e-9, abs=1e-6)
    assert (np.cumsum(cost) - np.cumsum(charge) >= -1e-12 * (1.0 + sum(costs))).all()
