"""What happens next: a heap of what comes soon, and stretches of time with what comes later, as yet in no order.

The heap has four children per entry and is ordered by time, then by the order of entry. It stays so small that it fits
a processor's cache: a later event is only noted in a chunk of its stretch, and moves to the heap when that stretch
begins. (R. Brown, "Calendar queues," Communications of the ACM 31, 1988; W. T. Tang et al., "Ladder queue," ACM
Transactions on Modeling and Computer Simulation 15, 2005.)
"""

from __future__ import annotations

from typing import Any

from gigawatt.engines.fleet.kernel.fetch import fetch
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import CHUNK, JOB_SAVED, NONE, World


@compiled
def _before(w: World, a: int, b: int) -> bool:
    """Whether entry `a` comes before `b`."""
    left, right = w.heap[a], w.heap[b]
    if left.time_s != right.time_s:
        return left.time_s < right.time_s
    return left.sequence < right.sequence


@compiled
def _copy(event: Any, place: Any) -> None:
    """Write an event to another place, of the heap or of those of a stretch."""
    place.time_s, place.sequence, place.id = event.time_s, event.sequence, event.id
    place.epoch, place.kind, place.extra = event.epoch, event.kind, event.extra


@compiled
def _move(w: World, source: int, target: int) -> None:
    """Copy an entry of the heap."""
    _copy(w.heap[source], w.heap[target])


@compiled
def _rise(w: World) -> None:
    """Find the place for one more entry, which is in the last place of the array."""
    c = w.clock[0]
    hold = w.heap.size - 1
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
def _place_later(w: World, stretch: int) -> int:
    """Return a place for one more event of a stretch; its last chunk alone has room."""
    c = w.clock[0]
    at = w.stretches[stretch]
    if at < 0 or at % CHUNK == CHUNK - 1:
        chunk = c.chunk_free
        if chunk >= 0:
            c.chunk_free = w.chunks[chunk]
        else:
            chunk = c.chunks_used
            c.chunks_used += 1
        w.chunks[chunk] = at // CHUNK if at >= 0 else NONE
        at = chunk * CHUNK - 1
    w.stretches[stretch] = at + 1
    c.later_count += 1
    return at + 1


@compiled
def push(w: World, time_s: float, kind: int, ident: int, epoch: int, extra: int) -> None:
    """Enter an event."""
    c = w.clock[0]
    if time_s > c.end_s:
        return
    stretch = int(time_s * c.stretches_per_s)
    new = w.later[_place_later(w, stretch)] if stretch > c.stretch else w.heap[w.heap.size - 1]
    new.time_s, new.sequence, new.id = time_s, c.sequence, ident
    new.epoch, new.kind, new.extra = epoch, kind, extra
    c.sequence += 1
    if stretch <= c.stretch:
        _rise(w)


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
def _fetch_job(w: World, event: Any) -> None:
    """Fetch what an event of a job is about: its record, and the first of its nodes."""
    if event.kind <= JOB_SAVED:
        fetch(w.live, event.id)
        fetch(w.nodes, event.extra)


@compiled
def drop_first(w: World) -> None:
    """Take the earliest event off."""
    c = w.clock[0]
    c.heap_count -= 1
    if c.heap_count > 0:
        _move(w, c.heap_count, w.heap.size - 1)
        _sink(w, 0, c.heap_count)
        _fetch_job(w, w.heap[0])


@compiled
def _fresh(w: World, kind: int, ident: int, epoch: int) -> bool:
    """Whether an event is not one of a job that has moved on."""
    return kind > JOB_SAVED or epoch == w.live[ident].epoch


@compiled
def _next_place(w: World, at: int) -> int:
    """Return the next place of a stretch, whose last event stands first."""
    if at % CHUNK > 0:
        return at - 1
    chunk = w.chunks[at // CHUNK]
    return chunk * CHUNK + CHUNK - 1 if chunk >= 0 else NONE


@compiled
def _reenter(w: World, stretch: int, to_heap: bool) -> None:
    """Take all events off a stretch; those that are not stale enter the heap, or the stretch anew."""
    c = w.clock[0]
    at = w.stretches[stretch]
    w.stretches[stretch] = NONE
    ahead = at
    while to_heap and ahead >= 0:
        _fetch_job(w, w.later[ahead])
        ahead = _next_place(w, ahead)
    while at >= 0:
        e = w.later[at]
        c.later_count -= 1
        if not _fresh(w, e.kind, e.id, e.epoch):
            c.stale -= 1
        else:
            _copy(e, w.heap[w.heap.size - 1] if to_heap else w.later[_place_later(w, stretch)])
            if to_heap:
                _rise(w)
                if e.kind <= JOB_SAVED:
                    fetch(w.outcome, w.live[e.id].job)  # most of them end, and that is written down
        chunk, first, at = at // CHUNK, at % CHUNK == 0, _next_place(w, at)
        if first:
            w.chunks[chunk] = c.chunk_free
            c.chunk_free = chunk


@compiled
def look_ahead(w: World) -> None:
    """Begin stretches until the first event of the heap is the next of all."""
    c = w.clock[0]
    while c.later_count > 0 and (c.heap_count == 0 or int(w.heap[0].time_s * c.stretches_per_s) > c.stretch):
        c.stretch += 1
        if w.stretches[c.stretch] >= 0:
            _reenter(w, c.stretch, True)


@compiled
def sweep(w: World) -> None:
    """Throw out events of jobs that have moved on, and order the rest anew."""
    c = w.clock[0]
    kept = 0
    for at in range(c.heap_count):
        e = w.heap[at]
        if _fresh(w, e.kind, e.id, e.epoch):
            _move(w, at, kept)
            kept += 1
    c.heap_count = kept
    for at in range((kept - 2) >> 2, -1, -1):
        _move(w, at, w.heap.size - 1)
        _sink(w, at, kept)
    for stretch in range(c.stretch + 1, w.stretches.size):
        if w.stretches[stretch] >= 0:
            _reenter(w, stretch, False)
    c.stale = 0  # some were never entered: they lay behind the end
