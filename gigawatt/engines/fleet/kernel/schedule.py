"""Who starts next: queues by the key of their first job, reservations for what is blocked, backfilling behind it."""

from __future__ import annotations

from gigawatt.engines.fleet.kernel.books import accrue
from gigawatt.engines.fleet.kernel.defragment import defragment
from gigawatt.engines.fleet.kernel.eviction import preempt
from gigawatt.engines.fleet.kernel.jit import compiled
from gigawatt.engines.fleet.kernel.layout import (
    BIN_BLOCK,
    BIN_S,
    BINS_COUNT,
    CONSERVATIVE,
    EASY,
    MILLI,
    NEVER,
    NONE,
    PLACEMENT_HOOK,
    SPREAD_OUT,
    World,
)
from gigawatt.engines.fleet.kernel.lifecycle import begin
from gigawatt.engines.fleet.kernel.order import bill, goes_before
from gigawatt.engines.fleet.kernel.place import place_share, promise, room, take_whole
from gigawatt.engines.fleet.kernel.queues import dequeue
from gigawatt.engines.fleet.kernel.recovery import refill_all
from gigawatt.engines.fleet.kernel.rescore import rescore

STARTED, SHORT_OF_NODES, SHORT_OF_QUOTA, SET_ASIDE = 0, 1, 2, 3


@compiled
def need_gpus(w: World, slot: int, p: int) -> int:
    """Return what a job holds in a partition: its accelerators, rounded up to nodes from a node on."""
    asked, gpus = w.live[slot].asked, w.partitions[p].gpus
    return asked if asked < gpus else (asked + gpus - 1) // gpus * gpus


@compiled
def shadow(w: World, p: int, gpus: int) -> tuple[float, int]:
    """Return when so many accelerators should be free, by what users said of running times, and how many more then."""
    a, now = w.partitions[p], w.clock[0].now
    have = max(a.free_nodes - a.spare_nodes, 0) * a.gpus + a.shared_free
    first = int(now / BIN_S)
    at = first
    while at < first + BINS_COUNT and have < gpus:
        index = at % BINS_COUNT
        block = w.blocks[p, index // BIN_BLOCK]
        if index % BIN_BLOCK == 0 and have + block < gpus:
            have += block
            at += BIN_BLOCK
        else:
            have += w.bins[p, index]
            at += 1
    if have < gpus:
        return NEVER, 0
    return max(at * BIN_S, now), have - gpus


@compiled
def _reserve(w: World, slot: int, p: int) -> None:
    """Note when a blocked job should start in a partition, behind those that were noted before."""
    a, c = w.partitions[p], w.clock[0]
    if a.reserve_version != c.version:
        a.reserve_version, a.reserves, a.reserve_gpus = c.version, 0, 0
    if a.reserves >= w.reserves.shape[1] or (a.reserves > 0 and c.backfill == EASY):
        return
    gpus = need_gpus(w, slot, p)
    a.reserve_gpus += gpus
    r = w.reserves[p, a.reserves]
    r.time_s, r.extra = shadow(w, p, a.reserve_gpus)
    a.reserves += 1
    if a.reserves == 1:
        accrue(w, p)
        a.reserved_gpus = gpus


@compiled
def _allowed(w: World, slot: int, p: int, gpus: int) -> bool:
    """Whether a job may go ahead of the blocked ones: it ends before they start, or leaves them enough."""
    a, c = w.partitions[p], w.clock[0]
    if a.reserve_version != c.version:
        return True
    end_s = c.now + w.live[slot].work_s * c.estimate
    for k in range(a.reserves):
        r = w.reserves[p, k]
        if end_s > r.time_s and gpus > r.extra:
            return False
    for k in range(a.reserves):
        if end_s > w.reserves[p, k].time_s:
            w.reserves[p, k].extra -= gpus
    return True


@compiled
def _affordable(w: World, slot: int, p: int, gpus: int) -> bool:
    """Whether the site has the power for a job."""
    a = w.partitions[p]
    s = w.sites[a.site]
    more_w = gpus * w.classes[w.live[slot].cls].load * (a.busy_w - a.idle_w)
    return s.power_mw + s.starting_mw + more_w * MILLI <= s.limit_w * MILLI


@compiled
def _start_in(w: World, slot: int, p: int, gpus: int) -> bool:
    """Start a job in a partition if its nodes are there."""
    job, a, c = w.live[slot], w.partitions[p], w.clock[0]
    bill(w, job.tenant)
    pods = 1
    if job.asked < a.gpus:
        job.whole = 0
        if not place_share(w, slot, p, c.placement == SPREAD_OUT):
            return False
    else:
        job.whole = 1
        pods = take_whole(w, slot, p, gpus // a.gpus)
    begin(w, slot, p, pods)
    if c.admits:
        w.sites[a.site].starting_mw += job.power_mw - job.held * a.idle_mw
    return True


@compiled
def _attempt_in(w: World, slot: int, p: int) -> int:
    """Try to start a waiting job in a partition; say what it lacks."""
    job, a, c = w.live[slot], w.partitions[p], w.clock[0]
    gpus = need_gpus(w, slot, p)
    if gpus > a.online:
        return SET_ASIDE
    if c.quotas and w.tenants[job.tenant].held + gpus > w.tenants[job.tenant].quota:
        return SHORT_OF_QUOTA
    if a.blocked == c.version or (c.admits and not _affordable(w, slot, p, gpus)):
        return SHORT_OF_NODES
    if job.asked >= a.gpus and not room(w, p, gpus // a.gpus):
        return SHORT_OF_NODES
    if c.backfill and not _allowed(w, slot, p, gpus):
        return SHORT_OF_NODES
    return STARTED if _start_in(w, slot, p, gpus) else SHORT_OF_NODES


@compiled
def _most_promising(w: World) -> int:
    """Return the partition of the highest score, and strike it out."""
    best = 0
    for p in range(1, w.partitions.size):
        if w.partitions[p].score > w.partitions[best].score:
            best = p
    w.partitions[best].score = -NEVER
    return best


@compiled
def attempt(w: World, slot: int) -> int:
    """Try to start a waiting job; say what it lacks."""
    job = w.live[slot]
    if job.partition >= 0:
        return _attempt_in(w, slot, job.partition)
    count = w.partitions.size
    chosen = count > 1 and w.programs[PLACEMENT_HOOK].on
    if chosen:
        for p in range(count):
            w.partitions[p].score = promise(w, slot, p, need_gpus(w, slot, p))
    result = SET_ASIDE
    for p in range(count):
        lacking = _attempt_in(w, slot, _most_promising(w) if chosen else p)
        if lacking == STARTED:
            return STARTED
        result = min(result, lacking)
    return result


@compiled
def _block(w: World, slot: int) -> None:
    """Reserve what a job lacks, or let nobody pass it."""
    job, c = w.live[slot], w.clock[0]
    for p in range(w.partitions.size):
        a = w.partitions[p]
        if job.partition >= 0 and p != job.partition:
            continue
        gpus = need_gpus(w, slot, p)
        if gpus > a.online:
            continue
        if c.preemption:
            free = max(a.free_nodes - a.spare_nodes, 0) * a.gpus
            preempt(w, p, w.classes[job.cls].priority, gpus - free, False)
        if c.defragments and job.asked >= a.gpus:
            defragment(w, slot, p, gpus // a.gpus)
        if c.backfill:
            _reserve(w, slot, p)
        elif a.blocked != c.version:
            a.blocked = c.version
            a.reserve_version, a.reserves = c.version, 0
            accrue(w, p)
            a.reserved_gpus = gpus


@compiled
def _serve(w: World, queue: int) -> None:
    """Start jobs of a queue until one is blocked; then look behind it."""
    c, q = w.clock[0], w.queues[queue]
    at = 0
    blocked = False
    while at < q.window and at <= c.depth:
        slot = w.windows[queue, at]
        result = attempt(w, slot)
        if result == STARTED:
            dequeue(w, queue, at)
            if not blocked and c.active > 1:
                return  # another queue may be next
            continue
        if result == SHORT_OF_NODES and (not blocked or c.backfill == CONSERVATIVE):
            _block(w, slot)
        if result != SET_ASIDE:
            blocked = True
        if blocked and not c.backfill:
            break
        at += 1
    q.seen = c.version
    q.halted = c.version if blocked else NONE


@compiled
def newcomer(w: World, slot: int, at: int) -> None:
    """Consider a job that just came into the window of its queue; those before it are still blocked."""
    job, c = w.live[slot], w.clock[0]
    q = w.queues[job.queue]
    if at == 0 or q.seen != c.version:
        if c.ranks:  # it may go before what blocks other queues
            c.version += 1
        q.seen = NONE
        schedule(w)
    elif 0 <= at <= c.depth and (c.backfill or q.halted != c.version) and attempt(w, slot) == STARTED:
        dequeue(w, job.queue, at)


@compiled
def _next_queue(w: World) -> int:
    """Return the queue to serve next among those that may have something to start."""
    c = w.clock[0]
    best = NONE
    for k in range(c.active):
        queue = w.active[k]
        if w.queues[queue].seen != c.version and (best < 0 or goes_before(w, queue, best)):
            best = queue
    return best


@compiled
def schedule(w: World) -> None:
    """Start what can start, after something was freed or came in."""
    c = w.clock[0]
    if c.changing:
        rescore(w)
    for p in range(w.partitions.size):
        a = w.partitions[p]
        if a.wanting >= 0 and a.free_nodes > 0:
            refill_all(w, p)
        if a.reserved_gpus > 0 and a.reserve_version != c.version:
            accrue(w, p)
            a.reserved_gpus = 0
    while c.active > 0:
        queue = _next_queue(w)
        if queue < 0:
            break
        _serve(w, queue)
