from __future__ import annotations

import numpy as np
import pytest
from small_plan import small_plan

from gigawatt.engines.buildout import plan_buildout
from gigawatt.engines.buildout.purchases import hardware_ceiling, share_out, spread_evenly


def spend_of(result, month: int) -> float:
    return float(sum(result.spend_usd[part][month] for part in ("accelerators", "servers", "network")))


def test_money_is_shared_by_preference() -> None:
    result = plan_buildout(small_plan())
    # 120 USD: 60 USD at 10 -> 6 of a, 60 USD at 20 -> 3 of b
    np.testing.assert_allclose(result.ordered_count_KT[:, 0], [6.0, 3.0])


def test_parts_of_the_price_are_spent_as_parts() -> None:
    result = plan_buildout(small_plan())
    # 6 x 6 + 3 x 14, 6 x 3 + 3 x 4, 6 x 1 + 3 x 2
    assert [result.spend_usd[part][0] for part in ("accelerators", "servers", "network")] == [78.0, 30.0, 12.0]


def test_what_supply_leaves_over_spills_to_the_other_kind() -> None:
    supply = np.full((2, 12), 1e6)
    supply[0] = 2.0
    result = plan_buildout(small_plan(supply_count_KT=supply))
    # a: 2 x 10 USD; the other 100 USD buy 5 of b
    np.testing.assert_allclose(result.ordered_count_KT[:, 0], [2.0, 5.0])
    assert result.limit_T[0] == "budget"


def test_spill_over_reaches_the_third_kind_by_preference() -> None:
    # money 100, preferences 2 : 1 : 1, the first can take 20 only, the second 30: 20, 30, 50
    shares = share_out(
        np.full((3, 1), 1.0), np.array([[20.0], [30.0], [1e9]]), np.array([0.5, 0.25, 0.25]), most_usd=1e6
    )
    np.testing.assert_allclose(shares.spend_usd_K(0, 100.0), [20.0, 30.0, 50.0])
    # 32: 16, 8, 8 with nothing at its cap
    np.testing.assert_allclose(shares.spend_usd_K(0, 32.0), [16.0, 8.0, 8.0])


@pytest.mark.parametrize("price", [np.nan, np.inf, 0.0])
def test_a_kind_without_a_price_is_not_bought(price: float) -> None:
    accelerators = np.repeat([[6.0], [14.0]], 12, axis=1)
    accelerators[1] = price
    extra = np.repeat([[3.0], [0.0]], 12, axis=1)
    result = plan_buildout(
        small_plan(
            accelerator_usd_KT=accelerators,
            server_usd_KT=extra,
            network_usd_KT=np.repeat([[1.0], [0.0]], 12, axis=1),
        )
    )
    assert result.ordered_count_KT[1].sum() == 0.0
    assert result.ordered_count_KT[0, 0] == pytest.approx(12.0)
    assert np.isfinite(result.unspent_usd_T).all()


def test_unlimited_supply_is_allowed() -> None:
    result = plan_buildout(small_plan(supply_count_KT=np.full((2, 12), np.inf)))
    np.testing.assert_allclose(result.ordered_count_KT[:, 0], [6.0, 3.0])


def test_money_left_for_want_of_supply_is_carried_and_spent_later() -> None:
    supply = np.full((2, 12), 1e6)
    supply[:, 0] = 0.0
    result = plan_buildout(small_plan(supply_count_KT=supply))
    assert result.limit_T[:2] == ("supply", "budget")
    assert result.unspent_usd_T[0] == pytest.approx(120.0)
    assert spend_of(result, 1) == pytest.approx(240.0)


def test_money_is_carried_into_a_following_year_with_a_budget() -> None:
    supply = np.full((2, 12), 1e6)
    supply[:, :6] = 0.0
    result = plan_buildout(small_plan(supply_count_KT=supply, budget_year_T=np.repeat([2025, 2026], 6)))
    assert spend_of(result, 6) == pytest.approx(7 * 120.0)


def test_money_lapses_at_a_gap_and_stays_unspent() -> None:
    supply = np.full((2, 12), 1e6)
    supply[:, :4] = 0.0
    budget = np.array([120.0] * 4 + [0.0] * 4 + [120.0] * 4)
    year = np.array([2025] * 4 + [0] * 4 + [2027] * 4)
    result = plan_buildout(small_plan(supply_count_KT=supply, capex_budget_usd_T=budget, budget_year_T=year))
    assert result.limit_T == ("supply",) * 4 + ("none",) * 4 + ("budget",) * 4
    assert spend_of(result, 8) == pytest.approx(120.0)
    assert result.unspent_usd_T[-1] == pytest.approx(4 * 120.0)


def test_other_costs_are_spread_evenly_over_their_year() -> None:
    budget = np.array([100.0, 0.0, 300.0, 50.0, 50.0, 0.0])
    year = np.array([2025, 2025, 2025, 2026, 2026, 0])
    np.testing.assert_allclose(spread_evenly(budget, year, 0.06), [8.0, 8.0, 8.0, 3.0, 3.0, 0.0])


def test_hardware_leaves_money_for_construction_to_come() -> None:
    facility_w = np.full((2, 12), 1200.0)
    facility_w[0, 11] += 600.0  # 600 USD in months 7 to 10, more than their four budgets
    result = plan_buildout(small_plan(facility_w_ST=facility_w, construction_usd_per_w_S=np.array([1.0, 0.0])))
    assert result.spend_usd["construction"].sum() == pytest.approx(600.0)
    assert result.unspent_usd_T.min() >= -1e-9
    assert result.unspent_usd_T[-1] == pytest.approx(0.0, abs=1e-9)


def test_commitments_above_the_budget_overspend_and_buy_nothing() -> None:
    facility_w = np.full((2, 12), 1200.0)
    facility_w[0, 11] += 2000.0
    result = plan_buildout(small_plan(facility_w_ST=facility_w, construction_usd_per_w_S=np.array([1.0, 0.0])))
    assert result.unspent_usd_T[-1] == pytest.approx(12 * 120.0 - 2000.0)
    assert set(result.limit_T[:11]) == {"budget"}
    assert result.ordered_count_KT[:, :11].sum() == 0.0


def test_ceiling_starts_again_in_each_run() -> None:
    np.testing.assert_allclose(hardware_ceiling(np.array([5.0, 0.0, 7.0, -3.0]), np.array([1, 0, 2, 2])), [5, 0, 4, 4])


def test_power_bounds_orders_at_arrival_and_leaves_money() -> None:
    # 100 W of IT for everything; month 0 asks 6 x 10 + 3 x 25 = 135 W
    facility_w = np.full((2, 12), 60.0)
    result = plan_buildout(small_plan(facility_w_ST=facility_w, facility_later_w_SL=np.full((2, 6), 60.0)))
    np.testing.assert_allclose(result.ordered_count_KT[:, 0], np.array([6.0, 3.0]) * 100 / 135)
    assert result.limit_T == ("power",) * 12
    assert result.unspent_usd_T[-1] == pytest.approx(12 * 120.0 - 120.0 * 100 / 135)


@pytest.mark.parametrize(("lookahead", "first"), [(0, 5), (3, 2)])
def test_lookahead_lets_orders_wait_for_power(lookahead: int, first: int) -> None:
    facility_w = np.zeros((2, 12))
    facility_w[:, 7:] = 1200.0  # delivery takes 2 months
    result = plan_buildout(small_plan(facility_w_ST=facility_w, power_lookahead_months=lookahead))
    assert int(np.flatnonzero(result.ordered_count_KT[0])[0]) == first


def test_power_after_the_plan_counts_for_late_orders() -> None:
    facility_w = np.full((2, 12), 60.0)
    later_w = np.full((2, 6), 1200.0)
    result = plan_buildout(small_plan(facility_w_ST=facility_w, facility_later_w_SL=later_w))
    assert result.limit_T[9] == "power"  # arrives in month 11
    assert result.limit_T[10] == "budget"  # arrives in month 12, with 2 kW
    assert result.unspent_usd_T[10] == pytest.approx(0.0, abs=1e-9)


def test_room_that_retirement_will_free_may_be_ordered_for() -> None:
    # 100 W of IT, filled by 10 a that reach 60 months in month 3; orders of month 1 arrive then
    result = plan_buildout(
        small_plan(
            installed_count_K=np.array([10.0, 0.0]),
            installed_age_months_K=np.array([57.0, 0.0]),
            facility_w_ST=np.full((2, 12), 60.0),
            facility_later_w_SL=np.full((2, 6), 60.0),
        )
    )
    assert result.ordered_count_KT[:, 0].sum() == 0.0
    assert result.ordered_count_KT[:, 1] @ np.array([10.0, 25.0]) == pytest.approx(100.0)
