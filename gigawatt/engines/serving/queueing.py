"""Waiting of prompts behind each other: Poisson arrivals, any spread of lengths, one server or several (M/G/c)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Floats = NDArray[np.float64]
# Loads at which the decay rate is tabulated; between them it is interpolated.
LOAD_COUNT = 128
HIGHEST_LOAD = 0.995
LOWEST_LOAD = 0.005
# Below this spread service counts as constant, which keeps the formula finite.
SMALLEST_CV = 0.05
P99_EXCEEDED = 0.01
# Keeps ratios finite where nothing arrives.
SMALLEST_LOAD = 1e-12
# Bounds of the search for the decay rate: next to its trivial root at zero, and beyond any of interest.
NEXT_TO_ZERO = 1e-5
FASTEST_DECAY = 50.0


def _decay(load: float, spread: float) -> float:
    """Decay rate of the waiting time in units of the mean service: the root of load (M(x) - 1) = x above zero."""
    variance = spread**2

    def gap(x: float) -> float:
        return float(load * np.expm1(-np.log1p(-variance * x) / variance) - x)

    high = min((1.0 - NEXT_TO_ZERO) / variance, FASTEST_DECAY)
    if gap(high) <= 0.0:  # wide spreads at light load: the root lies against the pole
        return high
    return float(brentq(gap, NEXT_TO_ZERO, high))


@lru_cache(maxsize=64)
def _tables(spread: float) -> tuple[Floats, Floats, Floats]:
    """Tabulate loads, decay rates and factors of the tail, for one spread of lengths."""
    load_N = np.linspace(LOWEST_LOAD, HIGHEST_LOAD, LOAD_COUNT)
    decay_N = np.array([_decay(float(load), spread) for load in load_N])
    slope_N = (1.0 - spread**2 * decay_N) ** (-1.0 / spread**2 - 1.0)  # of the transform at the root
    return load_N, decay_N, (1.0 - load_N) / (load_N * slope_N - 1.0)


def busy_probability(load: Floats, servers_count: int) -> Floats:
    """Return the probability that an arrival finds all servers busy (Erlang's C formula).

    Parameters
    ----------
    load : array
        Share of time that a server is busy, below 1. [-]
    servers_count : int
        At least 1.

    Returns
    -------
    array
        [-]

    Examples
    --------
    >>> [round(float(busy_probability(np.array([0.8]), count)[0]), 3) for count in (1, 2, 10)]
    [0.8, 0.711, 0.409]
    """
    offered = np.asarray(load) * servers_count
    blocked = np.ones_like(offered)  # Erlang's B formula, server by server
    for count in range(1, servers_count + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return np.asarray(blocked / (1.0 - load * (1.0 - blocked)))


def wait_s(
    arrivals_per_s: Floats, service_s: Floats | float, length_cv: float, servers_count: int = 1
) -> tuple[Floats, Floats, Floats]:
    r"""Return mean, median and p99 of the waiting time of a prompt.

    Parameters
    ----------
    arrivals_per_s : array
        Rate of prompts at one replica. [1/s]
    service_s : float or array
        Mean time of a prefill. [s]
    length_cv : float
        Variation coefficient of prompt lengths, taken as that of the service. [-]
    servers_count : int
        Replicas that share the arrivals, each going to one that is free.

    Returns
    -------
    tuple of array
        Mean, median, 99th percentile. [s]

    Notes
    -----
    Mean by Pollaczek and Khinchine, :math:`W = \rho S (1 + c^2) / (2 (1 - \rho))` [1]_. The tail is
    :math:`P(W > t) \approx C e^{-x t / S}` with x the positive root of :math:`\rho (M(x) - 1) = x`,
    :math:`M(x) = (1 - c^2 x)^{-1/c^2}` for gamma-distributed service, and
    :math:`C = (1 - \rho) / (\rho M'(x) - 1)` [2]_. With c servers an arrival waits as often as with exponential
    service, and c times shorter where it does: mean and C times :math:`P_{busy} / \rho`, decay c times as fast [3]_.

    References
    ----------
    .. [1] L. Kleinrock, "Queueing Systems, Volume 1," Wiley, 1975, section 5.6.
    .. [2] S. Asmussen, "Applied Probability and Queues," 2nd ed., Springer, 2003, chapter XIII, section 5.
    .. [3] W. Whitt, "Approximations for the GI/G/m queue," Production and Operations Management, vol. 2, no. 2, 1993.

    Examples
    --------
    >>> mean, median, p99 = wait_s(np.array([0.5]), 1.0, 1.0)  # M/M/1: P(W > t) = 0.5 exp(-0.5 t)
    >>> round(float(mean[0]), 2), round(float(median[0]), 2), round(float(p99[0]), 2)
    (1.0, 0.0, 7.82)
    """
    spread = max(length_cv, SMALLEST_CV)
    load_B = np.minimum(arrivals_per_s * service_s, HIGHEST_LOAD)
    mean_B = load_B * service_s * (1.0 + length_cv**2) / (2.0 * (1.0 - load_B))
    load_N, decay_N, factor_N = _tables(round(spread, 3))
    decay_B = np.interp(load_B, load_N, decay_N)
    rarer_B = busy_probability(load_B, servers_count) / np.maximum(load_B, SMALLEST_LOAD)
    factor_B = np.interp(load_B, load_N, factor_N) * rarer_B
    mean_B = mean_B * rarer_B / servers_count
    median_B, p99_B = (
        np.maximum(np.log(np.maximum(factor_B, SMALLEST_LOAD) / exceeded), 0.0) * service_s / (decay_B * servers_count)
        for exceeded in (0.5, P99_EXCEEDED)
    )
    return mean_B, median_B, p99_B
