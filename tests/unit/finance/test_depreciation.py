from __future__ import annotations

import numpy as np
import pytest

from gigawatt.engines.finance import macrs_5yr, straight_line_depreciation
from gigawatt.errors import InputError


def test_equal_parts_over_the_life_then_nothing() -> None:
    np.testing.assert_allclose(straight_line_depreciation(np.array([0, 30.0, 0, 0, 0, 0]), 3), [0, 10, 10, 10, 0, 0])


def test_a_life_beyond_the_plan_leaves_book_value() -> None:
    np.testing.assert_allclose(straight_line_depreciation(np.array([30.0, 60.0]), 6), [5.0, 15.0])


def test_a_constant_array_of_lives_equals_the_life() -> None:
    cost = np.array([10.0, 0, 7.0, 3.0, 0, 0, 0, 2.0])
    np.testing.assert_allclose(
        straight_line_depreciation(cost, np.full(8, 3)), straight_line_depreciation(cost, 3), atol=1e-12
    )


def test_a_longer_life_spreads_the_net_book_value_over_what_remains() -> None:
    # 48 over 4 months; after two months 24 are left; a life of 8 leaves 6 months: 4 a month, not 48 / 8 = 6
    lives = np.array([4, 4, 8, 8, 8, 8, 8, 8, 8])
    np.testing.assert_allclose(
        straight_line_depreciation(np.array([48.0] + [0.0] * 8), lives), [12, 12, 4, 4, 4, 4, 4, 4, 0]
    )


def test_a_life_shorter_than_the_age_writes_off_the_rest() -> None:
    # 60 over 6 months; after four months 20 are left and the life becomes 3
    lives = np.array([6, 6, 6, 6, 3, 3])
    np.testing.assert_allclose(
        straight_line_depreciation(np.array([60.0, 0, 0, 0, 0, 0]), lives), [10, 10, 10, 10, 20, 0]
    )


@pytest.mark.parametrize("life", [0, np.array([1, 0]), np.array([3])])
def test_impossible_lives_are_refused(life) -> None:
    with pytest.raises(InputError, match="life_months"):
        straight_line_depreciation(np.array([1.0, 2.0]), life)


def test_macrs_sums_to_the_cost_with_and_without_bonus() -> None:
    assert macrs_5yr(100.0).sum() == pytest.approx(100.0)
    np.testing.assert_allclose(macrs_5yr(100.0, bonus_frac=0.4)[:2], [40 + 12, 19.2])
    np.testing.assert_allclose(macrs_5yr(100.0, bonus_frac=1.0), [100, 0, 0, 0, 0, 0])
