"""What is planned: nodes that come online and retire, maintenance pod by pod, serving pools by the hour."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.books import accrue, note_stop
from gigawatt.engines.fleet.kernel.eviction import ask_to_leave
from gigawatt.engines.fleet.kernel.hazards import aim_all, empty_node
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    BY_RETIREMENT,
    BY_SERVICE,
    DOWN,
    FREE,
    HOUR_S,
    NONE,
    OFFLINE,
    SERVICED,
    SHARED,
    WHOLE,
    World,
)
from gigawatt.engines.fleet.kernel.lifecycle import requeue
from gigawatt.engines.fleet.kernel.place import take_near
from gigawatt.engines.fleet.kernel.progress import lose, refresh, settle
from gigawatt.engines.fleet.kernel.recovery import interrupt
from gigawatt.engines.fleet.kernel.space import drop_node, hide_shared, list_free, pick_free, put_free


@compiled
def _planned(w: World, why: int) -> None:
    """Send the jobs on the list of hits away: whatever they have not saved is lost. Not a failure."""
    c = w.clock[0]
    while c.hit >= 0:
        slot = c.hit
        c.hit = w.live[slot].hit_nxt
        job = w.live[slot]
        job.hit = 0
        if job.work_s < 0.0:  # a pool
            interrupt(w, slot, c.components + why, NONE)
        else:
            note_stop(w, slot, c.components + why, NONE)
            lose(w, slot, 0.0)
            requeue(w, slot)


@compiled
def _join(w: World, node: int) -> None:
    """Bring a node online."""
    n = w.nodes[node]
    a = w.partitions[n.partition]
    accrue(w, n.partition)
    a.online += a.gpus
    n.born_s = w.clock[0].now if w.clock[0].now > 0.0 else -a.age_s
    if n.leaving:  # still in repair
        n.leaving = 0
        n.state = DOWN
        a.down += a.gpus
    elif w.cells[n.pod].serviced:
        n.state = SERVICED
        a.serviced += a.gpus
    else:
        put_free(w, node)


@compiled
def _retire(w: World, node: int) -> None:
    """Take a node out for good."""
    n = w.nodes[node]
    a = w.partitions[n.partition]
    accrue(w, n.partition)
    a.online -= a.gpus
    if n.state == DOWN:
        a.down -= a.gpus
        n.leaving = 1
    elif n.state == SERVICED:
        a.serviced -= a.gpus
    else:
        empty_node(w, node)
        n.hidden = 0
        n.epoch += 1
    n.state = OFFLINE


@compiled
def come_online(w: World, step: int) -> None:
    """Bring a partition to the number of nodes of a step."""
    s = w.steps[step]
    a = w.partitions[s.partition]
    for node in range(a.online_nodes, s.nodes):
        _join(w, a.first + node)
        a.young_s = w.nodes[a.first + node].born_s
        a.old_s = min(a.old_s, a.young_s)
    for node in range(a.online_nodes - 1, s.nodes - 1, -1):
        _retire(w, a.first + node)
    a.online_nodes = s.nodes
    a.spare_nodes = int(a.spare_frac * s.nodes)
    a.ordinary = a.lemons = 0
    for at in range(a.first, a.first + a.count):
        if w.lemons[at] < a.first + s.nodes:
            if at < w.lemon_first[s.partition]:
                a.ordinary += 1
            else:
                a.lemons += 1
    w.clock[0].version += 1
    aim_all(w, s.partition)
    _planned(w, BY_RETIREMENT)


@compiled
def notice(w: World, pod: int, notice_s: float) -> None:
    """Maintenance of a pod is near: nothing new starts there, and what runs there is told to leave."""
    cell = w.cells[pod]
    cell.drained = 1
    for node in range(cell.first, cell.first + cell.count):
        n = w.nodes[node]
        if n.state == FREE:
            pick_free(w, node)
            n.drained = 1
            put_free(w, node)
        elif n.state == SHARED:
            hide_shared(w, node)
            n.drained = 1
            slot = n.job
            while slot >= 0:
                ask_to_leave(w, slot, notice_s, BY_SERVICE)
                slot = w.live[slot].node_nxt
        else:
            n.drained = 1
            if n.state == WHOLE and w.live[n.job].work_s >= 0.0:
                ask_to_leave(w, n.job, notice_s, BY_SERVICE)


@compiled
def serve(w: World, pod: int) -> None:
    """Maintenance of a pod begins; jobs that are still there lose what they have not saved."""
    cell = w.cells[pod]
    cell.serviced = 1
    for node in range(cell.first, cell.first + cell.count):
        n = w.nodes[node]
        if n.state == FREE or n.state == WHOLE or n.state == SHARED:
            empty_node(w, node)
            n.state, n.hidden = SERVICED, 0
            n.epoch += 1
            accrue(w, n.partition)
            w.partitions[n.partition].serviced += w.partitions[n.partition].gpus
    _planned(w, BY_SERVICE)


@compiled
def serve_end(w: World, pod: int) -> None:
    """Maintenance of a pod is over."""
    cell = w.cells[pod]
    cell.serviced = cell.drained = 0
    for node in range(cell.first, cell.first + cell.count):
        n = w.nodes[node]
        n.drained = 0
        if n.state == SERVICED:
            accrue(w, n.partition)
            w.partitions[n.partition].serviced -= w.partitions[n.partition].gpus
            list_free(w, node)


@compiled
def size_pool(w: World, pool: int) -> None:
    """Give a serving pool the accelerators of the hour."""
    spec, c = w.pools[pool], w.clock[0]
    job = w.live[spec.slot]
    a = w.partitions[job.where]
    hour = int(c.now / HOUR_S + 0.5)
    gpus = w.pool_gpus[spec.first + hour % spec.count]
    nodes = (gpus + a.gpus - 1) // a.gpus
    settle(w, spec.slot)
    while job.nodes > nodes:
        node = job.head
        drop_node(w, node)
        put_free(w, node)
    found = min(nodes - job.nodes, a.free_nodes)
    if found > 0:
        take_near(w, spec.slot, found)
    job.wanted_nodes = nodes
    job.asked = nodes * a.gpus
    job.missing = nodes - job.nodes
    refresh(w, spec.slot)
