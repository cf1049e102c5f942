from __future__ import annotations

import numpy as np
import pytest
from small_plan import small_plan

from gigawatt.engines.buildout import plan_buildout
from gigawatt.engines.buildout.energise import newest_first, place


def test_the_site_with_most_free_power_is_filled_first() -> None:
    online = place(np.array([[5.0]]), np.zeros((1, 1)), np.array([10.0]), np.array([[20.0], [40.0]]), np.array([0]))
    np.testing.assert_allclose(online[:, 0, 0], [1.0, 4.0])


def test_equal_sites_are_filled_in_their_order() -> None:
    online = place(np.array([[3.0]]), np.zeros((1, 1)), np.array([10.0]), np.array([[20.0], [20.0]]), np.array([0]))
    np.testing.assert_allclose(online[:, 0, 0], [2.0, 1.0])


def test_the_newest_kind_gets_power_first() -> None:
    online = place(
        np.array([[5.0], [5.0]]), np.zeros((2, 1)), np.array([10.0, 10.0]), np.array([[70.0]]), np.array([1, 0])
    )
    np.testing.assert_allclose(online[0, :, 0], [2.0, 5.0])


def test_kinds_are_ordered_by_their_first_order() -> None:
    assert newest_first(np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 2.0], [0, 3.0, 3.0]])).tolist() == [2, 3, 0, 1]


def test_what_is_placed_stays_when_a_newer_kind_comes() -> None:
    commissioned = np.array([[4.0, 4.0], [0.0, 4.0]])
    online = place(commissioned, np.zeros((2, 2)), np.array([10.0, 10.0]), np.array([[50.0, 50.0]]), np.array([1, 0]))
    np.testing.assert_allclose(online[0, :, 1], [4.0, 1.0])


def test_falling_power_takes_all_kinds_offline_in_proportion() -> None:
    commissioned = np.repeat([[4.0], [1.0]], 2, axis=1)
    online = place(commissioned, np.zeros((2, 2)), np.array([10.0, 20.0]), np.array([[60.0, 30.0]]), np.array([0, 1]))
    np.testing.assert_allclose(online[0, :, 1], [2.0, 0.5])


def test_orders_come_online_after_delivery_and_commissioning() -> None:
    result = plan_buildout(small_plan())
    online_T = result.online_count_SKT.sum(axis=0)[0]
    np.testing.assert_allclose(online_T[:5], [0, 0, 0, 6, 12])  # 2 + 1 months after the order
    np.testing.assert_allclose(result.waiting_count_KT[0, :5], [0, 0, 6, 6, 6])
    np.testing.assert_allclose(result.in_delivery_count_KT[0, :5], [6, 12, 12, 12, 12])


def test_deliveries_without_power_wait() -> None:
    facility_w = np.zeros((2, 12))
    facility_w[:, 8:] = 1200.0
    result = plan_buildout(small_plan(facility_w_ST=facility_w, power_lookahead_months=6))
    assert result.online_count_SKT[:, :, :8].sum() == 0.0
    assert result.waiting_count_KT[0, 7] > 0.0
    assert result.online_count_SKT[:, :, 8].sum() > 0.0


def test_the_installed_base_is_online_at_once_and_retires_at_its_mean_age() -> None:
    result = plan_buildout(
        small_plan(
            capex_budget_usd_T=np.zeros(12),
            installed_count_K=np.array([10.0, 4.0]),
            installed_age_months_K=np.array([55.0, 10.0]),
        )
    )
    np.testing.assert_allclose(result.online_count_SKT.sum(axis=0)[0], [10.0] * 5 + [0.0] * 7)
    np.testing.assert_allclose(result.retired_count_KT[0], [0] * 5 + [10.0] + [0] * 6)
    np.testing.assert_allclose(result.online_count_SKT.sum(axis=0)[1], 4.0)


def test_purchases_retire_by_vintage_from_their_delivery() -> None:
    result = plan_buildout(small_plan(retirement_months=4))
    np.testing.assert_allclose(result.retired_count_KT[0, :8], [0] * 6 + [6, 6])  # delivered in month 2
    np.testing.assert_allclose(result.owned_count_KT[0, 5:], 24.0)


def test_it_power_is_what_is_online_at_full_load() -> None:
    result = plan_buildout(small_plan())
    expected_w = result.online_count_SKT.sum(axis=0).T @ np.array([10.0, 25.0])
    np.testing.assert_allclose(result.it_w_ST.sum(axis=0), expected_w)
    np.testing.assert_allclose(result.it_capacity_w_ST, 1000.0)


def test_no_site_carries_more_than_its_power() -> None:
    facility_w = 30.0 * np.vstack((np.arange(12.0), np.arange(12.0)[::-1]))
    result = plan_buildout(small_plan(facility_w_ST=facility_w))
    assert (result.it_w_ST <= result.it_capacity_w_ST * (1 + 1e-12)).all()
    assert result.it_w_ST.sum() == pytest.approx(
        np.minimum(
            result.it_capacity_w_ST.sum(axis=0),
            (result.owned_count_KT - (result.delivered_count_KT)).T @ np.array([10.0, 25.0]),
        ).sum()
    )
