"""Whether one policy is better than another: paired by slice, with an interval, a test, and the worst slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PROVEN_P = 0.01  # at most, for anything to be called better
CONFIDENCE_PCT = 95.0
RESAMPLES = 4000
BOOTSTRAP_SEED = 20_25


@dataclass(frozen=True, slots=True)
class Evidence:
    """A comparison of two policies on the same slices; less is better.

    Attributes
    ----------
    before, after : float
        Means over the slices.
    change_frac, low_frac, high_frac : float
        Relative change of the mean, and its interval: weeks are drawn anew first, then their slices. [-]
    p_value : float
        That the second is no better, by Wilcoxon's signed ranks over slices. [-]
    slices_count, better_count : int
        Pairs, and those in which the second is better.
    weeks_count, better_weeks_count : int
        The same by week.
    worst_frac : float
        Relative change where the second does worst, of slices in which something is at stake. [-]
    worst : str
        That slice.
    """

    before: float
    after: float
    change_frac: float
    low_frac: float
    high_frac: float
    p_value: float
    slices_count: int
    better_count: int
    weeks_count: int
    better_weeks_count: int
    worst_frac: float
    worst: str


def paired(before: Sequence[float], after: Sequence[float], weeks: Sequence[int], names: Sequence[str]) -> Evidence:
    """Compare two policies slice by slice.

    Parameters
    ----------
    before, after : sequence of float
        What is wanted small, by slice.
    weeks : sequence of int
        Week of each slice: draws of one week are kin, weeks are not.
    names : sequence of str
        Of the slices.

    Returns
    -------
    Evidence

    Examples
    --------
    >>> found = paired([2.0, 3.0, 4.0], [1.0, 2.0, 3.0], [0, 1, 2], ["a", "b", "c"])
    >>> round(found.change_frac, 3), found.p_value, found.worst
    (-0.333, 0.125, 'c')
    """
    a_S, b_S, week_S = np.asarray(before, float), np.asarray(after, float), np.asarray(weeks)
    by_week = [(a_S[week_S == week], b_S[week_S == week]) for week in dict.fromkeys(week_S.tolist())]
    low, high = _interval(by_week)
    shares = (b_S - a_S) / np.maximum(a_S, _at_stake(a_S))
    worst = int(np.argmax(shares))
    return Evidence(
        before=float(a_S.mean()),
        after=float(b_S.mean()),
        change_frac=_change(a_S, b_S),
        low_frac=low,
        high_frac=high,
        p_value=p_value(a_S, b_S),
        slices_count=len(a_S),
        better_count=int((b_S < a_S).sum()),
        weeks_count=len(by_week),
        better_weeks_count=sum(bool(b.mean() < a.mean()) for a, b in by_week),
        worst_frac=float(shares[worst]),
        worst=names[worst],
    )


def p_value(before: Sequence[float] | np.ndarray, after: Sequence[float] | np.ndarray) -> float:
    """Return the chance of a result at least so good if the second were no better (one-sided Wilcoxon)."""
    from scipy.stats import wilcoxon  # heavy, and only needed here

    change = np.asarray(after, float) - np.asarray(before, float)
    if not change.any():
        return 1.0
    return float(wilcoxon(change[change != 0.0], alternative="less").pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values as they must be read where several policies were tried (Holm, 1979).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    adjusted = [0.0] * len(p_values)
    so_far = 0.0
    for rank, at in enumerate(order):
        so_far = max(so_far, min((len(p_values) - rank) * float(p_values[at]), 1.0))
        adjusted[int(at)] = so_far
    return adjusted


def _change(a_S: np.ndarray, b_S: np.ndarray) -> float:
    """Return the relative change of the mean."""
    total = float(a_S.sum())
    return (float(b_S.sum()) - total) / total if total > 0.0 else 0.0


def _at_stake(a_S: np.ndarray) -> float:
    """Return what a slice's share is taken of at least: a tenth of the mean, so that empty weeks do not shout."""
    return max(float(a_S.mean()) / 10.0, 1e-12)


def _interval(by_week: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Return the interval of the change by a bootstrap in two stages."""
    luck = np.random.default_rng(BOOTSTRAP_SEED)
    first_R, second_R = np.zeros(RESAMPLES), np.zeros(RESAMPLES)
    for _ in by_week:
        week_R = luck.integers(0, len(by_week), RESAMPLES)
        for week, (a, b) in enumerate(by_week):
            chosen = np.flatnonzero(week_R == week)
            drawn = luck.integers(0, a.size, (chosen.size, a.size))
            first_R[chosen] += a[drawn].mean(axis=1)
            second_R[chosen] += b[drawn].mean(axis=1)
    found = np.divide(second_R - first_R, first_R, out=np.zeros(RESAMPLES), where=first_R > 0.0)
    low, high = np.percentile(found, [(100.0 - CONFIDENCE_PCT) / 2.0, (100.0 + CONFIDENCE_PCT) / 2.0])
    return float(low), float(high)
