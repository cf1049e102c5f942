from __future__ import annotations

import numpy as np
import pytest
from small_plan import small_plan

from gigawatt.engines.buildout import plan_buildout
from gigawatt.errors import InputError


def announced(first: float) -> np.ndarray:
    count_KT = np.zeros((2, 12))
    count_KT[0, 1:3] = first
    return count_KT


def test_announced_orders_are_placed_whatever_they_cost() -> None:
    result = plan_buildout(small_plan(rule="as-announced", announced_count_KT=announced(100.0)))
    np.testing.assert_allclose(result.ordered_count_KT, announced(100.0))
    assert result.unspent_usd_T[-1] == pytest.approx(12 * 120.0 - 200 * 10.0)


def test_announced_orders_name_the_announcement_then_power_then_nothing() -> None:
    # 200 W of IT until month 9, then 2 kW; 400 W are delivered by month 4 and commissioned by month 5
    facility_w = np.full((2, 12), 120.0)
    facility_w[:, 9:] = 1200.0
    result = plan_buildout(
        small_plan(rule="as-announced", announced_count_KT=announced(20.0), facility_w_ST=facility_w)
    )
    assert result.limit_T[:3] == ("announcement",) * 3
    assert result.limit_T[3] == "none"
    assert result.limit_T[5:9] == ("power",) * 4
    assert result.limit_T[9:] == ("none",) * 3
    assert result.it_w_ST[:, 8].sum() == pytest.approx(200.0)
    assert result.it_w_ST[:, 9].sum() == pytest.approx(400.0)


def test_an_announcement_without_a_budget_still_pays_construction_until_its_last_order() -> None:
    facility_w = np.full((2, 12), 1200.0)
    facility_w[0, 4:] += 100.0  # paid in months 0 to 3; the last order is in month 2
    result = plan_buildout(
        small_plan(
            rule="as-announced",
            announced_count_KT=announced(1.0),
            capex_budget_usd_T=np.zeros(12),
            budget_year_T=np.zeros(12, dtype=int),
            facility_w_ST=facility_w,
            construction_usd_per_w_S=np.array([1.0, 0.0]),
        )
    )
    # S-curve over four months: 5/32, 11/32, 11/32, 5/32
    np.testing.assert_allclose(result.spend_usd["construction"][:4], [15.625, 34.375, 34.375, 0.0])
    np.testing.assert_allclose(result.construction_outside_budget_usd_T[3], 15.625)


def test_same_inputs_give_the_same_plan() -> None:
    one, other = plan_buildout(small_plan()), plan_buildout(small_plan())
    np.testing.assert_array_equal(one.online_count_SKT, other.online_count_SKT)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        plan_buildout(small_plan(rule="as-anounced", system_w_K=np.array([0.0, 1.0]), peak_pue_S=np.array([0.9, 1.0])))
    for part in ("as-anounced", "Nearest: as-announced", "system_w_K", "peak_pue_S"):
        assert part in str(caught.value)


def test_money_without_a_budget_year_is_refused() -> None:
    with pytest.raises(InputError, match="budget_year_T is 0"):
        plan_buildout(small_plan(budget_year_T=np.zeros(12, dtype=int)))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"system_w_K has shape \(1,\), expected \(2,\)"):
        plan_buildout(small_plan(system_w_K=np.ones(1)))
