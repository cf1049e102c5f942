"""Leases, covenants, capitalised interest and tax tables against worked figures."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from small_case import MONTHS, first_month, small_case

from gigawatt.catalogue import load
from gigawatt.engines.finance import (
    AssetClass,
    Debt,
    Lease,
    Tax,
    debt_schedule,
    evaluate,
    lease_schedule,
    macrs_5yr,
    macrs_by_month,
    monthly_rate,
    present_value_usd,
    tax_by_calendar_year,
)
from gigawatt.engines.finance.statements import capitalise_interest
from gigawatt.errors import InputError


def leased(kind: str, term: int = 12, rate: float = 0.0, months: int = MONTHS, guarantee: float = 0.0) -> Lease:
    return Lease("lease", kind, term, rate, np.full(months, 1e6), guarantee)


def test_a_lease_starts_with_the_present_value_of_its_rents() -> None:
    # 1 % a month, 12 rents of 100 USD: 100 x (1 - 1.01^-12) / 0.01 = 1,125.51
    schedule = lease_schedule(np.full(12, 100.0), leased("finance", rate=1.01**12 - 1.0, months=12))
    assert schedule.recognised_usd_T[0] == pytest.approx(1125.5077, abs=1e-4)
    assert schedule.interest_usd_T[0] == pytest.approx(11.255077, abs=1e-6)
    np.testing.assert_allclose(schedule.interest_usd_T + schedule.principal_usd_T, 100.0)
    np.testing.assert_allclose(schedule.amortisation_usd_T, 1125.5077 / 12, atol=1e-4)
    assert schedule.liability_usd_T[-1] == pytest.approx(0.0, abs=1e-9)


def test_an_operating_lease_has_equal_asset_and_liability_and_costs_its_rent() -> None:
    rents = np.concatenate((np.zeros(3), np.full(MONTHS - 3, 30.0)))
    opex = {"energy": np.full(MONTHS, 4.0), "lease": rents}
    plain = evaluate(small_case(opex_usd=opex))
    on_balance = evaluate(small_case(opex_usd=opex, lease=leased("operating", 24, 0.06)))
    usd = on_balance.statement_usd
    np.testing.assert_allclose(usd["rou_asset"], usd["lease_liability"])
    assert usd["lease_liability"][2] == 0.0
    assert usd["lease_liability"][3] == pytest.approx(30.0 * (1 - 1.06 ** (-23 / 12)) / monthly_rate(0.06))
    for name in ("opex", "net_income", "free_cash_flow"):
        np.testing.assert_allclose(usd[name], plain.statement_usd[name])


def test_a_finance_lease_charges_more_at_first_and_raises_ebitda() -> None:
    opex = {"energy": np.full(MONTHS, 4.0), "lease": np.full(MONTHS, 30.0)}
    results = [
        evaluate(small_case(opex_usd=opex, lease=leased(kind, MONTHS, 0.1))) for kind in ("operating", "finance")
    ]
    operating, finance = (result.statement_usd for result in results)
    np.testing.assert_allclose(finance["ebitda"] - operating["ebitda"], 30.0)
    assert finance["net_income"][0] < operating["net_income"][0]
    assert finance["net_income"][-1] > operating["net_income"][-1]
    assert finance["net_income"].sum() == pytest.approx(operating["net_income"].sum())
    assert results[0].npv_usd == pytest.approx(results[1].npv_usd)
    assert results[1].usd_per_gpu_hour == pytest.approx(results[0].usd_per_gpu_hour)


def test_an_early_end_takes_asset_and_liability_off_together() -> None:
    rents = np.concatenate((np.full(6, 100.0), np.full(6, 50.0)))
    schedule = lease_schedule(rents, leased("operating", 24, months=12))
    assert schedule.liability_usd_T[5] == pytest.approx(1800.0)
    assert schedule.liability_usd_T[6] == pytest.approx(850.0)  # half of 1,800, less a rent of 50


def test_a_guarantee_is_a_share_of_what_the_leased_assets_cost() -> None:
    opex = {"lease": np.full(MONTHS, 30.0)}
    usd = evaluate(small_case(opex_usd=opex, lease=leased("operating", guarantee=0.25))).statement_usd
    np.testing.assert_allclose(usd["lease_guarantee"], 250e3)


@pytest.mark.parametrize("lease", [leased("capital"), leased("finance", 0), leased("finance", 12, -0.1)])
def test_impossible_leases_are_refused(lease: Lease) -> None:
    with pytest.raises(InputError, match="lease"):
        lease_schedule(np.ones(3), lease)


def test_interest_on_construction_becomes_part_of_its_cost() -> None:
    # 1,000 USD borrowed at 1 % a month, in service in month 6: 10 USD in each of months 1 to 5
    in_service = np.zeros(MONTHS)
    in_service[6] = 1000.0
    hall = AssetClass("buildings", first_month(1000.0), in_service, 100)
    terms = Debt(1.0, 1.01**12 - 1.0, 120, 36)
    held = capitalise_interest((hall,), debt_schedule(hall.capex_usd_T, terms), 0.01)
    np.testing.assert_allclose(held.capitalised_usd_T[:7], [0, 10, 10, 10, 10, 10, 0], atol=1e-9)
    assert held.in_service_usd_T[6] == pytest.approx(50.0)
    assert held.depreciation_usd_T[6] == pytest.approx(0.5)
    capitalised = evaluate(small_case(assets=(hall,), debt=terms))
    expensed = evaluate(small_case(assets=(hall,), debt=replace(terms, capitalise_interest=False)))
    assert capitalised.statement_usd["net_income"][:6].sum() == pytest.approx(
        expensed.statement_usd["net_income"][:6].sum() + 50.0
    )
    assert capitalised.npv_usd == expensed.npv_usd  # NPV is before financing


def test_only_the_interest_incurred_is_capitalised() -> None:
    hall = AssetClass("buildings", first_month(1000.0), np.zeros(MONTHS), 100)
    held = capitalise_interest((hall,), debt_schedule(hall.capex_usd_T, Debt(0.4, 1.01**12 - 1.0, 120, 36)), 0.01)
    np.testing.assert_allclose(held.capitalised_usd_T[1:], 4.0)


def test_covenants_say_in_which_months_they_are_broken() -> None:
    # EBITDA 40 a month; a loan of 1,200 without interest over 40 months: 30 a month, cover 40 / 30
    case = small_case(debt=Debt(1.0, 0.0, 40, dscr_min=1.3, net_debt_to_ebitda_max=2.0))
    watched = evaluate(case).covenants
    assert np.isnan(watched.dscr_T[:11]).all()
    np.testing.assert_allclose(watched.dscr_T[12:], 40.0 / 30.0)
    # after 12 months: debt 1,200 - 11 x 30 = 870; the first month's 40 and eleven times 10 are in cash: 870 - 150
    assert watched.net_debt_to_ebitda_T[11] == pytest.approx((870.0 - 150.0) / 480.0)
    assert not watched.broken_T.any()
    tight = replace(case, debt=replace(case.debt, dscr_min=1.34))
    assert evaluate(tight).covenants.broken_T[12:].all()
    strained = replace(case, debt=replace(case.debt, net_debt_to_ebitda_max=1.0))
    np.testing.assert_array_equal(np.flatnonzero(evaluate(strained).covenants.broken_T), [11, 12, 13, 14, 15, 16, 17])


def test_without_debt_there_are_no_covenants() -> None:
    assert evaluate(small_case()).covenants is None


def test_macrs_by_month_sums_to_the_table_by_calendar_year() -> None:
    in_service = np.zeros(72)
    in_service[4] = 600.0  # a plan that starts in July: in service in November
    by_year = macrs_by_month(in_service, 7)
    ends = [0, 6, 18, 30, 42, 54, 66]
    sums = [by_year[start:end].sum() for start, end in pairwise(ends)]
    np.testing.assert_allclose(sums, macrs_5yr(600.0))
    np.testing.assert_allclose(by_year[4:6], 60.0)


def test_a_bonus_is_deducted_in_the_month_of_entering_service() -> None:
    deducted = macrs_by_month(first_month(1000.0, 72), 1, np.full(72, 0.4))
    np.testing.assert_allclose(deducted[:12].sum(), macrs_5yr(1000.0, 0.4)[0])
    assert deducted[0] == pytest.approx(400.0 + 600.0 * 0.2 / 12)
    assert deducted.sum() == pytest.approx(1000.0)


def test_a_full_bonus_defers_tax_and_is_worth_money() -> None:
    servers = AssetClass("servers", first_month(1200.0), first_month(1200.0), MONTHS, "5-year")
    case = small_case(assets=(servers,), tax_frac=0.21, discount_rate_frac_per_year=0.1)
    at_once = replace(case, tax=Tax("macrs", 1, np.ones(MONTHS)))
    book, bonus = evaluate(case), evaluate(at_once)
    assert bonus.statement_usd["tax"].sum() == pytest.approx(book.statement_usd["tax"].sum())
    assert bonus.npv_usd > book.npv_usd
    np.testing.assert_allclose(
        bonus.statement_usd["net_income"], book.statement_usd["net_income"], atol=1e-9
    )  # the books show the same profit: what is not paid is owed
    assert bonus.statement_usd["deferred_tax_liability"].max() > 0.0
    assert bonus.statement_usd["deferred_tax_liability"][-1] == pytest.approx(0.0, abs=1e-9)


def test_what_the_books_keep_and_tax_has_deducted_is_taxed_at_the_end() -> None:
    servers = AssetClass("servers", first_month(1200.0), first_month(1200.0), 72, "5-year")
    case = small_case(assets=(servers,), tax_frac=0.25, tax=Tax("macrs", 1, np.ones(MONTHS)))
    result = evaluate(case)
    # 600 of book value against nothing for tax; 36 x 40 = 1,440 of income have used up the loss of 1,200
    assert result.terminal_usd == pytest.approx(600.0 * 0.75)
    assert present_value_usd(case) == pytest.approx(result.npv_usd)


def test_losses_of_earlier_years_cover_at_most_four_fifths_of_a_year() -> None:
    income = np.concatenate((np.full(12, -10.0), np.full(12, 20.0)))  # -120, then 240, of which 120 may be covered
    tax = tax_by_calendar_year(income, 0.21, loss_use_frac=0.8)
    assert tax[:12].sum() == 0.0
    assert tax[12:].sum() == pytest.approx(0.21 * 120.0)
    short = np.concatenate((np.full(12, -10.0), np.full(12, 9.0)))  # 108, of which 86.4 may be covered
    assert tax_by_calendar_year(short, 0.21, loss_use_frac=0.8).sum() == pytest.approx(0.21 * 108.0 * 0.2)


def test_within_a_tax_year_losses_offset_gains_in_full_and_across_years_they_do_not() -> None:
    income = np.array([100.0, -100.0, 50.0])
    np.testing.assert_allclose(tax_by_calendar_year(income, 0.2, first_calendar_month=1), [20.0, -20.0, 10.0])
    # the same from November: the 50 of January are taxed on their own, and no loss is left
    np.testing.assert_allclose(tax_by_calendar_year(income, 0.2, first_calendar_month=11), [20.0, -20.0, 10.0])
    late = tax_by_calendar_year(np.array([-100.0, 100.0]), 0.2, loss_use_frac=0.8, first_calendar_month=12)
    np.testing.assert_allclose(late, [0.0, 4.0])


def test_the_market_pays_what_a_yearly_decline_leaves() -> None:
    servers = AssetClass("servers", first_month(1200.0), first_month(1200.0), MONTHS, "book", 0.36)
    result = evaluate(small_case(assets=(servers,), terminal="market"))
    assert result.terminal_usd == pytest.approx(1200.0 * 0.64**3)


def test_a_decline_of_36_percent_lies_in_the_published_band_of_each_year() -> None:
    catalogue = load()
    decline = catalogue.defaults.resale_decline_frac.value
    for year in range(1, 6):
        claim = catalogue.claims[f"h100-residual-value-year-{year}"].value
        assert claim.low <= 100.0 * (1.0 - decline) ** year <= claim.high, year


def test_measures_of_a_simple_case() -> None:
    # 1,200 paid and 40 received in the first month, then 40 a month: 1,160 in, 35 x 40 back
    result = evaluate(small_case())
    assert result.moic == pytest.approx(1400.0 / 1160.0)
    assert result.profitability_index == pytest.approx(240.0 / 1200.0)
    # the last twelve months: 12 x (40 - 1,200 / 36) over a mean book value of 5.5 / 36 of 1,200
    assert result.roic_frac_T[-1] == pytest.approx(12 * (40.0 - 1200.0 / 36) / (1200.0 * 5.5 / 36))
    assert math.isnan(result.usd_per_exaflop)
    exa = evaluate(small_case(flop_T=np.full(MONTHS, 2e18)))
    assert exa.usd_per_exaflop == pytest.approx((1200.0 + 360.0) / 72.0)


def test_equity_earns_more_than_the_project_when_debt_is_cheap() -> None:
    project = evaluate(small_case())
    geared = evaluate(small_case(debt=Debt(0.7, 0.03, 36)))
    assert geared.equity_irr_frac_per_year[0] > project.irr_frac_per_year[0]
    assert project.equity_irr_frac_per_year == project.irr_frac_per_year
