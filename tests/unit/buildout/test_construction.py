from __future__ import annotations

import numpy as np
import pytest
from small_plan import small_plan

from gigawatt.engines.buildout import construction_payments, plan_buildout, s_curve


@pytest.mark.parametrize("months", [1, 2, 3, 12, 37])
def test_s_curve_sums_to_one_and_is_symmetric(months: int) -> None:
    shares = s_curve(months)
    assert shares.sum() == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(shares, shares[::-1], atol=1e-15)


def test_s_curve_is_slow_at_the_ends() -> None:
    # 3x^2 - 2x^3 at 1/3, 2/3, 1: 7/27, 20/27, 1
    np.testing.assert_allclose(s_curve(3), [7 / 27, 13 / 27, 7 / 27])


def test_a_watt_is_paid_in_the_months_before_it_is_energised() -> None:
    added_w = np.zeros((1, 8))
    added_w[0, 5] = 2.0
    # 2 W at 10 USD/W over the three months before month 5
    paid = construction_payments(added_w, np.array([10.0]), np.array([3]), 8)
    np.testing.assert_allclose(paid, [0, 0, 20 * 7 / 27, 20 * 13 / 27, 20 * 7 / 27, 0, 0, 0])


def test_payments_before_the_first_month_are_sunk() -> None:
    added_w = np.array([[0.0, 1.0, 0.0]])
    paid = construction_payments(added_w, np.array([27.0]), np.array([3]), 3)
    np.testing.assert_allclose(paid, [7.0, 0, 0])  # 7 + 13 of the 27 fell before


def test_no_construction_time_pays_when_energised() -> None:
    paid = construction_payments(np.array([[0.0, 4.0]]), np.array([2.5]), np.array([0]), 2)
    np.testing.assert_allclose(paid, [0.0, 10.0])


def test_power_that_is_there_at_the_start_costs_nothing() -> None:
    result = plan_buildout(small_plan(construction_usd_per_w_S=np.array([5.0, 5.0])))
    assert result.spend_usd["construction"].sum() == 0.0


def test_power_that_returns_is_not_paid_twice() -> None:
    facility_w = np.full((2, 12), 1200.0)
    facility_w[0, 5:8] = 600.0
    result = plan_buildout(small_plan(facility_w_ST=facility_w, construction_usd_per_w_S=np.array([1.0, 0.0])))
    assert result.spend_usd["construction"].sum() == 0.0


def test_power_after_the_plan_is_paid_early_and_named_as_for_later() -> None:
    later_w = np.full((2, 6), 1200.0)
    later_w[0, 4:] += 81.0  # month 16, paid in months 10 to 15 over six months
    result = plan_buildout(
        small_plan(
            facility_later_w_SL=later_w,
            construction_usd_per_w_S=np.array([1.0, 0.0]),
            construction_months_S=np.array([6, 6]),
        )
    )
    # S-curve over six months: first two shares are 2/27 and 5/27 -> 6 and 15 USD of the 81
    np.testing.assert_allclose(result.spend_usd["construction"][10:], [6.0, 15.0])
    np.testing.assert_allclose(result.construction_for_later_usd_T, result.spend_usd["construction"])


def test_power_for_the_last_deliveries_is_not_for_later() -> None:
    later_w = np.full((2, 6), 1200.0)
    later_w[0, 2:] += 100.0  # month 14 = last budget month 11 + 2 delivery + 1 commissioning
    result = plan_buildout(small_plan(facility_later_w_SL=later_w, construction_usd_per_w_S=np.array([1.0, 0.0])))
    assert result.spend_usd["construction"].sum() > 0.0
    assert result.construction_for_later_usd_T.sum() == 0.0


def test_payments_in_months_without_a_budget_are_reported_apart() -> None:
    facility_w = np.full((2, 12), 1200.0)
    facility_w[0, 9:] += 100.0  # paid in months 5 to 8
    budget = np.array([120.0] * 7 + [0.0] * 5)
    year = np.array([2025] * 7 + [0] * 5)
    result = plan_buildout(
        small_plan(
            capex_budget_usd_T=budget,
            budget_year_T=year,
            facility_w_ST=facility_w,
            construction_usd_per_w_S=np.array([1.0, 0.0]),
        )
    )
    shares = s_curve(4)
    np.testing.assert_allclose(result.spend_usd["construction"][5:9], [*(100 * shares[:2]), 0, 0])
    np.testing.assert_allclose(result.construction_outside_budget_usd_T[5:9], [0, 0, *(100 * shares[2:])])
