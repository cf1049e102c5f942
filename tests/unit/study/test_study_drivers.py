"""What drives a metric: known functions give their known answers, by the same path as a plan."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gigawatt.errors import InputError
from gigawatt.planning.study.drivers import rank_correlation, saltelli_shares, sobol_indices, tornado, tornado_points
from gigawatt.planning.study.families import Uncertain
from gigawatt.records import Quantity

ANGLES = tuple(Uncertain(f"x{place}", Quantity(0.0, "1", -math.pi, math.pi)) for place in (1, 2, 3))


def ishigami(points: dict[str, np.ndarray]) -> np.ndarray:
    """T. Ishigami, T. Homma, ISUMA '90: the function on which indices of variance are tried."""
    return np.sin(points["x1"]) + 7.0 * np.sin(points["x2"]) ** 2 + 0.1 * points["x3"] ** 4 * np.sin(points["x1"])


def test_ishigami_comes_out_as_its_formula_has_it():
    """V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V13 = 8 b^2 pi^8 / 225 with a = 7, b = 0.1."""
    paths = [figure.path for figure in ANGLES]
    shares_ND = saltelli_shares(paths, 2048, seed=5)
    values_N = ishigami({figure.path: figure.values(shares_ND[:, place]) for place, figure in enumerate(ANGLES)})
    found = {index.path: index for index in sobol_indices(paths, values_N, seed=5)}
    one, two = 0.5 * (1.0 + 0.1 * math.pi**4 / 5.0) ** 2, 7.0**2 / 8.0
    both = 8.0 * 0.1**2 * math.pi**8 / 225.0
    whole = one + two + both
    for path, first, total in (("x1", one, one + both), ("x2", two, two), ("x3", 0.0, both)):
        assert found[path].first == pytest.approx(first / whole, abs=0.02)
        assert found[path].total == pytest.approx(total / whole, abs=0.02)
        assert abs(found[path].total - total / whole) <= 2.0 * found[path].total_half


def test_points_are_those_of_saltelli():
    shares_ND = saltelli_shares(["a", "b"], 8, seed=1)
    assert shares_ND.shape == (8 * 4, 2)
    assert ((shares_ND >= 0.0) & (shares_ND <= 1.0)).all()
    assert np.array_equal(shares_ND, saltelli_shares(["a", "b"], 8, seed=1))
    assert not np.array_equal(shares_ND, saltelli_shares(["a", "b"], 8, seed=2))


def test_a_metric_that_never_moves_has_no_variance_to_share():
    assert all(index.total == 0.0 for index in sobol_indices(["a", "b"], np.ones(32), seed=0))


def test_a_metric_that_is_not_defined_somewhere_is_refused():
    values_N = np.arange(32.0)
    values_N[3] = math.nan
    with pytest.raises(InputError, match="at 1 of the points"):
        sobol_indices(["a", "b"], values_N, seed=0)


def test_the_tornado_of_a_sum_is_the_swing_of_each_part():
    figures = (
        Uncertain("narrow", Quantity(5.0, "USD", 4.0, 6.0)),
        Uncertain("wide", Quantity(0.0, "USD", -10.0, 10.0)),
        Uncertain("normal", Quantity(0.0, "USD", -3.0, 3.0), "normal"),
    )
    central = {figure.path: figure.quantity.value for figure in figures}
    swings = tornado(figures, [sum((central | point).values()) for point in tornado_points(figures)])
    assert [swing.path for swing in swings] == ["wide", "normal", "narrow"]
    assert [swing.width for swing in swings] == pytest.approx([16.0, 6.0, 1.6])
    assert (swings[0].at_low, swings[0].at_high) == pytest.approx((-3.0, 13.0))


@pytest.mark.parametrize(("other", "expected"), [(np.exp, 1.0), (lambda x: -(x**3), -1.0)])
def test_rank_correlation_sees_any_monotone_relation(other, expected):
    values = np.random.default_rng(0).normal(size=200)
    assert rank_correlation(values, other(values)) == pytest.approx(expected)


def test_rank_correlation_leaves_out_what_is_not_defined():
    values = np.arange(50.0)
    holes = np.where(values % 5 == 0, math.nan, values)
    assert rank_correlation(holes, values) == pytest.approx(1.0)
    assert math.isnan(rank_correlation(values, np.ones(50)))
    assert math.isnan(rank_correlation(values[:4], values[:4]))
