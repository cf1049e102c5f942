"""`gigawatt validate fleet`: the simulator beside published figures."""

from __future__ import annotations

from gigawatt.validation.fleet import PREDICT, validate_fleet


def test_published_figures_lie_in_the_simulated_ranges():
    validation = validate_fleet()
    assert [row.id for row in validation.rows] == list(PREDICT)
    for row in validation.rows:
        assert row.low <= row.measured <= row.high, row.id
    assert validation.summary.within_10_pct > 80.0
    assert validation.summary.within_25_pct == 100.0
