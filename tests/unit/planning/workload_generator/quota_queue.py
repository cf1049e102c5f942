"""A cluster in a page: quotas, first fit within the first jobs of each tenant's queue, whole accelerators, no nodes.

Written apart from the simulator, to judge workloads without it.
"""

from __future__ import annotations

import heapq

import numpy as np

DEPTH = 32


def start_times(jobs, quota_gpus):
    """Return when each job starts; tenants see nothing of each other."""
    start = np.full(len(jobs.gpus_N), np.nan)
    for tenant, quota in enumerate(quota_gpus):
        mine = np.flatnonzero(jobs.tenant_N == tenant)
        _one_queue(mine, jobs.submit_s_N, jobs.work_s_N, jobs.gpus_N, quota, start)
    return start


def _one_queue(mine, submit_s, work_s, gpus, quota, start):
    """Fill in the start of each job of a queue."""
    ends, waiting, free = [], [], quota
    for job in mine.tolist():
        while ends and ends[0][0] <= submit_s[job]:
            free = _ended(ends, waiting, free, work_s, gpus, start)
        waiting.append(job)
        if len(waiting) <= DEPTH:
            free = _begun(submit_s[job], ends, waiting, free, work_s, gpus, start)
    while ends and waiting:
        free = _ended(ends, waiting, free, work_s, gpus, start)


def _ended(ends, waiting, free, work_s, gpus, start):
    """Take the next end, and start what fits then."""
    now, job = heapq.heappop(ends)
    return _begun(now, ends, waiting, free + int(gpus[job]), work_s, gpus, start)


def _begun(now, ends, waiting, free, work_s, gpus, start):
    """Start what fits among the first that wait."""
    place = 0
    while place < min(len(waiting), DEPTH) and free > 0:
        job = waiting[place]
        if gpus[job] <= free:
            free -= int(gpus[job])
            start[job] = now
            heapq.heappush(ends, (now + work_s[job], job))
            waiting.pop(place)
        else:
            place += 1
    return free
