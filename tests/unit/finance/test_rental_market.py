"""The course of a rental price against the process it says it is, and against published prices."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import qmc

from gigawatt.catalogue import load
from gigawatt.engines.finance import RentalMarket, price_courses, variance_of
from gigawatt.errors import InputError

# USD/h of an H100, source h100-rental-wiki: early 2024, October 2024, October 2025, March 2026
PUBLISHED = {2024.125: 2.85, 2024.79: 2.99, 2025.79: 1.70, 2026.21: 2.35}


def shares(draws: int, months: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    points = qmc.Sobol(2 * months, rng=np.random.default_rng(seed)).random(draws)
    return points[:, :months], points[:, months:]


def market() -> RentalMarket:
    defaults = load().defaults
    return RentalMarket(
        defaults.rental_reversion_per_year.value,
        defaults.rental_variance_per_year.value,
        defaults.rental_jumps_per_year.value,
        defaults.rental_jump_frac.value,
    )


def test_without_jumps_the_variance_is_that_of_the_process():
    still = RentalMarket(1.5, 0.2, 0.0, 0.0)
    log_NT = np.log(price_courses(still, *shares(4096, 37)))
    for month in (1, 12, 36):
        expected = 0.2 * (1.0 - math.exp(-2.0 * 1.5 * month / 12.0)) / (2.0 * 1.5)
        assert log_NT[:, month].var() == pytest.approx(expected, rel=0.02)
        assert log_NT[:, month].mean() == pytest.approx(0.0, abs=0.01)


def test_jumps_come_as_often_and_as_far_as_said():
    jumps = RentalMarket(0.0, 0.0, 2.4, 0.3)
    steps = np.diff(np.log(price_courses(jumps, *shares(4096, 25))), axis=1)
    assert np.count_nonzero(steps) / steps.size == pytest.approx(0.2, rel=0.02)
    assert steps[steps != 0.0].std() == pytest.approx(0.3, rel=0.02)


def test_the_median_price_is_its_level_and_the_first_month_is_known():
    course_NT = price_courses(market(), *shares(4096, 49))
    assert (course_NT[:, 0] == 1.0).all()
    assert np.median(course_NT, axis=0) == pytest.approx(np.ones(49), rel=0.02)


def test_the_variance_is_the_one_published_prices_had():
    times, prices = np.array(list(PUBLISHED)), np.array(list(PUBLISHED.values()))
    assert market().total_variance_per_year == pytest.approx(variance_of(times, prices), rel=0.05)


def test_published_prices_went_where_the_process_may_go_and_no_decay_can():
    """Each step of the published V lies within 98 % of the draws from the price before it; the level is their mean."""
    level = math.exp(np.mean(np.log(list(PUBLISHED.values()))))
    steps = list(PUBLISHED.items())
    for (begin, before), (end, after) in pairwise(steps):
        months = round((end - begin) * 12.0)
        course_N = price_courses(market(), *shares(8192, months + 1))[:, -1]
        kept = math.exp(-market().reversion_per_year * months / 12.0)
        from_before_N = level * (before / level) ** kept * course_N
        assert 0.01 < float(np.mean(from_before_N <= after)) < 0.99
    drops = np.sign(np.diff(list(PUBLISHED.values())))
    assert set(drops) == {-1.0, 1.0}


def test_each_draw_hangs_on_its_own_shares_alone():
    move_NT, jump_NT = shares(64, 13)
    whole_NT = price_courses(market(), move_NT, jump_NT)
    assert np.array_equal(price_courses(market(), move_NT[7:9], jump_NT[7:9]), whole_NT[7:9])


def test_a_negative_rate_is_refused():
    with pytest.raises(InputError, match="must not be negative"):
        price_courses(RentalMarket(-1.0, 0.1, 0.0, 0.0), *shares(2, 2))


def test_one_month_of_wandering_is_normal():
    still = RentalMarket(0.0, 0.12, 0.0, 0.0)
    moved_N = np.log(price_courses(still, *shares(4096, 2)))[:, 1]
    assert np.quantile(moved_N, [0.1, 0.5, 0.9]) == pytest.approx([-0.12816, 0.0, 0.12816], abs=2e-3)
