"""Nodes: free ones in lists by rack or pod, shared ones by free accelerators, held ones by job. All moves take O(1)."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.books import accrue
from gigawatt.engines.fleet.kernel.fetch import fetch
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import FREE, NONE, SHARED, WHOLE, World

AHEAD = 8  # nodes further on in a list that are fetched while it is walked: `skip` leads there


@compiled
def _refile(w: World, cell: int, delta: int) -> None:
    """Change the free nodes of a cell and move it to the bucket of its new count."""
    c = w.cells[cell]
    if c.prv >= 0:
        w.cells[c.prv].nxt = c.nxt
    else:
        w.buckets[c.bucket + c.free] = c.nxt
    if c.nxt >= 0:
        w.cells[c.nxt].prv = c.prv
    if c.inners == 0 and w.cells[cell].inner >= 0:  # a rack, whose `inner` is its pod
        w.partitions[c.partition].full_racks += int(c.free + delta == c.count) - int(c.free == c.count)
    c.free += delta
    head = w.buckets[c.bucket + c.free]
    c.prv, c.nxt = NONE, head
    if head >= 0:
        w.cells[head].prv = cell
    w.buckets[c.bucket + c.free] = cell


@compiled
def list_free(w: World, node: int) -> None:
    """Put a node in the list of its rack or pod, ready to be taken."""
    n = w.nodes[node]
    accrue(w, n.partition)
    n.state, n.job, n.used = FREE, NONE, 0
    owner = n.rack if n.rack >= 0 else n.pod
    head = w.cells[owner].head
    n.prv, n.nxt = NONE, head
    if head >= 0:
        w.nodes[head].prv = node
    w.cells[owner].head = node
    _refile(w, n.pod, 1)
    if n.rack >= 0:
        _refile(w, n.rack, 1)
    w.partitions[n.partition].free_nodes += 1
    w.partitions[n.partition].version += 1
    w.clock[0].version += 1


@compiled
def unlist_free(w: World, node: int) -> None:
    """Take a node off the list of free ones."""
    n = w.nodes[node]
    accrue(w, n.partition)
    owner = n.rack if n.rack >= 0 else n.pod
    if n.prv >= 0:
        w.nodes[n.prv].nxt = n.nxt
    else:
        w.cells[owner].head = n.nxt
    if n.nxt >= 0:
        w.nodes[n.nxt].prv = n.prv
    _refile(w, n.pod, -1)
    if n.rack >= 0:
        _refile(w, n.rack, -1)
    w.partitions[n.partition].free_nodes -= 1


@compiled
def put_free(w: World, node: int) -> None:
    """Give a node that nobody holds back: to the list, or out of reach where its pod is drained."""
    n = w.nodes[node]
    if n.drained:
        accrue(w, n.partition)
        n.state, n.job, n.used = FREE, NONE, 0
        w.partitions[n.partition].drain += w.partitions[n.partition].gpus
    else:
        list_free(w, node)


@compiled
def pick_free(w: World, node: int) -> None:
    """Take a free node from wherever `put_free` put it."""
    n = w.nodes[node]
    if n.drained:
        accrue(w, n.partition)
        w.partitions[n.partition].drain -= w.partitions[n.partition].gpus
    else:
        unlist_free(w, node)


@compiled
def take_first(w: World, owner: int, slot: int, count: int) -> None:
    """Give the first so many nodes in the list of a rack or pod to a job, whole."""
    job, p = w.live[slot], w.cells[owner].partition
    if count == 0:
        return
    accrue(w, p)
    node = w.cells[owner].head
    behind = node
    for taken in range(count):
        n = w.nodes[node]
        fetch(w.nodes, n.skip)
        after = n.nxt
        if taken > AHEAD:
            behind = w.nodes[behind].prv
        n.state, n.job, n.skip = WHOLE, slot, behind
        n.prv, n.nxt = NONE, job.head
        if job.head >= 0:
            w.nodes[job.head].prv = node
        job.head = node
        job.hidden += n.hidden
        job.slow += n.slow
        node = after
    w.cells[owner].head = node
    if node >= 0:
        w.nodes[node].prv = NONE
    a, n = w.partitions[p], w.nodes[job.head]
    _refile(w, n.pod, -count)
    if n.rack >= 0:
        _refile(w, n.rack, -count)
    a.free_nodes -= count
    job.nodes += count
    job.held += count * a.gpus
    a.held += count * a.gpus
    w.tenants[job.tenant].held += count * a.gpus


@compiled
def _listed(w: World, owner: int, pod: int, count: int) -> None:
    """Count nodes that were put in the list of a rack or pod."""
    if count > 0:
        _refile(w, pod, count)
        if owner != pod:
            _refile(w, owner, count)


@compiled
def drop_all(w: World, slot: int) -> None:
    """Take all nodes from a job that holds whole ones, and give them back as `put_free` does, rack by rack."""
    job, c = w.live[slot], w.clock[0]
    p = job.where
    a = w.partitions[p]
    accrue(w, p)
    owner = pod = NONE
    run = listed = 0
    node = job.head
    behind = node
    while node >= 0:
        n = w.nodes[node]
        fetch(w.nodes, n.skip)
        after = n.nxt
        job.hidden -= n.hidden
        job.slow -= n.slow
        n.state, n.job, n.used = FREE, NONE, 0
        if n.drained:
            a.drain += a.gpus
        else:
            of = n.rack if n.rack >= 0 else n.pod
            if of != owner:
                _listed(w, owner, pod, run)
                owner, pod, run, behind = of, n.pod, 0, node
            elif run > AHEAD:
                behind = w.nodes[behind].prv
            n.skip = behind
            head = w.cells[of].head
            n.prv, n.nxt = NONE, head
            if head >= 0:
                w.nodes[head].prv = node
            w.cells[of].head = node
            run += 1
            listed += 1
        node = after
    _listed(w, owner, pod, run)
    job.head = NONE
    a.free_nodes += listed
    a.held -= job.nodes * a.gpus
    w.tenants[job.tenant].held -= job.nodes * a.gpus
    c.version += job.nodes + listed
    a.version += listed
    job.held -= job.nodes * a.gpus
    job.nodes = 0


@compiled
def drop_node(w: World, node: int) -> None:
    """Take a node from the job that holds it; the caller says what becomes of it."""
    n = w.nodes[node]
    job = w.live[n.job]
    accrue(w, n.partition)
    if n.prv >= 0:
        w.nodes[n.prv].nxt = n.nxt
    else:
        job.head = n.nxt
    if n.nxt >= 0:
        w.nodes[n.nxt].prv = n.prv
    job.nodes -= 1
    job.hidden -= n.hidden
    job.slow -= n.slow
    gpus = w.partitions[n.partition].gpus
    job.held -= gpus
    w.partitions[n.partition].held -= gpus
    w.tenants[job.tenant].held -= gpus
    n.job = NONE
    w.clock[0].version += 1


@compiled
def _link_level(w: World, node: int) -> None:
    """Enter a shared node in the list of its free accelerators."""
    n = w.nodes[node]
    p = n.partition
    left = w.partitions[p].gpus - n.used
    w.partitions[p].shared_free += left
    if left > 0:
        head = w.levels[p, left]
        n.prv, n.nxt = NONE, head
        if head >= 0:
            w.nodes[head].prv = node
        w.levels[p, left] = node


@compiled
def _unlink_level(w: World, node: int) -> None:
    """Take a shared node out of it."""
    n = w.nodes[node]
    p = n.partition
    left = w.partitions[p].gpus - n.used
    w.partitions[p].shared_free -= left
    if left > 0:
        if n.prv >= 0:
            w.nodes[n.prv].nxt = n.nxt
        else:
            w.levels[p, left] = n.nxt
        if n.nxt >= 0:
            w.nodes[n.nxt].prv = n.prv


@compiled
def hide_shared(w: World, node: int) -> None:
    """Nothing more starts on a shared node: what is free of it counts as drained."""
    n = w.nodes[node]
    accrue(w, n.partition)
    _unlink_level(w, node)
    w.partitions[n.partition].drain += w.partitions[n.partition].gpus - n.used


@compiled
def show_shared(w: World, node: int) -> None:
    """Undo `hide_shared`."""
    n = w.nodes[node]
    accrue(w, n.partition)
    w.partitions[n.partition].drain -= w.partitions[n.partition].gpus - n.used
    _link_level(w, node)
    w.partitions[n.partition].version += 1
    w.clock[0].version += 1


@compiled
def take_share(w: World, node: int, slot: int) -> None:
    """Give part of a node, free or shared, to a job smaller than a node."""
    n, job = w.nodes[node], w.live[slot]
    accrue(w, n.partition)
    if n.state == FREE:
        unlist_free(w, node)
        n.state, n.used = SHARED, 0
    else:
        _unlink_level(w, node)
    n.used += job.asked
    _link_level(w, node)
    job.node_prv, job.node_nxt = NONE, n.job
    if n.job >= 0:
        w.live[n.job].node_prv = slot
    n.job = slot
    job.head = node
    job.nodes = 1
    job.hidden += n.hidden
    job.slow += n.slow
    job.held = job.asked
    w.partitions[n.partition].held += job.asked
    w.tenants[job.tenant].held += job.asked


@compiled
def drop_share(w: World, slot: int) -> None:
    """Take a job off the node that it shares; the last one to go leaves it free."""
    job = w.live[slot]
    node = job.head
    n = w.nodes[node]
    p = n.partition
    accrue(w, p)
    if job.node_prv >= 0:
        w.live[job.node_prv].node_nxt = job.node_nxt
    else:
        n.job = job.node_nxt
    if job.node_nxt >= 0:
        w.live[job.node_nxt].node_prv = job.node_prv
    if n.drained:
        w.partitions[p].drain += job.asked
        n.used -= job.asked
        if n.used == 0:
            n.state = FREE
    else:
        _unlink_level(w, node)
        n.used -= job.asked
        if n.used > 0:
            _link_level(w, node)
            w.partitions[p].version += 1
        else:
            list_free(w, node)
    w.partitions[p].held -= job.asked
    w.tenants[job.tenant].held -= job.asked
    job.head, job.nodes, job.held = NONE, 0, 0
    job.hidden -= n.hidden
    job.slow -= n.slow
    w.clock[0].version += 1
