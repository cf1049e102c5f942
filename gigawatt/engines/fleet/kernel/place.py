"""Which nodes a job gets: all of one pod where any pod has room, else those of few pods."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import NONE, PLACEMENT_HOOK, RACK_ALIGNED, SPREAD_OUT, World
from gigawatt.engines.fleet.kernel.scores import before_pods, pod_score
from gigawatt.engines.fleet.kernel.space import take_first, take_share

CANDIDATES_COUNT = 64  # pods that a written policy scores for a choice
LARGEST = 1e300  # no score is greater [-]


@compiled
def _fullest(w: World, base: int, low: int, high: int) -> int:
    """Return a cell with the fewest free nodes of at least `low`, or none."""
    for free in range(low, high + 1):
        if w.buckets[base + free] >= 0:
            return w.buckets[base + free]
    return NONE


@compiled
def _emptiest(w: World, base: int, low: int, high: int) -> int:
    """Return a cell with the most free nodes, at least `low`, or none."""
    for free in range(high, low - 1, -1):
        if w.buckets[base + free] >= 0:
            return w.buckets[base + free]
    return NONE


@compiled
def best_pod(w: World, slot: int, p: int, low: int, left: int) -> int:
    """Return the pod of the highest score by the written policy among those with `low` free nodes or more.

    Where one pod can take all that is left, the tightest are looked at first, else the emptiest; ties go to the first.
    """
    a = w.partitions[p]
    before_pods(w, slot, p, left)
    best, best_score, looked = NONE, 0.0, 0
    for step in range(a.pod - low + 1):
        pod = w.buckets[a.pod_buckets + (low + step if low == left else a.pod - step)]
        while pod >= 0 and looked < CANDIDATES_COUNT:
            score = pod_score(w, pod)
            looked += 1
            if best < 0 or score > best_score:
                best, best_score = pod, score
            pod = w.cells[pod].nxt
    return best


@compiled
def promise(w: World, slot: int, p: int, gpus: int) -> float:
    """Return the score of the best pod of a partition for a job that asks for so many accelerators there."""
    a = w.partitions[p]
    nodes = (gpus + a.gpus - 1) // a.gpus
    if a.free_nodes - a.spare_nodes < nodes:
        return -LARGEST
    pod = best_pod(w, slot, p, nodes if nodes <= a.pod else 1, nodes)
    if pod < 0:
        pod = best_pod(w, slot, p, 1, nodes)
    return pod_score(w, pod) if pod >= 0 else -LARGEST


@compiled
def _take_from_list(w: World, slot: int, cell: int, count: int) -> int:
    """Take up to so many nodes off the list of a cell."""
    taken = min(count, w.cells[cell].free)
    take_first(w, cell, slot, taken)
    return taken


@compiled
def take_from_pod(w: World, slot: int, pod: int, count: int) -> int:
    """Take up to so many nodes of a pod, from as few of its racks as possible."""
    c = w.cells[pod]
    if c.inners == 0:
        return _take_from_list(w, slot, pod, count)
    taken = 0
    while taken < count and c.free > 0:
        best, best_free = NONE, 0
        for rack in range(c.inner, c.inner + c.inners):
            free = w.cells[rack].free
            need = count - taken
            # the tightest rack that holds all the rest, else the one with the most
            if free > 0 and (
                best < 0
                or (free >= need and (best_free < need or free < best_free))
                or (free < need and best_free < need and free > best_free)
            ):
                best, best_free = rack, free
        taken += _take_from_list(w, slot, best, count - taken)
    return taken


@compiled
def _take_over_pods(w: World, slot: int, p: int, count: int) -> int:
    """Take nodes of several pods, the emptiest first and a tight one for the rest; return the pods."""
    a = w.partitions[p]
    pods = 0
    left = count
    while left > 0:
        if w.programs[PLACEMENT_HOOK].on:
            left -= take_from_pod(w, slot, best_pod(w, slot, p, 1, left), left)
            pods += 1
            continue
        pod = _fullest(w, a.pod_buckets, left, a.pod) if left <= a.pod else NONE
        if pod < 0:
            pod = _emptiest(w, a.pod_buckets, 1, a.pod)
        left -= take_from_pod(w, slot, pod, left)
        pods += 1
    return pods


@compiled
def _take_racks(w: World, slot: int, p: int, count: int) -> int:
    """Take wholly free racks, from pods with most free nodes first; return the pods."""
    a = w.partitions[p]
    pods = 0
    left = count
    free = a.pod
    while left > 0 and free > 0:
        pod = w.buckets[a.pod_buckets + free]
        taken = 0
        while pod >= 0 and taken == 0:
            after = w.cells[pod].nxt
            for rack in range(w.cells[pod].inner, w.cells[pod].inner + w.cells[pod].inners):
                if left > taken and w.cells[rack].free == w.cells[rack].count:
                    taken += _take_from_list(w, slot, rack, left - taken)
            pod = after
        left -= taken
        if taken > 0:
            pods += 1
        else:
            free -= 1
    return pods


@compiled
def take_whole(w: World, slot: int, p: int, count: int) -> int:
    """Take nodes that are known to be there; return the pods that they span."""
    a = w.partitions[p]
    spread = w.clock[0].placement == SPREAD_OUT
    if a.rack > 1 and w.clock[0].placement == RACK_ALIGNED and count >= a.rack:
        return _take_racks(w, slot, p, count)
    if w.programs[PLACEMENT_HOOK].on:
        pod = best_pod(w, slot, p, count, count) if count <= a.pod else NONE
        if pod >= 0:
            take_from_pod(w, slot, pod, count)
            return 1
        return _take_over_pods(w, slot, p, count)
    if a.rack > 1 and count <= a.rack and not spread:
        rack = _fullest(w, a.rack_buckets, count, a.rack)
        if rack >= 0:
            _take_from_list(w, slot, rack, count)
            return 1
    if count <= a.pod:
        pod = _emptiest(w, a.pod_buckets, count, a.pod) if spread else _fullest(w, a.pod_buckets, count, a.pod)
        if pod >= 0:
            take_from_pod(w, slot, pod, count)
            return 1
    return _take_over_pods(w, slot, p, count)


@compiled
def take_near(w: World, slot: int, count: int) -> None:
    """Take spares for a job: from a pod it is in where there are any, else from anywhere in the partition."""
    job = w.live[slot]
    left = count
    if job.head >= 0:
        left -= take_from_pod(w, slot, w.nodes[job.head].pod, left)
    if left > 0:
        _take_over_pods(w, slot, job.where, left)


@compiled
def _cell_to_open(w: World, slot: int, p: int) -> int:
    """Return the rack or pod of which a node is to be shared from now on."""
    a = w.partitions[p]
    if w.programs[PLACEMENT_HOOK].on:
        pod = best_pod(w, slot, p, 1, 1)
        cell = w.cells[pod]
        best = pod if cell.inners == 0 else NONE
        for rack in range(cell.inner, cell.inner + cell.inners):
            if w.cells[rack].free > 0 and (best < 0 or w.cells[rack].free < w.cells[best].free):
                best = rack
        return best
    if a.rack > 1:
        return _fullest(w, a.rack_buckets, 1, a.rack)
    return _fullest(w, a.pod_buckets, 1, a.pod)


@compiled
def place_share(w: World, slot: int, p: int, spread: bool) -> bool:
    """Put a job smaller than a node on the tightest shared node, else on a free one."""
    a = w.partitions[p]
    node = NONE
    roomy = a.free_nodes > a.spare_nodes
    if not (spread and roomy):
        for free in range(w.live[slot].asked, a.gpus):
            if w.levels[p, free] >= 0:
                node = w.levels[p, free]
                break
    if node < 0 and roomy:
        node = w.cells[_cell_to_open(w, slot, p)].head
    if node < 0:
        return False
    take_share(w, node, slot)
    return True


@compiled
def room(w: World, p: int, count: int) -> bool:
    """Whether a partition has so many nodes for a new job, hot spares left alone."""
    a = w.partitions[p]
    if a.rack > 1 and w.clock[0].placement == RACK_ALIGNED and count >= a.rack and a.full_racks * a.rack < count:
        return False
    if w.clock[0].strict_pods and count <= a.pod and _fullest(w, a.pod_buckets, count, a.pod) < 0:
        return False
    return a.free_nodes - a.spare_nodes >= count
