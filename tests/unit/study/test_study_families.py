"""Families of distributions against what they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigawatt.errors import InputError
from gigawatt.planning.study.families import FAMILIES, Uncertain, checked
from gigawatt.records import Quantity

PRICE = Quantity(37_500.0, "USD", 30_000.0, 48_000.0)
SHARES = (np.arange(20_000) + 0.5) / 20_000


@pytest.mark.parametrize("family", FAMILIES)
def test_values_rise_with_the_share(family):
    values = Uncertain("price", PRICE, family).values(SHARES)
    assert (np.diff(values) >= 0.0).all()
    assert values[0] < PRICE.value < values[-1]


@pytest.mark.parametrize("family", ["even", "triangular", "pert"])
def test_low_and_high_are_the_ends(family):
    low, high = Uncertain("price", PRICE, family).values(np.array([0.0, 1.0]))
    assert (low, high) == pytest.approx((PRICE.low, PRICE.high))


@pytest.mark.parametrize("family", ["normal", "lognormal"])
def test_low_and_high_are_the_tenth_and_the_ninetieth_percentile(family):
    found = Uncertain("price", PRICE, family).values(np.array([0.1, 0.5, 0.9]))
    assert found == pytest.approx([PRICE.low, PRICE.value, PRICE.high])


def test_even_is_what_a_plan_draws():
    figure = Uncertain("price", PRICE)
    assert [float(figure.values(np.array(share))) for share in (0.2, 0.5, 0.7)] == [
        PRICE.at(share) for share in (0.2, 0.5, 0.7)
    ]


def test_the_means_are_those_of_the_textbook():
    mean = {family: float(Uncertain("price", PRICE, family).values(SHARES).mean()) for family in FAMILIES}
    low, middle, high = PRICE.low, PRICE.value, PRICE.high
    assert mean["even"] == pytest.approx((low + 2.0 * middle + high) / 4.0, rel=1e-4)
    assert mean["triangular"] == pytest.approx((low + middle + high) / 3.0, rel=1e-4)
    assert mean["pert"] == pytest.approx((low + 4.0 * middle + high) / 6.0, rel=1e-4)


@given(st.floats(1e-9, 1.0 - 1e-9), st.sampled_from(sorted(FAMILIES)))
def test_the_central_value_splits_a_symmetric_range(share, family):
    even = Quantity(1.0, "1", 0.5, 1.5) if family != "lognormal" else Quantity(1.0, "1", 0.5, 2.0)
    figure = Uncertain("x", even, family)
    below, above = (float(figure.values(np.array(part))) for part in (share, 1.0 - share))
    middle = np.sqrt(below * above) if family == "lognormal" else (below + above) / 2.0
    assert middle == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize(
    ("family", "quantity", "words"),
    [
        ("trianglar", PRICE, "Nearest: triangular"),
        ("even", Quantity(1.0), "must lie apart"),
        ("even", Quantity(5.0, "1", 1.0, 4.0), "central value 5 between them"),
        ("lognormal", Quantity(1.0, "1", 0.0, 4.0), "no value at or below zero"),
        ("normal", Quantity(0.1, "1", 0.01, 0.3), "runs below zero"),
    ],
)
def test_a_family_that_cannot_be_is_refused_by_name(family, quantity, words):
    with pytest.raises(InputError, match=words) as caught:
        checked(Uncertain("finance.tax", quantity, family))
    assert "finance.tax" in str(caught.value)
