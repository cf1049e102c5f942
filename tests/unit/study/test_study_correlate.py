"""Rank correlations come out as asked; what cannot hold together is refused with the pair in the way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc, spearmanr

from gigawatt.errors import InputError
from gigawatt.planning.study.correlate import copula


def independent(columns: int) -> np.ndarray:
    return qmc.Sobol(columns, rng=np.random.default_rng(3)).random(4096)


def test_rank_correlations_come_out_as_asked():
    made = copula({("a", "b"): 0.7, ("b", "c"): -0.4, ("a", "c"): 0.1})
    drawn = made.correlated(independent(3))
    found = spearmanr(drawn).statistic
    assert found == pytest.approx(made.rank_DD, abs=0.02)


def test_each_figure_stays_even():
    drawn = copula({("a", "b"): 0.9}).correlated(independent(2))
    for column in drawn.T:
        assert np.sort(column) == pytest.approx((np.arange(4096) + 0.5) / 4096, abs=0.005)


def test_the_first_figure_is_not_moved():
    shares = independent(2)
    assert copula({("a", "b"): 0.5}).correlated(shares)[:, 0] == pytest.approx(shares[:, 0])


def test_full_correlation_is_the_same_share():
    drawn = copula({("a", "b"): 1.0, ("a", "c"): -1.0, ("b", "c"): -1.0}).correlated(independent(3))
    assert drawn[:, 1] == pytest.approx(drawn[:, 0], abs=1e-6)
    assert drawn[:, 2] == pytest.approx(1.0 - drawn[:, 0], abs=1e-6)


def test_a_clash_names_the_pair_and_what_it_could_be():
    pairs = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}
    with pytest.raises(InputError, match="cannot hold together") as caught:
        copula(pairs)
    message = str(caught.value)
    pair = next(pair for pair in pairs if f"{pair[0]} with {pair[1]}" in message)
    possible = float(message.rsplit("it can be ", 1)[1])
    copula({**pairs, pair: possible})
    with pytest.raises(InputError):
        copula({**pairs, pair: possible + 0.02 * np.sign(pairs[pair] - possible)})


def test_a_clash_that_no_single_pair_mends_names_the_worst():
    signs = {("a", "b"): -0.9, ("a", "c"): -0.9, ("b", "c"): -0.9, ("a", "d"): -0.9, ("b", "d"): -0.9, ("c", "d"): -0.9}
    with pytest.raises(InputError, match="no single one mends it; most in the way is"):
        copula(signs)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ({("a", "a"): 0.5}, "name two figures"),
        ({("a", "b"): 0.5, ("b", "a"): 0.5}, "each pair once"),
        ({("a", "b"): 1.5}, "not between -1 and 1"),
    ],
)
def test_a_pair_that_means_nothing_is_refused(pairs, words):
    with pytest.raises(InputError, match=words):
        copula(pairs)
