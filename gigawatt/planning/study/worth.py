"""Deciding under uncertainty: regret between plans under the same draws, and what knowing a figure would be worth.

Shape letters: N draws, P plans to choose from.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_BINS_COUNT = 32  # of equal numbers of draws, in the order of a figure
LEAST_IN_BIN_COUNT = 32  # below which the mean of a bin says little
ROUNDING_FRAC = 1e-9  # of the mean size of what the choices are worth: less is rounding


@dataclass(frozen=True, slots=True)
class Regret:
    """How a choice fares against the best one of each draw.

    Attributes
    ----------
    mean : float
        Of the goal.
    best_share : float
        Share of the draws in which it is the best. [-]
    regret_mean, regret_p90 : float
        How far it falls behind the best of the draw.
    """

    mean: float
    best_share: float
    regret_mean: float
    regret_p90: float


def regrets(value_NP: Floats) -> tuple[Regret, ...]:
    """Compare choices under the same draws.

    Parameters
    ----------
    value_NP : Floats
        What each choice is worth in each draw, more being better; draws in which one is not defined do not count.

    Returns
    -------
    tuple of Regret
        By choice.

    Examples
    --------
    >>> [round(item.regret_mean, 2) for item in regrets(np.array([[3.0, 1.0], [0.0, 1.0]]))]
    [0.5, 1.0]
    """
    value_NP = value_NP[np.isfinite(value_NP).all(axis=1)]
    if not len(value_NP):
        nothing = Regret(float("nan"), float("nan"), float("nan"), float("nan"))
        return tuple(nothing for _ in range(value_NP.shape[1]))
    best_N = value_NP.max(axis=1)
    behind_NP = best_N[:, None] - value_NP
    return tuple(
        Regret(
            float(value_NP[:, choice].mean()),
            float(np.mean(behind_NP[:, choice] == 0.0)),
            float(behind_NP[:, choice].mean()),
            float(np.quantile(behind_NP[:, choice], 0.9, method="inverted_cdf")),
        )
        for choice in range(value_NP.shape[1])
    )


def worth_of_knowing_all(value_NP: Floats) -> float:
    """Return the expected value of perfect information: choosing in each draw against choosing once.

    Parameters
    ----------
    value_NP : Floats
        As in `regrets`.

    Returns
    -------
    float
        In the unit of the goal, not negative.
    """
    value_NP = value_NP[np.isfinite(value_NP).all(axis=1)]
    if not len(value_NP):
        return float("nan")
    return _unrounded(float(value_NP.max(axis=1).mean() - value_NP.mean(axis=0).max()), value_NP)


def _unrounded(gained: float, value_NP: Floats) -> float:
    """Return a gain, 0 where it is what rounding leaves."""
    return gained if gained > ROUNDING_FRAC * float(np.abs(value_NP).mean()) else 0.0


def worth_of_knowing(figure_N: Floats, value_NP: Floats, seed: int) -> float:
    r"""Return the expected value of knowing one figure before choosing.

    Parameters
    ----------
    figure_N : Floats
        Value of the figure in each draw.
    value_NP : Floats
        As in `regrets`.
    seed : int
        Of the order that chance alone would give.

    Returns
    -------
    float
        In the unit of the goal, not negative.

    Notes
    -----
    :math:`E_x[\max_p E[V_p | x]] - \max_p E[V_p]` with the conditional means taken over draws that are neighbours in x
    [1]_. Means of few draws differ by chance, and the largest of them is too large: the same figure in a random order
    gives what chance alone does, which is taken off.

    References
    ----------
    .. [1] M. Strong, J. E. Oakley, "An efficient method for computing single-parameter partial expected value of
       perfect information," Medical Decision Making, vol. 33, no. 6, 2013.
    """
    defined_N = np.isfinite(value_NP).all(axis=1) & ~np.isnan(figure_N)
    figure_N, value_NP = figure_N[defined_N], value_NP[defined_N]
    bins_count = min(MOST_BINS_COUNT, len(figure_N) // LEAST_IN_BIN_COUNT)
    if bins_count < 2 or float(np.ptp(figure_N)) == 0.0:
        return 0.0
    known = _chosen_by_bin(value_NP[np.argsort(figure_N, kind="stable")], bins_count)
    chance = _chosen_by_bin(value_NP[np.random.default_rng(seed).permutation(len(value_NP))], bins_count)
    return _unrounded(known - chance, value_NP)


def _chosen_by_bin(value_NP: Floats, bins_count: int) -> float:
    """Return the mean of what is chosen bin by bin."""
    edges = np.linspace(0, len(value_NP), bins_count + 1).round().astype(np.int64)
    best = [float(value_NP[low:high].sum(axis=0).max()) for low, high in pairwise(edges)]
    return sum(best) / len(value_NP)
