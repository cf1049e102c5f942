"""What happens next: a heap of four children per entry, ordered by time and then by the order of entry."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import JOB_SAVED, World


@compiled
def _before(w: World, a: int, b: int) -> bool:
    """Whether entry `a` comes before `b`."""
    left, right = w.heap[a], w.heap[b]
    if left.time_s != right.time_s:
        return left.time_s < right.time_s
    return left.sequence < right.sequence


@compiled
def _move(w: World, source: int, target: int) -> None:
    """Copy an entry."""
    a, b = w.heap[source], w.heap[target]
    b.time_s, b.sequence, b.id = a.time_s, a.sequence, a.id
    b.epoch, b.kind, b.extra = a.epoch, a.kind, a.extra


@compiled
def push(w: World, time_s: float, kind: int, ident: int, epoch: int, extra: int) -> None:
    """Enter an event. The last place of the array holds it while its place is sought."""
    c = w.clock[0]
    if time_s > c.end_s:
        return
    hold = w.heap.size - 1
    new = w.heap[hold]
    new.time_s, new.sequence, new.id = time_s, c.sequence, ident
    new.epoch, new.kind, new.extra = epoch, kind, extra
    c.sequence += 1
    at = c.heap_count
    c.heap_count += 1
    while at > 0:
        parent = (at - 1) >> 2
        if not _before(w, hold, parent):
            break
        _move(w, parent, at)
        at = parent
    _move(w, hold, at)


@compiled
def _sink(w: World, at: int, count: int) -> None:
    """Find the place for the entry in the last place, from `at` downwards."""
    hold = w.heap.size - 1
    while True:
        first = 4 * at + 1
        if first >= count:
            break
        least = first
        for child in range(first + 1, min(first + 4, count)):
            if _before(w, child, least):
                least = child
        if not _before(w, least, hold):
            break
        _move(w, least, at)
        at = least
    _move(w, hold, at)


@compiled
def drop_first(w: World) -> None:
    """Take the earliest event off."""
    c = w.clock[0]
    c.heap_count -= 1
    if c.heap_count > 0:
        _move(w, c.heap_count, w.heap.size - 1)
        _sink(w, 0, c.heap_count)


@compiled
def sweep(w: World) -> None:
    """Throw out events of jobs that have moved on, and order the rest anew."""
    c = w.clock[0]
    kept = 0
    for at in range(c.heap_count):
        e = w.heap[at]
        if e.kind > JOB_SAVED or e.epoch == w.live[e.id].epoch:
            _move(w, at, kept)
            kept += 1
    c.heap_count = kept
    c.stale = 0
    for at in range((kept - 2) >> 2, -1, -1):
        _move(w, at, w.heap.size - 1)
        _sink(w, at, kept)
