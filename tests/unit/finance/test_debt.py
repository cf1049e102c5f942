from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.finance import Debt, debt_schedule, monthly_rate
from gigawatt.errors import InputError


def test_twelve_months_compound_to_the_year() -> None:
    assert (1.0 + monthly_rate(0.1)) ** 12 == pytest.approx(1.1)


def test_level_payments_close_the_balance() -> None:
    schedule = debt_schedule(np.array([100.0] + [0.0] * 12), Debt(1.0, 0.10, 12))
    # i = 0.0079741; 100 i / (1 - (1 + i)^-12) = 0.79741 / (1 - 1 / 1.1) = 8.77155
    np.testing.assert_allclose((schedule.interest_usd_T + schedule.repaid_usd_T)[1:], 8.771546, rtol=1e-6)
    assert schedule.balance_usd_T[-1] == pytest.approx(0.0, abs=1e-10)


def test_interest_only_months_repay_nothing() -> None:
    schedule = debt_schedule(np.array([200.0] + [0.0] * 8), Debt(0.5, 0.10, 8, interest_only_months=3))
    np.testing.assert_allclose(schedule.repaid_usd_T[:4], 0.0)
    np.testing.assert_allclose(schedule.interest_usd_T[1:5], 100.0 * monthly_rate(0.1))
    np.testing.assert_allclose(np.diff((schedule.interest_usd_T + schedule.repaid_usd_T)[4:]), 0.0, atol=1e-12)
    assert schedule.balance_usd_T[-1] == pytest.approx(0.0, abs=1e-10)


def test_a_loan_without_interest_repays_in_equal_parts() -> None:
    schedule = debt_schedule(np.array([60.0, 0, 0, 0]), Debt(1.0, 0.0, 3))
    np.testing.assert_allclose(schedule.repaid_usd_T, [0, 20, 20, 20])
    np.testing.assert_allclose(schedule.interest_usd_T, 0.0)


def test_each_draw_has_its_own_term() -> None:
    schedule = debt_schedule(np.array([60.0, 30.0, 0, 0, 0]), Debt(1.0, 0.0, 3))
    np.testing.assert_allclose(schedule.repaid_usd_T, [0, 20, 30, 30, 10])


def test_debt_beyond_the_plan_stays_owed() -> None:
    schedule = debt_schedule(np.array([60.0, 0]), Debt(1.0, 0.0, 3))
    assert schedule.balance_usd_T[-1] == pytest.approx(40.0)


@pytest.mark.parametrize(
    "debt", [Debt(1.0, 0.1, 12, 12), Debt(1.2, 0.1, 12), Debt(0.5, -0.1, 12), Debt(0.5, 0.1, 12, -1)]
)
def test_impossible_debt_is_refused(debt: Debt) -> None:
    with pytest.raises(InputError, match="debt"):
        debt_schedule(np.ones(3), debt)
