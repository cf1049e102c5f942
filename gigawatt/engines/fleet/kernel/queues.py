"""Waiting jobs: by queue the first few in an ordered window, and behind it the rest, linked through their slots.

Behind the window, jobs that came in order stand in a list, the others in a pairing heap.
A queue holds the jobs that ask for one partition, or for any; with quotas or fair shares, one tenant's of them. The
key is fixed when a job enters. (M. L. Fredman et al., "The pairing heap," Algorithmica 1, 1986.)
"""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.books import wait_changed
from gigawatt.engines.fleet.kernel.fetch import fetch
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import NONE, QUEUED, World


@compiled
def ahead(w: World, a: int, b: int) -> bool:
    """Whether the job in slot `a` goes before that in `b`."""
    left, right = w.live[a], w.live[b]
    if left.key != right.key:
        return left.key < right.key
    return left.job < right.job


@compiled
def _meld(w: World, a: int, b: int) -> int:
    """Join two heaps."""
    if a < 0:
        return b
    if b < 0:
        return a
    if ahead(w, b, a):
        a, b = b, a
    w.live[b].sibling = w.live[a].child
    w.live[a].child = b
    return a


@compiled
def _pop(w: World, root: int) -> int:
    """Return the heap without its root: its children joined in pairs, and the pairs from the last to the first."""
    child = w.live[root].child
    pairs = NONE
    while child >= 0:
        second = w.live[child].sibling
        if second >= 0:
            after = w.live[second].sibling
            w.live[second].sibling = NONE
        else:
            after = NONE
        w.live[child].sibling = NONE
        joined = _meld(w, child, second)
        w.live[joined].sibling = pairs
        pairs = joined
        child = after
    whole = NONE
    while pairs >= 0:
        after = w.live[pairs].sibling
        w.live[pairs].sibling = NONE
        whole = _meld(w, whole, pairs)
        pairs = after
    w.live[root].child = NONE
    return whole


@compiled
def put_behind(w: World, queue: int, slot: int) -> None:
    """Let a job wait behind the window: at the end of the list if it comes after all there, else in the heap."""
    q = w.queues[queue]
    if q.first < 0:
        q.first = q.last = slot
    elif ahead(w, q.last, slot):
        w.live[q.last].sibling = slot
        q.last = slot
    else:
        q.root = _meld(w, q.root, slot)


@compiled
def _take_behind(w: World, queue: int) -> int:
    """Take the first of the jobs behind the window, or none."""
    q = w.queues[queue]
    slot = q.first
    if slot >= 0 and (q.root < 0 or ahead(w, slot, q.root)):
        q.first = w.live[slot].sibling
        w.live[slot].sibling = NONE
        if q.first >= 0:
            fetch(w.live, q.first)
        return slot
    slot = q.root
    if slot >= 0:
        q.root = _pop(w, slot)
    return slot


@compiled
def queue_of(w: World, slot: int) -> int:
    """Return the queue of a job."""
    job, c = w.live[slot], w.clock[0]
    if c.by_tenant:
        return (job.partition + 1) * c.tenants + job.tenant
    return job.partition + 1


@compiled
def enqueue(w: World, slot: int) -> int:
    """Let a job wait; return its place in the window, or below 0 where it comes behind."""
    job, c = w.live[slot], w.clock[0]
    job.status, job.queued_s = QUEUED, c.now
    job.child = job.sibling = NONE
    job.queue = queue_of(w, slot)
    q = w.queues[job.queue]
    row = w.windows[job.queue]
    wait_changed(w, job.partition, 1, job.asked)
    if q.count == 0:
        q.place = c.active
        w.active[c.active] = job.queue
        c.active += 1
    q.count += 1
    if q.window == row.size and not ahead(w, slot, row[q.window - 1]):
        put_behind(w, job.queue, slot)
        return NONE
    if q.window == row.size:
        put_behind(w, job.queue, row[q.window - 1])
        q.window -= 1
    at = q.window
    while at > 0 and ahead(w, slot, row[at - 1]):
        row[at] = row[at - 1]
        at -= 1
    row[at] = slot
    q.window += 1
    return at


@compiled
def flatten(w: World, queue: int) -> int:
    """Empty a queue into a list of its jobs, linked by `sibling`; its counts stay."""
    q = w.queues[queue]
    ahead_of, done = q.root, NONE
    while ahead_of >= 0:
        slot = ahead_of
        ahead_of = w.live[slot].sibling
        child = w.live[slot].child
        while child >= 0:
            after = w.live[child].sibling
            w.live[child].sibling = ahead_of
            ahead_of = child
            child = after
        w.live[slot].child = NONE
        w.live[slot].sibling = done
        done = slot
    for place in range(q.window):
        slot = w.windows[queue, place]
        w.live[slot].sibling = done
        done = slot
    while q.first >= 0:
        slot = q.first
        q.first = w.live[slot].sibling
        w.live[slot].sibling = done
        done = slot
    q.root, q.window = NONE, 0
    return done


@compiled
def fill_window(w: World, queue: int) -> None:
    """Let jobs from behind move up until the window of a queue is full."""
    q = w.queues[queue]
    while q.window < q.count and q.window < w.windows.shape[1]:
        w.windows[queue, q.window] = _take_behind(w, queue)
        q.window += 1


@compiled
def dequeue(w: World, queue: int, at: int) -> None:
    """Take the job at a place of the window out of its queue."""
    c, q = w.clock[0], w.queues[queue]
    row = w.windows[queue]
    job = w.live[row[at]]
    wait_changed(w, job.partition, -1, -job.asked)
    job.wait_s += c.now - job.queued_s
    q.window -= 1
    for place in range(at, q.window):
        row[place] = row[place + 1]
    last = _take_behind(w, queue)
    if last >= 0:
        row[q.window] = last
        q.window += 1
    q.count -= 1
    if q.count == 0:
        c.active -= 1
        moved = w.active[c.active]
        w.active[q.place] = moved
        w.queues[moved].place = q.place
