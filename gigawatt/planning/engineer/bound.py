"""What no scheduler can beat, whatever it knows: a proven lower bound of the mean wait."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from gigawatt.engines.fleet.simulation import Floats, Jobs


def least_mean_wait_s(jobs: Jobs, gpus_count: int) -> float:
    r"""Return the mean wait below which no schedule of these jobs can come on so many accelerators.

    Parameters
    ----------
    jobs : Jobs
    gpus_count : int
        Of the whole fleet.

    Returns
    -------
    float
        [s]

    Notes
    -----
    A job of :math:`g` accelerators that works for :math:`p` and is submitted at :math:`r` holds its accelerators around
    a mean time :math:`M`. It cannot end before :math:`M + p / 2`, so it waits at least :math:`M - r - p / 2`; failures
    and checkpoints only make it end later. On one machine as fast as the whole fleet, which may divide and interrupt
    jobs as it likes, the sum of mean busy times is smallest when the job of least area :math:`g p` goes first at every
    moment [1]_. Whatever a policy does is a schedule of that machine too; failed nodes, whole nodes and pods only take
    room away.

    References
    ----------
    .. [1] M. Goemans, M. Queyranne, A. Schulz, M. Skutella, Y. Wang, "Single machine scheduling with release dates,"
       SIAM Journal on Discrete Mathematics, vol. 15, no. 2, 2002, Lemma 2.1 and Corollary 2.2.

    Examples
    --------
    Two jobs that take the whole fleet for an hour each, submitted together: one waits an hour.

    >>> zero = np.zeros(2, np.int64)
    >>> pair = Jobs(np.zeros(2), np.full(2, 3600.0), zero + 8, zero, zero, zero, zero)
    >>> least_mean_wait_s(pair, 8)
    1800.0
    """
    count = jobs.submit_s_N.size
    if not count:
        return 0.0
    area_s_N = jobs.work_s_N * jobs.gpus_N / gpus_count  # on the one fast machine
    busy_s_N = _mean_busy_s(jobs.submit_s_N, area_s_N)
    least_s = float((busy_s_N - jobs.submit_s_N - jobs.work_s_N / 2.0).sum()) / count
    return max(least_s, 0.0)


def _mean_busy_s(submit_s_N: Floats, area_s_N: Floats) -> Floats:
    """Return the mean busy time of each job where the least area goes first, interrupting what is larger."""
    order = np.argsort(submit_s_N, kind="stable").tolist()
    submit_s, area_s = submit_s_N.tolist(), area_s_N.tolist()
    left_s, moment = list(area_s), [0.0] * len(area_s)  # integral of time over what is done
    waiting: list[tuple[float, int]] = []
    now_s, at = 0.0, 0
    while at < len(order) or waiting:
        if not waiting:
            now_s = max(now_s, submit_s[order[at]])
        while at < len(order) and submit_s[order[at]] <= now_s:
            heappush(waiting, (area_s[order[at]], order[at]))
            at += 1
        job = waiting[0][1]
        until_s = now_s + left_s[job]
        ends = at >= len(order) or until_s <= submit_s[order[at]]
        if not ends:
            until_s = submit_s[order[at]]
        done_s = until_s - now_s
        moment[job] += done_s * (now_s + until_s) / 2.0
        left_s[job] -= done_s
        now_s = until_s
        if ends:
            heappop(waiting)
    made = np.array(moment)
    return np.asarray(np.divide(made, area_s_N, out=submit_s_N.astype(np.float64).copy(), where=area_s_N > 0.0))
