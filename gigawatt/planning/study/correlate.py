"""Figures that move together: independent shares into shares with given rank correlations, by a normal copula.

Shape letters: N draws, D figures that are correlated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import InputError

Floats = NDArray[np.float64]

ROUNDING = 1e-9  # an eigenvalue above minus this counts as zero
STEPS_COUNT = 201  # values of a correlation that are tried, a hundredth apart


@dataclass(frozen=True, slots=True)
class Copula:
    """Rank correlations of some figures.

    Attributes
    ----------
    paths : tuple of str
        The figures, D long.
    rank_DD : Floats
        Spearman's rank correlations asked for. [-]
    mix_DD : Floats
        What independent normal scores are multiplied with.
    """

    paths: tuple[str, ...]
    rank_DD: Floats
    mix_DD: Floats

    def correlated(self, share_ND: Floats) -> Floats:
        """Return shares with the correlations, each figure by itself distributed as before.

        Parameters
        ----------
        share_ND : Floats
            Independent, between 0 and 1. [-]

        Returns
        -------
        Floats
            [-]
        """
        from scipy.special import ndtr, ndtri

        return np.asarray(ndtr(ndtri(share_ND) @ self.mix_DD.T))


def _least_eigenvalue(rank_DD: Floats) -> float:
    """Return the least eigenvalue of the correlations of the normal scores."""
    return float(np.linalg.eigvalsh(_of_scores(rank_DD))[0])


def _of_scores(rank_DD: Floats) -> Floats:
    r"""Return the correlations of normal scores that have these rank correlations: 2 sin(pi rho / 6)."""
    scores_DD: Floats = 2.0 * np.sin(math.pi * rank_DD / 6.0)
    np.fill_diagonal(scores_DD, 1.0)
    return scores_DD


def copula(pairs: Mapping[tuple[str, str], float]) -> Copula:
    r"""Make a normal copula of rank correlations between pairs of figures.

    Parameters
    ----------
    pairs : mapping of (str, str) to float
        Spearman's rank correlation of each pair; pairs that are not given have none. [-]

    Returns
    -------
    Copula

    Raises
    ------
    InputError
        If a correlation is not between -1 and 1, a pair is given twice or with itself, or the correlations cannot hold
        together; names the pair that stands most in the way and what it could be at most.

    Notes
    -----
    Normal scores with correlation :math:`2 \sin(\pi \rho_S / 6)` have rank correlation :math:`\rho_S` [1]_.

    References
    ----------
    .. [1] W. H. Kruskal, "Ordinal measures of association," Journal of the American Statistical Association, vol. 53,
       no. 284, 1958.

    Examples
    --------
    >>> made = copula({("a", "b"): 0.5})
    >>> made.paths, (made.mix_DD @ made.mix_DD.T).round(3).tolist()
    (('a', 'b'), [[1.0, 0.518], [0.518, 1.0]])
    """
    seen: set[frozenset[str]] = set()
    for (one, other), correlation in pairs.items():
        if one == other or frozenset((one, other)) in seen:
            message = f"study: correlation of {one} with {other}: name two figures, each pair once"
            raise InputError(message)
        if not -1.0 <= correlation <= 1.0:
            message = f"study: correlation of {one} with {other}: {correlation:g} is not between -1 and 1"
            raise InputError(message)
        seen.add(frozenset((one, other)))
    paths = tuple(sorted({path for pair in pairs for path in pair}))
    rank_DD = _matrix(paths, pairs)
    if paths and _least_eigenvalue(rank_DD) < -ROUNDING:
        raise InputError(_clash(paths, pairs))
    return Copula(paths, rank_DD, _root(_of_scores(rank_DD)))


def _matrix(paths: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> Floats:
    """Return the pairs as a symmetric matrix."""
    row = {path: position for position, path in enumerate(paths)}
    rank_DD = np.eye(len(paths))
    for (one, other), correlation in pairs.items():
        rank_DD[row[one], row[other]] = rank_DD[row[other], row[one]] = correlation
    return rank_DD


def _root(scores_DD: Floats) -> Floats:
    """Return a root of a correlation matrix that keeps the first figure as it is."""
    try:
        return np.asarray(np.linalg.cholesky(scores_DD), dtype=np.float64)
    except np.linalg.LinAlgError:
        values_D, vectors_DD = np.linalg.eigh(scores_DD)
        return np.asarray(vectors_DD * np.sqrt(np.clip(values_D, 0.0, None)))


def _clash(paths: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> str:
    """Say which pair stands most in the way, and what it could be instead."""
    message = (
        "study: the correlations cannot hold together (least eigenvalue "
        f"{_least_eigenvalue(_matrix(paths, pairs)):.3f})"
    )
    nearest = {pair: _nearest_possible(paths, pairs, pair) for pair in pairs}
    possible = {pair: value for pair, value in nearest.items() if value is not None}
    if not possible:
        worst = max(pairs, key=lambda pair: _least_eigenvalue(_matrix(paths, {**pairs, pair: 0.0})))
        return f"{message}; no single one mends it; most in the way is {worst[0]} with {worst[1]}, {pairs[worst]:g}"
    worst = min(possible, key=lambda pair: abs(possible[pair] - pairs[pair]))
    return (
        f"{message}; most in the way is {worst[0]} with {worst[1]}, {pairs[worst]:g}: with the others as they are it "
        f"can be {possible[worst]:.2f}"
    )


def _nearest_possible(
    paths: Sequence[str], pairs: Mapping[tuple[str, str], float], pair: tuple[str, str]
) -> float | None:
    """Return the value of one pair nearest to what is asked that fits the others; None where there is none."""
    tried = np.linspace(-1.0, 1.0, STEPS_COUNT)
    fits = [value for value in tried if _least_eigenvalue(_matrix(paths, {**pairs, pair: float(value)})) >= -ROUNDING]
    return float(min(fits, key=lambda value: abs(value - pairs[pair]))) if fits else None
