from __future__ import annotations

import math
from dataclasses import MISSING, fields

import numpy as np
import pytest
from small_case import MONTHS, first_month, small_case

from gigawatt.engines.finance import AssetClass, Debt, FinanceResult, evaluate, npv
from gigawatt.engines.finance.statements import residual_usd
from gigawatt.errors import InputError

# what stands in a result's place where nothing was worked out
FILLED = FinanceResult({}, 0.0, (), "", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, {})


def test_without_rate_or_tax_npv_is_the_sum() -> None:
    assert evaluate(small_case()).npv_usd == pytest.approx(36 * 40.0 - 1200.0)


def test_depreciation_runs_over_the_life_and_empties_the_books() -> None:
    result = evaluate(small_case())
    np.testing.assert_allclose(result.statement_usd["depreciation"], 1200.0 / 36)
    assert result.statement_usd["book_value"][-1] == pytest.approx(0.0, abs=1e-9)
    assert result.depreciation_usd == pytest.approx(1200.0)


def test_construction_in_progress_does_not_depreciate() -> None:
    in_service = np.zeros(MONTHS)
    in_service[6] = 1200.0
    result = evaluate(small_case(assets=(AssetClass("buildings", first_month(1200.0), in_service, 60),)))
    np.testing.assert_allclose(result.statement_usd["depreciation"], [0.0] * 6 + [20.0] * 30)
    np.testing.assert_allclose(result.statement_usd["construction_in_progress"], [1200.0] * 6 + [0.0] * 30)
    assert result.terminal_usd == pytest.approx(600.0)


def test_terminal_value_returns_at_the_end_or_not() -> None:
    longer = (AssetClass("servers", first_month(1200.0), first_month(1200.0), 72),)
    kept = evaluate(small_case(assets=longer, discount_rate_frac_per_year=0.1))
    lost = evaluate(small_case(assets=longer, discount_rate_frac_per_year=0.1, terminal="none"))
    assert kept.terminal_usd == pytest.approx(600.0)
    assert kept.npv_usd - lost.npv_usd == pytest.approx(600.0 / 1.1**3)


def test_mid_timing_gains_half_a_month() -> None:
    end = evaluate(small_case(discount_rate_frac_per_year=0.1))
    mid = evaluate(small_case(discount_rate_frac_per_year=0.1, timing="mid"))
    assert mid.npv_usd == pytest.approx(end.npv_usd * 1.1 ** (0.5 / 12))


def test_npv_of_end_timing_is_excels_npv_at_the_monthly_rate() -> None:
    result = evaluate(small_case(discount_rate_frac_per_year=0.1))
    flow = result.statement_usd["free_cash_flow"]
    assert result.npv_usd == pytest.approx(npv(1.1 ** (1 / 12) - 1, flow, np.arange(1.0, 37.0)))


def test_irr_makes_npv_zero() -> None:
    result = evaluate(small_case(tax_frac=0.2))
    (rate,) = result.irr_frac_per_year
    assert evaluate(small_case(tax_frac=0.2, discount_rate_frac_per_year=rate)).npv_usd == pytest.approx(0.0, abs=1e-8)


def test_costs_only_have_no_irr_and_never_pay_back_but_a_unit_cost() -> None:
    result = evaluate(small_case(revenue_usd={}))
    assert result.irr_frac_per_year == ()
    assert "never changes sign" in result.irr_note
    assert result.payback_months == math.inf
    assert math.isnan(result.break_even_revenue_factor)
    assert result.usd_per_gpu_hour == pytest.approx((1200.0 + 360.0) / 720.0)


def test_payback_counts_months() -> None:
    result = evaluate(small_case())
    assert result.payback_months == pytest.approx(30.0)  # 1,200 / 40
    late = evaluate(small_case(discount_rate_frac_per_year=0.1))
    assert late.payback_months == pytest.approx(30.0)
    assert late.discounted_payback_months > 30.0


def test_interest_is_outside_npv_but_in_net_income() -> None:
    plain, geared = evaluate(small_case()), evaluate(small_case(debt=Debt(0.6, 0.08, 24)))
    assert geared.npv_usd == plain.npv_usd
    interest = geared.statement_usd["interest"].sum()
    assert interest > 0.0
    assert geared.statement_usd["net_income"].sum() == pytest.approx(plain.statement_usd["net_income"].sum() - interest)
    assert geared.statement_usd["debt_balance"][-1] == pytest.approx(0.0, abs=1e-9)
    assert geared.statement_usd["cash"][-1] == pytest.approx(plain.statement_usd["cash"][-1] - interest)


def test_interest_relieves_tax() -> None:
    geared = evaluate(small_case(debt=Debt(0.6, 0.08, 24), tax_frac=0.25)).statement_usd
    relief = geared["unlevered_tax"].sum() - geared["tax"].sum()
    taxable = 36 * 40.0 - 1200.0  # 240 USD before interest
    assert relief == pytest.approx(0.25 * min(geared["interest"].sum(), taxable))


def test_serving_bears_its_share_per_million_tokens() -> None:
    # half of (1,200 + 360) USD over 36 million tokens
    assert evaluate(small_case()).usd_per_million_output_tokens == pytest.approx(780.0 / 36.0)


def test_capex_before_the_first_hour_still_reaches_the_tokens() -> None:
    hours, share, tokens = np.full(MONTHS, 20.0), np.full(MONTHS, 0.5), np.full(MONTHS, 1e6)
    hours[:6] = share[:6] = tokens[:6] = 0.0
    result = evaluate(small_case(gpu_hours_T=hours, served_cost_frac_T=share, output_tokens_T=tokens))
    # half of 1,200 USD and of the 30 months' opex, over 30 million tokens
    assert result.usd_per_million_output_tokens == pytest.approx((600.0 + 150.0) / 30.0)


def test_a_monthly_h100_costs_a_little_less_than_a_yearly_one() -> None:
    # the yearly convention gives 2.2557; monthly flows at the middle of the month are worth about 4 % more hours
    months = 60
    result = evaluate(
        small_case(
            assets=(AssetClass("servers", first_month(50e3, months), first_month(50e3, months), 60),),
            revenue_usd={},
            opex_usd={"o&m": np.full(months, 125.0), "energy": np.full(months, 1.84e-3 * 70.0 * 730.5)},
            discount_rate_frac_per_year=0.10,
            timing="mid",
            gpu_hours_T=np.full(months, 730.5 * 0.8),
            output_tokens_T=np.zeros(months),
            served_cost_frac_T=np.zeros(months),
        )
    )
    assert result.usd_per_gpu_hour == pytest.approx(2.17, abs=0.01)


def test_balances_close() -> None:
    result = evaluate(small_case(debt=Debt(0.7, 0.09, 30, 6), tax_frac=0.21))
    assert result.residual_usd < 1e-9 * 1200.0


@pytest.mark.parametrize("debt", [None, Debt(0.7, 0.09, 30, 6, dscr_min=1.2)])
def test_a_brief_evaluation_is_the_full_one_less_what_it_leaves_out(debt: Debt | None) -> None:
    case = small_case(debt=debt, tax_frac=0.21, discount_rate_frac_per_year=0.1, flop_T=np.ones(MONTHS))
    brief, full = evaluate(case, brief=True), evaluate(case)
    for each in fields(FinanceResult):
        kept = each.default is MISSING and each.default_factory is MISSING
        np.testing.assert_equal(getattr(brief, each.name), getattr(full if kept else FILLED, each.name))
    assert full.moic > 1.0
    assert full.conventions
    assert full.roic_frac_T.size == MONTHS


def test_a_figure_that_is_no_number_is_never_a_balance_that_holds() -> None:
    for name in ("cash_on_hand", "book_value", "tax"):
        usd = evaluate(small_case()).statement_usd
        assert math.isnan(residual_usd(usd | {name: np.full(MONTHS, np.nan)}))


def test_conventions_name_the_timing() -> None:
    assert any("Excel" in line for line in evaluate(small_case()).conventions)
    assert any("middle" in line for line in evaluate(small_case(timing="mid")).conventions)


def test_assets_in_service_before_they_are_paid_are_refused() -> None:
    late = np.zeros(MONTHS)
    late[5] = 1200.0
    with pytest.raises(InputError, match="servers: 1,200 USD enter service before they are paid"):
        evaluate(small_case(assets=(AssetClass("servers", late, first_month(1200.0), 36),)))


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        evaluate(small_case(timing="middle", terminal="books", tax_frac=1.5, output_tokens_T=np.ones(3)))
    for part in ("Nearest: mid", "Nearest: book", "tax_frac", "output_tokens_T has shape (3,), expected (36,)"):
        assert part in str(caught.value)


def test_values_that_are_not_finite_are_refused() -> None:
    hours = np.full(MONTHS, 20.0)
    hours[3] = np.nan
    with pytest.raises(InputError, match="gpu_hours_T has values that are not finite"):
        evaluate(small_case(gpu_hours_T=hours))
