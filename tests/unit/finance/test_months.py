"""From month to month."""

from __future__ import annotations

import numpy as np

from gigawatt.engines.finance.months import changes, last_twelve_months


def test_changes_undo_a_running_sum_row_by_row() -> None:
    flow_CT = np.array([[3.0, -1.0, 0.0, 4.0], [0.0, 2.0, -2.0, 1.0]])
    np.testing.assert_array_equal(changes(flow_CT.cumsum(axis=1)), flow_CT)


def test_changes_leave_the_level_as_it_was() -> None:
    level = np.array([1.0, 3.0])
    changes(level)
    np.testing.assert_array_equal(level, [1.0, 3.0])


def test_a_plan_of_less_than_a_year_has_no_last_twelve_months() -> None:
    assert np.isnan(last_twelve_months(np.ones(11))).all()
    np.testing.assert_array_equal(last_twelve_months(np.arange(14.0))[11:], [66.0, 78.0, 90.0])
