"""Regret and the worth of knowing against cases that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm, qmc

from gigawatt.planning.study.worth import regrets, worth_of_knowing, worth_of_knowing_all

DRAWS = 8192


def scores(columns: int) -> np.ndarray:
    return norm.ppf(np.clip(qmc.Sobol(columns, rng=np.random.default_rng(2)).random(DRAWS), 1e-9, 1 - 1e-9))


def expected_gain(mean: float, deviation: float) -> float:
    """E[max(X, 0)] - max(E[X], 0) of a normal: the unit normal loss integral."""
    z = abs(mean) / deviation
    return deviation * (norm.pdf(z) - z * norm.sf(z))


def test_knowing_all_of_a_normal_is_its_loss_integral():
    value = 0.5 + 2.0 * scores(1)[:, 0]
    assert worth_of_knowing_all(np.column_stack([value, np.zeros(DRAWS)])) == pytest.approx(
        expected_gain(0.5, 2.0), rel=0.01
    )


def test_knowing_one_of_two_figures_is_the_loss_integral_of_its_part():
    one, other = scores(2).T
    value_NP = np.column_stack([0.3 + 2.0 * one + 1.0 * other, np.zeros(DRAWS)])
    assert worth_of_knowing(one, value_NP, 0) == pytest.approx(expected_gain(0.3, 2.0), rel=0.05)
    assert worth_of_knowing(other, value_NP, 0) == pytest.approx(expected_gain(0.3, 1.0), rel=0.10)
    assert worth_of_knowing(one, value_NP, 0) < worth_of_knowing_all(value_NP)


def test_a_figure_that_changes_no_choice_is_worth_nothing():
    one, other = scores(2).T
    sure_NP = np.column_stack([20.0 + one, np.zeros(DRAWS)])
    assert worth_of_knowing(one, sure_NP, 0) == 0.0
    beside_NP = np.column_stack([0.1 + one, np.zeros(DRAWS)])
    assert worth_of_knowing(other, beside_NP, 0) < 0.02 * expected_gain(0.1, 1.0)


def test_regret_of_the_best_choice_is_what_knowing_all_is_worth():
    value_NP = scores(3) + np.array([0.0, 0.2, -0.5])
    found = regrets(value_NP)
    assert min(item.regret_mean for item in found) == pytest.approx(worth_of_knowing_all(value_NP))
    assert sum(item.best_share for item in found) == pytest.approx(1.0)
    assert max(found, key=lambda item: item.mean) is min(found, key=lambda item: item.regret_mean)


def test_draws_in_which_a_choice_is_not_defined_do_not_count():
    value_NP = np.array([[1.0, 2.0], [math.nan, 100.0], [3.0, 1.0]])
    assert [item.mean for item in regrets(value_NP)] == [2.0, 1.5]
    assert all(math.isnan(item.mean) for item in regrets(np.full((4, 2), math.nan)))
    assert math.isnan(worth_of_knowing_all(np.full((4, 2), math.nan)))
