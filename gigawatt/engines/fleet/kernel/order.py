"""The order of waiting jobs: each policy's key, and which of several queues goes first."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import QUEUE_HOOK, World
from gigawatt.engines.fleet.kernel.queues import ahead
from gigawatt.engines.fleet.kernel.scores import queue_score
from gigawatt.engines.fleet.policies import POLICIES, fair_share, fifo, priority, shortest, smallest

FIFO, FAIR_SHARE = POLICIES["fifo"].code, POLICIES["fair-share"].code
SHORTEST, SMALLEST = POLICIES["shortest"].code, POLICIES["smallest"].code


@compiled
def static_key(w: World, slot: int) -> float:
    """Return the key of a job that enters its queue; the least goes first."""
    if w.programs[QUEUE_HOOK].on:
        return -queue_score(w, slot)
    code = w.clock[0].policy
    if code in (FIFO, FAIR_SHARE):
        return fifo.key(w, slot)
    if code == SHORTEST:
        return shortest.key(w, slot)
    if code == SMALLEST:
        return smallest.key(w, slot)
    return priority.key(w, slot)


@compiled
def bill(w: World, tenant: int) -> None:
    """Keep the use of tenants up to date, where the policy asks for it."""
    if w.clock[0].bills:
        fair_share.bill(w, tenant)


@compiled
def goes_before(w: World, a: int, b: int) -> bool:
    """Whether the first job of queue `a` goes before that of `b`."""
    if w.clock[0].policy == FAIR_SHARE:
        left, right = fair_share.share(w, w.queues[a].tenant), fair_share.share(w, w.queues[b].tenant)
        if left != right:
            return left < right
    return ahead(w, w.windows[a, 0], w.windows[b, 0])
