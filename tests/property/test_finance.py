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
    Lease,
    Tax,
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
        tax_class = draw(st.sampled_from(["book", "5-year", "39-year"]))
        return AssetClass(name, capex, in_service, life_months, tax_class, draw(st.sampled_from([np.nan, 0.36])))

    debt = None
    if draw(st.booleans()):
        grace = draw(st.integers(0, 12))
        debt = Debt(
            draw(st.floats(0.0, 1.0)),
            draw(st.floats(0.0, 0.3)),
            grace + draw(st.integers(1, 40)),
            grace,
            capitalise_interest=draw(st.booleans()),
        )
    lease = None
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["operating", "finance"]))
        lease = Lease("rent", kind, draw(st.integers(1, 60)), draw(st.floats(0.0, 0.2)), np.full(MONTHS, 1e9), 0.3)
    tax = Tax()
    if draw(st.booleans()):
        bonus = rng.uniform(0.0, 1.0, MONTHS)
        tax = Tax("macrs", draw(st.integers(1, 12)), bonus, draw(st.sampled_from([0.8, 1.0])))
    return FinanceInputs(
        assets=(asset("servers", draw(st.integers(1, 72))), asset("buildings", draw(st.integers(1, 300)))),
        revenue_usd={"rental": rng.uniform(0.0, 2e9, MONTHS), "ads": rng.uniform(0.0, 1e8, MONTHS)},
        opex_usd={
            "energy": rng.uniform(0.0, 2e8, MONTHS),
            "rent": rng.uniform(0.0, 1e8, MONTHS) * rng.integers(0, 2, MONTHS),
        },
        discount_rate_frac_per_year=draw(st.floats(0.0, 0.4)),
        tax_frac=draw(st.floats(0.0, 0.5)),
        debt=debt,
        terminal=draw(st.sampled_from(["book", "market", "none"])),
        timing=draw(st.sampled_from(["mid", "end"])),
        gpu_hours_T=rng.uniform(0.0, 1e8, MONTHS),
        output_tokens_T=rng.uniform(0.0, 1e12, MONTHS),
        served_cost_frac_T=rng.uniform(0.0, 1.0, MONTHS),
        lease=lease,
        tax=tax,
    )


@given(cases())
@settings(max_examples=100, deadline=None)
def test_the_three_statements_balance_to_the_cent(inputs: FinanceInputs) -> None:
    result = evaluate(inputs)
    assert result.residual_usd <= 0.01
    usd = result.statement_usd
    built = usd["book_value"][-1] + usd["construction_in_progress"][-1] + result.depreciation_usd
    paid = result.capex_usd + usd["interest_capitalised"].sum()
    assert built == pytest.approx(paid, rel=1e-9, abs=0.01)
    assert usd["cash_on_hand"].min() >= -0.01
    assert (usd["interest_capitalised"] <= usd["interest_paid"] + 0.01).all()


@given(cases())
@settings(max_examples=40, deadline=None)
def test_npv_does_not_hang_on_how_it_is_financed_or_how_a_lease_is_classed(inputs: FinanceInputs) -> None:
    assert evaluate(replace(inputs, debt=None, lease=None)).npv_usd == pytest.approx(
        evaluate(inputs).npv_usd, rel=1e-12, abs=0.01
    )


@given(cases())
@settings(max_examples=40, deadline=None)
def test_over_its_life_a_lease_costs_its_rents_however_it_is_classed(inputs: FinanceInputs) -> None:
    rent = np.concatenate((np.full(12, 7e6), np.full(MONTHS - 12, 9e6)))
    sums = {}
    for kind in ("operating", "finance"):
        lease = Lease("rent", kind, 6, 0.08, np.zeros(MONTHS))  # every lease ends within the plan
        usd = evaluate(replace(inputs, lease=lease, opex_usd={**inputs.opex_usd, "rent": rent})).statement_usd
        sums[kind] = (usd["opex"] + usd["lease_amortisation"] + usd["lease_interest"]).sum()
        assert usd["lease_liability"][-1] == pytest.approx(0.0, abs=0.01)
    assert sums["finance"] == pytest.approx(sums["operating"], rel=1e-9)


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
