"""What drives a metric: figures moved one at a time, rank correlations, and indices of its variance.

Shape letters: N draws or points, D figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gigawatt.errors import InputError
from gigawatt.planning.study.families import Uncertain

Floats = NDArray[np.float64]

LEAST_DRAWS_COUNT = 8  # for a rank correlation


@dataclass(frozen=True, slots=True)
class Swing:
    """A metric with one figure at its P10 and at its P90, all others central.

    Attributes
    ----------
    path, unit : str
        Of the figure.
    low_value, high_value : float
        P10 and P90 of the figure.
    at_low, at_high : float
        Metric there.
    """

    path: str
    unit: str
    low_value: float
    high_value: float
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        """How far the metric moves; 0 where it is not defined."""
        width = abs(self.at_high - self.at_low)
        return width if math.isfinite(width) else 0.0


@dataclass(frozen=True, slots=True)
class Index:
    """Shares of a metric's variance that hang on a figure.

    Attributes
    ----------
    path : str
    first, first_half : float
        Share by the figure alone, and half the width of its 95 % interval. [-]
    total, total_half : float
        The same with every interplay that it takes part in. [-]
    """

    path: str
    first: float
    first_half: float
    total: float
    total_half: float


def tornado_points(figures: Sequence[Uncertain]) -> list[dict[str, float]]:
    """Return the settings of a tornado: each figure by itself at its P10, then at its P90."""
    return [{figure.path: value} for figure in figures for value in figure.ends()]


def tornado(figures: Sequence[Uncertain], found: Sequence[float]) -> tuple[Swing, ...]:
    """Move figures one at a time.

    Parameters
    ----------
    figures : sequence of Uncertain
    found : sequence of float
        Metric at each of `tornado_points`.

    Returns
    -------
    tuple of Swing
        Widest first.
    """
    swings = [
        Swing(figure.path, figure.quantity.unit, *figure.ends(), float(at_low), float(at_high))
        for figure, at_low, at_high in zip(figures, found[::2], found[1::2], strict=True)
    ]
    return tuple(sorted(swings, key=lambda swing: (-swing.width, swing.path)))


def rank_correlation(one_N: Floats, other_N: Floats) -> float:
    """Return Spearman's rank correlation; draws in which either is not defined do not count.

    Parameters
    ----------
    one_N, other_N : Floats

    Returns
    -------
    float
        NaN where there are too few draws or one does not move. [-]

    Examples
    --------
    >>> rank_correlation(np.arange(9.0), np.exp(np.arange(9.0)))
    1.0
    """
    from scipy.stats import rankdata

    defined_N = ~(np.isnan(one_N) | np.isnan(other_N))
    if np.count_nonzero(defined_N) < LEAST_DRAWS_COUNT:
        return math.nan
    ranks = [rankdata(values_N[defined_N]) for values_N in (one_N, other_N)]
    centred = [rank_N - rank_N.mean() for rank_N in ranks]
    scale = math.sqrt(float(centred[0] @ centred[0]) * float(centred[1] @ centred[1]))
    return round(float(centred[0] @ centred[1]) / scale, 12) if scale > 0.0 else math.nan


def saltelli_shares(paths: Sequence[str], samples_count: int, seed: int) -> Floats:
    """Return the points of Saltelli's design, in shares of each figure.

    Parameters
    ----------
    paths : sequence of str
        D figures.
    samples_count : int
        A power of two.
    seed : int

    Returns
    -------
    Floats
        Shape (samples_count (D + 2), D), between 0 and 1. [-]
    """
    from SALib.sample import sobol

    problem = _problem(paths)
    return np.asarray(sobol.sample(problem, samples_count, calc_second_order=False, seed=seed), dtype=np.float64)


def sobol_indices(paths: Sequence[str], values_N: Floats, seed: int) -> tuple[Index, ...]:
    """Return the indices of variance from a metric at the points of `saltelli_shares`.

    Parameters
    ----------
    paths : sequence of str
    values_N : Floats
        Metric at each point.
    seed : int
        Of the bootstrap of the intervals.

    Returns
    -------
    tuple of Index
        Largest total share first.

    Raises
    ------
    InputError
        If the metric is not defined at a point.
    """
    from SALib.analyze import sobol

    if not np.isfinite(values_N).all():
        message = (
            f"variance indices: the metric is not defined or not finite at {np.count_nonzero(~np.isfinite(values_N)):,}"
            " of the points; ask for another goal"
        )
        raise InputError(message)
    if float(np.ptp(values_N)) == 0.0:
        return tuple(Index(path, 0.0, 0.0, 0.0, 0.0) for path in paths)
    found = sobol.analyze(_problem(paths), values_N, calc_second_order=False, seed=seed, print_to_console=False)
    indices = [
        Index(path, *(float(found[name][place]) for name in ("S1", "S1_conf", "ST", "ST_conf")))
        for place, path in enumerate(paths)
    ]
    return tuple(sorted(indices, key=lambda index: -index.total))


def _problem(paths: Sequence[str]) -> dict[str, object]:
    """Describe shares to SALib."""
    return {"num_vars": len(paths), "names": list(paths), "bounds": [[0.0, 1.0]] * len(paths)}
