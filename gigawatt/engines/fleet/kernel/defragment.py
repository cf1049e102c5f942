"""Moving running jobs together, so that a waiting one gets a pod, racks or whole nodes that are free in pieces.

A job is moved like one that is preempted: it writes a checkpoint, goes back to its queue at its rank, and is placed
anew, which is in the fullest place that holds it. (Where the placement spreads jobs out, moving them gains nothing.)
"""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.eviction import ask_to_leave
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import BY_MOVE, NONE, RACK_ALIGNED, RUNNING, SHARED, WHOLE, World

REST_S = 3600.0  # a job is not moved more often [s]: assumption
CELLS_COUNT = 16  # pods or racks that are looked at, the emptiest first


@compiled
def _movable(w: World, slot: int, priority: int) -> bool:
    """Whether a job may be moved."""
    job = w.live[slot]
    kind = w.classes[job.cls]
    rested_s = w.clock[0].now - job.taken_s
    fit = job.status == RUNNING and job.coming == 0 and kind.priority <= priority
    return fit and rested_s >= max(kind.after_s, REST_S)


@compiled
def _holders_move(w: World, node: int, priority: int, act: bool) -> bool:
    """Whether all jobs of a node may be moved; ask them to when told."""
    n = w.nodes[node]
    slot = n.job
    while slot >= 0:
        if act:
            ask_to_leave(w, slot, w.classes[w.live[slot].cls].grace_s, BY_MOVE)
        elif not _movable(w, slot, priority) and w.live[slot].coming == 0:
            return False
        slot = w.live[slot].node_nxt if n.state == SHARED else NONE
    return True


@compiled
def _fits_beside(w: World, p: int, cell: int, nodes: int) -> bool:
    """Whether a pod has room for a job outside a cell."""
    a = w.partitions[p]
    is_rack = w.cells[cell].inners == 0 and a.rack > 1
    pod = w.cells[cell].inner if is_rack else cell
    if w.cells[pod].free - w.cells[cell].free >= nodes:
        return True
    for free in range(nodes, a.pod + 1):
        head = w.buckets[a.pod_buckets + free]
        if head >= 0 and (head != pod or w.cells[head].nxt >= 0):
            return True
    return False


@compiled
def _clear(w: World, p: int, cell: int, need: int, priority: int, act: bool) -> bool:
    """Move jobs off a pod or rack until so many of its nodes are free; say whether that can be."""
    a, c = w.partitions[p], w.cells[cell]
    found = c.free
    elsewhere = a.free_nodes - a.spare_nodes - c.free
    for node in range(c.first, c.first + c.count):
        if found >= need:
            break
        n = w.nodes[node]
        if n.state != WHOLE and n.state != SHARED:
            continue
        nodes = w.live[n.job].nodes if n.state == WHOLE else 1
        if elsewhere < 1 or (nodes <= a.pod and not _fits_beside(w, p, cell, nodes)):
            continue
        if _holders_move(w, node, priority, False):
            found += 1
            elsewhere -= 1
            if act:
                _holders_move(w, node, priority, True)
    return found >= need


@compiled
def _clear_cells(w: World, p: int, base: int, most: int, cells: int, need: int, priority: int) -> None:
    """Clear so many pods or racks, those with most free nodes first."""
    left, looked = cells, 0
    for free in range(min(need - 1, most), -1, -1):
        cell = w.buckets[base + free]
        while cell >= 0 and left > 0 and looked < CELLS_COUNT:
            looked += 1
            if w.cells[cell].count >= need and _clear(w, p, cell, need, priority, False):
                _clear(w, p, cell, need, priority, True)
                left -= 1
            cell = w.cells[cell].nxt


@compiled
def _gather_small(w: World, p: int, lacking: int, priority: int) -> None:
    """Move small jobs off the emptiest shared nodes onto the others, if that frees as many nodes as are lacking."""
    a = w.partitions[p]
    for act in range(2):
        left, room = lacking, a.shared_free
        for free in range(a.gpus - 1, 0, -1):
            node = w.levels[p, free]
            while node >= 0 and left > 0:
                if room >= a.gpus and _holders_move(w, node, priority, False):
                    room -= a.gpus  # its own free accelerators, and those that its jobs take elsewhere
                    left -= 1
                    if act:
                        _holders_move(w, node, priority, True)
                node = w.nodes[node].nxt
        if left > 0:
            return


@compiled
def defragment(w: World, slot: int, p: int, nodes: int) -> None:
    """Make room for a waiting job of so many nodes, if accelerators enough are free, and none are on their way."""
    a, c = w.partitions[p], w.clock[0]
    if a.coming > 0:
        return
    priority = w.classes[w.live[slot].cls].priority
    free = a.free_nodes - a.spare_nodes
    if free < nodes:
        if free * a.gpus + a.shared_free >= nodes * a.gpus:
            _gather_small(w, p, nodes - free, priority)
    elif a.rack > 1 and c.placement == RACK_ALIGNED and nodes >= a.rack:
        racks = (nodes + a.rack - 1) // a.rack - a.full_racks
        _clear_cells(w, p, a.rack_buckets, a.rack, racks, a.rack, priority)
    elif c.strict_pods and nodes <= a.pod:
        _clear_cells(w, p, a.pod_buckets, a.pod, 1, nodes, priority)
