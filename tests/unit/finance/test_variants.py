"""The same plan with one thing changed."""

from __future__ import annotations

import numpy as np
import pytest
from small_case import MONTHS, first_month, small_case

from gigawatt.engines.finance import AssetClass, delayed, evaluate, line_scaled, mirr, present_value_usd, with_life
from gigawatt.errors import InputError


def test_a_month_of_delay_costs_the_last_months_margin_where_nothing_is_discounted() -> None:
    late = evaluate(delayed(small_case(terminal="none"), 1))
    assert late.npv_usd == pytest.approx(evaluate(small_case(terminal="none")).npv_usd - 40.0)
    assert late.statement_usd["capex"][0] == 1200.0
    assert late.statement_usd["construction_in_progress"][0] == 1200.0


def test_a_grant_comes_when_it_comes() -> None:
    given = small_case(revenue_usd={"rental": np.full(MONTHS, 50.0), "grant": first_month(500.0)})
    assert delayed(given, 2, ("grant",)).revenue_usd["grant"][0] == 500.0
    assert delayed(given, 0).revenue_usd["rental"] == pytest.approx(given.revenue_usd["rental"])


def test_a_negative_delay_and_an_unknown_line_are_refused() -> None:
    with pytest.raises(InputError, match="negative"):
        delayed(small_case(), -1)
    with pytest.raises(InputError, match="rental"):
        line_scaled(small_case(), "ads", 2.0)


def test_a_line_is_scaled_alone() -> None:
    case = small_case(revenue_usd={"rental": np.full(MONTHS, 50.0), "ads": np.full(MONTHS, 10.0)})
    scaled = line_scaled(case, "ads", 3.0)
    assert scaled.revenue_usd["ads"][0] == 30.0
    assert scaled.revenue_usd["rental"][0] == 50.0


def test_another_life_moves_profit_but_without_tax_and_terminal_value_no_npv() -> None:
    case = small_case(terminal="none")
    longer = with_life(case, ("servers",), 72)
    assert evaluate(longer).depreciation_usd == pytest.approx(600.0)
    assert evaluate(longer).npv_usd == pytest.approx(evaluate(case).npv_usd)
    assert with_life(case, ("buildings",), 72).assets[0].life_months == MONTHS


def test_a_life_that_changes_within_the_plan_spreads_what_is_left() -> None:
    lives = np.full(MONTHS, 36)
    lives[12:] = 60  # after 12 months 800 USD are left for 48
    servers = AssetClass("servers", first_month(1200.0), first_month(1200.0), lives)
    charge = evaluate(small_case(assets=(servers,))).statement_usd["depreciation"]
    np.testing.assert_allclose(charge[:12], 1200.0 / 36)
    np.testing.assert_allclose(charge[12:], 800.0 / 48)


def test_present_value_alone_is_that_of_the_whole_evaluation() -> None:
    case = small_case(discount_rate_frac_per_year=0.12, tax_frac=0.3, timing="mid")
    assert present_value_usd(case) == evaluate(case).npv_usd


def test_mirr_agrees_with_the_spreadsheets_help_and_takes_other_times() -> None:
    # help of Excel's MIRR: -120,000, 39,000, 30,000, 21,000, 37,000, 46,000 at 10 and 12 %: 12.61 %, after three
    # years -4.80 %, reinvested at 14 %: 13.48 %
    flows = np.array([-120e3, 39e3, 30e3, 21e3, 37e3, 46e3])
    assert mirr(flows, 0.10, 0.12) == pytest.approx(0.1261, abs=5e-5)
    assert mirr(flows[:4], 0.10, 0.12) == pytest.approx(-0.0480, abs=5e-5)
    assert mirr(flows, 0.10, 0.14) == pytest.approx(0.1348, abs=5e-5)
    years = np.arange(6.0) / 2.0  # in half the time the same money grows at the square
    short = mirr(flows, 1.1**2 - 1.0, 1.12**2 - 1.0, years)
    assert short == pytest.approx((1.0 + mirr(flows, 0.10, 0.12)) ** 2 - 1.0)
