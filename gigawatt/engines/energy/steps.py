"""Which hours the linear programme may treat as one: chronological clustering of neighbours. H hours, K steps."""

from __future__ import annotations

import heapq

import numpy as np

from gigawatt.engines.energy.types import Floats, Integers, Steps

# Hours to the end of each month of a year without a leap day.
MONTH_ENDS_H = np.cumsum(np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) * 24)


def months_of(hours_count: int, month_of_hour_H: Integers | None) -> Integers:
    """Return the month of each hour, from 0.

    Parameters
    ----------
    hours_count : int
    month_of_hour_H : ndarray or None
        Given, it is returned; None is the calendar of a year without a leap day.

    Returns
    -------
    ndarray
    """
    if month_of_hour_H is not None:
        return month_of_hour_H
    return np.searchsorted(MONTH_ENDS_H, np.arange(hours_count) % int(MONTH_ENDS_H[-1]), side="right").astype(np.int64)


def steps_from(start_K: Integers, hours_count: int) -> Steps:
    """Return steps that begin at the given hours."""
    hours_K = np.diff(np.append(start_K, hours_count)).astype(np.float64)
    of_hour_H = np.repeat(np.arange(len(start_K)), hours_K.astype(np.int64))
    return Steps(start_K.astype(np.int64), hours_K, hours_count, of_hour_H)


def every_hour(hours_count: int) -> Steps:
    """Return one step per hour."""
    return steps_from(np.arange(hours_count), hours_count)


def cluster(series_SH: Floats, steps_count: int, month_H: Integers) -> Steps:
    """Merge neighbouring hours that are alike until so many steps are left.

    Parameters
    ----------
    series_SH : ndarray
        Hourly series, each scaled to be comparable.
    steps_count : int
        Steps wanted; months are never joined, so at least one per month remains.
    month_H : ndarray
        Month of each hour.

    Returns
    -------
    Steps

    Notes
    -----
    Ward's criterion on neighbours only: the pair whose union adds the least squared deviation is merged first
    (S. Pineda, J. M. Morales, "Chronological time-period clustering," IEEE Trans. Power Systems 33(6), 2018).

    Examples
    --------
    >>> day = np.array([[0.0, 0.0, 0.1, 0.9, 1.0, 0.0]])
    >>> cluster(day, 3, np.zeros(6, dtype=np.int64)).hours_K.tolist()
    [3.0, 2.0, 1.0]
    """
    hours_count = series_SH.shape[1]
    mean = [series_SH[:, hour] for hour in range(hours_count)]
    size = [1] * hours_count
    before, after = list(range(-1, hours_count - 1)), list(range(1, hours_count + 1))
    version = [0] * hours_count
    alive = np.ones(hours_count, dtype=bool)
    joinable = np.append(month_H[1:] == month_H[:-1], False)

    first_cost = 0.5 * np.sum(np.diff(series_SH, axis=1) ** 2, axis=0)
    heap = [(float(first_cost[hour]), hour, 0, 0) for hour in range(hours_count - 1) if joinable[hour]]
    heapq.heapify(heap)

    def push(left: int) -> None:
        right = after[left]
        if right < hours_count and joinable[right - 1]:
            gap = mean[left] - mean[right]
            cost = size[left] * size[right] / (size[left] + size[right]) * float(gap @ gap)
            heapq.heappush(heap, (cost, left, version[left], version[right]))

    left_to_merge = hours_count - steps_count
    while left_to_merge > 0 and heap:
        _, left, left_version, right_version = heapq.heappop(heap)
        right = after[left]
        stale = not alive[left] or right >= hours_count or version[left] != left_version
        if stale or version[right] != right_version:
            continue
        whole = size[left] + size[right]
        mean[left] = (size[left] * mean[left] + size[right] * mean[right]) / whole
        size[left] = whole
        alive[right] = False
        after[left] = after[right]
        if after[left] < hours_count:
            before[after[left]] = left
        version[left] += 1
        left_to_merge -= 1
        push(left)
        if before[left] >= 0:
            push(before[left])
    return steps_from(np.flatnonzero(alive), hours_count)
