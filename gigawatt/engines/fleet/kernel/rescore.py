"""Waiting jobs whose score changes while they wait: scored anew now and then, and put in their new order.

A queue is scored anew when a scheduling pass runs, `RESCORE_S` have passed since the last time, and the passes since
then have earned it: each earns `CREDIT_COUNT` scores, so that long queues cost no more per event than short ones.
"""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import NONE, World
from gigawatt.engines.fleet.kernel.order import static_key
from gigawatt.engines.fleet.kernel.queues import ahead, fill_window, flatten, put_behind

RESCORE_S = 60.0  # at least, between two times; Slurm's PriorityCalcPeriod is 300 s by default
CREDIT_COUNT = 16  # scores that a pass earns


@compiled
def _sort_window(w: World, queue: int) -> bool:
    """Score the jobs of a window anew and order them; say whether any moved."""
    row = w.windows[queue]
    moved = False
    for place in range(w.queues[queue].window):
        slot = row[place]
        w.live[slot].key = static_key(w, slot)
        at = place
        while at > 0 and ahead(w, slot, row[at - 1]):
            row[at] = row[at - 1]
            at -= 1
        row[at] = slot
        moved = moved or at < place
    return moved


@compiled
def _rebuild(w: World, queue: int) -> bool:
    """Score all jobs of a queue anew, those behind the window too."""
    first = w.windows[queue, 0]
    slot = flatten(w, queue)
    while slot >= 0:
        after = w.live[slot].sibling
        w.live[slot].sibling = NONE
        w.live[slot].key = static_key(w, slot)
        put_behind(w, queue, slot)
        slot = after
    fill_window(w, queue)
    return first != w.windows[queue, 0]


@compiled
def rescore(w: World) -> None:
    """Score the queues anew where it is time and earned."""
    c = w.clock[0]
    c.credit += CREDIT_COUNT
    if c.active == 0 or c.now < c.scored_s + RESCORE_S or c.credit < c.waiting:
        return
    c.scored_s, c.credit = c.now, 0
    moved = False
    for k in range(c.active):
        queue = w.active[k]
        if w.queues[queue].count == w.queues[queue].window:
            moved = _sort_window(w, queue) or moved
        else:
            _rebuild(w, queue)
            moved = True
    if moved:
        c.version += 1
